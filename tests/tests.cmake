# SPDX-License-Identifier: GPL-2.0-or-later
# Test programs; tests/run.sh runs them. Included by CMakeLists.txt.

# Scenario scripts: reader and frame builder, used by the runner, pkt2pcap and the fuzzer's seeds.
add_library(tcptriage_scenario STATIC tests/scenario/script.c tests/scenario/packet.c tests/scenario/build.c
    tests/scenario/decode.c)
target_include_directories(tcptriage_scenario PUBLIC tests/scenario)
target_link_libraries(tcptriage_scenario PUBLIC tcptriage_core)

add_executable(scenario-test tests/scenario/scenario_test.c)
target_compile_definitions(scenario-test PRIVATE SCENARIOS="${CMAKE_SOURCE_DIR}/captures/scenarios")
target_link_libraries(scenario-test PRIVATE tcptriage_scenario m)

add_executable(pkt2pcap tests/scenario/pkt2pcap.c)
target_link_libraries(pkt2pcap PRIVATE tcptriage_scenario)

# Prints the receiver model's verdicts for tests/oracle/receiver.py, which compares them with the live kernel's.
add_executable(receiver-driver tests/oracle/receiver_driver.c)
target_link_libraries(receiver-driver PRIVATE tcptriage_scenario)

add_executable(receiver-test tests/unit/receiver_test.c)
target_link_libraries(receiver-test PRIVATE tcptriage_core)

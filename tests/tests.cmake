# SPDX-License-Identifier: GPL-2.0-or-later
# Test programs, and what runs them (suites.cmake). Included by CMakeLists.txt.

# Scenario scripts: reader and frame builder, used by the runner, pkt2pcap and the fuzzer's seeds.
add_library(tcptriage_scenario STATIC tests/scenario/script.c tests/scenario/packet.c tests/scenario/icmp.c tests/scenario/expect.c
    tests/scenario/build.c tests/scenario/decode.c)
target_include_directories(tcptriage_scenario PUBLIC tests/scenario)
target_link_libraries(tcptriage_scenario PUBLIC tcptriage_core)

add_library(tcptriage_check STATIC tests/scenario/check.c tests/scenario/said.c)
target_link_libraries(tcptriage_check PUBLIC tcptriage_scenario m)
target_include_directories(tcptriage_check PRIVATE plugin)

add_executable(scenario-test tests/scenario/scenario_test.c tests/scenario/facts.c tests/scenario/live.c
    tests/scenario/describe.c tests/scenario/turned.c)
target_compile_definitions(scenario-test PRIVATE SCENARIOS="${CMAKE_SOURCE_DIR}/captures/scenarios"
    STATES="${CMAKE_SOURCE_DIR}/tests/scenario")
target_link_libraries(scenario-test PRIVATE tcptriage_check)

# The scenarios of findings across flows in the middle of a flood.
add_executable(flood-test tests/scenario/flood_test.c)
target_compile_definitions(flood-test PRIVATE SCENARIOS="${CMAKE_SOURCE_DIR}/captures/scenarios")
target_link_libraries(flood-test PRIVATE tcptriage_check)
if(TCPT_SANITIZE)
    target_compile_definitions(flood-test PRIVATE FLOOD_SYNS=100000) # five times as slow, and a half larger
endif()

add_executable(pkt2pcap tests/scenario/pkt2pcap.c)
target_link_libraries(pkt2pcap PRIVATE tcptriage_scenario)

add_executable(unit-test tests/unit/main.c tests/unit/address_test.c tests/unit/label_test.c tests/unit/html_test.c
    tests/unit/sequence_test.c tests/unit/segment_test.c tests/unit/checksum_test.c tests/unit/registry_test.c
    tests/unit/flow_test.c tests/unit/copies_test.c tests/unit/flow_table_test.c tests/unit/peers_test.c tests/unit/points_test.c
    tests/unit/points_loss_test.c tests/unit/settings_test.c tests/unit/release_test.c tests/unit/report_test.c tests/unit/tables_test.c tests/unit/storms_test.c tests/unit/crowds_test.c tests/unit/floods_test.c tests/unit/failed_test.c tests/unit/cases_test.c
    tests/unit/places_test.c tests/unit/pieces_test.c tests/unit/remedy_test.c tests/unit/explains_test.c tests/unit/million_test.c
    tests/unit/icmp_test.c tests/unit/scene_test.c tests/unit/command_line_test.c plugin/epan/command_line.c tests/unit/bench.c tests/unit/world.c tests/unit/heap.c tests/unit/wire.c)
target_include_directories(unit-test PRIVATE plugin)
target_compile_definitions(unit-test PRIVATE SOURCE="${CMAKE_SOURCE_DIR}")
target_link_libraries(unit-test PRIVATE tcptriage_report)

# The command's decapsulator.
add_executable(decap-test tests/unit/decap_test.c)
target_link_libraries(decap-test PRIVATE tcptriage_decap)

# Prints the table of findings for README.md.
add_executable(tcptriage-table tests/tools/table.c)
target_link_libraries(tcptriage-table PRIVATE tcptriage_core)

# The fuzz target: with libFuzzer (clang), or with a driver of its own that any compiler builds.
add_executable(fuzz-seeds tests/fuzz/seeds.c)
target_link_libraries(fuzz-seeds PRIVATE tcptriage_scenario)
if(TCPT_FUZZ)
    # Branches only: noting what is compared takes a fifth of the time, and changes that keep records whole know the values.
    target_compile_options(tcptriage_core PRIVATE -fsanitize-coverage=inline-8bit-counters,pc-table)
    target_compile_definitions(tcptriage_core PRIVATE TCPT_FEW_PEERS) # small tables are full soon, and made sooner
    add_executable(fuzz-core tests/fuzz/fuzz_core.c tests/fuzz/world.c tests/fuzz/made.c tests/fuzz/change.c tests/fuzz/libfuzzer.c)
    target_link_options(fuzz-core PRIVATE -fsanitize=fuzzer)
    target_compile_options(tcptriage_decap PRIVATE -fsanitize=fuzzer-no-link)
    add_executable(fuzz-decap tests/fuzz/fuzz_decap.c)
    target_link_libraries(fuzz-decap PRIVATE tcptriage_decap tcptriage_core)
    target_link_options(fuzz-decap PRIVATE -fsanitize=fuzzer)
else()
    add_executable(fuzz-core tests/fuzz/fuzz_core.c tests/fuzz/world.c tests/fuzz/made.c tests/fuzz/change.c
        tests/fuzz/standalone.c)
endif()
target_link_libraries(fuzz-core PRIVATE tcptriage_report)
target_include_directories(fuzz-core PRIVATE plugin)

# The benchmark: tests/bench/run.sh, and a suite of a few mixes.
add_executable(bench-traffic tests/bench/traffic.c)
add_library(bench-steady MODULE tests/bench/steady.c)
set_target_properties(bench-steady PROPERTIES PREFIX "")
add_executable(bench-core EXCLUDE_FROM_ALL tests/bench/core_speed.c)
target_link_libraries(bench-core PRIVATE tcptriage_scenario)
add_executable(bench-tracker EXCLUDE_FROM_ALL tests/bench/tracker_cost.c)
target_include_directories(bench-tracker PRIVATE plugin)
target_link_libraries(bench-tracker PRIVATE tcptriage_core)

# Captures that somebody made to do harm: tests/hostile/run.sh, and a suite of its quick part.
add_executable(hostile-traffic tests/hostile/main.c tests/hostile/capture.c tests/hostile/floods.c tests/hostile/liars.c
    tests/hostile/wrappings.c)

# The tracker model: unit test, and the pipe that tests/oracle compares with the running kernel.
add_executable(tracker-test tests/unit/tracker_test.c)
target_include_directories(tracker-test PRIVATE plugin)
target_link_libraries(tracker-test PRIVATE tcptriage_core)

add_executable(tracker-driver tests/oracle/tracker_driver.c)
target_include_directories(tracker-driver PRIVATE plugin)
target_link_libraries(tracker-driver PRIVATE tcptriage_core)

# Prints the receiver model's verdicts for tests/oracle/receiver.py, which compares them with the live kernel's.
add_executable(receiver-driver tests/oracle/receiver_driver.c)
target_link_libraries(receiver-driver PRIVATE tcptriage_scenario)

add_executable(receiver-test tests/unit/receiver_test.c tests/unit/receiver_rows.c tests/unit/receiver_fixture.c)
target_link_libraries(receiver-test PRIVATE tcptriage_core)

# Findings: told as one, taken back, superseded, kept short.
add_executable(finding-test tests/unit/finding_test.c tests/unit/finding_wide_test.c tests/unit/finding_bench.c
    tests/unit/sentence_test.c)
target_include_directories(finding-test PRIVATE plugin)
target_link_libraries(finding-test PRIVATE tcptriage_core)

# The short ways of the core against the long ones.
add_executable(short-way-test tests/unit/short_way_test.c tests/unit/short_way_rst_test.c
    tests/unit/short_way_tracker_test.c tests/unit/ways.c tests/unit/chance.c tests/unit/same.c)
target_include_directories(short-way-test PRIVATE plugin)
target_compile_definitions(short-way-test PRIVATE SCENARIOS="${CMAKE_SOURCE_DIR}/captures/scenarios")
target_link_libraries(short-way-test PRIVATE tcptriage_scenario)

# Flows kept as lone SYNs.
add_executable(lone-test tests/unit/lone_test.c tests/unit/same.c)
target_include_directories(lone-test PRIVATE plugin)
target_link_libraries(lone-test PRIVATE tcptriage_core)

# Flows stowed away.
add_executable(stow-test tests/unit/stow_test.c tests/unit/stow_found_test.c tests/unit/stow_shapes_test.c
    tests/unit/same.c tests/unit/heap.c)
target_include_directories(stow-test PRIVATE plugin)
target_compile_definitions(stow-test PRIVATE SCENARIOS="${CMAKE_SOURCE_DIR}/captures/scenarios")
target_link_libraries(stow-test PRIVATE tcptriage_scenario)

# Captures with odd clocks.
add_executable(times-test tests/unit/times_test.c)
target_include_directories(times-test PRIVATE plugin)
target_compile_definitions(times-test PRIVATE SCENARIOS="${CMAKE_SOURCE_DIR}/captures/scenarios")
target_link_libraries(times-test PRIVATE tcptriage_scenario tcptriage_report)

# How much memory a program has allocated, for tests/passes.
include(CheckSymbolExists)
check_symbol_exists(mallinfo2 malloc.h TCPT_HAS_MALLINFO2)
if(TCPT_PLUGIN AND TCPT_HAS_MALLINFO2 AND NOT TCPT_SANITIZE)
    add_library(heap-told MODULE tests/passes/heap_told.c)
    target_link_libraries(heap-told PRIVATE pthread)
endif()

include(tests/suites.cmake)

# What the core makes of traffic by chance.
add_executable(streams-test tests/streams/streams_test.c tests/streams/states.c tests/streams/talk.c
    tests/scenario/describe.c
    tests/fuzz/world.c tests/fuzz/made.c tests/fuzz/change.c)
target_include_directories(streams-test PRIVATE tests/fuzz tests/scenario plugin)
target_compile_definitions(streams-test PRIVATE EXPECTED="${CMAKE_SOURCE_DIR}/tests/streams/expected.txt")
target_link_libraries(streams-test PRIVATE tcptriage_core)

# Scenarios of one capture point, seen at two.
add_executable(passing-test tests/scenario/passing_test.c tests/scenario/turned.c tests/scenario/describe.c)
target_compile_definitions(passing-test PRIVATE SCENARIOS="${CMAKE_SOURCE_DIR}/captures/scenarios")
target_link_libraries(passing-test PRIVATE tcptriage_check)

# Pictures of the scenarios' cases.
add_executable(picture-test tests/scenario/picture_test.c)
target_compile_definitions(picture-test PRIVATE SCENARIOS="${CMAKE_SOURCE_DIR}/captures/scenarios")
target_link_libraries(picture-test PRIVATE tcptriage_check tcptriage_report)

# Nobody counts the instructions of these: to compile the core anew for each of them takes most of a build's time.
if(CMAKE_INTERPROCEDURAL_OPTIMIZATION AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    get_directory_property(programs BUILDSYSTEM_TARGETS)
    list(FILTER programs INCLUDE REGEX "-test$|-driver$|-seeds$|-table$|^fuzz-|^hostile-|^pkt2pcap$")
    foreach(program IN LISTS programs)
        set_property(TARGET ${program} PROPERTY INTERPROCEDURAL_OPTIMIZATION OFF)
        target_link_options(${program} PRIVATE -fno-lto)
    endforeach()
endif()

# SPDX-License-Identifier: GPL-2.0-or-later
# Every suite, for ctest; tests/run.sh runs these in a plain and in a sanitized build. Included by tests.cmake.
#
# Labels: "core" needs neither tshark nor root, "tshark" the plugin and Wireshark's tools, "root" root and Linux (is skipped
# without, and says so), "style" clang-format and clang-tidy of Debian 12.

enable_testing()

# tcpt_suite(NAME LABEL [SCRIPT] [ALONE] COMMAND...): ALONE because of what it measures, or because it uses all processors.
function(tcpt_suite name label)
    cmake_parse_arguments(PARSE_ARGV 2 suite "SCRIPT;ALONE" "" "COMMAND")
    set(labels ${label})
    set(script "")
    if(suite_SCRIPT)
        set(script --script)
    endif()
    if(TCPT_SANITIZE)
        string(APPEND name "-sanitized")
        list(APPEND labels sanitized)
    endif()
    add_test(NAME ${name} COMMAND sh ${CMAKE_SOURCE_DIR}/tests/suite.sh ${script} ${name} ${suite_COMMAND})
    set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT 3600 RUN_SERIAL "${suite_ALONE}"
        ENVIRONMENT "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1;G_DEBUG=fatal-criticals")
endfunction()

foreach(program IN ITEMS unit finding scenario picture passing streams tracker receiver short-way lone times decap)
    tcpt_suite(${program} core COMMAND $<TARGET_FILE:${program}-test> --tap -k)
endforeach()
tcpt_suite(flood core ALONE COMMAND $<TARGET_FILE:flood-test> --tap -k) # takes up to 2 GB
if(NOT TCPT_FUZZ)
    tcpt_suite(fuzz core COMMAND sh ${CMAKE_SOURCE_DIR}/tests/fuzz/quick.sh ${CMAKE_BINARY_DIR})
endif()

set(golden python3 ${CMAKE_SOURCE_DIR}/tests/golden/golden.py ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR})
if(TCPT_PLUGIN AND TCPT_SANITIZE)
    tcpt_suite(golden tshark ALONE COMMAND ${golden} --sanitized)
    tcpt_suite(mutated tshark COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/hostile/mutated.py ${CMAKE_BINARY_DIR} --runs 400
        --keep ${CMAKE_BINARY_DIR} --tap)
    if(TCPT_FLEET)
        tcpt_suite(fleet tshark ALONE COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/fleet/fleet.py ${CMAKE_BINARY_DIR}
            ${CMAKE_SOURCE_DIR} --sanitized)
    endif()
elseif(TCPT_PLUGIN)
    tcpt_suite(golden tshark ALONE COMMAND ${golden})
    tcpt_suite(reader tshark ALONE COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/reader/reader.py ${CMAKE_BINARY_DIR}
        ${CMAKE_SOURCE_DIR})
    if(TCPT_FLEET)
        tcpt_suite(fleet tshark ALONE COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/fleet/fleet.py ${CMAKE_BINARY_DIR}
            ${CMAKE_SOURCE_DIR})
    endif()
    tcpt_suite(passes tshark ALONE COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/passes/passes.py ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR})
    tcpt_suite(page tshark ALONE COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/page/page.py ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR})
    tcpt_suite(quickstart tshark ALONE COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/install/quickstart.py ${CMAKE_SOURCE_DIR})
    tcpt_suite(package tshark ALONE COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/install/package.py ${CMAKE_BINARY_DIR}
        ${CMAKE_SOURCE_DIR})
    tcpt_suite(bench tshark COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/bench/bench.py ${CMAKE_BINARY_DIR} --quick)
    tcpt_suite(damaged tshark COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/hostile/damaged.py ${CMAKE_BINARY_DIR})
    tcpt_suite(hostile tshark COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/hostile/hostile.py ${CMAKE_BINARY_DIR} --quick)
    tcpt_suite(add-detector tshark SCRIPT ALONE COMMAND sh ${CMAKE_SOURCE_DIR}/tests/add_detector.sh)
endif()
if(NOT TCPT_SANITIZE)
    tcpt_suite(tracker-oracle root ALONE COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/oracle/tracker.py --tap
        --packets 10000 --seed 1 --driver $<TARGET_FILE:tracker-driver>)
    tcpt_suite(receiver-oracle root SCRIPT ALONE COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/oracle/receiver.py
        $<TARGET_FILE:receiver-driver> --quick)
    tcpt_suite(readme core SCRIPT COMMAND sh ${CMAKE_SOURCE_DIR}/tests/readme_table.sh $<TARGET_FILE:tcptriage-table>)
    tcpt_suite(format style COMMAND sh ${CMAKE_SOURCE_DIR}/tests/format.sh)
    tcpt_suite(tidy style ALONE COMMAND sh ${CMAKE_SOURCE_DIR}/tests/tidy.sh ${CMAKE_BINARY_DIR})
    tcpt_suite(citations core SCRIPT COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/citations.py)
    tcpt_suite(rooms core COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/rooms/rooms.py ${CMAKE_SOURCE_DIR})
endif()

# SPDX-License-Identifier: GPL-2.0-or-later
# The command tcptriage-fleet. Included by CMakeLists.txt; TCPT_FLEET tells whether it is built.

set(TCPT_FLEET OFF)
if(WIN32)
    message(STATUS "tcptriage-fleet is not built: its scripts need a POSIX shell")
    return()
endif()
find_path(SQLITE_INCLUDE_DIR "sqlite3.h")
find_library(SQLITE_LIBRARY sqlite3)
mark_as_advanced(SQLITE_INCLUDE_DIR SQLITE_LIBRARY)
if(NOT SQLITE_INCLUDE_DIR OR NOT SQLITE_LIBRARY)
    message(STATUS "tcptriage-fleet is not built: SQLite is missing (Debian: libsqlite3-dev)")
    return()
endif()
set(TCPT_FLEET ON)
set(fleet_helpers ${CMAKE_BINARY_DIR}/libexec/tcptriage)
set(fleet ${CMAKE_CURRENT_LIST_DIR})

# What is to be read: asks libwiretap what a capture is.
add_executable(tcptriage-plan ${fleet}/plan.c ${fleet}/inputs.c ${fleet}/jobs.c ${fleet}/ring.c plugin/reader/capture_file.c)
target_include_directories(tcptriage-plan SYSTEM PRIVATE ${wireshark_headers})
target_link_libraries(tcptriage-plan PRIVATE tcptriage_decap tcptriage_capture wiretap wsutil)

# What was read.
set(fleet_parts "")
string_of(${fleet}/schema.sql schema_sql fleet_parts)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/fleet_parts.h CONTENT "${fleet_parts}" @ONLY)
add_executable(tcptriage-collect ${fleet}/collect.c ${fleet}/database.c ${fleet}/index_page.c ${fleet}/results.c)
target_include_directories(tcptriage-collect PRIVATE ${CMAKE_BINARY_DIR}/generated)
target_include_directories(tcptriage-collect SYSTEM PRIVATE ${SQLITE_INCLUDE_DIR})
target_link_libraries(tcptriage-collect PRIVATE tcptriage_report ${SQLITE_LIBRARY})
set_target_properties(tcptriage-plan tcptriage-collect PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${fleet_helpers})

# The scripts, where the build's own find each other as the installed ones do.
set(runs OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
configure_file(${fleet}/tcptriage-fleet ${CMAKE_BINARY_DIR}/bin/tcptriage-fleet @ONLY FILE_PERMISSIONS ${runs})
configure_file(${fleet}/tcptriage-worker ${fleet_helpers}/tcptriage-worker COPYONLY FILE_PERMISSIONS ${runs})
configure_file(${fleet}/interface-name.sh ${fleet_helpers}/interface-name.sh COPYONLY)

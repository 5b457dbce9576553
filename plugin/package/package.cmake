# SPDX-License-Identifier: GPL-2.0-or-later
# What is installed where, and the Debian package. Included by CMakeLists.txt.
#
#   cmake --install BUILD                   for everybody, as root: Wireshark looks below its own prefix only
#   cmake --install BUILD --component user  for one user, into its home; files of the profile that are there stay
#   cd BUILD && cpack                       the package (a reproducible one with SOURCE_DATE_EPOCH set)

if(NOT Wireshark_PLUGIN_INSTALL_DIR)
    message(WARNING "This Wireshark loads no plugins: nothing can be installed")
    return()
endif()
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
    set(CMAKE_INSTALL_PREFIX ${Wireshark_INSTALL_PREFIX} CACHE PATH "Where Wireshark is" FORCE)
endif()
set(TCPT_MAINTAINER "tcptriage maintainers <maintainers@tcptriage.invalid>" CACHE STRING "Who answers for the package")
set(package wireshark-plugin-tcptriage)
set(package_release 1)
set(profile "${CMAKE_CURRENT_LIST_DIR}/../profile/TCP Triage")

# Everybody's.
file(RELATIVE_PATH plugin_folder ${Wireshark_INSTALL_PREFIX} ${Wireshark_PLUGIN_INSTALL_DIR}/epan)
install(TARGETS tcptriage LIBRARY DESTINATION ${plugin_folder})
install(TARGETS tcptriage_reader RUNTIME DESTINATION bin)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/tcptriage.bash DESTINATION share/bash-completion/completions RENAME tcptriage)
if(TCPT_FLEET)
    install(PROGRAMS ${CMAKE_BINARY_DIR}/bin/tcptriage-fleet DESTINATION bin)
    install(FILES ${fleet}/interface-name.sh DESTINATION libexec/tcptriage)
    install(PROGRAMS ${fleet_helpers}/tcptriage-worker DESTINATION libexec/tcptriage)
    install(TARGETS tcptriage-plan tcptriage-collect RUNTIME DESTINATION libexec/tcptriage)
    install(FILES ${CMAKE_CURRENT_LIST_DIR}/tcptriage-fleet.bash DESTINATION share/bash-completion/completions
        RENAME tcptriage-fleet)
    install(FILES ${fleet}/schema.sql DESTINATION share/doc/${package})
    install(FILES ${fleet}/examples/slurm.sh ${fleet}/examples/job.yaml DESTINATION share/doc/${package}/examples)
endif()
install(DIRECTORY ${profile} DESTINATION share/wireshark/profiles)

# One user's. The home is asked for when it is installed.
install(CODE "if(CMAKE_INSTALL_PREFIX STREQUAL \"${CMAKE_INSTALL_PREFIX}\")
    set(CMAKE_INSTALL_PREFIX \"\$ENV{HOME}\")\nendif()" COMPONENT user EXCLUDE_FROM_ALL)
install(TARGETS tcptriage COMPONENT user EXCLUDE_FROM_ALL
    LIBRARY DESTINATION .local/lib/wireshark/plugins/${Wireshark_MAJOR_VERSION}.${Wireshark_MINOR_VERSION}/epan)
install(TARGETS tcptriage_reader COMPONENT user EXCLUDE_FROM_ALL RUNTIME DESTINATION .local/bin)
install(CODE "file(GLOB files \"${profile}/*\")
foreach(file IN LISTS files)
    get_filename_component(name \"\${file}\" NAME)
    set(folder \"\${CMAKE_INSTALL_PREFIX}/.config/wireshark/profiles/TCP Triage\")
    if(EXISTS \"\$ENV{DESTDIR}\${folder}/\${name}\")
        message(STATUS \"Kept: \$ENV{DESTDIR}\${folder}/\${name}\")
    else()
        file(INSTALL \"\${file}\" DESTINATION \"\${folder}\")
    endif()
endforeach()" COMPONENT user EXCLUDE_FROM_ALL)

# Documents. Times in them are those of SOURCE_DATE_EPOCH, when that is set.
string(TIMESTAMP package_time "%a, %d %b %Y %H:%M:%S +0000" UTC)
find_program(GZIP gzip)
mark_as_advanced(GZIP)
set(documents ${CMAKE_BINARY_DIR}/documents)
set(pages_1 tcptriage.1)
if(TCPT_FLEET)
    list(APPEND pages_1 tcptriage-fleet.1)
endif()
foreach(document IN ITEMS tcptriage.7 ${pages_1} changelog.Debian copyright lintian-overrides)
    configure_file(${CMAKE_CURRENT_LIST_DIR}/${document} ${documents}/${document} @ONLY)
endforeach()
configure_file(CHANGELOG.md ${documents}/changelog COPYONLY)
set(squeezed "")
foreach(document IN ITEMS tcptriage.7 changelog.Debian changelog ${pages_1})
    if(GZIP)
        add_custom_command(OUTPUT ${documents}/${document}.gz DEPENDS ${documents}/${document}
            COMMAND ${GZIP} -9 -n -k -f ${documents}/${document})
        list(APPEND squeezed ${documents}/${document}.gz)
    else()
        list(APPEND squeezed ${documents}/${document})
    endif()
endforeach()
add_custom_target(documents ALL DEPENDS ${squeezed})
list(POP_FRONT squeezed page_7 changelog_debian changelog)
install(FILES ${page_7} DESTINATION share/man/man7)
install(FILES ${squeezed} DESTINATION share/man/man1)
install(FILES ${changelog_debian} ${changelog} ${documents}/copyright README.md DESTINATION share/doc/${package})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ${package})
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT ${TCPT_MAINTAINER})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Wireshark plugin that says why a TCP connection failed")
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Reads packet captures and finds resets that do not count, closes that never
come, retransmit storms, connections that cannot be opened, and segments that
one capture point has seen and the next one not. Each finding has the frames
that prove it, what they rule out, and what to change.
.
It works in Wireshark, which gets a configuration profile \"TCP Triage\", and
in tshark, where \"-z tcptriage\" prints a report. The command tcptriage
prints it without dissecting, for captures that are large or many;
tcptriage-fleet reads thousands of them into a database.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${package_release})
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "wireshark | tshark")
if(TCPT_FLEET)
    set(CPACK_DEBIAN_PACKAGE_SUGGESTS "parallel, sqlite3")
endif()
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
    WORLD_READ WORLD_EXECUTE)
install(FILES ${documents}/lintian-overrides DESTINATION share/lintian/overrides RENAME ${package})
include(CPack)

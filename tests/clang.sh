# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154
# What format.sh and tidy.sh share. To be sourced (POSIX sh), with root set.

# What another version makes of the same file, or says of it, differs.
clang_version=14

# Print the command of that version, or fail.
clang_tool() {
    for tool in "$1-$clang_version" "$1"; do
        case $("$tool" --version 2>/dev/null) in
        *"version $clang_version."*)
            echo "$tool"
            return
            ;;
        esac
    done
    return 1
}

# A suite that cannot run here.
skip_all() {
    printf '1..1\nok 1 /%s # SKIP clang-%s %s is not installed (Debian 12: apt-get install clang-%s-%s)\n' \
        "$1" "$1" "$clang_version" "$1" "$clang_version"
}

c_files() {
    find "$root/include" "$root/plugin" "$root/tests" -name '*.[ch]' | sort
}

# Number the tests of a TAP stream and add its plan; fails when one has failed.
numbered() {
    awk '/^(not )?ok 0 / { sub(/ok 0/, "ok " ++n); failed += /^not/ } { print } END { print "1.." n + 0; exit failed > 0 }'
}

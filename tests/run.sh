#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/run.sh
#
# Builds and runs every test: unit tests and scenarios of the core, the same under AddressSanitizer and
# UndefinedBehaviorSanitizer, the tracker and receiver models against the running kernel (as root), fuzz inputs, and golden runs of stock
# tshark with the plugin, plain and sanitized. Installs the Debian packages that are missing, as root or by sudo without a
# password. The last line counts the tests; status 1 when one failed or something is in the way. Set TCPT_BUILD to build
# elsewhere than in build-tests/.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"
fuzz_inputs=20000
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)

say() {
    printf '%s\n' "$*" >&2
}

# The folder is kept between runs; a repository that cannot be written to is built in the user's cache.
choose_build_folder() {
    build=${TCPT_BUILD:-$root/build-tests}
    if ! mkdir -p "$build" 2>/dev/null || [ ! -w "$build" ]; then
        build=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tcptriage/build-tests
        mkdir -p "$build" || tcpt_die "no folder to build in: neither $root/build-tests nor $build can be written"
    fi
    results=$build/results
    rm -rf "$results"
    mkdir -p "$results" || exit 1
}

# build NAME OPTION...: warnings are errors. A cache of a repository that has moved since is of no use.
build() {
    name=$1
    shift
    folder=$build/$name
    mkdir -p "$folder" || exit 1
    if [ -e "$folder/CMakeCache.txt" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt"; then
        rm -rf "$folder/CMakeCache.txt" "$folder/CMakeFiles"
    fi
    say "tcptriage: building $name"
    if ! { cmake -S "$root" -B "$folder" -DTCPT_WERROR=ON "$@" && cmake --build "$folder" --parallel "$jobs"; } \
        >"$folder/log" 2>&1; then
        grep -E 'error|Error' "$folder/log" | head -n 15 >&2
        tcpt_die "the build failed; all that was said is in $folder/log"
    fi
    [ -f "$folder/plugins/$wireshark_version/epan/tcptriage.so" ] ||
        tcpt_die "the Wireshark headers (package wireshark-dev) are not those of tshark $wireshark_version; install both from one source"
}

# suite NAME COMMAND...: its standard output is TAP.
suite() {
    name=$1
    shift
    say "tcptriage: running $name"
    "$@" >"$results/$name.tap" 2>"$results/$name.err"
    echo "$?" >"$results/$name.status"
}

# A script's exit status as a test.
script_as_test() {
    if "$@" >"$results/script.log" 2>&1; then
        printf '1..1\nok 1 /%s\n' "$(basename "$1")"
    else
        printf '1..1\nnot ok 1 /%s\n' "$(basename "$1")"
        sed 's/^/# /' "$results/script.log"
    fi
}

run_suites() {
    plain=$build/plain
    checked=$build/sanitized
    export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    export G_DEBUG=fatal-criticals
    suite unit "$plain/unit-test" --tap -k
    suite scenario "$plain/scenario-test" --tap -k
    suite flood "$plain/flood-test" --tap -k
    suite tracker "$plain/tracker-test" --tap -k
    suite oracle python3 "$root/tests/oracle/tracker.py" --tap --packets 10000 --seed 1 \
        --driver "$plain/tracker-driver"
    suite receiver "$plain/receiver-test" --tap -k
    suite short-way "$plain/short-way-test" --tap -k
    suite receiver-oracle script_as_test "$root/tests/oracle/receiver.py" "$plain/receiver-driver" --quick
    suite readme script_as_test "$root/tests/readme_table.sh" "$plain/tcptriage-table"
    suite add-detector script_as_test "$root/tests/add_detector.sh"
    suite citations script_as_test "$root/tests/citations.py"
    suite rooms python3 "$root/tests/rooms/rooms.py" "$root"
    suite unit-sanitized "$checked/unit-test" --tap -k
    suite tracker-sanitized "$checked/tracker-test" --tap -k
    suite receiver-sanitized "$checked/receiver-test" --tap -k
    suite short-way-sanitized "$checked/short-way-test" --tap -k
    suite times-sanitized "$checked/times-test" --tap -k
    suite scenario-sanitized "$checked/scenario-test" --tap -k
    suite flood-sanitized "$checked/flood-test" --tap -k
    mkdir -p "$build/seeds"
    "$checked/fuzz-seeds" "$build/seeds" "$root"/captures/scenarios/*.pkt || exit 1
    suite fuzz "$checked/fuzz-core" "$fuzz_inputs" "$build"/seeds/*
    suite golden python3 "$root/tests/golden/golden.py" "$plain" "$root"
    suite golden-sanitized python3 "$root/tests/golden/golden.py" "$checked" "$root" --sanitized
}

# Failures with what they said; a suite that ended early counts as a failed test of its own.
count_results() {
    passed=0
    failed=0
    skipped=0
    for tap in "$results"/*.tap; do
        name=$(basename "$tap" .tap)
        ok=$(grep -c '^ok ' "$tap")
        bad=$(grep -c '^not ok ' "$tap")
        skip=$(grep -c '^ok .*# SKIP' "$tap")
        plan=$(sed -n 's/^1\.\.\([0-9][0-9]*\)$/\1/p' "$tap" | tail -n 1)
        if [ "$((ok + bad))" -ne "${plan:-0}" ] || { [ "$bad" -eq 0 ] && [ "$(cat "$results/$name.status")" -ne 0 ]; }; then
            printf '%s ended early, with status %s:\n' "$name" "$(cat "$results/$name.status")"
            tail -n 25 "$results/$name.err"
            bad=$((bad + 1))
        fi
        awk '/^not ok / { shown = 1; sub(/^not ok [0-9]* */, "FAILED "); print; next }
             /^ok / { for (i in said) delete said[i]; n = 0; shown = 0; next }
             /^#/ && shown { print "    " substr($0, 3); next }
             /^#/ { next }' "$tap"
        passed=$((passed + ok - skip))
        failed=$((failed + bad))
        skipped=$((skipped + skip))
    done
}

# shellcheck disable=SC2086
tcpt_ensure_packages $TCPT_PACKAGES wireshark-common python3 binutils util-linux
tcpt_ensure_tools cmake pkg-config gcc tshark sharkd editcap mergecap python3 nm
[ "$(id -u)" -ne 0 ] || tcpt_ensure_tools setpriv
tcpt_ensure_wireshark
choose_build_folder
build plain -DCMAKE_BUILD_TYPE=RelWithDebInfo
build sanitized -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTCPT_SANITIZE=address,undefined
run_suites
count_results
if [ "$skipped" -eq 0 ]; then
    printf '%s passed, %s failed\n' "$passed" "$failed"
else
    printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
fi
[ "$failed" -eq 0 ]

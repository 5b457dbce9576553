#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/run.sh [--quick] [--release NAME]
#
# Builds and runs every test: unit tests and scenarios of the core, the same under AddressSanitizer and
# UndefinedBehaviorSanitizer, the tracker and receiver models against the running kernel (as root), fuzz inputs, golden
# runs of stock tshark with the plugin, plain and sanitized, and what it costs on one mix of traffic (tests/suites.cmake has
# the list, ctest runs it). Installs the Debian packages that are missing, as root or by sudo without a password. What
# failed and what was skipped is named; the last line counts the tests; status 1 when one failed or something is in the
# way. Set TCPT_BUILD to build elsewhere than in build-tests/. With --quick the plain build only, its unit tests,
# scenarios and those golden runs that tell most of a Wireshark of another version. With --release those in another Debian
# release as well (tests/versions.sh), as one more test.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)

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

# run_suites BUILD [OPTION...]: those that its tests.cmake names. ctest says how far it is; what failed is told at the end.
run_suites() {
    folder=$build/$1
    say "tcptriage: testing $1"
    shift
    ctest --test-dir "$folder" "$@" --show-only | sed -n 's/^ *Test *#[0-9]*: //p' >>"$results/suites"
    TCPT_RESULTS=$results ctest --test-dir "$folder" "$@" --parallel "$jobs" --no-tests=error >&2
}

# What it says is told when it fails.
run_release() {
    echo "release-$1" >>"$results/suites"
    say "tcptriage: testing on Debian's $1"
    TCPT_RESULTS=$results sh "$root/tests/suite.sh" --script "release-$1" sh "$root/tests/versions.sh" --quick "$1"
}

# Failures with what they said; a suite that ended early counts as a failed test of its own.
count_results() {
    passed=0
    failed=0
    skipped=0
    while read -r name; do
        tap=$results/$name.tap
        status=$(cat "$results/$name.status" 2>/dev/null) || status='none at all'
        [ -e "$tap" ] || : >"$tap"
        ok=$(grep -c '^ok ' "$tap")
        bad=$(grep -c '^not ok ' "$tap")
        skip=$(grep -c '^ok .*# SKIP' "$tap")
        plan=$(sed -n 's/^1\.\.\([0-9][0-9]*\)$/\1/p' "$tap" | tail -n 1)
        if [ "$((ok + bad))" -ne "${plan:-0}" ] || { [ "$bad" -eq 0 ] && [ "$status" != 0 ]; } || [ "$((ok + bad))" -eq 0 ]; then
            printf '%s ended early, with status %s:\n' "$name" "$status"
            tail -n 25 "$results/$name.err" 2>/dev/null
            bad=$((bad + 1))
        fi
        awk '/^not ok / { shown = 1; sub(/^not ok [0-9]* */, "FAILED "); print; next }
             /^ok / { shown = 0; if (/# SKIP/) { sub(/^ok [0-9]* */, "SKIPPED "); sub(/ # SKIP */, ": "); print } next }
             /^#/ && shown { print "    " substr($0, 3) }' "$tap"
        passed=$((passed + ok - skip))
        failed=$((failed + bad))
        skipped=$((skipped + skip))
    done <"$results/suites"
}

quick=
release=
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=yes ;;
    --release)
        [ $# -ge 2 ] || tcpt_die "--release takes the name of a Debian release"
        release=$2
        shift
        ;;
    *) tcpt_die "there is no option \"$1\"; the head of tests/run.sh names them" ;;
    esac
    shift
done

# What style and package are tested with is Debian 12's; elsewhere that is skipped.
# shellcheck source=/dev/null
style=$(. /etc/os-release 2>/dev/null && [ "${ID-} ${VERSION_ID-}" = 'debian 12' ] && echo clang-format-14 clang-tidy-14 lintian)
# Elsewhere the browser may be no package, or another one: the pages are not looked at there.
# shellcheck source=/dev/null
browser=$(. /etc/os-release 2>/dev/null && [ "${ID-}" = debian ] && echo chromium poppler-utils)
# shellcheck disable=SC2086
tcpt_ensure_packages $TCPT_PACKAGES $TCPT_TEST_PACKAGES $style $browser
tcpt_ensure_tools cmake ctest pkg-config gcc tshark sharkd editcap mergecap python3 nm
[ "$(id -u)" -ne 0 ] || tcpt_ensure_tools setpriv
tcpt_ensure_wireshark
choose_build_folder
build plain -DCMAKE_BUILD_TYPE=RelWithDebInfo
if [ -n "$quick" ]; then
    export TCPT_GOLDEN='two-passes /lab/filters- /names/ /ring/ /alone/ /shown/ /compare/ /wrapped/fin-lost-server/'
    run_suites plain -R '^(unit|finding|scenario|golden)$'
else
    build sanitized -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTCPT_SANITIZE=address,undefined
    run_suites plain
    run_suites sanitized
fi
[ -z "$release" ] || run_release "$release"
count_results
if [ "$skipped" -eq 0 ]; then
    printf '%s passed, %s failed\n' "$passed" "$failed"
else
    printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
fi
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] # a run without a test proves nothing

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/suite.sh [--script] NAME COMMAND...
#
# Runs a suite, whose output is TAP; ctest runs each through this. With --script the command is one test, by its exit status;
# one that prints "SKIPPED: why" could not run here. With TCPT_RESULTS set, a folder, what it says is kept there for
# tests/run.sh: NAME.tap, NAME.err, NAME.status.
set -u

# A script's exit status as a test.
# shellcheck disable=SC2317 # called by name
script_as_test() {
    log=$(mktemp) || exit 1
    if "$@" >"$log" 2>&1; then
        status=0
        printf '1..1\nok 1 /%s%s\n' "$name" "$(sed -n 's/^.*SKIPPED: */ # SKIP /p' "$log" | head -n 1)"
    else
        status=$?
        printf '1..1\nnot ok 1 /%s\n' "$name"
        sed 's/^/# /' "$log"
    fi
    rm -f "$log"
    return "$status"
}

script=
if [ "$1" = --script ]; then
    script=script_as_test
    shift
fi
name=$1
shift
if [ -z "${TCPT_RESULTS-}" ]; then
    $script "$@"
    exit
fi
$script "$@" >"$TCPT_RESULTS/$name.tap" 2>"$TCPT_RESULTS/$name.err"
status=$?
echo "$status" >"$TCPT_RESULTS/$name.status"
exit "$status"

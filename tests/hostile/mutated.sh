#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/hostile/mutated.sh [RUNS [SEED [FIRST]]]
#
# Captures of the repository changed by chance (bytes, lengths, order, times, link type, joined), RUNS of them (default
# 20000), one after the other in a sharkd with the plugin built with AddressSanitizer and UndefinedBehaviorSanitizer; one in
# a hundred is reported by tshark, too. What breaks it is kept in build-mutated/ and told with seed and number of the run:
# RUNS 1, that seed and that number as FIRST make it again. Leaks are counted.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"
build=${TCPT_MUTATED_BUILD:-$root/build-mutated}

# shellcheck disable=SC2086
tcpt_ensure_packages $TCPT_PACKAGES python3 wireshark-common
tcpt_ensure_tools cmake tshark sharkd python3
tcpt_ensure_wireshark
mkdir -p "$build" || exit 1
if ! { cmake -S "$root" -B "$build" -DTCPT_SANITIZE=address,undefined &&
    cmake --build "$build" --parallel "$(nproc)" --target tcptriage; } >"$build/log" 2>&1; then
    tail -n 15 "$build/log" >&2
    tcpt_die "the plugin could not be built; all that was said is in $build/log"
fi
exec python3 "$root/tests/hostile/mutated.py" "$build" --runs "${1:-20000}" --seed "${2:-1}" --first "${3:-0}" --keep "$build"

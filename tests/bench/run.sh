#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/bench/run.sh [--mix NAME,...] [--mode NAME,...] [--packets N] [--peers]
#
# Prints what the plugin costs: on every mix of traffic the ratios of instructions by valgrind (they repeat) and of memory,
# and for information the core's speed. Status 1 when a budget is broken.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"
build=${TCPT_BENCH_BUILD:-$root/build-bench}

# shellcheck disable=SC2086
tcpt_ensure_packages $TCPT_PACKAGES python3 valgrind
tcpt_ensure_tools cmake tshark python3 valgrind
tcpt_ensure_wireshark
mkdir -p "$build" || exit 1
if ! { cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
    cmake --build "$build" --parallel "$(nproc)" --target tcptriage bench-traffic bench-steady bench-core bench-tracker flood-test; } \
    >"$build/log" 2>&1; then
    tail -n 15 "$build/log" >&2
    tcpt_die "the benchmark could not be built; all that was said is in $build/log"
fi
exec python3 "$root/tests/bench/bench.py" "$build" "$@"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/hostile/run.sh [--kind NAME,...] [--table]
#
# What captures cost that somebody made to do harm, and what is reported of them (hostile.py). Takes half an hour, and 1 GB in
# the folder for temporary files. Status 1 when a limit is broken or a report is not sound.
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
    cmake --build "$build" --parallel "$(nproc)" --target tcptriage hostile-traffic bench-steady; } >"$build/log" 2>&1; then
    tail -n 15 "$build/log" >&2
    tcpt_die "the captures could not be built; all that was said is in $build/log"
fi
exec python3 "$root/tests/hostile/hostile.py" "$build" "$@"

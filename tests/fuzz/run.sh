#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/fuzz/run.sh [--decap] [RUNS]
#
# Fuzzes the core with libFuzzer (clang), AddressSanitizer and UndefinedBehaviorSanitizer: RUNS executions (default
# 1000000), shared by all processors or TCPT_FUZZ_JOBS processes, with the scenarios as seeds. With --decap the command's
# decapsulator instead. What breaks it is kept in build-fuzz/, and so is what it found worth keeping: the next run goes on there.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"
target=fuzz-core
if [ "${1:-}" = --decap ]; then
    target=fuzz-decap
    shift
fi
runs=${1:-1000000}
build=${TCPT_FUZZ_BUILD:-$root/build-fuzz}

tcpt_ensure_packages cmake make pkg-config libglib2.0-dev clang-14 libclang-rt-14-dev
tcpt_ensure_tools cmake pkg-config
clang=$(command -v clang-14 || command -v clang) || tcpt_die 'the program "clang" is missing; install it and try again'

mkdir -p "$build/corpus" "$build/corpus-decap" || exit 1
if ! { cmake -S "$root" -B "$build" -DCMAKE_C_COMPILER="$clang" -DTCPT_PLUGIN=OFF -DTCPT_FUZZ=ON \
    -DTCPT_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
    cmake --build "$build" --parallel "$(nproc)" --target "$target" fuzz-seeds; } >"$build/log" 2>&1; then
    tail -n 15 "$build/log" >&2
    tcpt_die "the fuzz target could not be built; all that was said is in $build/log"
fi
corpus=$build/corpus
longest=600 # 75 segments
if [ "$target" = fuzz-decap ]; then
    corpus=$build/corpus-decap
    longest=600 # a dozen headers, or several short frames
else
    "$build/fuzz-seeds" "$corpus" "$root"/captures/scenarios/*.pkt || exit 1
fi

jobs=${TCPT_FUZZ_JOBS:-$(nproc)}
# What is freed is kept back, as a use of it would show, but not longer than an input takes; and stacks need not be long. What
# GLib complains of ends it.
export ASAN_OPTIONS="quarantine_size_mb=8:malloc_context_size=6${ASAN_OPTIONS:+:$ASAN_OPTIONS}" G_DEBUG=fatal-criticals
status=0
pids=
job=0
while [ "$job" -lt "$jobs" ]; do
    # Entropic schedules look up every feature of an input in a list of all that are rare: nine tenths of the time.
    "$build/$target" -runs=$((runs / jobs)) -seed="${TCPT_FUZZ_SEED:-$((job + 1))}" -max_len="$longest" -entropic=0 \
        -reload=30 -timeout=20 -print_final_stats=1 \
        -artifact_prefix="$build/" "$corpus" >"$build/job-$job.log" 2>&1 &
    pids="$pids $!"
    job=$((job + 1))
done
for pid in $pids; do
    wait "$pid" || status=1
done
if [ "$status" -ne 0 ]; then
    grep -h -A30 'ERROR\|runtime error\|libFuzzer: ' "$build"/job-*.log | head -n 60
    printf 'fuzzing found a failure; see %s\n' "$build"
    exit 1
fi
executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build"/job-*.log | awk '{ sum += $1 } END { print sum }')
printf '%s executions, no failure\n' "$executed"

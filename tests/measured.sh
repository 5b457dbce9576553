# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# How bench/run.sh and hostile/run.sh build what they measure. To be sourced (POSIX sh), behind plugin/packages.sh.

# tcpt_build_measured ROOT WHAT TARGET...: builds the targets as users do, and sets `build` to the folder; ends where WHAT
# cannot be built.
tcpt_build_measured() {
    root=$1
    what=$2
    shift 2
    build=${TCPT_BENCH_BUILD:-$root/build-bench}

    # shellcheck disable=SC2086
    tcpt_ensure_packages $TCPT_PACKAGES python3 valgrind
    tcpt_ensure_tools cmake tshark python3 valgrind
    tcpt_ensure_wireshark
    mkdir -p "$build" || exit 1
    if ! { cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
        cmake --build "$build" --parallel "$(nproc)" --target "$@"; } >"$build/log" 2>&1; then
        tail -n 15 "$build/log" >&2
        tcpt_die "$what could not be built; all that was said is in $build/log"
    fi
}

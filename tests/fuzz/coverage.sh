#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/fuzz/coverage.sh [RUNS]
#
# Which lines of plugin/core and plugin/detectors the scenarios reach, and which the fuzzer in RUNS executions (default
# 100000). Prints both shares and the lines that the scenarios reach and the fuzzer does not.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"
runs=${1:-100000}
build=${TCPT_COVERAGE_BUILD:-$root/build-coverage}

tcpt_ensure_packages cmake make pkg-config libglib2.0-dev clang-14 libclang-rt-14-dev llvm-14 python3
tcpt_ensure_tools cmake pkg-config python3

make_build() { # FOLDER FUZZ TARGET...
    folder=$1 fuzz=$2
    shift 2
    cmake -S "$root" -B "$build/$folder" -DCMAKE_C_COMPILER=clang-14 -DTCPT_PLUGIN=OFF "-DTCPT_FUZZ=$fuzz" \
        -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1 -g -fprofile-instr-generate -fcoverage-mapping" &&
        cmake --build "$build/$folder" --parallel "$(nproc)" --target "$@"
}

show() { # PROFILE PROGRAM
    llvm-profdata-14 merge -o "$build/$1.profdata" "$build/$1.profraw" &&
        llvm-cov-14 export -format=lcov "$2" "-instr-profile=$build/$1.profdata" >"$build/$1.lcov"
}

mkdir -p "$build/corpus" || exit 1
if ! { make_build scenario OFF scenario-test fuzz-seeds && make_build fuzz ON fuzz-core; } >"$build/log" 2>&1; then
    tail -n 15 "$build/log" >&2
    tcpt_die "the programs could not be built; all that was said is in $build/log"
fi
LLVM_PROFILE_FILE=$build/scenario.profraw "$build/scenario/scenario-test" >/dev/null || tcpt_die "a scenario fails"
"$build/scenario/fuzz-seeds" "$build/corpus" "$root"/captures/scenarios/*.pkt || exit 1
LLVM_PROFILE_FILE=$build/fuzz.profraw "$build/fuzz/fuzz-core" "-runs=$runs" -seed=1 -max_len=600 -entropic=0 -timeout=20 \
    "-artifact_prefix=$build/" "$build/corpus" >"$build/fuzz.log" 2>&1 || tcpt_die "the fuzzer found a failure; see $build"
show scenario "$build/scenario/scenario-test" && show fuzz "$build/fuzz/fuzz-core" || exit 1
python3 "$root/tests/fuzz/coverage.py" "$build/scenario.lcov" "$build/fuzz.lcov"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/bench/run.sh [--mix NAME,...] [--mode NAME,...] [--packets N] [--peers | --reader]
#
# Prints what the plugin costs: on every mix of traffic the ratios of instructions by valgrind (they repeat) and of memory,
# and for information the core's speed. Status 1 when a budget is broken.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"
# shellcheck source=tests/measured.sh
. "$root/tests/measured.sh"

tcpt_build_measured "$root" "the benchmark" tcptriage tcptriage_reader bench-traffic bench-steady bench-core bench-tracker flood-test
exec python3 "$root/tests/bench/bench.py" "$build" "$@"

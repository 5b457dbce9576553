#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/mutation/run.sh [COUNT] [SEED] [PATH]
#
# Changes the core and the detectors in COUNT places (default 200, chosen by SEED, default 1; in files whose path
# contains PATH), one at a time, builds the core's tests and looks which notice. Prints a table and what survived as
# diffs; fails when fewer than 85 of 100 valid mutants were killed. A mutant takes two to ten seconds.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"

tcpt_ensure_packages cmake gcc ninja-build pkg-config libglib2.0-dev python3
tcpt_ensure_tools cmake ninja pkg-config python3
exec python3 "$root/tests/mutation/mutate.py" "$root" "${TCPT_MUTATION_BUILD:-$root/build-mutation}" \
    --count "${1:-200}" --seed "${2:-1}" --only "${3:-}"

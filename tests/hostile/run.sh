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
# shellcheck source=tests/measured.sh
. "$root/tests/measured.sh"

tcpt_build_measured "$root" "the captures" tcptriage hostile-traffic bench-steady
exec python3 "$root/tests/hostile/hostile.py" "$build" "$@"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# README.md's table of findings against the detectors' rows: readme_table.sh [--update] [TABLE-PROGRAM]
# Without --update it compares; exit status 1 where they differ.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
readme=$here/../README.md
update=
[ "${1-}" = --update ] && update=yes && shift
program=${1:-$here/../build/tests/tcptriage-table}
[ -x "$program" ] || { echo "readme_table.sh: no program $program; sh tests/run.sh builds it" >&2; exit 1; }
begin='<!-- findings: begin, made by sh tests/readme_table.sh --update -->'
end='<!-- findings: end -->'
grep -qxF "$begin" "$readme" && grep -qxF "$end" "$readme" ||
    { echo "readme_table.sh: README.md lacks the line \"$begin\" or \"$end\"" >&2; exit 1; }
wanted=$(mktemp)
trap 'rm -f "$wanted"' EXIT
"$program" >"$wanted.table"
trap 'rm -f "$wanted" "$wanted.table"' EXIT
awk -v begin="$begin" -v end="$end" -v table="$wanted.table" '
    $0 == end { inside = 0 }
    !inside { print }
    $0 == begin { inside = 1; while ((getline line < table) > 0) print line }
' "$readme" >"$wanted"
if [ -n "$update" ]; then
    cat "$wanted" >"$readme"
elif ! diff -u "$readme" "$wanted"; then
    echo "readme_table.sh: README.md's table differs; run sh tests/readme_table.sh --update" >&2
    exit 1
fi

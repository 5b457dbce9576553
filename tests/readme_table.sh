#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/readme_table.sh [--update] [TABLE-PROGRAM]
#
# Compares tables with what they are made of: in README.md and the manual page findings with the detectors' rows and
# preferences with settings.def, in plugin/ARCHITECTURE.md what explains what with the detectors' rows.
# Status 1 where they differ. With --update the tables are written anew, and tests/contract.tsv gets a row for each finding
# that it lacks; rows that are there are a promise and stay as they are. TABLE-PROGRAM is a built tcptriage-table; without it
# one is built.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
contract=$root/tests/contract.tsv
tables='README.md:findings README.md:preferences plugin/ARCHITECTURE.md:explains
    plugin/package/tcptriage.7:man-findings plugin/package/tcptriage.7:man-preferences'
update=
if [ "${1-}" = --update ]; then
    update=yes
    shift
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
program=${1-}
if [ -z "$program" ]; then
    program=$work/tcptriage-table
    { cmake -S "$root" -B "$work" -DTCPT_PLUGIN=OFF && cmake --build "$work" --target tcptriage-table; } >"$work/log" 2>&1 ||
        { cat "$work/log" >&2; exit 1; }
fi

differs=
for named in $tables; do
    page=${named%:*}
    table=${named#*:}
    begin="$table: begin (made by tests/readme_table.sh --update)"
    end="$table: end"
    case $page in
    *.7) begin=".\\\" $begin" end=".\\\" $end" ;;
    *) begin="<!-- $begin -->" end="<!-- $end -->" ;;
    esac
    for line in "$begin" "$end"; do
        grep -qxF "$line" "$root/$page" || { echo "readme_table.sh: $page lacks the line $line" >&2; exit 1; }
    done
    "$program" "$table" >"$work/table"
    begin=$begin end=$end awk -v table="$work/table" '
        BEGIN { begin = ENVIRON["begin"]; end = ENVIRON["end"] }
        $0 == end { inside = 0 }
        !inside { print }
        $0 == begin { inside = 1; while ((getline line < table) > 0) print line }
    ' "$root/$page" >"$work/wanted"
    if [ -n "$update" ]; then
        cat "$work/wanted" >"$root/$page"
    elif ! diff -u "$root/$page" "$work/wanted"; then
        differs=yes
    fi
done

if [ -n "$update" ]; then
    "$program" rows | while IFS= read -r row; do
        grep -q "^${row%%	*}	" "$contract" || printf '%s\n' "$row" | cut -f 1-3 >>"$contract"
    done
elif [ -n "$differs" ]; then
    echo "readme_table.sh: tables differ from their sources; run sh tests/readme_table.sh --update" >&2
    exit 1
fi

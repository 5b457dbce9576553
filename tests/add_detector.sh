#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/add_detector.sh
#
# Adds the detector of tests/demo to a copy of the repository, by the steps that README.md tells and by no other, and runs
# everything that knows of it: rows, scenarios, the contract, the table of findings, and stock tshark with the plugin. Status
# 1 where a step is missing.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # tshark runs as another user
copy=$work/copy
build=$work/build

# say WHAT COMMAND...: quiet unless it fails.
say() {
    what=$1
    shift
    if ! "$@" >"$work/log" 2>&1; then
        grep -vE '^ok |^# (Start|End) of ' "$work/log" | tail -n 40
        echo "add_detector.sh: $what"
        exit 1
    fi
}

mkdir "$copy" "$copy/captures"
cp -R "$root/CMakeLists.txt" "$root/README.md" "$root/CHANGELOG.md" "$root/include" "$root/plugin" "$root/tests" "$copy"
cp -R "$root/captures/scenarios" "$copy/captures"
ln -s "$root/captures/lab" "$root/captures/two-files" "$copy/captures" # as they are

# What a developer writes: two files and two lines.
demo=$copy/tests/demo
cp "$demo/demo_finding.c" "$copy/plugin/detectors"
cp "$demo/demo_finding.pkt" "$copy/captures/scenarios"
for list in plugin/detectors/detectors.def include/tcptriage/fields.def; do
    line=$(sed -n "s,^| \`\(.*\)\` | a line of \`$list\` |,\1,p" "$demo/README.md")
    [ -n "$line" ] || { echo "add_detector.sh: tests/demo/README.md has no line for $list"; exit 1; }
    printf '%s\n' "$line" >>"$copy/$list"
done

say "it does not build" cmake -S "$copy" -B "$build" -DCMAKE_BUILD_TYPE=Debug -DTCPT_WERROR=ON
say "it does not build" cmake --build "$build" --parallel "$(getconf _NPROCESSORS_ONLN)" \
    --target tcptriage tcptriage-table unit-test scenario-test pkt2pcap

# What commands do: the table and the contract, and the lines of other scripts that raise it.
say "the table cannot be written" sh "$copy/tests/readme_table.sh" --update "$build/tcptriage-table"
say "other scripts raise it on lines that take no expectation" \
    python3 "$copy/tests/scenario/expect.py" --write "$build/scenario-test"

say "the table lacks it" grep -q '^| `demo_finding` | note | A FIN carries payload | a bare FIN | `demo.bytes` |$' "$copy/README.md"
say "its row, scenario or contract is not accepted" "$build/unit-test" --tap -k -p /registry
say "its scenarios, or those of others, fail" "$build/scenario-test" --tap -k
say "tshark does not show it" python3 "$copy/tests/golden/golden.py" "$build" "$copy" --only demo_finding
for test in contract/demo_finding filter/demo_finding scenario/demo_finding.*/two-passes; do
    grep -q "^ok .*/$test\$" "$work/log" || { echo "add_detector.sh: the golden runs have no test $test"; exit 1; }
done

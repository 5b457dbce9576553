#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""coverage.py SCENARIO.lcov FUZZ.lcov: which lines of the core and the detectors each of them reached."""

import collections
import sys

FOLDERS = ("plugin/core", "plugin/detectors")


def read(path):
    """file -> line -> how often it ran"""
    found, lines = collections.defaultdict(dict), None
    with open(path) as text:
        for row in text:
            key, _, value = row.strip().partition(":")
            if key == "SF":
                lines = found[value]
            elif key == "DA":
                number, count = value.split(",")[:2]
                lines[int(number)] = int(count)
    return found


def folder_files(found, folder):
    """(name in the source, its lines) of a folder's files; -ffile-prefix-map changes what stands in front."""
    for path in sorted(found):
        at = path.find(folder + "/")
        if at >= 0:
            yield path[at:], found[path]


def runs_of(numbers):
    """1 2 3 7 -> 1-3 7"""
    groups = []
    for number in sorted(numbers):
        if groups and number == groups[-1][1] + 1:
            groups[-1][1] = number
        else:
            groups.append([number, number])
    return " ".join("%d" % first if first == last else "%d-%d" % (first, last) for first, last in groups)


def main():
    scenario, fuzz = map(read, sys.argv[1:])
    for folder in FOLDERS:
        for name, found in (("scenarios", scenario), ("fuzzer", fuzz)):
            counts = [count for _, lines in folder_files(found, folder) for count in lines.values()]
            print("%-18s %-10s %5d of %5d lines, %5.1f %%" % (
                folder, name, sum(map(bool, counts)), len(counts), 100 * sum(map(bool, counts)) / max(len(counts), 1)))
    print("\nNot reached by the fuzzer:")
    for folder in FOLDERS:
        known = {name: lines for name, lines in folder_files(scenario, folder)}
        for name, lines in folder_files(fuzz, folder):
            missing = {number for number, count in lines.items() if not count}
            also = {number for number in missing if known.get(name, {}).get(number)}
            if missing:
                print("  %s: %s%s" % (name, runs_of(also) or "-",
                                      ", nor by the scenarios: " + runs_of(missing - also) if missing - also else ""))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The house: no circle among modules or rooms, and nobody in a room that is not his. TAP on standard output.

rooms.py SOURCE

A module is a source file together with its header; a room is a folder. A module needs another when it includes its
header or calls a function that is defined there. The rules themselves are tried on a few faults that are planted first.
"""

import os
import re
import sys

TOP = ("plugin", "include")
# What the other rooms of the core may include of one; everything else in it is private.
DOORS = {
    "plugin/core/segment": ["bytes.h"],
    "plugin/core/flow": ["flow.h"],
    "plugin/core/receiver": ["receiver.h"],
    "plugin/core/tracker": ["tracker.h"],
    "plugin/core/peers": ["peers.h"],
    "plugin/core/points": ["points.h"],
    "plugin/core/finding": ["raising.h"],
}
# A room's writers: for the analysis alone, once the detectors have looked.
WRITERS = "commit.h"
ANALYSIS = "plugin/core"


def read(source):
    """Path -> text of all C sources and headers."""
    files = {}
    for top in TOP:
        for folder, _, names in os.walk(os.path.join(source, top)):
            for name in names:
                if name.endswith((".c", ".h")):
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as text:
                        files[os.path.relpath(path, source)] = text.read()
    return files


def room(path):
    return os.path.dirname(path)


def module(path):
    return os.path.splitext(path)[0]


def bare(text):
    """Without comments and strings."""
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', " ", text, flags=re.S)


def included(files, path):
    """The project's own headers that a file includes."""
    for name in re.findall(r'^#include "([^"]+)"', files[path], flags=re.M):
        for folder in (room(path), "plugin", "include", "plugin/report"):
            target = os.path.normpath(os.path.join(folder, name))
            if target in files:
                yield target
                break


def functions(files):
    """Name of each function with external linkage -> the module that defines it."""
    defined = {}
    for path, text in files.items():
        if path.endswith(".c"):
            for name in re.findall(r"^(?!static\b)[a-z][\w *]*?\b(tcpt_\w+)\([^;{}]*\)\s*\{", bare(text), flags=re.M):
                defined[name] = module(path)
    return defined


def needs(files):
    """Module -> the modules that it needs."""
    defined = functions(files)
    edges = {module(path): set() for path in files}
    for path, text in files.items():
        edges[module(path)] |= {module(target) for target in included(files, path)}
        if path.endswith(".c"):
            called = set(re.findall(r"\b(tcpt_\w+)\(", bare(text)))
            edges[module(path)] |= {defined[name] for name in called if name in defined}
    return edges


def rooms_of(files):
    """Room -> the rooms whose headers it includes."""
    edges = {room(path): set() for path in files}
    for path in files:
        edges[room(path)] |= {room(target) for target in included(files, path)}
    return edges


def circles(edges):
    """One circle of each knot, as text (Tarjan's components would name the knot, but not the way round)."""
    found, done = [], set()

    def walk(node, way):
        if node in way:
            found.append(" needs ".join([*way[way.index(node):], node]))
            return
        if node in done:
            return
        for target in sorted(edges[node] - {node}):
            walk(target, [*way, node])
        done.add(node)

    for node in sorted(edges):
        walk(node, [])
    return found


def modules_go_round(files):
    return circles(needs(files))


def rooms_go_round(files):
    return circles(rooms_of(files))


RULES = [modules_go_round, rooms_go_round]

# Rule, file, line: put there, the rule must object.
PLANTED = [
    (modules_go_round, "plugin/core/flow/stale.c", '#include "core/flow/short_way.h"'),
    (rooms_go_round, "plugin/core/segment/checksum.c", '#include "core/flow/flow.h"'),
]


def main():
    files = read(sys.argv[1])
    results = [(rule.__name__, rule(files)) for rule in RULES]
    for rule, path, line in PLANTED:
        planted = {**files, path: line + "\n" + files[path]}
        objected = len(rule(planted)) > len(rule(files))
        results.append((rule.__name__ + "/planted", [] if objected else ["nothing said of " + line + " in " + path]))
    print("1..%d" % len(results))
    for number, (name, faults) in enumerate(results, 1):
        print("%s %d /rooms/%s" % ("not ok" if faults else "ok", number, name))
        for fault in faults:
            print("# " + fault)
    return any(faults for _, faults in results)


if __name__ == "__main__":
    sys.exit(main())

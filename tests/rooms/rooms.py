#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The house: no circle among modules or rooms, private headers stay private, detectors only read and walk no findings, one
room writes flows, what compilers differ in stands in one place.

rooms.py SOURCE prints TAP.

A module is a source file together with its header; a room is a folder. A module needs another when it includes its
header or calls a function that is defined there. The rules themselves are tried on a few faults that are planted first.
"""

import os
import re
import sys

TOP = ("plugin", "include")
ANALYSIS, DETECTORS, SHARED, VOCABULARY = "plugin/core", "plugin/detectors", "plugin/detectors/shared", "include/tcptriage"
# What the other rooms of the core may include of one, if it is not the header that has the room's name.
DOORS = {"segment": ["bytes.h"], "finding": ["raising.h", "memory.h", "store.h", "cases.h", "scenes.h", "stowed.h"]}
# A room's writers: for the analysis alone, once the detectors have looked.
WRITERS = "commit.h"
# The room where flows are written to.
FLOWS = "plugin/core/flow"
# Who is handed flows that are not const all the same: the analysis, which has them committed, at once or of a lone SYN
# later, or stowed away, and what keeps findings and detectors' memory with a flow.
TRUSTED = ("plugin/core/analysis.c", "plugin/core/lifetime", "plugin/core/told", "plugin/core/repeated", "include/tcptriage/analysis.h",
           "plugin/core/dispatch", "plugin/core/records", "plugin/core/lone", "plugin/core/stowing", "plugin/core/release",
           "plugin/core/finding/")

# What compilers differ in; besides, where `TCPT_GNU_C` chooses between two ways: sums by vectors.
ONLY_GCC = ("include/tcptriage/portable.h", "plugin/core/segment/sum.c")


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


def foreign_includes(files):
    """Path and header for each header that a file includes of a room of the core that it is not in."""
    for path in files:
        for target in included(files, path):
            if room(target).startswith(ANALYSIS + "/") and room(target) != room(path):
                yield path, target


def private_headers_stay_private(files):
    faults = []
    for path, target in foreign_includes(files):
        inside, name = os.path.split(os.path.relpath(target, ANALYSIS))
        doors = DOORS.get(inside, [inside + ".h"]) + ([WRITERS] if room(path) == ANALYSIS else [])
        if name not in doors:
            faults.append("%s includes %s: only %s may be" % (path, target, " or ".join(doors)))
    return faults


def detectors_only_read(files):
    """They see the vocabulary, their own list, and what they share."""
    return ["%s includes %s" % (path, target) for path in files if room(path) in (DETECTORS, SHARED)
            for target in included(files, path) if room(target) not in (DETECTORS, SHARED, VOCABULARY)]


def detectors_walk_no_findings(files):
    """What they raise before goes by their own memory: there may be 100,000 of it."""
    lists = re.compile(r"->(?:found|notes)\b|\btcpt_(?:first_\w*diagnosis|each_finding|each_proven)\b")
    return ["%s looks through findings: %s" % (path, match.group()) for path in files if room(path) in (DETECTORS, SHARED)
            for match in lists.finditer(bare(files[path]))]


def flows_have_one_writer(files):
    """No other room has a function that takes a flow to write to, or an end of one."""
    faults = []
    for path, text in files.items():
        if room(path) == FLOWS or path.startswith(TRUSTED) or not path.startswith((ANALYSIS, DETECTORS, VOCABULARY)):
            continue
        for name, arguments in re.findall(r"\b(\w+)\(([^()]*\btcpt_(?:flow|endpoint|trouble|rarities) \*[^()]*)\)", bare(text)):
            if re.search(r"(?<!const )(?<!\w)(?:struct )?tcpt_(?:flow|endpoint|trouble|rarities) \*", arguments):
                faults.append("%s: %s() takes a flow that is not const" % (path, name))
    return faults


def compilers_differ_in_one_place(files):
    """GLib's ways to free what goes out of scope need gcc's cleanup attribute, too: Microsoft's compiler has none."""
    only_gcc = re.compile(r"\bg_auto\w*|\bG_DEFINE_AUTO\w*|\b__attribute__|\b__builtin_\w+")
    return ["%s has %s" % (path, match.group()) for path, text in files.items() if path not in ONLY_GCC
            for match in only_gcc.finditer(bare(text))]


RULES = [modules_go_round, rooms_go_round, private_headers_stay_private, detectors_only_read, detectors_walk_no_findings,
         flows_have_one_writer, compilers_differ_in_one_place]

# Rule, file, line: put there, the rule must object.
PLANTED = [
    (private_headers_stay_private, "plugin/core/points/paths.c", '#include "core/flow/state.h"'),
    (private_headers_stay_private, "plugin/core/points/paths.c", '#include "core/flow/commit.h"'),
    (private_headers_stay_private, "plugin/core/analysis.c", '#include "core/flow/ranges.h"'),
    (detectors_only_read, "plugin/detectors/idle_drop.c", '#include "core/flow/flow.h"'),
    (detectors_only_read, "plugin/detectors/shared/storm.c", '#include "core/peers/commit.h"'),
    (detectors_walk_no_findings, "plugin/detectors/idle_drop.c", "#define first(flow) ((flow)->found->first)"),
    (flows_have_one_writer, "plugin/core/points/paths.c", "static void mend(tcpt_flow *flow);"),
    (flows_have_one_writer, "plugin/detectors/idle_drop.c", "static void mend(const char *why, tcpt_endpoint *end);"),
    (modules_go_round, "plugin/core/flow/stale.c", '#include "core/flow/short_way.h"'),
    (rooms_go_round, "plugin/core/segment/checksum.c", '#include "core/flow/flow.h"'),
    (compilers_differ_in_one_place, "plugin/report/text.c", "static g_autofree char *line;"),
    (compilers_differ_in_one_place, "plugin/epan/feed.c", "static void __attribute__((noinline)) rarely(void);"),
    (compilers_differ_in_one_place, "include/tcptriage/finding.h", "G_DEFINE_AUTO_CLEANUP_FREE_FUNC(line, g_free, 0)"),
]


def main():
    files = read(sys.argv[1])
    results = [(rule.__name__, rule(files)) for rule in RULES]
    for number, (rule, path, line) in enumerate(PLANTED, 1):
        planted = {**files, path: line + "\n" + files[path]}
        objected = len(rule(planted)) > len(rule(files))
        results.append(("%s/planted-%d" % (rule.__name__, number),
                        [] if objected else ["nothing said of " + line + " in " + path]))
    print("1..%d" % len(results))
    for number, (name, faults) in enumerate(results, 1):
        print("%s %d /rooms/%s" % ("not ok" if faults else "ok", number, name))
        for fault in faults:
            print("# " + fault)
    return any(faults for _, faults in results)


if __name__ == "__main__":
    sys.exit(main())

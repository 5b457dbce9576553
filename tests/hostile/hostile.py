#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that somebody made to do harm (hostile-traffic): what they cost stock tshark with the plugin, and what its reports say.

hostile.py BUILD [--kind NAME,...] [--quick | --table] prints TAP: for each kind whether instructions and memory stay within
limits, so many times those of the same tshark without the plugin, start-up taken off; and whether the reports are sound:
they end well, say nothing on stderr, steer no terminal, hold no markup of others, are short, and tell what was left out.
--quick makes small captures and measures nothing; --table prints the measurements in Markdown, and no tests.
"""

import argparse
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "golden"), os.path.join(HERE, "..", "bench")]
import names  # noqa: E402
import pages  # noqa: E402
import tap  # noqa: E402
from bench import Bench, RUN_S  # noqa: E402

INSTRUCTIONS, MEMORY = 1.15, 1.5  # times stock's
COUNTED, WEIGHED = 10000, 200000  # frames of captures to count instructions of, and to look at the memory of
QUICK = 3000
FEWER = {"large": (60, 400, 40), "nested": (3000, 40000, 600), "names": (COUNTED, WEIGHED, 600)}  # they are long
MORE = {"interfaces": (COUNTED, 1000000, 2 * QUICK), "indexes": (COUNTED, 1000000, 2 * QUICK),
        "one-name": (20000, 20000, QUICK), "one-tuple": (COUNTED, 1000000, QUICK)}
TEXT_MOST = 40000  # bytes of a text report, of however many frames
START = "rsts"  # any kind: one frame

# What the text says where something is told by its number, listed in part, or left out; and where it must.
ALIKE = "Of alike findings in one connection 16 are kept one by one: [0-9]+ more are told as one"
PROOFS = "A frame names at most 16 findings that it proves: [0-9]+ more are left out"
POINTS = "and [0-9]+ more pairs of points"
APART = "2048 interfaces are told apart: all others are taken for one capture point"
TOLD = {"rsts": (ALIKE, PROOFS), "retransmissions": (ALIKE, PROOFS), "challenges": (ALIKE,),
        "interfaces": (POINTS, APART), "one-name": (POINTS,), "indexes": (POINTS, APART)}
MARKUP = ("<script>alert", "<img", "onerror=alert(1)>", "</style></svg>&lt;")


class Hostile(Bench):
    def __init__(self, build):
        super().__init__(build, 1)
        os.chmod(self.tools.folder, 0o777)  # for the page

    def traffic(self, kind, frames):
        path = self.tools.path("%s-%07d" % (kind.ljust(16, "-"), frames))
        if not os.path.exists(path):
            with open(path, "wb") as out:
                subprocess.run([os.path.join(self.build, "hostile-traffic"), kind, str(frames)], stdout=out, check=True)
            os.chmod(path, 0o644)
        return path

    # ---- limits ----

    def count(self, home, kind, frames):
        return self.instructions_with(home, [], kind, frames)

    def weigh(self, home, kind, frames):
        return self.resident_bytes(home, self.traffic(kind, frames))

    def measured(self, measure, kind, frames):
        """(stock's, times as much with the plugin), per frame."""
        name = measure.__name__
        if name not in self.starts:
            self.starts[name] = [measure(home, START, 1) for home in ("stock", "plugin")]
        stock, plugin = [(measure(home, kind, frames) - start) / frames
                         for home, start in zip(("stock", "plugin"), self.starts[name])]
        return stock, plugin / stock

    def check_instructions(self, kind, frames):
        stock, ratio = self.measured(self.count, kind, frames)
        assert ratio <= INSTRUCTIONS, "%.3f times the instructions of tshark alone (%.0f a frame), at most %.2f" % (
            ratio, stock, INSTRUCTIONS)

    def check_memory(self, kind, frames):
        stock, ratio = self.measured(self.weigh, kind, frames)
        assert ratio <= MEMORY, "%.2f times the memory of tshark alone (%.0f bytes a frame), at most %.1f" % (
            ratio, stock, MEMORY)

    # ---- reports ----

    def said(self, capture, *reports):
        """What a run says on stdout; on stderr nothing that stock tshark does not say."""
        asked = [word for report in reports for word in ("-z", report)]
        result = self.tools.run("tshark", "-n", "-q", "-r", capture, *asked, timeout_s=RUN_S)
        assert result.status == 0, "exit status %d\n%s" % (result.status, result.err)
        if result.err:
            stock = self.tools.run("tshark", "-n", "-q", "-r", capture, "-z", "io,phs", home="stock", timeout_s=RUN_S).err
            strange = complaints(result.err) - complaints(stock)
            assert not strange, "\n".join(sorted(strange))
        return result.out

    def check_report(self, kind, frames):
        capture = self.traffic(kind, frames)
        page_path = self.tools.path(kind + ".html")
        text = self.said(capture, "tcptriage")
        tables = self.said(capture, "tcptriage,connections", "tcptriage,cases")
        document = json.loads(self.said(capture, "tcptriage,json", "tcptriage,html,%s,min=chat" % page_path))
        with open(page_path, encoding="utf-8", newline="") as file:
            page = file.read()
        problems = list(pages.sound(page)) + ["in the page: " + bad for bad in MARKUP if bad in page]
        problems += ["in the text: %s" % ascii(bad) for bad in names.bad_characters(text + tables)]
        problems += ["in JSON: " + ascii(string[:200]) for string in names.strings(document) if names.bad_characters(string)]
        if len(text) > TEXT_MOST:
            problems.append("the text has %d bytes" % len(text))
        told = " ".join(text.split())
        problems += ["not told: " + cap for cap in TOLD.get(kind, ()) if not re.search(cap, told)]
        os.unlink(page_path)
        assert not problems, "\n".join(problems[:20])

    def tests(self, kinds, quick):
        for kind in kinds:
            counted, weighed, small = FEWER.get(kind) or MORE.get(kind) or (COUNTED, WEIGHED, QUICK)
            if not quick:
                yield "/hostile/%s/instructions" % kind, self.check_instructions, kind, counted
                yield "/hostile/%s/memory" % kind, self.check_memory, kind, weighed
            yield "/hostile/%s/report" % kind, self.check_report, kind, small if quick else weighed

    def table(self, kinds):
        print("| hostile capture | frames | instructions, at most %.2f | frames | memory, at most %.1f |\n|---|---|---|---|---|" %
              (INSTRUCTIONS, MEMORY))
        for kind in kinds:
            counted, weighed, _ = FEWER.get(kind) or MORE.get(kind) or (COUNTED, WEIGHED, QUICK)
            print("| %s | %d | %.3f of %.0f | %d | %.2f of %.0f bytes |" % (
                kind, counted, *reversed(self.measured(self.count, kind, counted)), weighed,
                *reversed(self.measured(self.weigh, kind, weighed))), flush=True)


def complaints(err):
    """Lines of stderr without their times and numbers."""
    return {re.sub(r"[0-9]+", "0", line) for line in err.splitlines() if line.strip()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--kind", help="of those that hostile-traffic lists, separated by commas; all without")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    hostile = Hostile(options.build)
    known = subprocess.run([os.path.join(options.build, "hostile-traffic")], capture_output=True, text=True, check=True)
    kinds = options.kind.split(",") if options.kind else known.stdout.split()
    try:
        if options.table:
            hostile.table(kinds)
            return 0
        return bool(tap.run(list(hostile.tests(kinds, options.quick)), os.cpu_count() if options.quick else 1))
    finally:
        hostile.tools.close()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same findings by every way to read a capture, under other preferences of Wireshark, and however often it is read.

passes.py BUILD SOURCE [--whole] [--live SECONDS] [--only WORDS] prints TAP.
"""

import argparse
import os
import subprocess
import sys

sys.dont_write_bytecode = True  # the repository stays as it is
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden"))

import joined  # noqa: E402
import live  # noqa: E402
import preferences  # noqa: E402
import reloads  # noqa: E402
import tap  # noqa: E402
import told  # noqa: E402
from golden import Golden  # noqa: E402
from sharkd import Sharkd  # noqa: E402
from shown import renumbered  # noqa: E402

PAGE_CASES = 50  # in full; the page counts the others
FLOOD_FRAMES = 3000  # most of them alike: the flows are fifty


class Passes:
    def __init__(self, golden, whole, live_seconds):
        self.golden, self.tools, self.whole, self.live_seconds = golden, golden.tools, whole, live_seconds
        self.captures, self.taken_back = joined.make(golden)

    @staticmethod
    def note(text):
        """For those who read the results."""
        print("# " + text, flush=True)

    def twice(self, name):
        """What tshark -2 tells: the measure of all else."""
        capture, options = self.captures[name].path, self.captures[name].options
        return self.golden.once(("twice", name), told.by_fields, self.tools, capture, "-2", *options)

    def check_every_finding(self):
        """A way that loses one kind of finding would not be noticed where there is none of that kind."""
        raised = {ident for name in self.captures for _, ident in told.pairs(self.twice(name))}
        assert raised == self.golden.known, "never raised: %s" % sorted(self.golden.known - raised)

    def check_one_pass(self, name):
        """All that does not need the capture's end, and nothing that two passes do not tell but for what is taken back."""
        capture, options = self.captures[name].path, self.captures[name].options
        once, twice = told.pairs(told.by_fields(self.tools, capture, *options)), told.pairs(self.twice(name))
        lost = sorted(pair for pair in twice - once if pair[1] not in self.golden.at_end)
        assert not lost, "with -2 only: %s" % lost
        extra = sorted(pair for pair in once - twice if pair[1] not in self.taken_back)
        assert not extra, "in one pass only: %s" % extra

    def check_read_filter(self, name):
        """Frames that do not pass take part and are told by no other's number."""
        capture, options = self.captures[name].path, self.captures[name].options
        passing = self.tools.tshark("-r", capture, "-2", *options, "-Y", "tcp", "-T", "fields", "-e", "frame.number").split()
        shown = {int(number): at for at, number in enumerate(passing, 1)}
        wanted = {shown[number]: [(*one[:3], renumbered(one[3], shown)) for one in found]
                  for number, found in self.twice(name).items() if number in shown}
        told.assert_same(wanted, told.by_fields(self.tools, capture, "-2", "-R", "tcp", *options))

    def check_report(self, name, *passes):
        capture, options = self.captures[name].path, self.captures[name].options
        document = told.json_report(self.tools, capture, *passes, *options)
        told.assert_same(self.twice(name), told.by_report(document))

    def check_page(self, name):
        """Where pictures are drawn, more is kept while the capture is read."""
        capture, options = self.captures[name].path, self.captures[name].options
        page, document = told.page_and_report(self.tools, capture, *options)
        told.assert_same(self.twice(name), told.by_report(document))
        numbers = [case["number"] for case in document["cases"]][:PAGE_CASES]
        missing = [number for number in numbers if 'id="case-%d"' % number not in page]
        assert numbers and not missing, "cases that the page lacks: %s" % missing

    def check_sharkd(self, name):
        capture, options = self.captures[name].path, self.captures[name].options
        with Sharkd(self.tools) as sharkd:
            for setting in options[1::2]:
                sharkd.set(*setting.split(":"))
            sharkd.load(capture)
            told.assert_same({number: [row] for number, row in told.cells(self.twice(name)).items()},
                             {number: [row] for number, row in sharkd.told().items()})

    def flood(self):
        """A capture of RSTs on open connections."""
        capture = self.tools.path("flood.pcap")
        with open(capture, "wb") as out:
            subprocess.run([os.path.join(self.golden.build, "bench-traffic"), "rst", str(FLOOD_FRAMES)], stdout=out, check=True)
        os.chmod(capture, 0o644)
        return capture

    def check_flood(self, *options):
        """Its frames share records, unless pictures are drawn: all that is shown of each is the same."""
        folder = self.tools.path("flood%d" % len(options))
        os.mkdir(folder)
        os.chmod(folder, 0o777)
        shared, apart = (self.tools.tshark("-n", "-r", self.golden.once("flood", self.flood), *options, "-T", "pdml", "-J",
                                           "tcptriage", *more)
                         for more in ((), ("-z", "tcptriage,html,%s/page.html" % folder)))
        told.assert_same(*({number: [frame] for number, frame in enumerate(text.split("<packet>")[1:])}
                           for text in (apart, shared)))

    def check_flood_sharkd(self):
        """The GUI's way, which shows frames in any order."""
        capture = self.golden.once("flood", self.flood)
        with Sharkd(self.tools) as sharkd:
            sharkd.load(capture)
            told.assert_same({number: [row] for number, row in told.cells(told.by_fields(self.tools, capture, "-2")).items()},
                             {number: [row] for number, row in sharkd.told().items()})

    def tests(self):
        yield "/passes/every-finding", self.check_every_finding
        yield "/passes/flood/one-pass", self.check_flood
        yield "/passes/flood/two-passes", self.check_flood, "-2"
        yield "/passes/flood/read-filter", self.check_flood, "-2", "-R", "frame.number < 900 || ip.id % 3 == 0"
        yield "/passes/flood/sharkd", self.check_flood_sharkd
        for name in self.captures:
            yield "/passes/%s/one-pass" % name, self.check_one_pass, name
            yield "/passes/%s/read-filter" % name, self.check_read_filter, name
            yield "/passes/%s/report" % name, self.check_report, name
            yield "/passes/%s/report-two-passes" % name, self.check_report, name, "-2"
            yield "/passes/%s/page" % name, self.check_page, name
            yield "/passes/%s/sharkd" % name, self.check_sharkd, name
        yield from preferences.tests(self)
        yield from reloads.tests(self)
        yield from live.tests(self)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("source")
    parser.add_argument("--whole", action="store_true", help="every preference by itself, and more reloads")
    parser.add_argument("--live", type=int, default=24, metavar="SECONDS", help="how long the live capture goes on")
    parser.add_argument("--only", default="", help="run tests whose name contains this")
    options = parser.parse_args()
    golden = Golden(options.build, options.source, False)
    try:
        golden.require_plugin()
        return bool(tap.run([test for test in Passes(golden, options.whole, options.live).tests() if options.only in test[0]]))
    finally:
        golden.tools.close()


if __name__ == "__main__":
    sys.exit(main())

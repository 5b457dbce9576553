#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures changed by chance, one after the other in a sharkd with the sanitized plugin, and reports of some by tshark.

mutated.py BUILD [--runs N] [--seed N] [--first N] [--captures FOLDER]... [--keep FOLDER] prints what failed, with seed and
number of the run, and keeps its capture; --first N begins with run N: --first N --runs 1 is that one again. --tap is for
the tests.
"""

import argparse
import glob
import json
import os
import random
import re
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
import mutations  # noqa: E402
from tools import Tools  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BATCH = 250       # runs of one sharkd
REPORTED = 100    # one in so many is also reported by tshark
WALKED = 20       # runs of the first sharkd: whole stacks tell who leaks, in its reports, too
BATCH_S = 3600    # a busy machine is no failure
SEED_MOST = 2 << 20  # bytes; of larger captures the first part would be taken at most
OPTIONS = "detect_leaks=1:exitcode=0:abort_on_error=1"
# GLib keeps no frame pointers: by them one function is missing of a stack, and what is behind it in Wireshark. To walk
# stacks without takes twenty times as long.
WALKING = OPTIONS + ":fast_unwind_on_malloc=0"
# What stock Wireshark leaks in each load is not allocated by us, though we may be on the stack.
ALLOCATORS = ("__interceptor_", "libglib-2.0")
OURS = r"tcptriage\.so|<unknown module>|plugin/\w+/\S*\.c:"  # by its name, as unloaded, or by source
ONCE = "start_requested_stats"  # what the options of tshark ask for lasts as long as the program
REPORTS = ("tcptriage", "tcptriage,json", "tcptriage,connections", "tcptriage,cases", "tcptriage,html,mutated.html,min=chat")


class Failure(Exception):
    """A run went wrong; the message says how."""


class Mutated:
    def __init__(self, options):
        plugin = glob.glob(os.path.join(options.build, "plugins/*/epan/tcptriage.so"))
        if len(plugin) != 1:
            sys.exit("mutated.py: no plugin in %s" % options.build)
        self.options = options
        self.tools = Tools(plugin[0], True)
        os.chmod(self.tools.folder, 0o777)  # for the page
        folders = options.captures or [os.path.join(ROOT, "captures")]
        self.captures = sorted(path for folder in folders for place, _, names in os.walk(folder) for path in
                               (os.path.join(place, name) for name in names if re.search(r"\.(pcap|pcapng|cap)$", name))
                               if self.is_usable(path))
        self.leaks, self.failures = 0, []

    @staticmethod
    def is_usable(path):
        try:
            return os.path.getsize(path) < SEED_MOST and bool(mutations.Capture(path).frames)
        except (ValueError, OSError):
            return False

    def make(self, run):
        """The capture of a run: (path, dice that go on)."""
        dice = random.Random("%d/%d" % (self.options.seed, run))
        one, other = (mutations.Capture(path) for path in dice.choices(self.captures, k=2))
        path = self.tools.path("%d.pcap" % run)
        with open(path, "wb") as file:
            file.write(mutations.change(dice, one, other))
        os.chmod(path, 0o644)
        return path, dice

    @staticmethod
    def requests(path, dice):
        """The windows of Wireshark: the list with our columns, a filter, some frames, statistics."""
        columns = {"column%d" % at: field for at, field in enumerate(
            ("tcptriage.summary:1", "tcptriage.brief:1", "tcptriage.client.state:1", "tcptriage.case:1"))}
        yield "load", {"file": path}
        yield "frames", columns
        yield "frames", {"filter": dice.choice(("tcptriage.finding", "tcptriage.severity == \"warn\"", "tcptriage"))}
        for _ in range(3):
            yield "frame", {"frame": dice.randrange(1, 60), "proto": True}
        yield "tap", {"tap0": "nstat:tcptriage,connections", "tap1": "stat:tcptriage", "tap2": "expert"}

    def sharkd(self, runs, walking):
        """Runs of one sharkd; the run that it broke at, or None."""
        lines, asked, paths = [], [], {}
        for run in runs:
            paths[run], dice = self.make(run)
            for method, params in self.requests(paths[run], dice):
                asked.append(run)
                lines.append(json.dumps({"jsonrpc": "2.0", "id": len(asked), "method": method, "params": params}))
        self.tools.sanitizers["ASAN_OPTIONS"] = WALKING if walking else OPTIONS
        result = self.tools.run("sharkd", "-", text="\n".join(lines) + "\n", timeout_s=BATCH_S)
        answered = max(map(int, re.findall(r'^{"jsonrpc":"2.0","id":(\d+)', result.out, re.M)), default=0)
        self.note_leaks(result.err, runs)
        broken = None
        complaint = self.complaint(result.err)
        if result.status or answered < len(asked) or complaint:
            broken = asked[min(answered, len(asked) - 1)]
            self.fail(broken, "sharkd: exit status %d, request %d of %d answered, %s" % (
                result.status, answered, len(asked), complaint or "no complaint"), result.err)
        for run, path in paths.items():
            if run % REPORTED == 0 and run != broken:
                self.report(path, run, walking)
            os.unlink(path)
        return broken

    @staticmethod
    def complaint(err):
        """What a sanitizer says, and GLib of us; stock Wireshark has warnings of its own for bad captures."""
        for line in err.splitlines():
            if re.search(r"runtime error|ERROR: AddressSanitizer|CRITICAL", line):
                return line
        return None

    @staticmethod
    def is_ours(leak):
        frames = [line for line in leak.splitlines() if re.match(r" +#\d+ ", line)]
        callers = [frame for frame in frames if not any(name in frame for name in ALLOCATORS)]
        return ONCE not in leak and bool(callers) and bool(re.search(OURS, callers[0]))

    def note_leaks(self, err, runs):
        ours = [leak for leak in re.findall(r"leak of .*?\n\n", err, re.S) if self.is_ours(leak)]
        self.leaks += len(ours)
        for leak in ours[:3]:
            self.fail(runs[0], "a leak in runs %d to %d" % (runs[0], runs[-1]), leak)

    def report(self, path, run, walking):
        asked = [word for report in REPORTS for word in ("-z", report)]
        self.tools.sanitizers["ASAN_OPTIONS"] = WALKING if walking else OPTIONS
        result = self.tools.run("tshark", "-q", "-r", path, *asked, timeout_s=BATCH_S)
        self.note_leaks(result.err, [run])
        if result.status not in (0, 2) or self.complaint(result.err):  # 2: the file is cut short or wrong
            self.fail(run, "tshark %s: exit status %d" % (" ".join(asked), result.status), result.err)

    def fail(self, run, what, err):
        path, _ = self.make(run)
        kept = os.path.join(self.options.keep, "mutated-%d-%d.pcap" % (self.options.seed, run))
        os.makedirs(self.options.keep, exist_ok=True)
        shutil.copy(path, kept)
        self.failures.append("seed %d, run %d: %s; kept as %s\n%s" % (self.options.seed, run, what, kept, err[-5000:]))
        if not self.options.tap:
            print(self.failures[-1], file=sys.stderr, flush=True)

    def run(self):
        run, end = self.options.first, self.options.first + self.options.runs
        walking = True
        while run < end:
            behind = min(run + (WALKED if walking else BATCH), end)
            broken = self.sharkd(range(run, behind), walking)
            run, walking = behind if broken is None else broken + 1, False
            if not self.options.tap:
                print("%d runs, %d failures, %d leaks" % (run - self.options.first, len(self.failures), self.leaks),
                      flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--runs", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--captures", action="append")
    parser.add_argument("--keep", default=".")
    parser.add_argument("--tap", action="store_true")
    options = parser.parse_args()
    mutated = Mutated(options)
    try:
        mutated.run()
    finally:
        mutated.tools.close()
    if options.tap:
        print("1..1\n%sok 1 /mutated" % ("not " if mutated.failures else ""))
        for line in "\n".join(mutated.failures).splitlines()[:80]:
            print("# " + line)
    sys.exit(bool(mutated.failures))


if __name__ == "__main__":
    main()

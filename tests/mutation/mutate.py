#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes the core and the detectors as a slip of the hand would, and looks whether a test notices.

mutate.py SOURCE WORK [--count N] [--seed N] [--jobs N] [--only PATH] [--again] prints a table and what survived; its exit
status is 0 when at least 85 of 100 valid mutants were killed. Valid are those that compile and are not listed in
equivalent.txt. --again tries what survived the last time, and nothing else.
"""

import argparse
import collections
import difflib
import glob
import json
import math
import os
import queue
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True  # the repository stays as it is

import operators  # noqa: E402

WANTED_PERCENT = 85
FOLDERS = ("plugin/core", "plugin/detectors")
MEMORY_MIB = 2000
# What a copy needs to be built and tested.
PARTS = ("CMakeLists.txt", "include", "plugin", "tests", "captures", "README.md", "CHANGELOG.md")
# The suites are the programs of tests.cmake that are called so; the flood takes a gigabyte and half a minute.
SUITE, TOO_SLOW = re.compile(r"^add_executable\((\S+-test) ", re.M), {"flood-test"}
SANITIZED = {"scenario-test", "finding-test", "receiver-test", "tracker-test", "unit-test"}
# Crowds of addresses: half a minute with sanitizers, and nothing there that others do not read or free.
SKIPPED_SANITIZED = ("-s", "/peers", "-s", "/cases/bounded")
# The running kernel as judge, for root: which files it judges, the program that is built, and the command around it.
KERNEL = (
    (("plugin/core/tracker", "plugin/core/segment"), "tracker-driver",
     ("tests/oracle/tracker.py", "--packets", "3000", "--seed", "1", "--driver")),
    (("plugin/core/receiver", "plugin/core/flow"), "receiver-driver", ("tests/oracle/receiver.py", "--quick")),
)
GTEST_SEED = "R02S00000000000000000000000000000000"

Mutant = collections.namedtuple("Mutant", "path edit")
Result = collections.namedtuple("Result", "mutant verdict by")


def limits(seconds, sanitized):
    """A mutant may go on, or ask for memory, without end. Sanitizers reserve terabytes: they have a limit of their own.
    Processor time, as the machine may be busy with something else."""
    def set_limits():
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), math.ceil(seconds) + 1))
        if not sanitized:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MIB << 20, MEMORY_MIB << 20))
    return set_limits


kernel_lock = threading.Lock()  # one at a time


class Copy:
    """A copy of the source with two builds of its own: one, and one with sanitizers, which notices what is read from
    beyond an array and what is never freed. The second comes last, and with the quick suites only."""

    def __init__(self, source, work):
        self.root, self.builds = os.path.join(work, "source"), [os.path.join(work, name) for name in ("build", "sanitized")]
        shutil.rmtree(self.root, ignore_errors=True)
        for part in PARTS:
            origin, target = os.path.join(source, part), os.path.join(self.root, part)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.isdir(origin):
                shutil.copytree(origin, target)
            elif os.path.exists(origin):
                shutil.copy(origin, target)
        with open(os.path.join(source, "tests/tests.cmake")) as text:
            suites = [name for name in SUITE.findall(text.read()) if name not in TOO_SLOW]
        for build, options in zip(self.builds, ((), ("-DTCPT_SANITIZE=address,undefined",))):
            self.run("cmake", "-S", self.root, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                     "-DCMAKE_C_FLAGS_DEBUG=-O1", "-DTCPT_PLUGIN=OFF", *options)
        self.suites = [(self.builds[0], suites), (self.builds[1], sorted(SANITIZED.intersection(suites)))]
        self.limits = {}
        for build, names in self.suites:
            self.run("ninja", "-C", build, *names)
            self.measure(build, names)
        self.kernel = KERNEL if os.geteuid() == 0 else ()
        for _, program, _ in self.kernel:
            self.run("ninja", "-C", self.builds[0], program)
            if self.ask_kernel("", program):
                raise RuntimeError("the kernel and %s disagree without a mutant" % program)

    @staticmethod
    def run(*command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError("%s failed:\n%s" % (" ".join(command), done.stdout[-2000:]))

    @staticmethod
    def compiles(build, names):
        return not subprocess.run(["ninja", "-C", build, *names], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL).returncode

    def suite(self, build, name, seconds):
        """None when the suite is content, else how it ended."""
        sanitized = build != self.builds[0]
        command = [os.path.join(build, name), "--seed", GTEST_SEED, *(SKIPPED_SANITIZED if sanitized else ())]
        return self.ends(command, seconds, sanitized)

    @staticmethod
    def ends(command, seconds, sanitized=False):
        try:
            done = subprocess.run(command, timeout=20 * seconds, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env={**os.environ, "ASAN_OPTIONS": "hard_rss_limit_mb=%d" % MEMORY_MIB},
                                  preexec_fn=limits(seconds, sanitized))
        except subprocess.TimeoutExpired:
            return "time"
        if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return "time"
        if not done.returncode:
            return None
        return "crash" if done.returncode < 0 and done.returncode != -signal.SIGABRT else "red"

    def measure(self, build, names):
        """The suites without a mutant: all must be content; their time sets the limits, and the fast ones come first."""
        for name in names:
            program, begun = os.path.join(build, name), time.monotonic()
            if self.suite(build, name, 600):
                raise RuntimeError("%s fails without a mutant" % program)
            self.limits[program] = 5 + 8 * (time.monotonic() - begun)
        names.sort(key=lambda name: self.limits[os.path.join(build, name)])

    def ask_kernel(self, path, only=None):
        """What of the kernel disagrees about a changed file, or None."""
        for folders, program, (script, *options) in self.kernel:
            if program != only and not path.startswith(folders):
                continue
            if not self.compiles(self.builds[0], [program]):
                return program
            with kernel_lock:
                command = ["python3", os.path.join(self.root, script), *options, os.path.join(self.builds[0], program)]
                if self.ends(command, 200):
                    return script
        return None

    def judge(self, mutant):
        path = os.path.join(self.root, mutant.path)
        with open(path) as text:
            original = text.read()
        try:
            with open(path, "w") as text:
                text.write(apply(original, mutant.edit))
            for build, names in self.suites:
                for name in names:
                    if not self.compiles(build, [name]):
                        return Result(mutant, "invalid", "")
                    how = self.suite(build, name, self.limits[os.path.join(build, name)])
                    if how:
                        front = "" if build == self.builds[0] else "sanitized "
                        return Result(mutant, "killed", front + name + (", " + how if how != "red" else ""))
            kernel = self.ask_kernel(mutant.path)
            return Result(mutant, "killed", kernel) if kernel else Result(mutant, "survived", "")
        finally:
            with open(path, "w") as text:
                text.write(original)


def apply(text, edit):
    return text[:edit.start] + edit.made + text[edit.end:]


def lines_of(text, edit):
    """The lines that an edit changes, before and after, without blanks at their ends."""
    before, after = text.split("\n"), apply(text, edit).split("\n")
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    changed = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    squeeze = lambda lines: " ".join(" ".join(lines).split())
    return (squeeze(before[changed[0][1]:changed[-1][2]]), squeeze(after[changed[0][3]:changed[-1][4]]))


def read_equivalent(path):
    """(file, line before, line after) of mutants that change nothing a test could see."""
    known, entry = set(), []
    with open(path) as text:
        for line in text:
            if line.startswith("#") or not line.strip():
                continue
            key, value = line.rstrip("\n").split(" ", 1)
            if key == "file":
                entry = [value]
            elif key in ("-", "+"):
                entry.append(value.strip())
            elif key == "why":
                known.add(tuple(entry))
    return known


def all_mutants(source, only):
    found, texts = [], {}
    for folder in FOLDERS:
        for path in sorted(glob.glob(os.path.join(source, folder, "**", "*.[ch]"), recursive=True)):
            name = os.path.relpath(path, source)
            with open(path) as text:
                texts[name] = text.read()
            if only in name:
                found += [Mutant(name, edit) for edit in operators.mutants(name, texts[name])]
    return found, texts


def sample(mutants, count, seed):
    """So many mutants, each operator's share as large as the others' as far as it has them."""
    chance, by_operator = random.Random(seed), collections.defaultdict(list)
    for mutant in mutants:
        by_operator[mutant.edit.operator].append(mutant)
    for group in by_operator.values():
        chance.shuffle(group)
    chosen = []
    while len(chosen) < min(count, len(mutants)):
        for name in sorted(by_operator):
            if by_operator[name]:
                chosen.append(by_operator[name].pop())
    return chosen[:count]


def run(source, work, mutants, texts, jobs):
    todo, results, lock = queue.Queue(), [], threading.Lock()
    for mutant in mutants:
        todo.put(mutant)

    def worker(number):
        copy = Copy(source, os.path.join(work, str(number)))
        while True:
            try:
                mutant = todo.get_nowait()
            except queue.Empty:
                return
            result = copy.judge(mutant)
            with lock:
                results.append(result)
                print("%d of %d: %s %s (%s) %s" % (len(results), len(mutants), result.verdict, mutant.path,
                                                   mutant.edit.operator, result.by), file=sys.stderr, flush=True)
                if result.verdict == "survived":
                    print("  - %s\n  + %s" % lines_of(texts[mutant.path], mutant.edit), file=sys.stderr, flush=True)

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(results) < len(mutants):
        sys.exit("mutate.py: not every mutant could be tried")
    return results


def print_survivor(text, mutant):
    diff = difflib.unified_diff(text.splitlines(), apply(text, mutant.edit).splitlines(), "a/" + mutant.path,
                                "b/" + mutant.path, lineterm="", n=2)
    print("\n# %s" % mutant.edit.operator)
    print("\n".join(diff))


def identity(mutant, texts):
    """What names a mutant however many lines there are above it."""
    return (mutant.path, mutant.edit.operator, *lines_of(texts[mutant.path], mutant.edit))


def report(results, texts, equivalent):
    table, survivors = collections.defaultdict(collections.Counter), []
    for result in results:
        verdict, mutant = result.verdict, result.mutant
        if verdict == "survived":
            path, _, before, after = identity(mutant, texts)
            if (path, before, after) in equivalent:
                verdict = "equivalent"
            else:
                survivors.append(mutant)
        table[mutant.edit.operator][verdict] += 1
        table["all"][verdict] += 1
    for mutant in sorted(survivors):
        print_survivor(texts[mutant.path], mutant)
    columns = ("killed", "survived", "equivalent", "invalid")
    print("\n%-12s" % "operator" + "".join("%12s" % column for column in columns))
    for name in sorted(table, key=lambda name: (name == "all", name)):
        print("%-12s" % name + "".join("%12d" % table[name][column] for column in columns))
    killed, valid = table["all"]["killed"], table["all"]["killed"] + table["all"]["survived"]
    by = collections.Counter(result.by for result in results if result.verdict == "killed")
    print("\nkilled by " + ", ".join("%s %d" % pair for pair in by.most_common()))
    print("killed %d of %d valid mutants: %.1f %%, wanted %d %%" % (killed, valid, 100 * killed / max(valid, 1), WANTED_PERCENT))
    return 100 * killed >= WANTED_PERCENT * valid


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("work", help="folder for copies and builds")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="", help="files whose path contains this")
    parser.add_argument("--again", action="store_true", help="only what survived the last time")
    parser.add_argument("--list", action="store_true", help="count what there is and stop")
    options = parser.parse_args()
    mutants, texts = all_mutants(options.source, options.only)
    if options.list:
        print(collections.Counter(mutant.edit.operator for mutant in mutants))
        return 0
    known = os.path.join(options.work, "survivors.json")
    if options.again:
        with open(known) as text:
            survived = {tuple(one) for one in json.load(text)}
        mutants = [mutant for mutant in mutants if identity(mutant, texts) in survived]
    chosen = sample(mutants, options.count, options.seed)
    print("%d of %d mutants, seed %d" % (len(chosen), len(mutants), options.seed))
    if os.geteuid():
        print("the kernel is not asked: that needs root")
    equivalent = read_equivalent(os.path.join(os.path.dirname(os.path.abspath(__file__)), "equivalent.txt"))
    results = run(options.source, options.work, chosen, texts, options.jobs)
    with open(known, "w") as text:
        json.dump([identity(result.mutant, texts) for result in results if result.verdict == "survived"], text, indent=1)
    return 0 if report(results, texts, equivalent) else 1


if __name__ == "__main__":
    sys.exit(main())

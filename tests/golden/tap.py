# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs tests in parallel and prints TAP: one line per test, in order."""

import concurrent.futures
import os
import traceback


class Skip(Exception):
    """The test cannot run here; the message says why."""


def _run(test):
    name, function, *arguments = test
    try:
        function(*arguments)
        return "ok", name, ""
    except Skip as reason:
        return "ok", "%s # SKIP %s" % (name, reason), ""
    except AssertionError as problem:
        return "not ok", name, str(problem) or traceback.format_exc()  # a bare assertion says nothing
    except Exception:  # a broken test is a failed test
        return "not ok", name, traceback.format_exc()


def run(tests, at_once=os.cpu_count()):
    """`tests` are (name, function, argument...). Returns how many failed."""
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for number, (outcome, name, problem) in enumerate(pool.map(_run, tests), 1):
            print("%s %d %s" % (outcome, number, name), flush=True)
            for line in problem.splitlines()[:40]:
                print("# " + line, flush=True)
            failed += outcome != "ok"
    print("1..%d" % len(tests))
    return failed

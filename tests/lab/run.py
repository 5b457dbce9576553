#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the captures of the laboratory again: run.py [NAME...]

Needs root, network namespaces, and ip, nft, conntrack, ethtool, tcpdump, ss.
Without names, all cases run: those that need no kernel trace side by side,
then the others one after the other (trace events carry no namespace).
Everything it creates is removed at the end, also on failure.
"""

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import time

import story1
import story2
import story3
import story4
import story5
from publish import Mismatch

HERE = os.path.dirname(os.path.abspath(__file__))
# One case may make several captures.
CASES = {**story1.CASES, **story2.CASES, **story3.CASES, **story4.CASES, **story5.CASES}
UNTRACED = {*story4.CASES.values(), *story5.CASES.values()}
ATTEMPTS = 4  # timing on a busy machine may spoil a case; it then says so


def run_case(case, names, directory):
    """Make the captures of one case; False if it would not come out right."""
    label = ", ".join(names)
    for attempt in range(1, ATTEMPTS + 1):
        started = time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix="triage-lab-") as tempfile.tempdir:
                case(directory)
            print("%5.1f s  %s" % (time.monotonic() - started, label), flush=True)
            return True
        except (Mismatch, OSError, EOFError, StopIteration) as problem:
            print("attempt %d  %s: %s" % (attempt, label, problem or repr(problem)), flush=True)
        finally:
            tempfile.tempdir = None
    return False


def names_of(case):
    return [name for name in CASES if CASES[name] is case]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases to run (default: all)")
    parser.add_argument("--list", action="store_true", help="list the cases and end")
    parser.add_argument("--jobs", type=int, default=8, help="cases side by side (default: 8)")
    parser.add_argument("--output", default=os.path.join(HERE, "..", "..", "captures", "lab"),
                        help="directory for the captures (default: captures/lab)")
    options = parser.parse_args()
    if options.list:
        print("\n".join(CASES))
        return 0
    unknown = [name for name in options.names if name not in CASES]
    if unknown:
        parser.error("no such case: " + ", ".join(unknown))
    if os.geteuid():
        parser.error("this needs root")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = list(dict.fromkeys(CASES[name] for name in options.names or CASES))
    together = [case for case in wanted if case in UNTRACED]
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        results = [(case, pool.apply_async(run_case, (case, names_of(case), options.output)))
                   for case in together]
        done = {case: result.get() for case, result in results}
    done.update((case, run_case(case, names_of(case), options.output))
                for case in wanted if case not in done)
    failed = [name for name in CASES if not done.get(CASES[name], True)]
    if failed:
        print("failed: " + ", ".join(failed))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())

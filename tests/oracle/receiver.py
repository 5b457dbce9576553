#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The receiver model against the TCP of the kernel this runs on.

receiver.py DRIVER [--quick | --long] [--keep FILE.pcap] [--verbose]

A connection is brought into a state over a TUN device in a network namespace of
its own; then one segment near an edge is sent (the probe), and what the kernel
did is noted: answer or silence, the socket's state, and the drop reason from
its trace events. The same packets go through the core (DRIVER, receiver-driver
of the build). Wherever the model is certain, the two must agree.

Exit status 0: agreed (or skipped, which is said); 1: they disagree.
"""

import argparse
import collections
import os
import subprocess
import sys
import tempfile

import kernel
import probes

SKIP = "receiver.py: SKIPPED: "


CHALLENGES = {"TCP_RESET", "TCP_INVALID_SYN", "TCP_TOO_OLD_ACK", "TCP_ACK_UNSENT_DATA"}
ANSWERS = {"challenge_ack", "duplicate_ack"}


def what_it_did(outcome):
    """The kernel's verdict, as far as it can be told: reset, answer, ignored, accepted; "silent" or "answered" where
    nothing says whether the segment was dropped."""
    if outcome.answered_by_reset or (outcome.gone and outcome.probe_is_rst):
        return "reset"
    if outcome.reasons:
        return "answer" if outcome.answered else "ignored"
    if outcome.answered:
        # Whoever answers a pure ACK did not like it.
        return "answer" if outcome.probe_is_pure_ack else "answered" if outcome.in_doubt else "accepted"
    return "silent" if outcome.in_doubt else "accepted"


def compare(outcome, verdict, drop):
    """None where the two agree or the model is not certain, else what differs."""
    did = what_it_did(outcome)
    if drop != "-" and outcome.reasons and drop not in outcome.reasons:
        return "drop reason %s, kernel %s" % (drop, "+".join(outcome.reasons))
    if verdict == "undetermined":
        return None
    word = "answer" if verdict in ANSWERS else verdict
    if did == "silent" and word in ("ignored", "accepted") or did == "answered" and word in ("answer", "accepted"):
        return None
    if did != word:
        return "verdict %s, kernel %s" % (verdict, did)
    if word == "answer" and drop not in ("-", "TCP_RFC7323_TW_PAWS") and (verdict == "challenge_ack") != (drop in CHALLENGES):
        return "verdict %s for %s" % (verdict, drop)
    return None


def run_model(driver, path):
    """Frame number -> (verdict, drop reason)."""
    lines = subprocess.run([driver, path], stdout=subprocess.PIPE, check=True, text=True).stdout
    return {int(words[0]): (words[1], words[2])
            for words in map(str.split, lines.splitlines())}


def report(outcomes, model, traced, verbose):
    """Print what holds; the number of disagreements."""
    disagreements, undetermined, told = [], collections.Counter(), 0
    by_state, reasons = collections.Counter(), collections.Counter()
    for outcome in outcomes:
        verdict, drop = model[outcome.frame]
        by_state[outcome.state] += 1
        if verdict == "undetermined":
            undetermined[outcome.state] += 1
        if drop != "-" and outcome.reasons:
            told += 1
        for reason in outcome.reasons:
            reasons[reason] += 1
        problem = compare(outcome, verdict, drop)
        if problem:
            disagreements.append((outcome, problem))
        if verbose:
            print("%-24s %-44s model %s %s; kernel %s %s%s" %
                  (outcome.state, outcome.name, verdict, drop, what_it_did(outcome),
                   "+".join(outcome.reasons) or "-", "  <<<" if problem else ""))
    for outcome, problem in disagreements:
        print("DISAGREE frame %d, %s, %s: %s" % (outcome.frame, outcome.state, outcome.name, problem))
    total = len(outcomes)
    unsure = sum(undetermined.values())
    dropped = sum(1 for outcome in outcomes if outcome.reasons)
    print("receiver.py: %d probes against Linux %s, %d disagreements; %d undetermined (%.1f %%)" %
          (total, os.uname().release.split("-")[0], len(disagreements), unsure,
           100.0 * unsure / max(total, 1)))
    if traced:
        print("receiver.py: %d probes dropped by the kernel, reason told and compared for %d; kernel's reasons: %s" %
              (dropped, told, ", ".join("%s %d" % pair for pair in sorted(reasons.items()))))
    else:
        print("receiver.py: trace events are not available: drop reasons were not compared")
    print("receiver.py: undetermined by state: " + ", ".join(
        "%s %d of %d" % (state, undetermined[state], by_state[state]) for state in sorted(by_state)))
    return len(disagreements)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("driver")
    parser.add_argument("--quick", action="store_true", help="some hundred probes")
    parser.add_argument("--long", action="store_true", help="every probe (default)")
    parser.add_argument("--keep", metavar="FILE", help="keep the packets as a capture")
    parser.add_argument("--verbose", action="store_true", help="say what each probe did")
    options = parser.parse_args()
    try:
        machine = kernel.Machine()
    except kernel.Unavailable as problem:
        print(SKIP + str(problem))
        return 0
    try:
        outcomes = probes.run(machine, every=9 if options.quick else 1)
        traced = machine.finish(outcomes)
    finally:
        machine.close()
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or os.path.join(folder, "probes.pcap")
        machine.write_capture(path)
        model = run_model(options.driver, path)
    return 1 if report(outcomes, model, traced, options.verbose) else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-2.0-or-later
"""Telling unanswered SYNs apart: what the laboratory knows the cause to be is named, never ruled out."""

# capture -> (words for the true cause, it is the first suspect, some that are ruled out)
TRUTH = {
    "syn-filtered": ("a filter, rate limit", False, ("timestamps", "a TIME-WAIT collision", "a tracker")),
    "syn-queue-full": ("a full SYN queue", True, ("a TIME-WAIT collision", "a tracker")),
    "accept-queue-full-syn": ("a full accept queue", False, ("a TIME-WAIT collision", "a tracker")),
    "tuple-reuse-unanswered": ("a TIME-WAIT collision", True, ("a tracker",)),
    "nat-two-clocks-recycle": ("timestamps that a server compares", True, ("a TIME-WAIT collision", "a tracker")),
}


def check(golden, capture, cause, suspected, not_these):
    text = golden.tools.tshark("-r", capture, "-Y", "tcptriage.syn_unanswered", "-T", "fields", "-e", "tcptriage.summary")
    allowed, _, ruled_out = text.partition("ruled out are")
    assert cause in allowed and cause not in ruled_out, text
    first = allowed.partition("first of all suspect ")[2].partition("; possible are")[0]
    assert (cause in first) == suspected and (suspected or not first), text
    assert all(other in ruled_out and other not in allowed for other in not_these), text


def tests(golden, captures):
    """`captures` by the laboratory's names."""
    for lab, row in TRUTH.items():
        yield "/golden/causes/" + lab, check, golden, captures[lab], *row

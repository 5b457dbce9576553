# SPDX-License-Identifier: GPL-2.0-or-later
"""Telling unanswered SYNs apart: what the laboratory knows the cause to be is named, never ruled out."""

# capture -> (words for the true cause, it is the first suspect, some that are ruled out)
TRUTH = {
    "syn-filtered": ("filter", False, ("tcp_tw_recycle", "TIME-WAIT collision", "tracker")),
    "syn-queue-full": ("SYN queue full", True, ("TIME-WAIT collision", "tracker")),
    "accept-queue-full-syn": ("accept queue full", False, ("TIME-WAIT collision", "tracker")),
    "tuple-reuse-unanswered": ("TIME-WAIT collision", True, ("tracker",)),
    "nat-two-clocks-recycle": ("tcp_tw_recycle", True, ("TIME-WAIT collision", "tracker")),
}


def check(golden, capture, cause, suspected, not_these):
    allowed, ruled_out = (
        golden.tools.tshark("-r", capture, "-Y", "tcptriage.syn_unanswered", "-T", "fields", "-e", "tcptriage." + field)
        for field in ("summary", "ruled_out"))
    assert cause in allowed and cause not in ruled_out, (allowed, ruled_out)
    first = allowed.partition("Likely: ")[2].partition("Possible: ")[0]
    assert (cause in first) == suspected and (suspected or not first), allowed
    assert all(other in ruled_out and other not in allowed for other in not_these), (allowed, ruled_out)


def tests(golden, captures):
    """`captures` by the laboratory's names."""
    for lab, row in TRUTH.items():
        yield "/golden/causes/" + lab, check, golden, captures[lab], *row

# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture of segments with payload only says so once, and no close is missed in it."""

import bad

TOLD = "Only segments with payload were captured"


def check_told(tools, capture, name):
    bare = tools.tshark("-r", capture, "-Y", "tcp.len == 0", "-T", "fields", "-e", "frame.number").split()
    only = bad.edit(tools, "editcap", "payload-only-" + name, capture, bad.OUT, *bare)
    report = tools.tshark("-q", "-r", only, "-z", "tcptriage")
    assert report.count(TOLD) == 1, report
    assert "fin_missing" not in report and "close_wait_stuck" not in report, report
    whole = tools.tshark("-q", "-r", capture, "-z", "tcptriage")
    assert TOLD not in whole, whole


def tests(tools, captures):
    for name in ("close-wait-pileup", "checksum-bad"):
        yield "/golden/payload-only/" + name, check_told, tools, captures[name], name

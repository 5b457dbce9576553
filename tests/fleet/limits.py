# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command says while it works and of what it gave up: progress, job log, time and memory of a job."""

import os
import re
import shutil

from terminal import on_terminal

READER = """#!/bin/sh
case "$*" in
*slow*) exec sleep 60 ;;
*killed*) kill -KILL $$ ;;
esac
exec "%s" "$@"
"""


def check_time(fleet, suite):
    """What takes too long, or whose reader is killed, is given up and named with the reason; the rest of its batch is read."""
    folder, out = fleet.folder("time"), fleet.tools.path("time-out")
    for path in fleet.captures(3):
        shutil.copy(path, folder)
    for name in ("a slow one.pcap", "a killed one.pcap"):
        shutil.copy(fleet.captures(1)[0], os.path.join(folder, name))
    command = fleet.with_reader(fleet.folder("time-command"), READER)
    done = fleet.run("--out", out, "--seconds", "2", "--jobs", "1", folder, command=command)
    failed = suite.ask(out, "SELECT path, reason FROM captures WHERE state = 'failed'")
    reasons = {os.path.basename(path): reason for path, reason in failed}
    assert done.status == suite.UNREAD and set(reasons) == {"a slow one.pcap", "a killed one.pcap"}, (done, reasons)
    assert reasons["a slow one.pcap"] == "it took longer than 2 seconds" and "signal 9" in reasons["a killed one.pcap"], reasons
    assert all(reason in done.err and name in done.err for name, reason in reasons.items()), done.err
    assert suite.ask(out, "SELECT count(*) FROM captures WHERE state = 'read'") == [(3,)]
    assert fleet.run("--out", out, folder).status == suite.FOUND, "they are tried again"
    assert suite.ask(out, "SELECT count(*) FROM captures WHERE state = 'read'") == [(5,)]


def check_joblog(fleet, suite):
    """GNU parallel's: a line for each batch, how long it took, and its exit status."""
    out = fleet.tools.path("joblog-out")
    assert fleet.run("--out", out, fleet.lab).status == suite.FOUND
    with open(os.path.join(out, "joblog")) as file:
        head, *lines = [line.rstrip("\n").split("\t") for line in file]
    batches = [line[-1].split()[-1] for line in lines]
    assert head[0] == "Seq" and len(batches) > 2 and len(set(batches)) == len(batches), lines
    ended = [(line[head.index("Exitval")], line[head.index("Signal")]) for line in lines]
    assert set(ended) == {("0", "0")} and all(float(line[head.index("JobRuntime")]) >= 0 for line in lines), lines


def check_bar(fleet, suite):
    """Progress on a terminal, and none where it is not wanted."""
    for more, wanted in (([], True), (["--quiet"], False)):
        told = on_terminal([fleet.command, *more, "--out", fleet.tools.path("bar-out" + "".join(more)), *fleet.captures(40)])
        shares = re.findall(r"(\d+)% ", told)
        assert bool(shares) == wanted and (not wanted or shares[-1] == "100"), told
        assert "captures" in told, told

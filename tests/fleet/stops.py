# SPDX-License-Identifier: GPL-2.0-or-later
"""What stops the command: signals, a full disk. Nothing is lost, nothing there twice."""

import glob
import os
import shutil
import signal
import subprocess
import time

import place
import tap

COPIES = 3


def many(fleet, name):
    """A folder with each capture of the laboratory a few times."""
    folder = fleet.folder(name)
    for copy in range(COPIES):
        for path in fleet.captures():
            shutil.copy(path, os.path.join(folder, "%d-%s" % (copy, os.path.basename(path))))
    return folder


def wait_for(check, seconds=60):
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "nothing has come"
        time.sleep(0.01)


def results(out):
    return {path: os.stat(path).st_mtime_ns for path in glob.glob(out + "/results/*.json")}


def stopped(fleet, folder, out, how):
    """What was there when it was stopped, and what it said."""
    process = fleet.start("--jobs", "1", "--out", out, folder)
    wait_for(lambda: len(results(out)) > 20)
    how(process)
    _, err = process.communicate(timeout=60)
    wait_for(lambda: not os.path.exists(out + "/work") or not still_at(out))
    return results(out), err


def still_at(out):
    return subprocess.run(["pgrep", "-f", out + "/batches|" + out + " 0"], capture_output=True).returncode == 0


def check_stop(fleet, suite):
    """Killed, or asked to end; then run again: what was read stays, and everything is there once."""
    folder, whole = many(fleet, "many"), fleet.tools.path("whole")
    assert fleet.run("--out", whole, folder).status == suite.FOUND
    count = COPIES * len(fleet.captures())
    ways = {"killed": lambda process: os.killpg(process.pid, signal.SIGKILL), "ended": lambda process: process.terminate()}
    for name, how in ways.items():
        out = fleet.tools.path(name)
        before, err = stopped(fleet, folder, out, how)
        assert 0 < len(before) < count, "%s: %d of %d" % (name, len(before), count)
        assert name == "killed" or "run the same command again" in err, err
        assert not os.path.exists(out + "/tcptriage.db"), "half a result"
        assert fleet.run("--out", out, folder).status == suite.FOUND
        assert before.items() <= results(out).items(), "read again"
        assert suite.ask(out, "SELECT count(*), count(DISTINCT path) FROM captures") == [(count, count)]
        assert suite.told(out) == suite.told(whole)


def check_full_disk(fleet, suite):
    """Says which file cannot be written, and goes on where there is space again."""
    if not place.is_root():
        raise tap.Skip("needs root, to mount a small disk")
    out = fleet.folder("small")
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=450k", "tmpfs", out], check=True, capture_output=True)
    except subprocess.CalledProcessError as problem:
        raise tap.Skip("nothing can be mounted: %s" % problem.stderr.decode().strip())
    try:
        done = fleet.run("--out", out, fleet.lab)
        assert done.status == suite.UNREAD and len(done.err.splitlines()) == 1, done
        assert '"%s/' % out in done.err and "No space left on device" in done.err and "again" in done.err, done
        before = results(out)
        assert before and len(before) < len(fleet.captures())
        subprocess.run(["mount", "-o", "remount,size=50m", out], check=True)
        assert fleet.run("--out", out, fleet.lab).status == suite.FOUND
        assert before.items() <= results(out).items()
        assert suite.ask(out, "SELECT count(*), count(DISTINCT path) FROM captures WHERE state = 'read'") == [
            (len(fleet.captures()),) * 2]
    finally:
        subprocess.run(["umount", "-l", out], check=False)

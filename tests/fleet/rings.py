# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that go on in a new file, and several points of one time: read as one."""

import glob
import json
import os
import shutil
import subprocess

STORM = "tfo-storm.pcap"
PACKETS = 40  # of a file


def split(fleet, name, capture=STORM):
    """Files of a capture as editcap, and dumpcap, name them."""
    folder = fleet.folder(name)
    subprocess.run(["editcap", "-F", "nsecpcap", "-c", str(PACKETS), os.path.join(fleet.lab, capture), os.path.join(folder, "ring.pcap")],
                   check=True)
    files = sorted(glob.glob(folder + "/*"))
    assert len(files) > 2, files
    return folder, files


def whole(fleet, capture=STORM):
    return fleet.single(os.path.join(fleet.lab, capture))[1]


def same(fleet, suite, folder, out):
    """One capture whose findings are those of the whole."""
    done = fleet.run("--out", out, folder)
    assert done.status == suite.FOUND and not done.err, done
    wanted = whole(fleet)
    assert [{**one, "capture": None} for one in suite.lines_of(out, "findings.ndjson")] == [
        {**one, "capture": None} for one in wanted["findings"]]
    assert suite.ask(out, "SELECT kind, count(*) FROM captures GROUP BY kind") == [("ring", 1)]


def check_ring_numbered(fleet, suite):
    """dumpcap -b: connections go on, and a finding's frame is named in its own file."""
    folder, files = split(fleet, "numbered")
    out = fleet.tools.path("numbered-out")
    same(fleet, suite, folder, out)
    assert [path for path, in suite.ask(out, "SELECT path FROM files ORDER BY number")] == files
    for frame, file, inside in suite.ask(out, "SELECT frame, file, frame_in_file FROM findings"):
        assert file == files[(frame - 1) // PACKETS] and inside == (frame - 1) % PACKETS + 1, (frame, file, inside)


def renamed(files, name_of):
    for number, path in enumerate(files):
        os.rename(path, os.path.join(os.path.dirname(path), name_of(number)))


def check_ring_round(fleet, suite):
    """tcpdump -C, and with -W, where the numbers begin again."""
    folder, files = split(fleet, "plain")
    renamed(files, lambda number: "trace.pcap" + (str(number) if number else ""))
    same(fleet, suite, folder, fleet.tools.path("plain-out"))
    folder, files = split(fleet, "round")
    renamed(files, lambda number: "trace%02d" % ((number + 2) % len(files)))
    same(fleet, suite, folder, fleet.tools.path("round-out"))


def check_ring_timed(fleet, suite):
    """tcpdump -G: times in the names."""
    for name, pattern in (("timed", "trace_2026-11-27_01:23:%02d.pcap"), ("seconds", "trace.17000000%02d.pcap")):
        folder, files = split(fleet, name)
        renamed(files, lambda number, pattern=pattern: pattern % number)
        same(fleet, suite, folder, fleet.tools.path(name + "-out"))


def check_no_ring(fleet, suite):
    """A file is missing, times say otherwise, the names are alike by chance, or it was not wanted."""
    folder, files = split(fleet, "missing")
    os.remove(files[1])
    out = fleet.tools.path("missing-out")
    fleet.run("--out", out, folder)
    count = len(files)
    assert suite.ask(out, "SELECT count(*) FROM captures WHERE kind = 'single'")[0][0] >= 1
    assert suite.ask(out, "SELECT count(*) FROM captures WHERE path = ? AND kind = 'single'", files[0]) == [(1,)]
    folder, files = split(fleet, "nights")
    for number, path in enumerate(files):
        subprocess.run(["editcap", "-F", "pcap", "-t", str(86400 * number), path, path + ".moved"], check=True)
        os.rename(path + ".moved", path)
    out = fleet.tools.path("nights-out")
    fleet.run("--out", out, folder)
    assert suite.ask(out, "SELECT kind, count(*) FROM captures GROUP BY kind") == [("single", len(files))]
    folder, files = split(fleet, "unwanted")
    out = fleet.tools.path("unwanted-out")
    fleet.run("--out", out, "--no-rings", folder)
    assert suite.ask(out, "SELECT kind, count(*) FROM captures GROUP BY kind") == [("single", count)]
    folder = fleet.folder("alike")
    for number in range(3):
        shutil.copy(os.path.join(fleet.lab, STORM), os.path.join(folder, "host%d" % number))
    out = fleet.tools.path("alike-out")
    fleet.run("--out", out, folder)
    assert suite.ask(out, "SELECT kind, count(*) FROM captures GROUP BY kind") == [("single", 3)], "they overlap"


def check_ring_cut(fleet, suite):
    """The last file of a ring is often cut short: it is read as far as it goes, and that is told."""
    folder, files = split(fleet, "cut")
    with open(files[-1], "r+b") as file:
        file.truncate(os.path.getsize(files[-1]) - 3)
    out = fleet.tools.path("cut-out")
    done = fleet.run("--out", out, folder)
    assert done.status == suite.UNREAD and "in part only" in done.err and "cut short" in done.err, done
    assert suite.ask(out, "SELECT kind, state FROM captures") == [("ring", "partly")]
    assert suite.ask(out, "SELECT count(*) FROM findings")[0][0] > 2


def near(fleet, name):
    """What was captured at one end; the clock near the server, which is 3,000 s fast, set right."""
    path = os.path.join(fleet.lab, "..", "two-files", "near-%s.pcap" % name)
    right = fleet.tools.path("near-%s.pcap" % name)
    subprocess.run(["editcap", "-F", "nsecpcap", "-t", "-3000" if name == "server" else "0", path, right], check=True)
    return right


def told_of(report):
    """What two ways to join do not change."""
    return [(one["id"], one["severity"], one["flow_count"]) for one in report]


def check_points(fleet, suite):
    """Captures of one time are one with two points; each may go on in files of its own."""
    folder = fleet.folder("points")
    for name in ("client", "server"):
        os.mkdir(os.path.join(folder, name))
        subprocess.run(["editcap", "-F", "nsecpcap", "-c", "10", near(fleet, name), os.path.join(folder, name, "ring.pcap")], check=True)
    rings = sorted(glob.glob(folder + "/client/*") + glob.glob(folder + "/server/*"))
    assert len(rings) > 2
    plain = fleet.folder("points-plain")
    for name in ("client", "server"):
        shutil.copy(near(fleet, name), plain)
    shutil.copy(os.path.join(fleet.lab, STORM), plain)  # of another time
    wanted = fleet.single(os.path.join(fleet.lab, "..", "two-files", "joined.pcapng"))[1]["cases"]
    assert "vantage_loss" in {case["id"] for case in wanted}, wanted
    for source, count, names in ((plain, 1, ["near-client", "near-server"]), (folder, 0, None)):
        out = source + "-out"
        done = fleet.run("--out", out, "--points", source)
        assert done.status == suite.FOUND and not done.err, done
        kinds = dict(suite.ask(out, "SELECT kind, count(*) FROM captures GROUP BY kind"))
        assert kinds == {"points": 1, **({"single": count} if count else {})}, kinds
        key, path = suite.ask(out, "SELECT key, path FROM captures WHERE kind = 'points'")[0]
        cases = [one for one in suite.lines_of(out, "cases.ndjson") if one["capture"] == path]
        assert told_of(cases) == told_of(wanted), (told_of(cases), told_of(wanted))
        with open(os.path.join(out, "results", key + ".json"), encoding="utf-8") as file:
            points = json.load(file)["capture"]["points"]
        assert len(points) == 2 and names in (None, sorted(points)), points
        assert suite.ask(out, "SELECT count(*) FROM findings WHERE file IS NOT NULL AND capture_id = "
                              "(SELECT id FROM captures WHERE kind = 'points')") == [(0,)], "which file has it nobody knows"
    assert len(suite.ask(out, "SELECT path FROM files")) == len(rings)

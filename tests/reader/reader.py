#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""reader.py BUILD SOURCE [--only PREFIX]: the command tcptriage. Prints TAP.

Above all it says what the plugin says, of every capture here and of packets in all the clothes that it takes off.
"""

import glob
import gzip
import json
import os
import re
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [FOLDER, os.path.join(FOLDER, "..", "golden")]
import bad  # noqa: E402
import clothes  # noqa: E402
import live  # noqa: E402
import readme  # noqa: E402
import same  # noqa: E402
import scripts  # noqa: E402
import tap  # noqa: E402
import user  # noqa: E402

DRESSED = "rst-off-by-one-ignored.pcap"
QUIET = "tfo-healthy.pcap"
FINE, UNREAD, MISUSED, FOUND = 0, 1, 2, 3


class Reader:
    def __init__(self, build, source):
        self.both = same.Both(build)
        self.tools = self.both.tools
        self.build = build
        self.source = source
        self.lab = os.path.join(source, "captures", "lab")
        self.version = (self.run("--version")[1]).strip()

    def run(self, *arguments, data=None):
        """(status, output, errors)"""
        done = subprocess.run([self.both.command, *arguments], capture_output=True, input=data, cwd=self.tools.folder)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def report(self, *arguments, data=None):
        status, out, err = self.run("--json", *arguments, data=data)
        assert status in (FINE, FOUND), "status %d: %s" % (status, err)
        return json.loads(out)

    def capture(self, name=DRESSED):
        return os.path.join(self.lab, name)


def check_same(reader, capture, *options):
    found = reader.both.difference(capture, *options)
    assert not found, "\n".join(found)


def write(reader, name, link, frames):
    """A pcap file; `frames` are (record header, frame)."""
    path = reader.tools.path(name)
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1 if link is None else link))
        for record, frame in frames:
            file.write(record[:8] + struct.pack("<II", len(frame), len(frame)) + frame)
    os.chmod(path, 0o644)
    return path


def records_of(reader, name):
    path = bad.edit(reader.tools, "editcap", "%s.plain" % name, reader.capture(), bad.OUT)
    return [(record[:bad.RECORD_HEADER], record[bad.RECORD_HEADER:]) for record in bad.read_pcap(path)[1]]


def found_in(document):
    return {one["id"] for one in document["findings"]}


def check_dressed(reader, name, link, change):
    """The findings of the naked packets are there, and both say the same."""
    frames = [(record, dressed) for record, frame in records_of(reader, name) for dressed in change(frame)]
    path = write(reader, name + ".pcap", link, frames)
    check_same(reader, path)
    assert ("rst_ignored" in found_in(reader.report(path))) == (name not in clothes.CLOSED), "taken apart, or not"


def check_status(reader):
    """0, 3, 1, 2 as they are promised."""
    clean, broken = reader.capture(QUIET), reader.capture()
    assert reader.run("-q", broken)[0] == FOUND
    assert reader.run("-q", "--fail-on", "never", broken)[0] == FINE
    assert reader.run("-q", broken, "/nonexistent")[0] == UNREAD
    assert reader.run("-q")[0] == MISUSED
    assert reader.run("--min", "loud", broken)[0] == MISUSED
    assert reader.run("--fail-on", "chat", broken)[0] == MISUSED
    assert reader.run("--filter", "nobody", broken)[0] == MISUSED
    assert reader.run("--text", "--html", "x.html", broken)[0] == MISUSED
    assert reader.run("-o", "stall_seconds:0", broken)[0] == MISUSED
    assert reader.run("-o", "no_such:1", broken)[0] == MISUSED
    assert reader.run("--cut", "x.pcapng", "-")[0] == MISUSED
    document = reader.report(clean)
    severities = {one["severity"] for one in document["findings"]}
    assert reader.run("-q", clean)[0] == (FOUND if "warn" in severities else FINE)
    assert reader.run("-q", "--fail-on", "note", clean)[0] == (FOUND if severities & {"warn", "note"} else FINE)


def check_input(reader):
    """Standard input, compressed files, one cut in the middle, one of no known format."""
    with open(reader.capture(), "rb") as file:
        data = file.read()
    wanted = found_in(reader.report(reader.capture()))
    assert found_in(reader.report("-", data=data)) == wanted
    with open(reader.tools.path("packed.pcap.gz"), "wb") as file:
        file.write(gzip.compress(data))
    assert found_in(reader.report("packed.pcap.gz")) == wanted
    with open(reader.tools.path("cut-off.pcap"), "wb") as file:
        file.write(data[:-7])
    status, out, err = reader.run("--json", "cut-off.pcap")
    assert status == UNREAD and "Less data was read" in err and "rst_ignored" in out, (status, err)
    status, out, err = reader.run(os.path.join(reader.lab, "README.md"))
    assert status == UNREAD and not out and "README.md" in err, (status, err)


def check_several(reader):
    """Each file has a report of its own; one that cannot be read does not stop the others."""
    status, out, err = reader.run("--json", reader.capture(), "/nonexistent", reader.capture(QUIET))
    decoder, documents = json.JSONDecoder(), []
    while out.strip():
        out = out.strip()
        document, end = decoder.raw_decode(out)
        documents.append(document)
        out = out[end:]
    assert status == UNREAD and len(documents) == 2 and "/nonexistent" in err, (status, err)
    status, out, err = reader.run(reader.capture(), reader.capture(QUIET))
    assert [line for line in out.splitlines() if line.endswith(".pcap")] == [
        reader.capture(), reader.capture(QUIET)], out


def check_unread(reader):
    """What is of no link type that it knows is counted and told."""
    path = write(reader, "unread.pcap", 147, records_of(reader, "unread"))  # the first of those for private use
    status, _, err = reader.run(path)
    frames = len(records_of(reader, "unread"))
    assert status == UNREAD and "%d frames of link type" % frames in err and "were not read" in err, (status, err)


def check_filter(reader):
    document = reader.report(reader.capture())
    flow = document["findings"][0]["flow"]
    ends = [flow["server"], "%s/%d" % (flow["server"], flow["server_port"]), "/%d" % flow["server_port"], flow["client"]]
    for end in ends:
        assert found_in(reader.report("--filter", end, reader.capture())) == found_in(document), end
    for end in ("203.0.113.99", "/9", flow["server"] + "/9", "2001:db8::9"):
        assert not found_in(reader.report("--filter", end, reader.capture())), end
    assert found_in(reader.report("--filter", "/9", "--filter", flow["client"], reader.capture())) == found_in(document)


def check_minimum(reader):
    document = reader.report("--min", "warn", reader.capture())
    assert {one["severity"] for one in document["findings"]} == {"warn"}


def check_preference(reader):
    """-o is tshark's."""
    option = "tcptriage.receiver_stack:rfc793"
    options = ["-o", option]
    plugin = json.loads(reader.tools.tshark("-q", "-n", "-r", reader.tools.adopt(reader.capture(), "preference.pcap"),
                                            "-z", "tcptriage,json", *options))
    assert reader.report(*options, reader.capture())["findings"] == [
        {**one, "flow": {**one["flow"], "stream": None}} for one in plugin["findings"]]
    assert reader.report(reader.capture())["findings"] != reader.report(*options, reader.capture())["findings"]


def check_page(reader):
    path = reader.tools.path("page.html")
    status, _, err = reader.run("--html", path, reader.capture())
    with open(path, encoding="utf-8") as file:
        page = file.read()
    assert status == FOUND and page.startswith("<!DOCTYPE html>") and "<svg" in page, err
    beside = reader.tools.path("beside.html")
    assert reader.report("--html", beside, reader.capture()) == reader.report(reader.capture())
    with open(beside, encoding="utf-8") as file:
        assert file.read() == page, "another page beside --json"
    status, _, err = reader.run("--html", reader.capture(), reader.capture())
    assert status == UNREAD and "no page" in err, err


def check_cut(reader, capture):
    """Another capture with the connections that have a case: opens in stock tshark, and gives the plugin the same cases."""
    cut = reader.tools.path(os.path.basename(capture) + ".cut.pcapng")
    before = reader.report("--cut", cut, capture)
    os.chmod(cut, 0o644)
    after = json.loads(reader.tools.tshark("-q", "-r", cut, "-z", "tcptriage,json"))

    def told(document):
        return [(case["id"], case["severity"], case["blamed"], case["flow_count"]) for case in document["cases"]
                if case["severity"] != "chat"]

    assert told(before) == told(after), "%s\n%s" % (told(before), told(after))
    comments = reader.tools.tshark("-r", cut, "-Y", "frame.comment", "-T", "fields", "-e", "frame.comment", home="stock")
    for case in before["cases"]:
        assert "case %d, cause: " % case["number"] in comments or case["severity"] == "chat", comments


def check_readme(reader):
    """README.md's commands, the capture put in; what would have to be captured comes from a file."""
    found = readme.commands(reader.source, "tcptriage ", "tcpdump ")
    assert len(found) >= 5, found
    for line in found:
        line = re.sub(r"tcpdump .*- tcp", "cat FILE", line.replace("FILE...", "FILE")).replace("FILE", reader.capture())
        done = subprocess.run(["bash", "-o", "pipefail", "-c", line], capture_output=True, cwd=reader.tools.folder, text=True, timeout=300,
                              env={**os.environ, "PATH": os.path.dirname(reader.both.command) + ":" + os.environ["PATH"]})
        assert done.returncode in (FINE, FOUND) and done.stdout.strip() and not done.stderr, (line, done)


def check_cut_refused(reader):
    """The capture itself, or any other file that is there, is not written over."""
    with open(reader.capture(), "rb") as file:
        before = file.read()
    status, _, err = reader.run("--cut", reader.capture(), reader.capture())
    with open(reader.capture(), "rb") as file:
        assert file.read() == before and status == UNREAD and "already" in err, err


def block(kind, body):
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length


def check_cut_late_interface(reader):
    """An interface that is described behind the first packets."""
    described = block(1, struct.pack("<HHI", 1, 0, 0))
    out = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)) + described
    for number, (record, frame) in enumerate(records_of(reader, "late")):
        out += described if number == 4 else b""
        seconds, micros = struct.unpack_from("<II", record)
        at = seconds * 1000000 + micros
        out += block(6, struct.pack("<IIIII", number >= 4, at >> 32, at & 0xffffffff, len(frame), len(frame)) + frame +
                     bytes(-len(frame) % 4))
    path, cut = reader.tools.path("late.pcapng"), reader.tools.path("late-cut.pcapng")
    with open(path, "wb") as file:
        file.write(out)
    os.chmod(path, 0o644)
    check_same(reader, path)
    status, _, err = reader.run("-q", "-o", "capture_points:FALSE", "--cut", cut, path)
    assert status == FOUND and not err, (status, err)
    os.chmod(cut, 0o644)
    numbers = reader.tools.tshark("-r", cut, "-T", "fields", "-e", "frame.interface_id", home="stock").split()
    assert set(numbers) == {"0", "1"} and len(numbers) == len(records_of(reader, "late")), numbers


def check_cut_end(reader):
    """What is told from how long nothing came: a lone SYN, and days of another connection behind it, of which nothing is told."""
    lone = records_of(reader, "end")[0]
    acknowledgment = next(record[bad.RECORD_HEADER:] for record in bad.read_pcap(reader.capture(QUIET))[1]
                          if record[bad.RECORD_HEADER + 47] == 0x10)
    seconds, = struct.unpack_from("<I", lone[0])
    later = [(struct.pack("<II", seconds + 3600 + day * 80000, 0), acknowledgment) for day in range(4)]
    path = write(reader, "end.pcap", None, [lone] + later)
    assert [case["id"] for case in reader.report(path)["cases"] if case["severity"] != "chat"] == ["connection_failed"]
    check_cut(reader, path)


def check_help(reader):
    status, out, _ = reader.run("--help")
    for word in ("--json", "--html", "--cut", "--filter", "--fail-on", "Exit status"):
        assert word in out and status == FINE, word


def tests_of(reader):
    yield from [("/reader/status", check_status, reader), ("/reader/input", check_input, reader),
                ("/reader/several", check_several, reader), ("/reader/unread", check_unread, reader),
                ("/reader/filter", check_filter, reader), ("/reader/minimum", check_minimum, reader),
                ("/reader/preference", check_preference, reader), ("/reader/page", check_page, reader),
                ("/reader/readme", check_readme, reader), ("/reader/help", check_help, reader),
                ("/reader/cut-refused", check_cut_refused, reader), ("/reader/cut-late-interface", check_cut_late_interface, reader),
                ("/reader/cut-end", check_cut_end, reader)]
    yield from live.tests_of(reader)
    yield from user.tests_of(reader)
    for name in sorted(os.listdir(reader.lab)):
        if ".pcap" in name:
            yield "/reader/same/" + name, check_same, reader, reader.capture(name)
            yield "/reader/cut/" + name, check_cut, reader, reader.capture(name)
    for path in sorted(glob.glob(os.path.join(reader.lab, "..", "two-files", "*.pcap*"))):
        yield "/reader/same/" + os.path.basename(path), check_same, reader, path
    for name, _, capture, _, options in scripts.captures(reader.tools, reader.build, reader.source):
        yield "/reader/same/scenario/" + name, check_same, reader, capture, *options
    for name, (link, change) in clothes.ONE.items():
        yield "/reader/dressed/" + name, check_dressed, reader, name, link, lambda frame, change=change: [change(frame)]
    for name, change in clothes.SEVERAL.items():
        yield "/reader/dressed/" + name, check_dressed, reader, name, None, change


def main():
    build, source = map(os.path.abspath, sys.argv[1:3])
    prefix = sys.argv[4] if sys.argv[3:4] == ["--only"] else ""
    reader = Reader(build, source)
    try:
        return tap.run([test for test in tests_of(reader) if test[0].startswith(prefix)])
    finally:
        reader.tools.close()


if __name__ == "__main__":
    sys.exit(main() > 0)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that come while they are read: cases in lines of JSON, and an end by a signal without loss."""

import json
import os
import select
import signal
import struct
import subprocess
import time

GLOBAL_BYTES, RECORD_BYTES = 24, 16
WAIT_S = 60 # a busy machine is no failure


class Running:
    """The command, reading from a pipe."""

    def __init__(self, command, *arguments):
        self.process = subprocess.Popen([command, *arguments, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.out = b""

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def wait_for(self, text):
        """Read until a text shows."""
        until = time.monotonic() + WAIT_S
        while text not in self.out:
            left = until - time.monotonic()
            assert left > 0, "no %r in %d s: %r" % (text, WAIT_S, self.out)
            if select.select([self.process.stdout], [], [], left)[0]:
                data = os.read(self.process.stdout.fileno(), 65536)
                assert data, "it ended with %r" % self.out
                self.out += data

    def end_by(self, number):
        """(status, all output)"""
        self.process.send_signal(number)
        return self.end()

    def end(self):
        for data in iter(lambda: os.read(self.process.stdout.fileno(), 65536), b""):
            self.out += data
        status = self.process.wait(WAIT_S)
        self.process.stdin.close(), self.process.stdout.close(), self.process.stderr.close()
        return status, self.out.decode()


def lines_of(out):
    return [json.loads(line) for line in out.splitlines()]


def later(data, seconds):
    """Its last frame once more, so much later."""
    at = GLOBAL_BYTES
    while True:
        second, part, captured, reported = struct.unpack_from("<IIII", data, at)
        frame = data[at + RECORD_BYTES:at + RECORD_BYTES + captured]
        at += RECORD_BYTES + captured
        if at >= len(data):
            return struct.pack("<IIII", second + seconds, part, captured, reported) + frame


def told(document):
    return sorted((case["id"], case["blamed"], case["severity"], case["flow_count"], case["finding_count"],
                   tuple(case["cause_frames"])) for case in document)


def check_lines(reader, capture):
    """The same cases as in the report, and the same capture."""
    status, out, _ = reader.run("--follow", capture)
    lines, report = lines_of(out), reader.report("--min", "note", capture)
    assert [line["event"] for line in lines] == ["case"] * len(report["cases"]) + ["end"], out
    assert told(lines[:-1]) == told(report["cases"]), out
    assert [line["number"] for line in lines[:-1]] == list(range(1, len(lines))), out
    assert lines[-1]["capture"] == report["capture"], out
    assert status == reader.run("--json", capture)[0], status


def check_settles(reader, capture):
    """A case is told while the capture goes on, and once."""
    with open(capture, "rb") as file:
        data = file.read()
    cases = reader.report("--min", "note", capture)["cases"]
    running = Running(reader.both.command, "--follow")
    running.send(data)
    time.sleep(2) # it may be told by the clock of this machine: not so soon
    assert not select.select([running.process.stdout], [], [], 0)[0], "told before it has settled"
    running.send(later(data, 31))
    for case in cases:
        running.wait_for(b'"id":"%s"' % case["id"].encode())
    assert running.process.poll() is None
    running.process.stdin.close()
    status, out = running.end()
    lines = lines_of(out)
    assert [line["id"] for line in lines if line["event"] == "case"].count(cases[0]["id"]) == 1, out
    assert lines[-1]["event"] == "end", out


def check_signal(reader, capture, number, *arguments):
    """Who waits for a frame that does not come tells what there is, and ends as if the capture had."""
    with open(capture, "rb") as file:
        data = file.read()
    running = Running(reader.both.command, *arguments)
    running.send(data)
    time.sleep(0.5)
    status, out = running.end_by(number)
    expected = reader.run(*arguments, "-", data=data)
    assert (status, out) == expected[:2], "%d instead of %d: %s" % (status, expected[0], out)


def check_late(reader, capture):
    """What comes just behind the signal is read too: whoever sends the capture has got it as well."""
    with open(capture, "rb") as file:
        data = file.read()
    running = Running(reader.both.command, "--json")
    running.send(data[:GLOBAL_BYTES])
    time.sleep(0.5)
    running.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    running.send(data[GLOBAL_BYTES:])
    running.process.stdin.close()
    status, out = running.end()
    assert json.loads(out) == json.loads(reader.run("--json", "-", data=data)[1]), out


def check_together(reader):
    """Usage: what does not go together."""
    for other in (["--text"], ["--html", "page.html"], ["--cut", "cut.pcapng"]):
        status, _, err = reader.run("--follow", *other, "-")
        assert status == 2 and "--follow" in err, err


def tests_of(reader):
    capture, quiet = reader.capture(), reader.capture("tfo-healthy.pcap")
    yield from [("/reader/live/lines", check_lines, reader, capture), ("/reader/live/lines-quiet", check_lines, reader, quiet),
                ("/reader/live/settles", check_settles, reader, capture), ("/reader/live/late", check_late, reader, capture),
                ("/reader/live/together", check_together, reader)]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        yield "/reader/live/signal-" + number.name, check_signal, reader, capture, number, "--json"
    yield "/reader/live/signal-follow", check_signal, reader, capture, signal.SIGTERM, "--follow"

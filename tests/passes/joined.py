# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that together raise every finding, one behind the other in a file: reading it once shows all of them.

Each begins long after the one before it ends, so that little is remembered of that.
"""

import os
import struct
import subprocess

import bad
import controller
import findings
import scripts
import wrapped

APART_S = 1000  # more than any time that the plugin remembers pairs, hosts or closed connections for
BEGIN_S = 1700000000
WRAPPED = "fin-lost-server"  # a laboratory's capture with padded frames, to be seen in tunnels and pieces too
ONE_POINT, MANY_POINTS, HANDED_ON = "one-point", "many-points", "handed-on"
PIECE_BYTES = 24  # of payload of IPv4: a multiple of eight


def pieces(frame):
    """An IPv4 datagram in two fragments; a short one stays whole."""
    datagram = wrapped.inner(frame)
    header, payload = datagram[:20], datagram[20:]
    if len(payload) <= PIECE_BYTES:
        return [frame]
    made = []
    for at, part in ((0, payload[:PIECE_BYTES]), (PIECE_BYTES, payload[PIECE_BYTES:])):
        offset = at // 8 | (0 if at else 0x2000)
        words = header[:2] + struct.pack(">H", 20 + len(part)) + header[4:6] + struct.pack(">H", offset) + header[8:10]
        words += b"\0\0" + header[12:]
        made.append(frame[:14] + words[:10] + struct.pack(">H", wrapped.checksum(words)) + words[12:] + part)
    return made


def without_length(frame):
    """As a driver with segmentation offload hands it on: the IP header's length is zero."""
    header = frame[14:16] + b"\0\0" + frame[18:24] + b"\0\0" + frame[26:34]
    return [frame[:14] + header[:10] + struct.pack(">H", wrapped.checksum(header)) + header[12:] + frame[34:]]


def changed(golden, capture, name, change):
    """The capture with each frame made into several."""
    header, records = wrapped.frames_of(golden.tools, capture)
    made = [wrapped.dressed(record, frame) for record in records for frame in change(record[bad.RECORD_HEADER:])]
    return bad.write_pcap(golden.tools, "joined.%s.pcap" % name, header, made)


def dressed(golden, capture):
    """The capture in each of the clothes that Ethernet carries."""
    for name, (change, link, _) in wrapped.CLOTHES.items():
        if not link:
            yield changed(golden, capture, name, lambda frame, change=change: [change(frame)])


def inside(golden, capture):
    """The capture's frames as messages of a TCP connection, each cut in two."""
    header, records = wrapped.frames_of(golden.tools, capture)
    stream = controller.Stream()
    payloads = controller.cut([record[bad.RECORD_HEADER:] for record in records])
    carried = [wrapped.dressed(record, stream.carry(payload)) for record, payload in zip(records, payloads)]
    return bad.write_pcap(golden.tools, "joined.inside.pcap", header, carried)


def spans(captures):
    """(first, last) time of each capture."""
    text = subprocess.run(["capinfos", "-T", "-r", "-a", "-e", "-S", *captures], capture_output=True, text=True,
                          check=True).stdout
    return [tuple(map(float, line.split("\t")[-2:])) for line in text.splitlines()]


def interfaces(capture):
    text = subprocess.run(["capinfos", "-I", capture], capture_output=True, text=True, check=True).stdout
    return text.count("\nInterface #")


class Joined:
    """Captures one behind the other; `merged` interfaces as mergecap has it."""

    def __init__(self, golden, name, parts, options, merged):
        self.path, self.options = golden.tools.path(name), options
        moved, begin = [], BEGIN_S
        for number, (capture, (first, last)) in enumerate(zip(parts, spans(parts))):
            path = "%s.%d" % (self.path, number)
            subprocess.run(["editcap", "-F", "pcapng", "-t", "%.6f" % (begin - first), capture, path], check=True)
            moved.append(path)
            begin += last - first + APART_S
        subprocess.run(["mergecap", "-I", merged, "-a", "-w", self.path, *moved], check=True)
        os.chmod(self.path, 0o644)
        for path in moved:
            os.remove(path)


def make(golden):
    """({name: Joined}; the findings that later frames take back in some script)

    In one all is from one capture point. In one each script has points of its own: there the same addresses, ports and sequence
    numbers in the next script do not matter. The third is what other dissectors hand on to TCP."""
    first, taken_back = {}, set()
    for _, ident, capture, expected, options in scripts.captures(golden.tools, golden.build, golden.source):
        first.setdefault(ident, (capture, options))  # the first group has the hits
        taken_back |= {one.id for one in findings.read_expected(expected)[0] if one.when == "back"}
    every = [capture for capture, _ in first.values()]
    at_one = [capture for capture in every if interfaces(capture) == 1]
    options = [word for _, words in first.values() for word in words]
    lab = {name: capture for name, _, capture in golden.lab_captures()}[WRAPPED]
    handed_on = [*dressed(golden, lab), changed(golden, lab, "pieces", pieces),
                 changed(golden, lab, "without-length", without_length), inside(golden, lab)]
    openflow = ["-o", "openflow.tcp.port:%d" % controller.PORT]
    return {ONE_POINT: Joined(golden, ONE_POINT + ".pcapng", at_one, options, "any"),
            MANY_POINTS: Joined(golden, MANY_POINTS + ".pcapng", every, options, "all"),
            HANDED_ON: Joined(golden, HANDED_ON + ".pcapng", handed_on, openflow, "any")}, taken_back

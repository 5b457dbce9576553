# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that a switch hands to its controller (OpenFlow packet-in) over a TCP connection: frames with several TCP layers.

The findings are those of the packets themselves, whatever else is in the same frame, and wherever a message begins.
"""

import os
import struct

import bad
import findings
import wrapped

CAPTURES = ("rst-off-by-one-ignored", "fin-lost-server", "storm-without-tfo", "syn-filtered")
SWITCH, CONTROLLER, PORT = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]), 6653
CUT = 30  # bytes of a message that travel with the one before


def message(frame):
    """OFPT_PACKET_IN of OpenFlow 1.0."""
    return struct.pack(">BBHIIHHBB", 1, 10, 18 + len(frame), 0, 0xffffffff, len(frame), 1, 0, 0) + frame


def tcp(ports, seq, flags, payload):
    """A segment that has no checksum yet."""
    return struct.pack(">HHIIBBHHH", *ports, seq, 9001, 0x50, flags, 502, 0, 0) + payload


def ip(source, target, segment, number):
    total = wrapped.checksum(source + target + struct.pack(">HH", 6, len(segment)) + segment + bytes(len(segment) % 2))
    segment = segment[:16] + struct.pack(">H", total) + segment[18:]
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), number & 0xffff, 0, 64, 6, 0, source, target)
    return header[:10] + struct.pack(">H", wrapped.checksum(header)) + header[12:] + segment


class Stream:
    """The connection between switch and controller."""

    def __init__(self):
        self.seq, self.number = 1000, 0

    def carry(self, payload):
        self.number += 1
        frame = wrapped.ethernet(ip(SWITCH, CONTROLLER, tcp((40000, PORT), self.seq, 0x18, payload), self.number))
        self.seq += len(payload)
        return frame


def other_syn(number):
    """Another host's packet, which tells nothing."""
    return message(wrapped.ethernet(ip(bytes([203, 0, 113, 9]), bytes([203, 0, 113, 10]),
                                       tcp((10000 + number, 9), number * 1000, 0x02, b""), number)))


def malformed(number):
    """A packet whose payload ends its dissection: DNS over TCP with more questions than bytes."""
    payload = struct.pack(">HHHHHHH", 14, number, 0x0100, 9, 0, 0, 0) + b"\x3fab"
    return message(wrapped.ethernet(ip(bytes([203, 0, 113, 9]), bytes([203, 0, 113, 10]),
                                       tcp((53, 10000 + number), 1, 0x18, payload), number)))


def one_each(frames):
    return [message(frame) for frame in frames]


def behind_others(frames):
    """Every second message has another in front of it: the packet is the frame's third TCP layer, not its second."""
    return [(other_syn(number) if number % 2 else b"") + message(frame) for number, frame in enumerate(frames)]


def behind_malformed(frames):
    return [(malformed(number) if number % 2 else b"") + message(frame) for number, frame in enumerate(frames)]


def cut(frames):
    """Each message begins in the segment of the one before: it is put together from two."""
    messages = [message(frame) for frame in frames]
    return [messages[number][CUT if number else 0:] + (messages[number + 1][:CUT] if number + 1 < len(messages) else b"")
            for number in range(len(messages))]


WAYS = {"one-each": one_each, "behind-others": behind_others, "behind-malformed": behind_malformed, "cut": cut}


# What the carrying connection, of which one direction is made, and the others' SYNs say of themselves.
OWN = ("one_way_capture", "connection_failed")


def carried_only(pairs):
    return {pair for pair in pairs if pair[1] not in OWN}


def check(golden, capture, way):
    header, records = wrapped.frames_of(golden.tools, capture)
    stream = Stream()
    carried = [wrapped.dressed(record, stream.carry(payload))
               for record, payload in zip(records, WAYS[way]([record[bad.RECORD_HEADER:] for record in records]))]
    path = bad.write_pcap(golden.tools, "%s.packet-in-%s" % (os.path.basename(capture), way), header, carried)
    wanted = carried_only(wrapped.without_padding(findings.pairs(golden.frames(capture, "-2"))))
    shown = carried_only(wrapped.without_padding(wrapped.found_in(golden.tools, golden.names, golden.known, path, "-d",
                                                                  "tcp.port==%d,openflow" % PORT)))
    assert wanted, "nothing to compare"
    assert shown == wanted, "only there: %s, only without: %s" % (sorted(shown - wanted), sorted(wanted - shown))


def check_two_in_one(golden, capture):
    """Of two packets in a frame each item of the tree says whose it is, and the gravest finding comes first."""
    header, records = wrapped.frames_of(golden.tools, capture)
    stream = Stream()
    messages = [message(record[bad.RECORD_HEADER:]) for record in records] + [b""]
    carried = [wrapped.dressed(records[at], stream.carry(messages[at] + messages[at + 1])) for at in range(0, len(records), 2)]
    path = bad.write_pcap(golden.tools, "%s.two-in-one" % os.path.basename(capture), header, carried)
    options = "-2", "-d", "tcp.port==%d,openflow" % PORT
    frames = findings.read_frames(golden.tools, golden.names, golden.known, path, *options)
    assert any(len(set(frame.values.get("severity", []))) > 1 for frame in frames.values()), "no frame has several findings"
    problems = list(findings.order_problems(frames, golden.explains))
    assert not problems, "\n".join(problems)
    text = golden.tools.tshark("-r", path, *options, "-V")
    for name in ("10.0.0.1:40000 -> 10.0.0.2:6653", "192.0.2.10:40001 -> 198.51.100.20:80"):
        assert "\nTCP Triage, %s" % name in text, name
    assert "TCP Triage, " not in golden.tools.tshark("-r", capture, "-2", "-V"), "one layer is named too"


def tests(golden, captures):
    """`captures` by the laboratory's names."""
    for name in CAPTURES:
        for way in WAYS:
            yield "/golden/controller/%s/%s" % (name, way), check, golden, captures[name], way
    yield "/golden/controller/two-in-one", check_two_in_one, golden, captures["rst-in-window-challenged"]

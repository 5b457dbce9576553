# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets side by side in one frame (an aggregated 802.11 frame): TCP layers of which none is inside of another.

When a frame is dissected for the first time nothing tells that another packet will follow; when it is shown again all
that is known of it is shown together.
"""

import itertools
import os
import struct

import bad
import findings
import wrapped

CAPTURES = ("rst-off-by-one-ignored", "fin-lost-server", "storm-without-tfo")
LINK_802_11 = 105
QOS_DATA = b"\x88\0\0\0" + bytes.fromhex("020000000001020000000002020000000003") + b"\0\0\x80\0"  # of several packets
SNAP = bytes.fromhex("aaaa03000000") + b"\x08\0"


def aggregate(frames):
    """One 802.11 frame of several Ethernet frames."""
    made = QOS_DATA
    for at, frame in enumerate(frames):
        payload = SNAP + wrapped.inner(frame)
        made += frame[:12] + struct.pack(">H", len(payload)) + payload
        if at + 1 < len(frames):
            made += bytes(-(14 + len(payload)) % 4)
    return made


def in_twos(golden, capture):
    header, records = wrapped.frames_of(golden.tools, capture)
    frames = [record[bad.RECORD_HEADER:] for record in records]
    made = [wrapped.dressed(records[at], aggregate(frames[at:at + 2])) for at in range(0, len(records), 2)]
    return bad.write_pcap(golden.tools, "%s.brothers" % os.path.basename(capture),
                          header[:20] + struct.pack("<I", LINK_802_11), made)


def check(golden, capture):
    """Two passes show what the packets show one by one; one pass shows the same, but for what the end tells."""
    path = in_twos(golden, capture)
    plain = {options: findings.pairs(golden.frames(capture, *options)) for options in ((), ("-2",))}
    for options, pairs in plain.items():
        wanted = wrapped.without_padding({((number + 1) // 2, ident) for number, ident in pairs})
        shown = wrapped.without_padding(findings.pairs(findings.read_frames(
            golden.tools, golden.names, golden.known, path, *options)))
        assert wanted, "nothing to compare"
        assert shown == wanted, "%s only there: %s, only without: %s" % (options, sorted(shown - wanted), sorted(wanted - shown))


def check_shown_again(golden, capture):
    """Each item says whose it is, and the gravest finding comes first."""
    path = in_twos(golden, capture)
    frames = findings.read_frames(golden.tools, golden.names, golden.known, path, "-2")
    problems = list(findings.order_problems(frames, golden.explains))
    assert not problems, "\n".join(problems)
    text = golden.tools.tshark("-r", path, "-2", "-V")
    alone = len(bad.read_pcap(path)[1]) * 2 - len(bad.read_pcap(capture)[1])
    unnamed = [line for line in text.splitlines() if line.startswith("TCP Triage") and "TCP Triage, " not in line]
    assert text.count("\nTCP Triage, ") > 10 and len(unnamed) == alone, unnamed


def check_first_time(golden, capture):
    """The second packet of a frame is named, as there was one before it."""
    text = golden.tools.tshark("-r", in_twos(golden, capture), "-V")
    for frame in text.split("\nFrame ")[:-1]:
        names = [line for line in frame.splitlines() if line.startswith("TCP Triage")]
        assert len(names) == 2 and "TCP Triage, " in names[1], names


def tests(golden, captures):
    for name, test in itertools.product(CAPTURES, (check, check_shown_again, check_first_time)):
        if name in captures:
            yield "/golden/brothers/%s/%s" % (name, test.__name__.replace("check_", "").replace("_", "-")), test, golden, captures[name]

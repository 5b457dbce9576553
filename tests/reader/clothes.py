# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets of Ethernet and IPv4 in other clothes: what the decapsulator takes off."""

import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from wrapped import checksum, ethernet, inner, ipv4  # noqa: E402

OUTER6 = bytes.fromhex("20010db8000000000000000000000001" "20010db8000000000000000000000002")
LLC = b"\xaa\xaa\x03\0\0\0"


def ipv6(protocol, payload):
    return struct.pack(">IHBB", 0x60000000, len(payload), protocol, 64) + OUTER6 + payload


def ethernet6(datagram):
    return bytes.fromhex("020000000002020000000001") + b"\x86\xdd" + datagram


def udp(port, payload):
    return struct.pack(">HHHH", 49152, port, 8 + len(payload), 0) + payload


def over_udp(port, payload):
    return ethernet(ipv4(17, udp(port, payload)))


def l2tp_of(length, frame):
    """L2TP that says it is so long, its header of eight bytes included."""
    return over_udp(1701, struct.pack(">HHHH", 0x4002, length, 7, 9) + b"\0\x21" + inner(frame))


def gre(flags, kind, options, payload):
    return ethernet(ipv4(47, struct.pack(">HH", flags, kind) + options + payload))


def data_frame(payload, control=b"\x08\x01", more=b""):
    return control + b"\0\0" + bytes(18) + b"\x10\0" + more + payload


def aggregate(datagram):
    """Two subframes: something else first, padded to four bytes."""
    other = LLC + b"\x88\xb5" + b"any"
    first = bytes(12) + struct.pack(">H", len(other)) + other
    first += bytes(-len(first) % 4)
    rest = LLC + b"\x08\0" + datagram
    return first + bytes(12) + struct.pack(">H", len(rest)) + rest


def radiotap(frame, padded):
    # Time stamp and flags are present; the flags say whether the 802.11 header is padded.
    return struct.pack("<BBHI", 0, 0, 17, 3) + bytes(8) + bytes([0x20 if padded else 0]) + frame


def sll2(datagram):
    return struct.pack(">HHIHBB8s", 0x0800, 0, 3, 1, 0, 6, b"\2\0\0\0\0\1\0\0") + datagram


# name -> (link type or None for Ethernet, frame -> frames)
ONE = {
    "vlan": (None, lambda f: f[:12] + b"\x81\0\0\x07" + f[12:]),
    "qinq": (None, lambda f: f[:12] + b"\x88\xa8\0\x05\x81\0\0\x07" + f[12:]),
    "llc-snap": (None, lambda f: f[:12] + struct.pack(">H", 8 + len(inner(f))) + LLC + b"\x08\0" + inner(f)),
    "vntag": (None, lambda f: f[:12] + b"\x89\x26" + bytes(4) + f[12:]),
    "backbone": (None, lambda f: f[:12] + b"\x88\xe7" + bytes(4) + f),
    "mpls": (None, lambda f: f[:12] + b"\x88\x47" + b"\0\x01\0\x40" + b"\0\x02\1\x40" + inner(f)),
    "mpls-ethernet": (None, lambda f: f[:12] + b"\x88\x47" + b"\0\x02\1\x40" + bytes(4) + f),
    "pppoe": (None, lambda f: f[:12] + b"\x88\x64" + b"\x11\0\0\1" + struct.pack(">H", 2 + len(inner(f))) + b"\0\x21" + inner(f)),
    "pppoe-chdlc": (None, lambda f: f[:12] + b"\x88\x64" + b"\x11\0\0\1" + struct.pack(">H", 4 + len(inner(f))) + b"\x0f\0\x08\0" + inner(f)),
    "ip-in-ip": (None, lambda f: ethernet(ipv4(4, inner(f)))),
    "ip-in-ipv6": (None, lambda f: ethernet6(ipv6(4, inner(f)))),
    "mpls-in-ip": (None, lambda f: ethernet(ipv4(137, b"\0\x02\1\x40" + inner(f)))),
    "gre": (None, lambda f: gre(0, 0x0800, b"", inner(f))),
    "gre-options": (None, lambda f: gre(0xb000, 0x6558, bytes(12), f)),
    "gre-pptp": (None, lambda f: gre(0x3081, 0x880b, struct.pack(">HHII", 4 + len(inner(f)), 7, 1, 1), b"\xff\x03\0\x21" + inner(f))),
    "erspan-2": (None, lambda f: gre(0x1000, 0x88be, bytes(4), b"\x10\0\0\0\0\0\0\0" + f)),
    "erspan-3": (None, lambda f: gre(0x1000, 0x22eb, bytes(4), b"\x20\0\0\0" + bytes(8) + f)),
    "vxlan": (None, lambda f: over_udp(4789, struct.pack(">II", 0x08000000, 42 << 8) + f)),
    "vxlan-gpe": (None, lambda f: over_udp(4790, struct.pack(">II", 0x0c000001, 42 << 8) + inner(f))),
    "geneve": (None, lambda f: over_udp(6081, struct.pack(">BBHI", 2, 0, 0x6558, 42 << 8) + b"\1\2\3\1abcd" + f)),
    "gtp-u": (None, lambda f: over_udp(2152, struct.pack(">BBHI", 0x34, 255, len(inner(f)) + 8, 7) + b"\0\1\0\x85" + b"\1\0\0\0" + inner(f))),
    "vxlan-from-l2tp": (None, lambda f: ethernet(ipv4(17, struct.pack(">HHHHII", 1701, 4789, 16 + len(f), 0, 0x08000000, 42 << 8) + f))),
    "l2tp": (None, lambda f: over_udp(1701, struct.pack(">HHH", 0x0002, 7, 9) + b"\0\x21" + inner(f))),
    "l2tp-options": (None, lambda f: over_udp(1701, struct.pack(">HHHHHHH", 0x4a02, 22 + len(inner(f)), 7, 9, 1, 1, 4) + bytes(4) + b"\xff\x03\0\x21" + inner(f))),
    "l2tp-ends-early": (None, lambda f: l2tp_of(8 + 2 + 20 + 10, f)),
    "l2tp-ends-late": (None, lambda f: l2tp_of(0xffff, f)),
    "l2tp-ends-in-its-header": (None, lambda f: l2tp_of(3, f)),
    "gre-in-udp": (None, lambda f: over_udp(4754, b"\0\0\x08\0" + inner(f))),
    "teredo": (None, lambda f: over_udp(3544, b"\0\0\x12\x34\1\2\3\4" + ipv6(4, inner(f)))),
    "extensions": (None, lambda f: ethernet6(ipv6(0, b"\x3c\0\1\4\0\0\0\0" + b"\x04\0\1\4\0\0\0\0" + inner(f)))),
    "raw": (101, inner),
    "null": (0, lambda f: b"\2\0\0\0" + inner(f)),
    "loop": (108, lambda f: b"\0\0\0\2" + inner(f)),
    "ppp": (9, lambda f: b"\xff\x03\0\x21" + inner(f)),
    "ppp-short": (9, lambda f: b"\x21" + inner(f)),
    "ppp-chdlc": (9, lambda f: b"\x0f\0\x08\0" + inner(f)),
    "chdlc": (104, lambda f: b"\x0f\0\x08\0" + inner(f)),
    "cooked": (113, lambda f: struct.pack(">HHH8s", 0, 1, 6, f[6:12]) + b"\x08\0" + inner(f)),
    "cooked-2": (276, lambda f: sll2(inner(f))),
    "fddi": (10, lambda f: b"\x50" + f[:12] + LLC + b"\x08\0" + inner(f)),
    "dot11": (105, lambda f: data_frame(LLC + b"\x08\0" + inner(f))),
    "dot11-four-addresses": (105, lambda f: data_frame(LLC + b"\x08\0" + inner(f), b"\x08\x03", bytes(6))),
    "dot11-aggregate": (105, lambda f: data_frame(aggregate(inner(f)), b"\x88\x01", b"\x80\0")),
    "radiotap": (127, lambda f: radiotap(data_frame(LLC + b"\x08\0" + inner(f)), False)),
    "radiotap-padded": (127, lambda f: radiotap(data_frame(LLC + b"\x08\0" + inner(f), b"\x88\x01", b"\0\0" + b"\0\0"), True)),
    "nflog": (239, lambda f: b"\2\0\0\0" + struct.pack("<HH", 8, 1) + b"\x08\0\0\0" + struct.pack("<HH", 4 + len(inner(f)), 9) + inner(f)),
}


def fragments4(frame, step=24):
    """The datagram in pieces."""
    datagram = inner(frame)
    header, payload = datagram[:(datagram[0] & 15) * 4], datagram[(datagram[0] & 15) * 4:]
    pieces = []
    for at in range(0, len(payload), step):
        part = payload[at:at + step]
        more = 0x2000 if at + step < len(payload) else 0
        head = header[:2] + struct.pack(">HHH", len(header) + len(part), CLOCK.next(), at // 8 | more) + header[8:10] + b"\0\0" + header[12:]
        pieces.append(ethernet(head[:10] + struct.pack(">H", checksum(head)) + head[12:] + part))
    return pieces


class Clock:
    """The IP ID that a datagram's pieces share."""

    def __init__(self):
        self.number = 0

    def next(self):
        return self.number & 0xffff


CLOCK = Clock()


def in_pieces(change):
    def several(frame):
        CLOCK.number += 1
        return change(fragments4(frame))
    return several


def fragments6(frame, step=40):
    """A tunnel over IPv6 whose packets are in pieces."""
    payload = inner(frame)
    CLOCK.number += 1
    return [ethernet6(ipv6(44, struct.pack(">BBHI", 4, 0, at | (at + step < len(payload)), CLOCK.number) + payload[at:at + step]))
            for at in range(0, len(payload), step)]


SEVERAL = {
    "fragments": in_pieces(lambda pieces: pieces),
    "fragments-reversed": in_pieces(lambda pieces: pieces[::-1]),
    "fragments-doubled": in_pieces(lambda pieces: [pieces[0]] + pieces),
    "fragments-one-missing": in_pieces(lambda pieces: pieces[:1] + pieces[2:]),
    "fragments-ipv6": fragments6,
}

# What of these must not be taken apart to the connection: the plugin does not, either.
CLOSED = {"fragments-one-missing", "l2tp-ends-early", "l2tp-ends-in-its-header", "pppoe-chdlc"}

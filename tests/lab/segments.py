# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP segments as bytes: read a capture, look into a frame, make or damage one.

Only what the laboratory needs: Ethernet without tags, IPv4, TCP.
"""

import struct
from dataclasses import dataclass

ETHERNET = 14
ETHERNET_MINIMUM = 60  # without the frame check sequence, which no tap shows
FLAG_BITS = (("F", 1), ("S", 2), ("R", 4), ("P", 8), ("A", 16), ("U", 32))


def internet_sum(data):
    """Folded one's complement sum (RFC 1071), not inverted."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def sequence_delta(a, b):
    """a - b on 32-bit sequence numbers, signed."""
    return ((a - b + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


@dataclass
class Segment:
    """One TCP segment; `frame` counts from 1, `time_ns` is absolute."""

    raw: bytes
    frame: int
    time_ns: int
    src: str
    dst: str
    sport: int
    dport: int
    seq: int
    ack: int
    flags: str
    window: int
    options: dict
    payload: bytes
    ip_len: int
    ip_header: int

    @property
    def length(self):
        return len(self.payload)

    @property
    def end_seq(self):
        return (self.seq + self.length + ("S" in self.flags) + ("F" in self.flags)) & 0xFFFFFFFF

    @property
    def pad(self):
        """Bytes behind the datagram in this frame."""
        return len(self.raw) - ETHERNET - self.ip_len

    @property
    def is_short(self):
        """Would Ethernet have to pad this datagram?"""
        return self.ip_len < ETHERNET_MINIMUM - ETHERNET

    @property
    def is_bare_ack(self):
        return self.flags == "A" and not self.payload

    def has(self, flags):
        return all(flag in self.flags for flag in flags)

    def checksum_good(self, with_padding=False):
        """Does the checksum fit the datagram (or the datagram and its padding)?"""
        start = ETHERNET + self.ip_header
        end = len(self.raw) if with_padding else ETHERNET + self.ip_len
        return internet_sum(pseudo_header(self.raw, end - start) + self.raw[start:end]) == 0xFFFF

    def same_packet(self, other):
        """The same packet seen elsewhere: equal datagrams, padding aside."""
        return (self.raw[ETHERNET:ETHERNET + self.ip_len]
                == other.raw[ETHERNET:ETHERNET + other.ip_len])


def pseudo_header(raw, tcp_length):
    return raw[ETHERNET + 12:ETHERNET + 20] + struct.pack("!BBH", 0, 6, tcp_length)


def parse_options(data):
    """TCP options by kind; unknown kinds keep their bytes."""
    found, at = {}, 0
    while at < len(data):
        kind = data[at]
        if kind == 0:
            break
        if kind == 1:
            at += 1
            continue
        if at + 1 >= len(data) or data[at + 1] < 2:
            break
        body = data[at + 2:at + data[at + 1]]
        if kind == 3:
            found["wscale"] = body[0]
        elif kind == 5:
            edges = struct.unpack("!%dI" % (len(body) // 4), body)
            found["sack"] = list(zip(edges[::2], edges[1::2]))
        elif kind == 8:
            found["ts"] = struct.unpack("!II", body)
        elif kind == 34:
            found["fastopen"] = body
        else:
            found[kind] = body
        at += data[at + 1]
    return found


def parse(raw, frame=0, time_ns=0):
    """The segment in a frame, or None if the frame holds no TCP over IPv4."""
    if len(raw) < ETHERNET + 40 or raw[12:14] != b"\x08\x00" or raw[ETHERNET + 9] != 6:
        return None
    ip_header = (raw[ETHERNET] & 15) * 4
    ip_len = struct.unpack_from("!H", raw, ETHERNET + 2)[0]
    tcp = raw[ETHERNET + ip_header:ETHERNET + ip_len]
    sport, dport, seq, ack, offset, bits, window = struct.unpack_from("!HHIIBBH", tcp)
    header = (offset >> 4) * 4
    dotted = ".".join
    return Segment(
        raw=raw, frame=frame, time_ns=time_ns,
        src=dotted(map(str, raw[ETHERNET + 12:ETHERNET + 16])),
        dst=dotted(map(str, raw[ETHERNET + 16:ETHERNET + 20])),
        sport=sport, dport=dport, seq=seq, ack=ack,
        flags="".join(name for name, bit in FLAG_BITS if bits & bit), window=window,
        options=parse_options(tcp[20:header]), payload=tcp[header:],
        ip_len=ip_len, ip_header=ip_header)


def with_checksum(raw, with_padding=False):
    """The frame with its TCP checksum made right (or made wrong the way a
    sender does that counts the padding in)."""
    ip_header = (raw[ETHERNET] & 15) * 4
    ip_len = struct.unpack_from("!H", raw, ETHERNET + 2)[0]
    start = ETHERNET + ip_header
    end = len(raw) if with_padding else ETHERNET + ip_len
    out = bytearray(raw)
    out[start + 16:start + 18] = b"\0\0"
    total = internet_sum(pseudo_header(raw, end - start) + bytes(out[start:end]))
    struct.pack_into("!H", out, start + 16, ~total & 0xFFFF)
    return bytes(out)


def make(like, flags, seq, ack=0, window=0):
    """A bare segment from the sender of `like`: no options, no payload."""
    bits = sum(bit for name, bit in FLAG_BITS if name in flags)
    ip = bytearray(like.raw[ETHERNET:ETHERNET + 20])
    ip[0] = 0x45
    struct.pack_into("!HHH", ip, 2, 40, 0, 0x4000)
    ip[10:12] = b"\0\0"
    struct.pack_into("!H", ip, 10, ~internet_sum(bytes(ip)) & 0xFFFF)
    tcp = struct.pack("!HHIIBBHHH", like.sport, like.dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
                      5 << 4, bits, window, 0, 0)
    return with_checksum(like.raw[:ETHERNET] + bytes(ip) + tcp)


def readdressed(raw, port, address=None):
    """The frame from another source port, and perhaps another address."""
    out = bytearray(raw)
    tcp = ETHERNET + (raw[ETHERNET] & 15) * 4
    struct.pack_into("!H", out, tcp, port)
    if address:
        out[ETHERNET + 12:ETHERNET + 16] = bytes(map(int, address.split(".")))
        out[ETHERNET + 10:ETHERNET + 12] = b"\0\0"
        struct.pack_into("!H", out, ETHERNET + 10,
                         ~internet_sum(bytes(out[ETHERNET:tcp])) & 0xFFFF)
    return with_checksum(bytes(out))


def with_flags(segment, flags):
    """The same segment, only its flags are others."""
    out = bytearray(segment.raw)
    out[ETHERNET + segment.ip_header + 13] = sum(bit for name, bit in FLAG_BITS if name in flags)
    return with_checksum(bytes(out))


def rewritten(segment, seq=0, ack=0, tsval=0, tsecr=0):
    """The same segment with its numbers shifted, as a device does that gives a
    flow other sequence numbers or a clock of its own."""
    out = bytearray(segment.raw)
    tcp = ETHERNET + segment.ip_header

    def shift(at, delta):
        value = struct.unpack_from("!I", out, at)[0]
        struct.pack_into("!I", out, at, (value + delta) & 0xFFFFFFFF)

    shift(tcp + 4, seq)
    if segment.has("A"):
        shift(tcp + 8, ack)
    if "ts" in segment.options:
        at = tcp + 20
        while out[at] != 8:
            at += 1 if out[at] == 1 else out[at + 1]
        shift(at + 2, tsval)
        if segment.has("A"):
            shift(at + 6, tsecr)
    return with_checksum(bytes(out))


def padded(raw):
    """The frame as Ethernet would carry it."""
    return raw.ljust(ETHERNET_MINIMUM, b"\0")


def read_capture(path):
    """All TCP segments of a nanosecond pcap file, frames numbered from 1."""
    with open(path, "rb") as stream:
        data = stream.read()
    if struct.unpack_from("<I", data)[0] != 0xA1B23C4D:
        raise ValueError("%s: not a little-endian nanosecond pcap" % path)
    segments, at, frame = [], 24, 0
    while at + 16 <= len(data):
        seconds, nanoseconds, captured, _ = struct.unpack_from("<IIII", data, at)
        at += 16
        frame += 1
        segment = parse(data[at:at + captured], frame, seconds * 10**9 + nanoseconds)
        if segment is None:
            raise ValueError("%s: frame %d is not TCP over IPv4" % (path, frame))
        segments.append(segment)
        at += captured
    return segments


def block(kind, body):
    """A pcapng block."""
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng_option(code, value):
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def write_pcapng(path, interfaces, frames):
    """A capture with several interfaces; frames are (interface number, segment)."""
    nanoseconds, ethernet = b"\x09", 1
    with open(path, "wb") as stream:
        stream.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        for name in interfaces:
            stream.write(block(1, struct.pack("<HHI", ethernet, 0, 262144)
                               + pcapng_option(2, name.encode()) + pcapng_option(9, nanoseconds)
                               + pcapng_option(0, b"")))
        for interface, segment in frames:
            stream.write(block(6, struct.pack("<IIIII", interface, segment.time_ns >> 32,
                                              segment.time_ns & 0xFFFFFFFF, len(segment.raw),
                                              len(segment.raw)) + segment.raw))

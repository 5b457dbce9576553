# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP segments as bytes: read a capture, look into a frame, make or damage one.

Only what the laboratory needs: Ethernet without tags, IPv4 or IPv6 without
extension headers, TCP; and all that in VXLAN.
"""

import socket
import struct
from dataclasses import dataclass

ETHERNET = 14
IPV6_HEADER = 40
VXLAN_PORT, VXLAN_OUTER = 4789, ETHERNET + 20 + 8 + 8
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
    """One TCP segment; `frame` counts from 1, `time_ns` is absolute. `raw` is
    the frame without what a tunnel has put before it, which is `outer`."""

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
    outer: bytes = b""

    @property
    def whole(self):
        """The frame as it was captured."""
        return self.outer + self.raw

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
    if raw[12:14] == b"\x86\xdd":
        return raw[ETHERNET + 8:ETHERNET + 40] + struct.pack("!II", tcp_length, 6)
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


def behind_vxlan(raw):
    """(the frame inside VXLAN over IPv4, what stands before it), or the frame itself."""
    if (len(raw) > VXLAN_OUTER and raw[12:15] == b"\x08\x00\x45" and raw[ETHERNET + 9] == 17
            and struct.unpack_from("!H", raw, ETHERNET + 22)[0] == VXLAN_PORT):
        return raw[VXLAN_OUTER:], raw[:VXLAN_OUTER]
    return raw, b""


def internet_layer(raw):
    """(protocol, header length, datagram length, address family, both addresses)."""
    if raw[12:14] == b"\x08\x00" and len(raw) >= ETHERNET + 40:
        return (raw[ETHERNET + 9], (raw[ETHERNET] & 15) * 4, struct.unpack_from("!H", raw, ETHERNET + 2)[0],
                socket.AF_INET, raw[ETHERNET + 12:ETHERNET + 20])
    if raw[12:14] == b"\x86\xdd" and len(raw) >= ETHERNET + IPV6_HEADER + 20:
        return (raw[ETHERNET + 6], IPV6_HEADER,
                IPV6_HEADER + struct.unpack_from("!H", raw, ETHERNET + 4)[0],
                socket.AF_INET6, raw[ETHERNET + 8:ETHERNET + 40])
    return None, 0, 0, 0, b""


def parse(raw, frame=0, time_ns=0):
    """The segment in a frame, or None if the frame holds no TCP."""
    raw, outer = behind_vxlan(raw)
    protocol, ip_header, ip_len, family, addresses = internet_layer(raw)
    if protocol != 6:
        return None
    tcp = raw[ETHERNET + ip_header:ETHERNET + ip_len]
    sport, dport, seq, ack, offset, bits, window = struct.unpack_from("!HHIIBBH", tcp)
    header = (offset >> 4) * 4
    half = len(addresses) // 2
    return Segment(
        raw=raw, outer=outer, frame=frame, time_ns=time_ns,
        src=socket.inet_ntop(family, addresses[:half]), dst=socket.inet_ntop(family, addresses[half:]),
        sport=sport, dport=dport, seq=seq, ack=ack,
        flags="".join(name for name, bit in FLAG_BITS if bits & bit), window=window,
        options=parse_options(tcp[20:header]), payload=tcp[header:],
        ip_len=ip_len, ip_header=ip_header)


def with_checksum(raw, with_padding=False):
    """The frame with its TCP checksum made right (or made wrong the way a
    sender does that counts the padding in)."""
    _, ip_header, ip_len, _, _ = internet_layer(raw)
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


def with_header_checksum(raw):
    """The frame with its IPv4 header checksum made right."""
    out = bytearray(raw)
    out[ETHERNET + 10:ETHERNET + 12] = b"\0\0"
    header = bytes(out[ETHERNET:ETHERNET + (raw[ETHERNET] & 15) * 4])
    struct.pack_into("!H", out, ETHERNET + 10, ~internet_sum(header) & 0xFFFF)
    return bytes(out)


def readdressed(raw, port, address=None, destination=False):
    """The frame from another source port, and perhaps another address; or to another destination."""
    out = bytearray(raw)
    tcp = ETHERNET + (raw[ETHERNET] & 15) * 4
    struct.pack_into("!H", out, tcp + 2 * destination, port)
    if address:
        at = ETHERNET + 12 + 4 * destination
        out[at:at + 4] = bytes(map(int, address.split(".")))
    return with_checksum(with_header_checksum(bytes(out)) if address else bytes(out))


def routed(raw, mac):
    """The frame as a router passes it on: other source MAC, one hop less to live, no padding."""
    _, _, ip_len, family, _ = internet_layer(raw)
    out = bytearray(raw[:ETHERNET + ip_len])
    out[6:12] = bytes.fromhex(mac.replace(":", ""))
    out[ETHERNET + (8 if family == socket.AF_INET else 7)] -= 1
    return with_header_checksum(bytes(out)) if family == socket.AF_INET else bytes(out)


def without_options(segment):
    """The frame without TCP options."""
    tcp = ETHERNET + segment.ip_header
    out = bytearray(segment.raw[:tcp + 20] + segment.payload)
    out[tcp + 12] = 5 << 4 | out[tcp + 12] & 15
    struct.pack_into("!H", out, ETHERNET + 2, len(out) - ETHERNET)
    return with_checksum(with_header_checksum(bytes(out)))


def scrubbed(raw, mss, identification):
    """The frame as a normalising firewall passes it on: smaller MSS in a SYN, no DF, an IP ID of its own."""
    segment = parse(raw)
    out = bytearray(raw)
    struct.pack_into("!HH", out, ETHERNET + 4, identification & 0xFFFF, 0)
    if segment.has("S"):
        at = ETHERNET + segment.ip_header + 20
        while out[at] != 2:
            at += 1 if out[at] == 1 else out[at + 1]
        struct.pack_into("!H", out, at + 2, mss)
    return with_checksum(with_header_checksum(bytes(out)))


def cut(segment, mss):
    """The frames that a network card makes of a segment that is too long for one."""
    tcp = ETHERNET + segment.ip_header
    header = tcp + (segment.raw[tcp + 12] >> 4) * 4
    pieces = []
    for number, at in enumerate(range(0, max(segment.length, 1), mss)):
        payload = segment.payload[at:at + mss]
        out = bytearray(segment.raw[:header] + payload)
        identification = struct.unpack_from("!H", out, ETHERNET + 4)[0]
        struct.pack_into("!HH", out, ETHERNET + 2, len(out) - ETHERNET, (identification + number) & 0xFFFF)
        struct.pack_into("!I", out, tcp + 4, (segment.seq + at) & 0xFFFFFFFF)
        if at + mss < segment.length:
            out[tcp + 13] &= ~9  # FIN and PSH go with the last
        pieces.append(with_checksum(with_header_checksum(bytes(out))))
    return pieces


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


def is_icmp(raw):
    """Is this frame an ICMP message over IPv4?"""
    return raw[12:14] == b"\x08\x00" and len(raw) > ETHERNET + 20 and raw[ETHERNET + 9] == 1


def read_capture(path, icmp):
    """All TCP segments of a nanosecond pcap file, frames numbered from 1; the numbers of ICMP messages go to `icmp`."""
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
        if segment is None and is_icmp(data[at:at + captured]):
            icmp.append(frame)
            at += captured
            continue
        if segment is None:
            raise ValueError("%s: frame %d is not TCP" % (path, frame))
        segments.append(segment)
        at += captured
    return segments


def write_capture(path, capture):
    """A nanosecond pcap file."""
    with open(path, "wb") as stream:
        stream.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for segment in capture:
            stream.write(struct.pack("<IIII", *divmod(segment.time_ns, 10**9), len(segment.whole),
                                     len(segment.whole)) + segment.whole)


def write_cooked(path, frames):
    """A pcap as a capture on "any" device has it (LINKTYPE_LINUX_SLL2); frames are (interface index, segment)."""
    with open(path, "wb") as stream:
        stream.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 276))
        for index, segment in frames:
            outgoing, ethernet_type = 4, segment.raw[12:14]
            packet = (ethernet_type + struct.pack("!HIHBB", 0, index, 1, outgoing, 6) + segment.raw[6:12] + b"\0\0"
                      + segment.raw[ETHERNET:])
            stream.write(struct.pack("<IIII", *divmod(segment.time_ns, 10**9), len(packet), len(packet)) + packet)


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
                                              segment.time_ns & 0xFFFFFFFF, len(segment.whole),
                                              len(segment.whole)) + segment.whole))

# SPDX-License-Identifier: GPL-2.0-or-later
"""The TCP datagrams of a capture file, as a tracker would be handed them."""

import struct

import packets

ETHERNET = 14
SECTION_HEADER, ENHANCED_PACKET = 0x0A0D0D0A, 6


def frames(path):
    """(capture point, frame) of a little-endian pcap or pcapng file."""
    with open(path, "rb") as stream:
        data = stream.read()
    if struct.unpack_from("<I", data)[0] == SECTION_HEADER:
        at = 0
        while at + 12 <= len(data):
            kind, length = struct.unpack_from("<II", data, at)
            if kind == ENHANCED_PACKET:
                point, _, _, captured = struct.unpack_from("<IIII", data, at + 8)
                yield point, data[at + 28:at + 28 + captured]
            at += length
        return
    at = 24
    while at + 16 <= len(data):
        captured = struct.unpack_from("<I", data, at + 8)[0]
        yield 0, data[at + 16:at + 16 + captured]
        at += 16 + captured


def with_good_sum(data, header):
    """The datagram, its checksum made right if offload had left the pseudo-header's sum there."""
    pseudo = data[12:20] + struct.pack("!HH", packets.PSEUDO_TCP, len(data) - header)
    if data[header + 16:header + 18] != struct.pack("!H", ~packets.internet_sum(pseudo) & 0xFFFF):
        return data
    blank = data[header:header + 16] + b"\0\0" + data[header + 18:]
    right = struct.pack("!H", packets.internet_sum(pseudo + blank))
    return data[:header + 16] + right + data[header + 18:]


def datagrams(path):
    """(point, IPv4 datagram) of each TCP frame, point by point, padding cut off."""
    found = []
    for point, raw in frames(path):
        data = raw[ETHERNET:]
        if raw[12:14] != b"\x08\x00" or len(data) < 40 or data[9] != packets.PSEUDO_TCP:
            continue
        header, total = (data[0] & 15) * 4, struct.unpack_from("!H", data, 2)[0]
        found.append((point, with_good_sum(data[:total], header)))
    return sorted(found, key=lambda item: item[0])

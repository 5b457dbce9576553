# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures changed by chance: bytes, lengths, order, times, link type. The same for the same dice."""

import collections
import struct

MOST_FRAMES = 250
ETHERNET_TCP_AT = 34  # Ethernet, IPv4 without options
LINK_TYPES = (0, 1, 12, 101, 105, 113, 127, 195, 228, 229, 276)
PCAP_MAGICS = {b"\xd4\xc3\xb2\xa1": 10 ** 6, b"\x4d\x3c\xb2\xa1": 10 ** 9}
SECTION, INTERFACE, ENHANCED = 0x0a0d0d0a, 1, 6

Frame = collections.namedtuple("Frame", "interface time data length")  # time in the file's own units


class Capture:
    """A little-endian pcap or pcapng file: what stands before its frames, and those."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        self.frames = []
        if data[:4] in PCAP_MAGICS:
            self.per_second = PCAP_MAGICS[data[:4]]
            self.head = [data[:24]]
            self._read_records(data)
        elif struct.unpack_from("<I", data)[0] == SECTION and struct.unpack_from("<I", data, 8)[0] == 0x1a2b3c4d:
            self.per_second = None
            self.head = []
            self._read_blocks(data)
        else:
            raise ValueError("%s: no little-endian pcap or pcapng file" % path)

    def _read_records(self, data):
        at = 24
        while at + 16 <= len(data):
            seconds, rest, captured, length = struct.unpack_from("<IIII", data, at)
            self.frames.append(Frame(0, seconds * self.per_second + rest, data[at + 16:at + 16 + captured], length))
            at += 16 + captured

    def _read_blocks(self, data):
        at = 0
        while at + 12 <= len(data):
            kind, size = struct.unpack_from("<II", data, at)
            if kind == ENHANCED:
                interface, high, low, captured, length = struct.unpack_from("<IIIII", data, at + 8)
                self.frames.append(Frame(interface, high << 32 | low, data[at + 28:at + 28 + captured], length))
            elif kind in (SECTION, INTERFACE):
                self.head.append(data[at:at + size])
            at += max(size, 12)

    def bytes(self):
        return b"".join(self.head) + b"".join(map(self._record if self.per_second else self._block, self.frames))

    def _record(self, frame):
        seconds, rest = divmod(max(frame.time, 0), self.per_second)
        return struct.pack("<IIII", seconds & 0xffffffff, rest, len(frame.data), frame.length) + frame.data

    def _block(self, frame):
        size = 32 + (len(frame.data) + 3) // 4 * 4
        time = frame.time & (1 << 64) - 1
        head = struct.pack("<IIIIIII", ENHANCED, size, frame.interface, time >> 32, time & 0xffffffff, len(frame.data),
                           frame.length)
        return head + frame.data + bytes(-len(frame.data) % 4) + struct.pack("<I", size)


def part(dice, frames, most=MOST_FRAMES):
    """At most so many in a row."""
    begin = dice.randrange(max(len(frames) - most, 0) + 1)
    return frames[begin:begin + most]


def each_data(change):
    """A change of frames' bytes, of some of them."""
    def changed(dice, capture, _):
        share = dice.choice((0.02, 0.2, 1))
        capture.frames = [change(dice, frame) if frame.data and dice.random() < share else frame
                          for frame in capture.frames]
    return changed


def wrong_bytes(dice, frame):
    data = bytearray(frame.data)
    reach = min(len(data), dice.choice((20, 80, 1 << 20)))
    for _ in range(max(1, int(reach * dice.choice((0, 0.01, 0.05))))):
        data[dice.randrange(reach)] = dice.choice((0, 1, 0x7f, 0x80, 0xff, dice.randrange(256)))
    return frame._replace(data=bytes(data))


def wrong_numbers(dice, frame):
    """Ports, SEQ, ACK, offset, flags, window, and how far the options go."""
    if len(frame.data) < ETHERNET_TCP_AT + 20:
        return frame
    data = bytearray(frame.data)
    at, count = dice.choice(((0, 2), (2, 2), (4, 4), (8, 4), (12, 1), (13, 1), (14, 2), (16, 2), (21, 1)))
    at += ETHERNET_TCP_AT
    value = int.from_bytes(data[at:at + count], "big")
    odd = dice.choice((0, value + 1, value - 1, value ^ 1 << (count * 8 - 1), value + dice.randrange(1 << 16), -1))
    data[at:at + count] = (odd % (1 << count * 8)).to_bytes(count, "big")
    return frame._replace(data=bytes(data[:len(frame.data)]))


def snapped(dice, frame):
    kept = dice.choice((0, 1, 14, 33, 34, 53, 54, 60, 66, dice.randrange(len(frame.data))))
    return frame._replace(data=frame.data[:kept], length=dice.choice((frame.length, min(kept, frame.length), 0)))


def padded(dice, frame):
    more = bytes(dice.choice((1, 6, 200))) if dice.random() < 0.5 else dice.randbytes(12)
    return frame._replace(data=frame.data + more, length=frame.length + len(more))


def dropped(dice, capture, _):
    share = dice.choice((0.05, 0.5, 0.9))
    capture.frames = [frame for frame in capture.frames if dice.random() >= share]


def doubled(dice, capture, _):
    share = dice.choice((0.05, 1))
    capture.frames = [frame for frame in capture.frames for _ in range(1 + (dice.random() < share))]


def reversed_order(_dice, capture, _):
    capture.frames.reverse()


def shuffled(dice, capture, _):
    reach = dice.choice((3, 20, 1000))
    places = [at + dice.random() * reach for at in range(len(capture.frames))]
    capture.frames = [frame for _, frame in sorted(zip(places, capture.frames), key=lambda pair: pair[0])]


def looped(dice, capture, _):
    capture.frames = part(dice, capture.frames, 20) * 8


def moved(dice, capture, _):
    """Times: a step, by chance, all the same."""
    second = capture.per_second or 10 ** 6
    begin, step = dice.randrange(len(capture.frames) + 1), dice.choice((-1, 1)) * second * 10 ** dice.randrange(11)
    kind = dice.randrange(3)
    capture.frames = [frame._replace(time=(frame.time + step if at >= begin else frame.time) if kind == 0 else
                                     dice.randrange(1 << 63) if kind == 1 else step & (1 << 60) - 1)
                      for at, frame in enumerate(capture.frames)]


def other_link_type(dice, capture, _):
    head, at = capture.head, len(capture.head) - 1
    where = 20 if capture.per_second else 8
    if capture.per_second or struct.unpack_from("<I", head[at])[0] == INTERFACE:
        head[at] = head[at][:where] + struct.pack("<H", dice.choice(LINK_TYPES)) + head[at][where + 2:]


def other_interfaces(dice, capture, _):
    count = 1 + dice.randrange(max(len(capture.head) - 1, 1))
    capture.frames = [frame._replace(interface=dice.randrange(count)) for frame in capture.frames]


def joined(dice, capture, other):
    """Behind one another, or one among the other."""
    theirs = [frame._replace(interface=0) for frame in part(dice, other.frames)]
    if dice.random() < 0.5:
        capture.frames += theirs
    else:
        capture.frames = sorted(capture.frames + theirs, key=lambda frame: dice.random())


CHANGES = [each_data(wrong_bytes), each_data(wrong_bytes), each_data(wrong_numbers), each_data(wrong_numbers),
           each_data(snapped), each_data(padded), dropped, doubled, reversed_order, shuffled, looped, moved,
           other_link_type, other_interfaces, joined]


def change(dice, capture, other):
    """The bytes of a file made of one capture, and perhaps of another."""
    capture.frames = part(dice, capture.frames)
    for made in dice.choices(CHANGES, k=dice.randrange(1, 4)):
        made(dice, capture, other)
    data = capture.bytes()
    return data[:dice.randrange(len(data))] if dice.random() < 0.05 else data  # cut short

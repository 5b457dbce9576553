# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets for the tracker's oracle: a line of text, a random guess, bytes.

One packet is one line, so that a sequence can be read, cut and kept:

    <end> <flags> seq <n> ack <n> win <n> len <n> [opts <hex>] [doff <n>] [badsum]

`end` is 0 or 1; flags are letters of FSRPAUEC, or "none".
"""

import random
import struct
from dataclasses import dataclass, replace

LETTERS = "FSRPAUEC"
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
WRAP = 1 << 32
PSEUDO_TCP = 6


@dataclass(frozen=True)
class Packet:
    """What a packet says; ports and addresses are the sequence's."""

    end: int
    flags: int
    seq: int
    ack: int
    win: int
    length: int = 0
    options: bytes = b""
    doff: int = None
    bad_sum: bool = False

    def __str__(self):
        letters = "".join(letter for bit, letter in enumerate(LETTERS) if self.flags >> bit & 1)
        text = "%d %s seq %d ack %d win %d len %d" % (
            self.end, letters or "none", self.seq, self.ack, self.win, self.length)
        if self.options:
            text += " opts " + self.options.hex()
        if self.doff is not None:
            text += " doff %d" % self.doff
        return text + (" badsum" if self.bad_sum else "")

    @property
    def end_seq(self):
        """SEQ behind it."""
        return (self.seq + self.length + bool(self.flags & SYN) + bool(self.flags & FIN)) % WRAP


def parse(line):
    """The packet of a line."""
    words = line.split()
    end, letters = int(words[0]), words[1]
    flags = 0 if letters == "none" else sum(1 << LETTERS.index(letter) for letter in letters)
    fields = {"bad_sum": "badsum" in words}
    names = {"seq": "seq", "ack": "ack", "win": "win", "len": "length", "doff": "doff"}
    for at, word in enumerate(words):
        if word in names:
            fields[names[word]] = int(words[at + 1])
        elif word == "opts":
            fields["options"] = bytes.fromhex(words[at + 1])
    return Packet(end, flags, **fields)


def internet_sum(data):
    """One's complement sum of RFC 1071, complemented."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def datagram(packet, source, sport, destination, dport):
    """The packet as IPv4 bytes; its payload is zeros, which no sum notices."""
    doff = 5 + len(packet.options) // 4 if packet.doff is None else packet.doff
    tcp_bytes = 20 + len(packet.options) + packet.length
    header = struct.pack("!HHIIBBHHH", sport, dport, packet.seq, packet.ack, doff << 4,
                         packet.flags, packet.win, 0, 0) + packet.options
    total = internet_sum(source + destination + struct.pack("!HH", PSEUDO_TCP, tcp_bytes) + header)
    if packet.bad_sum:
        total ^= 0x5555
    header = header[:16] + struct.pack("!H", total) + header[18:]
    outer = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + tcp_bytes, 0, 0, 64, 6, 0, source, destination)
    outer = outer[:10] + struct.pack("!H", internet_sum(outer)) + outer[12:]
    return outer + header + bytes(packet.length)


# Ways a connection may go, as (who, flags) with 0 the opener, and what SEQ is: "n" the next one, "0" zero, "j" far
# ahead as of a new life, "s" the same packet again.
THEMES = (
    ((0, SYN), (1, SYN | ACK), (0, ACK)),
    ((0, SYN), (1, SYN | ACK), (0, ACK)),
    ((0, SYN), (1, SYN | ACK), (0, ACK), (1, PSH | ACK), (0, ACK)),
    ((0, SYN), (1, SYN | ACK), (1, PSH | ACK), (0, ACK)),
    ((0, SYN), (1, SYN), (0, SYN | ACK), (1, SYN | ACK)),
    ((0, SYN), (1, SYN), (0, SYN | ACK), (1, ACK), (0, ACK)),
    ((0, SYN), (1, SYN), (1, SYN | ACK), (1, ACK)),
    ((0, SYN), (1, RST | ACK, "0"), (0, SYN, "s"), (1, RST | ACK, "0")),
    ((0, SYN), (1, SYN | ACK), (1, RST, "0")),
    ((0, SYN), (1, ACK), (0, RST), (0, SYN, "s")),
    ((0, SYN), (0, SYN, "s"), (0, SYN, "s"), (1, SYN | ACK)),
    ((0, SYN), (1, SYN | ACK), (0, ACK), (0, ACK, "s"), (0, ACK, "s"), (0, ACK, "s"), (0, ACK, "s")),
    ((0, SYN), (1, SYN | ACK), (0, ACK), (0, FIN | ACK), (1, ACK), (1, FIN | ACK), (0, ACK), (0, SYN, "j")),
    ((0, SYN), (1, SYN | ACK), (0, ACK), (1, FIN | ACK), (0, FIN | ACK), (1, ACK), (1, SYN, "j")),
    ((0, SYN), (1, SYN | ACK), (0, ACK), (0, FIN | ACK), (1, FIN | ACK), (0, SYN, "j"), (1, ACK)),
    ((0, SYN), (1, SYN | ACK), (0, ACK), (0, SYN, "j"), (1, SYN | ACK), (0, ACK)),
    ((0, SYN), (1, SYN | ACK), (0, ACK), (0, SYN, "j"), (1, ACK), (0, RST)),
    ((0, SYN), (1, SYN | ACK), (0, ACK), (0, RST), (0, SYN, "j"), (1, SYN | ACK)),
    ((0, SYN), (1, SYN | ACK), (0, ACK), (1, RST), (0, SYN, "j"), (1, SYN | ACK)),
    ((0, ACK), (1, ACK), (0, ACK), (1, ACK)),
)


class Guess:
    """Makes up a sequence, near the edges that the model's entry has now."""

    def __init__(self, rng):
        self.rng = rng
        near_wrap = rng.random() < 0.3
        self.next = [self._number(near_wrap), self._number(near_wrap)]
        self.opener = rng.randrange(2)
        self.offer = [self._syn_options(), self._syn_options()]
        self.timestamps = rng.random() < 0.4
        self.step = 0
        self.newest = None
        # how a sequence begins, and how wild it goes on
        self.theme = rng.choice(THEMES) if rng.random() < 0.85 else ()
        self.wildness = rng.choice((0.1, 0.3, 0.6, 1.0))

    def _number(self, near_wrap):
        if near_wrap:
            return (WRAP - self.rng.randrange(1, 3000)) % WRAP
        return self.rng.choice((0, 1, 2, self.rng.randrange(WRAP), self.rng.randrange(WRAP)))

    def _syn_options(self):
        rng, options = self.rng, b""
        if rng.random() < 0.7:
            options += bytes((2, 4, 5, 180))
        if rng.random() < 0.6:
            options += bytes((4, 2))
        if rng.random() < 0.6:
            options += bytes((1, 3, 3, rng.choice((0, 1, 2, 7, 8, 10, 14, 15, 255))))
        if rng.random() < 0.05:
            options += bytes(rng.randrange(256) for _ in range(rng.randrange(1, 12)))
        return options + b"\1" * (-len(options) % 4)

    def _options(self, blocks):
        options = b""
        if self.timestamps or self.rng.random() < 0.05:
            options += b"\1\1\x08\x0a" + bytes(8)
        blocks = blocks[:3 if options else 4]
        if blocks:
            options += b"\1\1" + bytes((5, 2 + 8 * len(blocks)))
            for left, right in blocks:
                options += struct.pack("!II", left, right)
        if self.rng.random() < 0.03:
            garbage = bytes(self.rng.choice((0, 1, 2, 3, 4, 5, 8, 10, 18, 255))
                            for _ in range(self.rng.randrange(1, 9)))
            options = (options + garbage)[:40]
        return (options + b"\0" * (-len(options) % 4))[:40]

    def _window(self):
        return self.rng.choice((0, 1, 2, 64, 267, 512, 1000, 29200, 64240, 65535,
                                self.rng.randrange(65536)))

    def _seq(self, end, entry):
        """SEQ near what the entry draws a line at."""
        rng = self.rng
        if entry is None or rng.random() > self.wildness:
            return self.next[end]
        own = end != entry.initiator
        lines = [self.next[end], entry.end[own], entry.max_end[own],
                 entry.max_end[own] + entry.max_win[not own],
                 entry.end[own] - entry.max_win[not own], entry.max_ack[not own], entry.last_end,
                 entry.last_ack, entry.max_end[own] + (1 << 31), 0, rng.randrange(WRAP)]
        return (rng.choice(lines) + rng.randrange(-2, 3)) % WRAP

    def _ack(self, end, entry):
        rng = self.rng
        if entry is None or rng.random() > self.wildness:
            return self.next[not end]
        own = end != entry.initiator
        lines = [self.next[not end], entry.end[not own],
                 entry.end[not own] - max(entry.max_win[own], 66000), entry.last_end,
                 entry.max_end[not own], entry.max_ack[own], entry.end[not own] + (1 << 31),
                 0, rng.randrange(WRAP)]
        return (rng.choice(lines) + rng.randrange(-2, 3)) % WRAP

    def _flags(self):
        if self.rng.random() < 0.03:
            return self.rng.randrange(256)
        return self.rng.choices(
            (ACK, PSH | ACK, FIN | ACK, SYN, SYN | ACK, RST, RST | ACK, ACK | URG, SYN | URG,
             FIN | PSH | ACK, SYN | 0xC0, FIN | URG | ACK),
            (34, 12, 9, 7, 8, 7, 6, 1, 1, 3, 1, 1))[0]

    def _length(self, flags):
        if flags & (SYN | RST) and self.rng.random() < 0.8:
            return 0
        return self.rng.choice((0, 0, 0, 0, 1, 2, 100, 1400, 1400, 8192, 30000))

    def _free(self, entry):
        """Anything."""
        rng = self.rng
        end = rng.randrange(2)
        flags = self._flags()
        blocks = []
        if flags & SYN:
            options = self.offer[end] if rng.random() < 0.7 else self._syn_options()
        else:
            if rng.random() < 0.25:
                blocks = [(self._ack(end, entry), self._ack(end, entry))
                          for _ in range(rng.randrange(1, 5))]
            options = self._options(blocks)
        ack = self._ack(end, entry)
        if not flags & ACK and rng.random() < 0.8:
            ack = 0
        packet = Packet(end, flags, self._seq(end, entry), ack, self._window(),
                        self._length(flags), options)
        if rng.random() < 0.03 and self.newest:
            packet = self.newest
        if rng.random() < 0.01:
            packet = replace(packet, bad_sum=True)
        if rng.random() < 0.01:
            packet = replace(packet, doff=rng.randrange(16))
        return packet

    def _by_theme(self):
        """The theme's next packet."""
        who, flags, *seq = self.theme[self.step]
        if seq == ["s"] and self.newest:
            return self.newest
        end = self.opener ^ who
        if seq == ["j"]:
            self.next[end] = (self.next[end] + self.rng.choice((1, 65537, 1 << 20))) % WRAP
        options = self.offer[end] if flags & SYN else self._options([])
        length = self.rng.choice((1, 50, 1400)) if flags & PSH else 0
        if flags == SYN:
            length = self.rng.choice((0, 0, 0, 100))
        return Packet(end, flags, 0 if seq == ["0"] else self.next[end],
                      self.next[not end] if flags & ACK else 0, self._window() or 1, length, options)

    def packet(self, entry):
        """The next packet; `entry` is the model's answer to the one before, or None."""
        if self.step < len(self.theme) and self.rng.random() > self.wildness / 10:
            packet = self._by_theme()
        else:
            packet = self._free(entry)
        self.step += 1
        self.newest = packet
        ahead = (packet.end_seq - self.next[packet.end]) % WRAP
        if not packet.flags & RST and (ahead < 100000 or packet.flags & SYN):
            self.next[packet.end] = packet.end_seq
        return packet


def sequence_lengths(rng):
    """How many packets the next sequence has."""
    return rng.choice((3, 6, 10, 15, 25, 40))


def random_of(seed):
    return random.Random(seed)

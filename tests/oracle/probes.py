# SPDX-License-Identifier: GPL-2.0-or-later
"""States to bring a connection of this kernel into, and the segments to try there."""

import contextlib
import itertools
import random
import socket
import struct
import time

from kernel import ACK, FIN, MASK, PORT, PSH, RST, SYN, THERE, make

SCALE = 7
WINDOW = 502  # << SCALE
TCP_QUICKACK = 12
HALF = 1 << 31


class Outcome:
    """What the kernel did with a probe."""

    def __init__(self, state, name, frame, probe):
        self.state, self.name, self.frame = state, name, frame
        self.probe_is_rst = bool(probe["flags"] & RST)
        self.probe_is_pure_ack = probe["flags"] == ACK and not probe.get("payload")
        self.answered = self.answered_by_reset = self.gone = self.in_doubt = False
        self.reasons = []


class Peer:
    """The scripted end of a connection. `seq` is its next number, `kseq` the kernel's."""

    def __init__(self, machine, stamps, sack, isn):
        self.machine, self.stamps, self.sack = machine, stamps, sack
        self.port, self.local = machine.port(), PORT
        self.isn = self.seq = isn & MASK
        self.kseq = self.kack = self.kisn = self.kwindow = 0
        self.kscale = 0
        self.tsval, self.tsecr = 1000000, 0
        self.ts_recent = 0  # what the kernel echoed last
        self.ip_id = 0
        self.sock = None
        self.edge_of_sack = None
        self.una = 0  # the kernel's numbers that this end has acknowledged
        self.last_frame = 0

    # ---- packets ----

    def options(self, syn, tsval=None):
        found = b""
        if syn:
            found += struct.pack("!BBH", 2, 4, 1460) + struct.pack("!BBBB", 1, 3, 3, SCALE)
            if self.sack:
                found += b"\1\1\4\2"
        if self.stamps:
            found += b"\1\1\x08\x0a" + struct.pack("!II", (self.tsval if tsval is None else tsval) & MASK, self.tsecr)
        return found

    def send(self, flags, seq=None, ack=None, payload=b"", window=WINDOW, tsval=None, damaged=False, sacked=b""):
        syn = bool(flags & SYN)
        self.tsval += 3
        self.ip_id = (self.ip_id + 1) & 0xFFFF
        raw = make(self.port, self.local, flags, self.seq if seq is None else seq,
                   (self.kseq if ack is None else ack) if flags & ACK else 0, 64240 if syn else window, payload,
                   self.options(syn, tsval) + sacked, self.ip_id, damaged)
        self.last_frame = self.machine.inject(raw)
        return self.last_frame

    def listen(self, packets):
        """Take note of what the kernel sent."""
        for packet in packets:
            if packet.flags & RST:
                continue
            stamp = packet.option(8)
            if stamp:
                self.tsecr, self.ts_recent = struct.unpack("!II", stamp)
            if packet.flags & SYN:
                self.kisn = packet.seq
                scale = packet.option(3)
                self.kscale = scale[0] if scale else 0
                self.kwindow = packet.window
            else:
                self.kwindow = packet.window << self.kscale
            self.kseq = packet.end_seq
            if packet.flags & ACK:
                self.kack = packet.ack
        return packets

    def hear(self):
        return self.listen(self.machine.take(self.port))

    def hear_at_least_one(self):
        return self.listen(self.machine.wait(self.port))

    def give(self, payload=b"", flags=PSH | ACK):
        """A segment in order."""
        self.send(flags, payload=payload)
        self.seq = (self.seq + len(payload) + bool(flags & FIN)) & MASK
        self.una = self.kseq

    def acknowledge(self):
        self.send(ACK)
        self.una = self.kseq

    @property
    def edge(self):
        return (self.kack + self.kwindow) & MASK

    def state(self):
        return self.machine.state(self.local, self.port)

    def end(self):
        """Leave nothing behind."""
        if self.sock:
            with contextlib.suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.close()
        frames = len(self.machine.frames)
        if self.state() in ("SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "LAST_ACK", "CLOSING"):
            self.send(RST, seq=self.kack)
        self.machine.take(self.port, keep=False)
        del self.machine.frames[frames:]


# ---- states: functions that bring a peer there ----

def syn_received(peer):
    peer.send(SYN)
    peer.seq = (peer.seq + 1) & MASK
    peer.hear_at_least_one()


def accept(peer):
    """The kernel's socket of this connection; those that earlier probes left in the queue are closed."""
    while True:
        sock, address = peer.machine.listener.accept()
        if address[1] == peer.port:
            return sock
        sock.close()


def established(peer):
    syn_received(peer)
    peer.acknowledge()
    peer.sock = accept(peer)
    peer.sock.setblocking(False)


def established_read(peer):
    established(peer)
    peer.give(b"x" * 100)
    peer.hear_at_least_one()
    peer.sock.recv(1000)
    peer.hear()


def established_unread(peer):
    established(peer)
    peer.give(b"x" * 100)
    peer.hear_at_least_one()


def established_delayed_ack(peer):
    """Data that the kernel has and has not acknowledged yet."""
    established(peer)
    peer.sock.setsockopt(socket.IPPROTO_TCP, TCP_QUICKACK, 0)
    peer.give(b"x" * 20)
    peer.sock.setsockopt(socket.IPPROTO_TCP, TCP_QUICKACK, 0)
    peer.give(b"x" * 20)
    peer.hear()


def established_gap(peer):
    """The kernel holds bytes behind a gap."""
    established(peer)
    peer.send(PSH | ACK, seq=peer.seq + 100, payload=b"x" * 100)
    peer.edge_of_sack = (peer.seq + 200) & MASK
    peer.hear_at_least_one()


def established_sent(peer):
    """The kernel has sent bytes, all of them acknowledged."""
    established(peer)
    for _ in range(3):
        peer.sock.send(b"y" * 1000)
        peer.hear_at_least_one()
        peer.acknowledge()


def established_sending(peer):
    """The kernel's bytes are in flight."""
    established(peer)
    peer.sock.send(b"y" * 1000)
    peer.hear_at_least_one()


def established_client(peer):
    syn_sent(peer)
    peer.send(SYN | ACK)
    peer.seq = (peer.seq + 1) & MASK
    peer.hear_at_least_one()
    peer.una = peer.kseq


def established_closed_window(peer):
    established(peer)
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    for _ in range(400):
        if peer.kwindow == 0:
            return
        peer.give(b"x" * min(1000, peer.kwindow))
        peer.hear_at_least_one()
    raise RuntimeError("the window does not close")


def syn_sent(peer):
    peer.sock = socket.socket()
    peer.sock.setblocking(False)
    peer.port = peer.machine.port()
    peer.sock.connect_ex((THERE, peer.port))
    peer.local = peer.sock.getsockname()[1]
    peer.hear_at_least_one()
    peer.tsecr = peer.tsecr or 0


def close_wait(peer):
    established(peer)
    peer.give(flags=FIN | ACK)
    peer.hear_at_least_one()


def close_wait_unread(peer):
    established_unread(peer)
    peer.give(flags=FIN | ACK)
    peer.hear_at_least_one()


def fin_wait_1_shut(peer):
    established(peer)
    peer.sock.shutdown(socket.SHUT_WR)
    peer.hear_at_least_one()


def fin_wait_1_closed(peer):
    established(peer)
    peer.sock.close()
    peer.sock = None
    peer.hear_at_least_one()


def fin_wait_2_shut(peer):
    fin_wait_1_shut(peer)
    peer.acknowledge()


def fin_wait_2_half_closed(peer):
    """Bytes taken after the kernel's own FIN."""
    fin_wait_2_shut(peer)
    peer.give(b"x" * 100)
    peer.hear_at_least_one()


def fin_wait_2_closed(peer):
    fin_wait_1_closed(peer)
    peer.acknowledge()


def closing(peer):
    fin_wait_1_shut(peer)
    peer.send(FIN | ACK, ack=peer.una)
    peer.seq = (peer.seq + 1) & MASK
    peer.hear_at_least_one()


def last_ack(peer):
    close_wait(peer)
    peer.sock.close()
    peer.sock = None
    peer.hear_at_least_one()


def time_wait(peer):
    fin_wait_2_closed(peer)
    peer.give(flags=FIN | ACK)
    peer.hear_at_least_one()


def closed(peer):
    """An exact RST ended it."""
    established(peer)
    peer.send(RST)


STATES = (syn_sent, syn_received, established, established_read, established_unread, established_delayed_ack,
          established_gap, established_sent, established_sending, established_client, established_closed_window,
          close_wait, close_wait_unread, fin_wait_1_shut, fin_wait_1_closed, fin_wait_2_shut, fin_wait_2_half_closed,
          fin_wait_2_closed, closing, last_ack, time_wait, closed)


# ---- probes: (name, function that sends it) ----

def around(peer):
    """Name -> sequence number of every edge."""
    points = {"A": peer.kack, "N": peer.seq, "R": peer.edge}
    if peer.edge_of_sack is not None:
        points["SACK"] = peer.edge_of_sack
    found = {}
    for name, value in points.items():
        for by in (-2, -1, 0, 1, 2):
            found.setdefault(value + by & MASK, "%s%+d" % (name, by))
    for by in (-HALF, HALF - 1, -1000, 1000, 100000000):
        found.setdefault(peer.kack + by & MASK, "A%+d" % by)
    return [(name, seq) for seq, name in found.items()]


def rst_probes(peer):
    for name, seq in around(peer):
        yield "RST " + name, dict(flags=RST, seq=seq)
        yield "RST,ACK " + name, dict(flags=RST | ACK, seq=seq)
    yield "RST,ACK A bad ack", dict(flags=RST | ACK, seq=peer.kack, ack=peer.kseq + 5)
    if peer.stamps:
        yield "RST,ACK A old stamp", dict(flags=RST | ACK, seq=peer.kack, tsval=peer.ts_recent - 1000)


def syn_probes(peer):
    for name, seq in around(peer)[::2]:
        yield "SYN " + name, dict(flags=SYN, seq=seq)
    yield "SYN own", dict(flags=SYN, seq=peer.isn)
    yield "SYN,ACK own", dict(flags=SYN | ACK, seq=peer.isn)
    yield "SYN,ACK A", dict(flags=SYN | ACK, seq=peer.kack)
    yield "SYN far below", dict(flags=SYN, seq=peer.kack - 500000)
    if peer.stamps:
        for by in (-1000, -1, 0, 1, 1000):
            for name, seq in (("A+1000", peer.kack + 1000), ("A-1000", peer.kack - 1000)):
                yield "SYN %s stamp%+d" % (name, by), dict(flags=SYN, seq=seq, tsval=peer.ts_recent + by)


def ack_probes(peer):
    for name, seq in around(peer):
        yield "ACK " + name, dict(flags=ACK, seq=seq)
    numbers = {"una": peer.una, "nxt": peer.kseq, "iss": peer.kisn}
    tried = set()
    for (name, value), by in itertools.product(numbers.items(), (-2, -1, 0, 1, 2)):
        if value + by & MASK not in tried:
            tried.add(value + by & MASK)
            yield "ACK ack %s%+d" % (name, by), dict(flags=ACK, ack=value + by)
            yield "data ack %s%+d" % (name, by), dict(flags=PSH | ACK, ack=value + by, payload=b"z" * 10)
    for by in (-HALF, HALF - 1, -70000, -64257, -3002, -3001, -3000, -2999, -1000, 100000):
        yield "ACK ack una%+d" % by, dict(flags=ACK, ack=peer.una + by)
    yield "ACK closed window", dict(flags=ACK, window=0)
    yield "keep-alive", dict(flags=ACK, seq=peer.seq - 1)
    yield "keep-alive with a byte", dict(flags=ACK, seq=peer.seq - 1, payload=b"z")


def data_probes(peer):
    tried = set()
    for (name, seq), length in itertools.product(around(peer), (1, 10, 100)):
        for begin, word in ((seq, "from"), (seq - length & MASK, "up to")):
            if (begin, length) not in tried:
                tried.add((begin, length))
                yield "%d bytes %s %s" % (length, word, name), dict(flags=PSH | ACK, seq=begin, payload=b"z" * length)
    for name, seq in around(peer):
        yield "FIN " + name, dict(flags=FIN | ACK, seq=seq)
    yield "FIN with data", dict(flags=FIN | ACK, payload=b"z" * 10)
    yield "FIN with data again", dict(flags=FIN | ACK, seq=peer.kack - 11, payload=b"z" * 10)
    yield "no flags", dict(flags=0)
    yield "no flags, data", dict(flags=0, payload=b"z" * 10)
    yield "FIN without ACK", dict(flags=FIN)
    yield "bad checksum", dict(flags=PSH | ACK, payload=b"z" * 10, damaged=True)


def stamp_probes(peer):
    if not peer.stamps:
        return
    for by in (-HALF + 1, -100000000, -100000, -1000, -50, -3, -2, -1, 0, 1, 2, 1000):
        stamp = dict(tsval=peer.ts_recent + by)
        yield "ACK stamp%+d" % by, dict(flags=ACK, **stamp)
        yield "old ACK stamp%+d" % by, dict(flags=ACK, seq=peer.kack - 1, **stamp)
        yield "data stamp%+d" % by, dict(flags=PSH | ACK, payload=b"z" * 10, **stamp)
        yield "old data stamp%+d" % by, dict(flags=PSH | ACK, seq=peer.kack - 10, payload=b"z" * 10, **stamp)
        yield "FIN stamp%+d" % by, dict(flags=FIN | ACK, **stamp)
        yield "ACK beyond stamp%+d" % by, dict(flags=ACK, seq=peer.seq + 10, **stamp)
        yield "ACK ack-1 stamp%+d" % by, dict(flags=ACK, ack=peer.kseq - 1, **stamp)


FAMILIES = (rst_probes, syn_probes, ack_probes, data_probes, stamp_probes)

# Second probes that fall under the limit of one answer in 500 ms: (first, pause in s, second).
LIMITED = {"RST": dict(flags=RST, by=100), "SYN": dict(flags=SYN, by=1000), "keep-alive": dict(flags=ACK, by=-1),
           "old data": dict(flags=PSH | ACK, by=-10, payload=b"z" * 10), "beyond": dict(flags=ACK, by=100000000)}


def limited_arguments(peer, name):
    arguments = dict(LIMITED[name])
    arguments["seq"] = peer.kack + arguments.pop("by") & MASK
    return arguments


def try_probe(peer, state, name, arguments):
    """Send one probe and see."""
    before = peer.state()
    peer.machine.trace.mark("probe%d" % (len(peer.machine.frames) + 1))
    frame = peer.send(**arguments)
    outcome = Outcome(state, name, frame, arguments)
    answers = peer.hear()
    outcome.answered = bool(answers)
    outcome.answered_by_reset = any(packet.flags & RST for packet in answers)
    outcome.gone = before is not None and peer.state() is None
    peer.machine.trace.mark("after")
    return outcome


def connect(machine, bring, stamps, sack, isn):
    peer = Peer(machine, stamps, sack, isn)
    machine.trace.mark("preparing")
    bring(peer)
    return peer


def plan():
    """(state, timestamps, SACK, family, index) of every probe, in one order."""
    for bring in STATES:
        for stamps, sack in ((False, False), (True, True), (False, True), (True, False)):
            plain = stamps == sack
            for family in FAMILIES:
                if not plain and family in (ack_probes, data_probes, syn_probes):
                    continue  # neither option changes anything there
                yield bring, stamps, sack, family


def run(machine, every=1):
    """Try one in `every` probe. @return the outcomes"""
    outcomes, counter, chance = [], 0, random.Random(7323)
    for bring, stamps, sack, family in plan():
        at, count = 0, None
        while count is None or at < count:
            if count is not None:
                counter += 1
                if counter % every:
                    at += 1
                    continue
            # Some connections wrap around 2^32 within the probe's reach.
            isn = chance.choice((chance.getrandbits(32), MASK - chance.randrange(300)))
            peer = connect(machine, bring, stamps, sack, isn)
            found = list(family(peer))
            if count is None:
                count = len(found)
            elif at < len(found):
                name = bring.__name__ + (" ts" if stamps else "") + (" sack" if sack else "")
                outcomes.append(try_probe(peer, name, *found[at]))
                at += 1
            else:
                at += 1
            peer.end()
    outcomes.extend(run_limited(machine, every))
    return outcomes


def run_limited(machine, every):
    """Two probes with a pause between them; connections wait side by side."""
    pairs = [(pause, first, second) for pause in (0.0, 0.3, 0.6)
             for first, second in itertools.product(LIMITED, LIMITED)]
    outcomes, waiting = [], []
    for pause, first, second in pairs[::max(1, every // 3)]:
        peer = connect(machine, established_read, False, True, random.getrandbits(32))
        outcomes.append(try_probe(peer, "limit", first, limited_arguments(peer, first)))
        waiting.append((time.monotonic() + pause, pause, peer, second))
    for due, pause, peer, second in waiting:
        time.sleep(max(0.0, due - time.monotonic()))
        outcomes.append(try_probe(peer, "limit", "%s after %.1f s" % (second, pause), limited_arguments(peer, second)))
        peer.end()
    return outcomes

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is the tracker model what the running kernel does?

Random packet sequences, the sequences kept in regress/ and the captures of the
laboratory go through the real nf_conntrack and through the model's current
rules. After each packet verdict, reason, and the entry (initiator, state,
scales, flags, seen-reply, assured, timeout) must be the same.

    tracker.py --packets 5000 --seed 1     a quick round
    tracker.py --packets 100000 --wait     the long one, entries running out too

Needs root, nft and a kernel with namespaces; says so and leaves with 0 where
they are missing. Leaves with 1 after a disagreement, which is cut down to the
shortest sequence that still shows it and kept in regress/.
"""

import argparse
import collections
import glob
import os
import struct
import subprocess
import sys
import time

import packets
from captures import datagrams
from conntrack import Kernel, Unavailable

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
VERDICTS = ("UNKNOWN", "VALID", "IGNORED", "INVALID")
STATES = ("NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK",
          "TIME_WAIT", "CLOSE", "SYN_SENT2")
WAIT_S, CLOSE_CALL_S = 11.5, 1.5

Answer = collections.namedtuple("Answer", (
    "verdict state initiator seen_reply assured flags scale old_verdict old_state inconsistent "
    "left end max_end max_win max_ack last_end last_ack reason old_reason"))


class Model:
    """The C core behind a pipe."""

    LAYOUT = struct.Struct("=12Bi8I2I64s64s")

    def __init__(self, driver):
        self.process = subprocess.Popen([driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def judge(self, slot, end, afresh, time_ns, data):
        self.process.stdin.write(struct.pack("=IBBHq", slot, end, afresh, len(data), time_ns) + data)
        self.process.stdin.flush()
        v = self.LAYOUT.unpack(self.process.stdout.read(self.LAYOUT.size))
        text = [field.split(b"\0")[0].decode() for field in v[23:25]]
        return Answer(VERDICTS[v[0]], v[1], v[2], bool(v[3]), bool(v[4]), v[5:7], v[7:9],
                      VERDICTS[v[9]], v[10], bool(v[11]), v[12], v[13:15], v[15:17], v[17:19],
                      v[19:21], v[21], v[22], *text)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Connection:
    """One 4-tuple in both worlds."""

    count = 0

    def __init__(self, kernel, model):
        self.kernel, self.model = kernel, model
        number = Connection.count
        Connection.count += 1
        self.slot = number % 65536
        high, low = divmod(number, 50000)
        self.sides = ((bytes((10, 1, high >> 8 & 255, high & 255)), 10000 + low),
                      (bytes((10, 2, 0, 1)), 7777))
        self.question = kernel.question(*self.sides[0], *self.sides[1])
        self.afresh, self.answer, self.when = True, None, 0.0

    def send(self, packet):
        """Send it in both worlds; the differences as lines, none when they agree."""
        source, destination = self.sides[packet.end], self.sides[not packet.end]
        return self.send_bytes(packet.end, packets.datagram(packet, *source, *destination))

    def send_bytes(self, end, data):
        self.when = time.monotonic()
        answer = self.model.judge(self.slot, end, self.afresh, int(self.when * 1e9), data)
        passed, complaint = self.kernel.send(data)
        self.afresh, self.answer = False, answer
        verdict = "INVALID" if not passed else "IGNORED" if complaint else "VALID"
        return self._differences(verdict, complaint, self.kernel.entry(self.question))

    def _differences(self, verdict, complaint, entry):
        model, found = self.answer, []

        def compare(what, mine, theirs):
            if mine != theirs:
                found.append("%s: model %s, kernel %s" % (what, mine, theirs))

        compare("both rule sets together", model.inconsistent, False)
        compare("verdict", model.verdict, verdict)
        compare("state", STATES[model.state], STATES[entry["state"]] if entry else "NONE")
        if model.reason not in complaint or bool(model.reason) != bool(complaint):
            compare("reason", model.reason, complaint)
        if not entry or not model.state:
            return found
        compare("initiator", self.sides[model.initiator][0], entry["source"])
        compare("scales", model.scale, entry["scale"])
        compare("flags", tuple(flags & 0x3F for flags in model.flags), entry["flags"])
        compare("seen reply", model.seen_reply, entry["seen_reply"])
        compare("assured", model.assured, entry["assured"])
        if abs(model.left - entry["left"]) > 1:
            compare("seconds left", model.left, entry["left"])
        return found

    def runs_out_about_now(self):
        """Whether it cannot be told if the entry is still there."""
        if not self.answer.state:
            return False
        return abs(self.when + self.answer.left - time.monotonic()) < CLOSE_CALL_S


class Oracle:
    """Sends and compares; keeps count."""

    def __init__(self, kernel, model):
        self.kernel, self.model = kernel, model
        self.compared = self.disagreements = 0
        self.said = []
        self.seen = collections.Counter()

    def connection(self):
        return Connection(self.kernel, self.model)

    def step(self, connection, packet, send=None):
        """Compare one packet; the differences."""
        found = send() if send else connection.send(packet)
        self.compared += 1
        answer = connection.answer
        self.seen[answer.verdict, answer.reason] += 1
        self.seen["state", STATES[answer.state]] += 1
        return found

    def differences(self, sequence):
        """Replay a sequence on a tuple of its own: (packets up to a difference, what differs)."""
        connection = self.connection()
        for number, packet in enumerate(sequence, 1):
            found = connection.send(packet)
            if found:
                return number, found
        return 0, []

    def shrink(self, sequence):
        """The shortest sequence that still shows a difference."""
        at = 0
        while at < len(sequence):
            shorter = sequence[:at] + sequence[at + 1:]
            number, found = self.differences(shorter)
            if found:
                sequence, at = shorter[:number], 0
            else:
                at += 1
        return sequence

    def report(self, sequence, found, keep):
        self.disagreements += 1
        if not self.differences(sequence)[1]:
            self.said.append("DISAGREEMENT, not seen again when replayed: " + "; ".join(found))
            return
        sequence = self.shrink(sequence)
        found = self.differences(sequence)[1]
        self.said.append("DISAGREEMENT: " + "; ".join(found))
        self.said.extend("    %s" % packet for packet in sequence)
        if keep:
            name = "%08x.txt" % (hash(tuple(map(str, sequence))) & 0xFFFFFFFF)
            with open(os.path.join(HERE, "regress", name), "w") as stream:
                stream.write("# %s\n" % "; ".join(found))
                stream.writelines("%s\n" % packet for packet in sequence)

    def random_round(self, count, seed, keep):
        """Sequences made up one packet at a time."""
        rng = packets.random_of(seed)
        until = self.compared + count
        while self.compared < until and self.disagreements < 5:
            guess, connection, sequence = packets.Guess(rng), self.connection(), []
            for _ in range(packets.sequence_lengths(rng)):
                packet = guess.packet(connection.answer)
                sequence.append(packet)
                found = self.step(connection, packet)
                if found:
                    self.report(sequence, found, keep)
                    break

    def expiry_round(self, count, seed):
        """Sequences with a pause long enough for entries in CLOSE to run out."""
        rng = packets.random_of(seed)
        waiting = []
        for _ in range(count):
            guess, connection = packets.Guess(rng), self.connection()
            for _ in range(rng.randrange(3, 12)):
                if self.step(connection, guess.packet(connection.answer)):
                    break
            else:
                waiting.append((guess, connection))
        time.sleep(WAIT_S)
        for guess, connection in waiting:
            if connection.runs_out_about_now():
                continue
            for _ in range(rng.randrange(1, 5)):
                packet = guess.packet(connection.answer)
                found = self.step(connection, packet)
                if found:
                    self.disagreements += 1
                    self.said.append("DISAGREEMENT after a pause at %s: %s" % (packet, "; ".join(found)))
                    break

    def regress_round(self):
        for path in sorted(glob.glob(os.path.join(HERE, "regress", "*.txt"))):
            with open(path) as stream:
                sequence = [packets.parse(line) for line in stream if line.strip() and line[0] != "#"]
            connection = self.connection()
            for packet in sequence:
                found = self.step(connection, packet)
                if found:
                    self.disagreements += 1
                    self.said.append("DISAGREEMENT in %s at %s: %s"
                          % (os.path.basename(path), packet, "; ".join(found)))
                    break

    def capture_round(self, path):
        """A capture of the laboratory; it has one clock, the test another: timeouts do not count."""
        connections = {}
        self.kernel.forget_entries()
        for point, data in datagrams(path):
            header = (data[0] & 15) * 4
            sport, dport = struct.unpack_from("!HH", data, header)
            sides = ((data[12:16], sport), (data[16:20], dport))
            key = (point, *sorted(sides))
            if key not in connections:
                if any(known[1:] == key[1:] for known in connections):
                    self.kernel.forget_entries()
                connections[key] = self.connection()
                connections[key].sides = tuple(sorted(sides))
                connections[key].question = self.kernel.question(*sides[0], *sides[1])
            connection = connections[key]
            end = int(sides[0] != connection.sides[0])
            found = self.step(connection, None, lambda: connection.send_bytes(end, data))
            if found:
                self.disagreements += 1
                self.said.append("DISAGREEMENT in %s: %s" % (os.path.basename(path), "; ".join(found)))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packets", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--driver", default=os.path.join(ROOT, "build-tests", "plain", "tracker-driver"))
    parser.add_argument("--wait", action="store_true", help="let entries run out, too (12 s)")
    parser.add_argument("--keep", action="store_true", help="keep disagreements in regress/")
    parser.add_argument("--tap", action="store_true", help="print the result as TAP")
    parser.add_argument("--verbose", action="store_true", help="say what was met how often")
    return parser.parse_args()


def skip(options, problem):
    """Say that nothing was compared."""
    text = "tracker oracle: SKIPPED, the kernel cannot be asked here: %s" % problem
    if options.tap:
        print(text, file=sys.stderr)
        text = "1..1\nok 1 /oracle/tracker # SKIP the kernel cannot be asked here: %s" % problem
    print(text)
    return 0


def run_rounds(oracle, options):
    """Each round by name; returns the disagreements."""
    def captures():
        for path in sorted(glob.glob(os.path.join(ROOT, "captures", "lab", "*.pcap*"))):
            oracle.capture_round(path)

    rounds = [("kept-sequences", oracle.regress_round), ("lab-captures", captures),
              ("random-packets", lambda: oracle.random_round(options.packets, options.seed, options.keep))]
    if options.wait:
        rounds.append(("entries-running-out", lambda: oracle.expiry_round(1000, options.seed + 1)))
    if options.tap:
        print("1..%d" % len(rounds))
    for number, (name, play) in enumerate(rounds, 1):
        packets_before, before = oracle.compared, oracle.disagreements
        play()
        good = oracle.disagreements == before
        line = "%d /oracle/tracker/%s" % (number, name) if options.tap else name
        print("%s %s%s%d packets" % ("ok" if good else "not ok", line, "\n# " if options.tap else ": ",
                                     oracle.compared - packets_before))
        for text in oracle.said:
            print("# " + text)
        oracle.said.clear()


def main():
    options = arguments()
    started = time.monotonic()
    if not os.access(options.driver, os.X_OK):
        sys.exit("tracker oracle: no driver at %s (sh tests/run.sh builds it)" % options.driver)
    model = Model(options.driver)
    try:
        kernel = Kernel()
    except Unavailable as problem:
        return skip(options, problem)
    oracle = Oracle(kernel, model)
    run_rounds(oracle, options)
    model.close()
    print("%stracker oracle: kernel %s, seed %d: %d packets compared, %d disagreements, %.0f s"
          % ("# " if options.tap else "", os.uname().release, options.seed, oracle.compared,
             oracle.disagreements, time.monotonic() - started))
    if options.verbose:
        for what, count in sorted(oracle.seen.items()):
            print("# %8d  %s" % (count, " ".join(what)))
    return int(oracle.disagreements > 0)


if __name__ == "__main__":
    sys.exit(main())

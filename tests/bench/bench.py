#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin costs stock tshark: instructions (valgrind), memory, two capture points, a SYN flood, and the core's speed.

bench.py BUILD [--packets N] prints a table in Markdown.
"""

import argparse
import concurrent.futures
import glob
import os
import re
import resource
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from tools import Tools  # noqa: E402

MODES = [("plain", [], 1.06), ("-Y", ["-Y", "tcp.flags.reset == 1"], 1.05), ("-2", ["-2"], 1.05),
         ("-T fields", ["-T", "fields", "-e", "frame.number", "-e", "ip.src", "-e", "tcp.seq"], 1.05),
         ("report included", ["-z", "tcptriage"], 1.08)]
PER_FLOW = 20
TRACKER_KINDS = {"alike": "ordinary connection", "parted": "after a scale reset, both rule sets content",
                 "refused": "after a scale reset, the old rules refuse"}


def block(kind, body):
    """A block of pcapng."""
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


class Bench:
    def __init__(self, build, packets):
        self.build, self.packets = build, packets
        self.tools = Tools(glob.glob(os.path.join(build, "plugins/*/epan/tcptriage.so"))[0])

    def traffic(self, packets, per_flow):
        path = self.tools.path("traffic-%d-%d.pcap" % (packets, per_flow))
        if os.path.exists(path):
            return path
        with open(path, "wb") as out:
            subprocess.run([os.path.join(self.build, "bench-traffic"), str(packets), str(per_flow)], stdout=out,
                           check=True)
        os.chmod(path, 0o644)
        return path

    def instructions(self, home, options, packets, capture=None):
        capture = capture or self.traffic(packets, PER_FLOW)
        if home == "stock" and "tcptriage" in options:
            options = []
        result = self.tools.run("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null",
                                "tshark", "-n", "-r", capture, *options, home=home)
        match = re.search(r"I +refs: +([\d,]+)", result.err)
        if not match:
            sys.exit("bench.py: valgrind failed:\n" + result.err)
        return int(match.group(1).replace(",", ""))

    def ratios(self):
        """The cost of starting is taken off: a run over almost nothing."""
        jobs = [(mode, home, options, packets) for mode, options, _ in MODES for home in ("stock", "plugin")
                for packets in (1, self.packets)]
        self.traffic(1, PER_FLOW), self.traffic(self.packets, PER_FLOW)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            counts = dict(zip([(job[0], job[1], job[3]) for job in jobs],
                              pool.map(lambda job: self.instructions(*job[1:]), jobs)))
        print("| tshark, %d packets of %d flows | instructions per packet, stock | with the plugin | ratio | "
              "with start-up | budget |" % (self.packets, self.packets // PER_FLOW))
        print("|---|---|---|---|---|---|")
        for mode, _, budget in MODES:
            whole = {home: counts[mode, home, self.packets] for home in ("stock", "plugin")}
            each = {home: (whole[home] - counts[mode, home, 1]) / (self.packets - 1) for home in whole}
            print("| %s | %.0f | %.0f | %.3f | %.3f | %.2f |" % (
                mode, each["stock"], each["plugin"], each["plugin"] / each["stock"],
                whole["plugin"] / whole["stock"], budget))

    def seen_twice(self, packets, points):
        """Each packet of the traffic at both ends of a wire of 5 us, as two interfaces or as one."""
        with open(self.traffic(packets // 2, PER_FLOW), "rb") as capture:
            data = capture.read()
        frames, at = [], 24
        while at < len(data):
            seconds, fraction, length = struct.unpack_from("<III", data, at)
            frame, at = data[at + 16:at + 16 + length], at + 16 + length
            from_server = struct.unpack_from(">H", frame, 34)[0] < 1024
            time_us = seconds * 10**6 + fraction
            frames += [(time_us, int(from_server), frame), (time_us + 5, int(not from_server), frame)]
        path = self.tools.path("twice-%d-%d.pcapng" % (packets, points))
        with open(path, "wb") as out:
            out.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
            for name in (b"near", b"far.")[:points]:
                out.write(block(1, struct.pack("<HHI", 1, 0, 65535) + struct.pack("<HH", 2, 4) + name + bytes(4)))
            for time_us, point, frame in sorted(frames, key=lambda row: row[0]):
                out.write(block(6, struct.pack("<IIIII", point % points, time_us >> 32, time_us & 0xFFFFFFFF, len(frame),
                                               len(frame)) + frame + bytes(-len(frame) % 4)))
        os.chmod(path, 0o644)
        return path

    def points(self):
        """What following each segment from one capture point to the other adds."""
        each = {}
        for points in (1, 2):
            counts = [self.instructions("plugin", [], packets, self.seen_twice(packets, points))
                      for packets in (2, self.packets)]
            each[points] = (counts[1] - counts[0]) / (self.packets - 2)
        print("\n| %d packets, each seen twice | instructions per packet | ratio | budget |\n|---|---|---|---|" % self.packets)
        print("| at one point | %.0f | | |" % each[1])
        print("| at two points | %.0f | %.3f | 1.10 |" % (each[2], each[2] / each[1]))

    def resident_bytes(self, home, capture):
        """Largest resident size of a run, in a process of its own: the kernel's figure is per child."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            self.tools.run("tshark", "-n", "-r", capture, home=home)
            usage = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            os.write(writer, b"%d" % usage)
            os._exit(0)
        os.waitpid(child, 0)
        text = os.read(reader, 64)
        os.close(reader), os.close(writer)
        return int(text) * 1024

    def memory(self, packets=300000):
        """Two captures of as many packets in few and in many flows: two equations for packet and flow."""
        few, many = 1000, 10
        extra = {}
        for per_flow in (few, many):
            capture = self.traffic(packets, per_flow)
            extra[per_flow] = (self.resident_bytes("plugin", capture) - self.resident_bytes("stock", capture))
        flows = {per_flow: packets / per_flow for per_flow in (few, many)}
        per_flow_bytes = (extra[many] - extra[few]) / (flows[many] - flows[few])
        per_packet_bytes = (extra[few] - flows[few] * per_flow_bytes) / packets
        print("\n| memory above tshark's own, %d packets | bytes | budget |\n|---|---|---|" % packets)
        print("| per packet | %.0f | 96 |" % per_packet_bytes)
        print("| per flow | %.0f | 1536 |" % per_flow_bytes)

    def tracker(self, few=1000, many=21000):
        """Both tracker models for one segment, its preparation included: two lengths, as start-up counts too."""
        print("\n| tracker models, both | instructions per segment | budget |\n|---|---|---|")
        for kind in ("alike", "parted", "refused"):
            counts = [self.tracker_run(kind, segments) for segments in (few, many)]
            print("| %s | %.0f | 600 |" % (TRACKER_KINDS[kind], (counts[1] - counts[0]) / (many - few)))

    def tracker_run(self, kind, segments):
        result = subprocess.run(["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null",
                                 os.path.join(self.build, "bench-tracker"), kind, str(segments)],
                                capture_output=True, text=True, check=True)
        return int(re.search(r"I +refs: +([\d,]+)", result.stderr).group(1).replace(",", ""))

    def flood(self, syns=1000000):
        """SYNs from as many addresses against SYNs from few: the core alone, a third of them answered."""
        few = 1000
        command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null",
                   os.path.join(self.build, "flood-test")]
        results = {}
        for addresses in (few, syns):
            result = subprocess.run([*command, str(syns), str(addresses)], capture_output=True, text=True, check=True)
            refs = int(re.search(r"I +refs: +([\d,]+)", result.stderr).group(1).replace(",", ""))
            results[addresses] = refs / syns, int(result.stdout.split()[-1]) / 2**20
        print("\n| SYN flood, %d SYNs, core alone | instructions per SYN | MiB across flows |\n|---|---|---|" % syns)
        for addresses, (each, mebibytes) in results.items():
            print("| from %d addresses | %.0f | %.1f |" % (addresses, each, mebibytes))
        print("| budget | 1.5 times as many; here %.2f | 64 |" % (results[syns][0] / results[few][0]))

    def speed(self, packets=1000000):
        capture = self.traffic(packets, PER_FLOW)
        result = subprocess.run([os.path.join(self.build, "bench-core"), capture], capture_output=True, text=True,
                                check=True)
        print("\nCore alone, for information: %s million segments per second (design: at least 3)."
              % result.stdout.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--packets", type=int, default=8000)
    options = parser.parse_args()
    bench = Bench(options.build, options.packets)
    try:
        bench.ratios()
        bench.memory()
        bench.points()
        bench.tracker()
        bench.flood()
        bench.speed()
    finally:
        bench.tools.close()


if __name__ == "__main__":
    main()

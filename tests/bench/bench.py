#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin costs stock tshark on every mix of traffic, and the core alone; fails when a budget is broken.

bench.py BUILD [--mix NAME,...] [--mode NAME,...] [--packets N] [--jobs N] prints tables in Markdown, of the mixes and modes
asked for alone if any are; --peers compares with what else there is, --reader the command tcptriage with tshark; --quick is a
test: a few mixes and modes, a margin.
"""

import argparse
import collections
import concurrent.futures
import glob
import os
import re
import resource
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from tools import Tools  # noqa: E402

COUNT = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
# A cache as a server's processor has it for one of many programs; what happens in the core alone is counted.
MISSES_LL_BYTES = 32 << 20
MISSES = ["valgrind", "--tool=callgrind", "--cache-sim=yes", "--LL=%d,16,64" % MISSES_LL_BYTES,
          "--toggle-collect=core_takes_batch*", "--callgrind-out-file=/dev/null"]
# Of the command tcptriage what libwiretap does for it.
READS = ["valgrind", "--tool=callgrind", "--toggle-collect=wtap_read", "--callgrind-out-file=/dev/null"]
TRACKER_KINDS = {"alike": "ordinary connection", "parted": "after a scale reset, both rule sets content",
                 "refused": "after a scale reset, the old rules refuse"}

# A flood's or a storm's packets cost tshark little, and have a finding each or begin a flow each.
MIXES = {"fat": ("few fat flows", False), "short": ("many short flows", False), "syn": ("SYN flood", True),
         "storm": ("storm of acknowledged retransmissions", True), "rst": ("RST flood on open flows", True),
         "reset": ("flows ended by a RST beside the mark", True), "ipv6": ("IPv6", False), "vxlan": ("VXLAN", False),
         "padded": ("padded short frames", False), "offload": ("offload: partial sums, merged segments", False),
         "points": ("two capture points", False)}

# Options with the plugin and without, budget, the same in floods and storms. A filter that matches nothing: what is
# printed of the frames that match is tshark's own work.
Mode = collections.namedtuple("Mode", "plugin stock budget flood_budget")
FIELDS = ["-T", "fields", "-e", "frame.number", "-e", "ip.src", "-e", "tcp.seq"]
MODES = {"plain": Mode([], [], 1.05, 1.08),
         "-Y": Mode(["-Y", 'tcptriage.finding == "none"'], ["-Y", 'http.content_type == "none"'], 1.05, 1.10),
         "-T fields": Mode(FIELDS, FIELDS, 1.05, 1.10),
         "-2": Mode(["-2"], ["-2"], 1.04, 1.04),
         "report": Mode(["-z", "tcptriage"], [], 1.06, 1.06)}
MEMORY_BUDGET = 1.25
MEMORY_PACKETS = 100000
RUN_S = 1800 # a busy machine is no failure

PEERS_MIX = "short"

# Mixes and modes of the test: those nearest to their budgets, each mode once at least. What begins once, hosts and
# flows, does not vanish in so few packets: the margin. A report's start is not its end: it is left out.
QUICK_PACKETS = 3000
QUICK_MARGIN = 0.015
QUICK = (("short", "plain"), ("padded", "plain"), ("points", "plain"), ("short", "-Y"), ("ipv6", "-T fields"))


class Bench:
    def __init__(self, build, jobs=None):
        self.build, self.jobs = build, jobs or os.cpu_count()
        self.tools = Tools(glob.glob(os.path.join(build, "plugins/*/epan/tcptriage.so"))[0])
        steady = os.path.join(build, "bench-steady.so")
        if os.path.exists(steady):
            self.tools.environment["LD_PRELOAD"] = self.tools.adopt(steady)
        self.starts = {}
        self.broken = []

    def budget(self, number, budget, what, text="%.3f"):
        """A figure of a table, marked and remembered when it is over its budget."""
        if number <= budget:
            return text % number
        self.broken.append("%s: %s, budget %s" % (what, text % number, text % budget))
        return "**%s**" % (text % number)

    def traffic(self, mix, packets, *shape):
        # Names of one length: tshark's heap begins with its arguments, and where pointers are hashed where it lies counts.
        path = self.tools.path("-".join([mix.ljust(10, "-"), "%010d" % packets, *map(str, shape)]))
        if not os.path.exists(path):
            with open(path + ".new", "wb") as out:
                subprocess.run([os.path.join(self.build, "bench-traffic"), mix, str(packets), *map(str, shape)],
                               stdout=out, check=True)
            os.chmod(path + ".new", 0o644)
            os.rename(path + ".new", path)
        return path

    # ---- instructions ----

    def instructions(self, home, mode, mix, packets):
        return self.instructions_with(home, getattr(MODES[mode], home), mix, packets)

    def instructions_with(self, home, options, mix, packets):
        result = self.tools.run(*COUNT, "tshark", "-n", "-r", self.traffic(mix, packets), *options, home=home,
                                timeout_s=RUN_S)
        match = re.search(r"I +refs: +([\d,]+)", result.err)
        if not match or result.status:
            sys.exit("bench.py: valgrind failed:\n" + result.err)
        return int(match.group(1).replace(",", ""))

    def counts(self, jobs):
        for job in jobs:
            self.traffic(*job[2:])
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            return list(pool.map(lambda job: self.instructions(*job), jobs))

    def per_packet(self, mix, modes, packets):
        """{mode: instructions without the plugin and with it}; the cost of starting is taken off: a run over one packet."""
        runs = [(home, mode) for mode in modes for home in ("stock", "plugin")]
        new = [run for run in runs if run not in self.starts]
        self.starts.update(zip(new, self.counts([(*run, mix, 1) for run in new])))
        each = {run: (count - self.starts[run]) / (packets - 1)
                for run, count in zip(runs, self.counts([(*run, mix, packets) for run in runs]))}
        return {mode: (each["stock", mode], each["plugin", mode]) for mode in modes}

    def ratios(self, pairs, packets):
        """{(mix, mode): ratio}. The start is taken off as it is without options: nearly the same with them."""
        homes = ("stock", "plugin")
        counts = self.counts([(home, "plain", PEERS_MIX, 1) for home in homes] +
                             [(home, mode, mix, packets) for mix, mode in pairs for home in homes])
        starts, counts = counts[:2], counts[2:]
        return {pair: (plugin - starts[1]) / (stock - starts[0])
                for pair, stock, plugin in zip(pairs, counts[::2], counts[1::2])}

    def table(self, mixes, modes, packets, with_memory):
        print("| %d packets | tshark alone, instructions per packet | %s |%s" % (
            packets, " | ".join(modes), " memory |" if with_memory else ""))
        print("|---" * (2 + len(modes) + with_memory) + "|", flush=True)
        for mix in mixes:
            text, flood = MIXES[mix]
            each = self.per_packet(mix, modes, packets)
            cells = ["%.0f" % each[modes[0]][0]]
            for mode in modes:
                budget = MODES[mode].flood_budget if flood else MODES[mode].budget
                cells.append(self.budget(each[mode][1] / each[mode][0], budget, "%s, %s" % (text, mode)))
            if with_memory:
                stock, plugin = self.memory(mix)
                cells.append(self.budget(plugin / stock, MEMORY_BUDGET, text + ", memory", "%.2f") +
                             " (%.0f + %.0f bytes)" % (stock, plugin - stock))
            print("| %s | %s |" % (text, " | ".join(cells)), flush=True)
        print("| budget (floods, storms) | | %s |%s" % (
            " | ".join("%.2f (%.2f)" % (MODES[mode].budget, MODES[mode].flood_budget) for mode in modes),
            " %.2f |" % MEMORY_BUDGET if with_memory else ""), flush=True)

    def peers(self, packets):
        """What others take, of what comes with tshark or can be written for it."""
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
        mate = self.tools.adopt(os.path.join(folder, "connections.mate"))
        script = self.tools.adopt(os.path.join(folder, "ten_fields.lua"))
        rows = {"tshark alone": ("stock", []), "tcptriage": ("plugin", []),
                "tcptriage with its report": ("plugin", ["-z", "tcptriage"]),
                "tshark, -Y tcp.analysis.flags": ("stock", ["-Y", "tcp.analysis.flags"]),
                "TRANSUM": ("stock", ["--enable-protocol", "transum"]),
                "MATE, connections told apart": ("stock", ["-o", "mate.config:" + mate]),
                "ten fields in Lua": ("stock", ["-X", "lua_script:" + script])}
        jobs = [(*row, PEERS_MIX, count) for row in rows.values() for count in (1, packets)]
        self.traffic(PEERS_MIX, 1), self.traffic(PEERS_MIX, packets)
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            counts = list(pool.map(lambda job: self.instructions_with(*job), jobs))
        each = [(long - short) / (packets - 1) for short, long in zip(counts[::2], counts[1::2])]
        print("\n| %s, %d packets | instructions per packet | ratio |\n|---|---|---|" % (MIXES[PEERS_MIX][0], packets))
        for text, number in zip(rows, each):
            print("| %s | %.0f | %.3f |" % (text, number, number / each[0]), flush=True)

    # ---- the command ----

    def command(self, mix, packets):
        """Instructions of the command tcptriage per packet; of these what libwiretap takes to read it."""
        command = [os.path.join(self.build, "bin/tcptriage"), "--fail-on", "never"]
        one, all_of_them = (self.counted(*command, self.traffic(mix, count))[0] for count in (1, packets))
        read = subprocess.run([*READS, *command, self.traffic(mix, packets)], capture_output=True, text=True, check=True)
        return (all_of_them - one) / (packets - 1), int(re.search(r"Collected : (\d+)", read.stderr).group(1)) / packets

    def reader(self, mixes, packets):
        """For information: libwiretap's share is no budget of ours."""
        print("\n| %d packets, instructions per packet | tshark alone | tcptriage | times fewer | of these libwiretap |"
              "\n|---|---|---|---|---|" % packets)
        for mix in mixes:
            one, all_of_them = (self.instructions("stock", "plain", mix, count) for count in (1, packets))
            stock = (all_of_them - one) / (packets - 1)
            each, read = self.command(mix, packets)
            print("| %s | %.0f | %.0f | %.1f | %.0f |" % (MIXES[mix][0], stock, each, stock / each, read), flush=True)

    # ---- memory ----

    def resident_bytes(self, home, capture):
        """Largest resident size of a run, in a process of its own: the kernel's figure is per child."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            self.tools.run("tshark", "-n", "-r", capture, home=home, timeout_s=RUN_S)
            usage = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            os.write(writer, b"%d" % usage)
            os._exit(0)
        os.waitpid(child, 0)
        text = os.read(reader, 64)
        os.close(reader), os.close(writer)
        return int(text) * 1024

    def memory(self, mix):
        """Bytes per packet without the plugin and with it, start-up taken off."""
        return [(self.resident_bytes(home, self.traffic(mix, MEMORY_PACKETS)) -
                 self.resident_bytes(home, self.traffic(mix, 1))) / MEMORY_PACKETS for home in ("stock", "plugin")]

    def memory_shares(self, packets=300000):
        """Two captures of as many packets in few and in many flows: two equations for packet and flow."""
        few, many = 1000, 10
        extra = {}
        for per_flow in (few, many):
            capture = self.traffic("short", packets, per_flow, 100)
            extra[per_flow] = self.resident_bytes("plugin", capture) - self.resident_bytes("stock", capture)
        flows = {per_flow: packets / per_flow for per_flow in (few, many)}
        per_flow_bytes = (extra[many] - extra[few]) / (flows[many] - flows[few])
        per_packet_bytes = (extra[few] - flows[few] * per_flow_bytes) / packets
        print("\n| memory above tshark's own, %d packets | bytes | budget |\n|---|---|---|" % packets)
        print("| per packet | %s | 96 |" % self.budget(per_packet_bytes, 96, "bytes per packet", "%.0f"))
        print("| per flow | %s | 1536 |" % self.budget(per_flow_bytes, 1536, "bytes per flow", "%.0f"), flush=True)

    # ---- the core alone ----

    def counted(self, *command):
        result = subprocess.run([*COUNT, *command], capture_output=True, text=True, check=True)
        return int(re.search(r"I +refs: +([\d,]+)", result.stderr).group(1).replace(",", "")), result.stdout

    def tracker(self, few=1000, many=21000):
        """Both tracker models for one segment, its preparation included: two lengths, as start-up counts too."""
        print("\n| tracker models, both | instructions per segment | budget |\n|---|---|---|")
        for kind, text in TRACKER_KINDS.items():
            counts = [self.counted(os.path.join(self.build, "bench-tracker"), kind, str(segments))[0]
                      for segments in (few, many)]
            each = (counts[1] - counts[0]) / (many - few)
            print("| %s | %s | 600 |" % (text, self.budget(each, 600, "tracker, " + text, "%.0f")), flush=True)

    def flood(self, syns=1000000):
        """SYNs from as many addresses against SYNs from few: the core alone, a third of them answered."""
        few = 1000
        results = {}
        for addresses in (few, syns):
            refs, told = self.counted(os.path.join(self.build, "flood-test"), str(syns), str(addresses))
            results[addresses] = refs / syns, int(told.split()[-1]) / 2**20
        print("\n| SYN flood, %d SYNs, core alone | instructions per SYN | MiB across flows |\n|---|---|---|" % syns)
        for addresses, (each, mebibytes) in results.items():
            print("| from %d addresses | %.0f | %s |" % (addresses, each, self.budget(
                mebibytes, 64, "SYN flood, MiB across flows", "%.1f")))
        ratio = results[syns][0] / results[few][0]
        print("| budget | 1.5 times as many; here %s | 64 |" % self.budget(
            ratio, 1.5, "SYN flood, many addresses against few", "%.2f"), flush=True)

    def speed(self, packets=1000000):
        """Segments of flows that take turns, so that each finds nothing of its own in a small cache. Wall time is no gate."""
        print("\n| core alone, flows at once | last-level misses per segment, %d MiB | million segments per second |"
              "\n|---|---|---|" % (MISSES_LL_BYTES >> 20))
        for flows in (1000, 10000, 100000):
            core = [os.path.join(self.build, "bench-core")]
            misses, segments = re.search(r"Collected : (.*)", self.through(MISSES + core, packets, flows)[1]), packets
            reads, writes = map(int, misses.group(1).split()[-2:])
            each = self.budget((reads + writes) / segments, 8, "%d flows at once, misses per segment" % flows, "%.1f")
            print("| %d | %s | %s |" % (flows, each, self.through(core, packets, flows)[0].strip()), flush=True)
        print("| budget; for information | 8 | 2.5 |")

    def through(self, command, packets, flows):
        """Traffic of so many flows at once, into a command."""
        traffic = subprocess.Popen([os.path.join(self.build, "bench-traffic"), "short", str(packets), "20", str(flows)],
                                   stdout=subprocess.PIPE)
        result = subprocess.run(command, stdin=traffic.stdout, capture_output=True, text=True, check=True)
        traffic.stdout.close()
        traffic.wait()
        return result.stdout, result.stderr


def quick(bench):
    """A few tests, in TAP."""
    if not shutil.which("valgrind"):
        print("1..1\nok 1 /bench # SKIP valgrind is missing")
        return True
    passed = True
    for number, ((mix, mode), ratio) in enumerate(bench.ratios(QUICK, QUICK_PACKETS).items(), 1):
        most = MODES[mode].budget + QUICK_MARGIN
        print("%s %d /bench/%s/%s\n# %.3f times the instructions of tshark alone; at most %.3f" % (
            "ok" if ratio <= most else "not ok", number, mix, mode.strip("-").replace(" ", "-"), ratio, most))
        passed &= ratio <= most
    print("1..%d" % len(QUICK))
    return passed


def names(known):
    def parse(text):
        asked = text.split(",")
        for name in asked:
            if name not in known:
                raise argparse.ArgumentTypeError("none of " + ", ".join(known))
        return asked
    return parse


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--packets", type=int, default=8000)
    parser.add_argument("--mix", type=names(MIXES))
    parser.add_argument("--mode", type=names(MODES))
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--reader", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    bench = Bench(options.build, options.jobs)
    try:
        if options.quick:
            sys.exit(not quick(bench))
        if options.peers:
            bench.peers(options.packets)
            sys.exit()
        if options.reader:
            bench.reader(options.mix or list(MIXES), options.packets)
            sys.exit()
        bench.table(options.mix or list(MIXES), options.mode or list(MODES), options.packets, not options.mode)
        if not options.mix and not options.mode:
            bench.peers(options.packets)
            bench.reader(list(MIXES), options.packets)
            bench.memory_shares()
            bench.tracker()
            bench.flood()
            bench.speed()
    finally:
        bench.tools.close()
    for line in bench.broken:
        print("over budget: " + line, file=sys.stderr)
    sys.exit(bool(bench.broken))


if __name__ == "__main__":
    main()

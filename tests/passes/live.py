# SPDX-License-Identifier: GPL-2.0-or-later
"""A live capture of two kernels' traffic that goes on in a new file now and then: what is printed while it runs is what the
files tell when they are read, and the memory does not grow."""

import os
import statistics
import subprocess
import time

import tap
import told
import town

FILE_S = 6  # in the short form
OF_HOSTS = ("checksum_unverifiable",)  # said once of each, in each file anew
CAPTURE_CAPABILITIES = "+net_raw,+net_admin"


class Capture:
    """A tshark that captures and prints, with the plugin or stock."""

    def __init__(self, passes, host, home, seconds, file_s):
        tools = passes.tools
        self.folder = tools.path("live-" + home)
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o777)
        words = [word for name in told.COLUMNS for word in ("-e", "tcptriage." + name)] if home == "plugin" else []
        environment = dict(tools.environment, HOME=tools.homes[home])
        self.printed, self.complaints = (os.path.join(self.folder, name) for name in ("printed", "complaints"))
        with open(self.printed, "w") as out, open(self.complaints, "w") as err:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", host.name, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                 "--inh-caps=" + CAPTURE_CAPABILITIES, "--ambient-caps=" + CAPTURE_CAPABILITIES, "env", "-i",
                 *("%s=%s" % item for item in environment.items()), "tshark", "-n", "-l", "-i", town.DEVICE, "-w",
                 os.path.join(self.folder, "ring.pcapng"), "-b", "duration:%d" % file_s, "-a", "duration:%d" % seconds, "-P",
                 "-T", "fields", "-E", "aggregator=" + told.BETWEEN, "-e", "frame.number", *words],
                stdout=out, stderr=err, cwd=tools.folder)
        self.resident_kib = []

    def started(self):
        end = time.monotonic() + 30
        while not self.files():
            assert self.process.poll() is None and time.monotonic() < end, self.said()
            time.sleep(0.1)

    def said(self):
        with open(self.complaints) as text:
            return text.read()

    def sample(self):
        with open("/proc/%d/status" % self.process.pid) as lines:
            self.resident_kib += [int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]

    def files(self):
        return sorted(os.path.join(self.folder, name) for name in os.listdir(self.folder) if name.startswith("ring"))

    def told(self):
        """What was printed, per file: (frames, {frame: findings})"""
        files = []
        with open(self.printed) as lines:
            for line in lines:
                number, *cells = line.rstrip("\n").split("\t")
                if number == "1":
                    files.append((0, {}))
                found = dict([told.row(number, *cells)]) if cells[0] else {}
                files[-1] = int(number), {**files[-1][1], **found}
        return files


def growth_kib(samples):
    """From behind the start to the end."""
    tenth = max(1, len(samples) // 10)
    return statistics.median(samples[-tenth:]) - statistics.median(samples[2 * tenth:3 * tenth])


def check(passes, seconds, file_s):
    reason = town.why_not()
    if reason:
        raise tap.Skip(reason)
    with town.Town("tcpt-live-%d" % os.getpid()) as hosts:
        captures = [Capture(passes, hosts.client, home, seconds, file_s) for home in ("plugin", "stock")]
        for capture in captures:
            capture.started()
        end = time.monotonic() + seconds - 2
        while time.monotonic() < end:
            hosts.live(1)
            for capture in captures:
                capture.sample()
        for capture in captures:
            assert capture.process.wait(60) == 0, capture.said()
        made = hosts.connections
    ours, stock = captures
    printed, files = ours.told(), ours.files()
    frames = sum(count for count, _ in printed)
    found = sum(map(len, (row for _, rows in printed for row in rows.values())))
    passes.note("live: %d s, %d files, %d connections, %d frames, %d findings; memory %+d KiB, stock %+d KiB" % (
        seconds, len(files), made, frames, found, growth_kib(ours.resident_kib), growth_kib(stock.resident_kib)))
    assert len(files) >= seconds // file_s and found > 10, (len(files), found)
    printed += [(0, {})] * (len(files) - len(printed))  # the last may have no packet
    for path, (_, rows) in zip(files, printed):
        problem = told.differences(told.by_fields(passes.tools, path), rows)
        assert not problem, "%s\n%s" % (os.path.basename(path), problem)
    alone = joined_differences(passes, files, printed)
    assert not alone, "joined, or one by one, but not both: %s" % alone


def ends(tools, capture):
    """Per frame, its connection's two ends."""
    fields = [word for name in ("ip.src", "tcp.srcport", "ip.dst", "tcp.dstport") for word in ("-e", name)]
    rows = [line.split("\t") for line in tools.tshark("-r", capture, "-T", "fields", *fields).splitlines()]
    return [frozenset([tuple(row[:2]), tuple(row[2:])]) for row in rows]


def joined_differences(passes, files, printed):
    """(frame, finding) that only the files tell, or only all of them read as one, though all of its connection's frames are in
    one file: each file begins anew, and the files before it are not remembered."""
    whole = os.path.join(os.path.dirname(files[0]), "joined.pcapng")
    subprocess.run(["mergecap", "-a", "-w", whole, *files], check=True)
    os.chmod(whole, 0o644)
    connections, apart, where, begin = ends(passes.tools, whole), set(), {}, 0
    for number, (frames, rows) in enumerate(printed):
        apart |= {(begin + frame, ident) for frame, ident in told.pairs(rows)}
        for connection in connections[begin:begin + frames]:
            where.setdefault(connection, set()).add(number)
        begin += frames
    assert begin == len(connections), "printed %d frames of %d" % (begin, len(connections))
    in_one = told.pairs(told.by_fields(passes.tools, whole))
    assert len(in_one & apart) > len(apart) // 2, "nothing to compare"
    return sorted((frame, ident) for frame, ident in in_one ^ apart
                  if len(where[connections[frame - 1]]) == 1 and ident not in OF_HOSTS)


def tests(passes):
    seconds = passes.live_seconds
    yield "/passes/live/ring", check, passes, seconds, max(FILE_S, seconds // 20)

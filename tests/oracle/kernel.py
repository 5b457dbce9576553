# SPDX-License-Identifier: GPL-2.0-or-later
"""This kernel's TCP in a network namespace of its own, reached packet by packet over a TUN device.

A packet written to the device is handled before the write returns, in the writer's context: answers can be read at
once, and drop events carry the writer's process id.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import re
import select
import socket
import struct
import subprocess
import time

HERE, THERE = "10.9.0.1", "10.9.0.2"  # the kernel, the scripted peer
PORT = 80
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MASK = 0xFFFFFFFF
ETHERNET = bytes.fromhex("00005e005301" "00005e005302" "0800")
CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
STATES = {1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RECV", 4: "FIN_WAIT1", 5: "FIN_WAIT2", 6: "TIME_WAIT",
          8: "CLOSE_WAIT", 9: "LAST_ACK", 11: "CLOSING", 12: "SYN_RECV"}


class Unavailable(Exception):
    """This machine does not allow the test."""


def internet_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


class Packet:
    """An IPv4 TCP packet as read from the device."""

    def __init__(self, raw):
        header = (raw[0] & 15) * 4
        tcp = raw[header:]
        self.raw = raw
        (self.sport, self.dport, self.seq, self.ack, offset, self.flags, self.window) = \
            struct.unpack_from("!HHIIBBH", tcp)
        self.options = tcp[20:(offset >> 4) * 4]
        self.payload = tcp[(offset >> 4) * 4:]
        self.end_seq = (self.seq + len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)) & MASK

    def option(self, wanted):
        at = 0
        while at < len(self.options) and self.options[at]:
            if self.options[at] == 1:
                at += 1
                continue
            if self.options[at] == wanted:
                return self.options[at + 2:at + self.options[at + 1]]
            at += max(self.options[at + 1], 2)
        return None


def make(sport, dport, flags, seq, ack, window, payload, options, ip_id, damaged=False):
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq & MASK, ack & MASK, (5 + len(options) // 4) << 4, flags,
                      window, 0, 0) + options + payload
    addresses = socket.inet_aton(THERE) + socket.inet_aton(HERE)
    checksum = ~internet_sum(addresses + struct.pack("!HH", 6, len(tcp)) + tcp) & 0xFFFF
    tcp = tcp[:16] + struct.pack("!H", checksum ^ (0x5A5A if damaged else 0)) + tcp[18:]
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), ip_id, 0x4000, 64, 6, 0) + addresses
    return header[:10] + struct.pack("!H", ~internet_sum(header) & 0xFFFF) + header[12:] + tcp


class Trace:
    """skb:kfree_skb of this process, told apart by marks; `problem` says why it does not work, if so."""

    ROOT = "/sys/kernel/tracing"

    def __init__(self):
        self.mounted, self.problem, self.mark_stream = False, None, None
        self.instance = "%s/instances/triage-oracle%d" % (self.ROOT, os.getpid())
        try:
            if not os.path.exists(self.ROOT + "/trace"):
                done = subprocess.run(["mount", "-t", "tracefs", "nodev", self.ROOT], stderr=subprocess.PIPE, check=False)
                self.mounted = done.returncode == 0
            os.mkdir(self.instance)
            self.mark_stream = open(self.instance + "/trace_marker", "w", encoding="ascii")  # pylint: disable=consider-using-with
            for name, value in (("buffer_size_kb", "65536"),
                                ("events/skb/kfree_skb/filter",
                                 "common_pid == %d && protocol == 0x0800 && reason > 1" % self._own_pid()),
                                ("events/skb/kfree_skb/enable", "1")):
                with open(os.path.join(self.instance, name), "w", encoding="ascii") as stream:
                    stream.write(value)
        except OSError as problem:
            self.problem = str(problem)

    def _own_pid(self):
        """As the kernel counts: in a PID namespace, as containers have one, os.getpid() is another number."""
        self.mark("pid")
        with open(self.instance + "/trace", encoding="ascii") as stream:
            own = re.search(r"-(\d+) +\[\d+\].*tracing_mark_write: pid$", stream.read(), re.M)
        if not own:
            raise OSError("a mark is not in the trace")
        return int(own.group(1))

    def mark(self, text):
        if self.problem is None:
            self.mark_stream.write(text)
            self.mark_stream.flush()

    def reasons(self):
        """Mark -> drop reasons that came behind it; None when tracing does not work."""
        if self.problem is not None:
            return None
        found, current = {}, None
        with open(self.instance + "/trace", encoding="ascii") as stream:
            for line in stream:
                mark = re.search(r"tracing_mark_write: (\S+)", line)
                reason = re.search(r"kfree_skb: .*reason: (\w+)", line)
                if mark:
                    current = found.setdefault(mark.group(1), [])
                elif reason and current is not None:
                    current.append(reason.group(1))
        return found

    def close(self):
        if self.mark_stream:
            self.mark_stream.close()
        if os.path.isdir(self.instance):
            os.rmdir(self.instance)
        if self.mounted:
            subprocess.run(["umount", self.ROOT], stderr=subprocess.DEVNULL, check=False)


class Machine:
    """The namespace, the device, the captured packets."""

    def __init__(self):
        if os.geteuid() != 0:
            raise Unavailable("needs root for a network namespace")
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET):
            raise Unavailable("no network namespace: " + os.strerror(ctypes.get_errno()))
        try:
            self.device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(self.device, TUNSETIFF, struct.pack("16sH22x", b"probe0", IFF_TUN | IFF_NO_PI))
            for words in ("link set lo up", "link set probe0 up", "address add %s/24 dev probe0" % HERE):
                subprocess.run(["ip"] + words.split(), check=True, stderr=subprocess.PIPE)
        except (OSError, subprocess.CalledProcessError) as problem:
            raise Unavailable("no TUN device: %s" % problem) from problem
        self.sysctl("ipv4/tcp_max_syn_backlog", 65536)
        self.sysctl("core/somaxconn", 65536)
        self.sysctl("ipv4/tcp_syncookies", 0)
        self.sysctl("ipv4/tcp_fin_timeout", 60)
        self.diag = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((HERE, PORT))
        self.listener.listen(65535)
        self.listener.setblocking(False)
        self.trace = Trace()
        self.frames = []  # (time in ns, packet)
        self.next_port = 1024

    @staticmethod
    def sysctl(key, value):
        with contextlib.suppress(OSError), open("/proc/sys/net/" + key, "w", encoding="ascii") as stream:
            stream.write(str(value))

    def port(self):
        self.next_port += 1
        return self.next_port

    def inject(self, raw):
        """Send a packet to the kernel. @return its frame number"""
        self.frames.append((time.time_ns(), raw))
        number = len(self.frames)
        os.write(self.device, raw)
        return number

    def take(self, port, keep=True):
        """The kernel's packets toward the peer's `port`; those of other connections are thrown away."""
        found = []
        while True:
            try:
                raw = os.read(self.device, 65536)
            except OSError as problem:
                if problem.errno == errno.EAGAIN:
                    return found
                raise
            if raw[0] >> 4 != 4 or raw[9] != 6:
                continue
            packet = Packet(raw)
            if packet.dport != port:
                continue
            if keep:
                self.frames.append((time.time_ns(), raw))
            found.append(packet)

    def wait(self, port, timeout_s=0.5):
        """At least one packet toward `port`."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            found = self.take(port)
            if found:
                return found
            select.select([self.device], [], [], 0.01)
        raise RuntimeError("the kernel does not answer port %d" % port)

    def state(self, local_port, peer_port):
        """State of a connection by sock_diag, None when there is none."""
        ident = struct.pack("!HH4s12x4s12xI", local_port, peer_port, socket.inet_aton(HERE), socket.inet_aton(THERE), 0)
        body = struct.pack("<BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, MASK) + ident + struct.pack("<II", MASK, MASK)
        self.diag.send(struct.pack("<IHHII", 16 + len(body), 20, 1, 1, 0) + body)
        answer = self.diag.recv(4096)
        if struct.unpack_from("<H", answer, 4)[0] != 20:
            return None
        return STATES.get(answer[17])

    def finish(self, outcomes):
        """Give the outcomes their drop reasons. @return whether tracing works

        NOT_SPECIFIED comes with segments that were used and with some that were not; QUEUE_PURGE is about others."""
        found = self.trace.reasons()
        for outcome in outcomes:
            reasons = (found or {}).get("probe%d" % outcome.frame, [])
            outcome.in_doubt = found is None or "NOT_SPECIFIED" in reasons
            outcome.reasons = [reason for reason in reasons if reason not in ("NOT_SPECIFIED", "QUEUE_PURGE")]
        return found is not None

    def write_capture(self, path):
        with open(path, "wb") as stream:
            stream.write(struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
            for when, raw in self.frames:
                frame = ETHERNET + raw
                stream.write(struct.pack("<IIII", when // 10**9, when % 10**9, len(frame), len(frame)) + frame)

    def close(self):
        self.trace.close()
        os.close(self.device)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Two real TCP stacks and a wire that misbehaves on demand.

A Lab is three network namespaces: client, wire and server. Client and server
are ordinary Linux hosts with one veth each; the wire is a relay in user space
that can delay, hold, drop, pad, damage and forge frames. What happens is
recorded at both hosts, and on the wire if it has a middle:

    client0 --- near [relay] far --- server0                      (plain)
    client0 --- near [relay] right=left [relay] far --- server0   (middle)

A rule is called for each frame on its way: rule(direction, segment) returns
the frames to pass on, as (delay in seconds, bytes) pairs. Everything runs in
one process: a thread enters a namespace, makes its socket, and leaves again.
"""

import contextlib
import ctypes
import errno
import heapq
import itertools
import os
import re
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import segments

CLIENT_ADDRESS, SERVER_ADDRESS = "192.0.2.10", "198.51.100.20"
CLIENT_MAC, SERVER_MAC = "00:00:5e:00:53:01", "00:00:5e:00:53:02"
TO_SERVER, TO_CLIENT = "to_server", "to_client"
ONE_WAY_S = 0.010  # default delay of the wire; a round trip is twice that

ETH_P_ALL = 3
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
CLONE_NEWNET = 0x40000000
IP_BIND_ADDRESS_NO_PORT = 24
libc = ctypes.CDLL(None, use_errno=True)


def command(*words):
    """Run a command; its output, or an exception with its complaint."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError("%s: %s" % (" ".join(words), done.stderr.strip()))
    return done.stdout


class Namespace:
    """A network namespace by name, removed by its Lab."""

    def __init__(self, name):
        self.name = name
        command("ip", "netns", "add", name)
        self.run("ip", "link", "set", "lo", "up")
        for which in ("all", "default"):
            self.sysctl("net.ipv6.conf.%s.disable_ipv6" % which, 1)

    def run(self, *words):
        return command("ip", "netns", "exec", self.name, *words)

    def sysctl(self, key, value):
        self.run("sysctl", "-qw", "%s=%s" % (key, value))

    def nft(self, ruleset):
        self.run("nft", ruleset)

    @contextlib.contextmanager
    def entered(self):
        """Sockets made by this thread inside the block belong to the namespace."""
        with open("/proc/thread-self/ns/net") as home, open("/run/netns/" + self.name) as there:
            set_namespace(there)
            try:
                yield
            finally:
                set_namespace(home)

    def counters(self):
        """The stack's TCP counters, as nstat names them."""
        found = {}
        with self.entered():
            for path in ("/proc/thread-self/net/snmp", "/proc/thread-self/net/netstat"):
                with open(path) as stream:
                    lines = stream.read().splitlines()
                for names, values in zip(lines[::2], lines[1::2]):
                    prefix, names = names.split(":")
                    if prefix in ("Tcp", "TcpExt"):
                        found.update(zip((prefix + name for name in names.split()),
                                         map(int, values.split(":")[1].split())))
        return found

    def sockets(self):
        """`ss -tan` without its header, one string per socket."""
        return [" ".join(line.split()) for line in self.run("ss", "-tanH").splitlines()]


def set_namespace(stream):
    if libc.setns(stream.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class MessageHeader(ctypes.Structure):
    """struct msghdr."""

    _fields_ = [("name", ctypes.c_void_p), ("name_len", ctypes.c_uint32),
                ("iov", ctypes.c_void_p), ("iov_len", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("control_len", ctypes.c_size_t),
                ("flags", ctypes.c_int)]


class MultipleMessageHeader(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = [("header", MessageHeader), ("sent", ctypes.c_uint)]


class IoVector(ctypes.Structure):
    """struct iovec."""

    _fields_ = [("base", ctypes.c_char_p), ("length", ctypes.c_size_t)]


def send_together(sock, frames):
    """Several frames in one system call, so that the receiver finds them at once."""
    vectors = [IoVector(frame, len(frame)) for frame in frames]
    messages = (MultipleMessageHeader * len(frames))(*(
        MultipleMessageHeader(MessageHeader(iov=ctypes.addressof(vector), iov_len=1))
        for vector in vectors))
    if libc.sendmmsg(sock.fileno(), messages, len(frames), 0) != len(frames):
        raise OSError(ctypes.get_errno(), "sendmmsg")


def pass_on(_direction, segment):
    """The rule of an honest wire."""
    return [(ONE_WAY_S, segment.raw)]


class Relay(threading.Thread):
    """Carries frames between two devices of one namespace, by a rule."""

    def __init__(self, namespace, client_side, server_side, rule, realtime=False):
        super().__init__(daemon=True)
        with namespace.entered():
            self.sockets = {TO_SERVER: self._open(client_side), TO_CLIENT: self._open(server_side)}
        self.rule = rule
        self.realtime = realtime
        self.pending, self.order, self.lock = [], itertools.count(), threading.Lock()
        self.wake_read, self.wake_write = os.pipe()
        self.running = True
        self.failure = None

    @staticmethod
    def _open(device):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind((device, 0))
        return sock

    def inject(self, direction, raw, delay_s=0.0):
        """Put a frame on the wire that nobody sent."""
        with self.lock:
            heapq.heappush(self.pending,
                           (time.monotonic() + delay_s, next(self.order), direction, raw))
        os.write(self.wake_write, b"x")

    def stop(self):
        self.running = False
        os.write(self.wake_write, b"x")
        self.join(5)
        for sock in self.sockets.values():
            sock.close()
        os.close(self.wake_read)
        os.close(self.wake_write)
        if self.failure:
            raise self.failure

    def run(self):
        try:
            if self.realtime:
                # Frames released together must not be seen one by one: the
                # receiving NAPI thread shares this processor and has to wait.
                os.sched_setaffinity(0, {0})
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
            self._carry()
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def _carry(self):
        arrivals = {sock: direction for direction, sock in self.sockets.items()}
        while self.running:
            wait = None
            with self.lock:
                if self.pending:
                    wait = max(0.0, self.pending[0][0] - time.monotonic())
            ready, _, _ = select.select([*arrivals, self.wake_read], [], [], wait)
            for source in ready:
                if source == self.wake_read:
                    os.read(self.wake_read, 4096)
                    continue
                frame = source.recv(65536)
                segment = segments.parse(frame)
                if segment is None and not segments.is_icmp(frame):
                    continue
                now = time.monotonic()
                rule = self.rule if segment else lambda _direction, frame: [(ONE_WAY_S, frame)]
                for delay, raw in rule(arrivals[source], segment or frame):
                    with self.lock:
                        heapq.heappush(self.pending, (now + delay, next(self.order),
                                                      arrivals[source], raw))
            self._release()

    def _release(self):
        due = {TO_SERVER: [], TO_CLIENT: []}
        with self.lock:
            while self.pending and self.pending[0][0] <= time.monotonic():
                _, _, direction, raw = heapq.heappop(self.pending)
                due[direction].append(raw)
        for direction, frames in due.items():
            if frames:
                # what arrived on one device leaves on the other
                other = TO_CLIENT if direction == TO_SERVER else TO_SERVER
                send_together(self.sockets[other], frames)


class Lab:
    """The namespaces, the wire and the recording; use as a context manager."""

    NUMBERS = itertools.count()

    def __init__(self, rule=pass_on, client_rule=None, together=False, client_offload=False):
        """`client_rule` gives the wire a middle: it then stands between the
        middle and the client, `rule` between the middle and the server.
        `together` lets the client find frames that the relay releases at
        once in one batch, `client_offload` leaves its checksum offload on."""
        self.rule, self.client_rule = rule, client_rule
        self.together, self.client_offload = together, client_offload
        self.namespaces, self.relays = [], []

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_):
        self._remove()

    def _build(self):
        self.client, self.wire, self.server = map(self._namespace, ("client", "wire", "server"))
        self._cable(self.client, "client0", self.wire, "near")
        self._cable(self.wire, "far", self.server, "server0")
        if self.client_rule:
            self._cable(self.wire, "right", self.wire, "left")
        self._host(self.client, "client0", CLIENT_ADDRESS, CLIENT_MAC, SERVER_ADDRESS, SERVER_MAC)
        self._host(self.server, "server0", SERVER_ADDRESS, SERVER_MAC, CLIENT_ADDRESS, CLIENT_MAC)
        if self.client_offload:
            self.client.run("ethtool", "-K", "client0", "tx", "on")
        if self.together:
            self._batch_reception()
        if self.client_rule:
            self._relay("near", "right", self.client_rule)
            self._relay("left", "far", self.rule)
        else:
            self._relay("near", "far", self.rule)

    def _namespace(self, role):
        made = Namespace("triage%d-%d-%s" % (os.getpid(), next(self.NUMBERS), role))
        self.namespaces.append(made)
        return made

    def _cable(self, left, left_device, right, right_device):
        command("ip", "link", "add", left_device, "netns", left.name, "type", "veth",
                "peer", right_device, "netns", right.name)
        for namespace, device in ((left, left_device), (right, right_device)):
            # One frame, one packet, with the checksum it has on the wire.
            namespace.run("ethtool", "-K", device, "tx", "off", "rx", "off", "sg", "off",
                          "tso", "off", "gso", "off", "gro", "off")
            # TCP hands down several segments at once even so, and the tracker
            # of the sending host would see them as one.
            namespace.run("ip", "link", "set", device, "gso_max_segs", "1")
            namespace.run("ip", "link", "set", device, "up")

    @staticmethod
    def _host(namespace, device, address, mac, peer, peer_mac):
        namespace.run("ip", "link", "set", device, "address", mac)
        namespace.run("ip", "address", "add", address + "/32", "dev", device)
        namespace.run("ip", "route", "add", peer + "/32", "dev", device)
        # No ARP in the captures.
        namespace.run("ip", "neigh", "add", peer, "lladdr", peer_mac, "dev", device,
                      "nud", "permanent")
        namespace.sysctl("net.ipv4.tcp_fastopen", 3)

    def _batch_reception(self):
        self.client.run("ethtool", "-K", "client0", "gro", "on")
        self.client.run("sh", "-c", "echo 1 > /sys/class/net/client0/threaded")
        threads = [int(pid) for pid in os.listdir("/proc") if pid.isdigit()
                   and thread_name(pid).startswith("napi/client0")]
        if not threads:
            raise RuntimeError("client0 has no NAPI thread")
        for pid in threads:
            os.sched_setaffinity(pid, {0})

    def _relay(self, client_side, server_side, rule, namespace=None):
        relay = Relay(namespace or self.wire, client_side, server_side, rule, realtime=self.together)
        self.relays.append(relay)
        relay.start()

    @property
    def middle(self):
        """Namespace, device and filter of the capture point between two relays."""
        return self.wire, "right", "tcp or icmp"

    def _remove(self):
        try:
            for relay in self.relays:
                relay.stop()
        finally:
            for namespace in self.namespaces:
                subprocess.run(["ip", "netns", "del", namespace.name], check=False)
            self.relays, self.namespaces = [], []

    @property
    def relay(self):
        """The relay nearest to the server."""
        return self.relays[-1]

    # ---- sockets ----

    def server_socket(self, port, fastopen=False, backlog=8):
        """A listening socket on the server."""
        with self.server.entered():
            sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((SERVER_ADDRESS, port))
        if fastopen:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
        sock.listen(backlog)
        sock.settimeout(10)
        return sock

    def client_socket(self, port, timeout_s=10, address=CLIENT_ADDRESS):
        """A socket on the client, bound to a port of its own; without a port
        the kernel chooses one when it knows the destination."""
        with self.client.entered():
            sock = socket.socket()
        sock.settimeout(timeout_s)
        if not port:
            sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((address, port))
        return sock

    def record(self, trace=True):
        """`trace` off where other laboratories may run at the same time."""
        return Recording(self, KernelTrace if trace else NoTrace)


def abort(sock):
    """Close with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def thread_name(pid):
    try:
        with open("/proc/%s/comm" % pid) as stream:
            return stream.read().strip()
    except OSError:
        return ""


class Capture:
    """tcpdump on one device, to a nanosecond pcap."""

    def __init__(self, namespace, device, what, path):
        self.path = path
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace.name, "tcpdump", "-i", device, "-n", "-s", "0", "-U",
             "--immediate-mode", "--time-stamp-precision=nano", "-B", "8192", "-Z", "root",
             "-w", path, what], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "listening on" in line:
                return
        self.process.kill()
        raise RuntimeError("tcpdump did not start on " + device)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        _, complaint = self.process.communicate(timeout=10)
        lost = re.search(r"(\d+) packets? dropped by kernel", complaint)
        if lost and int(lost.group(1)):
            raise RuntimeError("the capture lost packets")
        self.icmp = []
        return segments.read_capture(self.path, self.icmp)


class KernelTrace:
    """What the kernel says it did, by its trace events.

    Events carry no namespace: one laboratory at a time. An instance of its
    own keeps the events apart from other users of the tracer."""

    ROOT = "/sys/kernel/tracing"
    EVENTS = {
        "skb/kfree_skb": "protocol == 0x0800 && reason > 2",
        "net/netif_receive_skb": None,
        "sock/inet_sock_set_state": None,
    }

    def __init__(self):
        self.mounted = self.instance = None
        self.problem = None
        try:
            if not os.path.exists(self.ROOT + "/trace"):
                command("mount", "-t", "tracefs", "nodev", self.ROOT)
                self.mounted = True
            self.instance = "%s/instances/triage%d" % (self.ROOT, os.getpid())
            os.mkdir(self.instance)
            self._write("trace_clock", "mono")
            self._write("buffer_size_kb", "4096")
            for event, condition in self.EVENTS.items():
                if condition:
                    self._write("events/%s/filter" % event, condition)
                self._write("events/%s/enable" % event, "1")
        except (OSError, RuntimeError) as problem:
            self.problem = str(problem)

    def _write(self, name, value):
        with open(os.path.join(self.instance, name), "w") as stream:
            stream.write(value)

    def stop(self):
        """The lines of the trace; afterwards the tracer is as it was."""
        lines = []
        if self.instance and os.path.isdir(self.instance):
            with open(self.instance + "/trace") as stream:
                lines = [line for line in stream if not line.startswith("#")]
            os.rmdir(self.instance)
        if self.mounted:
            subprocess.run(["umount", self.ROOT], stderr=subprocess.DEVNULL, check=False)
        return lines


class NoTrace:
    """For cases that run beside others: trace events carry no namespace."""

    def __init__(self):
        self.problem = "none: other namespaces were at work; see sockets, counters and answers"

    @staticmethod
    def stop():
        return []


class Recording:
    """Captures at every point and the kernel's own account of the same time."""

    LINE = re.compile(r"\s(?P<time>\d+\.\d+): (?P<event>\w+): (?P<rest>.*)")
    batch_ns = 1  # captures of several points are joined in such batches of time
    SAME_MOMENT_S = 0.05  # a dropped frame is freed in the softirq that received it

    def __init__(self, lab, tracer):
        self.lab, self.tracer = lab, tracer
        self.applications, self.sockets, self.answers = [], [], []
        self.points = {"client": (lab.client, "client0", "tcp or icmp"),
                       "server": (lab.server, "server0", "tcp or icmp")}
        if lab.client_rule:
            self.points["middle"] = lab.middle
        self.directory = None

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="triage-lab-")
        self.paths = {point: os.path.join(self.directory, point + ".pcap")
                      for point in self.points}
        self.captures = {}
        try:
            for point, where in self.points.items():
                self.captures[point] = Capture(*where, self.paths[point])
        except BaseException:
            for capture in self.captures.values():
                capture.process.kill()
            raise
        self.trace = self.tracer()
        self.clock_offset = time.time() - time.monotonic()
        self.hosts = {"client": self.lab.client, "server": self.lab.server}
        self.before = {host: namespace.counters() for host, namespace in self.hosts.items()}
        return self

    def __exit__(self, kind, *_):
        try:
            time.sleep(0.05)  # frames still on the wire
            after = {host: namespace.counters() for host, namespace in self.hosts.items()}
            # gauges go up and down, and are no events
            self.counters = {
                host: {name: value - self.before[host].get(name, 0)
                       for name, value in after[host].items()
                       if value != self.before[host].get(name, 0) and name != "TcpCurrEstab"}
                for host in self.hosts}
        finally:
            lines = self.trace.stop()
            self.seen = {point: capture.stop() for point, capture in self.captures.items()}
            self.icmp = {point: capture.icmp for point, capture in self.captures.items()}
        if kind is None:
            self._read_trace(lines)

    def note(self, who, what, error=None):
        """Something an application did or was told."""
        name = error and (error_name(error) or str(error))
        self.applications.append((time.time(), who, what, name))

    def snapshot(self, host, listeners=False):
        """What `ss -tan` shows on a host now."""
        now = time.time()
        for line in self.hosts[host].sockets():
            if listeners or not line.startswith("LISTEN"):
                self.sockets.append((now, host, line))

    def ask(self, host, *words, only=""):
        """Keep what a command says on a host: the lines that contain `only`."""
        now = time.time()
        lines = [" ".join(line.split()) for line in self.hosts[host].run(*words).splitlines()]
        kept = [line for line in lines if only in line and line]
        self.answers.append((now, host, " ".join(words), kept))
        return kept

    def _read_trace(self, lines):
        """Sort the trace into drops and state changes.

        The i-th frame received on a device is the i-th inbound frame of the
        capture there; a drop names the same packet buffer."""
        inbound = {
            "client0": [s for s in self.seen["client"] if s.dst == CLIENT_ADDRESS],
            "server0": [s for s in self.seen["server"] if s.dst == SERVER_ADDRESS]}
        host_of = {"client0": "client", "server0": "server"}
        counts = dict.fromkeys(inbound, 0)
        buffers = {}
        current = {}  # orphans of namespaces long removed change state, too
        self.drops, self.states = [], []
        for line in lines:
            match = self.LINE.search(line)
            if not match:
                continue
            when, rest = float(match["time"]), match["rest"]
            fields = dict(re.findall(r"(\w+)=(\S+)", rest))
            if match["event"] == "netif_receive_skb":
                buffers.pop(fields["skbaddr"], None)
                device = fields["dev"]
                if device in inbound:
                    if counts[device] < len(inbound[device]):
                        buffers[fields["skbaddr"]] = (when, host_of[device],
                                                      inbound[device][counts[device]])
                    counts[device] += 1
            elif match["event"] == "kfree_skb":
                reason = rest.rsplit("reason: ", 1)[1].strip()
                known = buffers.pop(fields["skbaddr"], None)
                if reason == "QUEUE_PURGE":  # taken, and freed with its socket later
                    continue
                if known and when - known[0] < self.SAME_MOMENT_S:
                    self.drops.append((known[1], known[2], reason))
            elif match["event"] == "inet_sock_set_state":
                host = {CLIENT_ADDRESS: "client", SERVER_ADDRESS: "server"}.get(fields["saddr"])
                old, new = (fields[name].removeprefix("TCP_") for name in ("oldstate", "newstate"))
                socket_name = (host, fields["sport"], fields["dport"])
                born = new == "SYN_SENT" or old == "SYN_RECV"
                if host and (born or current.get(socket_name) == old):
                    current[socket_name] = new
                    self.states.append((when + self.clock_offset, host, old, new))
        for device, count in counts.items():
            if not self.trace.problem and count != len(inbound[device]):
                raise RuntimeError("%s: %d frames in the trace, %d in the capture"
                                   % (device, count, len(inbound[device])))


def error_name(error):
    """EPIPE and the like, or None. ETIMEDOUT is the kernel's, not the socket's own timer."""
    if isinstance(error, socket.timeout) and error.errno is None:
        return "timed out (own timer)"
    return errno.errorcode.get(getattr(error, "errno", None))

# SPDX-License-Identifier: GPL-2.0-or-later
"""The connection tracker of the running kernel, asked packet by packet.

The process moves into a network namespace of its own, which goes with it. A
TUN device is the only link: packets written to it are routed back out of it,
through nf_conntrack. write() returns when the packet has come out, or has been
dropped because its state is invalid; then the entry is read by ctnetlink and
the tracker's complaint, if any, from NFLOG.
"""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
NETLINK_NETFILTER = 12
CTNETLINK_GET, CTNETLINK_DELETE, NFLOG_CONFIG = (1 << 8) | 1, (1 << 8) | 2, (4 << 8) | 1
NLM_REQUEST, NLA_NESTED = 1, 0x8000
NLMSG_ERROR = 2
SEEN_REPLY, ASSURED = 1 << 1, 1 << 2
FLAGS_COMPARED = 0x3F  # of ip_ct_tcp_state.flags

RULES = """
table ip oracle {
    chain forward {
        type filter hook forward priority 0; policy accept;
        ct state invalid drop
    }
}
"""


class Unavailable(Exception):
    """Not root, or a kernel that lacks something."""


def attribute(kind, value):
    pad = -len(value) % 4
    return struct.pack("=HH", len(value) + 4, kind) + value + b"\0" * pad


def nested(kind, *attributes):
    return attribute(kind | NLA_NESTED, b"".join(attributes))


def attributes(data):
    """{type: value} of a run of netlink attributes."""
    found, at = {}, 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[at + 4:at + length]
        at += length + 3 & ~3
    return found


def message(kind, family, body, resource=0):
    body = struct.pack("!BBH", family, 0, resource) + body
    return struct.pack("=IHHII", len(body) + 16, kind, NLM_REQUEST, 1, 0) + body


class Kernel:
    """nf_conntrack in a namespace of its own."""

    def __init__(self):
        try:
            self._build()
        except (OSError, subprocess.CalledProcessError) as problem:
            raise Unavailable(problem) from problem

    def _build(self):
        if os.geteuid() != 0:
            raise PermissionError("needs root for a network namespace")
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.tun, TUNSETIFF, struct.pack("16sH22x", b"tun0", IFF_TUN | IFF_NO_PI))
        for key, value in (("net/ipv6/conf/all/disable_ipv6", 1), ("net/ipv4/ip_forward", 1),
                           ("net/ipv4/conf/all/rp_filter", 0),
                           ("net/ipv4/conf/tun0/rp_filter", 0),
                           ("net/ipv4/conf/all/send_redirects", 0),
                           ("net/ipv4/conf/tun0/send_redirects", 0)):
            self._sysctl(key, value)
        for words in ("link set lo up", "link set tun0 mtu 65535 up", "route add default dev tun0"):
            subprocess.run(["ip", *words.split()], check=True)
        subprocess.run(["nft", "-f", "-"], input=RULES, text=True, check=True)
        self._sysctl("net/netfilter/nf_conntrack_log_invalid", 6)
        self._sysctl("net/netfilter/nf_log/2", "nfnetlink_log")
        self.entries = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self._open_log()

    @staticmethod
    def _sysctl(key, value):
        with open("/proc/sys/" + key, "w") as stream:
            stream.write(str(value))

    def _open_log(self):
        """Complaints go to NFLOG group 0, each at once."""
        self.log = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        for family, group, body in (
                (socket.AF_INET, 0, attribute(1, b"\x03")),          # bind to the family
                (socket.AF_UNSPEC, 0, attribute(1, b"\x01")),        # bind to the group
                (socket.AF_UNSPEC, 0, attribute(2, struct.pack("!IBx", 64, 2))),
                (socket.AF_UNSPEC, 0, attribute(5, struct.pack("!I", 1)))):
            self.log.send(message(NFLOG_CONFIG, family, body, group))
        self.log.setblocking(False)
        self.complaints()

    def complaints(self):
        """What the tracker logged since the last call."""
        found = []
        while True:
            try:
                data = self.log.recv(65536)
            except BlockingIOError:
                return found
            at = 0
            while at + 16 <= len(data):
                length, kind = struct.unpack_from("=IH", data, at)
                if kind == 4 << 8:
                    prefix = attributes(data[at + 20:at + length]).get(10, b"")
                    found.append(prefix.rstrip(b"\0 ").decode().split(": ", 1)[-1])
                at += length + 3 & ~3

    def send(self, packet):
        """Route a packet. (did it pass, the tracker's first complaint or "")"""
        os.write(self.tun, packet)
        try:
            os.read(self.tun, 65536)
            passed = True
        except BlockingIOError:
            passed = False
        complaints = self.complaints()
        return passed, complaints[0] if complaints else ""

    @staticmethod
    def question(source, sport, destination, dport):
        """The request for the entry of a 4-tuple, in either direction."""
        return message(CTNETLINK_GET, socket.AF_INET, nested(
            1, nested(1, attribute(1, source), attribute(2, destination)),
            nested(2, attribute(1, b"\x06"), attribute(2, struct.pack("!H", sport)),
                   attribute(3, struct.pack("!H", dport)))))

    def forget_entries(self):
        """Flush the table."""
        self.entries.send(message(CTNETLINK_DELETE, socket.AF_INET, b""))

    def entry(self, question):
        """The entry as a dict, or None."""
        self.entries.send(question)
        data = self.entries.recv(65536)
        if struct.unpack_from("=H", data, 4)[0] == NLMSG_ERROR:
            return None
        found = attributes(data[20:])
        tuple_ip = attributes(attributes(found[1])[1])
        tcp = attributes(attributes(found[4])[1])
        status = struct.unpack("!I", found[3])[0]
        return {
            "source": tuple_ip[1],
            "state": tcp[1][0],
            "scale": (tcp[2][0], tcp[3][0]),
            "flags": (tcp[4][0] & FLAGS_COMPARED, tcp[5][0] & FLAGS_COMPARED),
            "seen_reply": bool(status & SEEN_REPLY),
            "assured": bool(status & ASSURED),
            "left": struct.unpack("!I", found[7])[0],
        }

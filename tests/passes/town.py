# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hosts in network namespaces, whose real TCP stacks open, refuse, reset, lose and close at a low rate."""

import contextlib
import itertools
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lab"))
from netlab import Namespace, command  # noqa: E402

CLIENT, SERVER = "192.0.2.10", "198.51.100.20"
DEVICE = "tcpt0"  # the client's, where is captured
PORT, CLOSED, FILTERED = 8080, 8081, 8082
LOST_PERCENT = 4
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def why_not():
    """Why there cannot be a town here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [program for program in ("ip", "nft", "setpriv") if not shutil.which(program)]
    if missing:
        return "needs " + ", ".join(missing)
    return what_is_forbidden("tcpt-try-%d" % os.getpid())


def what_is_forbidden(name):
    """Root in a container may make no namespaces, or no filter in them: tried with an empty one."""
    rules = "table ip t { chain i { type filter hook input priority 0; numgen random mod 100 < 4 drop; }; }"
    for words in (["add", name], ["exec", name, "nft", rules]):
        done = subprocess.run(["ip", "netns", *words], capture_output=True, text=True)
        if done.returncode != 0:
            break
    subprocess.run(["ip", "netns", "delete", name], capture_output=True)
    return "ip netns %s: %s" % (words[0], done.stderr.strip()) if done.returncode else None


class Town:
    """with Town(name) as town: town.live(seconds)"""

    def __init__(self, name):
        self.name, self.numbers, self.connections, self.open = name, itertools.count(), 0, []

    def __enter__(self):
        self.hosts = []
        try:
            self.hosts += [Namespace(self.name + "-client"), Namespace(self.name + "-server")]
            self.client, self.server = self.hosts
            self.client.run("ip", "link", "add", DEVICE, "type", "veth", "peer", "name", "tcpt1", "netns", self.server.name)
            for host, device, address, other in ((self.client, DEVICE, CLIENT, SERVER), (self.server, "tcpt1", SERVER, CLIENT)):
                host.run("ip", "address", "add", address + "/32", "dev", device)
                host.run("ip", "link", "set", device, "up")
                host.run("ip", "route", "add", other + "/32", "dev", device)
                host.nft("table ip t { chain i { type filter hook input priority 0; tcp dport %d drop; meta l4proto tcp numgen "
                         "random mod 100 < %d drop; }; }" % (FILTERED, LOST_PERCENT))
            with self.server.entered():
                self.listener = socket.create_server((SERVER, PORT), backlog=64)
            threading.Thread(target=self._serve, daemon=True).start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for one in self.open:
            one.close()
        for host in self.hosts:
            command("ip", "netns", "delete", host.name)

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        """By the request's first letter."""
        with contextlib.suppress(OSError):
            connection.settimeout(20)
            wanted = connection.recv(100)[:1]
            if wanted == b"b":
                connection.sendall(bytes(150000))
            elif wanted == b"r":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            elif wanted == b"k":
                self.open.append(connection)  # never closed
                return
            elif wanted == b"s":
                connection.sendall(b"short")
            connection.close()

    def _connect(self, port=PORT, patience_s=15):
        with self.client.entered():
            one = socket.socket()
        one.settimeout(patience_s)
        self.connections += 1
        try:
            one.connect((SERVER, port))
        except OSError:
            one.close()
            return None
        return one

    def _visit(self, number):
        """One of the things that happen, in turn."""
        kind = ("s", "b", "r", "k", "s", "a", "refused", "filtered", "s", "b")[number % 10]
        if kind in ("refused", "filtered"):
            self._connect(CLOSED if kind == "refused" else FILTERED, 4)
            return
        one = self._connect()
        if not one:
            return
        with contextlib.suppress(OSError):
            one.sendall(kind.encode() * 50)
            if kind == "a":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            else:
                while one.recv(65536) and kind != "k":
                    pass
        one.close()

    def live(self, seconds, each_s=0.25):
        """So many connections, one after the other but each in its own time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            threading.Thread(target=self._visit, args=(next(self.numbers),), daemon=True).start()
            time.sleep(each_s)

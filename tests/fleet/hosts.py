# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts that are lost in the middle, two with an sshd each in network namespaces: nothing is lost, nothing there twice."""

import glob
import os
import re
import shutil
import subprocess
import threading

import place
import stops
import tap

HOSTS = ("one", "two")
COPIED = 24  # captures: each takes a dozen connections
PORT = 2222
SYSTEM_SSHD = "/usr/sbin/sshd"
SSHD = """Port %(port)d
HostKey %(folder)s/host-key
AuthorizedKeysFile %(folder)s/key.pub
PidFile %(folder)s/pid-%(name)s
PermitRootLogin yes
StrictModes no
UsePAM no
"""
# Silence ends a connection after some seconds, as README.md says for hosts that may be lost.
SSH = """Host *
User root
Port %(port)d
IdentityFile %(folder)s/key
UserKnownHostsFile /dev/null
StrictHostKeyChecking no
BatchMode yes
LogLevel ERROR
ConnectTimeout 2
ServerAliveInterval 1
ServerAliveCountMax 2
ControlMaster auto
ControlPath %(folder)s/%%h
ControlPersist 60
"""
PACKAGE = "openssh-server"  # its files alone, with those of what it needs: installed it would start a daemon of this machine's
# From OpenSSH 9.8 and 10 on sshd is several programs, each of which looks for the next one where the package puts it.
PARTS = {"SshdSessionPath": "/usr/lib/openssh/sshd-session", "SshdAuthPath": "/usr/lib/openssh/sshd-auth"}
DOWNLOAD_S = 120
# A host that is this one, without a SHELL, as services are: a worker's folder is below HOME.
HERE = '#!/bin/sh\nshift\n[ "$1" != -- ] || shift\nunset SHELL\ncd "%(folder)s" && HOME=$PWD exec sh -c "$*"\n'
# rsync, to which the host is lost while it brings one capture there, and once more with another's results on the way back.
LOST_TWICE = """#!/bin/sh
case "$*" in
*"/%(there)s here:"*) ! mkdir "%(folder)s/lost-there" 2>/dev/null || exit 12 ;;
*" here:./%(back)s"*) ! mkdir "%(folder)s/lost-back" 2>/dev/null || exit 12 ;;
esac
exec "%(rsync)s" "$@"
"""
SLOW = '#!/bin/sh\nsleep 0.1\nexec "%s" "$@"\n'


def do(*command):
    subprocess.run(command, check=True, capture_output=True)


def write(folder, path, text, **more):
    with open(os.path.join(folder, path), "w") as file:
        file.write(text % {"folder": folder, **more})


DOWNLOADING = threading.Lock()


def find_sshd(fleet):
    """(program, what its environment needs, what its configuration needs)"""
    with DOWNLOADING:
        return get_sshd(fleet)


def get_sshd(fleet):
    if os.path.exists(SYSTEM_SSHD):
        return SYSTEM_SSHD, {}, ""
    folder = os.path.join(fleet.build, "openssh")
    program = folder + "/usr/sbin/sshd"
    if not os.path.exists(program):
        os.makedirs(folder, exist_ok=True)
        try:
            subprocess.run(["apt-get", "install", "--download-only", "--no-install-recommends", "--yes",
                            "-o", "Dir::Cache::archives=" + folder, PACKAGE], check=True, capture_output=True, timeout=DOWNLOAD_S)
            for package in glob.glob(folder + "/*.deb"):
                do("dpkg", "-x", package, folder)
        except (OSError, subprocess.SubprocessError) as problem:
            raise tap.Skip("sshd is missing, and cannot be had from Debian's package: %s" % problem)
    parts = "".join("%s %s\n" % (option, folder + part) for option, part in PARTS.items() if os.path.exists(folder + part))
    return program, {"LD_LIBRARY_PATH": ":".join(glob.glob(folder + "/usr/lib/*-linux-gnu*"))}, parts


class Hosts:
    """close() it."""

    def __init__(self, fleet, number):
        self.sshd, self.environment, self.parts = find_sshd(fleet)
        self.folder, self.number, self.servers = fleet.folder("hosts-%d" % number), number, []
        self.namespaces = ["tcptriage-%d-%d-%s" % (os.getpid(), number, name) for name in HOSTS]
        for key in ("key", "host-key"):
            do("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(self.folder, key))
        self.write("config", SSH)
        os.makedirs("/run/sshd", exist_ok=True)
        try:
            for at, name in enumerate(HOSTS):
                self.add(at, name)
        except (subprocess.CalledProcessError, OSError) as problem:
            self.close()
            raise tap.Skip("no network namespaces: %s" % problem)
        except AssertionError:
            self.close()
            raise
        with open(os.path.join(self.folder, "hosts"), "w") as file:
            file.writelines("1/ssh -F %s/config %s\n" % (self.folder, self.address(at)) for at in range(len(HOSTS)))

    def write(self, path, text, **more):
        write(self.folder, path, text, port=PORT, **more)

    def address(self, at, end=2):
        return "198.18.%d.%d" % (self.number + 100, at * 8 + end)  # for tests of networks (RFC 2544), and nobody's

    def link(self, at):
        return "tcpt%d%d" % (self.number, at)

    def add(self, at, name):
        space = self.namespaces[at]
        do("ip", "netns", "add", space)
        do("ip", "link", "add", self.link(at), "type", "veth", "peer", "name", "eth0", "netns", space)
        do("ip", "address", "add", self.address(at, 1) + "/29", "dev", self.link(at))
        do("ip", "link", "set", self.link(at), "up")
        for words in (("address", "add", self.address(at) + "/29", "dev", "eth0"), ("link", "set", "eth0", "up"),
                      ("link", "set", "lo", "up")):
            do("ip", "-n", space, *words)
        self.write("sshd-" + name, SSHD + self.parts, name=name)
        self.servers.append(subprocess.Popen(
            ["ip", "netns", "exec", space, "sh", "-c", 'mount --bind "$1" /etc/passwd && shift && exec "$@"', "sh", self.users(),
             self.sshd, "-D", "-e", "-f", os.path.join(self.folder, "sshd-" + name)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **self.environment}))
        stops.wait_for(lambda: subprocess.run(
            ["ssh", "-F", self.folder + "/config", self.address(at), "true"], capture_output=True).returncode == 0, 20)

    def users(self):
        """A list of this machine's users, with the one that the package would add; for the eyes of sshd only."""
        path = os.path.join(self.folder, "passwd")
        with open("/etc/passwd") as file:
            users = file.read()
        if not re.search("^sshd:", users, re.M):
            users += "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n"
        with open(path, "w") as file:
            file.write(users)
        return path

    def lose(self, at):
        """It does not answer any more, and nobody says why."""
        do("ip", "link", "set", self.link(at), "down")

    def close(self):
        for at, server in enumerate(self.servers):
            subprocess.run(["ssh", "-F", self.folder + "/config", "-O", "exit", self.address(at)], capture_output=True, check=False)
            server.terminate()
            server.wait()
        for at in range(len(HOSTS)):
            subprocess.run(["ip", "link", "delete", self.link(at)], capture_output=True, check=False)
        for space in self.namespaces:
            subprocess.run(["ip", "netns", "delete", space], capture_output=True, check=False)


def lost(fleet, suite, number, *ways):
    if not place.is_root():
        raise tap.Skip("needs root, for network namespaces")
    for tool in ("ssh", "ip"):
        if not shutil.which(tool):
            raise tap.Skip(tool + " is missing")
    if not ways and not shutil.which("rsync"):
        raise tap.Skip("rsync is missing")
    if ways:
        folder, some = stops.many(fleet, "lost-%d" % number), 40  # three batches: each host has had one
    else:
        folder, some = fleet.folder("lost-%d" % number), 6
        for path in fleet.captures(COPIED):
            shutil.copy(path, folder)
    odd = os.path.join(folder, "a name, it's \"odd\" $(x).pcap")
    shutil.copy(fleet.captures(1)[0], odd)
    whole = fleet.tools.path("lost-%d-whole" % number)
    assert fleet.run("--out", whole, folder).status == suite.FOUND
    out = fleet.tools.path("lost-%d-out" % number)
    hosts = Hosts(fleet, number)
    try:
        command = fleet.with_reader(hosts.folder, SLOW)
        process = subprocess.Popen([command, "--quiet", "--hosts", hosts.folder + "/hosts", *ways, "--out", out, folder],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        stops.wait_for(lambda: len(stops.results(out)) + len(glob.glob(out + "/work/*.tar")) > some)
        hosts.lose(1)
        _, err = process.communicate(timeout=300)
    finally:
        hosts.close()
    count = len(os.listdir(folder))
    assert process.returncode == suite.FOUND and not err, (process.returncode, err)
    assert suite.ask(out, "SELECT count(*), count(DISTINCT path) FROM captures WHERE state = 'read'") == [(count, count)]
    assert suite.told(out) == suite.told(whole)
    with open(out + "/joblog") as file:
        used = {line.split("\t")[1] for line in file if not line.startswith("Seq")}
    assert len(used) == 2, used


def check_hosts_shared(fleet, suite):
    """Hosts that have the same files."""
    lost(fleet, suite, 0, "--shared")


def check_hosts_copied(fleet, suite):
    """Captures are copied to the host, and results back."""
    lost(fleet, suite, 1)


def check_copies_lost(fleet, suite):
    """A capture does not come to its host, and what was read of another does not come back: both are read again."""
    if not shutil.which("rsync"):
        raise tap.Skip("rsync is missing")
    folder = fleet.folder("copies-lost")
    captures = fleet.captures(4)
    there, back = map(os.path.basename, captures[:2])
    for name, text in (("ssh", HERE), ("rsync", LOST_TWICE)):
        write(folder, name, text, rsync=shutil.which("rsync"), there=there, back=back)
        os.chmod(os.path.join(folder, name), 0o755)
    write(folder, "hosts", "1/%(folder)s/ssh here\n")
    whole, out = fleet.tools.path("copies-lost-whole"), fleet.tools.path("copies-lost-out")
    assert fleet.run("--out", whole, *captures).status == suite.FOUND
    done = fleet.run("--hosts", folder + "/hosts", "--out", out, *captures, env={**os.environ, "PATH": folder + ":" + os.environ["PATH"]})
    assert {"lost-back", "lost-there"} <= set(os.listdir(folder)), os.listdir(folder)
    assert done.status == suite.FOUND and not done.err, done
    assert suite.told(out) == suite.told(whole)

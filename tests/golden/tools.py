# SPDX-License-Identifier: GPL-2.0-or-later
"""Stock Wireshark tools with or without the plugin, as a user without privileges.

tshark ignores personal plugins when it runs as root, so it is run as nobody then.
"""

import collections
import os
import shutil
import stat
import subprocess
import tempfile
import threading

Result = collections.namedtuple("Result", "status out err")
TIMEOUT_S = 120


def version():
    """(major, minor) of the tshark in PATH."""
    text = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in text.split("(Wireshark) ")[1].split(".")[:2])


def sanitizer_libraries():
    """gcc's libasan and libubsan, to be loaded before a stock tshark."""
    names = ("libasan.so", "libubsan.so")
    return [subprocess.run(["gcc", "-print-file-name=" + name], capture_output=True, text=True,
                           check=True).stdout.strip() for name in names]


def global_folder(name):
    """A folder that came with tshark."""
    text = subprocess.run(["tshark", "-G", "folders"], capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        if line.startswith("Global %s:" % name):
            return line.split(":", 1)[1].strip()
    return None


def plugins_of_others(folder):
    """The plugin may be installed for all users: a folder of the others, made below this one, which takes that one's place
    as WIRESHARK_PLUGIN_DIR. None where there are none."""
    installed = global_folder("Plugins")
    if not installed or not os.path.isdir(installed):
        return None
    others = os.path.join(folder, "others", os.path.basename(installed))
    for kind in os.listdir(installed):
        os.makedirs(os.path.join(others, kind))
        for name in os.listdir(os.path.join(installed, kind)):
            if not name.startswith("tcptriage"):
                os.symlink(os.path.join(installed, kind, name), os.path.join(others, kind, name))
    return os.path.dirname(others)


class Tools:
    """A working folder with two homes, one of which has the plugin; open to everyone, removed by close()."""

    def __init__(self, plugin, sanitized=False):
        self.folder = tempfile.mkdtemp(prefix="tcptriage-golden-")
        os.chmod(self.folder, 0o755)
        # Without the list of manufacturers tshark starts in two thirds of the time; nothing looked at here needs it.
        data = os.path.join(self.folder, "no-data")
        os.mkdir(data, 0o755)
        if version() >= (4, 6):  # complains at each start where this one is missing
            os.symlink(os.path.join(global_folder("configuration"), "wimaxasncp"), os.path.join(data, "wimaxasncp"))
        self.environment = {"WIRESHARK_DATA_DIR": data, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC",
                            "G_DEBUG": "fatal-criticals"}
        self.sanitizers = {}
        if sanitized:
            self.sanitizers = {"LD_PRELOAD": ":".join(sanitizer_libraries()),
                               "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",
                               "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                               "WIRESHARK_DEBUG_WMEM_OVERRIDE": "simple",
                               # "-G plugins" starts the extcap programs, and the sanitizer hangs after that fork
                               "WIRESHARK_EXTCAP_DIR": os.path.join(self.folder, "no-extcap")}
        self._install(plugin)

    def _install(self, plugin):
        # Names of one length: what lies where in tshark's heap follows from them, and tests/bench counts instructions.
        self.homes = {name: os.path.join(self.folder, name.ljust(6, "-")) for name in ("stock", "plugin")}
        target = os.path.join(self.homes["plugin"], ".local/lib/wireshark/plugins/%d.%d/epan" % version())
        os.makedirs(target)
        os.makedirs(self.homes["stock"])
        shutil.copy(plugin, target)
        others = plugins_of_others(self.folder)
        if others:
            self.environment["WIRESHARK_PLUGIN_DIR"] = others
        for place, _, files in os.walk(self.folder):
            os.chmod(place, 0o755)
            for name in files:
                if not os.path.islink(os.path.join(place, name)):
                    os.chmod(os.path.join(place, name), 0o644)

    def path(self, name):
        return os.path.join(self.folder, name)

    def adopt(self, capture, name=None):
        """A copy of a capture that the unprivileged user can read. Two tests may want one of the same name at once: each
        finds a whole one."""
        copy = self.path(name or os.path.basename(capture))
        own = "%s.%d" % (copy, threading.get_ident())
        shutil.copy(capture, own)
        os.chmod(own, stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH)
        os.replace(own, copy)
        return copy

    def run(self, *command, home="plugin", text=None, timeout_s=TIMEOUT_S):
        environment = dict(self.environment, HOME=self.homes[home])
        if home == "plugin":
            environment.update(self.sanitizers)
        front = []
        if os.geteuid() == 0:
            front = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        front += ["env", "-i"] + ["%s=%s" % item for item in environment.items()]
        done = subprocess.run(front + list(command), capture_output=True, timeout=timeout_s, cwd=self.folder,
                              input=None if text is None else text.encode())
        return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def tshark(self, *arguments, home="plugin"):
        """Output of a run that must end well and say nothing else."""
        result = self.run("tshark", *arguments, home=home)
        asked = "tshark " + " ".join(arguments)
        assert result.status == 0, "%s: exit status %d\n%s" % (asked, result.status, result.err)
        assert not result.err, "%s wrote to stderr:\n%s" % (asked, result.err)
        assert "-G" in arguments or "Dissector bug" not in result.out, "%s: dissector bug" % asked
        return result.out

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

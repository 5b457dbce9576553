# SPDX-License-Identifier: GPL-2.0-or-later
"""Where installing is tried out: copies of the repository, homes, and folders of the system that nobody else sees.

As root everything runs in a mount namespace of its own, in which the system's folders of Wireshark are covered by a layer
that takes what is written; users without privileges are played by nobody. As another user there is only that one.
"""

import collections
import ctypes
import os
import shutil
import subprocess
import tempfile

Result = collections.namedtuple("Result", "status out err")
NOBODY = 65534
TIMEOUT_S = 900
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000
SOURCES = ("CMakeLists.txt", "include", "plugin")


def is_root():
    return os.geteuid() == 0


def _call(function, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments):
        raise OSError(ctypes.get_errno(), function)


def hide_from_others():
    """Mounts of this process, which must have one thread, are its own from here on."""
    _call("unshare", CLONE_NEWNS)
    _call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)


def mount(kind, target, options=""):
    _call("mount", kind.encode(), target.encode(), kind.encode(), 0, options.encode())


class Layer:
    """A folder of the system under a layer that takes what is written to it."""

    def __init__(self, folder, scratch):
        self.folder = folder
        os.makedirs(scratch)
        mount("tmpfs", scratch)
        upper, work = os.path.join(scratch, "upper"), os.path.join(scratch, "work")
        os.mkdir(upper)
        os.mkdir(work)
        mount("overlay", folder, "lowerdir=%s,upperdir=%s,workdir=%s" % (folder, upper, work))


def files_in(folder):
    return sorted(os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names)


class Place:
    """A scratch folder, removed by close()."""

    def __init__(self, source):
        self.source = source
        self.folder = tempfile.mkdtemp(prefix="tcptriage-install-")
        os.chmod(self.folder, 0o755)

    def path(self, name):
        return os.path.join(self.folder, name)

    def own(self, path):
        """The file or folder becomes that of the user without privileges."""
        if not is_root():
            return path
        for place, folders, names in os.walk(path):
            for name in [*folders, *names]:
                os.chown(os.path.join(place, name), NOBODY, NOBODY, follow_symlinks=False)
        os.chown(path, NOBODY, NOBODY)
        return path

    def home(self, name):
        home = self.path(name)
        os.mkdir(home)
        return self.own(home)

    def repository(self, name, built=None):
        """A copy of what is needed to build, with the plugin that `built`, another copy, has made."""
        copy = self.path(name)
        for part in SOURCES:
            source, target = os.path.join(self.source, part), os.path.join(copy, part)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, target)
        if built:
            for part in ("plugins", "quickstart.built"):
                source, target = os.path.join(built, "build", part), os.path.join(copy, "build", part)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, target)
        return self.own(copy)

    def capture(self, name):
        """A copy of one of the repository's captures, that everybody can read."""
        copy = self.path(os.path.basename(name))
        shutil.copy(os.path.join(self.source, "captures", name), copy)
        os.chmod(copy, 0o644)
        return copy

    def run(self, *command, home, root=False, front="", cwd=None):
        """As the user without privileges, or as root; `front` is a folder of programs before all others."""
        environment = {"HOME": home, "PATH": (front + ":" if front else "") + os.environ["PATH"], "LC_ALL": "C.UTF-8",
                       "TZ": "UTC", "CMAKE_BUILD_TYPE": "Debug"}  # built in a third of the time
        drop = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups"] if is_root() and not root else []
        done = subprocess.run(drop + list(command), capture_output=True, timeout=TIMEOUT_S, cwd=cwd or self.folder,
                              env=environment, stdin=subprocess.DEVNULL)
        return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Where installing is tried out: copies of the repository, homes, and folders of the system that nobody else sees.

As root everything runs in a mount namespace of its own, in which the system's folders of Wireshark are covered by a layer
that takes what is written; users without privileges are played by nobody. As another user there is only that one.
"""

import collections
import ctypes
import os
import shutil
import stat
import subprocess
import tempfile

Result = collections.namedtuple("Result", "status out err")
NOBODY = 65534
TIMEOUT_S = 900
CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x4000, 0x40000, 2
SOURCES = ("CMakeLists.txt", "README.md", "CHANGELOG.md", "include", "plugin")


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


_mounted = []


def mount(kind, target, options=""):
    _call("mount", kind.encode(), target.encode(), kind.encode(), 0, options.encode())
    _mounted.append(target)


def _unmount_all():
    while _mounted:
        _call("umount2", _mounted.pop().encode(), MNT_DETACH)


def layer(folder, scratch, seen_at=None):
    """A folder of the system gets a layer that takes what is written to it; with `seen_at` it shows there and not in its
    own place."""
    os.makedirs(scratch)
    mount("tmpfs", scratch)
    upper, work = os.path.join(scratch, "upper"), os.path.join(scratch, "work")
    os.mkdir(upper)
    os.mkdir(work)
    mount("overlay", seen_at or folder, "lowerdir=%s,upperdir=%s,workdir=%s" % (folder, upper, work))


DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}


def layer_over_all(scratch, root):
    """The whole system under a layer, as the folder `root`. It has a few devices of its own: nothing of another file system
    can be reached, and so nothing of it be lost."""
    os.makedirs(root)
    layer("/", scratch, root)
    mount("proc", root + "/proc")
    mount("tmpfs", root + "/dev")
    for name, number in DEVICES.items():
        os.mknod(os.path.join(root, "dev", name), 0o666 | stat.S_IFCHR, os.makedev(*number))
        os.chmod(os.path.join(root, "dev", name), 0o666)
    if not os.path.exists(root + "/usr/bin/dpkg") or not os.path.exists(root + "/var/lib/dpkg/status"):
        raise OSError("the system's packages are on another file system")


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

    def run(self, *command, home, root=False, front="", cwd=None, variables=None):
        """As the user without privileges, or as root; `front` is a folder of programs before all others."""
        environment = {"HOME": home, "PATH": (front + ":" if front else "") + os.environ["PATH"], "LC_ALL": "C.UTF-8",
                       "TZ": "UTC", "CMAKE_BUILD_TYPE": "Debug"}  # built in a third of the time
        environment.update(variables or {})
        drop = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups"] if is_root() and not root else []
        done = subprocess.run(drop + list(command), capture_output=True, timeout=TIMEOUT_S, cwd=cwd or self.folder,
                              env=environment, stdin=subprocess.DEVNULL)
        return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def close(self):
        """First the mounts, then the files; should one be mounted still, it is not entered."""
        _unmount_all()
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=False)

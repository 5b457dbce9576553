#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What cmake installs, and the Debian package: reproducible, in order, installed, seen, upgraded and removed.

package.py BUILD SOURCE [PART OF A NAME] prints TAP. BUILD is configured anew with SOURCE_DATE_EPOCH set. As root the package is
installed under a layer over the whole system.
"""

import glob
import os
import shutil
import sys

sys.dont_write_bytecode = True  # the repository stays as it is
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))

import place  # noqa: E402
import readme  # noqa: E402
import tap  # noqa: E402
import tools  # noqa: E402

NAME = "wireshark-plugin-tcptriage"
EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}
PLUGIN = "plugins/%d.%d/epan/tcptriage.so" % tools.version()
PROFILE = "wireshark/profiles/TCP Triage"


class Package:
    def __init__(self, build, source):
        self.place = place.Place(source)
        self.build = build
        self.root = self.place.path("root")
        self.why_not_root = "needs root" if not place.is_root() else self.cover()
        self.done("cmake", build)
        self.first = self.pack("first", build)

    def cover(self):
        try:
            place.hide_from_others()
            place.layer_over_all(self.place.path("layer"), self.root)
        except OSError as problem:
            return "no layer over the system: %s" % problem
        return ""

    def done(self, *command, home=None, root=True, variables=None, **options):
        result = self.place.run(*command, home=home or self.place.folder, root=root, variables={**EPOCH, **(variables or {})},
                                **options)
        assert result.status == 0, "%s: status %d\n%s%s" % (" ".join(command), result.status, result.out, result.err)
        return result.out

    def pack(self, folder, build, *options):
        """The one package that cpack makes in a folder of its own."""
        folder = self.place.path(folder)
        self.done("cpack", "--config", os.path.join(build, "CPackConfig.cmake"), "-B", folder, *options)
        made = glob.glob(os.path.join(folder, "*.deb"))
        assert len(made) == 1, made
        os.chmod(made[0], 0o644)
        return made[0]

    # ---- The package.

    def check_reproducible(self):
        """By the commands of README.md, in another folder: the same bytes, and what they install."""
        source, home, staged = self.place.repository("elsewhere"), self.place.home("by-hand"), self.place.path("by-hand-staged")
        lines = readme.commands(self.place.source, "cmake ", "sudo cmake ", "(cd build-package ")
        assert len(lines) == 5, lines
        os.mkdir(self.place.path("front"))
        with open(self.place.path("front/sudo"), "w") as sudo:
            sudo.write('#!/bin/sh\nDESTDIR=%s exec "$@"\n' % staged)
        os.chmod(self.place.path("front/sudo"), 0o755)
        for line in lines:
            if line.startswith("cmake --build"):
                line += " --parallel %d" % os.cpu_count()
            self.done("sh", "-c", line, home=home, cwd=source, front=self.place.path("front"),
                      variables={"CMAKE_BUILD_TYPE": "RelWithDebInfo"})
        made = glob.glob(os.path.join(source, "build-package", "*.deb"))
        with open(self.first, "rb") as first, open(made[0], "rb") as second:
            assert first.read() == second.read(), "two builds, two packages"
        for folder, plugin in ((staged, "wireshark/" + PLUGIN), (home, ".local/lib/wireshark/" + PLUGIN)):
            assert any(name.endswith(plugin) for name in place.files_in(folder)), place.files_in(folder)

    def check_control(self):
        field = {name: self.done("dpkg-deb", "-f", self.first, name).strip() for name in (
            "Package", "Depends", "Section", "Maintainer", "Description", "Architecture", "Recommends")}
        assert field["Package"] == NAME and field["Section"] == "net", field
        assert "libwireshark" in field["Depends"] and "libglib2.0" in field["Depends"], field
        assert "@" in field["Maintainer"] and len(field["Description"].splitlines()) > 3, field
        listed = self.done("dpkg-deb", "-c", self.first)
        for path in (PLUGIN, PROFILE + "/preferences", PROFILE + "/colorfilters", "man7/tcptriage.7.gz", "man1/tcptriage.1.gz", "usr/bin/tcptriage", NAME + "/copyright",
                     NAME + "/changelog.gz", NAME + "/changelog.Debian.gz"):
            assert "/" + path + "\n" in listed, path
        assert "/home/" not in listed and "/.local/" not in listed, listed

    def check_lintian(self):
        """Errors and warnings. What it only informs of: no fortified functions, the section .comment."""
        if not shutil.which("lintian"):
            raise tap.Skip("lintian is not installed")
        result = self.place.run("lintian", "--allow-root", "--fail-on", "error,warning", self.first, home=self.place.folder,
                                root=True)
        assert result.status == 0 and not result.out.strip(), result.out + result.err

    def check_unpacked(self):
        """The package's plugin works for a user without privileges."""
        folder = self.place.path("unpacked")
        self.done("dpkg-deb", "-x", self.first, folder)
        os.chmod(folder, 0o755)
        plugins = glob.glob(os.path.join(folder, "usr/lib/*/wireshark/plugins"))[0]
        capture = self.place.capture("lab/fin-lost-server.pcap")
        told = self.done("tshark", "-q", "-r", capture, "-z", "tcptriage", home=self.place.home("unpacked-home"), root=False,
                         variables={"WIRESHARK_PLUGIN_DIR": plugins})
        assert "WARNING short_frame_loss" in told, told

    # ---- Its life.

    def inside(self, *command, user=False):
        drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if user else []
        return self.done("chroot", self.root, *drop, *command, home="/nonexistent")

    def installed_version(self):
        return self.inside("dpkg-query", "-W", "-f", "${Version}", NAME)

    def check_life(self):
        """Installed, seen by tshark, upgraded, removed, and nothing left."""
        if self.why_not_root:
            raise tap.Skip(self.why_not_root)
        self.inside("sh", "-c", "rm -f /usr/lib/*/wireshark/%s; rm -rf '/usr/share/%s'" % (PLUGIN, PROFILE))
        for number, package in enumerate((self.first, self.pack("higher", self.build, "-R", "0.99.0"))):
            shutil.copy(package, os.path.join(self.root, "var/package.deb"))
            self.inside("dpkg", "--install", "/var/package.deb")
            assert self.installed_version().startswith("0.99.0-" if number else "0.1.0-"), self.installed_version()
            assert self.inside("tshark", "-G", "plugins", user=True).count("tcptriage.so") == 2, "name and path, once"
            assert "tcptriage" in self.inside("tshark", "-G", "protocols")
            assert "tcptriage " in self.inside("tcptriage", "--version", user=True)
        files = [path for path in self.inside("dpkg-query", "-L", NAME).splitlines() if "tcptriage" in path or "Triage" in path]
        assert len(files) > 10 and all(os.path.lexists(self.root + path) for path in files), files
        self.inside("dpkg", "--remove", NAME)
        left = [path for path in files if os.path.lexists(self.root + path)]
        assert not left, left
        assert "tcptriage" not in self.inside("tshark", "-G", "plugins", user=True)
        assert NAME not in self.inside("dpkg-query", "-W", "-f", "${Package} ${Status}\n"), "removed, and still known"

    # ---- Without a package.

    def check_for_everybody(self):
        """Below a prefix of one's own, or DESTDIR."""
        prefix = self.place.path("prefix")
        self.done("cmake", "--install", self.build, "--prefix", prefix)
        files = place.files_in(prefix)
        assert any(name.endswith("wireshark/" + PLUGIN) for name in files), files
        assert "share/%s/preferences" % PROFILE in files and not any(name.startswith(".") for name in files), files
        staged = self.place.path("staged")
        self.done("cmake", "--install", self.build, variables={"DESTDIR": staged})
        there = {os.path.relpath(os.path.join(staged, name), staged) for name in place.files_in(staged)}
        assert len(there) == len(files) and all(any(path.endswith(name) for path in there) for name in files), there

    def check_for_one_user(self):
        """Into a home, where what is there of the profile stays."""
        home = self.place.home("one-user")
        mine = os.path.join(home, ".config", PROFILE, "preferences")
        os.makedirs(os.path.dirname(mine))
        with open(mine, "w") as file:
            file.write("# mine\n")
        self.done("cmake", "--install", self.build, "--component", "user", home=home)
        self.place.own(home)
        assert "tcptriage" in self.done("tshark", "-G", "protocols", home=home, root=False)
        with open(mine) as file:
            assert file.read() == "# mine\n"
        assert "dfilters" in os.listdir(os.path.dirname(mine)) and sorted(os.listdir(home)) == [".config", ".local"]

    def tests(self):
        for name in ("control", "lintian", "unpacked", "life", "for_everybody", "for_one_user", "reproducible"):
            yield "/install/package/" + name.replace("_", "-"), getattr(self, "check_" + name)


def main():
    package = Package(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
    try:
        only = sys.argv[3] if len(sys.argv) > 3 else ""
        return bool(tap.run([test for test in package.tests() if only in test[0]], 1))
    finally:
        package.place.close()


if __name__ == "__main__":
    sys.exit(main())

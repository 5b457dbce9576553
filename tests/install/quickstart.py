#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""plugin/quickstart.sh: builds once, installs, brings up to date, takes away, and says in one sentence what is in its way.

quickstart.py SOURCE prints TAP. As root everybody's installation is tried as well, where nothing else sees it.
"""

import json
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True  # the repository stays as it is
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))

import place  # noqa: E402
import readme  # noqa: E402
import tap  # noqa: E402
import tools  # noqa: E402

PROFILE = "TCP Triage"
STALE = """
#define EXPORTED __attribute__((visibility("default")))
EXPORTED extern const char plugin_version[];
EXPORTED extern const int plugin_want_major, plugin_want_minor;
EXPORTED void plugin_register(void);
const char plugin_version[] = "0.0.9";
const int plugin_want_major = %d, plugin_want_minor = %d;
void plugin_register(void)
{
}
"""


class Quickstart:
    def __init__(self, source):
        self.place = place.Place(source)
        self.number = 0
        self.lab = self.place.capture("lab/fin-lost-server.pcap")
        self.text = self.write("text", b"Dear all,\nthe server is slow.\n")
        self.json = self.write("answer", b'{"a": 1}\n')
        self.why_not_root = "needs root" if not place.is_root() else self.cover()
        # The one build: everything else finds it done.
        self.built = self.place.repository("built")
        self.first_home = self.place.home("first-home")
        self.first = self.run(self.lab, repository=self.built, home=self.first_home)

    def cover(self):
        """Put a layer over what root installs into; why that cannot be."""
        try:
            place.hide_from_others()
            folders = subprocess.run(["tshark", "-G", "folders"], capture_output=True, text=True, check=True).stdout
            folders = dict(line.split(":", 1) for line in folders.splitlines())
            self.plugins = folders["Global Plugins"].strip()
            self.profiles = os.path.join(folders["Global configuration"].strip(), "profiles")
            for name, folder in (("plugins", self.plugins), ("profiles", self.profiles)):
                place.layer(folder, self.place.path("layer-" + name))
            shutil.rmtree(os.path.join(self.profiles, PROFILE), ignore_errors=True)
            if os.path.exists(os.path.join(self.plugins, "epan/tcptriage.so")):
                os.remove(os.path.join(self.plugins, "epan/tcptriage.so"))
        except OSError as problem:
            return "no layer over the system's folders: %s" % problem
        return ""

    def write(self, name, content):
        path = self.place.path(name)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0o644)
        return path

    # ---- What a test begins with.

    def fresh(self):
        """(repository with the plugin built, empty home)"""
        self.number += 1
        return (self.place.repository("repository-%d" % self.number, self.built), self.place.home("home-%d" % self.number))

    def run(self, *arguments, repository, home, **options):
        return self.place.run("sh", os.path.join(repository, "plugin/quickstart.sh"), *arguments, home=home, **options)

    def good(self, *arguments, said=(), **options):
        """A run that ends well and says on standard error only lines that hold these words, in their order."""
        done = self.run(*arguments, **options)
        lines = done.err.splitlines()
        assert done.status == 0, done
        assert len(lines) == len(said) and all(line.startswith("tcptriage: ") for line in lines), done.err
        assert all(words in line for words, line in zip(said, lines)), done.err
        return done

    def refused(self, *arguments, said, **options):
        """A run that ends with one sentence."""
        done = self.run(*arguments, **options)
        assert done.status == 1 and not done.out and len(done.err.splitlines()) == 1, done
        assert done.err.startswith("tcptriage: ") and said in done.err, done.err

    def plugin(self, home):
        return os.path.join(home, ".local/lib/wireshark/plugins/%d.%d/epan/tcptriage.so" % tools.version())

    def profile(self, home, name=""):
        return os.path.join(home, ".config/wireshark/profiles", PROFILE, name)

    def shipped(self, repository, name=""):
        return os.path.join(repository, "plugin/profile", PROFILE, name)

    def loads(self, home, root=False):
        return "tcptriage" in self.place.run("tshark", "-G", "protocols", home=home, root=root).out

    def put_stale(self, repository, path, minor):
        """A plugin of version 0.0.9 for another minor version of Wireshark, or for this one."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        code = STALE % (tools.version()[0], minor)
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-o", path, "-"], input=code.encode(), check=True)

    # ---- Building, reports.

    def check_build(self):
        assert self.first.status == 0 and "WARNING short_frame_loss" in self.first.out, self.first
        lines = self.first.err.splitlines()
        assert len(lines) == 1 and "building" in lines[0], self.first.err
        assert "Installed: " + self.plugin(self.first_home) in self.first.out, self.first.out
        assert os.path.exists(self.profile(self.first_home, "preferences")) and self.loads(self.first_home)
        shown = self.first.out.splitlines()[-2:]
        assert any(line == "Look:      wireshark -C \"TCP Triage\" '%s'" % self.lab for line in shown), shown

    def check_built_once(self):
        """Nothing to build, nothing to say. What the plugin is made of has changed: it is built anew."""
        again = self.good(self.lab, repository=self.built, home=self.first_home)
        assert again.out == self.first.out
        repository, home = self.fresh()
        with open(os.path.join(repository, "CMakeLists.txt"), "a") as file:
            file.write("message(FATAL_ERROR)\n")
        done = self.run(self.lab, repository=repository, home=home)
        assert done.status == 1 and "building in" in done.err and "could not be built" in done.err, done.err
        assert "quickstart.log" in done.err.splitlines()[-1], done.err

    def check_read_only(self):
        """A repository of somebody else is built in the user's cache."""
        repository, home = self.fresh()
        os.makedirs(os.path.join(home, ".cache/tcptriage"))
        shutil.move(os.path.join(repository, "build"), os.path.join(home, ".cache/tcptriage/build"))
        self.place.own(home)
        self.write(os.path.join(repository, "build"), b"")
        self.good(self.lab, repository=repository, home=home)

    def check_no_tcp(self):
        """One sentence and no advice; another capture beside it is reported."""
        repository, home = self.fresh()
        done = self.run(self.json, repository=repository, home=home)
        assert done.status == 1 and "there is no TCP in" in done.err and "JavaScript Object" in done.err, done
        assert len(done.err.splitlines()) == 1 and "Look:" not in done.out and "===" not in done.out, done
        both = self.run(self.json, self.lab, repository=repository, home=home)
        assert both.status == 1 and "short_frame_loss" in both.out and both.out.count("===") == 2, both
        assert both.out.splitlines()[-1].endswith("'%s'" % self.lab) or "wireshark\" is not" in both.out, both.out

    def check_json(self):
        repository, home = self.fresh()
        done = self.good("--json", self.lab, repository=repository, home=home)
        assert json.loads(done.out)["cases"]
        least = self.good(self.lab, "--json=min=warn", repository=repository, home=home)
        assert {found["severity"] for found in json.loads(least.out)["findings"]} == {"warn"}, least.out

    def check_options(self):
        """Nothing is built or installed for what is refused."""
        repository, home = self.fresh()
        mine = self.write("mine.html", b"mine")
        for said, arguments in (("no option \"--jsno\"", ["--jsno", self.lab]),
                                ("no option \"-v\"", [self.lab, "-v"]),
                                ("--json takes one capture", ["--json"]),
                                ("--json takes one capture", ["--json", self.lab, self.lab]),
                                ("do not go together", ["--json", "--uninstall"]),
                                ("--uninstall takes no capture", ["--uninstall", self.lab]),
                                ("needs the name", [self.lab, "--html"]),
                                ("already", ["--html", mine, self.lab]),
                                ("already", [self.lab, "--html=" + mine]),
                                ("cannot be written", ["--html", "/nowhere/page.html", self.lab]),
                                ("one capture", ["--html", self.place.path("page.html")]),
                                ("there is no file \"--help\"", ["--", "--help"]),
                                ("is not a capture file", [self.lab, self.text])):
            self.refused(*arguments, said=said, repository=repository, home=home)
        assert not place.files_in(home)
        with open(mine, "rb") as file:
            assert file.read() == b"mine"

    def check_html(self):
        """A page; nothing else is written, and nothing printed."""
        repository, home = self.fresh()
        page = os.path.join(home, "a page, with a comma.html")
        done = self.good("--html", page, self.lab, repository=repository, home=home, said=["the page is " + page])
        with open(page) as file:
            text = file.read()
        assert text.startswith("<!DOCTYPE html>") and "short_frame_loss" in text and not done.out, text[:300]
        self.refused("--html", page, self.lab, said="already", repository=repository, home=home)

    def check_readme(self):
        """What README.md tells to type, in the repository: without a capture the stories' captures are reported."""
        repository, home = self.fresh()
        for name in ("lab", "two-files"):
            shutil.copytree(os.path.join(self.place.source, "captures", name), os.path.join(repository, "captures", name))
        for name, capture in (("my.pcapng", "lab/fin-lost-two-points.pcapng"), ("NEAR.pcap", "two-files/near-client.pcap"),
                              ("FAR.pcap", "two-files/near-server.pcap")):
            shutil.copy(os.path.join(repository, "captures", capture), os.path.join(repository, name))
        self.place.own(repository)
        lines = readme.commands(self.place.source, "sh plugin/")
        lines += [text for text in readme.quoted(self.place.source) if text.startswith("sh plugin/")]
        assert len(lines) >= 3, lines
        for line in lines:
            done = self.place.run("sh", "-c", line, home=home, cwd=repository)
            assert done.status == 0 and "WARNING" in done.out, (line, done)

    # ---- Up to date, and away.

    def check_uninstall(self):
        """All goes, and with it the folders; for another version of Wireshark, too."""
        repository, home = self.fresh()
        self.good(self.lab, repository=repository, home=home)
        old = self.plugin(home).replace("%d.%d" % tools.version(), "3.6")
        self.put_stale(repository, old, 6)
        self.place.own(home)
        with open(self.profile(home, "recent"), "a") as file:
            file.write("# written by Wireshark\n")
        self.good("--uninstall", repository=repository, home=home, said=("removed " + old, "removed " + self.plugin(home),
                                                                        "removed " + self.profile(home)[:-1]))
        assert not place.files_in(home) and not os.path.exists(os.path.join(home, ".local/lib/wireshark")), place.files_in(home)
        assert not self.loads(home)
        self.good("--uninstall", repository=repository, home=home, said=["nothing is installed"])

    def check_uninstall_changed(self):
        """What its user has made of the profile stays, and is named."""
        repository, home = self.fresh()
        self.good(self.lab, repository=repository, home=home)
        with open(self.profile(home, "preferences"), "a") as file:
            file.write("# mine\n")
        self.good("--uninstall", repository=repository, home=home, said=("removed", "were changed by hand and stay: preferences"))
        left = place.files_in(self.profile(home))
        assert left == [".tcptriage", "preferences", "recent"], left

    def check_uninstall_added(self):
        """So does a file that did not come with it."""
        repository, home = self.fresh()
        self.good(self.lab, repository=repository, home=home)
        self.write(self.profile(home, "hosts"), b"192.0.2.1 here\n")
        self.good("--uninstall", repository=repository, home=home, said=("removed", "other files in it stay"))
        assert place.files_in(self.profile(home)) == ["hosts"]

    def check_upgrade_profile(self):
        """New versions of files come to those who did not change theirs; those who did are told, once."""
        repository, home = self.fresh()
        for name in ("preferences", "dfilters", "recent", "gone"):
            with open(self.shipped(repository, name), "a") as file:
                file.write("# version 1\n")
        self.good(self.lab, repository=repository, home=home)
        for name in ("dfilters", "recent"):
            with open(self.profile(home, name), "a") as file:
                file.write("# mine\n")
        os.remove(self.shipped(repository, "gone"))
        for name in ("preferences", "dfilters", "recent"):
            with open(self.shipped(repository, name), "a") as file:
                file.write("# version 2\n")
        mine = self.profile(home, "dfilters")
        self.good(self.lab, repository=repository, home=home,
                  said=["\"%s\" was changed by hand and stays" % mine, "has new versions of: preferences"])
        assert "gone" not in os.listdir(self.profile(home))
        with open(self.profile(home, "preferences")) as new, open(mine) as kept, open(self.profile(home, "recent")) as recent:
            assert new.read().endswith("# version 1\n# version 2\n")
            assert kept.read().endswith("# mine\n") and recent.read().endswith("# mine\n")
        self.good(self.lab, repository=repository, home=home)

    def check_upgrade_plugin(self):
        """The old version and the new one are told; one that this Wireshark refuses is replaced as well."""
        repository, home = self.fresh()
        major, minor = tools.version()
        for known, said in ((minor, "in place of version 0.0.9"), (minor + 2, "in place of one that tshark does not load")):
            self.put_stale(repository, self.plugin(home), known)
            self.place.own(home)
            done = self.good(self.lab, repository=repository, home=home, said=[said])
            assert "(version 0.0.9)" not in done.out and "(version " in done.out and self.loads(home), done.out

    def check_link(self):
        """A link in the plugin's place is replaced, and not what it points to."""
        repository, home = self.fresh()
        os.makedirs(os.path.dirname(self.plugin(home)))
        target = self.write("linked", b"a developer's build")
        os.symlink(target, self.plugin(home))
        self.place.own(home)
        done = self.run(self.lab, repository=repository, home=home)
        assert done.status == 0 and not os.path.islink(self.plugin(home)), done
        with open(target, "rb") as file:
            assert file.read() == b"a developer's build"

    # ---- For everybody.

    def need_root(self):
        if self.why_not_root:
            raise tap.Skip(self.why_not_root)

    def check_everybody(self):
        """Root installs for all, also for those without privileges; users with the same plugin need none of their own;
        golden runs are not disturbed; and all goes again."""
        self.need_root()
        repository, home = self.fresh()
        before = place.files_in(self.plugins), place.files_in(self.profiles)
        self.good(self.lab, repository=repository, home=home)
        root_home = self.place.home("root-home")
        everybody = os.path.join(self.plugins, "epan/tcptriage.so")
        try:
            done = self.good(self.lab, repository=repository, home=root_home, root=True)
            assert "Installed: " + everybody in done.out and not place.files_in(root_home), done.out
            assert os.path.exists(os.path.join(self.profiles, PROFILE, "preferences"))
            assert self.loads(root_home, root=True)
            self.good(self.lab, repository=repository, home=home, said=["removed " + self.plugin(home)])
            assert self.loads(home) and not os.path.exists(self.plugin(home))
            self.good("--uninstall", repository=repository, home=home, said=["removed", everybody + " stays"])
            self.check_golden(everybody)
            with open(everybody, "ab") as file:
                file.write(b"\0")
            self.refused(self.lab, repository=repository, home=home, said="another build is installed for everybody")
        finally:
            self.good("--uninstall", repository=repository, home=root_home, root=True, said=["removed", "removed"])
        assert before == (place.files_in(self.plugins), place.files_in(self.profiles))

    def check_golden(self, plugin):
        """Golden runs see the one plugin that they bring, and stock without."""
        golden = tools.Tools(plugin)
        try:
            assert golden.tshark("-G", "plugins").count("tcptriage.so") == 2, "name and path, once"
            assert "tcptriage.so" not in golden.tshark("-G", "plugins", home="stock")
        finally:
            golden.close()

    def check_packaged(self):
        """What belongs to a package is left to it."""
        self.need_root()
        repository, home = self.fresh()
        front = self.programs(**{"dpkg-query":
                                 'if [ "$1" = -S ]; then echo "some-package:amd64: $2"; else exec %s "$@"; fi' % shutil.which("dpkg-query")})
        everybody, profile = os.path.join(self.plugins, "epan/tcptriage.so"), os.path.join(self.profiles, PROFILE)
        try:
            self.put_stale(repository, everybody, tools.version()[1])
            for root in (False, True):
                self.refused(self.lab, repository=repository, home=home, root=root, front=front,
                             said="belongs to the package some-package")
            os.makedirs(profile)
            self.write(os.path.join(profile, "preferences"), b"the package's")
            self.good("--uninstall", repository=repository, home=home, root=True, front=front,
                      said=["it belongs to the package some-package", "it belongs to the package some-package"])
            assert os.path.exists(os.path.join(profile, "preferences"))
            assert os.path.exists(everybody)
        finally:
            os.remove(everybody)
            shutil.rmtree(profile, ignore_errors=True)

    # ---- Packages.

    def programs(self, **scripts):
        """A folder of programs in the place of the system's."""
        self.number += 1
        folder = self.place.path("programs-%d" % self.number)
        os.mkdir(folder)
        for name, text in scripts.items():
            self.write(os.path.join(folder, name), ("#!/bin/sh\n%s\n" % text).encode())
            os.chmod(os.path.join(folder, name), 0o755)
        return folder

    def check_packages(self):
        """A line per step; a failure names the file with all that was said."""
        repository, home = self.fresh()
        asked = self.place.path("asked")
        open(asked, "w").close()
        os.chmod(asked, 0o666)
        missing = 'case "$*" in *db:Status*cmake) ;; *db:Status*) echo installed ;; esac'
        front = self.programs(**{"dpkg-query": missing, "id": "echo 0", "apt-get": "echo apt-get $* >>" + asked})
        done = self.run("--json", self.lab, repository=repository, home=home, front=front)
        lines = done.err.splitlines()
        assert [number for number in "123" if "(%s of 3" % number in lines[int(number) - 1]] == list("123"), done.err
        assert lines[0].endswith(": cmake"), lines[0]
        with open(asked) as file:
            calls = file.read().splitlines()
        assert len(calls) == 3 and calls[0] == "apt-get update" and calls[2].endswith(" cmake"), calls
        failing = self.programs(**{"dpkg-query": missing, "id": "echo 0", "apt-get": "echo no such luck; exit 100"})
        done = self.run("--json", self.lab, repository=repository, home=home, front=failing)
        assert done.status == 1 and "could not be installed: cmake" in done.err and "no such luck" in done.err, done
        log = done.err.split("all that was said is in ")[1].strip(" )\n")
        with open(log) as file:
            assert "no such luck" in file.read()
        os.remove(log)

    def check_packages_refused(self):
        """Without privileges: the line to run, and nothing else."""
        repository, home = self.fresh()
        front = self.programs(**{"dpkg-query": "exit 1", "sudo": "exit 1", "id": "echo 1000"})
        self.refused(self.lab, repository=repository, home=home, front=front, said="sudo apt-get install -y gcc make cmake")

    def tests(self):
        for name in ("build", "built_once", "read_only", "no_tcp", "json", "html", "readme", "options", "uninstall", "uninstall_changed",
                     "uninstall_added", "upgrade_profile", "upgrade_plugin", "link", "everybody", "packaged", "packages",
                     "packages_refused"):
            yield "/install/quickstart/" + name.replace("_", "-"), getattr(self, "check_" + name)


def main():
    quickstart = Quickstart(os.path.abspath(sys.argv[1]))
    try:
        only = sys.argv[2] if len(sys.argv) > 2 else ""
        return bool(tap.run([test for test in quickstart.tests() if only in test[0]], 1))
    finally:
        quickstart.place.close()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fleet.py BUILD SOURCE [--sanitized] [--only PREFIX]: the command tcptriage-fleet. Prints TAP.

What it says of many captures is what the command tcptriage says of each; nothing is lost and nothing there twice, whatever stops it.
"""

import collections
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

sys.dont_write_bytecode = True
FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [FOLDER] + [os.path.join(FOLDER, "..", name) for name in ("golden", "page", "install")]
import browser  # noqa: E402
import hosts  # noqa: E402
import job  # noqa: E402
import limits  # noqa: E402
import place  # noqa: E402
import readme  # noqa: E402
import rings  # noqa: E402
import stops  # noqa: E402
import tap  # noqa: E402
from tools import Tools  # noqa: E402

FINE, UNREAD, MISUSED, FOUND = 0, 1, 2, 3
FILES = ("cases.ndjson", "findings.ndjson", "index.html", "tcptriage.db")
Done = collections.namedtuple("Done", "status out err")


class Fleet:
    """The command as it is installed, and a folder to try it in."""

    def __init__(self, build, source, sanitized):
        # A sanitized program takes terabytes of addresses: no limit of memory then.
        self.front = ["--quiet"] + (["--memory", "0"] if sanitized else [])
        self.tools = Tools(glob.glob(os.path.join(build, "plugins/*/epan/tcptriage.so"))[0])
        self.build, self.source, self.lab = build, source, os.path.join(source, "captures", "lab")
        self.prefix = self.tools.path("prefix")
        for folder in ("bin", "libexec"):
            shutil.copytree(os.path.join(build, folder), os.path.join(self.prefix, folder))
        for folder, _, names in os.walk(self.prefix):
            for path in [folder, *(os.path.join(folder, name) for name in names)]:
                os.chmod(path, 0o755)
        self.command = os.path.join(self.prefix, "bin", "tcptriage-fleet")

    def folder(self, name):
        path = self.tools.path(name)
        os.mkdir(path)
        os.chmod(path, 0o777)
        return path

    def with_reader(self, folder, script):
        """The command, copied to a folder, with a script in the reader's place: its %s is the reader."""
        prefix = os.path.join(folder, "prefix")
        shutil.copytree(self.prefix, prefix)
        reader = os.path.join(prefix, "bin", "tcptriage")
        os.rename(reader, reader + "-usual")
        with open(reader, "w") as file:
            file.write(script % (reader + "-usual"))
        os.chmod(reader, 0o755)
        return os.path.join(prefix, "bin", "tcptriage-fleet")

    def start(self, *arguments, command=None, **more):
        return subprocess.Popen([command or self.command, *self.front, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                cwd=self.tools.folder, start_new_session=True, **more)

    def run(self, *arguments, text=None, **more):
        process = self.start(*arguments, stdin=subprocess.DEVNULL if text is None else subprocess.PIPE, **more)
        out, err = process.communicate(text, timeout=600)
        return Done(process.returncode, out, err)

    def single(self, *arguments):
        done = subprocess.run([os.path.join(self.prefix, "bin", "tcptriage"), "-q", "--json", *arguments], capture_output=True,
                              text=True)
        return done.returncode, json.loads(done.stdout)

    def captures(self, count=None):
        return sorted(glob.glob(os.path.join(self.lab, "*.pcap*")))[:count]


def lines_of(out, name):
    with open(os.path.join(out, name), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def ask(out, query, *values):
    with sqlite3.connect("file:%s/tcptriage.db?mode=ro" % out, uri=True) as database:
        return database.execute(query, values).fetchall()


def told(out):
    """All that was found, by capture, in an order of its own."""
    found = collections.defaultdict(list)
    for one in lines_of(out, "findings.ndjson"):
        found[one.pop("capture")].append(json.dumps(one, sort_keys=True))
    return {path: sorted(each) for path, each in found.items()}


def check_same(fleet):
    """Cases and findings of each capture are those of the command, and nothing else is there."""
    out = fleet.tools.path("same")
    done = fleet.run("--out", out, fleet.lab)
    assert done.status == FOUND, done
    captures = fleet.captures()
    assert sorted(path for path, in ask(out, "SELECT path FROM captures")) == captures
    for name in ("cases", "findings"):
        found = collections.defaultdict(list)
        for one in lines_of(out, name + ".ndjson"):
            found[one.pop("capture")].append(one)
        for path in captures:
            assert found.pop(path, []) == fleet.single(path)[1][name], path
        assert not found, found
    assert "%d captures" % len(captures) in done.out and done.out.strip().endswith(out + "/index.html"), done.out
    assert ask(out, "PRAGMA integrity_check") == [("ok",)] and not ask(out, "PRAGMA foreign_key_check")
    check_views(out)


def check_views(out):
    """Counted here once more, of the lines."""
    cases = [one for one in lines_of(out, "cases.ndjson") if one["severity"] != "chat"]
    by_cause = collections.defaultdict(lambda: [0, set(), 0])
    for one in cases:
        entry = by_cause[one["id"], one["severity"]]
        entry[0] += 1
        entry[1].add(one["capture"])
        entry[2] += one["flow_count"]
    rows = ask(out, "SELECT cause, severity, cases, captures, connections FROM by_cause WHERE severity <> 'chat'")
    assert {(row[0], row[1]): row[2:] for row in rows} == {
        key: (count, len(paths), flows) for key, (count, paths, flows) in by_cause.items()}
    causes = [one for one in lines_of(out, "findings.ndjson") if one["role"] == "cause" and one["severity"] != "chat"]
    hosts, ports = collections.Counter(), collections.Counter()
    for one in causes:
        flow = one["flow"]
        hosts.update({flow["client"], flow["server"]})
        ports[flow["server"], flow["server_port"]] += 1
    assert {row[0]: row[1] + row[2] for row in ask(out, "SELECT host, warnings, notes FROM by_host")} == hosts
    assert {row[:2]: row[2] + row[3] for row in
            ask(out, "SELECT server, server_port, warnings, notes FROM by_server_port")} == ports
    worst = ask(out, "SELECT path, warnings, notes, page FROM worst_captures")
    count = collections.Counter((one["capture"], one["severity"]) for one in cases)
    assert {row[0]: row[1:3] for row in worst} == {
        path: (count[path, "warn"], count[path, "note"]) for path, _ in count}
    assert all(os.path.exists(os.path.join(out, row[3])) for row in worst)
    assert len(os.listdir(os.path.join(out, "pages"))) == len(worst), "a page for each that has something of note"
    assert worst[0][1] > 0 and sum(flows for flows, in ask(out, "SELECT flows FROM outcomes")) == sum(
        flows for flows, in ask(out, "SELECT flows FROM captures"))


def check_bad(fleet):
    """One that cannot be read stops no other, and is named with its reason."""
    folder, out = fleet.folder("bad"), fleet.tools.path("bad-out")
    good = shutil.copy(fleet.captures(1)[0], folder)
    with open(good, "rb") as file:
        data = file.read()
    cut = os.path.join(folder, "cut'off \"x\" é.pcap")
    with open(cut, "wb") as file:
        file.write(data[:-5])
    text = os.path.join(folder, "notes.txt")
    with open(text, "w") as file:
        file.write("no capture, and in a folder nobody says it were\n")
    shutil.copy(os.path.join(fleet.lab, "..", "page.png"), folder)
    done = fleet.run("--out", out, folder)
    assert done.status == UNREAD and "cut'off" in done.err and "Less data was read" in done.err, done
    assert "notes.txt" not in done.err and ask(out, "SELECT count(*) FROM captures") == [(2,)], done
    assert "2 other files left out" in read_page(out), "what was left out is told"
    broken = os.path.join(folder, "line\nbreak.pcap")
    shutil.copy(good, broken)
    done = fleet.run("--out", out, folder, text, "/nonexistent.pcap", good)
    reasons = dict(ask(out, "SELECT path, reason FROM captures WHERE state = 'failed'"))
    assert done.status == UNREAD and len(reasons) == 3, done
    assert "known format" in reasons[text] and "No such file" in reasons["/nonexistent.pcap"], reasons
    assert "line break" in reasons[broken.replace("\n", "?")], reasons
    assert ask(out, "SELECT state, count(*) FROM captures GROUP BY state") == [("failed", 3), ("partly", 1), ("read", 1)]
    os.remove(broken)
    assert fleet.run("--out", out, good).status in (FINE, FOUND), "of another command before nothing is left"
    assert ask(out, "SELECT path FROM captures") == [(good,)]


def read_page(out):
    with open(os.path.join(out, "index.html"), encoding="utf-8") as file:
        return file.read()


def check_limits(fleet):
    """What takes too much memory is given up, and says so; the rest is read."""
    captures, out = fleet.captures(3), fleet.tools.path("limits")
    done = fleet.run("--out", out, "--memory", "8", *captures)
    assert done.status == UNREAD and ask(out, "SELECT count(*) FROM captures WHERE state = 'failed'") == [(3,)], done
    assert all(reason for reason, in ask(out, "SELECT reason FROM captures"))
    done = fleet.run("--out", out, *captures)
    assert done.status == FOUND and not done.err, "what failed is tried again: %s" % (done,)


def check_list(fleet):
    captures, out = fleet.captures(5), fleet.tools.path("list")
    assert fleet.run("--out", out, "-", text="\n".join(captures + captures) + "\n").status in (FINE, FOUND)
    assert sorted(path for path, in ask(out, "SELECT path FROM captures")) == captures


def check_changed(fleet):
    """What was read is not read again, until it changes."""
    folder, out = fleet.folder("changed"), fleet.tools.path("changed-out")
    for path in fleet.captures(4):
        shutil.copy(path, folder)
    fleet.run("--out", out, folder)
    before = {path: os.stat(path).st_mtime_ns for path in glob.glob(out + "/results/*.json")}
    shutil.copy(fleet.captures()[-1], os.path.join(folder, os.path.basename(fleet.captures(1)[0])))
    fleet.run("--out", out, folder)
    after = {path: os.stat(path).st_mtime_ns for path in glob.glob(out + "/results/*.json")}
    assert len(after) == 5 and before.items() <= after.items(), "one new, the others as they were"
    assert ask(out, "SELECT count(*) FROM captures") == [(4,)]
    damaged = next(iter(before))
    with open(damaged, "w") as file:
        file.write('{"cases": [')
    done = fleet.run("--out", out, folder)
    assert done.status == UNREAD or damaged not in [
        os.path.join(out, "results", key + ".json") for key, in ask(out, "SELECT key FROM captures")], done
    assert fleet.run("--out", out, folder).status in (FINE, FOUND), "a damaged report is made again"


def check_dissect(fleet):
    """By tshark and the plugin the same is found."""
    captures, folder = fleet.captures(12), fleet.folder("dissect")
    copies = [shutil.copy(path, folder) for path in captures]
    for copy in copies:
        os.chmod(copy, 0o644)
    found = {}
    for way in ([], ["--dissect"]):
        out = os.path.join(folder, "out" + "".join(way))
        result = fleet.tools.run(fleet.command, "--quiet", "--out", out, *way, *copies)
        assert result.status == FOUND and not result.err, result
        lines = lines_of(out, "findings.ndjson")
        streams = [one["flow"].pop("stream") for one in lines]
        assert all((stream is not None) == bool(way) for stream in streams), "who has read it"
        found[len(way)] = sorted(json.dumps(one, sort_keys=True) for one in lines)
        assert ask(out, "SELECT count(*) FROM worst_captures WHERE page IS NULL") == [(0,)]
    assert found[0] == found[1] and found[0]


def check_usage(fleet):
    for wrong in ([], ["--jobs", "0", "x"], ["--jobs", "x", "x"], ["--loud", "x"], ["x", "--out"]):
        done = fleet.run(*wrong)
        assert done.status == MISUSED and done.err.startswith("tcptriage-fleet: "), (wrong, done)
    version = subprocess.run([os.path.join(fleet.prefix, "bin", "tcptriage"), "--version"], capture_output=True, text=True).stdout
    assert fleet.run("--version").out.split() == ["tcptriage-fleet", version.split()[1]]
    for word in ("--jobs", "--out", "--dissect", "Exit status"):
        assert word in fleet.run("--help").out


def check_without_parallel(fleet):
    """One sentence says what is missing."""
    folder = fleet.folder("no-parallel")
    for name in ("sh", "env", "dirname", "grep", "tr", "sed", "cat", "getconf", "mktemp", "mkdir", "rm"):
        os.symlink(shutil.which(name), os.path.join(folder, name))
    done = fleet.run("--out", fleet.tools.path("no-parallel-out"), fleet.lab, env={"PATH": folder})
    assert done.status == UNREAD and done.err == (
        'tcptriage-fleet: GNU parallel is missing: install the package "parallel"\n'), done


def check_page(fleet):
    """The index in a browser: no complaints, no requests, every link leads to a page."""
    program = browser.find()
    if not program:
        raise tap.Skip("no Chromium")
    out = fleet.tools.path("page")
    fleet.run("--out", out, fleet.lab, "/nonexistent/<b>.pcap")
    opened = browser.Browser(program)
    try:
        page = browser.Page(opened, "file://%s/index.html" % out)
        assert not page.complaints() and not page.requests(), page.complaints() + page.requests()
        text = page.evaluate("document.body.innerText")
        links = page.evaluate("[...document.querySelectorAll('main a')].map((one) => one.href)")
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        page.close()
        paths = [link[len("file://"):] for link in links]
        assert len(set(paths)) == ask(out, "SELECT count(*) FROM worst_captures")[0][0] and all(map(os.path.exists, paths)), paths
        assert not wide and "<b>.pcap" in text and "could not be read" in text.lower(), text
        single = browser.Page(opened, "file://" + paths[0])
        assert not single.complaints() and "TCP Triage" in single.evaluate("document.body.innerText")
        single.close()
    finally:
        opened.close()


def check_readme(fleet):
    """README.md's commands, one behind the other, captures put in: they build upon each other."""
    found = readme.commands(fleet.source, *(start for start, where in readme.RUN_BY.items() if where == "tests/fleet/fleet.py"))
    assert len(found) >= 5, found
    folder, copy = fleet.folder("readme"), shutil.copy(fleet.captures(1)[0], fleet.folder("readme-captures"))
    os.chmod(copy, 0o644)
    for line in found:
        line = line.replace("/var/captures", os.path.dirname(copy)).replace("/nfs -newer yesterday", os.path.dirname(copy))
        result = fleet.tools.run("sh", "-c", "cd '%s' && PATH='%s':$PATH; %s" % (
            folder, os.path.dirname(fleet.command), line.replace("FILE...", copy)))
        assert result.status in (FINE, FOUND) and (result.out.strip() or result.err.strip() or line.startswith("sqlite3")), (line, result)


# Those of which a sanitized build tells nothing more: a browser, Kubernetes' schema, what it cannot be (a program within a
# limit of memory, a plugin of a stock tshark), and hosts, whose commands are the same.
PLAIN_ONLY = {"/fleet/" + name for name in ("page", "kubernetes-schema", "limits", "dissect", "hosts-shared", "hosts-copied",
                                            "copies-lost", "readme", "bar")}


def tests_of(fleet):
    for name in ("same", "bad", "limits", "list", "changed", "dissect", "usage", "without_parallel", "page", "readme"):
        yield "/fleet/" + name.replace("_", "-"), globals()["check_" + name], fleet
    for module in (rings, stops, hosts, job, limits):
        for name, check in vars(module).items():
            if name.startswith("check_"):
                yield "/fleet/" + name[len("check_"):].replace("_", "-"), check, fleet, sys.modules[__name__]


def main():
    words = sys.argv[1:]
    sanitized = "--sanitized" in words
    words = [word for word in words if word != "--sanitized"]
    build, source = map(os.path.abspath, words[:2])
    prefix = words[3] if words[2:3] == ["--only"] else ""
    if not os.path.exists(os.path.join(build, "bin", "tcptriage-fleet")):
        sys.exit("fleet.py: the command was not built: libsqlite3-dev is missing")
    fleet = Fleet(build, source, sanitized)
    try:
        left_out = PLAIN_ONLY if sanitized else ()
        return tap.run([test for test in tests_of(fleet) if test[0].startswith(prefix) and test[0] not in left_out], 2)
    finally:
        fleet.tools.close()


if __name__ == "__main__":
    sys.exit(main() > 0)

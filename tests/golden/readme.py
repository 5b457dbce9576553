# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command of README.md runs as it stands, on a capture with something in it: here those of tshark and mergecap, its
options and its display filters; the others where RUN_BY says."""

import os
import re
import shutil

import compare

HERE = "here"
RUN_BY = {
    "tshark ": HERE,
    "mergecap ": HERE,
    "sh plugin/": "tests/install/quickstart.py",
    "cmake ": "tests/install/package.py",
    "sudo cmake ": "tests/install/package.py",
    "(cd build-package ": "tests/install/package.py",
    "tcptriage ": "tests/reader/reader.py",
    "tcpdump ": "tests/reader/reader.py",
    "tcptriage-fleet ": "tests/fleet/fleet.py",
    "find ": "tests/fleet/fleet.py",
    "sqlite3 ": "tests/fleet/fleet.py",
    "sh tests/run.sh": "whoever runs this",
}


def page(source):
    with open(source + "/README.md") as text:
        return text.read()


def commands(source, *beginnings):
    """Lines of the blocks of commands that begin with one of these, without what is said about them."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page(source), re.M | re.S)
    lines = [line.split(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(tuple(beginnings))]


def quoted(source):
    """What stands between backticks in the prose and tables."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", page(source), flags=re.M | re.S))


def check(golden, number, command, capture):
    tshark, _, jq = command.partition(" | ")
    folder = compare.open_folder(golden.tools, "readme-%d" % number)
    for name in ("NEAR.pcapng", "FAR.pcapng"):
        os.symlink(capture, os.path.join(folder, name))
    before = os.listdir(folder)
    result = golden.tools.run("sh", "-c", "cd '%s' && %s" % (folder, tshark.replace("FILE", "'%s'" % capture)))
    assert result.status == 0 and (result.out.strip() or os.listdir(folder) != before), "%s\n%s" % (result.out, result.err)
    if not jq:
        return
    told = golden.tools.run("sh", "-c", jq, text=result.out)
    assert told.status == 0 and told.out.strip() and "null" not in told.out, told.out + told.err


def check_filter(golden, text, capture):
    golden.tools.tshark("-r", capture, "-2", "-Y", text)


def check_all_run(golden):
    """A command that nobody runs is seen here, not by a reader."""
    lines = commands(golden.source, "")
    forgotten = [line for line in lines if line and not line.startswith(tuple(RUN_BY))]
    assert not forgotten, forgotten
    assert all(any(line.startswith(beginning) for line in lines) for beginning in RUN_BY), "in RUN_BY and not in README.md"


def tests(golden, captures):
    capture = captures["fin-lost-two-points"]
    found = commands(golden.source, *[beginning for beginning, where in RUN_BY.items() if where == HERE])
    found += ["tshark -q -r FILE " + text for text in sorted(set(quoted(golden.source))) if text.startswith("-z ")]
    assert len(found) >= 14, found
    assert shutil.which("jq"), "jq is missing"
    for number, command in enumerate(found):
        yield "/golden/readme/%d" % number, check, golden, number, command, capture
    filters = {text for text in quoted(golden.source) if re.search(r"tcptriage\.[a-z_.]+ (==|eq|&&|\|\|) |^!tcptriage", text)}
    assert len(filters) >= 3, filters
    for number, text in enumerate(sorted(filters)):
        yield "/golden/readme/filter/%d" % number, check_filter, golden, text, capture
    yield "/golden/readme/all-run", check_all_run, golden

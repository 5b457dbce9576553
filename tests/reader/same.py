#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""same.py BUILD CAPTURE-OR-FOLDER...: what the command tcptriage says of captures, and what the plugin says in tshark.

Prints each difference; status 1 when there is one that DIFFERS does not explain.
"""

import concurrent.futures
import difflib
import glob
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from tools import Tools  # noqa: E402

TIMEOUT_S = 600


def captures_in(path):
    """A file, or those below a folder that may be captures."""
    if os.path.isfile(path):
        return [path]
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names
                  if ".pcap" in name or ".cap" in name or name.endswith((".snoop", ".trc", ".erf", ".ntar", ".dmp")))


def without_streams(document):
    """Only Wireshark counts streams; who made the report is another."""
    for finding in document["findings"]:
        finding["flow"].pop("stream")
    document["capture"].pop("made_by", None)
    document.pop("made_by", None)
    return document


def lines(document):
    """One for each member of the report, findings sorted by frame and id."""
    found = sorted(document["findings"], key=lambda one: (one["frame"], one["id"], json.dumps(one, sort_keys=True)))
    rest = {name: value for name, value in document.items() if name != "findings"}
    return [json.dumps(one, sort_keys=True) for one in found] + json.dumps(rest, sort_keys=True, indent=1).splitlines()


class Both:
    def __init__(self, build):
        self.tools = Tools(glob.glob(os.path.join(build, "plugins/*/epan/tcptriage.so"))[0])
        self.command = os.path.join(build, "bin", "tcptriage")

    def close(self):
        self.tools.close()

    def by_plugin(self, capture, *options):
        result = self.tools.run("tshark", "-q", "-n", "-r", capture, "-z", "tcptriage,json", *options, home="plugin",
                                timeout_s=TIMEOUT_S)
        return json.loads(result.out) if result.out.strip() else None

    def by_command(self, capture, *options):
        """(status, document, what was said besides)"""
        result = subprocess.run([self.command, "--json", *options, capture], capture_output=True, text=True, timeout=TIMEOUT_S)
        return result.returncode, json.loads(result.stdout) if result.stdout.strip() else None, result.stderr

    def difference(self, capture, *options):
        """Lines in which they differ, [] for none."""
        copy = capture if os.path.dirname(capture) == self.tools.folder else self.tools.adopt(capture)
        plugin = self.by_plugin(copy, *options)
        status, command, said = self.by_command(copy, *options)
        if status not in (0, 1, 3):
            return ["status %d: %s" % (status, said.strip())]
        if plugin is None or command is None:
            return [] if plugin is command else ["only one of them can read it: " + said.strip()]
        return [line for line in difflib.unified_diff(lines(without_streams(plugin)), lines(without_streams(command)), "plugin",
                                                      "command", lineterm="", n=0) if not line.startswith("@@")]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    both = Both(sys.argv[1])
    captures = [capture for path in sys.argv[2:] for capture in captures_in(path)]
    differ = 0
    try:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for capture, found in zip(captures, pool.map(both.difference, captures)):
                differ += bool(found)
                if found:
                    print("# " + capture)
                    print("\n".join(found), flush=True)
    finally:
        both.close()
    print("%d captures, %d differ" % (len(captures), differ))
    return differ > 0


if __name__ == "__main__":
    sys.exit(main())

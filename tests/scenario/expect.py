#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""expect.py [--write] [SCENARIO-TEST]: what the scenarios raise and no line of theirs expects.

A new finding shows in scripts of other findings too. Each such line is either its hit, and says so, or the detector's
mistake. Without --write they are listed, status 1 if there are any. With --write " ! id" ("!end id" where it needs the
capture's end) is put behind each: read the difference before it is committed. What is taken back is only listed: the
script has to say by which line ("!back").

SCENARIO-TEST is build-tests/plain/scenario-test by default.
"""

import argparse
import os
import re
import subprocess
import sys

RAISED = re.compile(r"# (\S+\.pkt):(\d+): (\w+) was not expected: (.*?)( \(at the end\))?$")
HERE = os.path.dirname(os.path.abspath(__file__))


def unexpected(program):
    """{(script, line, id): (mark, summary)} of what is raised at once, at the end, or at once and taken back."""
    run = subprocess.run([program, "--tap", "-k"], capture_output=True, text=True, check=False)
    now, at_end = {}, {}
    for line in run.stdout.splitlines():
        match = RAISED.match(line)
        if match:
            script, number, ident, summary, late = match.groups()
            (at_end if late else now)[script, int(number), ident] = summary
    marks = {key: ("!" if key in now else "!end", summary) for key, summary in at_end.items()}
    marks.update({key: ("!back", summary) for key, summary in now.items() if key not in at_end})
    return marks


def traffic(line):
    return re.match(r"[\d+]", line)


def write(script, wanted):
    """Put the marks behind their lines; {line: [text]} -> lines where that is not possible."""
    with open(script, encoding="utf-8") as file:
        lines = file.read().split("\n")
    refused = []
    for number, texts in wanted.items():
        if not traffic(lines[number - 1]) or any(text.startswith("!back") for text in texts):
            refused.append(number)
            continue
        lines[number - 1] += "".join(" " + text for text in texts)
    with open(script, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    return refused


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the expectations into the scripts")
    parser.add_argument("program", nargs="?", default=os.path.join(HERE, "../../build-tests/plain/scenario-test"))
    options = parser.parse_args()
    found = unexpected(options.program)
    scripts = {}
    for (script, number, ident), (mark, summary) in sorted(found.items()):
        print("%s:%d: %s %s: %s" % (os.path.relpath(script), number, mark, ident, summary))
        scripts.setdefault(script, {}).setdefault(number, []).append("%s %s" % (mark, ident))
    if not options.write:
        return bool(found)
    refused = ["%s:%d" % (os.path.relpath(script), number)
               for script, wanted in scripts.items() for number in write(script, wanted)]
    if refused:
        print("to be written by hand (taken back, or packets that a word sends): " + ", ".join(refused))
    return bool(refused)


if __name__ == "__main__":
    sys.exit(main())

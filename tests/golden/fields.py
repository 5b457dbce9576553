#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fields.py BUILD SOURCE: all our fields of every frame of the captures, as `tshark -2` shows them, to be compared between
Wireshark's versions (tests/versions.sh --fields)."""

import concurrent.futures
import glob
import os
import sys

sys.dont_write_bytecode = True  # the repository stays as it is

from tools import Tools  # noqa: E402


def ours(tools):
    """Names of the fields; expert infos are fields of no type."""
    rows = [line.split("\t") for line in tools.tshark("-G", "fields").splitlines()]
    return sorted({row[2] for row in rows if row[0] == "F" and row[2].startswith("tcptriage.")})


def shown(tools, fields, capture):
    words = [word for field in ["frame.number", *fields] for word in ("-e", field)]
    text = tools.tshark("-2", "-r", tools.adopt(capture), "-T", "fields", *words)
    return text.replace("\\\\", "\\")  # backslashes are doubled since 4.4


def main():
    build, source = sys.argv[1:]
    tools = Tools(glob.glob(os.path.join(build, "plugins", "*", "epan", "tcptriage.so"))[0])
    try:
        fields = ours(tools)
        print("\t".join(fields))
        captures = sorted(glob.glob(os.path.join(source, "captures", "*", "*.pcap*")))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for capture, text in zip(captures, pool.map(lambda one: shown(tools, fields, one), captures)):
                print("# " + os.path.relpath(capture, source))
                print(text, end="")
    finally:
        tools.close()


if __name__ == "__main__":
    main()

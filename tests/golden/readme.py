# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command of README.md that begins with tshark runs as it stands, on a capture with something in it."""

import os
import re
import shutil

import compare


def commands(source):
    with open(source + "/README.md") as page:
        text = page.read()
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line.startswith("tshark ")]


def check(golden, number, command, capture):
    tshark, _, jq = command.partition(" | ")
    words = tshark.split("#")[0]
    folder = compare.open_folder(golden.tools, "readme-%d" % number)
    result = golden.tools.run("sh", "-c", "cd '%s' && %s" % (folder, words.replace("FILE", "'%s'" % capture)))
    assert result.status == 0 and (result.out.strip() or os.listdir(folder)), "%s\n%s" % (result.out, result.err)
    if not jq:
        return
    told = golden.tools.run("sh", "-c", jq, text=result.out)
    assert told.status == 0 and told.out.strip() and "null" not in told.out, told.out + told.err


def tests(golden, captures):
    capture = captures["fin-lost-two-points"]
    found = commands(golden.source)
    assert len(found) >= 8, found
    assert shutil.which("jq"), "jq is missing"
    for number, command in enumerate(found):
        yield "/golden/readme/%d" % number, check, golden, number, command, capture

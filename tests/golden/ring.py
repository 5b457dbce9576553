# SPDX-License-Identifier: GPL-2.0-or-later
"""A live capture that goes on in a new file now and then: its report is of the last one, and says so."""

import json
import os
import shlex
import tempfile

PACKETS = 60  # per file


def capture_live(tools, capture, *options):
    """What a capture of another capture's packets, which come by a pipe, says at its end."""
    folder = tempfile.mkdtemp(dir=tools.folder)
    os.chmod(folder, 0o777)
    words = ["tshark", "-i", "-", "-w", os.path.join(folder, "ring"), *options]
    result = tools.run("sh", "-c", "%s <%s" % (shlex.join(words), shlex.quote(capture)))
    assert result.status == 0, result.err
    return result.out, len(os.listdir(folder))


def packets_of(tools, capture):
    return len(tools.tshark("-r", capture, "-T", "fields", "-e", "frame.number").split())


def check_files(tools, capture):
    packets = packets_of(tools, capture)
    option = "packets:%d" % PACKETS
    text, files = capture_live(tools, capture, "-b", option, "-q", "-z", "tcptriage")
    before = (packets - 1) // PACKETS
    assert files == before + 1 > 2, files
    assert " ".join(text.split()).count("This is of the last file only: %d files before it, with %d segments" % (
        before, before * PACKETS)) == 1, text
    told, _ = capture_live(tools, capture, "-b", option, "-q", "-z", "tcptriage,json")
    assert json.loads(told)["capture"]["files_before"] == {"files": before, "segments": before * PACKETS}, told


def check_one_file(tools, capture):
    """What is in one file is reported as if it were read."""
    text, files = capture_live(tools, capture, "-q", "-z", "tcptriage")
    assert files == 1 and "last file" not in text, text
    assert text == tools.tshark("-q", "-r", capture, "-z", "tcptriage"), text


def tests(tools, captures):
    yield "/golden/ring/files", check_files, tools, captures["tfo-storm"]
    yield "/golden/ring/one-file", check_one_file, tools, captures["tfo-storm"]

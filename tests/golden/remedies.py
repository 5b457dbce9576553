# SPDX-License-Identifier: GPL-2.0-or-later
"""What to do: the same commands in text, JSON and tree, with the case's addresses and ports, each of them pasteable."""

import shutil
import subprocess

# Capture -> a command that its gravest case asks for, and one that it does not.
ASKED = {
    "accept-queue-overflow": ("ss -ltn 'sport = :80'", None),
    "fin-lost-server": ("tcpdump -ni any 'tcp port", None),
    "two-points-fin-dropped": ("ip -s -s link", "tcpdump"),
}


def _tree_commands(golden, capture, frame):
    text = golden.tools.tshark("-r", capture, "-2", "-Y", "frame.number == %d" % frame, "-T", "fields", "-E",
                               "aggregator=\x01", "-e", "tcptriage.command", "-e", "tcptriage.remedy")
    commands, remedies = text.rstrip("\n").split("\t")
    return commands.split("\x01") if commands else [], remedies.split("\x01")


def _check_line(line):
    assert "%" not in line, line
    subprocess.run(["sh", "-nc", line], check=True)
    if line.startswith("tcpdump "):
        dumpcap = shutil.which("dumpcap") or "/usr/bin/dumpcap"
        capture_filter = line.split("'")[1]
        result = subprocess.run([dumpcap, "-d", "-i", "lo", "-f", capture_filter], capture_output=True, text=True)
        assert "not a valid capture filter" not in result.stderr, result.stderr


def check(golden, name, capture):
    asked, not_asked = ASKED[name]
    document = golden.document(capture, [])
    lines = [line[15:] for line in golden.report(capture, []).splitlines()]
    gravest = document["cases"][0]
    commands = [row["command"] for row in gravest["commands"]]
    assert any(line.startswith(asked) for line in commands), commands
    assert not_asked is None or not any(line.startswith(not_asked) for line in commands), commands
    for row in gravest["commands"]:
        assert any(line == row["command"] or line.startswith(row["command"] + "  # ") for line in lines), \
            "not alone on its line, or with a comment behind it: " + row["command"]
        assert row["command"] in gravest["remedy"] and row["tells"] in gravest["remedy"], gravest["remedy"]
        assert (row["host"] is None) == (row["on"] == "way"), row
    for finding in document["findings"]:
        for row in finding["commands"]:
            _check_line(row["command"])
            assert row["host"] == (None if row["on"] == "way" else finding["flow"][row["on"]]), (row, finding["flow"])
    on_frame = [one for one in document["findings"] if one["frame"] == gravest["cause_frames"][0]]
    shown, remedies = _tree_commands(golden, capture, on_frame[0]["frame"])
    assert sorted(shown) == sorted(row["command"] for one in on_frame for row in one["commands"]), shown
    assert sorted(remedies) == sorted(one["remedy"] for one in on_frame), remedies


def tests(golden, captures):
    for name in ASKED:
        yield "/golden/remedies/" + name, check, golden, name, captures[name]

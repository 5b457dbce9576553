# SPDX-License-Identifier: GPL-2.0-or-later
"""What is found in a capture, by every way to ask: {frame: [(id, severity, confidence, summary)]}."""

import json
import os

COLUMNS = ("finding", "severity", "confidence", "summary")
BETWEEN = "|"  # stands in no summary


def by_fields(tools, capture, *options):
    words = [word for name in COLUMNS for word in ("-e", "tcptriage." + name)]
    text = tools.tshark("-r", capture, *options, "-Y", "tcptriage.finding", "-T", "fields", "-E", "aggregator=" + BETWEEN, "-e",
                        "frame.number", *words)
    return dict(row(*line.split("\t")) for line in text.splitlines())


def row(number, *cells):
    lists = [cell.split(BETWEEN) for cell in cells]
    assert len(set(map(len, lists))) == 1, "frame %s: %s" % (number, lists)
    return int(number), list(zip(*lists))


def by_report(document):
    told = {}
    for one in document["findings"]:
        told.setdefault(one["frame"], []).append(tuple(one[name if name != "finding" else "id"] for name in COLUMNS))
    return told


def json_report(tools, capture, *options):
    return json.loads(tools.tshark("-q", "-r", capture, *options, "-z", "tcptriage,json"))


def page_and_report(tools, capture, *options):
    """(the page's HTML, the report as JSON of the same run, which keeps more of the packets for the page's pictures)"""
    folder = tools.path(os.path.basename(capture) + ".page")
    os.mkdir(folder)
    os.chmod(folder, 0o777)
    page = os.path.join(folder, "page.html")
    text = tools.tshark("-q", "-r", capture, *options, "-z", "tcptriage,html,%s,min=chat" % page, "-z", "tcptriage,json")
    with open(page) as file:
        return file.read(), json.loads(text)


def pairs(told):
    return {(number, one[0]) for number, found in told.items() for one in found}


def differences(wanted, told, most=8):
    """In words, empty where there are none."""
    lines = []
    for number in sorted(wanted.keys() | told.keys()):
        lost = [one for one in wanted.get(number, []) if one not in told.get(number, [])]
        new = [one for one in told.get(number, []) if one not in wanted.get(number, [])]
        lines += ["frame %d: not %s" % (number, one) for one in lost] + ["frame %d: but %s" % (number, one) for one in new]
        if len(wanted.get(number, [])) != len(told.get(number, [])) and not lost and not new:
            lines.append("frame %d: %d times, not %d" % (number, len(told[number]), len(wanted[number])))
    return "\n".join(lines[:most] + (["and %d more" % (len(lines) - most)] if len(lines) > most else []))


def assert_same(wanted, told):
    assert wanted, "nothing to compare"
    problem = differences(wanted, told)
    assert not problem, problem


def cells(told):
    """As a column of Wireshark has it: {frame: (ids, severities, confidences, summaries)}, in the frame's own order."""
    return {number: tuple(",".join(cell) for cell in zip(*found)) for number, found in told.items()}

# SPDX-License-Identifier: GPL-2.0-or-later
"""What tshark shows of the findings, and what was expected of it."""

import collections
import re

# Severity names as in tcptriage.severity and Wireshark's _ws.expert.severity.
EXPERT = {"chat": 0x200000, "note": 0x400000, "warn": 0x600000}

# Fields that every finding has once, in the order of tcptriage.finding.
ALIGNED = ("finding", "severity", "confidence")
STATES = ("client.state", "server.state")

Expected = collections.namedtuple("Expected", "frame when id scenario line fields")


class Frame:
    """A frame's fields: name without "tcptriage." -> list of values."""

    def __init__(self, values):
        self.values = values
        self.ids = values.get("finding", [])

    def severity(self, ident):
        return self.values["severity"][self.ids.index(ident)]


def typed_fields(tools):
    """Names of the plugin's fields without prefix, expert infos not among them."""
    lines = tools.tshark("-G", "fields").splitlines()
    rows = [line.split("\t") for line in lines if line.startswith("F\t")]
    return sorted(row[2][len("tcptriage."):] for row in rows
                  if row[2].startswith("tcptriage.") and row[3] != "FT_NONE")


def read_frames(tools, names, known, capture, *options):
    """Frame number -> Frame, of every frame of the capture. Expert infos are fields too."""
    wanted = [name for name in names if name not in ("explanation", "remedy", "reference", "summary", "ruled_out")]
    wanted += sorted(known)
    command = ["-r", capture, *options, "-T", "fields", "-E", "separator=/t", "-E", "aggregator=;",
               "-e", "frame.number"]
    for name in wanted:
        command += ["-e", "tcptriage." + name]
    command += ["-e", "tcp.stream", "-e", "_ws.expert.severity"]
    frames = {}
    for line in tools.tshark(*command).splitlines():
        number, *columns = line.split("\t")
        columns[-1] = columns[-1].replace(",", ";")
        frames[int(number)] = Frame({name: column.split(";") for name, column in zip(wanted + ["stream", "expert"], columns) if column})
    return frames


def read_explains(table):
    """{cause: ids that it explains} of what tcptriage-table prints."""
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    return {row[1].strip(" `"): re.findall(r"`(\w+)`", row[3]) for row in rows}


def order_problems(frames, explains):
    """On a frame with several findings the gravest comes first, so that columns show it: severity, then a cause before what
    it explains, then confidence."""
    for number, frame in frames.items():
        shown = [(ident, (EXPERT[severity], ("low", "medium", "high").index(confidence))) for ident, severity, confidence in
                 zip(frame.ids, frame.values.get("severity", []), frame.values.get("confidence", []))]
        for (first, weight), (then, next_weight) in zip(shown, shown[1:]):
            same = weight[0] == next_weight[0]
            if same and then in explains.get(first, ()):
                continue
            if weight < next_weight or (same and first in explains.get(then, ())):
                yield "frame %d: %s are not in the order of gravity" % (number, frame.ids)


def pairs(frames):
    return {(number, ident) for number, frame in frames.items() for ident in frame.ids}


def stream_problems(frames, document):
    """Where a finding's flow in the report has another stream than Wireshark shows on its frame, or none."""
    for one in document["findings"]:
        shown, told = frames[one["frame"]].values.get("stream", []), one["flow"]["stream"]
        if shown and str(told) not in shown:
            yield "frame %d: %s has stream %s in the report, the frame %s" % (one["frame"], one["id"], told, shown)


def report_problems(frames, document, text):
    """Where the report, as JSON and as text, and the fields of -2 differ."""
    reported = [(one["frame"], one["id"]) for one in document["findings"]]
    found = pairs(frames)
    if sorted(reported) != sorted(found):
        yield "the report has %s, the fields show %s" % (sorted(set(reported) - found), sorted(found - set(reported)))
    for one in document["findings"]:
        frame = frames[one["frame"]]
        if one["severity"] != frame.severity(one["id"]):
            yield "frame %d: %s is %s in the report" % (one["frame"], one["id"], one["severity"])
    yield from stream_problems(frames, document)
    cases = {one["number"]: one for one in document["cases"]}
    counted = collections.Counter(one["case"] for one in document["findings"])
    for number, case in cases.items():
        if counted[number] != case["finding_count"]:
            yield "case %d counts %d findings, %d name it" % (number, case["finding_count"], counted[number])
    if set(counted) - set(cases):
        yield "findings of no case: %s" % sorted(set(counted) - set(cases))
    by_severity = collections.Counter(one["severity"] for one in document["findings"])
    title = re.search(r"(\d+)\s+warnings?,\s+(\d+)\s+notes?,\s+(\d+)\s+chats?", text)
    told = dict(zip(("warn", "note", "chat"), map(int, title.groups()))) if title else {}
    for severity in EXPERT:
        if told and told[severity] != by_severity[severity]:
            yield "the text counts %d of %s, there are %d" % (told[severity], severity, by_severity[severity])
    if document["cases"] and any(case["severity"] != "chat" for case in document["cases"]) and "1. " not in text:
        yield "the text tells no case"


def read_expected(path):
    """(expectations, frame -> (scenario, line, strict, states by passes)) of a file written by pkt2pcap."""
    expectations, frames = [], {}
    with open(path) as lines:
        for line in lines:
            frame, when, ident, scenario, number, *rest = line.rstrip("\n").split("\t")
            if when == "of":
                words = dict(word.split("=", 1) for word in rest if "=" in word)
                states = words.get("states"), words.get("final", words.get("states"))
                frames[int(frame)] = (scenario, int(number), "strict" in rest, states)
            else:
                fields = dict(word.split("=", 1) for word in rest)
                expectations.append(Expected(int(frame), when, ident, scenario, int(number), fields))
    return expectations, frames


def due(two_passes):
    """Which expectations must be met: what needs the capture's end takes two passes, what is taken back shows in one."""
    return ("now", "end") if two_passes else ("now", "back")


def _same(value, expected):
    if value == expected:
        return True
    try:
        if "." in value and "." + value.split(".")[1] != value and re.fullmatch(r"-?\d+\.\d+", value):
            return abs(float(value) - float(expected)) < 0.001
        return int(value, 0) == int(expected, 0)
    except ValueError:
        return False


def field_problem(frame, ident, name, expected):
    """Why a frame's field is not as expected, or None."""
    if name in ("says", "said", "brief", "blames", "rules_out"):
        return None  # the core's own run of the scenarios compares them
    values = frame.values.get("related_frame" if name == "related" else name, [])
    if name == "confidence":
        values = [values[frame.ids.index(ident)]]
    if name == "related":  # of all findings of the frame
        lacking = [number for number in expected.split(",") if number not in values and expected != "none"]
        return "related frames are %s, expected %s" % (values, expected) if lacking else None
    if expected == "none":
        return "%s is %s, expected none" % (name, values) if values else None
    if expected == "*":
        return None if values else "no " + name
    if any(_same(value, expected) for value in values):
        return None
    return "%s is %s, expected %s" % (name, values, expected)

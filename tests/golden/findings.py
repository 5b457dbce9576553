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


def order_problems(frames):
    """On a frame with several findings the gravest comes first, so that columns show it: severity, then confidence."""
    for number, frame in frames.items():
        gravity = [(EXPERT[severity], ("low", "medium", "high").index(confidence)) for severity, confidence in
                   zip(frame.values.get("severity", []), frame.values.get("confidence", []))]
        if gravity != sorted(gravity, reverse=True):
            yield "frame %d: %s are not in the order of gravity" % (number, frame.ids)


def pairs(frames):
    return {(number, ident) for number, frame in frames.items() for ident in frame.ids}


# The text report lists so many frames of a repeated finding, so many chats of a kind; then it counts.
LISTED = {"warn": 8, "note": 8, "chat": 5}


def _sections(text, known):
    """(id, lines below) of each entry of a text report. Headings are indented by two and name a finding."""
    ident, lines = None, []
    heading = re.compile(r" {2}(?=\S).*?\b(%s)\b" % "|".join(sorted(known, key=len, reverse=True)))
    for line in text.splitlines():
        match = heading.match(line)
        if match:
            if ident:
                yield ident, lines
            ident, lines = match.group(1), []
        else:
            lines.append(line)
    if ident:
        yield ident, lines


def read_report(text, known):
    """({(frame, id)} as far as listed, {severity: how many}) of a text report."""
    found = set()
    for ident, lines in _sections(text, known):
        below = "\n".join(lines)
        block = re.search(r"^ +Frames +frames? (.*?)(?:, first at| at )", below, re.M | re.S)
        numbers = re.findall(r"\d+", block.group(1)) if block else re.findall(r"^ {4}frame (\d+)", below, re.M)
        found |= {(int(number), ident) for number in numbers}
    title = re.search(r"(\d+) warnings?, (\d+) notes?, (\d+) chats?", text)
    return found, dict(zip(("warn", "note", "chat"), map(int, title.groups()))) if title else {}


def report_problems(frames, text, known):
    """Where a text report and the fields of -2 differ."""
    reported, counts = read_report(text, known)
    found = pairs(frames)
    by_severity = collections.Counter(frames[number].severity(ident) for number, ident in found)
    for severity in EXPERT:
        if counts.get(severity) != by_severity[severity]:
            yield "the report's title counts %s of %s, the fields show %d" % (
                counts.get(severity), severity, by_severity[severity])
    if reported - found:
        yield "only in the report: %s" % sorted(reported - found)
    # Warnings and notes are listed by flow, chats for the whole capture.
    def kind(number, ident):
        chat = frames[number].severity(ident) == "chat"
        return ident, None if chat else frames[number].values.get("stream", [""])[0]

    how_many = collections.Counter(kind(*pair) for pair in found)
    lost = sorted((number, ident) for number, ident in found - reported
                  if how_many[kind(number, ident)] <= LISTED[frames[number].severity(ident)])
    if lost:
        yield "not in the report: %s" % lost


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

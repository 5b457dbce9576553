# SPDX-License-Identifier: GPL-2.0-or-later
"""Every display filter that a report prints stands alone on its line and selects the frames that it stands beside.

One sharkd runs the filters of several captures: it keeps a capture's frames in memory and starts once.
"""

import collections
import json
import re

TOGETHER = 8  # captures in one sharkd, which keeps 12 MB of each

Printed = collections.namedtuple("Printed", "filter frames")

LABEL = re.compile(r" {4}(\S.{10})(\S.*)")  # a label takes eleven columns
FURTHER = re.compile(r" {15}(\S.*)")


def _numbers(text):
    return [int(number) for number in re.findall(r"\d+", text)]


def _frames_line(text):
    """Frames that a line "Frames" says the findings are on."""
    return _numbers(re.split(r" and \d+ more|,? the first at | at ", text)[0])


class _Reader:
    """Goes through a report line by line."""

    def __init__(self):
        self.printed, self.frames, self.ident, self.in_filter = [], [], None, False

    def heading(self, line):
        """An entry, a kind of chats or a port pressure begins: columns 2 and 3 belong to those."""
        self.frames = []
        pressure = re.search(r"ports \(\d+ %\), frame (\d+)", line)
        if pressure:
            self.frames = _numbers(pressure.group(1))
        self.ident = next(iter(re.findall(r"[a-z]+(?:_[a-z0-9]+)+", line)), None)

    def chat(self, line):
        match = re.match(r" {4}frame (\d+)(?:, tcp\.stream (\d+))?: ", line)
        if not match:
            return
        self.frames.append(int(match.group(1)))
        if match.group(2):
            self.printed.append(Printed("tcp.stream eq %s && tcptriage.%s" % (match.group(2), self.ident),
                                        [int(match.group(1))]))

    def line(self, line):
        label, further = LABEL.fullmatch(line), FURTHER.fullmatch(line)
        if re.match(r" {2}\S", line):
            self.heading(line)
        elif label and label.group(1).strip() == "Frames":
            self.frames = _frames_line(label.group(2))
        elif label and label.group(1).strip() == "Filter":
            self.printed.append(Printed(label.group(2), list(self.frames)))
        elif further and self.in_filter:
            self.printed.append(Printed(further.group(1), list(self.frames)))
        else:
            self.chat(line)
        self.in_filter = bool(label and label.group(1).strip() == "Filter" or further and self.in_filter)


def read(report):
    """[Printed] of a text report."""
    reader = _Reader()
    for line in report.splitlines():
        reader.line(line)
    return reader.printed


def of_document(document):
    """[Printed] of a JSON report: of cases, and of each kind of finding's first."""
    printed = [Printed(case["filter"], case["cause_frames"]) for case in document["cases"]]
    first = {}
    for one in document["findings"]:
        first.setdefault(one["id"], Printed(one["filter"], [one["frame"]]))
    return printed + list(first.values())


def selected(tools, captures, options):
    """{(capture, filter): set of frames, or sharkd's complaint} of {capture: filters}."""
    settings = [word.split(":", 1) for word in options if word != "-o"]
    requests = [{"method": "setconf", "params": {"name": name, "value": value}} for name, value in settings]
    asked = {}
    for number, (capture, filters) in enumerate(captures.items()):
        requests.append({"method": "load", "params": {"file": capture}})
        for one in filters:
            # sharkd answers a filter of the same text from the capture before
            unique = "(%s) && frame.number < %d" % (one, 4000000000 - number)
            requests.append({"method": "frames", "params": {"filter": unique}})
            asked[len(requests)] = capture, one
    text = "".join(json.dumps(dict(request, jsonrpc="2.0", id=number)) + "\n"
                   for number, request in enumerate(requests, 1))
    result = tools.run("sharkd", "-", text=text)
    assert result.status == 0, "sharkd: exit status %d\n%s" % (result.status, result.err)
    answers = {answer["id"]: answer for answer in map(json.loads, filter(None, result.out.splitlines()))}
    found = {}
    for number, key in asked.items():
        answer = answers[number]
        found[key] = {frame["num"] for frame in answer["result"]} if "result" in answer else json.dumps(answer["error"])
    return found


def problems(golden, captures, options):
    """What is wrong with the filters of the reports of captures that have the same preferences."""
    printed = {capture: read(golden.report(capture, options)) + of_document(golden.document(capture, options))
               for capture in captures}
    filters = {capture: sorted({one.filter for one in rows}) for capture, rows in printed.items() if rows}
    found = selected(golden.tools, filters, options)
    for capture, rows in printed.items():
        for one in rows:
            frames = found[capture, one.filter]
            if isinstance(frames, str):
                yield "%s: %s is no filter: %s" % (capture, one.filter, frames)
            elif not frames:
                yield "%s: %s selects nothing" % (capture, one.filter)
            elif not set(one.frames) <= frames:
                yield "%s: %s misses frames %s" % (capture, one.filter, sorted(set(one.frames) - frames))


def check(golden, captures, options):
    wrong = list(problems(golden, captures, options))
    assert not wrong, "\n".join(wrong)


def tests(golden, captures):
    """`captures` are (front of the test's name, capture, options): those with the same front and options go together."""
    together = collections.defaultdict(list)
    for front, capture, options in captures:
        together[front, tuple(options)].append(capture)
    for (front, options), same in together.items():
        for at in range(0, len(same), TOGETHER):
            yield "%sfilters-%d%s" % (front, at, "".join("-" + word for word in options if word != "-o")), check, \
                golden, same[at:at + TOGETHER], list(options)

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes what the scenario scripts say of findings (says=, related= ...) from what the core finds now; `git diff` shows it.

update.py SCENARIO-TEST [--all] [SCRIPT...]: what still holds stays as it is, with --all it is written anew, too.
"""

import argparse
import collections
import os
import re
import subprocess

# What a summary is about: who, how often, how long, which frame; and the words by which one verdict differs from
# another. The rest of a sentence may be put in other words without a change to the scripts.
FACTS = re.compile(r"""
    \b(?: client | server | two\ ends | this\ address | this\ source )\b
  | \b frames?\ @[\w.-]*\w
  | \b capture\ point\ \d+
  | \b 0x[0-9a-f]+ \b
  | \b \d+\ of\ \d+ \b
  | \b \d+(?:\.\d+)? (?:\ (?: s | bytes? | times? | tries | rounds | others? | ports | wrong | good | bare\ ACKs
                        | connections | longer\ frames | FINs | RSTs )\b)?
  | \b [Tt]hree \b
  | \b(?: below | above | behind | never | again | anything | nothing | none | so\ far | end\ of\ the\ capture | until )\b
  | \b no(?:t|\ answer)? \b | \b a\ RST \b
  | \b(?: refused | accepted | ignored | ignores | accepts | answered | answers | challenged | challenge\ ACK )\b
  | \b(?: left\ of | beyond | in\ the\ window | right\ edge | count\ the\ sender | closed\ socket | may\ do\ either | closes | keeps | stale )\b
  | \b outcome\ \w+ | \b asks\ for | \b carries | \b without\ data | \b and\ data
  | \b RST\ \(frame\ @\w+\)\ (?: did\ not\ end\ it | ended\ it | ends\ it ) | \b HTTP/1\.[01] | \b Connection:\ close | \b TLS\ alert | \b keep-alive\ probes?
  | \b invalid\ [a-z]+ | \b(?: upper | lower )\ bound | \b over | \b VALID\b | \b INVALID\b
  | \b(?: Likely | Possible )\b
  | \b(?: timestamps?\ is | tcp_tw_recycle | accept\ queue | SYN\ queue | TIME-WAIT | filter | loss | server\ down
      | network\ card | SYN-ACK | initial\ sequence | newer )\b
  | \b(?: padded | pads | checksum | idle | SACK | fragments | sets\ them\ apart )\b
""", re.X)

Told = collections.namedtuple("Told", "line nth id own said")  # said: name -> (holds, value)
Place = collections.namedtuple("Place", "line part copy label")


class Scenario:
    def __init__(self):
        self.told, self.places = [], {}


def read_facts(program):
    """script -> line of a scenario -> Scenario"""
    scripts = collections.defaultdict(lambda: collections.defaultdict(Scenario))
    run = subprocess.run([program, "--facts"], check=True, stdout=subprocess.PIPE, text=True)
    for row in run.stdout.splitlines():
        if "\t" not in row:
            continue  # GTest's own words
        kind, script, first, *rest = row.split("\t")
        scenario = scripts[script][int(first)]
        if kind == "told":
            line, nth, ident, own, *said = rest
            said = {name: (holds == "1", value) for name, holds, value in zip(said[::3], said[1::3], said[2::3])}
            scenario.told.append(Told(int(line), int(nth), ident, own == "1", said))
        else:
            number, line, part, copy, label = rest
            scenario.places[int(number)] = Place(int(line), int(part), copy == "1", label)
    return scripts


def words_of(line):
    """(start, end) of the words of a script's line, the comment left out: quotes and option lists hold together."""
    words, at = [], 0
    pattern = re.compile(r'<\S[^>]*>|(?:"(?:\\.|[^"\\])*"|[^\s"])+')
    while True:
        match = pattern.search(line, at)
        if not match or match.group().startswith("#"):
            return words
        words.append(match.span())
        at = match.end()


class Script:
    def __init__(self, path):
        self.path = path
        with open(path) as text:
            self.lines = text.read().split("\n")

    def write(self):
        with open(self.path, "w") as text:
            text.write("\n".join(self.lines))

    def words(self, number):
        line = self.lines[number - 1]
        return [line[start:end] for start, end in words_of(line)]

    def add_label(self, number, taken):
        """Label a line, in front of what is expected on it."""
        line, words = self.lines[number - 1], self.words(number)
        label = free_label(words, taken)
        if words[0] in ("open", "close"):
            at = words_of(line)[1 if words[1:2] == ["server"] else 0][1]
        else:
            spans = [span for span, word in zip(words_of(line), words) if word[0] not in "!~"]
            marks = [start for (start, _), word in zip(words_of(line), words) if word[0] in "!~"]
            at = max(end for _, end in spans if not marks or end <= marks[0])
        self.lines[number - 1] = line[:at] + " @" + label + line[at:]
        return label

    def expectation(self, told):
        """(first, last + 1) of its words"""
        words = self.words(told.line)
        marks = [0] if words[0] in ("somewhere", "maybe") else [i for i, word in enumerate(words) if word[0] == "!"]
        first = marks[0] if len(marks) == 1 else marks[told.nth]
        return first, next((i for i in range(first + 1, len(words)) if words[i][0] in "!~"), len(words))

    def fields(self, told):
        """Names of the fields that are expected."""
        first, last = self.expectation(told)
        return {word.split("=", 1)[0] for word in self.words(told.line)[first:last]}

    def set_fields(self, told, fields):
        """Replace fields of the expectation; `fields`: name -> value."""
        first, last = self.expectation(told)
        line, spans = self.lines[told.line - 1], words_of(self.lines[told.line - 1])
        kept = [word for word in self.words(told.line)[first:last] if word.split("=", 1)[0] not in fields]
        kept += ["%s=%s" % field for field in fields.items()]
        self.lines[told.line - 1] = line[:spans[first][0]] + " ".join(kept) + line[spans[last - 1][1]:]


def free_label(words, taken):
    """A label for a line: what it is, and a number if that is taken."""
    if words[0] in ("open", "close"):
        name = words[0]
    elif words[1] == "copy":
        name = "copy"
    else:
        payload = re.search(r"\(([1-9]\d*)\)", " ".join(words[3:4])) or "text" in words or "hex" in words
        flags = words[2]
        name = ("syn-ack" if "S" in flags and "." in flags else "syn" if "S" in flags else "rst" if "R" in flags else
                "fin" if "F" in flags else "data" if payload else "ack")
    return next(label for label in [name] + ["%s%d" % (name, i) for i in range(2, 9999)] if label not in taken)


class Updater:
    def __init__(self, script, scenario):
        self.script, self.scenario = script, scenario
        self.labels = {place.line: self.base(place) for place in scenario.places.values() if place.label}

    @staticmethod
    def base(place):
        return place.label.rsplit(".", 1)[0] if place.part else place.label

    def label(self, number):
        """A frame number as @label; the line gets one if it has none."""
        place = self.scenario.places[number]
        if place.line not in self.labels:
            self.labels[place.line] = self.script.add_label(place.line, set(self.labels.values()))
        return "@%s%s%s" % (self.labels[place.line], ".%d" % place.part if place.part else "", ".copy" if place.copy else "")

    def labelled(self, text):
        return re.sub(r"\b(frames? )(\d+)\b(?! of)", lambda match: match.group(1) + self.label(int(match.group(2))), text)

    def says(self, summary):
        text = self.labelled(summary)
        return '"%s"' % (" ... ".join(match.group() for match in FACTS.finditer(text)) or text)

    def related(self, frames):
        return frames if frames == "none" else ",".join(self.label(int(frame)) for frame in frames.split(","))

    def write(self, name, value):
        """A field's value as a script has it."""
        if name in ("says", "said"):
            return self.says(value)
        if name == "related":
            return self.related(value)
        if name == "delay":
            return "%g" % round(float(value), 3)
        return '"%s"' % self.labelled(value) if name == "brief" else value

    def update(self, everything):
        seen = set()
        for told in self.scenario.told:
            present = self.script.fields(told)
            fields = {name: self.write(name, value) for name, (holds, value) in told.said.items()
                      if (told.own or name in present) and (everything or not holds)}
            if fields and (told.line, told.nth) not in seen:
                self.script.set_fields(told, fields)
            seen.add((told.line, told.nth))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the built scenario-test")
    parser.add_argument("--all", action="store_true", help="write anew what still holds, too")
    parser.add_argument("scripts", nargs="*", help="scripts to change (all)")
    options = parser.parse_args()
    wanted = {os.path.realpath(path) for path in options.scripts}
    for path, scenarios in read_facts(options.program).items():
        if wanted and os.path.realpath(path) not in wanted:
            continue
        script = Script(path)
        for first in sorted(scenarios):
            Updater(script, scenarios[first]).update(options.all)
        script.write()


if __name__ == "__main__":
    main()

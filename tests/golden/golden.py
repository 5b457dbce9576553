#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden runs: stock tshark with the plugin over the scenarios' and the laboratory's captures, and over bad input.

golden.py BUILD SOURCE [--sanitized] prints TAP.
"""

import argparse
import concurrent.futures
import glob
import itertools
import json
import os
import sys
import threading

sys.dont_write_bytecode = True  # the repository stays as it is

import bad  # noqa: E402
import alone  # noqa: E402
import bounds  # noqa: E402
import brothers  # noqa: E402
import cases  # noqa: E402
import compare  # noqa: E402
import causes  # noqa: E402
import contract  # noqa: E402
import controller  # noqa: E402
import filters  # noqa: E402
import findings  # noqa: E402
import shown  # noqa: E402
import payload  # noqa: E402
import names  # noqa: E402
import pages  # noqa: E402
import pressure  # noqa: E402
import readme  # noqa: E402
import remedies  # noqa: E402
import ring  # noqa: E402
import schema  # noqa: E402
import scripts  # noqa: E402
import tables  # noqa: E402
import tap  # noqa: E402
import tree  # noqa: E402
import wrapped  # noqa: E402
from tools import Tools  # noqa: E402


def preferences(truth):
    """A capture's preferences as options of tshark."""
    return [word for setting in truth.get("preferences", []) for word in ("-o", setting)]


def whole(groups):
    """Lists of frames that share one, made into one each: a segment seen at three points is told as two pairs."""
    made = []
    for group in groups:
        touched = [known for known in made if known & set(group)]
        made = [known for known in made if known not in touched] + [set(group).union(*touched)]
    return made


# Findings in whose captures expert infos are counted without a tree: one of each severity.
EXPERT_LISTS = ("checksum_unverifiable", "rst_seq_mismatch", "acked_retransmit_storm")


class Golden:
    def __init__(self, build, source, sanitized):
        self.build, self.source, self.sanitized = build, source, sanitized
        plugin = glob.glob(os.path.join(build, "plugins", "*", "epan", "tcptriage.so"))
        if len(plugin) != 1:
            sys.exit("golden.py: no plugin in %s" % build)
        self.plugin = plugin[0]
        self.tools = Tools(self.plugin, sanitized)
        self.documents = []
        self.runs, self.runs_lock = {}, threading.Lock()
        # These may need the capture's end: one pass may lack them.
        self.explains = findings.read_explains(os.popen("'%s/tcptriage-table' explains" % build).read())
        rows = [line.split("\t") for line in os.popen("'%s/tcptriage-table' rows" % build).read().splitlines()]
        self.at_end = {row[0] for row in rows if row[3] == "end"}

    def require_plugin(self):
        listed = self.loaded("plugin")
        if len(listed) != 1:
            sys.exit("golden.py: tshark loads %s in the place of the one plugin built" % (listed or "nothing"))
        if self.loaded("stock"):
            sys.exit("golden.py: the stock tshark has the plugin, there is nothing to compare with")
        self.names = findings.typed_fields(self.tools)
        self.known = contract.expert_ids(self.tools)

    def loaded(self, home):
        """Paths of the plugins of our name that tshark loads."""
        rows = [line.split("\t") for line in self.tools.tshark("-G", "plugins", home=home).splitlines()]
        return [row[-1] for row in rows if row[0].strip() == "tcptriage.so"]

    def once(self, key, make, *arguments):
        """make(*arguments), run once per key however many tests ask."""
        with self.runs_lock:
            run = self.runs.get(key)
            mine = run is None
            if mine:
                run = self.runs[key] = concurrent.futures.Future()
        if mine:
            try:
                run.set_result(make(*arguments))
            except BaseException as problem:
                run.set_exception(problem)
        return run.result()

    def frames(self, capture, *options):
        """findings.read_frames(), made once per capture and options."""
        return self.once((capture, *options), findings.read_frames, self.tools, self.names, self.known, capture, *options)

    def report(self, capture, options):
        """The text report, made once per capture and options."""
        return self.once(("report", capture, *options), self.tools.tshark, "-q", "-r", capture, *options, "-z", "tcptriage")

    def document(self, capture, options):
        """The report as JSON, likewise; kept for the schema's test."""
        text = self.once(("json", capture, *options), self.tools.tshark, "-q", "-r", capture, *options, "-z",
                         "tcptriage,json")
        self.documents.append(text)
        return json.loads(text)

    # ---- Scenarios.

    def check_scenario(self, ident, capture, expected, options, two_passes):
        expectations, owners = findings.read_expected(expected)
        frames = self.frames(capture, *options, *(["-2"] if two_passes else []))
        problems = list(self.missing(frames, expectations, two_passes))
        problems += self.unexpected(frames, expectations, owners, ident, two_passes)
        problems += self.wrong_states(frames, owners, two_passes)
        problems += findings.order_problems(frames, self.explains)
        assert not problems, "\n".join(problems)

    def missing(self, frames, expectations, two_passes):
        for wanted in expectations:
            if wanted.when not in findings.due(two_passes):
                continue
            on = [number for number, frame in frames.items() if wanted.id in frame.ids] if not wanted.frame else \
                 [wanted.frame] if wanted.id in frames[wanted.frame].ids else []
            where = "%s, line %d, frame %d: %s" % (wanted.scenario, wanted.line, wanted.frame, wanted.id)
            if not on:
                yield where + " is missing"
            elif two_passes and wanted.frame:
                for name, value in wanted.fields.items():
                    problem = findings.field_problem(frames[wanted.frame], wanted.id, name, value)
                    if problem:
                        yield where + ": " + problem

    def unexpected(self, frames, expectations, owners, ident, two_passes):
        due = {(wanted.frame, wanted.id) for wanted in expectations if wanted.when in ("may", *findings.due(two_passes))}
        anywhere = {(wanted.scenario, wanted.id) for wanted in expectations if not wanted.frame}
        for number, found in sorted(findings.pairs(frames)):
            scenario, line, strict, _ = owners[number]
            loud = strict or frames[number].severity(found) != "chat"
            watched = found == ident or (loud and found != "connection_failed")
            if watched and (number, found) not in due and (scenario, found) not in anywhere:
                yield "%s, line %d, frame %d: %s was not expected" % (scenario, line, number, found)

    def wrong_states(self, frames, owners, two_passes):
        for number, (scenario, line, _, states) in owners.items():
            shown = "/".join(frames[number].values.get(name, ["-"])[0] for name in findings.STATES)
            if states[two_passes] and shown != states[two_passes]:
                yield "%s, line %d: states are %s, expected %s" % (scenario, line, shown, states[two_passes])

    # ---- The laboratory's captures.

    def lab_captures(self):
        made = []
        for path in sorted(glob.glob(os.path.join(self.source, "captures/lab/*.json"))):
            with open(path) as text:
                truth = json.load(text)
            capture = next(iter(glob.glob(path[:-4] + "pcap*")), None)
            if not capture:
                sys.exit("golden.py: no capture beside " + path)
            made.append((truth["name"], truth, self.tools.adopt(capture)))
        return made

    def check_lab(self, truth, capture, two_passes):
        options = preferences(truth)
        frames = self.frames(capture, *options, *(["-2"] if two_passes else []))
        problems = list(findings.order_problems(frames, self.explains))
        for wanted in truth["expect"] + truth.get("chat", []):
            if wanted["id"] in self.known and (two_passes or wanted["id"] not in self.at_end):
                problems += self.lab_problem(frames, wanted, two_passes)
        warnings = [(number, ident) for number, ident in findings.pairs(frames)
                    if frames[number].severity(ident) == "warn"
                    and (two_passes or ident not in truth.get("taken_back", []))]
        if truth.get("quiet") and warnings:
            problems.append("warnings in a quiet capture: %s" % sorted(warnings))
        problems += ["raised, and must not be: %s in frame %d" % (ident, number)
                     for number, ident in findings.pairs(frames) if ident in truth.get("absent", [])]
        if "findings" in truth and two_passes:
            whole = {(entry["frame"], entry["id"]) for entry in truth["findings"]}
            if whole != findings.pairs(frames):
                problems.append("found %s, expected %s" % (sorted(findings.pairs(frames)), sorted(whole)))
        assert not problems, "\n".join(problems)

    def lab_problem(self, frames, wanted, two_passes):
        ident, number = wanted["id"], wanted["frame"]
        on = [number] if number else [other for other, frame in frames.items() if ident in frame.ids]
        if not on or ident not in frames[on[0]].ids:
            return ["frame %s: %s is missing (%s)" % (number, ident, wanted.get("why", ""))]
        if not two_passes:
            return []
        checks = [findings.field_problem(frames[on[0]], ident, name, str(value))
                  for name, value in wanted.get("fields", {}).items()]
        return ["frame %s: %s: %s" % (on[0], ident, problem) for problem in checks if problem]

    def check_dropped(self, truth, capture):
        """vantage_loss names what the relay dropped between two points, in its own frame and the related ones,
        and nothing else; counts and names of other findings on the same frame may stand beside it."""
        assert "vantage_loss" in self.known, "the plugin does not know vantage_loss"
        dropped = set(truth["truth"]["dropped"])
        frames = self.frames(capture, *preferences(truth), "-2")
        on = {number: frame for number, frame in frames.items() if "vantage_loss" in frame.ids}
        named, unclear = set(on), set()
        for frame in on.values():
            related = {int(number) for number in frame.values.get("related_frame", [])}
            (named if frame.ids == ["vantage_loss"] else unclear).update(related)
        missing = [sum(int(frame.values[name][0]) for name in ("loss.padded_missing", "loss.other_missing"))
                   for frame in on.values()]
        assert sum(missing) == len(dropped), "%s missing, %d dropped" % (missing, len(dropped))
        assert named <= dropped, "named and not dropped: %s" % sorted(named - dropped)
        assert dropped <= named | unclear, "dropped and not named: %s" % sorted(dropped - named - unclear)

    def check_copies(self, truth, capture):
        """tcptriage.same_as joins the copies of a segment at several points, and nothing else."""
        assert "same_as" in self.names, "the plugin does not know tcptriage.same_as"
        joined = {frozenset(pair) for copies in whole(truth["truth"]["copies"])
                  for pair in itertools.combinations(copies, 2)}
        frames = self.frames(capture, *preferences(truth), "-2")
        shown = {frozenset((number, int(other))) for number, frame in frames.items()
                 for other in frame.values.get("same_as", [])}
        assert shown <= joined, "joined, and no copies: %s" % sorted(map(sorted, shown - joined))
        with_copy = {number for copies in truth["truth"]["copies"] for number in copies[1:]}
        lonely = with_copy - {number for pair in shown for number in pair}
        assert not lonely, "copies that are not recognised: %s" % sorted(lonely)

    # ---- Passes, filters, report, stock output.

    def check_passes(self, capture, options, taken_back=()):
        """One pass shows nothing that two passes withdraw, but for what a later frame refutes."""
        once = findings.pairs(self.frames(capture, *options))
        twice = findings.pairs(self.frames(capture, *options, "-2"))
        extra = {pair for pair in once - twice if pair[1] not in taken_back and pair[1] != "short_frame_checksum"}
        assert not extra, "in one pass only: %s" % sorted(extra)
        lost = {pair for pair in twice - once if pair[1] not in self.at_end}
        assert not lost, "with -2 only: %s" % sorted(lost)

    def check_report(self, capture, options):
        frames = self.frames(capture, *options, "-2")
        text = self.report(capture, options)
        document = self.document(capture, options)
        problems = list(findings.report_problems(frames, document, text))
        assert not problems, "\n".join(problems)
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("=")]
        failed = {"refused", "no_answer", "handshake_failed", "silent", "stuck"} & set(document["capture"]["outcomes"])
        assert not failed or "Clean" not in text, text
        if not findings.pairs(frames) and not failed:
            assert len(lines) <= 2, "a clean capture takes more than one line under a title:\n" + text

    def check_experts(self, capture, options):
        """A finding and its expert info are on the same frames, with the same severity."""
        for number, frame in self.frames(capture, *options, "-2").items():
            experts = sorted(ident for ident in self.known if ident in frame.values)
            assert experts == sorted(frame.ids), "frame %d: findings %s, expert infos %s" % (
                number, frame.ids, experts)
            for ident in frame.ids:
                level = str(findings.EXPERT[frame.severity(ident)])
                assert level in frame.values["expert"], "frame %d: %s has expert severity %s" % (
                    number, ident, frame.values["expert"])

    def check_expert_list(self, capture, options):
        """Those who list or print them have each, though no tree is built for it."""
        found = list(findings.pairs(self.frames(capture, *options)))
        text = self.tools.tshark("-r", capture, *options, "-q", "-z", "expert")
        counts = [int(line.split()[0]) for line in text.splitlines() if " TCPTriage " in line]
        assert sum(counts) == len(found), "%d findings\n%s" % (len(found), text)
        for passes in ([], ["-2"]):
            found = findings.pairs(self.frames(capture, *options, *passes))
            text = self.tools.tshark("-r", capture, *options, *passes, "-o",
                                     'gui.column.format:"No.","%m","Expert","%a"')
            told = {int(words[0]) for words in map(str.split, text.splitlines()) if len(words) > 1}
            assert found and {number for number, _ in found} <= told, text

    def check_filter(self, capture, ident, options):
        """A finding's own filter selects its frames."""
        wanted = {number for number, found in findings.pairs(self.frames(capture, *options, "-2"))
                  if found == ident}
        text = self.tools.tshark("-r", capture, "-2", *options, "-Y", "tcptriage." + ident, "-T", "fields", "-e", "frame.number")
        assert {int(number) for number in text.split()} == wanted, text
        assert wanted, "no frame has tcptriage.%s" % ident

    def check_stock(self, capture):
        bad.same_as_stock(self.tools, capture, [])

    def check_sharkd(self, capture):
        """The GUI's way: load, filter, frame tree. Findings of the capture's end are there too."""
        frames = self.frames(capture, "-2")
        wanted = sorted({number for number, _ in findings.pairs(frames)})
        requests = [{"method": "load", "params": {"file": capture}},
                    {"method": "frames", "params": {"filter": "tcptriage.finding"}}]
        requests += [{"method": "frame", "params": {"frame": number, "proto": True}} for number in wanted[:1]]
        text = "".join(json.dumps(dict(request, jsonrpc="2.0", id=number)) + "\n"
                       for number, request in enumerate(requests, 1))
        result = self.tools.run("sharkd", "-", text=text)
        assert result.status == 0, "sharkd: exit status %d\n%s" % (result.status, result.err)
        assert "CRITICAL" not in result.err and "ERROR" not in result.err, result.err
        answers = {answer["id"]: answer for answer in map(json.loads, filter(None, result.out.splitlines()))}
        shown = sorted(frame["num"] for frame in answers[2]["result"])
        assert shown == wanted, "sharkd selects %s, tshark -2 %s" % (shown, wanted)
        if wanted:
            assert "TCP Triage" in json.dumps(answers[3]), "no tree item in frame %d" % wanted[0]

    # ---- All tests.

    def tests(self):
        mode = "sanitized" if self.sanitized else "golden"
        filtered, reported = set(), []
        for name, ident, capture, expected, options in scripts.captures(self.tools, self.build, self.source):
            front = "/%s/scenario/%s/" % (mode, name)
            yield front + "two-passes", self.check_scenario, ident, capture, expected, options, True
            yield front + "report", self.check_report, capture, options
            reported.append(("/golden/scenario/%s/" % ident, capture, options))
            if not self.sanitized:
                yield front + "one-pass", self.check_scenario, ident, capture, expected, options, False
                yield front + "experts", self.check_experts, capture, options
                yield front + "stock-output", self.check_stock, capture
                if ident not in filtered and any(one.id == ident and one.when in findings.due(True)
                                                 for one in findings.read_expected(expected)[0]):
                    filtered.add(ident)
                    if ident in EXPERT_LISTS:
                        yield "/golden/expert-list/" + ident, self.check_expert_list, capture, options
                    yield "/golden/filter/" + ident, self.check_filter, capture, ident, options
        for name, truth, capture in self.lab_captures():
            front = "/%s/lab/%s/" % (mode, name)
            options = preferences(truth)
            yield front + "two-passes", self.check_lab, truth, capture, True
            yield front + "report", self.check_report, capture, options
            reported.append(("/golden/lab/", capture, options))
            if "dropped" in truth["truth"]:
                yield front + "dropped", self.check_dropped, truth, capture
                yield front + "copies", self.check_copies, truth, capture
            if not self.sanitized:
                yield front + "one-pass", self.check_lab, truth, capture, False
                yield front + "passes", self.check_passes, capture, options, truth.get("taken_back", [])
                yield front + "experts", self.check_experts, capture, []
                yield front + "stock-output", self.check_stock, capture
                yield front + "sharkd", self.check_sharkd, capture
        yield from bad.tests(self.tools, mode, [capture for _, _, capture in self.lab_captures()])
        by_name = {name: capture for name, _, capture in self.lab_captures()}
        yield from tables.window_tests(self, mode, by_name)
        if not self.sanitized:
            yield from cases.tests(self, [(name, truth, capture, preferences(truth))
                                          for name, truth, capture in self.lab_captures()])
            yield from filters.tests(self, reported)
            yield from schema.tests(self, reported)
            yield from shown.tests(self, by_name)
            yield from tree.tests(self, by_name)
            yield from causes.tests(self, by_name)
            yield from pressure.tests(self, by_name, {name: preferences(truth) for name, truth, _ in self.lab_captures()})
            yield from payload.tests(self.tools, by_name)
            yield from readme.tests(self, by_name)
            yield from remedies.tests(self, by_name)
            yield from alone.tests(self.tools, by_name)
            yield from bounds.tests(self.tools, by_name["port-exhaustion"])
            yield from tables.tests(self, by_name)
            yield from ring.tests(self.tools, by_name)
            yield from wrapped.tests(self, [capture for _, _, capture in self.lab_captures()])
            yield from controller.tests(self, by_name)
            yield from brothers.tests(self, by_name)
            yield from names.tests(self.tools, self.source)
            yield from pages.tests(self, [(name, capture, preferences(truth)) for name, truth, capture in self.lab_captures()])
            yield from compare.tests(self.tools, self.source)
            yield from contract.tests(self.tools, self.source, self.known, self.plugin)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("source")
    parser.add_argument("--sanitized", action="store_true", help="BUILD's plugin was built with sanitizers")
    parser.add_argument("--only", action="append", help="run tests whose name contains this, or another such word; else those of "
                        "the environment variable TCPT_GOLDEN, else all")
    options = parser.parse_args()
    golden = Golden(options.build, options.source, options.sanitized)
    try:
        golden.require_plugin()
        words = options.only or os.environ.get("TCPT_GOLDEN", "").split() or [""]
        return bool(tap.run([test for test in golden.tests() if any(word in test[0] for word in words)]))
    finally:
        golden.tools.close()


if __name__ == "__main__":
    sys.exit(main())

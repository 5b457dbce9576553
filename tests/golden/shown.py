# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames and times are told as Wireshark shows them: with a read filter that numbers frames anew, and in captures that
begin long before their first TCP segment."""

import os
import re

import bad
import findings

NUMBERS = ("tcptriage.related_frame", "tcptriage.evidence_for", "tcptriage.rst.resolved_in", "tcptriage.storm.first",
           "tcptriage.storm.ignored_ack", "tcptriage.storm.acked_in", "tcptriage.same_as", "tcptriage.seen_again")
# Read filters that leave out frames which others name, and keep the last one.
KEEP = {
    "rst-off-by-one-ignored": ("!(tcp.flags.syn == 1 || tcp.flags.fin == 1)", "tcp.flags.reset == 1 || tcp.len > 0"),
    "fin-lost-server": ("!(tcp.flags.syn == 1 || tcp.flags.fin == 1) || frame.time_relative > 0.6",),
    "storm-without-tfo": ("tcp.flags.reset == 1 || tcp.len > 0",),
    "two-points-fin-dropped": ("frame.interface_id == 0",),
}


def _rows(tools, capture, *options):
    """[(frame number, time, summary, [numbers of each of NUMBERS])]"""
    fields = ("frame.number", "frame.time_epoch", "tcptriage.summary") + NUMBERS
    text = tools.tshark("-r", capture, "-2", *options, "-T", "fields", "-E", "aggregator=;",
                        *[word for field in fields for word in ("-e", field)])
    rows = [(line + "\t" * len(fields)).split("\t") for line in text.splitlines()]
    return [(int(row[0]), row[1], row[2], [[int(one) for one in cell.split(";") if one] for cell in row[3:len(fields)]])
            for row in rows]


def renumbered(summary, shown):
    def name(match):
        number = int(match.group(1))
        return "frame %d" % shown[number] if number in shown else "frame %d of the unfiltered file" % number
    return re.sub(r"frame (\d+)", name, summary)


def check_read_filter(golden, capture, keep):
    """Frames that are left out bear the numbers of others: they are not named by those."""
    whole = _rows(golden.tools, capture, "-Y", keep)
    kept = _rows(golden.tools, capture, "-R", keep)
    shown = {row[0]: number for number, row in enumerate(whole, 1)}
    assert any(row[2] for row in whole) and any(number not in shown for row in whole for cell in row[3] for number in cell)
    wanted = [(shown[number], time, renumbered(summary, shown), [[shown[one] for one in cell if one in shown] for cell in cells])
              for number, time, summary, cells in whole]
    for want, have in zip(wanted, kept):
        assert want == have, "wanted %s\nshown %s" % (want, have)
    assert len(wanted) == len(kept)


def check_read_filter_report(golden, capture, keep):
    """The report tells what the fields show."""
    options = ["-2", "-R", keep]
    text = golden.report(capture, options)
    document = golden.document(capture, options)
    for case in document["cases"]:  # a case counts all its findings
        case["finding_count"] = sum(one["case"] == case["number"] for one in document["findings"])
    problems = list(findings.report_problems(golden.frames(capture, *options), document, text))
    assert not problems, "\n".join(problems) + text


def check_nothing_kept(golden, capture):
    """A read filter that keeps no frame with a finding leaves nothing to tell, the file's last frame included."""
    text = golden.tools.tshark("-q", "-r", capture, "-2", "-R", "tcp.flags.syn == 1", "-z", "tcptriage")
    assert "WARNING" not in text and "NOTE" not in text and "findings on frames that the read filter has left out" in text, text


def _arp(record_header, seconds):
    """An ARP request as a record of a pcap file, so many seconds before the record whose header this is."""
    begin = int.from_bytes(record_header[:4], "little") - seconds
    frame = b"\xff" * 6 + b"\x02\0\0\0\0\1" + b"\x08\x06\0\1\x08\0\6\4\0\1" + bytes(38)
    return begin.to_bytes(4, "little") + bytes(4) + 2 * len(frame).to_bytes(4, "little") + frame


def check_time_base(golden, capture):
    """An ARP request an hour before the first TCP segment, as Wireshark counts from the first frame."""
    name = os.path.basename(capture) + ".arp"
    header, records = bad.read_pcap(bad.edit(golden.tools, "editcap", name + ".all", capture, bad.OUT))
    path = bad.write_pcap(golden.tools, name, header, [_arp(records[0], 3600)] + records)
    times = dict(line.split("\t") for line in golden.tools.tshark(
        "-r", path, "-T", "fields", "-e", "frame.number", "-e", "frame.time_relative").splitlines())
    text = golden.tools.tshark("-q", "-r", path, "-z", "tcptriage")
    told = re.findall(r"^ +Frames +frames? (\d+)[^;]*? at\s+(\d+\.\d+)\s+s", text, re.M)
    assert told, text
    for number, time in told:
        assert times[number].startswith(time) and float(time) > 3600, "frame %s is told at %s, shown at %s" % (
            number, time, times[number])


def tests(golden, captures):
    """`captures` by the laboratory's names."""
    for name, filters in KEEP.items():
        for number, keep in enumerate(filters):
            yield "/golden/shown/%s/read-filter-%d" % (name, number), check_read_filter, golden, captures[name], keep
            yield "/golden/shown/%s/report-%d" % (name, number), check_read_filter_report, golden, captures[name], keep
        yield "/golden/shown/%s/nothing-kept" % name, check_nothing_kept, golden, captures[name]
        yield "/golden/shown/%s/time-base" % name, check_time_base, golden, captures[name]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input: truncated, mutilated, one-directional, reordered, doubled, looping and empty captures.

No crash, nothing on stderr, no "Dissector bug", and apart from the plugin's own lines stock tshark's output.
"""

import difflib
import os
import random
import re
import struct

PCAP_HEADER = 24
RECORD_HEADER = 16
OUT = object()


def without_ours(text):
    """-V output without the plugin's tree: its line and the indented ones below."""
    kept, ours = [], False
    for line in text.splitlines():
        if re.match(r"TCP Triage\b", line):
            ours = True
        elif not line.startswith(" "):
            ours = False
        if not ours:
            kept.append(line)
    return kept


def same_as_stock(tools, capture, options):
    plugin = without_ours(tools.tshark("-r", capture, "-V", *options))
    stock = tools.run("tshark", "-r", capture, "-V", *options, home="stock").out.splitlines()
    if plugin != stock:
        difference = list(difflib.unified_diff(stock, plugin, "stock", "plugin", lineterm="", n=1))
        raise AssertionError("tshark -V %s differs from stock:\n%s" % (options, "\n".join(difference[:30])))


# ---- Captures made of captures.

def edit(tools, program, name, *arguments):
    """A capture made by editcap or mergecap in the working folder; `arguments` hold OUT for its path."""
    out = tools.path(name)
    words = [out if word is OUT else word for word in arguments]
    assert os.spawnvp(os.P_WAIT, program, [program, "-F", "pcap", *words]) == 0, "%s %s" % (program, words)
    os.chmod(out, 0o644)
    return out


def read_pcap(path):
    """(file header, [record with its header]); little endian as this machine writes it."""
    with open(path, "rb") as file:
        data = file.read()
    records, at = [], PCAP_HEADER
    while at < len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        records.append(data[at:at + RECORD_HEADER + length])
        at += RECORD_HEADER + length
    return data[:PCAP_HEADER], records


def write_pcap(tools, name, header, records):
    path = tools.path(name)
    with open(path, "wb") as file:
        file.write(header + b"".join(records))
    os.chmod(path, 0o644)
    return path


def source_address(record):
    return record[RECORD_HEADER + 26:RECORD_HEADER + 30]


def one_direction(records, which):
    first = source_address(records[0])
    return [record for record in records if (source_address(record) == first) == which]


def shuffled(records):
    mixed = list(records)
    random.Random(7).shuffle(mixed)
    return mixed


def doubled(records):
    return [record for record in records for _ in range(2)]


def short_headers(records):
    """IP total length cut to nothing, field by field: zero-length and impossible segments."""
    out = []
    for number, record in enumerate(records):
        total = (0, 20, 30, 39, 40, 65535)[number % 6]
        at = RECORD_HEADER + 16
        out.append(record[:at] + struct.pack(">H", total) + record[at + 2:])
    return out


def odd_offsets(records):
    """TCP data offset 0, 1, 5, 15 in turn."""
    out = []
    for number, record in enumerate(records):
        at = RECORD_HEADER + 14 + 20 + 12
        offset = (0x00, 0x10, 0x50, 0xf0)[number % 4]
        out.append(record[:at] + bytes([offset]) + record[at + 1:])
    return out


REARRANGED = {
    "client-only": lambda records: one_direction(records, True),
    "server-only": lambda records: one_direction(records, False),
    "mid-stream": lambda records: records[4:],
    "reordered": shuffled,
    "reversed": lambda records: records[::-1],
    "doubled": doubled,
    "looping": lambda records: records[:60] * 20,
    "short-headers": short_headers,
    "odd-offsets": odd_offsets,
}


# ---- Checks.

def check(tools, capture, compare):
    """Both passes with a tree, and the report."""
    if compare:
        same_as_stock(tools, capture, ["-2"])
    else:
        tools.tshark("-r", capture, "-2", "-V")
    tools.tshark("-q", "-r", capture, "-z", "tcptriage")


def check_rearranged(tools, capture, kind, compare):
    name = os.path.basename(capture) + "." + kind
    header, records = read_pcap(edit(tools, "editcap", name + ".all", capture, OUT))
    check(tools, write_pcap(tools, name, header, REARRANGED[kind](records)), compare)


def check_edited(tools, capture, kind, options, compare):
    check(tools, edit(tools, "editcap", os.path.basename(capture) + "." + kind, *options, capture, OUT), compare)


def check_merged(tools, capture, compare):
    """The file merged with itself: every packet twice, as from two taps without names."""
    check(tools, edit(tools, "mergecap", os.path.basename(capture) + ".merged", "-w", OUT, capture, capture), compare)


def check_empty(tools, capture):
    header, _ = read_pcap(edit(tools, "editcap", "empty.all", capture, OUT))
    empty = write_pcap(tools, "empty.pcap", header, [])
    assert tools.tshark("-r", empty) == ""
    text = tools.tshark("-q", "-r", empty, "-z", "tcptriage")
    assert len(text.strip().splitlines()) <= 2, text


def check_no_storm(tools, capture):
    """Each packet of a healthy capture twice, half a millisecond apart, is not a retransmission of anything."""
    name = os.path.basename(capture)
    late = edit(tools, "editcap", name + ".late", "-t", "0.0005", capture, OUT)
    out = edit(tools, "mergecap", name + ".twice", "-w", OUT, capture, late)
    text = tools.tshark("-r", out, "-2", "-Y", 'tcptriage.severity == "warn" || tcptriage.acked_data_retransmitted',
                        "-T", "fields", "-e", "frame.number", "-e", "tcptriage.finding")
    assert not text, "second copies were taken for retransmissions:\n" + text


def small(captures, limit=60000):
    """Captures below so many bytes, at most three, spread over the list."""
    chosen = [capture for capture in captures if os.path.getsize(capture) < limit and capture.endswith(".pcap")]
    return chosen[::max(1, len(chosen) // 3)][:3]


def tests(tools, mode, captures):
    compare = mode == "golden"
    chosen = small(captures)
    for capture in chosen:
        front = "/%s/bad/%s/" % (mode, os.path.basename(capture))
        for length in (1, 33, 46, 54, 60):
            yield "%ssnapped-%d" % (front, length), check_edited, tools, capture, "s%d" % length, \
                ["-s", str(length)], compare
        for seed in (1, 2, 3):
            yield "%smutilated-%d" % (front, seed), check_edited, tools, capture, "e%d" % seed, \
                ["-E", "0.0%d" % seed, "--seed", str(seed)], compare
        for kind in REARRANGED:
            yield front + kind, check_rearranged, tools, capture, kind, compare
        yield front + "merged", check_merged, tools, capture, compare
    if chosen:
        yield "/%s/bad/empty" % mode, check_empty, tools, chosen[0]
    for capture in captures:
        if os.path.basename(capture) in ("rst-exact.pcap", "half-close-legal.pcap", "loss-recovery.pcap",
                                         "tfo-healthy.pcap", "timestamps-on.pcap"):
            yield "/%s/bad/%s/every-packet-twice" % (mode, os.path.basename(capture)), check_no_storm, tools, capture

# SPDX-License-Identifier: GPL-2.0-or-later
"""The tree as a person reads it: order, words of links, lines of long texts, numbers as Wireshark shows its own; and nothing in
it that programs could not name."""

import re
import xml.etree.ElementTree

LONGEST = 240  # ITEM_LABEL_LENGTH: Wireshark cuts what is longer
ORDER = ["summary", "explanation", "remedy", "related_frame", "ruled_out", "command", "severity", "confidence", "case",
         "brief", "reference"]

# Frames and lines of their trees, which begin with nothing but blanks.
LINES = {
    ("rst-off-by-one-ignored", 9): [
        "[Finding: rst_ignored (problem 1 of 1, cause)]",
        "[Related frame: 8, the client's RST]",
        "[Related frame: 6, the client's FIN]",
    ],
    ("rst-off-by-one-ignored", 8): [
        "[Finding: rst_seq_mismatch (problem 1 of 1, consequence)]",
        "[Related frame: 7, the server's ACK]",
        "[RST expected SEQ: relative 49 (raw %d)]",
        "[Evidence for frame 9: RST ignored (off_by_one_after_fin): server goes on]",
    ],
    ("tfo-storm", 171): [
        "[Related frame: 123, the server's ACK, which had no effect]",
        "[Related frame: 167, the client's data, the first sent again]",
        "[Related frame: 123, the server's ACK, which acknowledges it]",
    ],
    ("two-points-fin-dropped", None): ["[Related frame: 17, the server's FIN]"],
}


def _tree(tools, capture, frame, *options):
    keep = "frame.number == %d" % frame if frame else "tcptriage.severity == \"warn\""
    return tools.tshark("-r", capture, "-2", "-Y", keep, "-V", "-O", "tcptriage", *options)


def check_lines(golden, capture, frame, wanted):
    """Links say what is there, findings which case they are of, evidence what it proves."""
    lines = [line.strip() for line in _tree(golden.tools, capture, frame).splitlines()]
    for line in wanted:
        pattern = re.escape(line).replace("%d", r"\d{6,}")
        assert any(re.fullmatch(pattern, one) for one in lines), "%s\nis not in:\n%s" % (line, "\n".join(lines))


def check_raw_numbers(golden, capture, frame):
    """Where Wireshark shows no relative numbers, neither do we."""
    text = _tree(golden.tools, capture, frame, "-o", "tcp.relative_sequence_numbers:FALSE")
    assert re.search(r"\[RST expected SEQ: \d{6,}\]", text), text
    assert "relative" not in text, text


def _items(golden, capture):
    """Items of ours, each finding's below it."""
    text = golden.tools.tshark("-r", capture, "-2", "-Y", "tcptriage.finding || tcptriage.evidence_for", "-T", "pdml")
    for proto in xml.etree.ElementTree.fromstring(text).iter("proto"):
        if proto.get("name") == "tcptriage":
            yield proto


def check_items(golden, capture):
    """Everything is a field with a name, no label is cut, and no bracket closes in the middle of a sentence."""
    count = 0
    for proto in _items(golden, capture):
        for item in proto.iter("field"):
            count += 1
            assert item.get("name"), "no name: %s" % item.attrib
            label = item.get("showname") or item.get("show")
            assert len(label.encode()) < LONGEST, "cut: %s" % label
            assert "[truncated]" not in label and "\u2026" not in label, label
    assert count, "nothing found"
    tree = golden.tools.tshark("-r", capture, "-2", "-V", "-O", "tcptriage", "-Y", "tcptriage.finding")
    for line in tree.splitlines():
        assert line.count("[") == line.count("]"), line


def check_order(golden, capture):
    """Summary, meaning, remedy, proof, then the rest; Wireshark's own item last."""
    for proto in _items(golden, capture):
        for finding in proto.iter("field"):
            if finding.get("name") != "tcptriage.finding":
                continue
            names = [item.get("name").replace("tcptriage.", "", 1) for item in finding]
            present = [name for name in ORDER if name in names]
            assert [names.index(name) for name in present] == sorted(map(names.index, present)), names
            assert names[-1] == "_ws.expert", names


def check_one_row(golden):
    """What users can switch off: one protocol."""
    rows = [line.split("\t") for line in golden.tools.tshark("-G", "protocols").splitlines()]
    ours = [row for row in rows if "Triage" in row[0]]
    if len(ours[0]) > 4:  # since 4.4: enabled, enabled by default, can be toggled
        assert [row[2] for row in ours if row[5] == "T"] == ["tcptriage"], ours


def tests(golden, captures):
    """`captures` by the laboratory's names."""
    for (name, frame), wanted in LINES.items():
        yield "/golden/tree/lines/%s/%s" % (name, frame), check_lines, golden, captures[name], frame, wanted
    yield "/golden/tree/raw-numbers", check_raw_numbers, golden, captures["rst-off-by-one-ignored"], 8
    for name in ("rst-off-by-one-ignored", "tfo-storm", "two-points-fin-dropped", "accept-queue-overflow"):
        yield "/golden/tree/items/" + name, check_items, golden, captures[name]
        yield "/golden/tree/order/" + name, check_order, golden, captures[name]
    yield "/golden/tree/one-row", check_one_row, golden

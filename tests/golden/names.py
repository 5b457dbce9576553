# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of interfaces and hosts, and comments, which anybody may have written: what is shown of them steers no terminal and
forges no line."""

import json
import unicodedata

import compare

HOSTILE = {
    "terminal": b"\x1b]0;pwned\x07\x1b[31mRED\x1b[2J",
    "c1": b"\xc2\x9b31mC1",
    "turned-round": "\u202eevil\u202c\u2066x\u2069".encode(),
    "invisible": "e\u200bth\ufeff0".encode(),
    "lines": b"eth0\n\nFlow 6.6.6.6:1 (client) -> 6.6.6.6:2\n\n  WARNING rst_ignored (confidence high): forged",
    "columns": b"eth0\tpath\t9\t9",
    "no-utf-8": b"\xff\xfe\x80bad",
    "nul": b"ne\0ar",
    "formats": b"%s%s%n%n%1000000d",
    "long": b"A" * 60000,
    "wide": "\u6771".encode() * 20000,
    "blank": b"  \xc2\xa0 ",
    "empty": b"",
    "markup": b"<script>alert(1)</script>",
    "quotes": b"a\"b\\c'd`e$(f)",
}
FIELDS = ["tcptriage." + name for name in ("vantage", "summary", "brief", "vantage.from", "vantage.to", "missing_at", "remedy",
                                           "command", "explanation", "ruled_out", "flow.outcome")]
LONGEST = 64 + len(" (interface 1)")


def bad_characters(text):
    """Control, format, unassigned and line-breaking characters but for the line ends and tabs that tshark writes; and what
    stands for bytes that are no UTF-8."""
    return sorted({character for character in text if character not in "\n\t" and (character == "\ufffd" or
                   unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))})


def strings(value):
    """All strings of a JSON document, names of members too, as a program has them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from strings(one)


def _ours(tree):
    """What of tshark -V is ours: stock Wireshark shows names and comments its own way."""
    lines, inside = [], False
    for line in tree.splitlines():
        inside = line.startswith("TCP Triage") or (inside and line.startswith(" "))
        if inside:
            lines.append(line)
    return "\n".join(lines)


def everything(tools, capture, *options):
    """(report as JSON, [texts that a terminal shows])"""
    document = tools.tshark("-q", "-r", capture, *options, "-z", "tcptriage,json")
    texts = [document, tools.tshark("-q", "-r", capture, *options, "-z", "tcptriage,min=chat"),
             tools.tshark("-r", capture, "-2", *options, "-T", "fields", *(word for field in FIELDS for word in ("-e", field))),
             _ours(tools.tshark("-r", capture, "-2", *options, "-V", "-O", "tcptriage"))]
    for text in texts:
        assert text.strip()
    return json.loads(document), texts


def clean(document, texts):
    for text in texts:
        assert not bad_characters(text), "%s in:\n%s" % (ascii(bad_characters(text)), ascii(text[:3000]))
    for text in strings(document):
        assert not bad_characters(text) and not set(text) & set("\n\t"), ascii(text)


def check_comments(tools, source, kind):
    """Comments of packets and names of hosts are not shown at all."""
    captures = compare.two_files(tools, source, "-comment-" + kind)
    capture = compare.write_pcapng(tools, "comments-%s.pcapng" % kind, [b"near", b"far"], captures, HOSTILE[kind])
    document, texts = everything(tools, capture, "-N", "dn")
    clean(document, texts)
    plain = compare.write_pcapng(tools, "comments-%s-none.pcapng" % kind, [b"near", b"far"], captures)
    assert document == everything(tools, plain)[0]


def check(tools, source, kind):
    name = HOSTILE[kind]
    capture = compare.write_pcapng(tools, "names-%s.pcapng" % kind, [name, name], compare.two_files(tools, source, "-" + kind))
    document, texts = everything(tools, capture)
    clean(document, texts)
    report, fields = texts[1:3]
    assert "vantage_loss" in report, report
    shown = [point["name"] for point in document["capture"]["capture_points"]]
    assert len(set(shown)) == 2 and all(0 < len(name) <= LONGEST for name in shown), shown
    # Backslashes are doubled since 4.4.
    printed = {row.split("\t")[0].replace("\\\\", "\\") for row in fields.splitlines()}
    assert printed == set(shown), "%s and %s" % (printed, shown)


def tests(tools, source):
    for kind in HOSTILE:
        yield "/golden/names/" + kind, check, tools, source, kind
    for kind in ("terminal", "turned-round", "lines", "no-utf-8", "nul"):
        yield "/golden/names/comments/" + kind, check_comments, tools, source, kind

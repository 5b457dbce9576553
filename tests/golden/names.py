# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of interfaces, which anybody may have written: what is shown of them steers no terminal and forges no line."""

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
}
LONGEST = 64 + len(" (interface 1)")


def _bad_characters(text):
    """Control, format, unassigned and line-breaking characters but for the line ends and tabs that tshark writes."""
    return sorted({character for character in text if character not in "\n\t" and
                   unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")})


def check(tools, source, kind):
    name = HOSTILE[kind]
    capture = compare.write_pcapng(tools, "names-%s.pcapng" % kind, [name, name], compare.two_files(tools, source, "-" + kind))
    report = tools.tshark("-q", "-r", capture, "-z", "tcptriage")
    fields = tools.tshark("-r", capture, "-2", "-T", "fields", "-e", "tcptriage.vantage", "-e", "tcptriage.summary",
                          "-e", "tcptriage.vantage.from", "-e", "tcptriage.vantage.to", "-e", "tcptriage.missing_at")
    document = tools.tshark("-q", "-r", capture, "-z", "tcptriage,json")
    for text in (report, fields, document):
        assert not _bad_characters(text), "%s in:\n%s" % (ascii(_bad_characters(text)), ascii(text[:3000]))
    assert "vantage_loss" in report, report
    shown = [point["name"] for point in json.loads(document)["capture"]["capture_points"]]
    assert len(set(shown)) == 2 and all(0 < len(name) <= LONGEST for name in shown), shown
    assert {row.split("\t")[0] for row in fields.splitlines()} == set(shown), fields


def tests(tools, source):
    for kind in HOSTILE:
        yield "/golden/names/" + kind, check, tools, source, kind

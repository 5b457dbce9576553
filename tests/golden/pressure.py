# SPDX-License-Identifier: GPL-2.0-or-later
"""The report's port pressure: its own section beside findings, on the clean line without any, absent where it says nothing."""

SECTION = "Port pressure:"
ON_CLEAN_LINE = "Highest port pressure:"
PAIR = "192.0.2.10 -> 198.51.100.20:80"


def _report(golden, capture, truth_preferences, *options):
    return golden.tools.tshark("-q", "-r", capture, *truth_preferences, "-z", ",".join(("tcptriage",) + options))


def check_section(golden, capture, preferences):
    """Attempt 51 of a range of 50 leaves no trace: the fiftieth is the highest."""
    text = _report(golden, capture, preferences)
    told = text[text.index(SECTION):]
    assert PAIR + ", 50 of 50 ports (100 %), frame " in told, told
    selects = next(line.split(None, 1)[1] for line in told.splitlines() if line.strip().startswith("Filter"))
    assert golden.tools.tshark("-r", capture, "-Y", selects, "-T", "fields", "-e", "frame.number").split(), selects


def check_filtered(golden, capture, preferences):
    """Like the findings it belongs to a frame, which an own filter may leave out."""
    assert SECTION not in _report(golden, capture, preferences, "frame.number < 320")


def check_clean(golden, capture, preferences):
    text = _report(golden, capture, preferences)
    clean = [line for line in text.splitlines() if line.startswith("Clean:")]
    assert len(clean) == 1 and ON_CLEAN_LINE in clean[0] and PAIR + ", 38 of 50 ports (76 %)" in clean[0], text


def check_nothing(golden, capture, preferences):
    text = _report(golden, capture, preferences)
    assert SECTION not in text and ON_CLEAN_LINE not in text, text


def tests(golden, captures, preferences):
    """`captures` and `preferences` by the laboratory's names."""
    for name, lab, check, wanted in (
            ("section", "port-exhaustion", check_section, True), ("filtered", "port-exhaustion", check_filtered, True),
            ("clean-line", "ports-below-pressure", check_clean, True),
            ("default-range", "ports-below-pressure", check_nothing, False),
            ("server-waits", "ports-server-closes-first", check_nothing, True)):
        yield "/golden/pressure/" + name, check, golden, captures[lab], preferences[lab] if wanted else []

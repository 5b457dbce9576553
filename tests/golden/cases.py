# SPDX-License-Identifier: GPL-2.0-or-later
"""One problem, one case: where the laboratory broke one thing there is one case of severity warn, of that cause, over any number
of connections and points; on a control there is none."""

# Where the cause is not what the laboratory's own list has: that is on single frames, the cause needs all of them.
CAUSES = {"fin-lost-server": "short_frame_loss"}
LINES_MOST = 40  # a screen, and the problem is on it


def check(golden, truth, capture, options):
    cases = [case for case in golden.document(capture, options)["cases"] if case["severity"] == "warn"]
    told = [(case["number"], case["id"], case["blamed"]) for case in cases]
    if truth.get("quiet"):
        assert not cases, "a control has cases: %s" % told
        return
    assert len(cases) == 1, told
    expected = {CAUSES.get(truth["name"])} if truth["name"] in CAUSES else {wanted["id"] for wanted in truth["expect"]}
    assert cases[0]["id"] in expected, "the cause is %s, expected one of %s" % (cases[0]["id"], sorted(expected))
    lines = golden.report(capture, options).splitlines()
    behind = next(number for number, line in enumerate(lines) if line == "Looked at" or line.startswith("2. "))
    assert behind <= LINES_MOST, "%d lines" % behind


def tests(golden, laboratory):
    """`laboratory`: (name, truth, capture, options)."""
    for name, truth, capture, options in laboratory:
        yield "/golden/cases/" + name, check, golden, truth, capture, options

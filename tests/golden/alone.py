# SPDX-License-Identifier: GPL-2.0-or-later
"""A field that is filtered on alone selects the frames that show it when all is shown: without a visible tree, what nobody
asked for is not made, and must not take along what somebody did."""

CAPTURES = ("two-points-padded-dropped", "two-points-checksum")


def _shown(tools, capture, fields):
    """Per field, the frames that have it; -T fields makes the whole tree."""
    words = [word for field in fields for word in ("-e", field)]
    frames = {field: [] for field in fields}
    for line in tools.tshark("-2", "-r", capture, "-T", "fields", "-e", "frame.number", *words).split("\n")[:-1]:
        number, *values = line.split("\t")
        for field, value in zip(fields, values):
            if value:
                frames[field].append(number)
    return frames


def _selected(tools, capture, wanted):
    """Frames that a filter lets through when nothing but their summary is printed."""
    return [line.split()[0] for line in tools.tshark("-2", "-r", capture, "-Y", wanted).splitlines()]


def check(tools, capture):
    registered = [line.split("\t") for line in tools.tshark("-G", "fields").splitlines()]
    ours = [row[2] for row in registered if row[0] == "F" and row[2].startswith("tcptriage.") and row[3] != "FT_NONE"]
    shown = _shown(tools, capture, ours)
    found = [field for field in ours if shown[field]]
    assert len(found) > 20, found
    wrong = [field for field in found if _selected(tools, capture, field) != shown[field]]
    assert not wrong, " ".join(wrong)


def check_protocol(tools, capture):
    """The protocol itself is on every frame of a flow."""
    assert _selected(tools, capture, "tcptriage") == _selected(tools, capture, "tcp"), "not on every frame"


def check_printing_others(tools, capture):
    """Nothing of ours is printed: what is selected, and what is printed of expert infos, is the same all the same."""
    fields = ("tcptriage.client.state", "tcptriage.evidence_for", "tcptriage.finding", "tcptriage.loss.padded_missing")
    shown = _shown(tools, capture, fields)
    for field in fields:
        numbers = tools.tshark("-2", "-r", capture, "-Y", field, "-T", "fields", "-e", "frame.number").split()
        assert numbers and numbers == shown[field], field
    expert = ("-2", "-r", capture, "-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message")
    with_ours = tools.tshark(*expert, "-e", "tcptriage.summary").splitlines()
    assert tools.tshark(*expert).splitlines() == [line.rsplit("\t", 1)[0] for line in with_ours]


def _named(tools, capture, *more):
    """Per frame, the findings that one pass names where these fields are printed, too."""
    rows = tools.tshark("-r", capture, "-Y", "tcptriage.finding", "-T", "fields", "-e", "frame.number", "-e",
                        "tcptriage.finding", *more).splitlines()
    return [tuple(row.split("\t")[:2]) for row in rows]


def check_names(tools, capture):
    """Where nobody asks for more than names one pass shows those of each frame all the same."""
    named = _named(tools, capture)
    assert named and named == _named(tools, capture, "-e", "tcptriage.severity", "-e", "tcptriage.client.state"), named
    assert [number for number, _ in named] == [
        line.split()[0] for line in tools.tshark("-r", capture, "-Y", "tcptriage.finding").splitlines()]


def check_lasting(tools, capture):
    """Names of one kind on several frames are compared, cut and put into columns as if each were its packet's own."""
    named = _named(tools, capture)
    for name in {name for _, names in named for name in names.split(",")}:
        for wanted in ('tcptriage.finding == "%s"' % name, 'tcptriage.finding[:%d] == "%s"' % (len(name), name)):
            lines = tools.tshark("-r", capture, "-Y", wanted).splitlines()
            assert [line.split()[0] for line in lines] == [
                number for number, names in named if any(other.startswith(name) for other in names.split(","))], wanted
    columns = 'gui.column.format:"No.","%m","Finding","%Cus:tcptriage.finding:0:R"'
    rows = [tuple(line.split()) for line in tools.tshark("-r", capture, "-o", columns).splitlines()]
    assert [row for row in rows if len(row) > 1] == named, "column"


def tests(tools, captures):
    for name in ("rst-loop", "tfo-storm"):
        yield "/golden/alone/lasting/" + name, check_lasting, tools, captures[name]
    for name in ("rst-in-window-challenged", CAPTURES[0]):
        yield "/golden/alone/names/" + name, check_names, tools, captures[name]
    for name in CAPTURES:
        yield "/golden/alone/" + name, check, tools, captures[name]
    yield "/golden/alone/printing-others", check_printing_others, tools, captures[CAPTURES[0]]
    yield "/golden/alone/protocol", check_protocol, tools, captures[CAPTURES[0]]

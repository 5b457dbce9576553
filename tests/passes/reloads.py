# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures read again and again by one sharkd, the same and others in turn, with the plugin's preferences changed between
and set back: each time the findings of the first time."""

from sharkd import Sharkd

LOADS, LOADS_WHOLE = 50, 1000
LAB = ("tfo-storm", "fin-lost-server", "rst-off-by-one-ignored", "two-points-fin-dropped", "syn-filtered")

# Other values, with which something else is found.
OTHERWISE = {"receiver_stack": "rfc793", "stall_seconds": "60", "window_stall_seconds": "600", "close_wait_seconds": "600",
             "storm_count": "1000", "idle_seconds": "6000", "time_wait_seconds": "1", "ephemeral_ports": "28232",
             "port_pressure_percent": "100", "capture_points": "FALSE", "match_seconds": "1", "tracker_models": "FALSE"}


def read(sharkd, capture):
    sharkd.load(capture)
    return sharkd.told()


def check_same_file(passes, capture):
    with Sharkd(passes.tools) as sharkd:
        first = read(sharkd, capture)
        assert first, "nothing to compare"
        for number in range(passes.loads):
            assert read(sharkd, capture) == first, "load %d" % (number + 2)


def check_in_turn(passes):
    captures = [passes.lab[name] for name in LAB]
    with Sharkd(passes.tools) as sharkd:
        first = {capture: read(sharkd, capture) for capture in captures}
        assert all(first.values()), first
        for number in range(passes.loads):
            capture = captures[number * number % len(captures)]  # a file twice at times
            assert read(sharkd, capture) == first[capture], "load %d, %s" % (number + 1 + len(captures), capture)


def check_preferences(passes):
    """Each of ours changed and set back."""
    usual = {}
    for line in passes.tools.tshark("-G", "currentprefs").splitlines():
        name, _, value = line.lstrip("#").partition(": ")
        if name.startswith("tcptriage."):
            usual[name.partition(".")[2]] = value
    assert usual.keys() == OTHERWISE.keys(), sorted(usual.keys() ^ OTHERWISE.keys())
    usual.update(setting.removeprefix("tcptriage.").split(":") for joined in passes.captures.values()
                 for setting in joined.options[1::2] if setting.startswith("tcptriage."))
    captures = [joined.path for joined in passes.captures.values()]
    with Sharkd(passes.tools) as sharkd:
        def set_all(name, value):
            sharkd.set("tcptriage." + name, value)
            return [read(sharkd, capture) for capture in captures]

        for name, value in usual.items():
            first = set_all(name, value)
        for name, value in OTHERWISE.items():
            assert set_all(name, value) != first, name + " changes nothing"
            assert set_all(name, usual[name]) == first, name + " has left something behind"


def tests(passes):
    passes.loads = LOADS_WHOLE if passes.whole else LOADS
    passes.lab = {name: capture for name, _, capture in passes.golden.lab_captures()}
    for name in LAB[:2]:
        yield "/passes/reload/same/" + name, check_same_file, passes, passes.lab[name]
    yield "/passes/reload/in-turn", check_in_turn, passes
    yield "/passes/reload/preferences", check_preferences, passes

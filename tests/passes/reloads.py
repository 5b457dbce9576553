# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures read again and again by one sharkd, the same and others in turn, with the plugin's preferences changed between
and set back: each time the findings and the memory of the first time."""

import os

import tap
import told
from sharkd import Sharkd

LOADS, LOADS_WHOLE = 50, 1000
LAB = ("tfo-storm", "fin-lost-server", "two-points-fin-dropped", "fin-lost-two-points", "syn-filtered")

FRAMES_SHOWN = 8
STARTED = 3  # loads, until what is made once has been made
# sharkd keeps 620 kB at each load, with the plugin or without. How much differs by up to 300 bytes: where its hash tables fall.
LEAK_BYTES = 600

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
    first = {capture: told.cells(told.by_fields(passes.tools, capture, "-2")) for capture in captures}
    assert all(first.values()), first
    with Sharkd(passes.tools) as sharkd:
        for number in range(passes.loads):
            capture = captures[(number - number // 6) % len(captures)]  # a file twice at times
            assert read(sharkd, capture) == first[capture], "load %d, %s" % (number + 1, capture)


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


def kept_bytes(passes, home, captures):
    """What each load leaves behind."""
    with Sharkd(passes.tools, home, passes.heap_told) as sharkd:
        bytes_told = []
        for number in range(STARTED + passes.loads):
            sharkd.set("tcptriage.storm_count" if home == "plugin" else "eth.trailer_length", str(3 + number % 2))
            sharkd.load(captures[number % len(captures)])
            for frame in range(1, FRAMES_SHOWN + 1):
                sharkd.ask("frame", frame=frame, proto=True)
            bytes_told.append(sharkd.heap_bytes())
    rounds = passes.loads // len(captures) * len(captures)  # it ends with the file that it began with
    return (bytes_told[STARTED - 1 + rounds] - bytes_told[STARTED - 1]) / rounds


def check_memory(passes, captures):
    """The plugin leaves nothing behind that stock sharkd does not, whatever is shown and set in between."""
    if not os.path.exists(passes.heap_told):
        raise tap.Skip("no mallinfo2() here")
    stock, ours = (kept_bytes(passes, home, captures) for home in ("stock", "plugin"))
    passes.note("kept at each of %d loads: %d bytes, stock %d" % (passes.loads, ours, stock))
    assert abs(ours - stock) < LEAK_BYTES, "%d bytes are left at each load, by stock %d" % (ours, stock)


def tests(passes):
    passes.loads = LOADS_WHOLE if passes.whole else LOADS
    passes.lab = {name: capture for name, _, capture in passes.golden.lab_captures()}
    for name in LAB[:2]:
        yield "/passes/reload/same/" + name, check_same_file, passes, passes.lab[name]
    yield "/passes/reload/in-turn", check_in_turn, passes
    library = os.path.join(passes.golden.build, "libheap-told.so")
    passes.heap_told = passes.tools.adopt(library) if os.path.exists(library) else library
    yield "/passes/reload/memory/same", check_memory, passes, [passes.lab["tfo-storm"]]
    yield "/passes/reload/memory/in-turn", check_memory, passes, [passes.lab[name] for name in LAB[1:3]]
    if passes.whole:
        yield "/passes/reload/memory/large", check_memory, passes, [joined.path for joined in passes.captures.values()]
    yield "/passes/reload/preferences", check_preferences, passes

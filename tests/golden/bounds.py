# SPDX-License-Identifier: GPL-2.0-or-later
"""Preferences out of bounds: refused with a sentence, and the usual value counts. Those within are taken without a word."""


def _report(tools, capture, *settings):
    options = [word for setting in settings for word in ("-o", "tcptriage." + setting)]
    result = tools.run("tshark", "-q", "-r", capture, *options, "-z", "tcptriage")
    assert result.status == 0, result.err
    return result


def check_refused(tools, capture, name, value):
    told = _report(tools, capture, "%s:%d" % (name, value))
    assert told.err.count("\n") == 1 and "Preference tcptriage.%s cannot be %d " % (name, value) in told.err, told.err
    assert told.out == _report(tools, capture).out, told.out


def check_taken(tools, capture):
    """The bounds themselves are in; and they count: a range of one port is in use."""
    told = _report(tools, capture, "ephemeral_ports:1", "port_pressure_percent:100", "storm_count:2", "time_wait_seconds:240")
    assert not told.err, told.err
    assert "of 1 ports" in told.out, told.out


def tests(tools, capture):
    for name, value in (("ephemeral_ports", 0), ("ephemeral_ports", 65536), ("port_pressure_percent", 0),
                        ("port_pressure_percent", 101), ("storm_count", 1), ("time_wait_seconds", 241),
                        ("stall_seconds", 0), ("match_seconds", 4294967295)):
        yield "/golden/bounds/%s-%d" % (name, value), check_refused, tools, capture, name, value
    yield "/golden/bounds/in", check_taken, tools, capture

# SPDX-License-Identifier: GPL-2.0-or-later
"""Wireshark's own preferences, each the other way round: the findings are those of the packets all the same."""

import told
from joined import HANDED_ON, MANY_POINTS, ONE_POINT

# Modules of what lies below a TCP segment, and TCP itself.
MODULES = ("frame", "eth", "vlan", "ip", "ipv6", "gre", "udp", "vxlan", "icmp", "icmpv6", "tcp", "conversation", "protocols")
ALL = (HANDED_ON, MANY_POINTS, ONE_POINT)
OTHER_WAY = {"TRUE": "FALSE", "FALSE": "TRUE"}
# Those that are no switches, with another value than the usual one.
CHOICES = {"tcp.default_window_scaling": "7 (multiply by 128)", "eth.fcs": "Never", "eth.padding": "Any", "eth.trailer_length": "4",
           "vlan.version": "IEEE 802.1Q-1998"}

# With these, Wireshark hands other packets to TCP, or none (README.md, "Limits"): of the captures that have such.
OTHER_PACKETS = {
    "frame.force_docsis_encap": ALL,
    "eth.trailer_length": ALL,
    "ip.defragment": (HANDED_ON,),
    "ip.tso_support": (HANDED_ON,),
    "tcp.desegment_tcp_streams": (HANDED_ON,),
}


def switches(tools):
    """{name: another value than the usual one} of the preferences of MODULES."""
    found = dict(CHOICES)
    for line in tools.tshark("-G", "currentprefs", home="stock").splitlines():
        name, _, value = line.lstrip("#").partition(": ")
        if value in OTHER_WAY and name.split(".")[0] in MODULES:
            found[name] = OTHER_WAY[value]
    return found


def turned(found):
    return [word for setting in found.items() for word in ("-o", "%s:%s" % setting)]


def check(passes, found):
    for name, joined in passes.captures.items():
        if name == MANY_POINTS and len(found) == 1 and not passes.whole:
            continue  # one reading of it takes as long as three of the others
        if not any(name in OTHER_PACKETS.get(switch, ()) for switch in found):
            told.assert_same(passes.twice(name), told.by_fields(passes.tools, joined.path, "-2", *joined.options, *turned(found)))


def check_other_packets(passes, switch, of):
    """The list above has no name too many."""
    for name in of:
        joined = passes.captures[name]
        options = [*joined.options, *turned({switch: passes.switches[switch]})]
        assert told.by_fields(passes.tools, joined.path, "-2", *options) != passes.twice(name), name


def tests(passes):
    found = passes.switches = switches(passes.tools)
    assert "tcp.analyze_sequence_numbers" in found, sorted(found)
    for switch, of in OTHER_PACKETS.items():
        yield "/passes/preferences/other-packets/" + switch, check_other_packets, passes, switch, of
    for name, value in found.items():
        if passes.whole or name.startswith("tcp."):
            yield "/passes/preference/" + name, check, passes, {name: value}
    for module in MODULES:
        some = {name: value for name, value in found.items() if name.split(".")[0] == module and name not in OTHER_PACKETS}
        if some:
            yield "/passes/preferences/" + module, check, passes, some
    yield "/passes/preferences/all", check, passes, {name: value for name, value in found.items() if name not in OTHER_PACKETS}

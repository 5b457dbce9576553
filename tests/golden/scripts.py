# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures made of the scenario scripts."""

import glob
import os
import sys


def captures(tools, build, source):
    """(name, script's id, capture, expected, tshark options) of every group of every script."""
    pkt2pcap = os.path.join(build, "pkt2pcap")
    made = []
    for script in sorted(glob.glob(os.path.join(source, "captures/scenarios/*.pkt"))):
        ident = os.path.basename(script)[:-4]
        for line in os.popen("'%s' -l '%s'" % (pkt2pcap, script)).read().splitlines():
            group, *preferences = line.split(" ")
            name = "%s.%s" % (ident, group)
            capture, expected = tools.path(name + ".pcapng"), tools.path(name + ".expected")
            if os.spawnv(os.P_WAIT, pkt2pcap, ["pkt2pcap", "-g", group, script, capture, expected]):
                sys.exit("pkt2pcap failed on " + script)
            os.chmod(capture, 0o644)
            options = [word for preference in preferences for word in ("-o", preference)]
            made.append((name, ident, capture, expected, options))
    return made

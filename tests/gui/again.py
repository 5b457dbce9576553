# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture that Wireshark reads again and again, and dissects anew after other preferences: the packet list tells what
`tshark -2` does, and the memory is that of the beginning."""

import csv
import glob
import os
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../passes"))
import told  # noqa: E402
from desk import wait_for  # noqa: E402
from tools import Tools  # noqa: E402

LAB = ("tfo-storm", "fin-lost-server", "rst-off-by-one-ignored", "syn-filtered", "two-points-fin-dropped")
COLUMNS = 'gui.column.format:"No.","%m",' + ",".join('"%s","%%Cus:tcptriage.%s:0:R"' % (name, name) for name in told.COLUMNS)
RELOADS = 30
STARTED = 5  # reloads, until what is made once has been made
LEAK_BYTES = 10000  # Wireshark itself keeps 11 MB at each reload, 1 kB more or less
PACKET = (300, 300)  # on the screen: one of the packet list's
# Its menu, with the entry "Protocol Preferences" last but two: the protocols of the packet, ours the last one.
TO_TCP, TO_OURS = "Up Up Up Right Down Down Down Right", "Up Up Up Right Up Right"


def make_capture(gui):
    """Several of the laboratory's, one behind the other."""
    path = os.path.join(gui.pictures, "again.pcapng")
    subprocess.run(["mergecap", "-a", "-w", path, *map(gui.capture, LAB)], check=True)
    os.chmod(path, 0o644)
    return path


def wanted(gui, capture):
    plugin, = glob.glob(os.path.join(gui.build, "plugins/*/epan/tcptriage.so"))
    tools = Tools(plugin)
    try:
        return told.cells(told.by_fields(tools, tools.adopt(capture), "-2"))
    finally:
        tools.close()


def exported(desk, name):
    """{frame: its cells} of the packet list, written by Wireshark itself."""
    path = os.path.join(desk.home, name + ".csv")
    desk.menu("f", "Export Packet Dissections", "As CSV")
    window = desk.window_called("Export Packet Dissections")
    desk.settle()
    desk.type(path, window)
    desk.key("Return", window)
    wait_for("the export", lambda: os.path.exists(path) and len(desk.windows()) == 1)
    desk.settle()
    with open(path, newline="") as file:
        return {int(row[0]): tuple(row[1:]) for row in list(csv.reader(file))[1:] if row[1]}


def reload(desk, times, heap=None):
    for _ in range(times):
        desk.key("ctrl+r", desk.window)
        desk.settle()
        if heap is not None:
            heap.append(desk.heap_bytes())


def turn(desk, keys, switch):
    """Another value of a switch, from a packet's own menu; all is dissected anew."""
    desk.click(*PACKET, button=3)
    desk.settle(0.3)
    desk.key(keys)
    desk.settle(0.3)
    desk.click_on(switch)
    desk.settle()


def check(gui):
    capture = make_capture(gui)
    measure = wanted(gui, capture)
    with gui.desk() as desk:
        desk.open(capture, "-o", COLUMNS)
        assert exported(desk, "first") == measure, "at first"
        reload(desk, RELOADS)
        gui.picture(desk, "again-reloaded", "Fast Open")
        assert exported(desk, "reloaded") == measure, "after %d reloads" % RELOADS
        for name, keys, switch in (("tcp", TO_TCP, "Analyze TCP sequence numbers"), ("ours", TO_OURS, "Follow connection tracking")):
            turn(desk, keys, switch)
            gui.picture(desk, "again-" + name, "Fast Open")
            assert (exported(desk, name) == measure) == (name == "tcp"), switch
            turn(desk, keys, switch)
            assert exported(desk, name + "-back") == measure, switch + ", set back"
        assert desk.close() == 0, desk.said()


def kept_bytes(gui, capture, plugin):
    """What each reload leaves behind."""
    heap = []
    with gui.desk(plugin=plugin, profile="Default") as desk:
        desk.open(capture)
        reload(desk, RELOADS, heap)
        assert desk.close() == 0, desk.said()
    return (heap[-1] - heap[STARTED - 1]) / (RELOADS - STARTED)


def check_memory(gui):
    capture = make_capture(gui)
    ours, stock = (kept_bytes(gui, capture, plugin) for plugin in (True, False))
    print("# kept at each of %d reloads: %d bytes, stock %d" % (RELOADS, ours, stock), flush=True)
    assert ours - stock < LEAK_BYTES, "%d bytes are left at each reload, by stock %d" % (ours, stock)

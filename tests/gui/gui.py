# SPDX-License-Identifier: GPL-2.0-or-later
"""python3 tests/gui/gui.py BUILD SOURCE [--pictures FOLDER] [--only WORDS]

What an analyst sees in Wireshark, under Xvfb, as far as it can be told without looking: windows and their titles, words read
off the screen, what Wireshark says on standard error, its exit status. Prints TAP; the pictures are for those who look.
"""
import argparse
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden"))
import again  # noqa: E402
import tap  # noqa: E402
from desk import PROFILE, Desk, Trouble, wait_for  # noqa: E402

# What Wireshark says of the machine, not of us.
HARMLESS = ("nl80211 not found", "qt.qpa", "QStandardPaths", "libEGL", "MESA", "dbus", "XDG_RUNTIME_DIR",
            "QThreadStorage")

# Statistics > TCP Triage is the last entry, and "TCP Triage" stands in other places of the window, too.
SUBMENU = "alt+s Up Right"

# Files of the profile that Wireshark leaves as they are; it writes `preferences` and `recent` in its own words.
UNTOUCHED = ("colorfilters", "dfilter_buttons", "dfilters", "io_graphs")


class Gui:
    def __init__(self, build, source, pictures):
        self.build, self.source, self.pictures = build, source, pictures

    def capture(self, name):
        path = os.path.join(self.source, "captures/lab", name)
        return path + (".pcapng" if os.path.exists(path + ".pcapng") else ".pcap")

    def desk(self, size=(1280, 800), **how):
        return Desk(self.build, self.source, size, **how)

    def picture(self, desk, name, *texts):
        """Takes a picture; these can be read on it."""
        desk.shot(os.path.join(self.pictures, name + ".png"))
        for text in texts:
            if not desk.find(text):
                raise Trouble("%s: %r cannot be read; the screen says:\n%s" % (
                    name, text, " ".join(word for word, _, _ in desk.words())))


def columns(preferences):
    """The packet list as a profile has it."""
    with open(preferences) as lines:
        return re.findall(r'^\t"(.*?)", "(.*?)",?$', lines.read(), re.M)


def content(path):
    with open(path) as lines:
        return [line for line in lines if not line.startswith("#")]


def leave(desk):
    """One window, nothing said, a good end, and a profile as it was."""
    wait_for("one window", lambda: len(desk.windows()) == 1)
    status = desk.close()
    assert status == 0, "exit status %d\n%s" % (status, desk.said())
    said = [line for line in desk.said().splitlines() if line.strip() and not any(one in line for one in HARMLESS)]
    assert not said, "\n".join(said)
    shipped = os.path.join(desk.source, "plugin/profile", PROFILE)
    used = os.path.join(desk.configuration, "profiles", PROFILE)
    for name in UNTOUCHED:
        assert content(os.path.join(shipped, name)) == content(os.path.join(used, name)), "Wireshark has rewritten " + name
    before, after = (columns(os.path.join(folder, "preferences")) for folder in (shipped, used))
    assert before and before == after, "columns: %s" % after


def check_storm(gui):
    """The profile is there, the brief and Info can be read, and one button leads to the cause."""
    with gui.desk() as desk:
        desk.open(gui.capture("tfo-storm"), frame=171)
        gui.picture(desk, "storm", "Profile: TCP Triage", "Triage", "Info", "Warnings", "Findings", "Evidence", "Failed",
                    "Acknowledged data retransmitted 5 times in 7.0", "Data acknowledged in frame 123 is sent again",
                    "problem 1 of 1, cause", "Explanation:", "Remedy:")
        desk.click_on("Cases")
        desk.settle()
        gui.picture(desk, "storm-cases", "Displayed: 1 (0.6%)")
        leave(desk)


def check_reset(gui):
    """The story of the RST after the button "Cases": cause, consequences and proof on one screen."""
    with gui.desk() as desk:
        desk.open(gui.capture("rst-off-by-one-ignored"), frame=9)
        gui.picture(desk, "reset", "server goes on", "Server did not close for 15.5", "problem 1 of 1, cause",
                    "Related frame: 8, the client's RST")
        desk.click_on("Cases")
        desk.settle()
        gui.picture(desk, "reset-cases", "Displayed: 1", "server goes on")
        leave(desk)


def check_two_points(gui):
    """Where each packet was captured has a column; the two names of the points fit."""
    with gui.desk() as desk:
        desk.open(gui.capture("two-points-fin-dropped"), frame=15)
        gui.picture(desk, "two-points", "Point", "segments of the server lost between two points")
        leave(desk)


def check_dialogs(gui):
    """Wireshark's own windows take what the profile and the plugin bring."""
    with gui.desk() as desk:
        desk.open(gui.capture("tfo-storm"), frame=171)
        desk.key("alt+a Up Return", desk.window)
        expert = desk.window_called("Expert Information")
        gui.picture(desk, "expert-information", "Retransmit storm with Fast Open", "Acknowledged data is sent again")
        desk.key("Escape", expert)
        desk.key("alt+s i", desk.window)
        graphs = desk.window_called("I/O Graphs")
        gui.picture(desk, "io-graphs", "All packets", "Warnings")
        desk.key("Escape", graphs)
        leave(desk)


def check_statistics(gui):
    """The cases and the connections, from the menu."""
    with gui.desk() as desk:
        desk.open(gui.capture("tfo-storm"))
        for entry, words in (("TCP Triage: Cases", "acknowledged data"), ("TCP Triage: Connections", "192.0.2.10")):
            desk.menu("s", entry)
            window = wait_for("a window of " + entry, lambda: [one for one in desk.windows() if one != desk.window])[0]
            gui.picture(desk, "statistics-" + entry.split()[-1].lower(), words)
            desk.key("Escape", window)
            wait_for("one window", lambda: len(desk.windows()) == 1)
        leave(desk)


def check_ways(gui):
    """From the menu to the frames of a case in one click, and of a connection."""
    with gui.desk() as desk:
        desk.open(gui.capture("tfo-storm"))
        desk.key(SUBMENU, desk.window)
        desk.click_on("Go to the Gravest Case")
        desk.settle()
        gui.picture(desk, "gravest-case", "tcptriage.case eq 1", "problem 1 of 1")
        for entry, button, shown in (("Choose a Case", "Case 1", "tcptriage.case eq 1"),
                                     ("Choose a Connection", "Stream 0", "tcp.stream eq 0")):
            desk.key(SUBMENU, desk.window)
            desk.click_on(entry)
            window = desk.window_called("TCP Triage: " + entry)
            desk.settle()
            gui.picture(desk, "choose-a-" + entry.split()[-1].lower(), "1 problem")
            desk.click_on(button)
            desk.settle()
            gui.picture(desk, "chosen-" + entry.split()[-1].lower(), shown)
            desk.key("Escape", window)
            wait_for("one window", lambda: len(desk.windows()) == 1)
        leave(desk)


def check_enabled_protocols(gui):
    """One row is ours."""
    with gui.desk() as desk:
        desk.open(gui.capture("tfo-storm"))
        desk.key("ctrl+shift+e", desk.window)
        protocols = desk.window_called("Enabled Protocols")
        desk.settle()
        desk.type("tcptriage", protocols)
        desk.settle(2)
        gui.picture(desk, "enabled-protocols")
        rows = [word for word, _, _ in desk.words() if word.startswith("TCPTriage")]
        assert len(rows) == 1, desk.words()
        desk.key("Escape", protocols)
        leave(desk)


def check_readme(gui):
    """The picture of the README: a window that many have."""
    with gui.desk((1440, 900)) as desk:
        desk.open(gui.capture("rst-off-by-one-ignored"), frame=9)
        gui.picture(desk, "readme", "RST ignored")
        leave(desk)


def tests(gui):
    for check in (check_storm, check_reset, check_two_points, check_dialogs, check_statistics, check_ways,
                  check_enabled_protocols, check_readme):
        yield "/gui/" + check.__name__.removeprefix("check_").replace("_", "-"), check, gui
    yield "/gui/again", again.check, gui
    yield "/gui/again-memory", again.check_memory, gui


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[2])
    parser.add_argument("build")
    parser.add_argument("source")
    parser.add_argument("--pictures", help="folder for them, by default BUILD/pictures")
    parser.add_argument("--only", default="", help="run tests whose name contains this")
    options = parser.parse_args()
    pictures = options.pictures or os.path.join(options.build, "pictures")
    os.makedirs(pictures, exist_ok=True)
    gui = Gui(options.build, options.source, pictures)
    return bool(tap.run([test for test in tests(gui) if options.only in test[0]]))


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-2.0-or-later
"""A Wireshark of its own on a screen of its own: what a person at the desk sees, for programs.

    with Desk(build, source, size=(1280, 800)) as desk:
        window = desk.open(capture, display_filter="tcptriage.finding")
        desk.shot("storm.png")

Wireshark runs as nobody when we are root (root's ignores personal plugins), with a home that has the plugin, the profile and
nothing else, under Xvfb with a window manager.
"""
import difflib
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

from tools import plugins_of_others

NOBODY = 65534
PROFILE = "TCP Triage"
PATIENCE_S = 90  # on a crowded machine
ENLARGED = 2.5  # letters of a screen are too small for tesseract
CURSOR_ROWS, CURSOR_BYTES = 24, 4 * 3  # a text cursor: its height, the width in bytes


class Trouble(AssertionError):
    """What the desk did not do as it should."""


def wait_for(what, probe, seconds=PATIENCE_S):
    """What probe() gives as soon as that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.1)
    raise Trouble("waited %d s for %s" % (seconds, what))


class Desk:
    def __init__(self, build, source, size=(1280, 800), profile=PROFILE, plugin=True):
        self.build, self.source, self.size, self.profile, self.plugin = build, source, size, profile, plugin
        self.screen = self.manager = self.wireshark = None
        self.read = None  # a screen and its words

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="tcptriage-desk-")
        try:
            self.furnish()
            self.light_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in (self.wireshark, self.manager, self.screen):
            stop(process)
        shutil.rmtree(self.home, ignore_errors=True)

    # ---- what is there before Wireshark starts

    def furnish(self):
        """Home with the plugin, or without, and the profile."""
        plugin, = glob.glob(os.path.join(self.build, "plugins/*/epan/tcptriage.so"))
        version = plugin.split(os.sep)[-3]
        place = os.path.join(self.home, ".local/lib/wireshark/plugins", version, "epan")
        os.makedirs(place)
        if self.plugin:
            shutil.copy(plugin, place)
        heap_told = os.path.join(self.build, "libheap-told.so")  # tests/passes
        if os.path.exists(heap_told):
            shutil.copy(heap_told, self.home)
        self.others = plugins_of_others(self.home)
        self.configuration = os.path.join(self.home, ".config/wireshark")
        shutil.copytree(os.path.join(self.source, "plugin/profile", PROFILE),
                        os.path.join(self.configuration, "profiles", PROFILE))
        with open(os.path.join(self.configuration, "recent_common"), "w") as recent:
            # The window fills the screen; no question about software updates.
            recent.write("gui.geometry_main_x: 0\ngui.geometry_main_y: 24\ngui.geometry_main_width: %d\n"
                         "gui.geometry_main_height: %d\n" % (self.size[0] - 2, self.size[1] - 50))
        if os.geteuid() == 0:
            for folder, _, names in os.walk(self.home):
                for name in [""] + names:
                    os.chown(os.path.join(folder, name), NOBODY, NOBODY, follow_symlinks=False)

    def light_up(self):
        """The screen and its window manager."""
        reading, writing = os.pipe()
        self.screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "%dx%dx24" % self.size, "-nolisten", "tcp"],
            pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writing)
        number = b""
        while not number.endswith(b"\n"):
            read = os.read(reading, 16)
            if not read:
                raise Trouble("Xvfb did not start")
            number += read
        os.close(reading)
        self.display = ":%d" % int(number)
        self.manager = subprocess.Popen(["openbox", "--sm-disable"], env=self.environment(), start_new_session=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": self.home, "XDG_RUNTIME_DIR": self.home, "DISPLAY": self.display,
                "QT_QPA_PLATFORM": "xcb", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8",
                "XDG_CONFIG_HOME": os.path.join(self.home, ".config"),
                **({"WIRESHARK_PLUGIN_DIR": self.others} if self.others else {})}

    # ---- Wireshark

    def start(self, *arguments):
        command = ["wireshark", "-C", self.profile, *arguments]
        self.log, self.heap = os.path.join(self.home, "wireshark.log"), os.path.join(self.home, "heap")
        heap_told = os.path.join(self.home, "libheap-told.so")
        if os.path.exists(heap_told):  # behind setpriv: that one must have no threads
            command = ["env", "LD_PRELOAD=" + heap_told, "HEAP_TOLD=" + self.heap] + command
        with open(self.heap, "w") as heap:
            os.chmod(heap.fileno(), 0o666)
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"] + command
        with open(self.log, "w") as log:
            self.wireshark = subprocess.Popen(command, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log,
                                              stderr=log, start_new_session=True)

    def open(self, capture, *arguments, frame=None):
        """Opens a capture; the window's id, as soon as the file is read."""
        self.start(*(["-g", str(frame)] if frame else []), *arguments, "-r", capture)
        self.window = self.window_called(os.path.basename(capture))
        self.settle()
        self.click(self.size[0] // 2, self.size[1] - 16)  # menus of Qt 6 were seen to lose the first click
        return self.window

    def heap_bytes(self):
        """What is allocated in Wireshark now, while it waits."""
        def lines():
            with open(self.heap) as told:
                return told.read().split()

        before = len(lines())
        self.wireshark.send_signal(signal.SIGUSR1)
        return int(wait_for("Wireshark to tell its heap", lambda: lines()[before:])[-1])

    def said(self):
        with open(self.log) as log:
            return log.read()

    def close(self):
        """Quits as a person does; Wireshark's exit status."""
        def ended():
            self.key("ctrl+q", self.window)  # again: a key may come before the window listens
            try:
                return [self.wireshark.wait(10)]
            except subprocess.TimeoutExpired:
                return None

        return wait_for("Wireshark to quit", ended)[0]

    # ---- hands

    def xdotool(self, *arguments):
        return subprocess.run(["xdotool", *map(str, arguments)], env=self.environment(), capture_output=True,
                              text=True).stdout

    def key(self, keys, window=None):
        if window:
            self.xdotool("windowactivate", "--sync", window)
        for one in keys.split():
            self.xdotool("key", "--clearmodifiers", one)
            time.sleep(0.05)

    def type(self, text, window):
        self.xdotool("windowactivate", "--sync", window)
        self.xdotool("type", "--delay", "120", text)

    def click(self, x, y, button=1):
        self.point_at(x, y)
        self.xdotool("click", button)

    def point_at(self, x, y):
        for aside in (4, 2, 0):  # menus of Qt 6 take no notice of a mouse that has only just come
            self.xdotool("mousemove", x - aside, y)
            time.sleep(0.1)

    # ---- eyes

    def windows(self):
        """Visible windows with a title: id -> title."""
        found = {}
        for window in self.xdotool("search", "--onlyvisible", "--name", ".").split():
            title = self.xdotool("getwindowname", window).strip()
            if title:
                found[window] = title
        return found

    def window_called(self, words):
        def probe():
            if self.wireshark.poll() is not None:
                raise Trouble("Wireshark ended with status %s: %s" % (self.wireshark.returncode, self.said()[-2000:]))
            return [window for window, title in self.windows().items() if words in title]

        return wait_for("a window called %r (there are %s)" % (words, self.windows()), probe)[0]

    def pixels(self):
        return subprocess.run(["import", "-window", "root", "-depth", "8", "rgb:-"], env=self.environment(),
                              capture_output=True, check=True).stdout

    def settle(self, quiet_s=0.7):
        """Until nothing moves on the screen for so long, but a cursor that blinks."""
        state = {"pixels": b"", "since": time.monotonic()}

        def probe():
            now = self.pixels()
            if not self.same(state["pixels"], now):
                state.update(pixels=now, since=time.monotonic())
            return time.monotonic() - state["since"] >= quiet_s

        wait_for("the screen to stand still", probe)

    def same(self, before, now):
        """Whether two screens differ by no more than a text cursor."""
        if before == now:
            return True
        row = self.size[0] * 3
        moved = [(before[at:at + row], now[at:at + row]) for at in range(0, len(now), row)
                 if before[at:at + row] != now[at:at + row]]
        return len(moved) <= CURSOR_ROWS and all(
            sum(a != b for a, b in zip(one, other)) <= CURSOR_BYTES for one, other in moved)

    def words(self):
        """What can be read on the screen: (word, x, y of its middle), in reading order. To read takes seconds."""
        pixels = self.pixels()
        if self.read is None or not self.same(self.read[0], pixels):
            self.read = pixels, self.recognise()
        return self.read[1]

    def recognise(self):
        picture = os.path.join(self.home, "words.png")
        subprocess.run(["import", "-window", "root", "-colorspace", "Gray", "-resize", "%d%%" % (ENLARGED * 100), picture],
                       env=self.environment(), check=True)
        table = subprocess.run(["tesseract", picture, "-", "--psm", "11", "tsv"], capture_output=True, text=True,
                               env=dict(os.environ, OMP_THREAD_LIMIT="1"), check=True).stdout
        rows = [line.split("\t") for line in table.splitlines()[1:]]
        return [(row[11], (int(row[6]) + int(row[8]) / 2) / ENLARGED, (int(row[7]) + int(row[9]) / 2) / ENLARGED)
                for row in rows if row[0] == "5" and row[11].strip()]

    def find(self, text):
        """Where a run of words stands on the screen, or None. Recognised letters are sometimes wrong."""
        words, length = self.words(), len(text.split())
        best, likeness = None, 0.75
        for at in range(len(words) - length + 1):
            read = " ".join(word for word, _, _ in words[at:at + length])
            ratio = difflib.SequenceMatcher(None, text, read).ratio()
            if ratio > likeness:
                best, likeness = words[at], ratio
        return best and (int(best[1]), int(best[2]))

    def place_of(self, text):
        return wait_for("the words %r" % text, lambda: self.find(text), 20)

    def click_on(self, text):
        self.click(*self.place_of(text))

    def menu(self, key, *entries):
        """Opens a menu by its letter, then entry by entry."""
        self.key("alt+" + key, self.window)
        for entry in entries:
            self.settle(0.3)
            self.click_on(entry)

    def shot(self, path, window="root"):
        self.xdotool("mousemove", self.size[0] - 1, self.size[1] - 1)
        self.settle()
        subprocess.run(["import", "-window", window, path], env=self.environment(), check=True)


def stop(process):
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

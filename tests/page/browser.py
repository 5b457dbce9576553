# SPDX-License-Identifier: GPL-2.0-or-later
"""A headless Chromium that is spoken to over two pipes (DevTools protocol, --remote-debugging-pipe): nothing listens on a port, and
no package is needed."""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMEOUT_S = 60
TO_BROWSER, FROM_BROWSER = 3, 4  # the descriptors that Chromium has for this


def find():
    """The program, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Gone(Exception):
    """The browser has ended, or does not answer."""


class Browser:
    """As a user without privileges where possible; close() it."""

    def __init__(self, program):
        self.home = tempfile.mkdtemp(prefix="tcptriage-page-")
        os.chmod(self.home, 0o777)
        command_read, self.out = os.pipe()
        self.into, answer_write = os.pipe()
        # The sandbox needs what containers withhold, and what is shown is the project's own.
        front = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            [*front, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-extensions", "--hide-scrollbars", "--user-data-dir=" + self.home,
             "--remote-debugging-pipe"],
            env={"HOME": self.home, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            start_new_session=True, preexec_fn=lambda: self._hand_over(command_read, answer_write))
        os.close(command_read)
        os.close(answer_write)
        self.number, self.buffer, self.events = 0, b"", []

    @staticmethod
    def _hand_over(command_read, answer_write):
        """In the child: the pipes become descriptors 3 and 4, whatever their numbers are here."""
        high = [fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (command_read, answer_write)]
        os.dup2(high[0], TO_BROWSER)
        os.dup2(high[1], FROM_BROWSER)

    def _message(self, until):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.into], [], [], max(0, until - time.monotonic()))
            data = os.read(self.into, 1 << 20) if ready else b""
            if not data:
                raise Gone("chromium %s" % ("has ended" if ready else "does not answer"))
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        """Result of a command; what happens meanwhile is kept in self.events."""
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if session:
            request["sessionId"] = session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        until = time.monotonic() + TIMEOUT_S
        while True:
            message = self._message(until)
            if message.get("id") == self.number:
                assert "error" not in message, "%s: %s" % (method, message["error"])
                return message["result"]
            self.events.append(message)

    def wait(self, session, method):
        """The next event of that kind, which may have come already."""
        until = time.monotonic() + TIMEOUT_S
        while True:
            for message in self.events:
                if message.get("method") == method and message.get("sessionId") == session:
                    return message["params"]
            self.events.append(self._message(until))

    def close(self):
        try:
            self.call("Browser.close")
            self.process.wait(10)
        except (Gone, OSError, AssertionError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.out)
        os.close(self.into)
        shutil.rmtree(self.home, ignore_errors=True)


class Page:
    """One page in a tab of its own."""

    def __init__(self, browser, url, width=1000, height=800):
        self.browser, self.url = browser, url
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Performance.enable", timeDomain="threadTicks")
        self.resize(width, height)
        self.call("Page.navigate", url=url)
        browser.wait(self.session, "Page.loadEventFired")

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def resize(self, width, height=800):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)

    def show(self, scheme="light", media="screen"):
        """As a screen of that colour scheme has it, or paper."""
        self.call("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def heard(self, *methods):
        """Parameters of the events of these kinds so far."""
        return [message["params"] for message in self.browser.events
                if message.get("sessionId") == self.session and message.get("method") in methods]

    def complaints(self):
        """What the console says."""
        return [params.get("entry", {}).get("text") or json.dumps(params) for params in
                self.heard("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")]

    def requests(self):
        """All that was asked for but the page itself, and what is in it."""
        asked = [params["request"]["url"] for params in self.heard("Network.requestWillBeSent")]
        return [url for url in asked if url != self.url and not url.startswith("data:")]

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=False)["data"])

    def screenshot(self):
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"])

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
        self.browser.events = [message for message in self.browser.events if message.get("sessionId") != self.session]

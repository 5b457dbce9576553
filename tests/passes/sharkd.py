# SPDX-License-Identifier: GPL-2.0-or-later
"""A sharkd to talk with: the GUI's way of reading captures, without windows."""

import json
import os
import signal
import subprocess
import tempfile
import time

from told import COLUMNS


class Sharkd:
    """with Sharkd(tools) as sharkd: ..., as `tools` run programs: without privileges, with the plugin or stock."""

    def __init__(self, tools, home="plugin", heap_told=None):
        """`heap_told`: that library, for heap_bytes()."""
        environment = dict(tools.environment, HOME=tools.homes[home])
        if home == "plugin":
            environment.update(tools.sanitizers)
        if heap_told:
            handle, self.heap = tempfile.mkstemp(dir=tools.folder)
            os.close(handle)
            os.chmod(self.heap, 0o666)
            environment.update(LD_PRELOAD=heap_told, HEAP_TOLD=self.heap)
        as_nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        self.log = open(tools.path("sharkd.log"), "w+")
        self.process = subprocess.Popen(["sharkd", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        env=environment, cwd=tools.folder, text=True, **as_nobody)
        self.asked = self.filters = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()  # it ends by itself
        self.process.stdout.close()
        try:
            self.status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.status = self.process.wait()
        self.log.close()

    def ask(self, method, **parameters):
        self.asked += 1
        request = {"jsonrpc": "2.0", "id": self.asked, "method": method, "params": parameters}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("{"):
                answer = json.loads(line)
                if answer.get("id") == self.asked:
                    assert "result" in answer, "%s: %s" % (method, line)
                    return answer["result"]
        self.log.seek(0)
        raise AssertionError("sharkd has ended at %s:\n%s" % (method, self.log.read()[-2000:]))

    def load(self, capture):
        self.ask("load", file=capture)

    def set(self, name, value):
        self.ask("setconf", name=name, value=value)

    def told(self):
        """{frame: its cells of COLUMNS}; several findings of a frame stand in one cell."""
        self.filters += 1  # it remembers what a filter gave, of the file before too
        columns = {"column%d" % number: "tcptriage.%s:0" % name for number, name in enumerate(COLUMNS)}
        answer = self.ask("frames", filter="tcptriage.finding && frame.number != %d" % (10**9 + self.filters), **columns)
        return {frame["num"]: tuple(frame["c"]) for frame in answer}

    def heap_bytes(self):
        """What is allocated in it now."""
        before = os.path.getsize(self.heap)
        self.process.send_signal(signal.SIGUSR1)
        end = time.monotonic() + 30
        while os.path.getsize(self.heap) == before:
            assert time.monotonic() < end, "sharkd does not tell its heap"
            time.sleep(0.01)
        with open(self.heap) as lines:
            return int(lines.read().split()[-1])

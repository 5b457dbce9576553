# SPDX-License-Identifier: GPL-2.0-or-later
"""A program at a terminal."""

import os
import pty
import select
import time

TIMEOUT_S = 60


def on_terminal(command, typed=(), **more):
    """What a terminal is told. `typed` are (what to wait for, what to type then)."""
    process, master = pty.fork()
    if process == 0:
        try:
            os.chdir(more.pop("cwd", "/"))
            os.execvpe(command[0], command, {**os.environ, "TERM": "dumb", **more})
        finally:
            os._exit(127)
    told, typed, until = b"", list(typed), time.monotonic() + TIMEOUT_S
    try:
        while time.monotonic() < until:
            if typed and typed[0][0] in told:
                os.write(master, typed.pop(0)[1])
            if not select.select([master], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(master, 65536)
            except OSError:  # its last process has ended
                break
            if not data:
                break
            told += data
        assert not typed, "no %r in %r" % (typed[0][0], told)
    finally:
        os.close(master)
        os.waitpid(process, 0)
    return told.decode()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""picture.py BUILD SOURCE: makes captures/page.png, README.md's picture of a page: the top of story 3's, in a headless Chromium.

Needs pngquant, as a repository keeps each version of a picture for ever.
"""

import base64
import glob
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))

import browser  # noqa: E402
import compare  # noqa: E402
from tools import Tools  # noqa: E402

CAPTURE = "captures/lab/fin-lost-client-60s.pcap"
WIDTH, HEIGHT = 900, 1240
LARGEST_KB = 100


def main():
    build, source = map(os.path.abspath, sys.argv[1:3])
    tools = Tools(glob.glob(os.path.join(build, "plugins", "*", "epan", "tcptriage.so"))[0])
    chromium = browser.Browser(browser.find())
    try:
        path = os.path.join(compare.open_folder(tools, "picture"), "page.html")
        tools.tshark("-q", "-r", tools.adopt(os.path.join(source, CAPTURE)), "-z", "tcptriage,html," + path)
        page = browser.Page(chromium, "file://" + path, WIDTH, HEIGHT)
        taken = page.call("Page.captureScreenshot", format="png", clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": 1})
    finally:
        chromium.close()
        tools.close()
    made = subprocess.run(["pngquant", "--speed", "1", "--strip", "--nofs", "64", "-"], input=base64.b64decode(taken["data"]),
                          capture_output=True, check=True).stdout
    assert len(made) <= LARGEST_KB * 1024, "%d bytes" % len(made)
    with open(os.path.join(source, "captures/page.png"), "wb") as picture:
        picture.write(made)


if __name__ == "__main__":
    main()

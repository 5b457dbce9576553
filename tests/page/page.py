#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The page (-z tcptriage,html,FILE) in a headless Chromium: every capture's, as it is seen on a screen, a phone and paper.

page.py BUILD SOURCE [--only PART] prints TAP. Skipped, with the reason, where there is no Chromium.
"""

import argparse
import glob
import json
import os
import subprocess
import shutil
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))

import browser  # noqa: E402
import compare  # noqa: E402
import pages  # noqa: E402
import tap  # noqa: E402
from tools import Tools  # noqa: E402

PHONE, SCREEN = 360, 1000
LOAD_MOST_S = 1.0  # what a page of fifty cases may take
# WCAG 2.1, 1.4.3: AA, where large is 24 px, or 18.66 px and bold. What is drawn has the ground that it stands on.
CONTRAST = """(() => {
    const parts = (color) => { const n = color.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = parts(getComputedStyle(at).backgroundColor);
            if (color[3] > 0) return color;
        }
        return [255, 255, 255, 1];
    };
    const bad = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let seen = 0;
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement, style = getComputedStyle(element);
        if (!walk.currentNode.data.trim() || !element.getClientRects().length || element.closest("script, style, title, desc")) continue;
        const drawn = element.closest("svg"), size = parseFloat(style.fontSize), bold = parseInt(style.fontWeight) >= 600;
        const one = light(parts(drawn ? style.fill : style.color)), other = light(ground(element));
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        seen++;
        if (ratio < (size >= 24 || (bold && size >= 18.66) ? 3 : 4.5))
            bad.push(walk.currentNode.data.trim().slice(0, 40) + ": " + ratio.toFixed(2));
    }
    return {seen, bad};
})()"""
# What is wider than the window, but for what is out of sight on purpose.
WIDE = """(() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1).slice(0, 5).map((one) => one.outerHTML.slice(0, 120)))()"""
TEXT = "document.body.innerText"
PICTURES = """[...document.querySelectorAll("figure svg")].map((one) => {
    const box = one.getBoundingClientRect(); return [Math.round(box.width), Math.round(box.height)]; })"""


class Suite:
    def __init__(self, build, source, program):
        self.source = source
        plugin = glob.glob(os.path.join(build, "plugins", "*", "epan", "tcptriage.so"))
        if len(plugin) != 1:
            sys.exit("page.py: no plugin in %s" % build)
        self.tools = Tools(plugin[0])
        self.browser, self.lock = browser.Browser(program), threading.Lock()

    def close(self):
        self.browser.close()
        self.tools.close()

    def make(self, name, capture, *options, more=()):
        """(path of the page, the JSON beside it)"""
        folder = pages.Folder(self.tools, name)
        choice = [option for option in options if option.startswith("min=")]
        text = self.tools.tshark("-q", "-r", capture, *more, "-z", ",".join(["tcptriage,html", folder.file, *options]), "-z",
                                 ",".join(["tcptriage,json", *(choice or ["min=note"])]))
        return folder.file, json.loads(text)

    def page(self, path, **more):
        return browser.Page(self.browser, "file://" + path, **more)

    # ---- Every capture's page.

    def problems(self, page, document):
        yield from page.complaints()
        yield from ("asked for " + url for url in page.requests())
        text = " ".join(page.evaluate(TEXT).split())
        for wanted in (document["capture"]["verdict"], *(case["explanation"] for case in document["cases"][:50])):
            if " ".join(wanted.split()) not in text:
                yield "not to be seen: " + wanted
        for width in (PHONE, SCREEN):
            page.resize(width)
            yield from ("wider than %d px: %s" % (width, one) for one in page.evaluate(WIDE))
        for scheme in ("light", "dark"):
            page.show(scheme)
            told = page.evaluate(CONTRAST)
            yield from ("%s, too little contrast: %s" % (scheme, one) for one in told["bad"])
            if told["seen"] < 10:
                yield "%s: %d texts" % (scheme, told["seen"])
        yield from ("a picture of %s px" % size for size in page.evaluate(PICTURES) if min(size) < 40)

    def check(self, name, capture, options):
        path, document = self.make(name, capture, more=options)
        with self.lock:
            page = self.page(path)
            try:
                problems = list(self.problems(page, document))
            finally:
                page.close()
        assert not problems, "\n".join(problems)

    # ---- One page, looked at closely.

    def on_page(self, check, name, capture):
        path, document = self.make(name, capture)
        with self.lock:
            page = self.page(path)
            try:
                check(page, document)
            finally:
                page.close()

    @staticmethod
    def check_paper(page, document):
        """No buttons, no dark, and the words are there."""
        page.show("dark", "print")
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("[...document.querySelectorAll('button')].every((one) => !one.getClientRects().length)")
        page.show("dark", "")
        paper = page.pdf()
        assert paper.startswith(b"%PDF-"), paper[:20]
        if not shutil.which("pdftotext"):
            raise tap.Skip("pdftotext is missing (package poppler-utils): the words on paper were not read")
        text = subprocess.run(["pdftotext", "-", "-"], input=paper, capture_output=True, check=True).stdout.decode()
        for wanted in (document["cases"][0]["filter"], document["cases"][0]["commands"][0]["command"], "What to do"):
            assert wanted in text, text
        assert "Copy" not in text, text

    @staticmethod
    def check_copying(page, _):
        """With a clipboard, and without one: then what is to be copied is selected."""
        click = """(async () => { const button = document.querySelector('.copyable button'); button.focus(); button.click();
            await new Promise((done) => setTimeout(done, 300)); return [button.textContent, document.getElementById('copied').textContent,
            getSelection().toString(), button.parentNode.querySelector('code').textContent]; })()"""
        assert page.evaluate("[...document.querySelectorAll('button')].every((one) => one.getClientRects().length)")
        page.browser.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        page.call("Page.bringToFront")
        button, told, _, code = page.evaluate(click)
        assert button == "Copied" and told == "Copied.", (button, told)
        assert page.evaluate("navigator.clipboard.readText()") == code
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})")
        button, told, selection, code = page.evaluate(click)
        assert button in ("Copied", "Selected") and told and selection == code, (button, told, selection, code)

    @staticmethod
    def check_keyboard(page, document):
        """Tab leads to the link past the heading, then to the cases and the buttons; each place shows that it has the focus."""
        def press(key, code):
            for kind in ("rawKeyDown", "keyUp"):
                page.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text="")
        def focus():
            return page.evaluate("""(() => { const one = document.activeElement, style = getComputedStyle(one);
                return [one.className || one.tagName, one.getAttribute('href'), style.outlineStyle !== 'none']; })()""")
        page.call("Page.bringToFront")
        press("Tab", 9)
        assert focus() == ["skip", "#main", True], focus()
        press("Tab", 9)
        assert focus() == ["A", "#case-%d" % document["cases"][0]["number"], True], focus()
        for _ in range(len(document["cases"])):
            press("Tab", 9)
        assert focus()[0] == "BUTTON" and focus()[2], focus()

    @staticmethod
    def check_no_script(page, document):
        """The page is whole without: only the buttons are not there."""
        page.call("Emulation.setScriptExecutionDisabled", value=True)
        page.call("Page.reload")
        page.browser.events = []
        page.browser.wait(page.session, "Page.loadEventFired")
        assert page.evaluate("[...document.querySelectorAll('button')].every((one) => !one.getClientRects().length)")
        assert document["cases"][0]["explanation"] in page.evaluate(TEXT)

    @staticmethod
    def check_policy(page, _):
        """Even markup that got into it could do nothing."""
        hurt = page.evaluate("""(async () => {
            const script = document.createElement('script'), picture = document.createElement('img');
            script.textContent = 'window.hurt = true';
            picture.src = 'https://example.invalid/picture';
            const blocked = [];
            document.addEventListener('securitypolicyviolation', (event) => blocked.push(event.effectiveDirective));
            document.body.append(script, picture);
            const fetched = await fetch('https://example.invalid/text').then(() => true, () => false);
            await new Promise((done) => setTimeout(done, 300));
            return [window.hurt === true, fetched, blocked.sort().join(' ')];
        })()""")
        assert hurt == [False, False, "connect-src img-src script-src-elem"], hurt
        gone = [params["request"]["url"] for params in page.heard("Network.requestWillBeSent")]
        failed = {params.get("blockedReason") for params in page.heard("Network.loadingFailed")}
        assert len(gone) <= 3 and failed <= {"csp"}, (gone, failed)

    def check_many(self):
        """Fifty cases in full and some rows: quick to show."""
        path, document = self.make("many", pages.refused(self.tools, 600))
        with self.lock:
            page = self.page(path)
            problems = list(self.problems(page, document))
            page.close()
            busy_s = min(self.busy_s(path) for _ in range(3))
        assert not problems, "\n".join(problems)
        assert busy_s < LOAD_MOST_S, "%.3f s" % busy_s

    def busy_s(self, path):
        """Processor time until the page is shown: whatever else the machine does."""
        page = self.page(path)
        metrics = {one["name"]: one["value"] for one in page.call("Performance.getMetrics")["metrics"]}
        page.close()
        return metrics["TaskDuration"]

    def tests(self):
        captures = []
        for path in sorted(glob.glob(os.path.join(self.source, "captures/lab/*.json"))):
            with open(path) as text:
                truth = json.load(text)
            capture = self.tools.adopt(next(iter(glob.glob(path[:-4] + "pcap*"))))
            options = [word for setting in truth.get("preferences", []) for word in ("-o", setting)]
            if not truth.get("quiet"):
                captures.append((truth["name"], capture, options))
        captures.append(("two-files", self.tools.adopt(os.path.join(self.source, "captures/two-files/joined.pcapng")), []))
        for name, capture, options in captures:
            yield "/page/capture/" + name, self.check, name, capture, options
        by_name = {name: capture for name, capture, _ in captures}
        for name, check in (("paper", self.check_paper), ("copying", self.check_copying), ("keyboard", self.check_keyboard),
                            ("no-script", self.check_no_script), ("policy", self.check_policy)):
            yield "/page/" + name, self.on_page, check, name, by_name["fin-lost-two-points"]
        yield "/page/many", self.check_many
        for kind in ("markup", "wide", "long", "formats"):
            yield "/page/names/" + kind, self.check_names, kind

    def check_names(self, kind):
        """Long and hostile names of interfaces fit on a phone, too."""
        capture = compare.write_pcapng(self.tools, "page-%s.pcapng" % kind, [pages.names.HOSTILE[kind]] * 2,
                                       compare.two_files(self.tools, self.source, "-" + kind))
        self.check("names-" + kind, capture, [])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("source")
    parser.add_argument("--only", default="", help="run tests whose name contains this")
    options = parser.parse_args()
    program = browser.find()
    if not program:
        print("ok 1 /page # SKIP there is no Chromium (package chromium)\n1..1")
        return False
    suite = Suite(options.build, options.source, program)
    try:
        return bool(tap.run([test for test in suite.tests() if options.only in test[0]]))
    finally:
        suite.close()


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-2.0-or-later
"""The page (-z tcptriage,html,FILE): sound, safe, the same cases as the JSON, and a file that is there whole or not at all."""

import base64
import hashlib
import os
import re
import struct

import compare
import names
from markup import Markup

CASES_IN_FULL, CASES_BY_ROW = 50, 500
MEGABYTE = 1000000
OUTCOMES = {"open": "open at the end", "partial": "seen in part"}
BEFORE = "<!DOCTYPE html>\nbefore"
MARKUP_IN_IT = 'frame contains "<script>alert(1)</script>" || tcp'  # as good a filter as any


class Folder:
    """Where the unprivileged user may write."""

    def __init__(self, tools, name):
        self.tools, self.path = tools, compare.open_folder(tools, "pages-" + name)
        self.file = os.path.join(self.path, "page.html")

    def write(self, capture, *options, more=()):
        self.tools.tshark("-q", "-r", capture, *more, "-z", ",".join(("tcptriage,html", self.file) + options))
        return self.read()

    def read(self):
        with open(self.file, encoding="utf-8", newline="") as page:
            return page.read()

    def left(self):
        return sorted(os.listdir(self.path))


def sound(page):
    """What is wrong with a page, whatever it tells."""
    markup = Markup(page)
    yield from markup.problems
    if not re.fullmatch(r"<!DOCTYPE html>\n<html lang=\"en\">.*</html>\n", page, re.S):
        yield "no page: " + page[:100]
    if not markup.title or len(markup.having("h1")) != 1 or len(markup.having("main")) != 1:
        yield "title, h1 or main"
    for one in markup.having("svg"):
        if one.get("role") != "img" or not (one.get("aria-label") or one.get("aria-labelledby")):
            yield "a picture without words: %s" % one
    for one in markup.having("button"):
        if one.get("type") != "button" or not one.get("aria-label"):
            yield "a button: %s" % one
    yield from policy_problems(page, markup)
    if names.bad_characters(page):
        yield "characters %s" % ascii(names.bad_characters(page))


def policy_problems(page, markup):
    """Nothing may be asked for, and no script or style runs but the page's own."""
    policy = [one["content"] for one in markup.having("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    if len(policy) != 1 or "default-src 'none'" not in policy[0] or "unsafe" in policy[0]:
        yield "policy: %s" % policy
        return
    for kind in ("style", "script"):
        inside = re.findall(r"<%s>(.*?)</%s>" % (kind, kind), page, re.S)
        sums = ["'sha256-%s'" % base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in inside]
        if len(sums) != 1 or "%s-src %s;" % (kind, sums[0]) not in policy[0]:
            yield "%s: %s is not in %s" % (kind, sums, policy[0])


def told(page):
    """Numbers of the cases that are told in full."""
    return [int(one["id"][5:]) for one in Markup(page).having("article")]


def differs(page, document):
    """How a page differs from a JSON document of the same severities."""
    markup = Markup(page)
    text = markup.text
    if markup.title != document["capture"]["verdict"]:
        yield "title %s, verdict %s" % (markup.title, document["capture"]["verdict"])
    wanted = [case["number"] for case in document["cases"]]
    if told(page) != wanted[:CASES_IN_FULL]:
        yield "cases %s, not %s" % (told(page), wanted)
    for case in document["cases"][:CASES_IN_FULL]:
        for one in (case["blamed"], case["explanation"], case["reference"], case["filter"], *case["ruled_out"],
                    *(command["command"] for command in case["commands"])):
            if " ".join(one.split()) not in text:
                yield "case %d lacks: %s" % (case["number"], one)
    if len(markup.having("figure")) != len(wanted[:CASES_IN_FULL]):
        yield "%d pictures of %d cases" % (len(markup.having("figure")), len(wanted))
    for outcome, count in document["capture"]["outcomes"].items():
        if not re.search(r"\b%s(?: \(failed\))? %d\b" % (OUTCOMES.get(outcome, outcome.replace("_", " ")), count), text):
            yield "outcome %s %d" % (outcome, count)
    for reason in document["not_judged"]:
        if reason["text"] not in text:
            yield "not judged: " + reason["text"]


def check_same(golden, name, capture, options):
    """The page of a capture that tells what the JSON does."""
    folder = Folder(golden.tools, name)
    page = folder.write(capture, "min=chat", more=options)
    problems = [*sound(page), *differs(page, golden.document(capture, options))]
    assert not problems, "\n".join(problems)
    assert folder.left() == ["page.html"]


def check_usual(golden, capture):
    """Without a word it tells notes, and no chats; asked for more or less, that."""
    folder = Folder(golden.tools, "usual")
    assert folder.write(capture) == folder.write(capture, "min=note")
    for least, says in (("warn", "Warnings only."), ("note", "Warnings and notes."), ("chat", "Warnings, notes and chats.")):
        page = folder.write(capture, "min=" + least)
        document = names.json.loads(golden.tools.tshark("-q", "-r", capture, "-z", "tcptriage,json,min=" + least))
        assert says in page and not [*differs(page, document)], [*differs(page, document)]


def check_hint(golden, capture):
    """A silence has the time-out that fits it, though it is another finding's than the one that explains it."""
    page = Folder(golden.tools, "hint").write(capture)
    assert "60.1 s of silence" in page and "matches 60 s: " in page, page


def check_filter(golden, capture):
    """A filter says what is told, and stands there as text."""
    folder = Folder(golden.tools, "filter")
    page = folder.write(capture, "frame.number == 1")
    assert not [*sound(page)] and not told(page) and "frame.number == 1" in Markup(page).text, page
    page = folder.write(capture, MARKUP_IN_IT)
    assert not [*sound(page)], [*sound(page)]
    assert told(page) and MARKUP_IN_IT in Markup(page).text and "<script>alert" not in page


def check_empty(golden, capture):
    """Nothing in it, and nothing to tell, are pages too."""
    folder = Folder(golden.tools, "empty")
    empty = golden.tools.path("page-empty.pcap")
    with open(empty, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    os.chmod(empty, 0o644)
    assert "Nothing to judge" in folder.write(empty) and not [*sound(folder.read())], [*sound(folder.read())]
    page = folder.write(capture)
    assert Markup(page).title.startswith("Clean") and not told(page) and not [*sound(page)], [*sound(page)]


def check_names(tools, source, kind):
    """Names of interfaces, which anybody may have written: text, and all of it to be seen."""
    folder = Folder(tools, "names-" + kind)
    capture = compare.write_pcapng(tools, "page-%s.pcapng" % kind, [names.HOSTILE[kind]] * 2,
                                   compare.two_files(tools, source, "-page-" + kind), names.HOSTILE[kind])
    page = folder.write(capture)
    problems = [*sound(page)]
    assert not problems, "\n".join(problems)
    document = names.json.loads(tools.tshark("-q", "-r", capture, "-z", "tcptriage,json"))
    text = Markup(page).text
    for point in document["capture"]["capture_points"]:
        assert point["name"] in text, (point["name"], text)
    assert not [*differs(page, names.json.loads(tools.tshark("-q", "-r", capture, "-z", "tcptriage,json,min=note")))]


def check_read_filter(golden, capture):
    """What a read filter leaves out has no number that could be told, and is drawn without one."""
    page = Folder(golden.tools, "read-filter").write(capture, more=("-2", "-R", "tcp.flags.fin == 1"))
    assert told(page) and "<desc" in page and not [*sound(page)], [*sound(page)]
    assert not re.search(r"\bframes? 0\b|\bto 0\b", Markup(page).text), re.findall(r".{30}\b(?:frames?|to) 0\b", Markup(page).text)


def check_points(golden, capture):
    """The break in the path, and what the missing segments have in common."""
    page = Folder(golden.tools, "points").write(capture)
    text = Markup(page).text
    path = golden.document(capture, [])["capture"]["paths"][0]
    for way in ("there", "back"):
        told_so = "%(missing)d of %(segments)d missing" if path[way]["missing"] else "all %(segments)d arrived"
        assert told_so % path[way] in text, text
    rows = re.findall(r"<tr class=\"telling\"><th scope=\"row\">(.*?)</th><td class=\"number\">(\d+)</td>"
                      r"<td class=\"number\">(\d+)</td>", page)
    assert rows == [("so short that Ethernet pads them", "8", "8")], rows


def check_stock_filter(golden, capture):
    """The filter for a Wireshark without the plugin is one, and has the case's frames and those that prove it."""
    page = Folder(golden.tools, "stock").write(capture)
    first = re.search(r"<code>(frame\.number in .*?)</code>", page).group(1)
    numbers = golden.tools.run("tshark", "-r", capture, "-Y", first, "-T", "fields", "-e", "frame.number", home="stock")
    document = golden.document(capture, [])
    worst = next(one for one in document["findings"] if one["case"] == 1 and one["role"] == "cause")
    assert numbers.status == 0, numbers.err
    assert {int(one) for one in numbers.out.split()} == {*document["cases"][0]["cause_frames"], *worst["related_frames"]}, first


def check_pressure(golden, capture, options):
    page = Folder(golden.tools, "pressure").write(capture, more=options)
    assert "192.0.2.10 -> 198.51.100.20:80" in Markup(page).text and "50 of 50 ports (100 %)" in Markup(page).text


# ---- Many cases.

def refused(tools, count):
    """A capture of so many connections, each refused at a place of its own, of a client of its own: a case each."""
    path = tools.path("page-%d-refused.pcap" % count)
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for number in range(count):
            client, server = (bytes([10, part, number >> 8, number & 255]) for part in (1, 2))
            for sent, (source, target, ports, flags) in enumerate(((client, server, (40000, 80), 2),
                                                                   (server, client, (80, 40000), 20))):
                tcp = struct.pack("!HHIIBBHHH", *ports, 0 if sent else 7, 8 if sent else 0, 0x50, flags, 8192, 0, 0)
                ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, number, 0, 64, 6, 0, source, target)
                file.write(struct.pack("<IIII", 1700000000 + number, sent, 40, 40) + ip + tcp)
    os.chmod(path, 0o644)
    return path


def check_many(golden):
    """The gravest in full, further ones by a row each, the rest by their number; never a page that nobody can open."""
    folder = Folder(golden.tools, "many")
    page = folder.write(refused(golden.tools, 600))
    problems = [*sound(page)]
    assert not problems, "\n".join(problems)
    assert told(page) == list(range(1, CASES_IN_FULL + 1)), told(page)
    assert page.count("<th scope=\"row\" class=\"headline\">") == CASES_BY_ROW
    assert "100 further cases of no greater weight" in Markup(page).text
    assert len(page.encode()) < MEGABYTE, len(page)
    page = folder.write(refused(golden.tools, CASES_IN_FULL))
    assert "further case" not in page and "class=\"rest\"" not in page and len(told(page)) == CASES_IN_FULL


# ---- The file.

def run(tools, capture, option, *front):
    return tools.run(*front, "tshark", "-r", capture, "-z", "tcptriage,html" + option)


def check_refusal(golden, capture, option, says):
    """One sentence, before anything is read: no packet is printed."""
    result = run(golden.tools, capture, option.replace("FOLDER", golden.tools.folder))
    assert result.status == 1 and not result.out, result
    assert result.err.startswith("tcptriage: ") and result.err.count("\n") == 1 and says in result.err, result.err


def check_replaced(golden, capture):
    """A file is replaced by a whole page, keeps its permissions, and a link stays a link."""
    folder = Folder(golden.tools, "replaced")
    with open(folder.file, "w") as file:
        file.write(BEFORE)
    os.chmod(folder.file, 0o606)
    link = os.path.join(folder.path, "link.html")
    os.symlink(folder.file, link)
    assert run(golden.tools, capture, "," + link).status == 0
    assert folder.read().endswith("</html>\n") and os.path.islink(link)
    assert os.stat(folder.file).st_mode & 0o777 == 0o606
    assert folder.left() == ["link.html", "page.html"]


def check_kept(golden, capture):
    """What cannot be written whole leaves what is there, and tells."""
    folder = Folder(golden.tools, "kept")
    with open(folder.file, "w") as file:
        file.write(BEFORE)
    os.chmod(folder.file, 0o666)
    result = run(golden.tools, capture, "," + folder.file, "sh", "-c", "trap '' XFSZ; ulimit -f 2; exec \"$@\"", "sh")
    assert result.status == 1 and result.err.startswith("tcptriage: \"") and "cannot be written" in result.err, result
    assert folder.read() == BEFORE and folder.left() == ["page.html"], folder.left()


def check_other_files(golden, capture):
    """A capture named as the page by mistake stays what it is, whether it is read or written; so does a dangling link."""
    folder = Folder(golden.tools, "other-files")
    own = os.path.join(folder.path, "own.pcap")
    with open(capture, "rb") as file:
        content = file.read()
    with open(own, "wb") as file:
        file.write(content)
    os.chmod(own, 0o666)
    result = golden.tools.run("tshark", "-r", own, "-z", "tcptriage,html," + own)
    with open(own, "rb") as file:
        assert file.read() == content
    assert result.status == 1 and not result.out and "which is no page" in result.err, result
    made = os.path.join(folder.path, "made.pcap")
    result = golden.tools.run("tshark", "-q", "-r", own, "-w", made, "-z", "tcptriage,html," + made)
    assert result.status == 1 and "which is no page" in result.err, result
    assert golden.tools.tshark("-r", made) == golden.tools.tshark("-r", own)
    os.symlink(os.path.join(folder.path, "nothing"), folder.file)
    result = golden.tools.run("tshark", "-r", own, "-z", "tcptriage,html," + folder.file)
    assert result.status == 1 and "leads nowhere" in result.err and os.path.islink(folder.file), result
    assert folder.left() == ["made.pcap", "own.pcap", "page.html"], folder.left()


def check_two_at_once(golden, capture):
    """A page beside the JSON on standard output: nothing else is printed there."""
    folder = Folder(golden.tools, "two")
    text = golden.tools.tshark("-q", "-r", capture, "-z", "tcptriage,json", "-z", "tcptriage,html," + folder.file)
    assert names.json.loads(text) == golden.document(capture, []) and folder.read().endswith("</html>\n")


REFUSALS = {
    "no-file": ("", "\"-z tcptriage,html,page.html\""),
    "empty-name": (",", "\"-z tcptriage,html,page.html\""),
    "choice-for-a-file": (",min=warn", "\"-z tcptriage,html,page.html\""),
    "no-folder": (",FOLDER/none/page.html", "its folder does not exist"),
    "folder": (",FOLDER", "it is a folder"),
    "device": (",/dev/null", "it is no ordinary file"),
    "not-allowed": (",FOLDER/page.html", "new files may not be made in its folder"),
    "steering": (",FOLDER/\x1b[31m/page.html", "/?[31m/page.html\""),
}


def tests(golden, laboratory):
    """`laboratory`: (name, capture, options)."""
    by_name = {name: capture for name, capture, _ in laboratory}
    for name, capture, options in laboratory:
        yield "/golden/pages/same/" + name, check_same, golden, name, capture, options
    for kind in names.HOSTILE:
        yield "/golden/pages/names/" + kind, check_names, golden.tools, golden.source, kind
    for name, (option, says) in REFUSALS.items():
        yield "/golden/pages/refused/" + name, check_refusal, golden, by_name["rst-exact"], option, says
    for name, check, lab in (("usual", check_usual, "fin-lost-two-points"), ("filter", check_filter, "fin-lost-two-points"),
                             ("points", check_points, "fin-lost-two-points"), ("replaced", check_replaced, "rst-exact"),
                             ("stock-filter", check_stock_filter, "fin-lost-two-points"),
                             ("kept", check_kept, "rst-exact"), ("two-at-once", check_two_at_once, "fin-lost-two-points"),
                             ("read-filter", check_read_filter, "fin-lost-server"),
                             ("other-files", check_other_files, "rst-exact"),
                             ("hint", check_hint, "fin-lost-client-60s"),
                             ("empty", check_empty, "rst-exact")):
        yield "/golden/pages/" + name, check, golden, by_name[lab]
    pressed = next((capture, options) for name, capture, options in laboratory if name == "port-exhaustion")
    yield "/golden/pages/pressure", check_pressure, golden, *pressed
    yield "/golden/pages/many", check_many, golden

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""citations.py [ROOT]: nobody is sent to a text that is not there.

Every rule that a comment, test or scenario script cites ("rule A.5", "rules B.1, C.2 to C.4") stands in plugin/RULES.md, every
source file that a comment or page names is in the repository, every name of ours that a page quotes is in the sources (and
`NAME` in `FILE` in that file), and every link of a page leads somewhere. Status 1 where one does not.
"""

import os
import re
import sys

ROOM = ("plugin", "include", "tests", "captures", ".github")
TEXTS = (".c", ".h", ".def", ".py", ".sh", ".pkt", ".md", ".cmake", ".txt", ".tsv")

RULE = r"[A-K](?:\.\d+)?"
# A comment may be broken between two lines of a citation.
BREAK = r"(?:\s|[*#])+"
CITED = re.compile(r"\b[Rr]ules?%s(%s(?:(?:,|%s(?:and|to|or))%s%s)*)(?!\w|\.\d)" % (BREAK, RULE, BREAK, BREAK, RULE))
BARE = re.compile(r"(?<![\w.#\"])[A-IK]\.\d+(?![\w.])")

FILE = re.compile(r"(?<![\w./<\"$%-])((?:[\w.-]+/)*[\w-]+\.(?:c|h|def|py|sh|pkt|md|tsv|cmake))(?![\w/-]|\.\w)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`((?:tcpt|TCPT)_\w+)(?:\(\))?`")
HELD = re.compile(r"`([A-Z]+_[A-Z_]+)`(?:, `[A-Z_]+`)*\s+in\s+`([\w./-]+)`")
ANCHOR = re.compile(r"<a id=\"([^\"]+)\">")

# Files of other projects, and names that stand for many.
FOREIGN = re.compile(r"^(tcp_\w+|nf_conntrack_\w+|minisocks|utils|inet_connection_sock|packet-\w+)\.c$"
                     r"|^(net|epan|wiretap|wsutil|linux|glib)/|^(config|glib|glibconfig|malloc)\.h$")


def walk(root):
    """Paths below the root, as the repository has them: no builds, no caches."""
    for name in sorted(os.listdir(root)):
        if os.path.isfile(os.path.join(root, name)):
            yield name
    for room in ROOM:
        for folder, folders, names in os.walk(os.path.join(root, room)):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(names):
                yield os.path.relpath(os.path.join(folder, name), root)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def rule_problems(text, rules):
    """(where, what is wrong) of each rule that a text cites."""
    introduced = []
    for cited in CITED.finditer(text):
        introduced.append(cited.span())
        for rule in re.findall(RULE, cited.group(1)):
            if rule not in rules:
                yield cited.start(), "rule %s is not in plugin/RULES.md" % rule
    for bare in BARE.finditer(text):
        if not any(start <= bare.start() < end for start, end in introduced):
            yield bare.start(), "%s is cited without the word \"rule\"" % bare.group()


def file_problems(text, paths):
    """Names are cited with as much of their folder as makes them clear."""
    for named in FILE.finditer(text):
        name = named.group(1)
        if FOREIGN.match(name) or name.startswith("../") or any(("/" + path).endswith("/" + name) for path in paths):
            continue
        yield named.start(), "there is no %s" % name


def name_problems(text, sources):
    """`sources`: path -> text. What a page quotes of the code must be there."""
    for quoted in QUOTED.finditer(text):
        if not any(re.search(r"\b%s\b" % quoted.group(1), source) for source in sources.values()):
            yield quoted.start(), "the sources have no %s" % quoted.group(1)
    for held in HELD.finditer(text):
        if held.group(1) not in sources.get(held.group(2), ""):
            yield held.start(), "there is no %s in %s" % held.groups()


def link_problems(root, page, text):
    for link in LINK.finditer(text):
        target, _, anchor = link.group(1).partition("#")
        if "://" in target:
            continue
        path = os.path.normpath(os.path.join(root, os.path.dirname(page), target)) if target else os.path.join(root, page)
        if not os.path.exists(path):
            yield link.start(), "the link to %s leads nowhere" % target
        elif anchor and anchor not in ANCHOR.findall(open(path, encoding="utf-8").read()):
            yield link.start(), "%s has no anchor %s" % (os.path.basename(path), anchor)


def read(root, paths):
    texts = {}
    for path in paths:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            texts[path] = file.read()
    return texts


def problems(root):
    paths = list(walk(root))
    texts = read(root, [path for path in paths if path.endswith(TEXTS) and path != "tests/citations.py"])
    sources = {path: text for path, text in texts.items() if path.endswith((".c", ".h", ".def"))}
    rules = set(ANCHOR.findall(texts["plugin/RULES.md"]))
    for path, text in texts.items():
        found = list(file_problems(text, paths))
        if path != "plugin/RULES.md":
            found += rule_problems(text, rules)
        if path.endswith(".md"):
            found += name_problems(text, sources)
            found += link_problems(root, path, text)
        for at, what in sorted(found):
            yield "%s:%d: %s" % (path, line_of(text, at), what)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    found = list(problems(root))
    print("\n".join(found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())

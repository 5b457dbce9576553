# SPDX-License-Identifier: GPL-2.0-or-later
"""A page that is read strictly: everything that a browser would mend is an error, and so is everything that a page must not have."""

import html.parser
import re

VOID = {"meta", "link", "br", "hr", "img", "input"}
HEADING = re.compile(r"h([1-6])")
OUTSIDE = re.compile(r"(?i)\b(?:https?:|ftp:|file:|javascript:)|^//")


class Markup(html.parser.HTMLParser):
    """problems, text (of the body, one line), cases {id: text}, tags [(name, attributes)]."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.problems, self.open, self.tags, self.ids, self.links = [], [], [], [], []
        self.words, self.title, self.level = [], "", 0
        self.feed(text)
        self.close()
        self.problems += ["<%s> is not closed" % name for name in self.open]
        self.problems += ["id %s twice" % one for one in sorted(set(self.ids)) if self.ids.count(one) > 1]
        self.problems += ["no id %s" % one for one in self.links if one not in self.ids]
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        names = [name for name, _ in attributes]
        if len(names) != len(set(names)):
            self.problems.append("<%s>: an attribute twice" % tag)
        for name, value in attributes:
            self.attribute(tag, name, value)
        if HEADING.fullmatch(tag):
            self.heading(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def attribute(self, tag, name, value):
        if name.startswith("on") or name == "style":
            self.problems.append("<%s %s>" % (tag, name))
        if value and OUTSIDE.search(value) and name != "xmlns":
            self.problems.append("<%s %s=%s>" % (tag, name, value))
        if name == "id":
            self.ids.append(value)
        if name == "href" and value.startswith("#"):
            self.links.append(value[1:])
        if name in ("aria-labelledby", "aria-describedby"):
            self.links += value.split()

    def heading(self, level):
        if level > self.level + 1:
            self.problems.append("<h%d> behind <h%d>" % (level, self.level))
        self.level = level

    def handle_startendtag(self, tag, attributes):
        """Of SVG."""
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.problems.append("</%s> inside of %s" % (tag, self.open))
        else:
            self.open.pop()

    def handle_data(self, data):
        if "title" in self.open and "head" in self.open:
            self.title += data
        if self.open and self.open[-1] not in ("style", "script") and "body" in self.open:
            self.words.append(data)

    def handle_comment(self, data):
        self.problems.append("a comment: " + data)

    def handle_decl(self, decl):
        if decl != "DOCTYPE html":
            self.problems.append(decl)

    def unknown_decl(self, data):
        self.problems.append(data)

    def handle_pi(self, data):
        self.problems.append(data)

    def having(self, tag, **wanted):
        """Attributes of the elements of that name that have these."""
        return [attributes for name, attributes in self.tags
                if name == tag and all(attributes.get(key.rstrip("_")) == value for key, value in wanted.items())]

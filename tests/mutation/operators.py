# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutants of a C file: what a slip of the hand would make of it.

An operator looks at the tokens of function bodies and yields edits; each edit is one mutant. What it makes should
compile: operators know enough of C to leave declarations, types and tables alone.
"""

import collections
import re

TOKEN = re.compile(r"""
    (?P<space>\s+) | (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<directive>^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*)
  | (?P<string>"(?:[^"\\\n]|\\.)*") | (?P<char>'(?:[^'\\\n]|\\.)*')
  | (?P<number>\d[\w.]*) | (?P<name>[A-Za-z_]\w*)
  | (?P<mark>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||\.\.\.|[-+*/%&|^]=|.)
""", re.X | re.S | re.M)

Token = collections.namedtuple("Token", "kind text start end")
# Replace text[start:end] by `made`.
Edit = collections.namedtuple("Edit", "operator start end made")
Function = collections.namedtuple("Function", "kind name first last")  # tokens of its body, braces included

KEYWORDS = {"if", "else", "for", "while", "do", "switch", "case", "default", "return", "break", "continue", "goto",
            "sizeof", "static", "const", "struct", "union", "enum", "unsigned", "signed", "int", "char", "void"}

# Variables that say which side is meant: 0 or 1.
SIDES = {"from", "end", "client", "side", "closer", "prober", "speaker", "owing", "sender", "receiver", "waiting", "other",
         "refuser", "near", "dir", "direction", "opener"}

# What tells the user, or takes it back.
TELLING = re.compile(r"tcpt_(?:relate|relate_all|set_\w+|take_text|withdraw|rule_out|rule_out_nothing|resummarise|brief)$")


def tokenise(text):
    tokens = [Token(match.lastgroup, match.group(), *match.span()) for match in TOKEN.finditer(text)]
    return [token for token in tokens if token.kind not in ("space", "comment", "directive")]


def closing(tokens, at):
    """Index of the token that closes the bracket at `at`."""
    depth = 0
    for index in range(at, len(tokens)):
        if tokens[index].kind == "mark":
            depth += (tokens[index].text in "([{") - (tokens[index].text in ")]}")
            if not depth:
                return index
    raise ValueError("a bracket stays open")


def functions(tokens):
    """Functions of a file: a brace outside of everything, behind a parenthesis."""
    found, at = [], 0
    while at < len(tokens):
        if tokens[at].text != "{":
            at += 1
            continue
        last = closing(tokens, at)
        if at and tokens[at - 1].text == ")":
            depth, first = 0, at - 1
            while True:
                depth += (tokens[first].text == ")") - (tokens[first].text == "(")
                if not depth:
                    break
                first -= 1
            name, head = tokens[first - 1].text, first - 2
            while head >= 0 and tokens[head].text not in (";", "}") and tokens[head].end > tokens[first - 1].start - 80:
                head -= 1
            kind = " ".join(token.text for token in tokens[head + 1:first - 1])
            found.append(Function(kind, name, at, last))
        at = last + 1
    return found


class File:
    def __init__(self, path, text):
        self.path, self.text = path, text
        self.tokens = tokenise(text)
        self.functions = functions(self.tokens)

    def inside(self):
        """(index, token) of all function bodies."""
        for function in self.functions:
            for index in range(function.first + 1, function.last):
                yield index, self.tokens[index]

    def is_value(self, index):
        """True when the token ends a value: an operator behind it has two sides."""
        token = self.tokens[index]
        if token.text == ")":  # not a cast
            opened = index
            while self.tokens[opened].text != "(":
                opened -= 1
            return not re.fullmatch(r"(?:const )?(?:struct )?\w*(?:_t|int|char|tcpt_[a-z_]+)(?: \*)*",
                                    " ".join(inner.text for inner in self.tokens[opened + 1:index]))
        return token.text == "]" or token.kind in ("number", "name", "char") and token.text not in KEYWORDS

    def statements(self):
        """(first, last) token of every statement that is an expression, its semicolon included."""
        for function in self.functions:
            index = function.first + 1
            while index < function.last:
                before = self.tokens[index - 1].text
                starts = before in ("{", "}", ";", ":", "else") or (before == ")" and self.heads(index - 1))
                last = self.semicolon(index) if starts and self.is_expression(index) else None
                if last:
                    yield index, last
                    index = last
                index += 1

    def heads(self, index):
        """True when the parenthesis that ends here belongs to if, for or while."""
        depth = 0
        for at in range(index, -1, -1):
            depth += (self.tokens[at].text == ")") - (self.tokens[at].text == "(")
            if not depth:
                return self.tokens[at - 1].text in ("if", "for", "while", "switch")
        return False

    def is_expression(self, index):
        token, behind = self.tokens[index], self.tokens[index + 1]
        if token.text in ("++", "--") or (token.text == "*" and behind.kind == "name"):
            return True
        if token.text in ("break", "continue") and behind.text == ";":
            return True
        if token.kind != "name" or token.text in KEYWORDS or behind.kind == "name":
            return False
        return behind.text in ("(", "[", "->", ".", "=", "++", "--") or behind.text.endswith("=")

    def semicolon(self, index):
        """Index of the one that ends the statement; None inside of an initialiser."""
        depth = 0
        while depth or self.tokens[index].text != ";":
            if depth < 0:
                return None
            depth += (self.tokens[index].text in ("(", "[", "{")) - (self.tokens[index].text in (")", "]", "}"))
            index += 1
        return index

    def source(self, first, last):
        return self.text[self.tokens[first].start:self.tokens[last].end]


# ---- Operators: file -> edits.

def swap(operator, pairs, two_sided=False):
    """Marks and names, each put in another's place."""
    def edits(file):
        for index, token in file.inside():
            if token.text in pairs and token.kind in ("mark", "name") and \
                    (not two_sided or file.is_value(index - 1)):
                yield Edit(operator, token.start, token.end, pairs[token.text])
    return edits


def negate(file):
    """if (x) -> if (!(x)), return x of a bool -> return !(x)"""
    for index, token in file.inside():
        if token.text == "if" and file.tokens[index + 1].text == "(":
            last = closing(file.tokens, index + 1)
            yield Edit("negate", file.tokens[index + 1].start, file.tokens[last].end, "(!%s)" % file.source(index + 1, last))
    for function in file.functions:
        for index in range(function.first, function.last if function.kind.split()[-1:] == ["bool"] else function.first):
            if file.tokens[index].text == "return":
                last = file.semicolon(index)
                yield Edit("negate", file.tokens[index + 1].start, file.tokens[last - 1].end,
                           "!(%s)" % file.source(index + 1, last - 1))


def branches(file):
    """a ? b : c -> a ? c : b"""
    for index, token in file.inside():
        if token.text != "?":
            continue
        depth, nested, colon, at = 0, 0, None, index + 1
        while True:
            text = file.tokens[at].text
            if depth == 0 and (text in (")", "]", "}", ";") or (text == "," and colon)):
                break
            depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
            if depth == 0 and text == "?" and colon is None:
                nested += 1
            elif depth == 0 and text == ":" and colon is None:
                if not nested:
                    colon = at
                nested -= 1
            at += 1
        first, second = file.source(index + 1, colon - 1), file.source(colon + 1, at - 1)
        if first != second:
            yield Edit("branches", file.tokens[index + 1].start, file.tokens[at - 1].end, "(%s) : (%s)" % (second, first))


def drop(file):
    """A statement goes; what tells the user has an operator of its own."""
    for first, last in file.statements():
        operator = "untold" if TELLING.match(file.tokens[first].text) else "drop"
        yield Edit(operator, file.tokens[first].start, file.tokens[last].end, ";")


def constants(file):
    """n -> n + 1, in function bodies and enumerations"""
    bodies = [range(function.first, function.last) for function in file.functions]
    for index, token in enumerate(file.tokens):
        if token.text == "enum":
            opened = next((at for at in range(index, index + 3) if file.tokens[at].text == "{"), None)
            if opened:
                bodies.append(range(opened, closing(file.tokens, opened)))
    for body in bodies:
        for index in body:
            token = file.tokens[index]
            if token.kind == "number" and re.fullmatch(r"(?:0x[0-9a-fA-F]+|\d+)[uUlL]*", token.text):
                yield Edit("constant", token.start, token.end, "(%s + 1)" % token.text)


def chain_before(file, index):
    """First token of a chain like context->seen->from that ends at `index`."""
    while file.tokens[index - 1].text in ("->", ".") and file.tokens[index - 2].kind == "name":
        index -= 2
    return index


def sides(file):
    """[from] -> [!from], !from -> from; the same as an argument"""
    for index, token in file.inside():
        if token.kind != "name" or token.text not in SIDES:
            continue
        first = chain_before(file, index)
        before, behind = file.tokens[first - 1].text, file.tokens[index + 1].text
        if before == "!" and behind in ("]", ")", ",", ";"):
            if file.tokens[first - 2].text in ("[", ",", "=", "return"):
                yield Edit("side", file.tokens[first - 1].start, file.tokens[first - 1].end, "")
        elif (before == "[" and behind == "]") or (before == "," and behind == ")"):
            yield Edit("side", file.tokens[first].start, file.tokens[first].start, "!")


def words(file):
    """client <-> server in a sentence"""
    other = {"client": "server", "server": "client", "above": "below", "below": "above"}
    for _, token in file.inside():
        if token.kind == "string":
            for match in re.finditer(r"\b(client|server|above|below)\b", token.text):
                yield Edit("words", token.start + match.start(), token.start + match.end(), other[match.group()])


def early(file):
    """A function that returns at once."""
    for function in file.functions:
        kind = function.kind.split()
        if "*" in kind:
            values = [" NULL"]
        elif kind[-1:] == ["void"]:
            values = [""]
        elif kind[-1:] == ["bool"]:
            values = [" false", " true"]
        elif re.fullmatch(r"u?int\d+_t|unsigned|int|size_t", (kind or [""])[-1]):
            values = [" 0"]
        else:
            continue
        for value in values:
            at = file.tokens[function.first].end
            yield Edit("early", at, at, " return%s;" % value)


def wants(file):
    """A detector that is not asked: one trait less."""
    for match in re.finditer(r"\.wants = ([^;]*?),\n", file.text):
        for trait in re.finditer(r"TCPT_TRAIT_\w+", match.group(1)):
            yield Edit("untold", match.start(1) + trait.start(), match.start(1) + trait.end(), "0")


def scale(file):
    """Shifts by the window scale, the other way or not at all"""
    for index, token in file.inside():
        if token.text in ("<<", ">>"):
            yield Edit("scale", token.start, token.end, {"<<": ">>", ">>": "<<"}[token.text])
        if token.kind == "name" and re.search(r"scale", token.text) and file.tokens[index + 1].text in (")", "&&", "||") and \
                file.tokens[chain_before(file, index) - 1].text in ("(", "&&", "||"):
            at = file.tokens[chain_before(file, index)].start
            yield Edit("scale", at, at, "!")


OPERATORS = [
    swap("boundary", {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}),
    swap("equality", {"==": "!=", "!=": "=="}),
    swap("logic", {"&&": "||", "||": "&&"}),
    swap("value", {"true": "false", "false": "true", "NULL": "NULL"}),
    swap("arithmetic", {"+": "-", "-": "+"}, two_sided=True),
    swap("arithmetic", {"+=": "-=", "-=": "+=", "++": "--", "--": "++"}),
    swap("arithmetic", {"MIN": "MAX", "MAX": "MIN"}),
    swap("bits", {"&": "|", "|": "&"}, two_sided=True),
    swap("bits", {"|=": "&=", "&=": "|="}),
    swap("bits", {"seq_before": "seq_after", "seq_after": "seq_before"}),
    negate, branches, drop, constants, sides, words, early, wants, scale,
]


def changes_nothing(text, edit):
    """a > b ? a : b and a > b ? a - b : 0 give the same with >=; memory for two in the place of one is the same to
    whoever uses one."""
    line = text[text.rfind("\n", 0, edit.start) + 1:text.find("\n", edit.end)]
    if edit.operator == "constant":
        return re.search(r"g_new0?\([^()]*, $", text[:edit.start][-80:]) is not None
    match = re.search(r"([\w.>-]+) [<>]=? ([\w.>-]+) \? ([\w.>-]+) (?:: ([\w.>-]+)|- ([\w.>-]+) : 0\b)", line)
    return edit.operator == "boundary" and match is not None and \
        {*match.group(1, 2)} == {match.group(3), match.group(4) or match.group(5)}


def mutants(path, text):
    """Every mutant of a file, in its order."""
    file = File(path, text)
    found = {edit for operator in OPERATORS for edit in operator(file)
             if text[edit.start:edit.end] != edit.made and not changes_nothing(text, edit)}
    return sorted(found, key=lambda edit: (edit.start, edit.end, edit.operator, edit.made))

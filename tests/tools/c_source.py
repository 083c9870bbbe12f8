# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Just enough of C to count with: functions, their length, how deep their statements are nested.

Not a parser of C: it relies on code that compiles and on macros that look like calls.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMENT_OR_LITERAL = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
TOKEN = re.compile(r"[A-Za-z_]\w*|[{}();:=]")
CONTROL_WITH_CONDITION = {"if", "for", "while", "switch"}


@dataclass
class Function:
    """One definition."""

    name: str
    line: int
    length: int
    depth: int
    is_static: bool


def blank(match: re.Match[str]) -> str:
    """Spaces in place of what matched, with its line breaks."""
    return re.sub(r"[^\n]", " ", match.group())


def bare(text: str) -> str:
    """The text without comments, literals and preprocessor lines; lines and columns stay."""
    text = re.sub(r'\bextern\s+"C"\s*\{', blank, text)
    return PREPROCESSOR.sub(blank, COMMENT_OR_LITERAL.sub(blank, text))


def closing(text: str, start: int, pair: str) -> int:
    """Where the bracket that opens at `start` is closed; the end of the text where it is not."""
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] == pair[0]) - (text[index] == pair[1])
        if depth == 0:
            return index
    return len(text) - 1


def name_of(head: str) -> str | None:
    """The identifier in front of the argument list that ends the head of a function; None: it is no function."""
    if not head.endswith(")"):
        return None
    depth = 0
    for index in range(len(head) - 1, -1, -1):
        depth += (head[index] == ")") - (head[index] == "(")
        if depth == 0:
            found = re.search(r"(\w+)\s*$", head[:index])
            return found.group(1) if found else None
    return None


def functions(text: str) -> list[Function]:
    """All function definitions of a file."""
    text = bare(text)
    found = []
    begin = index = 0
    while index < len(text):
        if text[index] in ";}":
            begin = index + 1
        elif text[index] == "{":
            end = closing(text, index, "{}")
            head = text[begin:index]
            name = name_of(head.rstrip())
            if name is not None:
                first = begin + len(head) - len(head.lstrip())
                line = text.count("\n", 0, first) + 1
                length = text.count("\n", first, end) + 1
                is_static = re.search(r"\bstatic\b", head) is not None
                found.append(Function(name, line, length, Statements(text[index : end + 1]).depth(), is_static))
                begin = end + 1
            index = end
        index += 1
    return found


class Statements:
    """How deep control statements and blocks lie in each other in the body of one function.

    The braces of a function count 0, those of a control statement count no more than the statement itself; an `else if`
    lies beside its `if`. Braces of initializers do not count.
    """

    def __init__(self, body: str) -> None:
        self.tokens = [match.group() for match in TOKEN.finditer(body)]
        self.at = 0
        self.deepest = 0

    def depth(self) -> int:
        """Of the whole body."""
        self.block(0)
        return self.deepest

    def peek(self) -> str:
        """The next token; empty at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        """The next token, used up."""
        token = self.peek()
        self.at += 1
        return token

    def skip_brackets(self) -> None:
        """From one that opens to behind the one that closes it."""
        depth = 0
        while self.peek():
            token = self.take()
            depth += (token in "({") - (token in ")}")
            if depth == 0:
                return

    def block(self, depth: int) -> None:
        """`{` statements `}`"""
        self.deepest = max(self.deepest, depth)
        self.take()
        while self.peek() not in ("}", ""):
            self.statement(depth)
        self.take()

    def below(self, depth: int) -> None:
        """The body of a control statement at `depth`."""
        self.deepest = max(self.deepest, depth + 1)
        if self.peek() == "{":
            self.block(depth + 1)
        else:
            self.statement(depth + 1)

    def control(self, depth: int) -> None:
        """`if (…) body else body`, `do body while (…);` and the like"""
        word = self.take()
        if word == "do":
            self.below(depth)
            self.take()
            self.skip_brackets()
            self.take()
            return
        if self.peek() == "(":
            self.skip_brackets()
        self.below(depth)
        if word == "if" and self.peek() == "else":
            self.take()
            if self.peek() == "if":
                self.control(depth)
            else:
                self.below(depth)

    def statement(self, depth: int) -> None:
        """One, whatever it is."""
        token = self.peek()
        if token == "{":
            self.block(depth + 1)
        elif token == "do" or token in CONTROL_WITH_CONDITION:
            self.control(depth)
        elif token in ("case", "default"):
            while self.peek() not in (":", ""):
                self.take()
            self.take()
        else:
            self.expression(depth)

    def expression(self, depth: int) -> None:
        """Up to its semicolon. A call with a block behind it is a loop of a macro."""
        start = self.at
        while self.peek() not in (";", "}", ""):
            before = self.tokens[start : self.at]
            if self.peek() == "{" and before[-1:] == [")"] and "=" not in before:
                self.below(depth)
                return
            if self.peek() in "({":
                self.skip_brackets()
            else:
                self.take()
        if self.peek() == ";":
            self.take()

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples in our documents: the fenced blocks of Markdown and scdoc.

What is to be known about a block stands before it, where no reader sees it: `<!-- doc: KEY: VALUE -->` in Markdown,
`; doc: KEY: VALUE` in scdoc. The keys:

    kind     what it is, where the fence does not say it (see KINDS)
    world    where it runs, from here on to the end of the document; doc_worlds.py has them
    skip     it is not run; the value says why
    let      NAME = COMMAND: in the block, NAME stands for what the command prints
    before   a command that comes first, after one that comes last; both have to succeed
    needs    a command that fails where the block cannot be run; the test then warns
    stdin    a command whose output the block reads
    status   the exit status of the block, where it is not 0
    file     the block is the content of this file
    with     the block is the input of this command
    shows    the block is what this command prints, shortened
    excerpt  each line of the block is a line of this file, in this order; a line with … stands for any
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# console: commands with `$ ` before them, and what they print. sh: a script. ini: for felucca.conf. text: a drawing.
KINDS = ("console", "sh", "ini", "json", "c", "sql", "hcl", "text", "file")
REPEATED = ("let", "before", "after")
KEYS = ("kind", "world", "skip", "needs", "stdin", "status", "with", "file", "shows", "excerpt", *REPEATED)
MARK = {False: re.compile(r"<!-- doc: (?P<key>\w+): (?P<value>.+) -->$"), True: re.compile(r"; doc: (?P<key>\w+): (?P<value>.+)$")}
NEARLY_A_MARK = re.compile(r"^\s*(<!--|;)\s*docs?\b")
FENCE = re.compile(r"^(?P<indent>\s*)```(?P<kind>\w*)$")
RUN = ("console", "sh", "ini", "json", "with", "file", "shows", "excerpt")


class BadDocument(Exception):
    """A document that this module does not understand: place and reason."""


@dataclass
class Block:
    document: str
    line: int
    kind: str
    text: str
    marks: dict[str, list[str]] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"{self.document}:{self.line}"

    def mark(self, key: str) -> str | None:
        return self.marks[key][0] if key in self.marks else None

    @property
    def way(self) -> str:
        """How it is tried; none of RUN: not at all."""
        for key in ("skip", "with", "file", "shows", "excerpt"):
            if key in self.marks:
                return key
        return self.kind


def documents() -> list[str]:
    """README, the manual pages, everything else in docs/, and what each backend says of itself."""
    found = [path for pattern in ("docs/*.md", "docs/*.scd", "docs/*.scd.in", "plugins/*/README.md") for path in ROOT.glob(pattern)]
    return ["README.md", *sorted(str(path.relative_to(ROOT)) for path in found)]


def read(document: str) -> list[Block]:
    return Reader(document, (ROOT / document).read_text()).blocks


class Reader:
    """Goes through a document once, line by line."""

    def __init__(self, document: str, text: str):
        self.document = document
        self.is_manual = ".scd" in document
        self.marks: dict[str, list[str]] = {}
        self.blocks: list[Block] = []
        self.lines = text.split("\n")
        self.at = 0
        while self.at < len(self.lines):
            self._line(self.lines[self.at])
            self.at += 1
        if self.marks:
            self._refuse(f"no block after {self.marks}")

    def _refuse(self, why: str) -> None:
        raise BadDocument(f"{self.document}:{self.at + 1}: {why}")

    def _line(self, line: str) -> None:
        mark, fence = MARK[self.is_manual].match(line), FENCE.match(line)
        if mark is not None:
            self._mark(mark["key"], mark["value"])
        elif fence is not None:
            self._fenced(fence["indent"], fence["kind"])
        elif line.lstrip().startswith("```"):
            self._refuse("a fence that is not understood")
        elif NEARLY_A_MARK.match(line):
            self._refuse("a mark that is not understood")
        elif self.marks and line.strip():
            self._refuse(f"text between {self.marks} and its block")

    def _mark(self, key: str, value: str) -> None:
        if key not in KEYS:
            self._refuse(f"there is no mark {key!r}")
        if key in self.marks and key not in REPEATED:
            self._refuse(f"{key!r} is there twice")
        self.marks.setdefault(key, []).append(value)

    def _add(self, line: int, kind: str, lines: list[str]) -> None:
        marks, self.marks = self.marks, {}
        kind = marks.get("kind", [kind or ("file" if "file" in marks else "")])[0]
        if kind not in KINDS:
            self._refuse(f"a block of kind {kind!r}; it is one of {', '.join(KINDS)}")
        self.blocks.append(Block(self.document, line + 1, kind, "\n".join(lines) + "\n", marks))

    def _fenced(self, indent: str, kind: str) -> None:
        start = self.at
        body = []
        self.at += 1
        while self.at < len(self.lines) and self.lines[self.at] != indent + "```":
            body.append(self.lines[self.at].removeprefix(indent))
            self.at += 1
        if self.at == len(self.lines):
            self._refuse(f"the fence of line {start + 1} has no end")
        # scdoc knows no kinds: there a block has commands, unless it is marked.
        self._add(start, kind or ("sh" if self.is_manual else ""), body)


# Transcripts


@dataclass
class Step:
    command: str
    output: list[str]


def steps_of(text: str) -> list[Step]:
    """What a console block shows. A command goes on in the next line after a backslash, or inside of quotes."""
    steps: list[Step] = []
    goes_on = False
    for line in text.rstrip("\n").split("\n"):
        if goes_on:
            steps[-1].command += "\n" + line
        elif line.startswith("$ "):
            steps.append(Step(line[2:], []))
        elif steps:
            steps[-1].output.append(line)
        elif line.strip() and not line.startswith("#"):
            raise BadDocument(f"output before the first command: {line!r}")
        command = "" if not steps or steps[-1].output else steps[-1].command
        goes_on = command.endswith("\\") or command.count("'") % 2 == 1
    for step in steps:
        while step.output and (not step.output[-1].strip() or step.output[-1].startswith("# ")):
            step.output.pop()
    return steps


UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
WORD = r"""[^\s"',]+"""
TIME = r"\b(?:now|in \d+ (?:s|min|h|d)|\d+ (?:s|min|h|d) ago)(?!\w)"  # as the command says it
VARIABLE = re.compile(rf"{UUID}|{TIME}|\b(?:ID|PASSWORD|USER|INTENT|PORT)\b|…")


class Names:
    """Ids and passwords of a document, and what they are in this run: the same here wherever they are the same there."""

    def __init__(self) -> None:
        self.actual: dict[str, str] = {}

    def fill_in(self, text: str) -> str:
        for name, value in sorted(self.actual.items(), key=lambda item: -len(item[0])):
            bounds = [r"\b" if end.isalnum() else "" for end in (name[0], name[-1])]
            text = re.sub(bounds[0] + re.escape(name) + bounds[1], lambda _, value=value: value, text)
        return text

    def take(self, shown: str, printed: str) -> bool:
        """Whether this line may be shown for that one; if so, what was new in it is known from now on."""
        pattern = ""
        groups: list[str] = []
        end = 0
        for match in VARIABLE.finditer(shown):
            pattern += re.escape(shown[end:match.start()])
            end = match.end()
            name = match.group()
            if name == "…":
                pattern += ".*"
            elif re.fullmatch(TIME, name):
                pattern += TIME
            elif name in self.actual:
                pattern += re.escape(self.actual[name])
            elif name in groups:
                pattern += f"(?P=g{groups.index(name)})"
            else:
                pattern += f"(?P<g{len(groups)}>{UUID if '-' in name else WORD})"
                groups.append(name)
        found = re.fullmatch(pattern + re.escape(shown[end:]), printed)
        if found is not None:
            self.actual |= {name: found[f"g{number}"] for number, name in enumerate(groups)}
        return found is not None

    def shorten(self, shown: list[str], printed: list[str]) -> str | None:
        """None, or the first line that is shown and does not come after the ones before it."""
        rest = iter(printed)
        return next((f"{line!r} does not come" for line in shown if not any(self.take(line, one) for one in rest)), None)

    def compare(self, shown: list[str], printed: list[str]) -> str | None:
        """None, or the first difference. A line that is … stands for any number of lines."""
        at = 0
        for number, line in enumerate(shown):
            if line == "…":
                following = shown[number + 1] if number + 1 < len(shown) else None
                while at < len(printed) and (following is None or not self.take(following, printed[at])):
                    at += 1
            elif at < len(printed) and self.take(line, printed[at]):
                at += 1
            else:
                return f"not {line!r}, but {printed[at]!r}" if at < len(printed) else f"{line!r} does not come"
        return None if at == len(printed) else f"not shown: {printed[at]!r}"

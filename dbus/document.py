#!/usr/bin/env python3
# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What dbus/*.xml says of the interfaces, for people.

    document.py man TEMPLATE            prints a page for scdoc: TEMPLATE with the interfaces in place of @interfaces@
    document.py markdown FILE           writes all of FILE anew that is behind the line with MARK
    document.py markdown --check FILE   fails when that would change it
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
INTERFACES = ["org.felucca.Credentials1", "org.felucca.Accounts1"]
MARK = "<!-- dbus/document.py: what follows is made from dbus/*.xml -->\n"
KINDS = {"method": "Methods", "property": "Properties", "signal": "Signals"}

TYPE = r"(?:[sbqtxhou]|as|a\{sv\}|aa\{sv\})"
ENTRY = re.compile(rf"(?P<name>\S+)(?: +(?P<type>{TYPE})(?: +(?P<text>.*))?|  +(?P<words>.*))$")


@dataclass
class Entry:
    """A line of a table: a key with its type, or a name alone."""

    name: str
    type: str
    text: str


@dataclass
class Paragraph:
    text: str


@dataclass
class Table:
    entries: list[Entry]


@dataclass
class Argument:
    name: str
    type: str
    direction: str
    text: str = ""


@dataclass
class Member:
    """An interface, or one of its methods, properties and signals. `body`: Paragraphs and Tables."""

    kind: str
    name: str
    summary: str = ""
    type: str = ""
    arguments: list[Argument] = field(default_factory=list)
    body: list[Paragraph | Table] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)

    def signature(self) -> str:
        """As the daemon's own language has it: in → out."""
        parts = {way: ", ".join(f"{one.name} {one.type}" for one in self.arguments if one.direction == way)
                 for way in ("in", "out")}
        if self.kind == "property":
            return f"{self.name} {self.type}"
        if self.kind == "signal":
            return f"{self.name} ({parts['out']})"
        return f"{self.name} ({parts['in']})" + (f" → ({parts['out']})" if parts["out"] else "")


# Reading


def indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def read_table(lines: list[str]) -> Table:
    """Entries, each with the lines that are further in."""
    table = Table([])
    start = indentation(lines[0])
    for line in lines:
        if indentation(line) > start:
            table.entries[-1].text += " " + line.strip()
            continue
        match = ENTRY.match(line.strip())
        # A key that needs no words, such as `backend s`, has a type; what has none has words.
        if match is None:
            raise ValueError(f"neither a key with its type nor a name with its meaning: {line.strip()!r}")
        table.entries.append(Entry(match["name"], match["type"] or "", match["text"] or match["words"] or ""))
    return table


def read_blocks(lines: list[str]) -> Iterator[Paragraph | Table]:
    """What is further in than the comment itself is a table; the rest are paragraphs."""
    base = min((indentation(line) for line in lines if line.strip()), default=0)
    block: list[str] = []
    for line in [*lines, ""]:
        inner = bool(line.strip()) and indentation(line) > base
        if block and (not line.strip() or inner != (indentation(block[0]) > base)):
            yield read_table(block) if indentation(block[0]) > base else Paragraph(" ".join(part.strip() for part in block))
            block = []
        if line.strip():
            block.append(line)


def read_comment(member: Member, comment: str) -> None:
    """`Name:`, then a line for each `@argument:`, then the text."""
    lines = comment.strip("\n").split("\n")
    if lines[0].strip() != f"{member.name}:":
        raise ValueError(f"the comment before {member.name} begins with {lines[0].strip()!r}")
    rest = lines[1:]
    while rest and rest[0].strip().startswith("@"):
        name, _, text = rest.pop(0).strip()[1:].partition(":")
        if name == "short_description":
            member.summary = text.strip()
            continue
        (argument,) = [one for one in member.arguments if one.name == name]
        argument.text = text.strip()
    member.body = list(read_blocks(rest))


def read_element(element: ElementTree.Element, comment: str | None) -> Member:
    member = Member(element.tag, element.attrib["name"], type=element.attrib.get("type", ""))
    default = "out" if element.tag == "signal" else "in"
    member.arguments = [Argument(arg.attrib["name"], arg.attrib["type"], arg.attrib.get("direction", default))
                        for arg in element.findall("arg")]
    if comment is None:
        raise ValueError(f"{member.name} has no comment")
    read_comment(member, comment)
    member.members = list(read_children(element))
    return member


def read_children(parent: ElementTree.Element) -> Iterator[Member]:
    comment = None
    for element in parent:
        if element.tag is ElementTree.Comment:
            comment = element.text
        elif element.tag in ("interface", *KINDS):
            yield read_element(element, comment)
            comment = None


def read_interface(text: str) -> Member:
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    (interface,) = read_children(ElementTree.fromstring(text, parser=parser))
    return interface


def read_interfaces() -> list[Member]:
    return [read_interface((FOLDER / f"{name}.xml").read_text(encoding="utf-8")) for name in INTERFACES]


# Markdown


def markdown_row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def markdown_table(heads: list[str], rows: list[list[str]]) -> str:
    return markdown_row(*heads) + "|" + "---|" * len(heads) + "\n" + "".join(markdown_row(*row) for row in rows) + "\n"


def markdown_entries(table: Table) -> str:
    if any(entry.type for entry in table.entries):
        return markdown_table(["key", "type", "meaning"],
                              [[f"`{one.name}`", f"`{one.type}`" if one.type else "", one.text] for one in table.entries])
    return markdown_table(["name", "meaning"], [[f"`{one.name}`", one.text] for one in table.entries])


def markdown_body(member: Member) -> str:
    return "".join(markdown_entries(one) if isinstance(one, Table) else one.text + "\n\n" for one in member.body)


def markdown_member(member: Member) -> str:
    rows = [[f"`{one.name}`", f"`{one.type}`", one.direction, one.text] for one in member.arguments]
    arguments = markdown_table(["argument", "type", "", "meaning"], rows) if rows else ""
    return f"#### {member.name}\n\n`{member.signature()}`\n\n" + arguments + markdown_body(member)


def markdown_interface(interface: Member) -> str:
    text = f"\n## {interface.name}\n\n{interface.summary}.\n\n" + markdown_body(interface)
    for kind, title in KINDS.items():
        members = [one for one in interface.members if one.kind == kind]
        if members:
            text += f"### {title} of {interface.name}\n\n" + "".join(map(markdown_member, members))
    return text.rstrip("\n") + "\n"


# scdoc


def scdoc_text(text: str) -> str:
    """Our comments write *word* and `word`; what scdoc would take for something else is escaped."""
    text = re.sub(r"([\\_<#\[])", r"\\\1", text)
    return re.sub(r"`([^`]+)`", r"*\1*", text)


def scdoc_entries(table: Table) -> str:
    lines = []
    for one in table.entries:
        kind = f" {scdoc_text(one.type)}" if one.type else ""
        lines.append(f"*{scdoc_text(one.name)}*{kind}\n" + (f"\t{scdoc_text(one.text)}\n" if one.text else "") + "\n")
    return "".join(lines)


def scdoc_body(member: Member) -> str:
    return "".join(scdoc_entries(one) if isinstance(one, Table) else scdoc_text(one.text) + "\n\n" for one in member.body)


def scdoc_member(member: Member) -> str:
    arguments = Table([Entry(one.name, one.type, one.text) for one in member.arguments])
    return f"## {scdoc_text(member.signature())}\n\n" + scdoc_entries(arguments) + scdoc_body(member)


def scdoc_interface(interface: Member) -> str:
    text = f"# THE INTERFACE {interface.name}\n\n{interface.summary}.\n\n" + scdoc_body(interface)
    for kind, title in KINDS.items():
        members = [one for one in interface.members if one.kind == kind]
        if members:
            text += f"# {title.upper()} OF {interface.name}\n\n" + "".join(map(scdoc_member, members))
    return text


# What is asked for


def man(template: str) -> str:
    return template.replace("@interfaces@\n", "".join(map(scdoc_interface, read_interfaces())))


def markdown(text: str) -> str:
    head, mark, _ = text.partition(MARK)
    if not mark:
        raise ValueError(f"there is no line {MARK!r}")
    return head + mark + "".join(map(markdown_interface, read_interfaces()))


def main(arguments: list[str]) -> int | str:
    if len(arguments) == 2 and arguments[0] == "man":
        sys.stdout.write(man(Path(arguments[1]).read_text(encoding="utf-8")))
        return 0
    if len(arguments) < 2 or arguments[0] != "markdown" or arguments[1:-1] not in ([], ["--check"]):
        return __doc__ or ""
    file = Path(arguments[-1])
    old, new = file.read_text(encoding="utf-8"), markdown(file.read_text(encoding="utf-8"))
    if "--check" in arguments:
        return 0 if old == new else f"{file} is not what dbus/*.xml says; run: dbus/document.py markdown {file}"
    file.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))

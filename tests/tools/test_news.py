# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""NEWS has one form, and speaks of the version that is built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLUMNS_MAX = 125

HEADING = re.compile(r"(\d+\.\d+\.\d+), (not released yet|\d{4}-\d{2}-\d{2})")
SAMPLE = "felucca news\n=====\n0.2.0, not released yet\n-----------------------\n\n- A.\n  B.\n\n0.1.0, 2026-01-31\n-----\n\n- C.\n"


def violations(text: str, version: str) -> list[str]:
    """Each as one line."""
    lines = text.split("\n")
    found = [f"{at}: too long" for at, line in enumerate(lines, 1) if len(line) > COLUMNS_MAX]
    found += [f"{at}: a blank at the end" for at, line in enumerate(lines, 1) if line != line.rstrip()]
    headings = [match for line in lines if (match := HEADING.fullmatch(line)) is not None]
    versions = [match.group(1) for match in headings]
    if not text.startswith("felucca news\n=====\n"):
        found.append("1: not the title")
    if not versions or versions[0] != version:
        found.append(f"the first version is not {version}")
    if versions != sorted(set(versions), key=lambda one: [int(part) for part in one.split(".")], reverse=True):
        found.append("the newest version does not come first")
    if any(match.group(2) == "not released yet" for match in headings[1:]):
        found.append("an older version is not released")
    if text[-1:] != "\n" or text[-2:] == "\n\n":
        found.append("it does not end with one end of a line")
    return found + item_violations(lines[2:])


def item_violations(lines: list[str]) -> list[str]:
    """Below a heading there are items, which are sentences."""
    body = "\n".join(lines)
    sections = re.split(r"^\S.*\n-{3,}\n\n", body, flags=re.MULTILINE)
    found = [] if sections[0] == "" else ["a line before the first heading"]
    for section in sections[1:]:
        items = re.split(r"^- ", section.rstrip("\n"), flags=re.MULTILINE)
        if items[0] != "" or len(items) < 2:
            found.append("a heading without items, or a line that belongs to none")
        for item in items[1:]:
            rest = item.rstrip("\n").split("\n")
            if not item.rstrip("\n").endswith(".") or any(not re.match(r"  \S", line) for line in rest[1:]):
                found.append(f"not a sentence, or not indented by two: {rest[0]}")
    return found


def test_news() -> None:
    version = re.search(r"^  version: '([^']*)',$", (ROOT / "meson.build").read_text(), re.MULTILINE)
    assert version is not None
    assert violations((ROOT / "NEWS").read_text(), version.group(1)) == []


def test_good_sample() -> None:
    assert violations(SAMPLE, "0.2.0") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("felucca news", "news"),
        ("0.2.0", "0.3.0"),
        ("0.1.0", "0.4.0"),
        ("2026-01-31", "not released yet"),
        ("- A.", "- " + "A" * COLUMNS_MAX + "."),
        ("- A.", "- A. "),
        ("  B.", "  B"),
        ("  B.", "B."),
        ("- C.\n", ""),
        ("- C.\n", "- C."),
        ("- A.", "A."),
    ],
)
def test_bad_sample(old: str, new: str) -> None:
    assert violations(SAMPLE.replace(old, new, 1), "0.2.0") != []

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/troubleshooting.md quotes sentences that we say, and has every error name with the exit status that it gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/troubleshooting.md").read_text()
QUOTES = re.findall(r'^\| "(.+?)" \|', PAGE, re.MULTILINE)
NAMES = re.findall(r"^\| (\w+) \| (\d) \| (.+) \|$", PAGE, re.MULTILINE)
LITERALS = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*(?:FEL_\w+\s*)?"(?:[^"\\\n]|\\.)*")*')
FORMAT = re.compile(r"%(?:[-+0#]*[0-9.*]*(?:z|l|h)*[sdiuxzc])?")
LEAST = 15  # letters of a sentence that are not a name


def sentences() -> list[str]:
    """Every string of our code, with … for what is filled in."""
    found = []
    for folder in ("daemon", "client", "plugins"):
        for path in sorted((ROOT / folder).rglob("*.c")):
            for literal in LITERALS.findall(path.read_text()):
                text = "".join(part.replace('\\"', '"') for part in re.findall(r'"((?:[^"\\\n]|\\.)*)"', literal))
                found.append(re.sub(r"…+", "…", FORMAT.sub("…", text)))
    return found


SENTENCES = sentences()


def is_said(quote: str) -> bool:
    parts = quote.split("…")
    # What is one name for people may be several strings here: "acme/orders, tenant t1".
    pattern = re.compile(".*?".join(map(re.escape, parts)))
    return sum(map(len, parts)) >= LEAST and any(pattern.search(sentence) for sentence in SENTENCES)


@pytest.mark.parametrize("quote", QUOTES)
def test_we_say_that(quote: str):
    assert is_said(quote)


def test_what_nobody_says_is_noticed():
    assert len(QUOTES) > 30
    assert is_said("no credential '…' is stored") and not is_said("no credential '…' is kept")
    assert not is_said("…: …")


def test_no_row_is_without_a_quote():
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and not line.startswith(("| it says", "| name", "|---"))]
    assert len(rows) == len(QUOTES) + len(NAMES)


def test_every_error_name_is_there():
    known = re.findall(r'FEL_ERROR_PREFIX "(\w+)"', (ROOT / "daemon/error.c").read_text())
    assert sorted(name for name, _, _ in NAMES) == sorted(known)


def test_exit_statuses():
    rules = dict(re.findall(r'FEL_ERROR_PREFIX "(\w+)", (FEL_EXIT_\w+)', (ROOT / "client/exit.c").read_text()))
    values = re.findall(r"^  (FEL_EXIT_\w+)(?: = (\d+))?", (ROOT / "client/exit.h").read_text(), re.MULTILINE)
    statuses: dict[str, int] = {}
    for name, value in values:
        statuses[name] = int(value) if value else len(statuses)
    assert {name: int(status) for name, status, _ in NAMES} == {
        name: statuses[rules.get(name, "FEL_EXIT_FAILED")] for name, _, _ in NAMES}

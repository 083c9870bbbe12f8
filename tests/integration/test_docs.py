# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every example in README, the manual pages, docs/ and the backends' READMEs is run, or is said here not to be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from doc_blocks import ROOT, RUN, BadDocument, Block, Names, Reader, documents, read, steps_of
from doc_worlds import WORLDS, Worlds

DOCUMENTS = documents()
BLOCKS = {document: read(document) for document in DOCUMENTS}
# How many blocks of a document are not run, each with its reason in the document. A new one has to be counted here.
SKIPPED = {
    "README.md": 4,
    "docs/backends-exec.md": 1,
    "docs/felucca-daemon.8.scd": 2,
    "docs/felucca.1.scd": 1,
    "docs/org.felucca.Credentials1.5.scd.in": 1,
    "docs/performance.md": 1,
    "docs/testing.md": 1,
    "docs/troubleshooting.md": 1,
    "plugins/vault/README.md": 1,
}
# What is neither a command nor an example: drawings, and code that other tests compile.
SILENT = {"text"}


def world_of(document: str, at: Block) -> str:
    """The last one that is named before it."""
    named = "nile"
    for block in BLOCKS[document]:
        named = block.mark("world") or named
        if block is at:
            break
    return named


@pytest.mark.parametrize("document", [name for name, blocks in BLOCKS.items() if any(one.way in RUN for one in blocks)])
def test_what_is_shown_happens(document: str):
    wrong = []
    with Worlds() as worlds:
        for block in BLOCKS[document]:
            if block.way in RUN:
                try:
                    found = worlds.get(world_of(document, block)).run(block)
                except AssertionError as error:
                    found = str(error)
                wrong += [f"{block.place}: {found}"] if found else []
    assert wrong == [], "\n" + "\n\n".join(wrong)


def test_what_is_not_run_is_known():
    skipped = {document: [f"{one.place}: {one.mark('skip')}" for one in blocks if one.way == "skip"]
               for document, blocks in BLOCKS.items()}
    for reason in (reason for reasons in skipped.values() for reason in reasons):
        print(reason)
    assert {document: len(reasons) for document, reasons in skipped.items() if reasons} == SKIPPED


def test_nothing_else_is_left_out():
    assert [block.place for blocks in BLOCKS.values() for block in blocks if block.way not in {*RUN, *SILENT, "skip"}] == []
    assert [block.place for blocks in BLOCKS.values() for block in blocks
            if block.way in SILENT and any(line.startswith(("$ ", "felucca ")) for line in block.text.split("\n"))] == []
    assert {block.mark("world") for blocks in BLOCKS.values() for block in blocks} <= {None, *WORLDS}
    assert sum(block.way in RUN for blocks in BLOCKS.values() for block in blocks) > 30


def test_numbers_of_messages_are_those_of_the_daemon():
    known = set(re.findall(r"\b[0-9a-f]{32}\b", (ROOT / "daemon/log.c").read_text()))
    named = {number for document in DOCUMENTS for number in re.findall(r"MESSAGE_ID=([0-9a-f]+)", (ROOT / document).read_text())}
    assert named and named <= known


def anchors(text: str) -> set[str]:
    """As the usual web pages make them of headings."""
    return {re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def dead_links(path: Path, text: str) -> list[str]:
    found = []
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", text):
        other = path if not target else path.parent / target
        if not other.exists() or (anchor and anchor not in anchors(other.read_text())):
            found.append(f"{target}#{anchor}")
    return found


@pytest.mark.parametrize("document", ["SECURITY.md", "HACKING.md", *(name for name in DOCUMENTS if name.endswith(".md"))])
def test_links_lead_somewhere(document: str):
    assert dead_links(ROOT / document, (ROOT / document).read_text()) == []


# That the tests above can fail


def test_a_dead_link_is_noticed():
    assert dead_links(ROOT / "README.md", "[a](docs/none.md) [b](README.md#none) [c](#try-it) [d](docs/recipes.md#ssh)") == [
        "docs/none.md#", "README.md#none"]


@pytest.mark.parametrize("text,reason", [
    ("```sh\ntrue\n", "has no end"), ("```\ntrue\n```\n", "kind ''"), ("```shell\ntrue\n```\n", "kind 'shell'"),
    ("<!-- doc: ship: why -->\n```sh\n```\n", "no mark 'ship'"), ("<!-- doc skip: why -->\n```sh\n```\n", "not understood"),
    ("<!-- doc: skip: -->\n```sh\n```\n", "not understood"), ("<!-- doc: skip: why -->\ntext\n```sh\n```\n", "text between"),
    ("<!-- doc: skip: a -->\n<!-- doc: skip: b -->\n", "twice"), ("<!-- doc: skip: why -->\n", "no block"),
    ("  ```sh title\ntrue\n```\n", "a fence"),
])
def test_a_document_that_is_not_understood(text: str, reason: str):
    with pytest.raises(BadDocument, match=reason):
        Reader("some.md", text)


def test_blocks_are_found():
    text = "words\n<!-- doc: world: nile -->\n<!-- doc: let: A = echo a -->\n\n```sh\necho A\n```\n\n  ```json\n  {\n  }\n  ```\n"
    assert Reader("some.md", text).blocks == [
        Block("some.md", 5, "sh", "echo A\n", {"world": ["nile"], "let": ["A = echo a"]}), Block("some.md", 9, "json", "{\n}\n")]
    (block,) = Reader("some.1.scd", "words\n; doc: skip: why\n```\nfelucca list\n```\n").blocks
    assert block == Block("some.1.scd", 3, "sh", "felucca list\n", {"skip": ["why"]})


def test_a_transcript_is_read():
    steps = steps_of("# what for\n$ one \\\n  two\nout\n\n# next\n$ three '\nfour'\n$ five\n")
    assert [(step.command, step.output) for step in steps] == [("one \\\n  two", ["out"]), ("three '\nfour'", []), ("five", [])]


ONE, TWO = "01a20671-82c7-79aa-bed2-d0a3a6f09dcf", "01a20671-830e-7162-9199-cf15a77b8fb6"
HERE, THERE = "11111111-82c7-79aa-bed2-d0a3a6f09dcf", "22222222-82c7-79aa-bed2-d0a3a6f09dcf"


@pytest.mark.parametrize("shown,printed,right", [
    (["a"], ["a"], True), (["a"], ["b"], False), (["a"], [], False), ([], ["a"], False), (["a…c"], ["abbc"], True),
    (["a…c"], ["ab"], False), (["a", "…", "z"], ["a", "b", "c", "z"], True), (["a", "…", "z"], ["a", "z"], True),
    (["a", "…"], ["a", "b"], True), (["a", "…", "z"], ["a", "b"], False), ([f"{ONE} {ONE}"], [f"{HERE} {HERE}"], True),
    ([ONE, TWO, ONE], [HERE, THERE, HERE], True), ([ONE, TWO, ONE], [HERE, THERE, THERE], False),
    (["ends in 1 h"], ["ends in 59 min"], True), (["made now"], ["made 3 s ago"], True), (["in 1 h"], ["in 1 house"], False),
    (["known"], ["know3 s ago"], False), ([ONE], ["none"], False), (["id ID"], ["id x1"], True), (["ID ID"], ["x1 x2"], False), (["."], ["x"], False),
])
def test_output_is_compared(shown: list[str], printed: list[str], right: bool):
    assert (Names().compare(shown, printed) is None) == right


def test_output_is_shortened():
    assert Names().shorten(["a", ONE, "z"], ["a", "b", HERE, "y", "z"]) is None
    assert Names().shorten(["a", "z"], ["z", "a"]) == "'z' does not come"


def test_ids_are_filled_in():
    names = Names()
    assert names.compare([f"id {ONE}"], [f"id {HERE}"]) is None
    names.actual |= {"ID": "x1", "/srv/a": "/tmp/b"}
    assert names.fill_in(f"felucca revoke {ONE} ID; IDS={TWO} ls /srv/a/c") == f"felucca revoke {HERE} x1; IDS={TWO} ls /tmp/b/c"


@pytest.mark.parametrize("text", [
    "```sh\nfalse\ntrue\n```\n", "```console\n$ echo a\nb\n```\n", "```console\n$ false\n```\n", "```json\n{\n```\n",
    "```ini\n[backend x]\nmodule=missing\n```\n", "```ini\n[daemon]\nnone=1\n```\n", "<!-- doc: after: false -->\n```sh\ntrue\n```\n",
    "<!-- doc: before: false -->\n```sh\ntrue\n```\n", "<!-- doc: status: 1 -->\n```sh\ntrue\n```\n",
    "<!-- doc: shows: echo a -->\n```console\nb\n```\n", "<!-- doc: excerpt: README.md -->\n```text\nno such line\n```\n",
])
def test_an_example_that_is_wrong_is_noticed(text: str):
    (block,) = Reader("some.md", text).blocks
    with Worlds() as worlds:
        try:
            assert worlds.get("signed-out").run(block) is not None
        except AssertionError as error:  # a hidden command
            assert "false" in str(error)


def test_an_example_that_is_right():
    text = ("<!-- doc: let: A = echo 1 -->\n<!-- doc: stdin: echo in -->\n```console\n$ echo A; cat\n1\nin\n$ felucca --version\n"
            "felucca …\n```\n<!-- doc: file: ~/a/b -->\n```text\nhello\n```\n```sh\ngrep hello ~/a/b\n```\n")
    with Worlds() as worlds:
        assert [worlds.get("signed-out").run(block) for block in Reader("some.md", text).blocks] == [None, None, None]

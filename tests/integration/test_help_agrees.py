# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Help, manual pages, completions and what is quoted in the text know the same verbs, options, formats and settings.

`--help` prints the tables that the command parses with, so it is what the others are held against.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from desktop import BUILD, CLIENT, DAEMON, Desktop
from doc_blocks import ROOT, documents
from test_completions import in_bash, in_fish, in_zsh

MANUAL = (ROOT / "docs/felucca.1.scd").read_text()
CONFIGURATION = (ROOT / "docs/felucca.conf.5.scd").read_text()
OPTION = re.compile(r"^  (?:-(?P<short>\w), )?--(?P<long>[a-z-]+)(?:=(?P<value>\S+))?", re.MULTILINE)
SETTINGS = re.compile(r"char \*const (?:exec_)?settings\[\] = \{(.*?)NULL", re.DOTALL)
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # of a terminal
BY_SCDOC = re.compile(r"skipping paragraph macro: PP (empty|after (SH|SS))$")  # harmless, and not ours


@dataclass
class Usage:
    """What the help of a verb says, or a manual page: options as (short, long, has a value)."""

    options: set[tuple[str, str, bool]] = field(default_factory=set)
    synopsis: str = ""


def help_of(program: Path, *verb: str) -> str:
    return subprocess.run([program, *verb, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout


def options_in(text: str) -> set[tuple[str, str, bool]]:
    return {(one["short"] or "", one["long"], one["value"] is not None) for one in OPTION.finditer(text)}


GLOBAL_HELP = help_of(CLIENT)
VERBS = re.findall(r"^  ([a-z-]+) +[A-Z]", GLOBAL_HELP.partition("Verbs:")[2].partition("\n\n")[0], re.MULTILINE)
GLOBALS = options_in(GLOBAL_HELP)


def known(verb: str) -> Usage:
    text = help_of(CLIENT, verb)
    return Usage(options_in(text) - GLOBALS, re.search(r"^  felucca (.*)$", text, re.MULTILINE)[1])


KNOWN = {verb: known(verb) for verb in VERBS}


def test_help_is_read():
    assert len(VERBS) > 10 and len(GLOBALS) > 5
    assert ("e", "env", True) in KNOWN["run"].options and ("", "yes", False) not in KNOWN["run"].options


# The manual page


def section(text: str, title: str) -> str:
    assert text.count(f"\n# {title}\n") == 1, "a page has each section once"
    return text.partition(f"\n# {title}\n")[2].partition("\n# ")[0]


def bare(text: str) -> str:
    """Without scdoc's marks."""
    return re.sub(r"(?<!\\)[*_]", "", text).replace("\\", "")


def documented_options(text: str, indent: str) -> set[tuple[str, str, bool]]:
    found = re.findall(rf"^{indent}(?:\*-(\w)\*, )?\*--([a-z-]+)\*( _\S+_)?$", text, re.MULTILINE)
    return {(short, long, bool(value)) for short, long, value in found}


def documented_verbs() -> dict[str, str]:
    parts = re.split(r"^\*([a-z-]+)\*.*$", section(MANUAL, "VERBS"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def test_the_manual_has_the_verbs():
    assert list(documented_verbs()) == VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_the_manual_has_the_options(verb: str):
    assert documented_options(documented_verbs()[verb], "\t") == KNOWN[verb].options


@pytest.mark.parametrize("verb", VERBS)
def test_the_synopsis_has_the_options(verb: str):
    lines = [bare(line.replace("\n", " ")).strip() for line in section(MANUAL, "SYNOPSIS").split("++\n")]
    (synopsis,) = [line for line in lines if line.split()[:2] == ["felucca", verb]]
    assert set(re.findall(r"--([a-z-]+)", synopsis)) == {long for _, long, _ in KNOWN[verb].options}


def test_the_manual_has_the_global_options():
    assert documented_options(section(MANUAL, "GLOBAL OPTIONS"), "") | {("", "version", False)} == GLOBALS
    assert "*--version*" in section(MANUAL, "GLOBAL OPTIONS")


def formats() -> list[str]:
    return re.search(r"--format=F +(.*)$", GLOBAL_HELP, re.MULTILINE)[1].replace(" or ", ", ").split(", ")


def test_the_manual_has_the_formats():
    assert re.findall(r"^\*([a-z-]+)\*$", section(MANUAL, "FORMATS"), re.MULTILINE) == formats()


def test_the_manual_has_the_exit_statuses():
    header = (ROOT / "client/exit.h").read_text()
    documented = section(MANUAL, "EXIT STATUS")
    assert re.findall(r"\*(\d+)\*", documented) == re.findall(r"^  FEL_EXIT_\w+ = (\d+)", header, re.MULTILINE)


def test_the_daemons_manual_has_its_options():
    documented = section((ROOT / "docs/felucca-daemon.8.scd").read_text(), "OPTIONS")
    named = {long for _, long, _ in options_in(help_of(DAEMON))}
    assert set(re.findall(r"\*--([a-z-]+)\*", documented)) == named


# felucca.conf(5)


def documented_keys(title: str) -> set[str]:
    heads = re.findall(r"^\*[a-z-]+=\*(?:, \*[a-z-]+=\*)*$", section(CONFIGURATION, title), re.MULTILINE)
    return {key for head in heads for key in re.findall(r"([a-z-]+)=", head)}


MODULES = [path.name for path in sorted((ROOT / "plugins").iterdir()) if path.name != "example" and (path / "meson.build").exists()]


@pytest.mark.parametrize("module", MODULES)
def test_the_settings_of_a_module(module: str):
    (declared,) = [found[1] for path in (ROOT / "plugins" / module).glob("*.c") if (found := SETTINGS.search(path.read_text()))]
    assert documented_keys(f"KEYS OF THE MODULE {module}") == set(re.findall(r'"([a-z-]+)"', declared))


def test_the_settings_of_the_daemon():
    text = (ROOT / "daemon/config.c").read_text()
    known_keys = set(re.findall(r'g_str_equal \(key, "([a-z-]+)"\)', text))
    assert documented_keys("[daemon]") | documented_keys("[backend NAME]") == known_keys | {"module"}


def test_every_module_is_documented():
    assert sorted(re.findall(r"^# KEYS OF THE MODULE (\w+)$", CONFIGURATION, re.MULTILINE)) == MODULES
    assert [name for name in MODULES if name not in section(CONFIGURATION, "[backend NAME]")] == []
    assert len(MODULES) == 5


# Completions


@pytest.fixture(scope="module")
def bus() -> Iterator[Desktop]:
    with Desktop(keyring=False, sign_in=False, daemon=False) as desktop:
        yield desktop


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("complete", [in_bash, in_fish, in_zsh], ids=["bash", "fish", "zsh"])
def test_completions_have_the_options(bus: Desktop, complete: Callable[[Desktop, str], str], verb: str):
    shown = set(re.findall(r"(?<![\w-])--([a-z-]+)", CONTROL.sub(" ", complete(bus, f"felucca {verb} --"))))
    assert shown == {long for _, long, _ in KNOWN[verb].options | GLOBALS}


@pytest.mark.parametrize("complete", [in_bash, in_fish, in_zsh], ids=["bash", "fish", "zsh"])
def test_completions_have_the_formats(bus: Desktop, complete: Callable[[Desktop, str], str]):
    shown = re.findall(r"[a-z][a-z-]+", complete(bus, "felucca get --format "))
    assert [one for one in formats() if one not in shown] == []


# What is quoted in the text


def quoted(document: str) -> list[str]:
    """Commands in the middle of a sentence."""
    text = (ROOT / document).read_text()
    if ".scd" in document:
        return [bare(one) for one in re.findall(r"\*felucca [a-z][^*]*\*", text)]
    outside = re.sub(r"(?ms)^```.*?^```$", "", text)
    return re.findall(r"`(felucca [a-z-][^`]*)`", outside)


def faults(command: str) -> list[str]:
    words = command.split(" -- ")[0].split()[1:]
    verb = next((word for word in words if not word.startswith("-")), None)
    if verb is not None and verb not in VERBS:
        return [f"there is no verb {verb}"]
    options = {long for _, long, _ in GLOBALS | (KNOWN[verb].options if verb else set())}
    return [f"{verb} has no {word}" for word in words if word.startswith("--") and word != "--" and word[2:].split("=")[0] not in options]


@pytest.mark.parametrize("document", ["SECURITY.md", "HACKING.md", *documents()])
def test_what_is_quoted_can_be_typed(document: str):
    assert [(command, fault) for command in quoted(document) for fault in faults(command)] == []


def test_what_cannot_be_typed_is_noticed():
    assert sum(len(quoted(document)) for document in documents()) > 40
    assert faults("felucca lits") and faults("felucca list --yes") and faults("felucca --nothing")
    assert not faults("felucca run a/b --env A=url -- ls --all") and not faults("felucca --json list")


# Manual pages as they are installed


PAGES = sorted((BUILD / "docs").glob("*.[1-9]"))


@pytest.mark.skipif(not PAGES, reason="built without manual pages")
def test_all_manual_pages_are_built():
    sources = {path.name.removesuffix(".in").removesuffix(".scd") for pattern in ("*.scd", "*.scd.in") for path in (ROOT / "docs").glob(pattern)}
    assert {page.name for page in PAGES} == sources


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="there is no mandoc")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_manual_page_has_no_fault(page: Path):
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, timeout=60)
    assert [line for line in done.stdout.splitlines() if not BY_SCDOC.search(line)] == []
    assert "EXAMPLE" in page.read_text() or page.suffix in (".7", ".8")


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_man_shows_it_without_a_warning(page: Path):
    done = subprocess.run(["man", "--warnings=w", "-l", page], capture_output=True, text=True, timeout=60,
                          env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANPAGER": "cat"})
    assert (done.returncode, done.stderr) == (0, "")
    assert page.name.rpartition(".")[0] in done.stdout


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="there is no mandoc")
def test_a_fault_of_a_manual_page_is_noticed(tmp_path: Path):
    page = tmp_path / "bad.1"
    page.write_text('.TH "bad" "1" "2026-01-01"\n.SH NAME\nbad - page\n.RE\n.XX\n')
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, timeout=60)
    assert [line for line in done.stdout.splitlines() if not BY_SCDOC.search(line)] != []

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""dbus/*.xml says what the daemon knows, and docs/dbus-api.md says what dbus/*.xml says."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
CALLS = {"CreateCredential": "CREATE", "GetCredential": "GET", "ListCredentials": "LIST", "RevokeCredential": "REVOKE",
         "RotateCredential": "ROTATE", "SignIn": "SIGN_IN", "SignOut": "SIGN_OUT"}
DECLARED = re.compile(r"^#define (\w+) \(?(FEL_CALL_\w+|[A-Z_]+)((?: \| \w+)*)\)?$", re.MULTILINE)
OPTION = re.compile(r'^  \{ "([a-z-]+)", \'(\w)\', OFFSET \(\w+\), ([A-Z_ |]+),', re.MULTILINE)


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("document", ROOT / "dbus/document.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["document"] = module  # dataclasses look there for the names of types
    spec.loader.exec_module(module)
    return module


document = load()
INTERFACES = {one.name: one for one in document.read_interfaces()}
MEMBERS = {one.name: one for interface in INTERFACES.values() for one in interface.members}


def tables(member: object) -> list[dict[str, str]]:
    """Names and types of each table in a comment."""
    return [{one.name: one.type for one in part.entries} for part in member.body if isinstance(part, document.Table)]


def calls_of(words: str, declared: dict[str, str]) -> set[str]:
    found = set()
    for word in words.split(" | "):
        found |= {word} if word.startswith("FEL_CALL_") else calls_of(declared[word], declared)
    return found


def taken_options() -> dict[str, dict[str, str]]:
    """What daemon/options.c takes: options with their types, for each call."""
    text = (ROOT / "daemon/options.c").read_text()
    declared = {name: first + rest for name, first, rest in DECLARED.findall(text)}
    found: dict[str, dict[str, str]] = {call: {} for call in CALLS.values()}
    for name, type, calls in OPTION.findall(text):
        for call in calls_of(calls, declared):
            found[call.removeprefix("FEL_CALL_")][name] = type.lower()  # 'S': a string that is a secret
    return found


TAKEN = taken_options()


def test_the_page_is_up_to_date():
    assert document.main(["markdown", "--check", str(ROOT / "docs/dbus-api.md")]) == 0


def test_a_page_that_is_not_is_noticed(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text((ROOT / "docs/dbus-api.md").read_text().replace("`secret-fd`", "`secret-fb`"))
    assert "is not what dbus/*.xml says" in document.main(["markdown", "--check", str(page)])
    assert document.main(["markdown", str(page)]) == 0
    assert document.main(["markdown", "--check", str(page)]) == 0


@pytest.mark.parametrize("method", CALLS)
def test_options(method: str):
    (documented,) = tables(MEMBERS[method])
    if method == "GetCredential":
        assert "those of CreateCredential" in MEMBERS[method].arguments[2].text
        documented |= tables(MEMBERS["CreateCredential"])[0]
    assert documented == TAKEN[CALLS[method]]
    assert len(documented) > 1


def test_nothing_else_takes_options():
    with_options = {one.name for one in MEMBERS.values() if any(arg.direction == "in" and arg.type == "a{sv}" for arg in one.arguments)}
    assert with_options == set(CALLS)


def test_errors():
    names = re.findall(r'FEL_ERROR_PREFIX "(\w+)"', (ROOT / "daemon/error.c").read_text())
    assert len(names) > 20
    assert sorted(tables(INTERFACES["org.felucca.Credentials1"])[1]) == sorted(names)


def test_keys_of_a_credential():
    names = re.findall(r'#define FEL_KEY_\w+ "([a-z-]+)"', (ROOT / "dbus/felucca-names.h").read_text())
    assert len(names) > 20
    assert sorted(tables(INTERFACES["org.felucca.Credentials1"])[0]) == sorted(names)


@pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS.keys())
def test_every_member_is_explained(member):
    assert [one.name for one in member.arguments if not one.text] == []
    assert member.body or member.arguments


GOOD = """<node><!-- I:
  @short_description: Nothing --><interface name="I"><!--
    M:
    @a: in it goes

    Words.

    Options:
      one  s  a thing that is
              longer
      two  b
    --><method name="M"><arg name="a" type="s" direction="in"/></method></interface></node>"""


def test_a_comment_is_read():
    member = document.read_interface(GOOD).members[0]
    words, heading, table = member.body
    assert (words.text, heading.text, member.arguments[0].text) == ("Words.", "Options:", "in it goes")
    assert [(one.name, one.type, one.text) for one in table.entries] == [("one", "s", "a thing that is longer"), ("two", "b", "")]
    assert member.signature() == "M (a s)"


@pytest.mark.parametrize("good,bad", [
    ("    M:\n", "    N:\n"), ("@a:", "@b:"), ("two  b", "two"), ("<!--\n    M:", "<!--\n\n    M of it:"),
])
def test_a_bad_comment_is_refused(good: str, bad: str):
    assert good in GOOD
    with pytest.raises(ValueError):
        document.read_interface(GOOD.replace(good, bad))


def test_a_missing_comment_is_refused():
    with pytest.raises(ValueError, match="M has no comment"):
        document.read_interface(re.sub(r"(?s)(<interface name=\"I\">)<!--.*-->", r"\1", GOOD))

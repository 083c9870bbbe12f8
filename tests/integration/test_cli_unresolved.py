# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`felucca unresolved` and what else the command says of mints whose outcome is not known, against a stand-in daemon
whose answers may be odd."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import Any, Iterator

import pytest

from daemon_stand_in import DaemonStandIn
from desktop import Desktop
from gi.repository import GLib
from terminals import show

INTENT = "3f2a9c1b-5d44-4e0c-9a61-7d1f5f6f8a10"
SIBLING = "3f2a9c1b-0000-4e0c-9a61-7d1f5f6f8a11"
OTHER = "b0b0b0b0-5d44-4e0c-9a61-7d1f5f6f8a12"
ID = "01932d5e-7c3a-7bbb-8f00-000000000001"


@pytest.fixture(scope="module")
def bus() -> Iterator[Desktop]:
    """A bus and nothing else; the tests of this file leave nothing behind on it."""
    with Desktop(keyring=False, sign_in=False, daemon=False) as desktop:
        yield desktop


@pytest.fixture
def daemon(bus: Desktop) -> Iterator[DaemonStandIn]:
    with DaemonStandIn(bus) as stand_in:
        yield stand_in


def mint(intent: str = INTENT, state: str = "sent", age_sec: int = 180, **more: Any) -> dict[str, Any]:
    """One entry; `tenant_id` is tenant-id."""
    entry = {"intent": intent, "backend": "nile", "workspace": "acme", "database": "orders", "state": state,
             "since": int(time.time()) - age_sec}
    return entry | {key.replace("_", "-"): value for key, value in more.items()}


def run(bus: Desktop, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = bus.cli(*arguments)
    assert done.returncode == status, (done.stdout, done.stderr)
    if status != 0:
        assert done.stdout == ""
        assert done.stderr.startswith("felucca: ") and done.stderr.count("\n") == 1
    return done


# The list


def test_nothing_is_unresolved(bus: Desktop, daemon: DaemonStandIn):
    done = run(bus, "unresolved")
    assert (done.stdout, done.stderr) == ("", "felucca: there are no unresolved mints\n")
    assert run(bus, "unresolved", "--json").stdout == "[]\n"
    assert run(bus, "unresolved", "--quiet").stderr == ""


@pytest.mark.parametrize("more,said", [
    ({"state": "prepared"}, ["nothing was sent to the provider yet"]),
    ({}, ["perhaps one was minted; the provider was not asked yet"]),
    ({"candidates": []}, ["the provider lists none that could be it"]),
    ({"candidates": [ID]}, [f"could be {ID}"]),
    ({"candidates": ["c1", "c2"]}, ["could be one of 2: c1, c2"]),
    ({"candidates": ["c1", "c2", "c3", "c4", "c5"]}, ["could be one of 5: c1, c2, c3, c4, c5"]),
    ({"candidates": ["c1", "c2", "c3", "c4", "c5", "c6"]}, ["could be one of 6: c1, c2, c3, c4, c5 and 1 more"]),
    ({"state": "minted", "id": ID}, [f"minted as {ID}, which is to be ended"]),
    ({"state": "minted", "id": ID, "detail": "it hung up"}, [f"minted as {ID}, which is to be ended", "last try: it hung up"]),
    ({"state": "of-a-later-version"}, []),
])
def test_what_a_person_decides_on_is_below_the_row(bus: Desktop, daemon: DaemonStandIn, more: dict[str, Any], said: list[str]):
    daemon.unresolved = [mint(**more)]
    heading, row, *notes = run(bus, "unresolved").stdout.splitlines()
    assert heading.split() == ["INTENT", "DATABASE", "BACKEND", "STATE", "SINCE"]
    assert row.split() == [INTENT, "acme/orders", "nile", more.get("state", "sent"), "3", "min", "ago"]
    assert notes == ["  " + line for line in said]


def test_whom_it_was_for_is_in_the_row(bus: Desktop, daemon: DaemonStandIn):
    daemon.unresolved = [mint(tenant_id="t1", internal=True), mint(OTHER)]
    lines = run(bus, "unresolved").stdout.splitlines()
    assert lines[0].split()[-2:] == ["TENANT", "INTERNAL"]
    assert lines[1].split()[-2:] == ["t1", "yes"]
    assert lines[3].split()[0] == OTHER and lines[3].endswith("ago")


def test_json_is_what_the_daemon_said(bus: Desktop, daemon: DaemonStandIn):
    daemon.unresolved = [
        mint(candidates=[]), mint(OTHER, "minted", id=ID, internal=True, tenant_id="t1", detail="line\none\t\x01\u202e"),
        mint(SIBLING, candidates=["c1", "c2"], of_a_later_version="yes"),
    ]
    for arguments in (["--json"], ["--format", "json"]):
        done = run(bus, "unresolved", *arguments)
        assert json.loads(done.stdout) == daemon.unresolved
        assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_one_backend(bus: Desktop, daemon: DaemonStandIn):
    daemon.unresolved = [mint(), mint(OTHER, backend="gone")]
    assert [one["intent"] for one in json.loads(run(bus, "unresolved", "-b", "gone", "--json").stdout)] == [OTHER]
    assert run(bus, "unresolved", "-b", "nobody").stdout == ""
    run(bus, "unresolved", "keep", INTENT, "-b", "gone", status=7)
    assert daemon.resolved == []


def test_a_terminal_gets_colours_and_the_next_step(bus: Desktop, daemon: DaemonStandIn):
    daemon.unresolved = [mint(candidates=[ID])]
    screen = show(bus, "unresolved")
    assert "\x1b[33msent\x1b[0m" in screen
    for action in ("felucca unresolved revoke INTENT", "keep INTENT", "forget INTENT"):
        assert action in screen
    assert "revoke" not in show(bus, "unresolved", "--quiet")
    assert run(bus, "unresolved").stderr == ""


def test_a_narrow_terminal_cuts_nothing_that_decides(bus: Desktop, daemon: DaemonStandIn):
    sentence = "the provider did not answer within 30 seconds and so on, and so on, up to the end"
    ids = [f"01932d5e-7c3a-7bbb-8f00-00000000000{i}" for i in range(4)]
    daemon.unresolved = [mint(candidates=ids, detail=sentence)]
    screen = show(bus, "unresolved", columns=60).replace("\r\n", "\n")
    for text in (*ids, sentence):
        assert text in screen


@pytest.mark.parametrize("key", ["intent", "workspace", "database", "backend", "state", "detail", "tenant-id", "id"])
def test_nothing_plays_with_the_terminal(bus: Desktop, daemon: DaemonStandIn, key: str):
    daemon.unresolved = [mint() | {key: "a\x1b[2Jb\nc\u202ed"}]
    for shown in (run(bus, "unresolved").stdout, show(bus, "unresolved", NO_COLOR="1")):
        assert "a\ufffd[2Jb\ufffdc\ufffdd" in shown
        assert [c for c in ("\x1b", "\u202e") if c in shown] == []


def test_candidates_do_not_play_either(bus: Desktop, daemon: DaemonStandIn):
    daemon.unresolved = [mint(candidates=["a\x1bb\r", "c\nd"])]
    assert "could be one of 2: a\ufffdb\ufffd, c\ufffdd\n" in run(bus, "unresolved").stdout


@pytest.mark.parametrize("entry", [
    {}, {"intent": INTENT}, {"state": "sent"}, {"intent": "", "detail": "", "candidates": [""]},
    {"intent": 7, "since": "yesterday", "candidates": "c1", "state": True, "detail": ["x"], "id": False},
    mint(since=-2**63), mint(since=2**63 - 1), mint(since=GLib.Variant("t", 2**64 - 1)),
    mint(candidates=GLib.Variant("ax", [1, 2])), mint(more=GLib.Variant("(sa{sv})", ("x", {}))),
])
def test_odd_entries_are_shown_as_far_as_they_go(bus: Desktop, daemon: DaemonStandIn, entry: dict[str, Any]):
    daemon.unresolved = [entry, mint(OTHER, detail="as ever")]
    shown = run(bus, "unresolved").stdout
    assert OTHER in shown and "last try: as ever" in shown
    assert len(json.loads(run(bus, "unresolved", "--json").stdout)) == 2
    run(bus, "unresolved", "keep", OTHER)
    assert re.search(r"^unresolved +2 ", run(bus, "status").stdout, re.MULTILINE)


def test_thousands(bus: Desktop, daemon: DaemonStandIn):
    daemon.unresolved = [mint(f"{i:08x}-5d44-4e0c-9a61-7d1f5f6f8a10", detail=f"number {i}") for i in range(5000)]
    lines = run(bus, "unresolved").stdout.splitlines()
    assert len(lines) == 1 + 3 * 5000
    assert lines[-1] == "  last try: number 4999"
    assert len(json.loads(run(bus, "unresolved", "--json").stdout)) == 5000
    run(bus, "unresolved", "forget", f"{4999:08x}")
    assert daemon.resolved == [(daemon.unresolved[-1]["intent"], "forget")]


def test_thousands_of_candidates(bus: Desktop, daemon: DaemonStandIn):
    candidates = [f"candidate-{i}" for i in range(10000)]
    daemon.unresolved = [mint(candidates=candidates)]
    assert "could be one of 10000: candidate-0, " in (shown := run(bus, "unresolved").stdout)
    assert shown.endswith("candidate-4 and 9995 more\n")
    assert json.loads(run(bus, "unresolved", "--json").stdout)[0]["candidates"] == candidates


# Settling one


@pytest.mark.parametrize("action", ["revoke", "keep", "forget"])
@pytest.mark.parametrize("typed", [INTENT, INTENT[:4], INTENT[:20], INTENT.upper()])
def test_an_action_reaches_the_one_that_is_meant(bus: Desktop, daemon: DaemonStandIn, action: str, typed: str):
    daemon.unresolved = [mint(OTHER), mint()]
    done = run(bus, "unresolved", action, typed)
    assert daemon.resolved == [(INTENT, action)]
    assert done.stdout == ""
    assert done.stderr.startswith(f"felucca: {INTENT}: ")
    assert run(bus, "unresolved", action, typed, "--quiet").stderr == ""


@pytest.mark.parametrize("keyring,action,status", [
    ("locked", "revoke", 4), ("locked", "keep", 0), ("locked", "forget", 0), ("unlocked", "revoke", 0), ("absent", "revoke", 0),
])
def test_without_a_prompt(bus: Desktop, daemon: DaemonStandIn, keyring: str, action: str, status: int):
    """A locked keyring holds the sign-in that it takes to end something; an absent one is the daemon's to tell."""
    daemon.properties["KeyringState"] = GLib.Variant("s", keyring)
    daemon.unresolved = [mint()]
    done = run(bus, "unresolved", action, INTENT, "--no-prompt", status=status)
    assert daemon.resolved == ([] if status else [(INTENT, action)])
    assert ("the keyring is locked" in done.stderr) == (status == 4)


def test_an_exact_one_is_not_ambiguous(bus: Desktop, daemon: DaemonStandIn):
    daemon.unresolved = [mint("abcd1"), mint("abcd")]
    run(bus, "unresolved", "keep", "abcd")
    assert daemon.resolved == [("abcd", "keep")]


def test_a_beginning_of_several_names_them(bus: Desktop, daemon: DaemonStandIn):
    daemon.unresolved = [mint(), mint(SIBLING), mint(OTHER)]
    done = run(bus, "unresolved", "revoke", INTENT[:9], status=2)
    assert INTENT in done.stderr and SIBLING in done.stderr and OTHER not in done.stderr
    assert daemon.resolved == []


def test_a_beginning_of_thousands_names_a_few(bus: Desktop, daemon: DaemonStandIn):
    daemon.unresolved = [mint(f"abcd\x1b{i}") for i in range(5000)]
    done = run(bus, "unresolved", "revoke", "abcd", status=2)
    assert "5000" in done.stderr and "4995 more" in done.stderr
    assert len(done.stderr) < 300 and "\x1b" not in done.stderr


def test_nobody_of_that_name_is_7(bus: Desktop, daemon: DaemonStandIn):
    daemon.unresolved = [mint(), {"state": "sent"}]
    for typed in (OTHER, "acme/orders", INTENT + "0"):
        assert "felucca unresolved" in run(bus, "unresolved", "forget", typed, status=7).stderr
    assert daemon.resolved == []


@pytest.mark.parametrize("arguments", [
    ["revoke"], ["keep"], ["end", INTENT], [INTENT], ["revoke", INTENT, INTENT], ["revoke", INTENT[:3]], ["revoke", ""],
    ["--format", "password"], ["Revoke", INTENT], ["--no-such-option"],
])
def test_usage_is_2(bus: Desktop, daemon: DaemonStandIn, arguments: list[str]):
    daemon.unresolved = [mint()]
    run(bus, "unresolved", *arguments, status=2)
    assert daemon.resolved == []


@pytest.mark.parametrize("name,status", [
    ("Conflict", 1), ("NotFound", 7), ("InvalidArguments", 2), ("Unreachable", 6), ("SignInRequired", 3), ("AccessDenied", 5),
    ("ProviderError", 1), ("OutcomeUnknown", 8), ("org.freedesktop.DBus.Error.UnknownMethod", 1),
])
def test_how_an_action_fails(bus: Desktop, daemon: DaemonStandIn, name: str, status: int):
    daemon.unresolved = [mint()]
    daemon.failures["ResolveUnresolved"] = (name, "Two could be it: end one of them with felucca revoke.")
    done = run(bus, "unresolved", "revoke", INTENT, status=status)
    assert ("UnknownMethod" in name) != ("Two could be it: end one of them with felucca revoke" in done.stderr)


@pytest.mark.parametrize("arguments", [[], ["revoke", INTENT]])
def test_a_list_that_fails(bus: Desktop, daemon: DaemonStandIn, arguments: list[str]):
    daemon.failures["ListUnresolved"] = ("Internal", "The state folder cannot be read.")
    assert "The state folder cannot be read" in run(bus, "unresolved", *arguments, status=1).stderr
    assert daemon.resolved == []


# What else tells of them


def test_a_create_of_unknown_outcome_is_8_and_names_the_intent(bus: Desktop, daemon: DaemonStandIn):
    daemon.failures["CreateCredential"] = ("OutcomeUnknown", f"The answer was lost; intent {INTENT} is unresolved.")
    done = run(bus, "create", "acme/orders", status=8)
    assert done.stderr == f"felucca: The answer was lost; intent {INTENT} is unresolved; try: felucca unresolved\n"


def test_status_counts_them(bus: Desktop, daemon: DaemonStandIn):
    def line() -> str:
        found, = re.findall(r"^unresolved +(.*)$", run(bus, "status").stdout, re.MULTILINE)
        return " ".join(found.split())

    assert line() == "none"
    daemon.unresolved = [mint(age_sec=60), mint(OTHER, age_sec=3 * 3600 + 5), mint(SIBLING, backend="gone")]
    assert line() == "3 the oldest 3 h ago; see: felucca unresolved"
    assert json.loads(run(bus, "status", "--json").stdout)["unresolved"] == daemon.unresolved
    assert [one["intent"] for one in json.loads(run(bus, "status", "--json", "-b", "nile").stdout)["unresolved"]] == [INTENT, OTHER]
    daemon.unresolved = [{"intent": INTENT}]
    assert line() == "1 see: felucca unresolved"


def test_status_without_them_is_still_a_status(bus: Desktop, daemon: DaemonStandIn):
    daemon.failures["ListUnresolved"] = ("Internal", "The state folder cannot be read.")
    done = bus.cli("status")
    assert (done.returncode, done.stderr) == (1, "felucca: The state folder cannot be read\n")
    assert re.search(r"^unresolved +not known$", done.stdout, re.MULTILINE)
    assert "nile" in done.stdout


def test_status_of_an_older_daemon(bus: Desktop, daemon: DaemonStandIn):
    daemon.failures["ListUnresolved"] = ("org.freedesktop.DBus.Error.UnknownMethod", "No such method")
    assert re.search(r"^unresolved +not known$", run(bus, "status").stdout, re.MULTILINE)
    assert "unresolved" not in json.loads(run(bus, "status", "--json").stdout)
    assert "older version" in run(bus, "unresolved", status=1).stderr

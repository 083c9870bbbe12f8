# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the command does about the end of credentials (--ttl, rotate, prune), against a stand-in daemon whose answers may
be odd, and at the end against the real one."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any, Iterator

import pytest

from daemon_stand_in import DaemonStandIn
from desktop import Desktop, wait_until
from terminals import show

OLD = "01932d5e-7c3a-7bbb-8f00-000000000001"
NEW = "01932d5e-7c3a-7bbb-8f00-000000000002"
HOUR = 3600
FD = {"secret-fd": ("h", 0)}
FORMATS = ["password", "url", "json", "env", "nile-env", "pgpass", "conninfo"]
NOT_SPANS = ["", "h", "1", "90", "1.5h", "-1h", "+1h", " 1h", "1h ", "1 h", "1H", "1w", "1hh", "1h30m", "0x1h", "1\u0663h",
             "99999999999999999999s", "9223372036854775807s", "36501d", "eternal"]


@pytest.fixture(scope="module")
def bus() -> Iterator[Desktop]:
    """A bus and nothing else; the tests of this file leave nothing behind on it."""
    with Desktop(keyring=False, sign_in=False, daemon=False) as desktop:
        yield desktop


@pytest.fixture
def daemon(bus: Desktop) -> Iterator[DaemonStandIn]:
    with DaemonStandIn(bus) as stand_in:
        stand_in.credential = credential(NEW)
        yield stand_in


def credential(id: str, state: str = "active", **more: Any) -> dict[str, Any]:
    """One as the daemon lists it; `not_after` is not-after."""
    entry = {"id": id, "backend": "nile", "workspace": "acme", "database": "orders", "user": "u1", "host": "db.example",
             "stored": True, "state": state}
    return entry | {key.replace("_", "-"): value for key, value in more.items()}


def run(bus: Desktop, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = bus.cli(*arguments)
    assert done.returncode == status, (done.stdout, done.stderr)
    return done


def fail(bus: Desktop, *arguments: str, status: int = 2) -> str:
    """The one sentence of complaint; nothing is on standard output."""
    done = run(bus, *arguments, status=status)
    assert done.stdout == ""
    assert done.stderr.startswith("felucca: ") and done.stderr.count("\n") == 1
    return done.stderr


# How long it is to live


@pytest.mark.parametrize("typed,seconds", [
    ("1s", 1), ("90s", 90), ("15m", 900), ("8h", 8 * HOUR), ("7d", 7 * 24 * HOUR), ("0090s", 90), ("36500d", 36500 * 24 * HOUR),
])
def test_ttl_travels_in_seconds(bus: Desktop, daemon: DaemonStandIn, typed: str, seconds: int):
    run(bus, "create", "acme/orders", "--ttl", typed)
    run(bus, "get", "acme/orders", "--create", f"--ttl={typed}")
    run(bus, "rotate", OLD, "--ttl", typed)
    ttl = {"ttl": ("t", seconds)}
    assert daemon.calls == [
        ("CreateCredential", "acme", "orders", ttl | FD),
        ("GetCredential", "acme", "orders", {"create": ("b", True)} | ttl | FD),
        ("RotateCredential", OLD, ttl | FD),
    ]


@pytest.mark.parametrize("arguments", [["create", "acme/orders"], ["get", "acme/orders", "-c"], ["rotate", OLD]])
def test_without_a_ttl_none_travels(bus: Desktop, daemon: DaemonStandIn, arguments: list[str]):
    run(bus, *arguments)
    assert not {"ttl", "overlap"} & daemon.calls[0][-1].keys()


@pytest.mark.parametrize("typed", [*NOT_SPANS, "0", "0s", "0d", "00"])
@pytest.mark.parametrize("arguments", [["create", "acme/orders"], ["get", "acme/orders", "-c"], ["rotate", OLD]])
def test_what_no_ttl_is(bus: Desktop, daemon: DaemonStandIn, arguments: list[str], typed: str):
    assert f"--ttl '{typed}' is " in fail(bus, *arguments, f"--ttl={typed}")
    assert daemon.calls == []


@pytest.mark.parametrize("typed,said", [
    ("90", "is not a number and a unit, such as 90s, 15m, 8h or 7d"), ("0s", "is less than 1s"), ("36501d", "is more than 36500d"),
])
def test_why_it_is_none(bus: Desktop, daemon: DaemonStandIn, typed: str, said: str):
    assert said in fail(bus, "create", "acme/orders", "--ttl", typed)


@pytest.mark.parametrize("arguments,word", [
    (["get", "acme/orders", "--ttl", "1h"], "--create"), (["get", OLD, "--ttl", "1h"], "--create"),
    (["list", "--ttl", "1h"], "--ttl"), (["create", "acme/orders", "--overlap", "1h"], "--overlap"),
])
def test_a_ttl_is_for_a_new_one(bus: Desktop, daemon: DaemonStandIn, arguments: list[str], word: str):
    assert word in fail(bus, *arguments)
    assert daemon.calls == []


def test_a_ttl_that_the_daemon_refuses_is_2(bus: Desktop, daemon: DaemonStandIn):
    daemon.failures["CreateCredential"] = ("InvalidArguments", "Option 'ttl' is not in 1..86400.")
    assert "1..86400" in fail(bus, "create", "acme/orders", "--ttl", "2d")


# rotate


def test_rotate_passes_everything_on(bus: Desktop, daemon: DaemonStandIn):
    run(bus, "rotate", OLD, "--overlap", "1h", "--ttl", "8h", "--backend", "nile", "--label", "mine", "--no-prompt")
    assert daemon.calls == [("RotateCredential", OLD, {
        "overlap": ("t", HOUR), "ttl": ("t", 8 * HOUR), "backend": ("s", "nile"), "label": ("s", "mine"),
        "interactive": ("b", False)} | FD)]


def test_rotate_shows_the_new_one_and_tells_of_the_old(bus: Desktop, daemon: DaemonStandIn):
    done = run(bus, "rotate", OLD, "--overlap", "61m")
    assert NEW in done.stdout and OLD not in done.stdout
    assert done.stderr.splitlines() == [
        f"felucca: the password: felucca get --format password {NEW}", f"felucca: the old one, {OLD}, ends in 1 h",
    ]
    assert f"{OLD}, ends now\n" in run(bus, "rotate", OLD).stderr
    assert run(bus, "rotate", OLD, "-q").stderr == ""
    assert daemon.password not in done.stdout + done.stderr


@pytest.mark.parametrize("format", FORMATS)
def test_rotate_knows_the_formats(bus: Desktop, daemon: DaemonStandIn, format: str):
    daemon.password = "very-secret"
    done = run(bus, "rotate", OLD, "--overlap=1h", "--format", format)
    assert (done.stdout.count("very-secret"), done.stderr) == (1, "")


@pytest.mark.parametrize("typed,seconds", [("0", 0), ("0s", 0), ("0d", 0), ("15m", 900)])
def test_overlap_may_be_nothing(bus: Desktop, daemon: DaemonStandIn, typed: str, seconds: int):
    run(bus, "rotate", OLD, "-o", typed)
    assert daemon.calls[0][-1]["overlap"] == ("t", seconds)


@pytest.mark.parametrize("typed", NOT_SPANS)
def test_what_no_overlap_is(bus: Desktop, daemon: DaemonStandIn, typed: str):
    assert f"--overlap '{typed}' is " in fail(bus, "rotate", OLD, f"--overlap={typed}")
    assert daemon.calls == []


@pytest.mark.parametrize("arguments", [[], [OLD, NEW], [""], [OLD, "--yes"], [OLD, "--tenant", "t1"]])
def test_rotate_takes_one_id(bus: Desktop, daemon: DaemonStandIn, arguments: list[str]):
    fail(bus, "rotate", *arguments)
    assert daemon.calls == []


@pytest.mark.parametrize("verb,method", [("rotate", "RotateCredential"), ("revoke", "RevokeCredential")])
def test_a_target_is_no_id(bus: Desktop, daemon: DaemonStandIn, verb: str, method: str):
    """An id may have a slash, so this is known when there is none like it."""
    daemon.failures[method] = ("NotFound", "There is no such credential.")
    assert "if a database is meant: `felucca list acme/orders` shows its ids" in fail(bus, verb, "acme/orders", status=7)
    assert [call for call, *_ in daemon.calls] == [method]


@pytest.mark.parametrize("name,status", [
    ("NotFound", 7), ("Unsupported", 1), ("OutcomeUnknown", 8), ("SignInRequired", 3), ("NotStored", 1), ("Unreachable", 6),
    ("org.freedesktop.DBus.Error.UnknownMethod", 1),
])
def test_how_rotate_fails(bus: Desktop, daemon: DaemonStandIn, name: str, status: int):
    daemon.failures["RotateCredential"] = (name, "It did not work out.")
    said = fail(bus, "rotate", OLD, status=status)
    assert ("UnknownMethod" in name) == ("older version" in said)


def test_rotate_without_a_password_is_a_failure(bus: Desktop, daemon: DaemonStandIn):
    daemon.password = ""
    assert "without a usable password" in fail(bus, "rotate", OLD, status=1)


# prune


LEFTOVERS = [credential("gone-1", "expired", not_after=1), credential("gone-2", "revoking", backend="second")]
OTHERS = [
    credential("used-1"), credential("used-2", "expiring"), credential("used-3", "of-a-later-version"), credential("used-4", "Expired"),
    credential("foreign-1", "expired", stored=False), credential("foreign-2", "revoking", stored="yes"), credential("foreign-3", stored=1),
    {"id": "foreign-4", "state": "expired"}, {"id": "used-5", "stored": True}, {"state": "expired", "stored": True},
    credential("", "expired"), credential("used-6", "expired") | {"id": 7}, credential("used-7") | {"state": ["expired"]},
]


def revoked(daemon: DaemonStandIn) -> list[Any]:
    return [call[1:] for call in daemon.calls if call[0] == "RevokeCredential"]


@pytest.fixture
def full(daemon: DaemonStandIn) -> DaemonStandIn:
    daemon.credentials = [*OTHERS[:6], LEFTOVERS[0], *OTHERS[6:], LEFTOVERS[1]]
    return daemon


def test_prune_only_shows(bus: Desktop, full: DaemonStandIn):
    done = run(bus, "prune")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ID", "gone-1", "gone-2"]
    assert done.stderr == "felucca: nothing was touched; to revoke and forget them: felucca prune --yes\n"
    assert json.loads(run(bus, "prune", "--json").stdout) == LEFTOVERS
    assert run(bus, "prune", "--quiet").stderr == ""
    assert revoked(full) == []


@pytest.mark.parametrize("yes", ["--yes", "-y"])
def test_prune_revokes_what_it_showed_and_nothing_else(bus: Desktop, full: DaemonStandIn, yes: str):
    done = run(bus, "prune", yes)
    assert revoked(full) == [("gone-1", {"backend": ("s", "nile")}), ("gone-2", {"backend": ("s", "second")})]
    assert (done.stdout, done.stderr) == ("", "felucca: pruned gone-1 (expired)\nfelucca: pruned gone-2 (revoking)\n")
    assert json.loads(run(bus, "prune", yes, "--json", "-q").stdout) == LEFTOVERS


def test_prune_passes_the_target_on(bus: Desktop, full: DaemonStandIn):
    typed: dict[tuple[str, ...], dict[str, Any]] = {
        ("acme",): {"workspace": ("s", "acme")},
        ("acme/orders", "-b", "nile"): {"backend": ("s", "nile"), "workspace": ("s", "acme"), "database": ("s", "orders")},
        ("--no-prompt",): {"interactive": ("b", False)},
    }
    for arguments in typed:
        run(bus, "prune", *arguments)
    assert full.calls == [("ListCredentials", options) for options in typed.values()]
    assert run(bus, "prune", "acme/orders").stderr.endswith("felucca prune --yes acme/orders\n")
    run(bus, "prune", "-y", "--no-prompt")
    assert {options["interactive"] for _, options in revoked(full)} == {("b", False)}


def test_nothing_to_prune(bus: Desktop, daemon: DaemonStandIn):
    daemon.credentials = OTHERS
    for arguments in (["prune"], ["prune", "--yes"]):
        done = run(bus, *arguments)
        assert (done.stdout, done.stderr) == ("", "felucca: there is nothing to prune\n")
        done = run(bus, *arguments, "--json")
        assert (done.stdout, done.stderr) == ("[]\n", "")
    assert revoked(daemon) == []


def test_prune_goes_on_and_the_first_failure_decides(bus: Desktop, daemon: DaemonStandIn):
    daemon.credentials = [credential(f"gone-{i}", "expired") for i in range(5)]
    daemon.failures = {
        "RevokeCredential gone-0": ("NotFound", "No credential 'gone-0' is stored."),
        "RevokeCredential gone-1": ("Unreachable", "Nobody listens."),
        "RevokeCredential gone-3": ("SignInRequired", "Sign in with felucca sign-in."),
    }
    done = run(bus, "prune", "--yes", status=6)
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "felucca: pruned gone-0 (expired)", "felucca: gone-1: Nobody listens", "felucca: pruned gone-2 (expired)",
        "felucca: gone-3: Sign in with felucca sign-in", "felucca: pruned gone-4 (expired)",
        "felucca: 2 of 5 credentials were not pruned",
    ]
    done = run(bus, "prune", "--yes", "--json", status=6)
    assert [one["id"] for one in json.loads(done.stdout)] == ["gone-0", "gone-2", "gone-4"]


@pytest.mark.parametrize("arguments", [["acme", "acme"], ["acme/"], [""], ["--yes=no"], ["--format", "password"], ["--provider"]])
def test_how_prune_is_not_used(bus: Desktop, full: DaemonStandIn, arguments: list[str]):
    fail(bus, "prune", *arguments)
    assert full.calls == []


def test_a_list_that_fails(bus: Desktop, full: DaemonStandIn):
    full.failures["ListCredentials"] = ("KeyringAbsent", "There is no keyring.")
    assert "There is no keyring" in fail(bus, "prune", "--yes", status=4)
    assert revoked(full) == []


def test_what_is_pruned_cannot_play_with_the_terminal(bus: Desktop, daemon: DaemonStandIn):
    daemon.credentials = [credential("a\x1b[2Jb\u202e", "expired")]
    done = run(bus, "prune", "--yes")
    assert "pruned a\ufffd[2Jb\ufffd" in done.stderr
    assert revoked(daemon)[0][0] == "a\x1b[2Jb\u202e"


# What is seen of the end


def test_the_end_in_a_list(bus: Desktop, daemon: DaemonStandIn):
    now = int(time.time())
    daemon.credentials = [
        credential("c1", "expiring", not_after=now + 600 + 30), credential("c2", "expired", not_after=now - 3 * HOUR), credential("c3"),
    ]
    heading, *rows = run(bus, "list").stdout.splitlines()
    assert heading.split() == ["ID", "DATABASE", "BACKEND", "STATE", "EXPIRES"]
    assert [row.split()[3:] for row in rows] == [["expiring", "in", "10", "min"], ["expired", "3", "h", "ago"], ["active"]]
    screen = show(bus, "list")
    assert "\x1b[33mexpiring\x1b[0m" in screen and "\x1b[31mexpired\x1b[0m" in screen


@pytest.mark.parametrize("more,said", [
    ({}, "in 2 h"), ({"login_only": False}, "in 2 h"), ({"login_only": True}, "in 2 h, enforced at log-in only"),
])
def test_the_end_of_one(bus: Desktop, daemon: DaemonStandIn, more: dict[str, Any], said: str):
    daemon.credential = credential(NEW, not_after=int(time.time()) + 2 * HOUR + 60, **more)
    lines = dict(line.split(maxsplit=1) for line in run(bus, "get", "acme/orders").stdout.splitlines())
    assert lines["expires"] == said
    assert "renewable" not in lines


def test_what_else_is_seen_of_one(bus: Desktop, daemon: DaemonStandIn):
    daemon.credential = credential(NEW, renewable=True, login_only=True, database_name="shop")
    lines = dict(line.split(maxsplit=1) for line in run(bus, "create", "acme/orders").stdout.splitlines())
    assert (lines["renewable"], lines["database"], lines["database-name"]) == ("yes", "orders", "shop")
    assert "expires" not in lines


# With the real daemon


def test_the_real_ttl(desktop: Desktop):
    before = int(time.time())
    created = json.loads(run(desktop, "create", "acme/orders", "--ttl", "1h", "--json").stdout)
    assert before + HOUR <= created["not-after"] <= time.time() + HOUR
    assert {"expires in 59 min", "expires in 1 h"} & {" ".join(line.split()) for line in run(desktop, "get", created["id"]).stdout.splitlines()}
    got = json.loads(run(desktop, "get", "acme/billing", "--create", "--ttl=15m", "--json").stdout)
    assert got["not-after"] <= time.time() + 900
    assert "316224000" in fail(desktop, "create", "acme/orders", "--ttl", "3661d")
    assert desktop.nile.count("create") == 2


def test_the_real_rotation(desktop: Desktop):
    old = desktop.create()
    new = json.loads(run(desktop, "rotate", old["id"], "--overlap", "1h", "--ttl", "8h", "--json").stdout)
    assert new["password"] == desktop.nile.password_of(new["id"]) != old["password"]
    assert abs(new["not-after"] - {one["id"]: one for one in desktop.list()}[old["id"]]["not-after"] - 7 * HOUR) < 60
    assert "nothing to prune" in run(desktop, "prune", "--yes").stderr
    assert {one["id"] for one in desktop.nile.live()} == {old["id"], new["id"]}
    for operand, one in (("acme/orders", new), (old["id"], old)):
        assert run(desktop, "get", operand, "-f", "password").stdout == one["password"] + "\n"


def test_the_real_end_of_an_overlap(desktop: Desktop):
    old, before = desktop.create()["id"], time.time()
    new = json.loads(run(desktop, "rotate", old, "--overlap", "3s", "--json").stdout)["id"]
    wait_until(lambda: [one["id"] for one in desktop.nile.live()] == [new], "the old one is revoked")
    assert time.time() >= int(before) + 3
    wait_until(lambda: [one["id"] for one in desktop.list()] == [new], "it is not stored any more")
    third = json.loads(run(desktop, "rotate", new, "--json").stdout)["id"]
    wait_until(lambda: [one["id"] for one in desktop.nile.live()] == [third], "without an overlap it ends now")


def test_the_real_leftovers(desktop: Desktop):
    desktop.nile.rule(on="delete", status=500)
    used = desktop.create()["id"]
    foreign = desktop.nile.mint_foreign("acme", "orders")["id"]
    id = json.loads(run(desktop, "create", "acme/orders", "--ttl", "1s", "--json").stdout)["id"]
    wait_until(lambda: {one["id"]: one["state"] for one in desktop.list()}[id] == "expired"
               and desktop.nile.count("delete") == 1, "it could not be revoked")
    assert [one["id"] for one in json.loads(run(desktop, "prune", "--json").stdout)] == [id]
    assert desktop.nile.count("delete") == 1
    assert f"pruned {id} (expired)" in run(desktop, "prune", "acme/orders", "--yes").stderr
    assert {one["id"] for one in desktop.nile.live()} == {used, foreign}
    assert [one["id"] for one in desktop.list()] == [used]

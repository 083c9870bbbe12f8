# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that we did not write: busctl, and dbus-next from npm. The same calls, the same answers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from desktop import ACCOUNTS, CREDENTIALS, Desktop
from test_contract import OF_THE_MINT, TYPES

TESTS = Path(__file__).resolve().parents[1]
SCRIPT = Path(__file__).resolve().with_name("dbus_next_client.mjs")
FULL = {key: type for key, type in TYPES.items() if key != "tenant-id"}
LISTED = {key: type for key, type in FULL.items() if key not in OF_THE_MINT | {"password"}}

needs_npm = pytest.mark.skipif(not (TESTS / "node_modules/dbus-next").exists(), reason="run `npm ci` in tests/ first")


# busctl

CALL = "call org.felucca.Credentials1 /org/felucca/Credentials1 org.felucca.Credentials1".split()


def busctl_json(desktop: Desktop, *arguments: str) -> Any:
    """The first value of a reply, as busctl shows it with types."""
    done = desktop.busctl("--json=short", *CALL, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["data"][0]


def values(entries: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {key: entry["data"] for key, entry in entries.items()}


def types(entries: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {key: entry["type"] for key, entry in entries.items()}


def test_the_line_of_the_readme(desktop: Desktop):
    done = desktop.busctl(*"call org.felucca.Credentials1 /org/felucca/Credentials1 org.felucca.Credentials1 "
                          "CreateCredential ssa{sv} acme orders 0".split())
    live, = desktop.nile.live()
    password = desktop.nile.password_of(live["id"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f'a{{sv}} {len(FULL)} "id" s "{live["id"]}" ')
    assert done.stdout.endswith(f' "password" s "{password}"\n')


def test_busctl_creates_and_gets(desktop: Desktop):
    created = busctl_json(desktop, "CreateCredential", "ssa{sv}", "acme", "orders", "0")
    got = busctl_json(desktop, "GetCredential", "ssa{sv}", "acme", "orders", "0")
    assert types(created) == FULL
    assert values(got).items() <= values(created).items()
    assert values(got)["password"] == desktop.nile.password_of(values(got)["id"])


def test_busctl_gives_options(desktop: Desktop):
    created = busctl_json(desktop, "CreateCredential", "ssa{sv}", "acme", "orders", "3",
                          "tenant-id", "s", "t1", "internal", "b", "true", "label", "s", "mine")
    assert types(created) == TYPES
    live, = desktop.nile.live()
    assert (live["tenant"], live["internal"], values(created)["label"]) == ("t1", True, "mine")


def test_busctl_lists_and_revokes(desktop: Desktop):
    id = desktop.create()["id"]
    listed, = busctl_json(desktop, "ListCredentials", "a{sv}", "1", "workspace", "s", "acme")
    assert types(listed) == LISTED
    assert values(listed)["id"] == id
    assert desktop.busctl(*CALL, "RevokeCredential", "sa{sv}", id, "0").stdout == ""
    assert desktop.nile.live() == []


def test_busctl_shows_an_error(desktop: Desktop):
    done = desktop.busctl(*CALL, "RevokeCredential", "sa{sv}", "nobody", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nobody" in done.stderr


def test_busctl_reads_properties(desktop: Desktop):
    done = desktop.busctl("get-property", CREDENTIALS, "/org/felucca/Credentials1", CREDENTIALS, "KeyringState")
    assert done.stdout == 's "unlocked"\n'


def test_busctl_introspects(desktop: Desktop):
    done = desktop.busctl("introspect", CREDENTIALS, "/org/felucca/Credentials1", CREDENTIALS)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [".CreateCredential", "method", "ssa{sv}", "a{sv}", "-"] in rows


# dbus-next


def dbus_next(desktop: Desktop, *calls: list[Any]) -> list[dict[str, Any]]:
    """Runs calls one after the other in one process."""
    done = subprocess.run(["node", str(SCRIPT), *(json.dumps(one) for one in calls)], env=desktop.env, capture_output=True,
                          text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_npm
def test_dbus_next_lives_a_whole_life(desktop: Desktop):
    created, got, listed, revoked, empty, last = dbus_next(
        desktop,
        [CREDENTIALS, "CreateCredential", "acme", "orders", {}],
        [CREDENTIALS, "GetCredential", "acme", "orders", {}],
        [CREDENTIALS, "ListCredentials", {}],
        [CREDENTIALS, "RevokeCredential", {"$": 0}, {}],
        [CREDENTIALS, "ListCredentials", {}])
    minted, = desktop.nile.minted()
    assert {key: type for key, (type, _) in created["result"].items()} == FULL
    assert created["result"]["password"] == ["s", desktop.nile.password_of(minted["id"])]
    assert got["result"].items() >= {"id": ["s", minted["id"]], "password": created["result"]["password"]}.items()
    assert [{key: type for key, (type, _) in one.items()} for one in listed["result"]] == [LISTED]
    assert (revoked, empty) == ({"result": None}, {"result": []})
    assert last["signals"] == ["CredentialAdded", "CredentialRemoved"]
    assert desktop.nile.live() == []


@needs_npm
def test_dbus_next_gives_options(desktop: Desktop):
    options = {"tenant-id": {"v": ["s", "t1"]}, "internal": {"v": ["b", True]}, "label": {"v": ["s", "mine"]}}
    created, _ = dbus_next(desktop, [CREDENTIALS, "CreateCredential", "acme", "orders", options])
    assert {key: type for key, (type, _) in created["result"].items()} == TYPES
    live, = desktop.nile.live()
    assert (live["tenant"], live["internal"], created["result"]["label"]) == ("t1", True, ["s", "mine"])


@needs_npm
def test_dbus_next_sees_errors(desktop: Desktop):
    unknown, none, _ = dbus_next(desktop, [CREDENTIALS, "CreateCredential", "acme", "orders", {"x": {"v": ["s", ""]}}],
                                 [CREDENTIALS, "GetCredential", "acme", "orders", {}])
    assert unknown["error"] == "org.felucca.Error.InvalidArguments" and "'x'" in unknown["message"]
    assert none["error"] == "org.felucca.Error.NotFound" and "acme/orders" in none["message"]


@needs_npm
def test_dbus_next_signs_in_and_out(bare: Desktop):
    token = bare.nile.issue_token()["access_token"]
    signed_in, accounts, signed_out, none, _ = dbus_next(
        bare,
        [ACCOUNTS, "SignIn", "", {"token": {"v": ["s", token]}}],
        [ACCOUNTS, "ListAccounts"],
        [ACCOUNTS, "SignOut", "", {}],
        [ACCOUNTS, "ListAccounts"])
    assert accounts["result"] == [signed_in["result"]]
    assert signed_in["result"]["account"] == ["s", "ada@example.com"]
    assert (signed_out, none) == ({"result": None}, {"result": []})

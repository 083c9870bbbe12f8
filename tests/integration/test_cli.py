# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command `felucca` against the real daemon: each verb, what it prints where, and how it ends."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from desktop import CLIENT, Desktop, b, s
from nile_stand_in import NileStandIn
from refusals import secrets_of
from reserved_port import ReservedPort
from secret_items import find_items

VERBS = ["sign-in", "sign-out", "create", "get", "list", "rotate", "revoke", "prune", "unresolved", "status", "backends"]


def run(desktop: Desktop, *arguments: str, status: int = 0, **options: Any) -> subprocess.CompletedProcess[str]:
    """A command that must end so; one line of complaint and nothing on stdout when it fails."""
    done = desktop.cli(*arguments, **options)
    assert done.returncode == status, (done.stdout, done.stderr)
    if status != 0:
        assert done.stdout == ""
        assert done.stderr.startswith("felucca: ") and done.stderr.endswith("\n")
        assert [secret for secret in secrets_of(desktop) if secret in done.stderr] == []
    return done


# Verbs


def test_create_prints_no_password_unless_asked(desktop: Desktop):
    done = run(desktop, "create", "acme/orders")
    live, = desktop.nile.live()
    assert live["id"] in done.stdout
    assert desktop.nile.password_of(live["id"]) not in done.stdout + done.stderr
    assert f"felucca get --format password {live['id']}" in done.stderr
    assert desktop.lookup(id=live["id"]) == desktop.nile.password_of(live["id"])


def test_create_passes_everything_on(desktop: Desktop):
    done = run(desktop, "create", "acme/orders", "--tenant", "t1", "--internal", "--label", "mine", "--request-id", "r-1",
               "--json")
    created = json.loads(done.stdout)
    assert desktop.create(request_id=s("r-1"), tenant_id=s("t1"), internal=b(True))["id"] == created["id"]
    live, = desktop.nile.live()
    assert (live["tenant"], live["internal"], created["label"]) == ("t1", True, "mine")


def test_get_by_names_and_by_id(desktop: Desktop):
    created = desktop.create()
    for operand in ("acme/orders", created["id"]):
        assert run(desktop, "get", operand, "--format", "password").stdout == created["password"] + "\n"


def test_get_may_create(desktop: Desktop):
    first = run(desktop, "get", "acme/orders", "--create", "--tenant", "t1", "-f", "password").stdout
    assert run(desktop, "get", "acme/orders", "--tenant", "t1", "-f", "password").stdout == first
    assert desktop.nile.count("create") == 1


def test_list_takes_a_workspace_or_a_database(desktop: Desktop):
    ids = [desktop.create(database=name)["id"] for name in ("orders", "billing")]
    listed = {operand: [one["id"] for one in json.loads(run(desktop, "list", *operand.split(), "--json").stdout)]
              for operand in ("", "acme", "acme/orders", "nobody")}
    assert listed == {"": ids[::-1], "acme": ids[::-1], "acme/orders": ids[:1], "nobody": []}


def test_list_asks_the_provider(desktop: Desktop):
    desktop.create()
    foreign = desktop.nile.mint_foreign("acme", "orders")["id"]
    done = run(desktop, "list", "acme/orders", "--provider")
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "not stored" in rows[foreign]
    assert len(rows) == 3


def test_an_empty_list_prints_nothing(desktop: Desktop):
    done = run(desktop, "list")
    assert (done.stdout, done.stderr.partition(";")[0]) == ("", "felucca: there are no credentials")
    assert run(desktop, "list", "--json").stdout == "[]\n"


def test_revoke_takes_many(desktop: Desktop):
    ids = [desktop.create()["id"] for _ in range(3)]
    assert run(desktop, "revoke", *ids[:2]).stdout == ""
    assert [one["id"] for one in desktop.nile.live()] == ids[2:]


def test_revoke_goes_on_after_a_failure(desktop: Desktop):
    id = desktop.create()["id"]
    done = run(desktop, "revoke", "nobody", id, status=7)
    assert "1 of 2" in done.stderr
    assert desktop.nile.live() == []


def test_revoke_may_only_forget(desktop: Desktop):
    id = desktop.create()["id"]
    run(desktop, "revoke", "--local-only", id)
    assert (len(desktop.nile.live()), desktop.list()) == (1, [])


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_sign_in_reads_a_token(bare: Desktop, end: str):
    done = run(bare, "sign-in", "--token-stdin", input=bare.nile.issue_token()["access_token"] + end)
    assert done.stdout == "" and "ada@example.com" in done.stderr
    bare.create()


def test_sign_in_to_a_backend_by_name():
    with NileStandIn() as second, Desktop(config=f"\n[backend second]\nmodule=nile\nurl={second.url}\n") as desktop:
        for arguments in (["second"], ["--backend", "second"]):
            done = run(desktop, "sign-in", "--token-stdin", "--json", *arguments, input=second.issue_token()["access_token"])
            assert json.loads(done.stdout)["backend"] == "second"
        assert run(desktop, "create", "acme/orders", "--backend", "second", "--json").stdout.count('"backend":"second"') == 1


def test_sign_out(desktop: Desktop):
    desktop.create()
    assert run(desktop, "sign-out", "--revoke-credentials").stdout == ""
    assert desktop.nile.live() == []
    assert find_items(desktop, "org.felucca.Token") == []
    run(desktop, "create", "acme/orders", status=3)


def test_status(desktop: Desktop):
    words = run(desktop, "status").stdout.replace(",", "").split()
    for word in ("unlocked", "nile", "ready", "ada@example.com", desktop.property("Version")):
        assert word in words
    status = json.loads(run(desktop, "status", "--json").stdout)
    assert status["keyring-state"] == "unlocked"
    assert status["backends"]["nile"]["state"] == "ready"
    assert [one["account"] for one in status["accounts"]] == ["ada@example.com"]


def test_backends(desktop: Desktop):
    assert "mint" in run(desktop, "backends").stdout
    assert json.loads(run(desktop, "backends", "--json").stdout) == desktop.property("Backends")


def test_version(desktop: Desktop):
    assert run(desktop, "--version").stdout == f"felucca {desktop.property('Version')}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_that_needs_no_daemon(verb: str):
    done = subprocess.run([CLIENT, verb, "--help"], capture_output=True, text=True, env={"PATH": "/usr/bin"}, check=True)
    assert done.stdout.startswith("Usage:") and f"felucca {verb}" in done.stdout
    assert done.stderr == ""


def test_help_names_every_verb():
    done = subprocess.run([CLIENT, "--help"], capture_output=True, text=True, env={"PATH": "/usr/bin"}, check=True)
    assert [verb for verb in VERBS if f"\n  {verb} " not in done.stdout] == []


def test_quiet_says_nothing(desktop: Desktop):
    for arguments in (["create", "acme/orders"], ["list"], ["get", "acme/orders"]):
        assert run(desktop, *arguments, "--quiet").stderr == ""
    assert run(desktop, "get", "nowhere/nothing", "--quiet", status=7).stderr != ""


# Exit statuses


@pytest.mark.parametrize("rule,status", [
    ({"status": 500}, 1), ({"status": 409}, 1), ({"status": 429}, 1), ({"body": "nonsense"}, 1), ({"status": 400}, 2),
    ({"status": 403}, 5), ({"status": 404}, 7), ({"mint_without_answer": True}, 8), ({"reset": True}, 8),
])
def test_how_a_create_ends(desktop: Desktop, rule: dict[str, Any], status: int):
    desktop.nile.rule(on="create", **rule)
    run(desktop, "create", "acme/orders", status=status)
    assert desktop.nile.count("create") == 1


@pytest.mark.parametrize("arguments", [
    [], ["frobnicate"], ["create"], ["create", "acme"], ["create", "/orders"], ["create", "acme/"], ["create", "a/b", "c/d"],
    ["create", "acme/orders", "--no-such-option"], ["create", "acme/orders", "--format", "xml"], ["get"], ["revoke"],
    ["get", "acme/orders", "--json", "--format", "url"], ["list", "--format", "password"], ["status", "now"],
    ["get", "an-id", "--create"], ["get", "an-id", "--tenant", "t"], ["create", "acme/" + "x" * 257],
    ["create", "acme/.."], ["create", "acme/a\nb"], ["create", "acme/orders", "--backend", "nobody"], ["sign-in", "a", "-b", "b"],
    ["create", "acme/orders", "--tenant"], ["create", "acme/orders", "--label", ""], ["sign-in", "--no-prompt"],
    ["create", "acme/orders", "--internal=no"], ["--no-prompt=no", "create", "acme/orders"], ["create", "--json=", "acme/orders"],
])
def test_usage_is_2(desktop: Desktop, arguments: list[str]):
    run(desktop, *arguments, status=2)
    assert desktop.nile.count("create") == 0


def test_not_signed_in_is_3(bare: Desktop):
    assert "felucca sign-in" in run(bare, "create", "acme/orders", status=3).stderr
    done = bare.cli("status")
    assert (done.returncode, "sign-in-required" in done.stdout) == (3, True)
    assert bare.nile.requests == []


def test_a_refused_token_is_3(bare: Desktop):
    run(bare, "sign-in", "--token-stdin", input="a.bad.token\n", status=3)
    assert find_items(bare, "org.felucca.Token") == []


def test_a_locked_keyring_is_4(desktop: Desktop):
    desktop.create()
    desktop.lock_keyring()
    for arguments in (["create", "acme/orders"], ["get", "acme/orders"]):
        run(desktop, *arguments, "--no-prompt", status=4)
    done = desktop.cli("status")
    assert (done.returncode, "locked" in done.stdout) == (4, True)
    assert desktop.nile.count("create") == 1


def test_no_keyring_is_4():
    with Desktop(keyring=False, sign_in=False) as desktop:
        run(desktop, "create", "acme/orders", status=4)
        assert desktop.nile.requests == []


def test_denied_is_5(bare: Desktop):
    bare.sign_in(token=bare.nile.issue_token(workspaces=["other"]))
    run(bare, "create", "acme/orders", status=5)


def test_nobody_listens_is_6(desktop: Desktop):
    with ReservedPort() as port:
        desktop.reconfigure(f"http://127.0.0.1:{port.number}")
        run(desktop, "create", "acme/orders", status=6)


@pytest.mark.parametrize("arguments", [
    ["get", "acme/orders"], ["get", "nobody"], ["revoke", "nobody"], ["status", "-b", "nobody"],
])
def test_not_found_is_7(desktop: Desktop, arguments: list[str]):
    run(desktop, *arguments, status=7)


def test_no_daemon_is_1():
    with Desktop(daemon=False) as desktop:
        done = run(desktop, "list", status=1)
        assert "daemon" in done.stderr


def test_no_bus_is_1(desktop: Desktop):
    done = desktop.cli("list", DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent", XDG_RUNTIME_DIR="/nonexistent")
    assert (done.returncode, done.stdout) == (1, "")
    assert "session bus" in done.stderr


def test_a_full_disk_is_1(desktop: Desktop):
    desktop.create()
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([CLIENT, "list"], env=desktop.env, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "standard output" in done.stderr

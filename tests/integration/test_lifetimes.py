# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Credentials that end: by their ttl, by a rotation; and who sees to it."""

from __future__ import annotations

import os
import subprocess
import time
from typing import Any

import pytest
from gi.repository import GLib

from bus_calls import CallGroup
from desktop import Desktop, b, s, wait_until
from keyring_tools import lock_and_wait, unlock_keyring
from refusals import fails_with
from secret_items import find_item
from signal_log import SignalLog

TEN_YEARS_SEC = 10 * 366 * 86400


def t(value: int) -> GLib.Variant:
    return GLib.Variant("t", value)


def rotate(desktop: Desktop, id: str, fds: tuple[int, ...] = (), **options: GLib.Variant) -> dict[str, Any]:
    return desktop.call("RotateCredential", "(sa{sv})", id, {key.replace("_", "-"): value for key, value in options.items()},
                        fds=fds)


def live_ids(desktop: Desktop) -> set[str]:
    return {one["id"] for one in desktop.nile.live()}


def listed(desktop: Desktop) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in desktop.list()}


def wait_ended(desktop: Desktop, id: str) -> None:
    wait_until(lambda: id not in live_ids(desktop), "it is revoked")
    wait_until(lambda: id not in listed(desktop), "it is not stored any more")


# By its ttl


def test_it_ends_when_it_was_wished_to(desktop: Desktop):
    signals = SignalLog(desktop)
    before = int(time.time())
    credential = desktop.create(ttl=t(12))
    assert before + 12 <= credential["not-after"] <= time.time() + 12
    assert find_item(desktop, id=credential["id"]).attributes["not-after"] == str(credential["not-after"])
    assert signals.wait_for("CredentialExpiring") == [credential["id"]]
    assert listed(desktop)[credential["id"]]["state"] == "expiring"
    assert credential["id"] in live_ids(desktop)
    wait_ended(desktop, credential["id"])
    assert time.time() >= credential["not-after"]
    assert signals.wait_for("CredentialRemoved") == [credential["id"]]
    assert signals.named("CredentialExpiring") == [credential["id"]], "it is said once"


def test_without_a_ttl_it_has_no_end(desktop: Desktop):
    assert "not-after" not in desktop.create()


@pytest.mark.parametrize("ttl", [1, TEN_YEARS_SEC])
def test_the_shortest_and_the_longest(desktop: Desktop, ttl: int):
    assert desktop.create(ttl=t(ttl))["not-after"] - time.time() <= ttl


@pytest.mark.parametrize("ttl", [0, TEN_YEARS_SEC + 1, 2**63, 2**64 - 1])
def test_what_cannot_be_a_ttl(desktop: Desktop, ttl: int):
    assert "ttl" in fails_with("InvalidArguments", desktop.create, ttl=t(ttl)).message
    assert desktop.nile.count("create") == 0


def test_who_needs_it_for_longer_gets_another_one(desktop: Desktop):
    first = desktop.create(ttl=t(20))
    fails_with("NotFound", desktop.get)  # 30 seconds, when nothing else is said
    assert desktop.get(min_validity=t(5))["id"] == first["id"]
    second = desktop.get(create=b(True), ttl=t(3600))
    assert second["id"] != first["id"] and second["not-after"] > time.time() + 3500


def test_what_was_due_while_nobody_was_there(desktop: Desktop):
    credential = desktop.create(ttl=t(5))
    desktop.kill_daemon()
    wait_until(lambda: time.time() > credential["not-after"], "its end")
    assert credential["id"] in live_ids(desktop)
    desktop.start_daemon()
    wait_ended(desktop, credential["id"])


def test_with_the_keyring_locked_it_ends_when_it_unlocks(desktop: Desktop):
    credential = desktop.create(ttl=t(6))
    lock_and_wait(desktop)
    wait_until(lambda: "KeyringLocked" in desktop.daemon_log(), "the first try")
    assert credential["id"] in live_ids(desktop)
    assert listed(desktop)[credential["id"]]["state"] == "expired"
    unlock_keyring(desktop)
    fails_with("NotFound", desktop.get)  # whoever calls next makes the daemon look
    wait_ended(desktop, credential["id"])


def test_with_the_provider_failing_it_is_tried_again(desktop: Desktop):
    desktop.nile.rule(on="delete", status=500)
    credential = desktop.create(ttl=t(2))
    wait_until(lambda: "ProviderError" in desktop.daemon_log(), "the first try")
    fails_with("NotFound", desktop.get, id=s(credential["id"]))
    desktop.sign_in()  # one of the things that are worth another try
    wait_ended(desktop, credential["id"])


def test_who_comes_first_revokes_it(desktop: Desktop):
    credential = desktop.create(ttl=t(5))
    desktop.revoke(credential["id"])
    other = desktop.create(ttl=t(3))
    wait_ended(desktop, other["id"])
    assert desktop.nile.count("delete") == 2


def test_the_daemon_stays_until_then(desktop: Desktop):
    desktop.write_config(desktop.config_text() + "\n[daemon]\nidle-timeout=3\n")
    desktop.restart_daemon()
    credential = desktop.create(ttl=t(10))
    assert desktop.daemon_process is not None
    with pytest.raises(subprocess.TimeoutExpired):
        desktop.daemon_process.wait(6)
    wait_until(lambda: credential["id"] not in live_ids(desktop), "it is revoked")
    assert desktop.daemon_process.wait(30) == 0
    desktop.start_daemon()


# By a rotation


def test_rotation_with_an_overlap(desktop: Desktop):
    signals = SignalLog(desktop)
    old = desktop.create()
    new = rotate(desktop, old["id"], overlap=t(8))
    assert new["id"] != old["id"] and new["password"] == desktop.nile.password_of(new["id"])
    assert desktop.lookup(id=new["id"]) == new["password"]
    assert desktop.get()["id"] == new["id"]
    assert live_ids(desktop) == {old["id"], new["id"]}, "both live for now"
    assert "not-after" not in new and 0 < listed(desktop)[old["id"]]["not-after"] - time.time() <= 8
    assert desktop.get(id=s(old["id"]), min_validity=t(0))["password"] == old["password"]
    wait_ended(desktop, old["id"])
    assert live_ids(desktop) == {new["id"]}
    signals.wait_for("CredentialRemoved")
    names = signals.names()
    assert names.index("CredentialChanged") < names.index("CredentialExpiring") < names.index("CredentialRemoved")


def test_rotation_at_once(desktop: Desktop):
    old = desktop.create()
    new = rotate(desktop, old["id"])
    wait_ended(desktop, old["id"])
    assert desktop.get()["id"] == new["id"]


def test_rotation_keeps_what_it_was_for(desktop: Desktop):
    old = desktop.create(tenant_id=s("t1"), internal=b(True), label=s("for the report"), ttl=t(3600))
    new = rotate(desktop, old["id"], overlap=t(60))
    for key in ("workspace", "database", "tenant-id", "internal", "label", "backend"):
        assert new[key] == old[key]
    assert abs(new["not-after"] - time.time() - 3600) < 60
    third = rotate(desktop, new["id"], overlap=t(60), ttl=t(600), label=s("shorter"))
    assert third["label"] == "shorter" and third["not-after"] - time.time() <= 600


def test_the_end_of_a_rotated_one_outlives_the_daemon(desktop: Desktop):
    old = desktop.create()
    rotate(desktop, old["id"], overlap=t(3))
    desktop.kill_daemon()
    desktop.start_daemon()
    wait_ended(desktop, old["id"])


def test_a_rotation_that_cannot_mint_changes_nothing(desktop: Desktop):
    old = desktop.create()
    desktop.nile.rule(on="create", status=403, errorCode="forbidden", message="no")
    fails_with("AccessDenied", rotate, desktop, old["id"])
    assert "not-after" not in listed(desktop)[old["id"]]
    assert desktop.get()["id"] == old["id"]


def test_rotation_through_a_pipe(desktop: Desktop):
    old = desktop.create()
    read, write = os.pipe()
    new = rotate(desktop, old["id"], fds=(write,), secret_fd=GLib.Variant("h", 0))
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.read() == desktop.nile.password_of(new["id"])
    assert "password" not in new


def test_many_rotations_of_one_mint_once(desktop: Desktop):
    old = desktop.create()
    desktop.nile.rule(on="create", hold="door")
    calls = CallGroup(desktop)
    for _ in range(10):
        calls.start("RotateCredential", "(sa{sv})", old["id"], {"overlap": t(60)})
    desktop.nile.wait_for("create", 2)
    calls.fence(desktop.bus)
    desktop.nile.release("door")
    calls.wait()
    assert len({call.result()["id"] for call in calls.pending}) == 1
    assert desktop.nile.count("create") == 2


@pytest.mark.parametrize(("id", "options", "name"), [
    ("nothing", {}, "NotFound"),
    ("", {}, "InvalidArguments"),
    ("x", {"overlap": t(366 * 86400 + 1)}, "InvalidArguments"),
    ("x", {"ttl": t(0)}, "InvalidArguments"),
    ("x", {"request-id": s("r")}, "InvalidArguments"),
    ("x", {"create": b(True)}, "InvalidArguments"),
])
def test_what_cannot_be_rotated(desktop: Desktop, id: str, options: dict[str, GLib.Variant], name: str):
    fails_with(name, desktop.call, "RotateCredential", "(sa{sv})", id, options)

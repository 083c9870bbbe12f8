# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real keyrings of other desktops: all do what gnome-keyring does here, but for what is said to differ."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bus_calls import CallGroup
from bus_monitor import BusMonitor, property_changes
from desktop import CREDENTIALS, Desktop, b, s, wait_until
from gnome_keyring import GnomeKeyring
from keepassxc import KeePassXC
from keyring_tools import wait_keyring_state
from kwallet import KWallet
from refusals import fails_with
from secret_items import find_item
from secret_service import SecretServiceStandIn
from x_keyboard import can_type

KEYRINGS = [GnomeKeyring, KeePassXC, KWallet]
ASKS = ""  # for each item: what KeePassXC does unless it is told otherwise
ACCESS = "Access Request$"
NOT_INTERACTIVE = {"interactive": b(False)}


def skip_without(kind: Any) -> None:
    missing = [program for program in kind.PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{kind.NAME} is not installed: no {', '.join(missing)}")
    if not can_type():
        pytest.skip("nobody can answer a prompt: no Xvfb or no xdotool")


@contextmanager
def kept_in(kind: Any, *answers: str, **options: Any) -> Iterator[tuple[Desktop, Any]]:
    """A desktop that is signed in, with this keyring."""
    skip_without(kind)
    with Desktop(keyring=False, daemon=False) as desktop:
        keyring = kind(desktop, *answers, **options)
        keyring.start()
        try:
            desktop.start_daemon()
            desktop.sign_in()
            yield desktop, keyring
        finally:
            keyring.end()


def lock_and_wait(desktop: Desktop, keyring: Any) -> None:
    keyring.lock()
    wait_keyring_state(desktop, "locked")


def ids(desktop: Desktop) -> list[str]:
    return [entry["id"] for entry in desktop.list()]


each_keyring = pytest.mark.parametrize("kind", KEYRINGS, ids=[kind.NAME for kind in KEYRINGS])


@each_keyring
def test_stored_read_listed_and_revoked(kind: Any):
    with kept_in(kind) as (desktop, _):
        first, second = desktop.create(), desktop.create()
        assert desktop.property("KeyringState") == "unlocked"
        assert sorted(ids(desktop)) == sorted([first["id"], second["id"]])
        desktop.restart_daemon()
        for made in (first, second):
            assert desktop.get(id=s(made["id"]))["password"] == made["password"]
            # Not each time: KWallet 5.103 gets the keys of some sessions wrong.
            wait_until(lambda: desktop.lookup(id=made["id"]) == made["password"], "secret-tool finds it")
            item = find_item(desktop, id=made["id"])
            assert item.label == "acme/orders (nile)"
            assert set(item.attributes) == kind.ADDS | {
                "backend", "created", "database", "database-id", "host", "id", "internal", "port", "ssl-mode", "user", "workspace",
                "xdg:schema"}  # fmt: skip
        desktop.revoke(second["id"])
        assert ids(desktop) == [first["id"]]
        assert [live["id"] for live in desktop.nile.live()] == [first["id"]]
        assert desktop.lookup(id=second["id"]) is None
        desktop.restart_daemon()
        wait_until(lambda: ids(desktop) == [first["id"]], "the revoked one stays away")


@each_keyring
def test_locked(kind: Any):
    with kept_in(kind) as (desktop, keyring), BusMonitor(desktop) as monitor:
        made = desktop.create()
        posts = desktop.nile.count("create")
        lock_and_wait(desktop, keyring)
        for call in (desktop.get, desktop.create, lambda **options: desktop.revoke(made["id"], **options)):
            fails_with("KeyringLocked", call, **NOT_INTERACTIVE)
        assert ids(desktop) == [made["id"]]
        assert monitor.signals("CredentialRemoved") == []
        desktop.restart_daemon()
        wait_keyring_state(desktop, "locked")
        if kind.HIDES_WHEN_LOCKED:
            assert "does not show" in fails_with("KeyringLocked", desktop.list).message
        else:
            assert ids(desktop) == [made["id"]]
        assert (desktop.nile.count("create"), desktop.nile.count("delete")) == (posts, 0)


@each_keyring
def test_its_prompt_is_answered(kind: Any):
    with kept_in(kind, "right") as (desktop, keyring), BusMonitor(desktop) as monitor:
        made = desktop.create()
        lock_and_wait(desktop, keyring)
        calls = CallGroup(desktop)
        call = calls.create()
        keyring.answer_prompt()
        calls.wait()
        assert call.result()["password"]
        assert desktop.property("KeyringState") == "unlocked"
        assert desktop.get(id=s(made["id"]))["password"] == made["password"]
        assert monitor.signals("CredentialRemoved") == []
        assert [body[0]["id"] for body in monitor.signals("CredentialAdded")].count(made["id"]) == 1
        assert property_changes(monitor, CREDENTIALS, "KeyringState")[-2:] == ["locked", "unlocked"]


@each_keyring
def test_its_prompt_is_dismissed(kind: Any):
    with kept_in(kind, "dismiss") as (desktop, keyring):
        lock_and_wait(desktop, keyring)
        calls = CallGroup(desktop)
        call = calls.create()
        keyring.dismiss_prompt()
        calls.wait()
        assert call.error_name == "PromptDismissed"
        assert desktop.nile.count("create") == 0
        assert desktop.property("KeyringState") == "locked"


@each_keyring
def test_killed_and_started_again(kind: Any):
    with kept_in(kind) as (desktop, keyring), BusMonitor(desktop) as monitor:
        made = desktop.create(label=s("mine"))
        keyring.wait_written("mine", "felucca sign-in: ada@example.com (nile)")
        keyring.kill()
        wait_keyring_state(desktop, "absent")
        fails_with("KeyringAbsent", desktop.get)
        fails_with("KeyringAbsent", desktop.create)
        keyring.start()
        wait_keyring_state(desktop, kind.COMES_BACK)
        assert ids(desktop) == [made["id"]]
        assert desktop.get()["password"] == made["password"]
        assert desktop.create()["password"] != made["password"]
        assert monitor.signals("CredentialRemoved") == []
        assert desktop.nile.count("create") == 2


@each_keyring
def test_renamed_by_its_own_program(kind: Any):
    with kept_in(kind) as (desktop, keyring):
        made = desktop.create(label=s("mine"))
        keyring.rename("yours", made["id"])
        wait_until(lambda: [entry["label"] for entry in desktop.list()] == ["yours"], "the daemon sees the new label")
        assert desktop.get()["password"] == made["password"]


# What KeePassXC alone does


def test_a_locked_database_is_left_in_peace():
    """A search would show its window, and make every call after it wait for that."""
    skip_without(KeePassXC)
    with Desktop(keyring=False, daemon=False) as desktop:
        keyring = KeePassXC(desktop)
        keyring.start(unlock=False)
        with BusMonitor(desktop) as monitor:
            desktop.start_daemon()
            fails_with("KeyringLocked", desktop.list)
            fails_with("KeyringLocked", desktop.create, **NOT_INTERACTIVE)
            assert monitor.calls("SearchItems") == []
            keyring.unlock()
            wait_keyring_state(desktop, "unlocked")
            assert desktop.list() == []
            assert len(monitor.calls("SearchItems")) > 0
        keyring.end()


@pytest.mark.parametrize(("key", "outcome"), [("Return", None), ("Escape", "PromptDismissed")], ids=["allowed", "denied"])
@pytest.mark.parametrize("method", ["create", "get"])
def test_it_asks_for_each_item(method: str, key: str, outcome: str | None):
    """Of a program that has not stored it itself: here, a daemon that was started again."""
    with kept_in(KeePassXC, settings=ASKS) as (desktop, keyring):
        made = desktop.create()
        desktop.restart_daemon()
        wait_keyring_state(desktop, "unlocked")
        assert ids(desktop) == [made["id"]]
        assert "wants to ask" in fails_with("KeyringLocked", getattr(desktop, method), **NOT_INTERACTIVE).message
        calls = CallGroup(desktop)
        call = getattr(calls, method)()
        keyring.keyboard.answer(ACCESS, key)
        calls.wait()
        assert call.error_name == outcome
        assert len(desktop.nile.live()) == (2 if (method, outcome) == ("create", None) else 1)
        if (method, outcome) == ("get", None):
            assert call.password() == made["password"]


# What is not the same in all versions


def test_a_secret_that_was_not_written():
    """KWallet, killed in the seconds before it writes secrets; what it has of the item is there."""
    with kept_in(KWallet) as (desktop, keyring):
        made = desktop.create()
        keyring.kill()
        wait_keyring_state(desktop, "absent")
        keyring.start()
        wait_keyring_state(desktop, "locked")
        assert ids(desktop) == [made["id"]]
        fails_with("NotFound", desktop.get)
        again = desktop.get(create=b(True))
        assert again["password"] == desktop.nile.password_of(again["id"])
        # KWallet gives the new one the place of the old one: that is no longer held here, and the provider still shows it.
        desktop.restart_daemon()
        assert ids(desktop) == [again["id"]]
        everywhere = {"workspace": s("acme"), "database": s("orders"), "provider": b(True)}
        fails_with("SignInRequired", desktop.list, **everywhere)  # the token was lost, too
        desktop.sign_in()
        shown = desktop.list(**everywhere)
        assert {entry["id"]: entry["stored"] for entry in shown} == {again["id"]: True, made["id"]: False}


def test_a_prompt_before_it_deletes():
    """Dismissed: what is revoked at the provider is listed until its item is gone, too."""
    with Desktop(keyring=False, daemon=False) as desktop, SecretServiceStandIn(desktop) as service:
        desktop.start_daemon()
        desktop.sign_in()
        made = desktop.create()
        service.faults["Delete"] = "dismiss"
        fails_with("PromptDismissed", lambda: desktop.revoke(made["id"]))
        assert desktop.nile.live() == []
        assert ids(desktop) == [made["id"]]
        service.faults.clear()
        desktop.revoke(made["id"])
        assert desktop.list() == []
        assert service.password_of(id=made["id"]) is None

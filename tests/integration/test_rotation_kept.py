# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A rotation whose old credential the keyring does not mark: it is ended all the same, whoever is the daemon then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bus_calls import CallGroup
from desktop import Desktop, wait_until
from keyring_tools import wait_keyring_state
from refusals import fails_with
from secret_service import SecretServiceStandIn
from test_lifetimes import listed, live_ids, rotate, t, wait_ended

LONG_SEC = 3600
OVERLAP_SEC = 8  # a daemon is killed and another one asked meanwhile
REFUSALS = ["error", "org.freedesktop.Secret.Error.IsLocked", "lock", "lie-set"]


@contextmanager
def refusing(fault: str | None = None) -> Iterator[tuple[Desktop, SecretServiceStandIn]]:
    with Desktop(keyring=False, daemon=False) as desktop, SecretServiceStandIn(desktop) as service:
        desktop.start_daemon()
        desktop.sign_in()
        if fault is not None:
            service.faults["Set"] = fault
        try:
            yield desktop, service
        finally:
            service.let_go()


def record_of(desktop: Desktop) -> Path:
    return desktop.root / "state/felucca/endings"


def revive(service: SecretServiceStandIn) -> None:
    """The keyring is there and open again, and does what it is asked."""
    service.let_go()
    if service.locked:
        service.set_locked(False)


def crash_and_start(desktop: Desktop) -> None:
    desktop.kill_daemon()
    desktop.start_daemon()


def kept_end(service: SecretServiceStandIn, id: str) -> str | None:
    """What the keyring itself says."""
    (attributes,) = [item["attributes"] for item in service.items.values() if item["attributes"].get("id") == id]
    return attributes.get("not-after")


@pytest.mark.parametrize("fault", REFUSALS)
def test_the_old_one_ends_in_a_later_daemon(fault: str):
    with refusing(fault) as (desktop, service):
        old = desktop.create()
        new = rotate(desktop, old["id"], overlap=t(OVERLAP_SEC))
        assert new["password"] == desktop.nile.password_of(new["id"]), "who rotates has the new one in any case"
        assert 0 < listed(desktop)[old["id"]]["not-after"] - time.time() <= OVERLAP_SEC
        assert kept_end(service, old["id"]) is None and old["id"] in record_of(desktop).read_text()
        assert new["password"] not in record_of(desktop).read_text()
        desktop.kill_daemon()
        revive(service)
        service.faults["Set"] = "error"  # it never takes it
        desktop.start_daemon()
        assert "not-after" in listed(desktop)[old["id"]]
        wait_ended(desktop, old["id"])
        assert live_ids(desktop) == {new["id"]}
        wait_until(lambda: not record_of(desktop).exists(), "nothing is left to remember")


def test_it_ends_in_the_same_daemon():
    with refusing("error") as (desktop, service):
        old = desktop.create()
        new = rotate(desktop, old["id"], overlap=t(2))
        wait_ended(desktop, old["id"])
        assert live_ids(desktop) == {new["id"]}
        wait_until(lambda: not record_of(desktop).exists(), "nothing is left to remember")


def test_killed_while_the_keyring_thinks_about_it():
    with refusing("hang") as (desktop, service):
        old = desktop.create()
        calls = CallGroup(desktop)
        before = service.calls["Set"]
        calls.start("RotateCredential", "(sa{sv})", old["id"], {"overlap": t(3)})
        wait_until(lambda: service.calls["Set"] > before, "the keyring is asked")
        desktop.kill_daemon()
        service.faults["Set"] = "error"
        desktop.start_daemon()
        wait_ended(desktop, old["id"])
        assert len(live_ids(desktop)) == 1, "the new one"
        calls.wait()


def test_a_keyring_that_comes_back_does_not_undo_it():
    """It is loaded anew, and what it says of the old one has no end."""
    with refusing("error") as (desktop, service):
        old = desktop.create()
        rotate(desktop, old["id"], overlap=t(LONG_SEC))
        service.set_locked(True)
        wait_keyring_state(desktop, "locked")
        service.set_locked(False)
        wait_until(lambda: service.calls["Set"] >= 2, "it was loaded, and asked again")
        assert kept_end(service, old["id"]) is None and "not-after" in listed(desktop)[old["id"]]


def test_the_keyring_takes_it_later():
    with refusing("error*1") as (desktop, service):
        old = desktop.create()
        rotate(desktop, old["id"], overlap=t(LONG_SEC))
        assert kept_end(service, old["id"]) is None and record_of(desktop).exists()
        crash_and_start(desktop)
        wait_until(lambda: kept_end(service, old["id"]) is not None, "it is in the keyring")
        assert int(kept_end(service, old["id"])) == listed(desktop)[old["id"]]["not-after"]
        wait_until(lambda: not record_of(desktop).exists(), "the record has done its work")


def test_a_keyring_that_takes_it_leaves_no_record():
    with refusing() as (desktop, service):
        old = desktop.create()
        rotate(desktop, old["id"], overlap=t(LONG_SEC))
        assert kept_end(service, old["id"]) is not None
        wait_until(lambda: not record_of(desktop).exists(), "the record has done its work")


@pytest.mark.parametrize("error", ["ENOSPC", "EROFS", "EIO"])
def test_without_a_disk_the_keyring_is_enough(error: str):
    with refusing() as (desktop, service):
        old = desktop.create()
        desktop.stop_daemon()
        desktop.start_daemon(FELUCCA_FAILPOINT=f"endings-write:{error}")
        new = rotate(desktop, old["id"], overlap=t(8))
        assert kept_end(service, old["id"]) is not None
        crash_and_start(desktop)
        wait_ended(desktop, old["id"])
        assert live_ids(desktop) == {new["id"]}


def test_with_neither_it_is_known_as_long_as_the_daemon_lives():
    with refusing("error") as (desktop, service):
        old = desktop.create()
        desktop.stop_daemon()
        desktop.start_daemon(FELUCCA_FAILPOINT="endings-write:ENOSPC")
        rotate(desktop, old["id"], overlap=t(2))
        wait_ended(desktop, old["id"])
        assert "endings" in desktop.daemon_log() and "not in the keyring" in desktop.daemon_log()


def test_one_that_the_user_revokes_is_forgotten():
    with refusing("error") as (desktop, service):
        old = desktop.create()
        rotate(desktop, old["id"], overlap=t(LONG_SEC))
        desktop.revoke(old["id"])
        wait_until(lambda: not record_of(desktop).exists(), "nothing is left to remember")


@pytest.mark.parametrize("text", ["", "garbage", "[endings]\nversion=2\n", "[endings]\nversion=1\n[ending 0]\nbackend=nile\n"])
def test_a_broken_record_is_set_aside(text: str):
    with refusing() as (desktop, _):
        desktop.stop_daemon()
        record_of(desktop).write_text(text)
        desktop.start_daemon()
        aside = record_of(desktop).with_name("endings.broken")
        wait_until(aside.exists, "it is set aside")
        assert aside.read_text() == text and not record_of(desktop).exists()
        wait_until(lambda: "it was set aside" in desktop.daemon_log(), "it says so")


def test_a_planted_link_is_not_followed():
    with refusing() as (desktop, _):
        desktop.stop_daemon()
        target = desktop.root / "target"
        target.write_text("untouched")
        record_of(desktop).symlink_to(target)
        desktop.start_daemon()
        wait_until(lambda: not record_of(desktop).is_symlink(), "it is set aside")
        old = desktop.create()
        rotate(desktop, old["id"], overlap=t(LONG_SEC))
        assert target.read_text() == "untouched"


def test_one_record_holds_many():
    with refusing("error") as (desktop, service):
        olds = [desktop.create(database=f"db{number}")["id"] for number in range(1, 5)]
        for id in olds:
            rotate(desktop, id, overlap=t(LONG_SEC))
        crash_and_start(desktop)
        assert all("not-after" in listed(desktop)[id] for id in olds)
        fails_with("NotFound", rotate, desktop, "nothing")

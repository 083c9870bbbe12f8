# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A password that was read is held for the next call, and for no moment longer than the keyring would hand it out."""

from __future__ import annotations

import os
import time
from typing import Any, Iterator

import pytest

from bus_calls import CallGroup
from bus_monitor import BusMonitor
from desktop import DAEMON, DEADLINE_SEC, ERROR, BusError, Desktop, GLib, b, wait_until
from keyring_tools import kill_keyring, lock_and_wait, unlock_keyring, wait_keyring_state
from pipes import call_with_secret_fd
from secret_scan import SecretScan, idle_daemon
from secret_service import COLLECTION_IFACE, ITEM_IFACE, LOGIN, ROOT, SERVICE_IFACE, SecretServiceStandIn

for_root = pytest.mark.skipif(os.geteuid() != 0,
                              reason="only root can read the memory of a process that is not dumpable")
not_sanitized = pytest.mark.skipif(b"__asan_init" in DAEMON.read_bytes(),
                                   reason="the sanitizer's allocator keeps what is freed")


@pytest.fixture
def stand_in() -> Iterator[tuple[Desktop, SecretServiceStandIn]]:
    """A desktop whose keyring is the stand-in; signed in, with one credential that was read."""
    with Desktop(keyring=False, daemon=False) as desktop, SecretServiceStandIn(desktop) as service:
        desktop.start_daemon()
        desktop.sign_in()
        desktop.create()
        desktop.get()
        yield desktop, service


def item_of(service: SecretServiceStandIn) -> str:
    (path,) = [path for path, item in service.items.items() if "id" in item["attributes"]]
    return path


def is_held(desktop: Desktop, service: SecretServiceStandIn) -> bool:
    """Whether a get does without the keyring's secret. The get itself may fail."""
    before = service.calls["GetSecrets"]
    try:
        desktop.get(interactive=b(False))
    except BusError:
        return False
    return service.calls["GetSecrets"] == before


def reads(monitor: BusMonitor) -> int:
    return len(monitor.calls("GetSecrets"))


def test_the_keyring_is_read_once(desktop: Desktop):
    created = desktop.create()
    second = int(time.time())
    wait_until(lambda: int(time.time()) > second, "an item that has changed in this second could change once more in it")
    with BusMonitor(desktop) as monitor:
        for _ in range(3):
            assert desktop.get() == {key: created[key] for key in desktop.get()} | {"password": created["password"]}
        assert desktop.get(id=GLib.Variant("s", created["id"]))["password"] == created["password"]
        _, password = call_with_secret_fd(desktop, "GetCredential")
        assert password.decode() == created["password"]
        assert reads(monitor) == 1


def test_each_has_its_own(desktop: Desktop):
    passwords = {name: desktop.create(database=name)["password"] for name in ("db1", "db2", "db3")}
    for _ in range(2):
        assert {name: desktop.get(database=name)["password"] for name in passwords} == passwords


def test_the_newest_is_meant(desktop: Desktop):
    desktop.create()
    desktop.get()
    assert desktop.get()["password"] != (newer := desktop.create()["password"])
    assert desktop.get()["password"] == newer


def test_min_validity_counts_all_the_same(desktop: Desktop):
    desktop.create(ttl=GLib.Variant("t", 600))
    desktop.get()
    with pytest.raises(BusError) as caught:
        desktop.get(min_validity=GLib.Variant("t", 700))
    assert caught.value.name == ERROR + "NotFound"


# What ends it, at the stand-in: there it is counted who asks.

def lock_and_unlock(desktop: Desktop, service: SecretServiceStandIn) -> None:
    service.set_locked(True)
    wait_keyring_state(desktop, "locked")
    service.set_locked(False)
    wait_keyring_state(desktop, "unlocked")


def leave_and_come_back(desktop: Desktop, service: SecretServiceStandIn) -> None:
    service.leave()
    wait_keyring_state(desktop, "absent")
    service.come_back()
    wait_keyring_state(desktop, "unlocked")


def change_owner(desktop: Desktop, service: SecretServiceStandIn) -> None:
    """The name goes over without having been free; the bus says so in one signal, which everybody gets in its turn."""
    service.take_over()
    desktop.property("Version")


def change_secret(desktop: Desktop, service: SecretServiceStandIn) -> None:
    path = item_of(service)
    item = service.items[path]
    desktop.secrets_call(LOGIN, COLLECTION_IFACE, "CreateItem", GLib.Variant("(a{sv}(oayays)b)", (
        {ITEM_IFACE + ".Attributes": GLib.Variant("a{ss}", item["attributes"]),
         ITEM_IFACE + ".Label": GLib.Variant("s", item["label"])},
        (ROOT + "/session/s1", b"", b"another-password", "text/plain"), True)))


@pytest.mark.parametrize("end", [lock_and_unlock, leave_and_come_back, change_owner, change_secret],
                         ids=lambda end: end.__name__)
def test_it_ends(stand_in: tuple[Desktop, SecretServiceStandIn], end: Any):
    desktop, service = stand_in
    assert is_held(desktop, service)
    end(desktop, service)
    assert wait_until(lambda: not is_held(desktop, service), "it was read anew")
    assert desktop.get()["password"] == service.password_of(backend="nile", database="orders")


def test_locked_without_a_word(stand_in: tuple[Desktop, SecretServiceStandIn]):
    """A service that tells nobody is asked again after a second."""
    desktop, service = stand_in
    service.locked = True
    desktop.property("Version")

    def is_refused() -> bool:
        try:
            desktop.get(interactive=b(False))
        except BusError as error:
            return error.name == ERROR + "KeyringLocked"
        return False

    wait_until(is_refused, "the lock is noticed")
    service.locked = False
    assert not is_held(desktop, service)


def test_a_read_that_a_lock_has_overtaken(stand_in: tuple[Desktop, SecretServiceStandIn]):
    desktop, service = stand_in
    lock_and_unlock(desktop, service)
    service.faults["GetSecrets"] = "hang"
    before = service.calls["GetSecrets"]
    calls = CallGroup(desktop)
    call = calls.get()
    wait_until(lambda: service.calls["GetSecrets"] > before, "it is asked for")
    lock_and_unlock(desktop, service)
    service.let_go()
    calls.wait()
    assert call.error is None
    assert not is_held(desktop, service), "it came from before the lock"
    assert is_held(desktop, service)


def test_revoked(stand_in: tuple[Desktop, SecretServiceStandIn]):
    desktop, service = stand_in
    path = item_of(service)
    desktop.revoke(service.items[path]["attributes"]["id"])
    with pytest.raises(BusError) as caught:
        desktop.get()
    assert caught.value.name == ERROR + "NotFound"


# And at a real keyring

def change_by_secret_tool(desktop: Desktop, created: dict[str, Any]) -> None:
    """Somebody gives the item another secret: what libsecret does for equal attributes."""
    (path,), _ = desktop.secrets_call(ROOT, SERVICE_IFACE, "SearchItems", GLib.Variant("(a{ss})", ({"id": created["id"]},)))
    _, session = desktop.secrets_call(ROOT, SERVICE_IFACE, "OpenSession", GLib.Variant("(sv)", ("plain", GLib.Variant("s", ""))))
    desktop.secrets_call(path, ITEM_IFACE, "SetSecret", GLib.Variant("((oayays))", ((session, b"", b"another", "text/plain"),)))


def test_locked(desktop: Desktop):
    created = desktop.create()
    desktop.get()
    lock_and_wait(desktop)
    with pytest.raises(BusError) as caught:
        desktop.get(interactive=b(False))
    assert caught.value.name == ERROR + "KeyringLocked"
    with BusMonitor(desktop) as monitor:
        unlock_keyring(desktop)
        assert desktop.get()["password"] == created["password"]
        assert reads(monitor) == 1


def test_changed(desktop: Desktop):
    created = desktop.create()
    desktop.get()
    change_by_secret_tool(desktop, created)
    wait_until(lambda: desktop.get()["password"] == "another", "the new one is handed out")


def test_killed(desktop: Desktop):
    created = desktop.create()
    desktop.get()
    kill_keyring(desktop)
    wait_keyring_state(desktop, "absent")
    desktop.start_keyring()
    wait_keyring_state(desktop, "unlocked")
    with BusMonitor(desktop) as monitor:
        assert desktop.get()["password"] == created["password"]
        assert reads(monitor) == 1


def test_replaced(desktop: Desktop):
    """By another keyring daemon, which takes the name."""
    created = desktop.create()
    desktop.get()
    first = desktop.keyring_process
    assert first is not None
    with BusMonitor(desktop) as monitor:
        desktop.start_keyring(options=("--replace",))
        first.wait(DEADLINE_SEC)
        wait_keyring_state(desktop, "unlocked")
        assert desktop.get()["password"] == created["password"]
        assert reads(monitor) == 1


def test_the_collection_is_deleted(desktop: Desktop):
    desktop.create()
    desktop.get()
    desktop.secrets_call(LOGIN, COLLECTION_IFACE, "Delete", GLib.Variant("()", ()))

    def is_gone() -> bool:
        try:
            desktop.get(interactive=b(False))
        except BusError:
            return True
        return False

    wait_until(is_gone, "nothing is handed out")


@for_root
@not_sanitized
@pytest.mark.parametrize("end", ["lock", "kill", "revoke", "delete", "change"])
def test_nothing_stays_in_memory(desktop: Desktop, end: str):
    created = desktop.create()
    call_with_secret_fd(desktop, "GetCredential")
    scan = SecretScan([created["password"]])
    (hit,) = scan.in_memory(idle_daemon(desktop))
    assert hit.is_locked, "it is held, where no swap and no core takes it from"
    if end == "lock":
        lock_and_wait(desktop)
    elif end == "kill":
        kill_keyring(desktop)
        wait_keyring_state(desktop, "absent")
    elif end == "revoke":
        desktop.revoke(created["id"])
    elif end == "delete":
        desktop.secret_tool("clear", "xdg:schema", "org.felucca.Credential", "id", created["id"])
        wait_until(lambda: desktop.list() == [], "the daemon knows")
    else:
        change_by_secret_tool(desktop, created)
        wait_until(lambda: desktop.get()["password"] == "another", "the daemon knows")
    assert scan.in_memory(idle_daemon(desktop)) == []


# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Storing what was minted, while the keyring fails in every way: each living credential is stored, or nothing lives.

The provider stand-in knows what lives, the keyring knows what is stored; after each test the two are compared.
"""

from __future__ import annotations

import resource
import signal
import subprocess
from typing import Any

import pytest

from bus_calls import CallGroup, PendingCall, pump_until
from bus_monitor import BusMonitor
from desktop import ACCOUNTS, BUILD, ERROR, BusError, Desktop, GLib, b, pipe_holding, wait_until
from keyring_tools import kill_keyring, lock_and_wait, unlock_keyring, wait_keyring_state
from secret_items import find_items
from secret_service import NO_SUCH_OBJECT, SESSION, SecretServiceStandIn

DISK_FULL = (0, resource.RLIM_INFINITY)
DISK_FREE = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def assert_consistent(desktop: Desktop, stored: list[str]) -> None:
    """What lives is what is stored, and what is listed."""
    live = sorted(one["id"] for one in desktop.nile.live())
    assert sorted(stored) == live
    wait_until(lambda: sorted(entry["id"] for entry in desktop.list()) == live, "the list says so, too")


@pytest.fixture
def stand_in():
    """A desktop whose keyring is the stand-in; signed in. In the end, it holds what lives."""
    with Desktop(keyring=False, daemon=False) as desktop, SecretServiceStandIn(desktop) as service:
        desktop.start_daemon()
        desktop.sign_in()
        service.calls.clear()
        yield desktop, service
        assert_consistent(desktop, service.ids())


@pytest.fixture
def real():
    """A desktop with a gnome-keyring. In the end, it holds what lives."""
    with Desktop() as desktop:
        yield desktop
        assert_consistent(desktop, [item.attributes["id"] for item in find_items(desktop)])


def assert_stored(desktop: Desktop, service: SecretServiceStandIn, created: dict[str, Any]) -> None:
    """Once, with its password; also for a daemon that starts anew."""
    assert service.ids() == [created["id"]]
    assert service.password_of(id=created["id"]) == created["password"] == desktop.nile.password_of(created["id"])
    assert desktop.nile.count("create") == 1
    assert [entry["id"] for entry in desktop.list()] == [created["id"]]
    desktop.restart_daemon()
    assert desktop.get()["password"] == created["password"]


def assert_not_stored(desktop: Desktop, error: BusError | None) -> None:
    """It said so, and nothing lives."""
    assert error is not None and error.name == ERROR + "NotStored", error
    assert "it was revoked again" in error.message
    assert desktop.nile.count("create") == 1
    assert desktop.nile.live() == []


def fails(function: Any, *arguments: Any, **options: Any) -> BusError:
    with pytest.raises(BusError) as caught:
        function(*arguments, **options)
    return caught.value


def start_held_create(desktop: Desktop) -> tuple[CallGroup, PendingCall]:
    """A create that has reached the provider and waits there until `mint` is released."""
    desktop.nile.rule(on="create", hold="mint")
    calls = CallGroup(desktop)
    call = calls.create()
    desktop.nile.wait_for("create")
    return calls, call


# What works is done once

def test_a_store_that_works_is_asked_for_once(stand_in):
    desktop, service = stand_in
    created = desktop.create()
    assert (service.calls["CreateItem"], service.calls["SearchItems"], service.calls["GetSecrets"]) == (1, 0, 0)
    assert_stored(desktop, service, created)


# The reply is lost

@pytest.mark.parametrize("fault", ["lose*1", "lose-restart*1"])
def test_the_reply_is_lost(stand_in, fault: str):
    """It is found there: no second attempt, no second item."""
    desktop, service = stand_in
    service.faults["CreateItem"] = fault
    created = desktop.create()
    assert service.calls["CreateItem"] == 1
    assert_stored(desktop, service, created)


@pytest.mark.parametrize("search", ["error*3", "hang"])  # two are the load of a keyring that is back
def test_the_reply_is_lost_and_it_cannot_be_looked_for(stand_in, search: str):
    """The second attempt puts the same into the same item."""
    desktop, service = stand_in
    service.faults |= {"CreateItem": "lose-restart*1", "SearchItems": search}
    created = desktop.create()
    assert service.calls["CreateItem"] == 2
    service.let_go()
    assert_stored(desktop, service, created)


def test_the_reply_is_lost_and_the_item_reads_wrong(stand_in):
    """Only an item that holds this very secret counts."""
    desktop, service = stand_in
    service.faults |= {"CreateItem": "lose-restart*1", "GetSecrets": "lie-read*1"}
    created = desktop.create()
    assert service.calls["CreateItem"] == 2
    assert_stored(desktop, service, created)


def test_an_attempt_that_is_carried_out_after_the_next_one(stand_in):
    """The first hangs until the second is done: it makes a second item of the same, which goes with it."""
    desktop, service = stand_in
    service.faults["CreateItem"] = "hang*1"
    created = desktop.create()
    assert service.ids() == [created["id"]]
    service.let_go()
    assert set(service.ids()) == {created["id"]}
    assert desktop.get()["password"] == created["password"]
    desktop.revoke(created["id"])
    wait_until(lambda: service.ids() == [], "no item of it stays")


# It fails

@pytest.mark.parametrize("method", ["create", "get"])
@pytest.mark.parametrize("fault", ["error*1", "error*2", "org.freedesktop.Secret.Error.IsLocked*2", "lie-store*2"])
def test_it_fails_and_then_works(stand_in, fault: str, method: str):
    desktop, service = stand_in
    service.faults["CreateItem"] = fault
    created = desktop.create() if method == "create" else desktop.get(create=b(True))
    assert service.calls["CreateItem"] == int(fault[-1]) + 1
    assert_stored(desktop, service, created)


@pytest.mark.parametrize(("fault", "why"), [
    ("error", "the disk is full"), ("lie-store", "store a secret"), ("lose-vanish*1", "store a secret")])
def test_it_always_fails(stand_in, fault: str, why: str):
    desktop, service = stand_in
    service.faults["CreateItem"] = fault
    error = fails(desktop.create)
    assert why in error.message
    assert_not_stored(desktop, error)
    if "vanish" in fault:
        assert len(service.ids()) == 1, "it had stored it"
        service.come_back()
        wait_until(lambda: service.ids() == [], "what was revoked is deleted when the keyring is back")
    else:
        assert service.calls["CreateItem"] == 3
        assert service.ids() == []


def test_its_prompt_is_dismissed(stand_in):
    """Somebody has said no, and is not asked again."""
    desktop, service = stand_in
    service.faults["CreateItem"] = "dismiss"
    error = fails(desktop.create)
    assert "dismissed" in error.message
    assert_not_stored(desktop, error)
    assert service.calls["CreateItem"] == 1


def test_the_first_error_is_told(stand_in):
    """What went wrong first is the reason; what came after it may be its consequence."""
    desktop, service = stand_in
    service.faults["CreateItem"] = "error*1;org.freedesktop.Secret.Error.IsLocked"
    error = fails(desktop.create)
    assert "the disk is full" in error.message
    assert_not_stored(desktop, error)


def test_it_locks_after_the_mint(stand_in):
    desktop, service = stand_in
    service.faults["CreateItem"] = "lock*1"
    error = fails(desktop.create)
    assert "locked" in error.message
    assert_not_stored(desktop, error)
    assert desktop.property("KeyringState") == "locked"
    service.set_locked(False)
    assert desktop.create()["password"]


def test_it_has_stored_and_then_locks(stand_in):
    """The reply is lost and the item cannot be read: revoked, and deleted when that is possible again."""
    desktop, service = stand_in
    service.faults |= {"CreateItem": "lose-restart*1", "SearchItems": "lock*1"}
    assert_not_stored(desktop, fails(desktop.create))
    assert len(service.ids()) == 1
    service.set_locked(False)
    wait_until(lambda: service.ids() == [], "what was revoked is deleted")


def test_a_prompt_for_a_locked_keyring_is_dismissed(stand_in):
    desktop, service = stand_in
    service.set_locked(True)
    wait_keyring_state(desktop, "locked")
    service.faults["Unlock"] = "dismiss*1"
    assert fails(desktop.create).name == ERROR + "PromptDismissed"
    assert desktop.nile.count("create") == 0
    assert desktop.create()["password"]


# It hangs

def test_it_hangs_and_does_it_all_later(stand_in):
    """By its deadline the request gives up; whatever turns up after that is deleted."""
    desktop, service = stand_in
    service.faults["CreateItem"] = "hang"
    assert_not_stored(desktop, fails(desktop.create))
    service.let_go()
    wait_until(lambda: service.calls["Delete"] > 0 and service.ids() == [], "no item of it stays")


def test_everything_hangs(stand_in):
    desktop, service = stand_in
    calls, call = start_held_create(desktop)
    service.faults |= {method: "hang" for method in ("CreateItem", "SearchItems", "GetSecrets", "Get", "GetAll", "Delete")}
    desktop.nile.release("mint")
    calls.wait()
    assert_not_stored(desktop, call.error)
    service.let_go()
    wait_until(lambda: service.calls["Delete"] > 0 and service.ids() == [], "no item of it stays")


def test_it_is_slow(stand_in):
    """Longer than one attempt may take, and then found there."""
    desktop, service = stand_in
    service.faults["CreateItem"] = "slow=10*1"
    created = desktop.create()
    assert service.calls["CreateItem"] == 1
    assert_stored(desktop, service, created)


# The real one

def test_killed_after_the_mint_and_started_again_in_time(real: Desktop):
    calls, call = start_held_create(real)
    kill_keyring(real)
    wait_keyring_state(real, "absent")
    real.start_keyring()
    real.nile.release("mint")
    calls.wait()
    assert real.lookup(id=call.result()["id"]) == call.result()["password"]


def test_killed_after_the_mint(real: Desktop):
    calls, call = start_held_create(real)
    kill_keyring(real)
    real.nile.release("mint")
    calls.wait()
    assert_not_stored(real, call.error)
    real.start_keyring()
    wait_keyring_state(real, "unlocked")


def test_killed_while_it_stores(real: Desktop):
    """It has the call and dies; the next one comes at once. Stored or not: nothing lives that is not stored."""
    keyring = real.keyring_process
    assert keyring is not None
    with BusMonitor(real) as monitor:
        calls, call = start_held_create(real)
        keyring.send_signal(signal.SIGSTOP)
        before = len(monitor.calls("CreateItem"))
        real.nile.release("mint")
        pump_until(lambda: len(monitor.calls("CreateItem")) > before, "the daemon stores it")
        kill_keyring(real)
        real.start_keyring()
        calls.wait()
    if call.error is None:
        assert real.get()["password"] == call.result()["password"]
    else:
        assert_not_stored(real, call.error)


def test_stopped_and_continued_too_late(real: Desktop):
    """What it had in its queue is carried out after all, and deleted again."""
    keyring = real.keyring_process
    assert keyring is not None
    with BusMonitor(real) as monitor:
        calls, call = start_held_create(real)
        keyring.send_signal(signal.SIGSTOP)
        real.nile.release("mint")
        calls.wait()
        keyring.send_signal(signal.SIGCONT)
        assert_not_stored(real, call.error)
        wait_until(lambda: monitor.calls("Delete") and not find_items(real), "no item of it stays")


def start_keyring_that_can_be_full(desktop: Desktop) -> None:
    """A limit on the size of files is a full disk for one process, as long as the signal for it is ignored."""
    popen = subprocess.Popen
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        subprocess.Popen = lambda *a, **k: popen(*a, restore_signals=False, **k)  # type: ignore[assignment,misc]
        desktop.start_keyring()
    finally:
        subprocess.Popen = popen  # type: ignore[misc]
        signal.signal(signal.SIGXFSZ, old)


@pytest.fixture
def small_disk():
    """Like `real`; the file size of its keyring may be limited."""
    with Desktop(keyring=False, daemon=False) as desktop:
        start_keyring_that_can_be_full(desktop)
        desktop.start_daemon()
        desktop.sign_in()
        yield desktop
        assert_consistent(desktop, [item.attributes["id"] for item in find_items(desktop)])


def limit_files(desktop: Desktop, limit: tuple[int, int]) -> None:
    assert desktop.keyring_process is not None
    resource.prlimit(desktop.keyring_process.pid, resource.RLIMIT_FSIZE, limit)


def test_the_disk_is_full(small_disk: Desktop):
    limit_files(small_disk, DISK_FULL)
    assert_not_stored(small_disk, fails(small_disk.create))
    limit_files(small_disk, DISK_FREE)
    created = small_disk.create()
    kill_keyring(small_disk)
    small_disk.start_keyring()
    wait_keyring_state(small_disk, "unlocked")
    assert small_disk.get()["password"] == created["password"], "it is in the file"


def test_the_disk_is_full_for_a_moment(small_disk: Desktop):
    with BusMonitor(small_disk) as monitor:
        before = len(monitor.calls("CreateItem"))
        limit_files(small_disk, DISK_FULL)
        calls = CallGroup(small_disk)
        call = calls.create()
        pump_until(lambda: len(monitor.calls("CreateItem")) > before + 1, "it is tried again")
        limit_files(small_disk, DISK_FREE)
        calls.wait()
    assert small_disk.lookup(id=call.result()["id"]) == call.result()["password"]


def test_locked_after_the_mint(real: Desktop):
    calls, call = start_held_create(real)
    lock_and_wait(real)
    real.nile.release("mint")
    calls.wait()
    assert_not_stored(real, call.error)
    unlock_keyring(real)


# A later store of the same

def test_a_later_store_is_not_overwritten_by_an_earlier_one(stand_in):
    """Two sign-ins of one account, the first store hangs: when it is given up, what came after it stays."""
    desktop, service = stand_in
    service.faults["CreateItem"] = "hang*1"
    first = desktop.nile.issue_token(ttl=3600)["access_token"]
    calls = CallGroup(desktop)
    call = calls.start("SignIn", "(sa{sv})", "", {"token-fd": GLib.Variant("h", 0)}, interface=ACCOUNTS,
                       fds=(pipe_holding(first.encode()),))
    pump_until(lambda: service.calls["CreateItem"] == 1, "the first is being stored")
    desktop.sign_in()
    calls.wait()
    assert call.error_name == "TimedOut"
    kept = service.password_of(account="ada@example.com")
    assert kept is not None and desktop.token["access_token"] in kept and first not in kept
    assert service.calls["CreateItem"] == 2


# Finding

def find(desktop: Desktop, *attributes: str) -> str:
    """What fel_keyring_find() says."""
    return subprocess.run([str(BUILD / "tests/integration/keyring-find"), *attributes], env=desktop.env, check=True,
                          capture_output=True, text=True, timeout=60).stdout.strip()


def test_find(stand_in):
    desktop, service = stand_in
    created = desktop.create()
    path, = [path for path, item in service.items.items() if item["attributes"].get("id")]
    assert find(desktop, "id", created["id"]) == "found " + path
    assert find(desktop, "id", created["id"], "backend", "nile") == "found " + path
    assert find(desktop, "id", created["id"], "backend", "other") == "none"
    service.set_locked(True)
    assert find(desktop, "id", created["id"]) == "found " + path
    assert find(desktop, "id", "other") == "none"
    service.set_locked(False)


def test_find_only_in_the_default_collection(stand_in):
    desktop, service = stand_in
    service.items[SESSION + "/1"] = {"attributes": {"name": "elsewhere"}, "label": "", "secret": b""}
    assert find(desktop, "name", "elsewhere") == "none"


@pytest.mark.parametrize("fault", ["error", "hang", "lose-vanish", NO_SUCH_OBJECT])
@pytest.mark.parametrize("method", ["SearchItems", "ReadAlias", "OpenSession"])
def test_find_says_none_only_when_it_was_told_so(stand_in, method: str, fault: str):
    desktop, service = stand_in
    service.faults[method] = fault
    assert find(desktop, "id", "other").startswith("error ")
    if fault == "lose-vanish":
        service.faults.clear()  # the daemon asks at once, too
        service.come_back()
    service.let_go()
    assert find(desktop, "id", "other") == "none"


def test_find_without_a_keyring():
    with Desktop(keyring=False, daemon=False) as desktop:
        assert find(desktop, "id", "other").startswith("error ")


def test_find_in_a_locked_file(real: Desktop):
    """A gnome-keyring that has not been unlocked since it started knows the attributes by their hashes only."""
    created = real.create()
    kill_keyring(real)
    real.start_keyring(unlock=False)
    assert find(real, "id", created["id"]).startswith("found /org/freedesktop/secrets/collection/login/")
    assert find(real, "id", "other") == "none"
    unlock_keyring(real)

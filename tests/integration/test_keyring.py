# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The keyring is absent, locked, dies, comes back, fails or hangs: nothing is minted that cannot be kept."""

import pytest

from bus_calls import CallGroup, pump_until
from bus_monitor import BusMonitor, property_changes
from desktop import ACCOUNTS, CREDENTIALS, ERROR, KEYRING_PASSWORD, BusError, Desktop, b, s, wait_until
from keyring_tools import desktop_with_prompter, kill_keyring, lock_and_wait, unlock_keyring, wait_keyring_state
from refusals import fails_with
from secret_service import LOGIN, NO_SUCH_OBJECT, SESSION, SecretServiceStandIn

CALLERS = 64
NEEDS_THE_KEYRING = {
    "create": lambda desktop, **options: desktop.create(**options),
    "get": lambda desktop, **options: desktop.get(**options),
    "get-create": lambda desktop, **options: desktop.get(create=b(True), **options),
    "revoke": lambda desktop, **options: desktop.revoke("0198", **options),
    "sign-in": lambda desktop, **options: desktop.sign_in(**options),
    "sign-out": lambda desktop, **options: desktop.call("SignOut", "(sa{sv})", "", options, interface=ACCOUNTS),
}


@pytest.fixture
def stand_in():
    """A desktop whose keyring is the stand-in; signed in."""
    with Desktop(keyring=False, daemon=False) as desktop, SecretServiceStandIn(desktop) as service:
        desktop.start_daemon()
        desktop.sign_in()
        yield desktop, service


# Absent

@pytest.mark.parametrize("call", NEEDS_THE_KEYRING)
def test_without_a_secret_service(call: str):
    with Desktop(keyring=False, sign_in=False) as desktop:
        error = fails_with("KeyringAbsent", NEEDS_THE_KEYRING[call], desktop)
        assert "Secret Service" in error.message
        assert desktop.property("KeyringState") == "absent"
        assert desktop.nile.requests == []


@pytest.mark.parametrize("default", ["/", SESSION], ids=["missing", "session"])
@pytest.mark.parametrize("call", NEEDS_THE_KEYRING)
def test_without_a_default_collection_that_lasts(default: str, call: str):
    with Desktop(keyring=False, daemon=False) as desktop, SecretServiceStandIn(desktop, default) as service:
        desktop.start_daemon()
        fails_with("KeyringAbsent", NEEDS_THE_KEYRING[call], desktop)
        assert desktop.property("KeyringState") == "absent"
        assert desktop.nile.requests == []
        assert service.items == {}


def test_the_default_collection_may_come_later():
    with Desktop(keyring=False, daemon=False) as desktop, SecretServiceStandIn(desktop, "/") as service:
        desktop.start_daemon()
        fails_with("KeyringAbsent", desktop.sign_in)
        service.default = LOGIN
        desktop.sign_in()
        created = desktop.create()
        assert service.password_of(id=created["id"]) == created["password"]


def test_the_keyring_may_start_after_the_daemon():
    with Desktop(keyring=False, sign_in=False) as desktop, BusMonitor(desktop) as monitor:
        assert desktop.property("KeyringState") == "absent"
        desktop.start_keyring()
        wait_keyring_state(desktop, "unlocked")
        assert property_changes(monitor, CREDENTIALS, "KeyringState")[-1] == "unlocked"
        desktop.sign_in()
        created = desktop.create()
        assert desktop.lookup(id=created["id"]) == created["password"]


# Locked

def test_locked_and_not_interactive(desktop: Desktop):
    created = desktop.create()
    posts = desktop.nile.count("create")
    lock_and_wait(desktop)
    for call in NEEDS_THE_KEYRING.values():
        fails_with("KeyringLocked", call, desktop, interactive=b(False))
    assert desktop.nile.count("create") == posts
    assert desktop.nile.count("delete") == 0
    unlock_keyring(desktop)
    assert desktop.get()["password"] == created["password"]


def test_locked_and_nobody_can_show_the_prompt(desktop: Desktop):
    lock_and_wait(desktop)
    fails_with("PromptDismissed", desktop.create)
    assert desktop.nile.count("create") == 0
    assert desktop.property("KeyringState") == "locked"


def test_the_prompt_is_answered():
    with desktop_with_prompter("answer:" + KEYRING_PASSWORD) as (desktop, _), BusMonitor(desktop) as monitor:
        created = desktop.create()
        assert desktop.property("KeyringState") == "unlocked"
        assert desktop.lookup(id=created["id"]) == created["password"]
        assert len(monitor.calls("PerformPrompt")) == 1


def test_the_prompt_is_dismissed_and_answered_later():
    with desktop_with_prompter("cancel", "answer:" + KEYRING_PASSWORD) as (desktop, _):
        fails_with("PromptDismissed", desktop.create)
        assert desktop.nile.count("create") == 0
        assert desktop.property("KeyringState") == "locked"
        assert desktop.create()["password"]


@pytest.mark.parametrize("answer", ["answer:" + KEYRING_PASSWORD, "cancel"], ids=["answered", "dismissed"])
def test_many_callers_at_a_locked_keyring_see_one_prompt(answer: str):
    with desktop_with_prompter(answer) as (desktop, prompter), BusMonitor(desktop) as monitor:
        prompter.stop()
        calls = CallGroup(desktop)
        buses = [desktop.connect() for _ in range(CALLERS)]
        for number, bus in enumerate(buses, 1):
            calls.create(f"db{number}", bus=bus)
        calls.fence(*buses)
        assert desktop.nile.count("create") == 0
        prompter.go_on()
        outcomes = {call.error_name for call in calls.wait()}
        assert outcomes == ({None} if answer != "cancel" else {"PromptDismissed"})
        assert desktop.nile.count("create") == (CALLERS if answer != "cancel" else 0)
        assert len(monitor.calls("PerformPrompt")) == 1


def test_locked_and_unlocked_while_the_daemon_runs(desktop: Desktop):
    with BusMonitor(desktop) as monitor:
        created = desktop.create()
        assert desktop.property("KeyringState") == "unlocked"
        lock_and_wait(desktop)
        fails_with("KeyringLocked", desktop.get, interactive=b(False))
        unlock_keyring(desktop)  # gnome-keyring tells nobody of an unlock that comes this way
        assert desktop.get()["password"] == created["password"]
        assert desktop.property("KeyringState") == "unlocked"
        assert desktop.create()["password"] != created["password"]
        assert property_changes(monitor, CREDENTIALS, "KeyringState") == ["locked", "unlocked"]
        assert monitor.signals("CredentialRemoved") == []


def test_unlocked_by_somebody_else():
    """Without a call of ours: the property follows what the keyring signals."""
    with desktop_with_prompter("answer:" + KEYRING_PASSWORD) as (desktop, _), BusMonitor(desktop) as monitor:
        assert desktop.secret_tool("search", "--unlock", "xdg:schema", "org.felucca.Token").returncode == 0
        wait_keyring_state(desktop, "unlocked")
        assert property_changes(monitor, CREDENTIALS, "KeyringState") == ["unlocked"]
        assert desktop.create()["password"]
        assert len(monitor.calls("PerformPrompt")) == 1


@pytest.mark.parametrize("restart", [False, True], ids=["daemon ran before", "daemon starts into it"])
def test_the_list_works_while_locked(desktop: Desktop, restart: bool):
    created = desktop.create()
    lock_and_wait(desktop)
    if restart:
        desktop.restart_daemon()
    wait_keyring_state(desktop, "locked")
    (listed,) = desktop.list()
    assert listed == {key: value for key, value in created.items() if key in listed}
    assert (listed["workspace"], listed["database"], listed["id"]) == ("acme", "orders", created["id"])
    assert "password" not in listed
    (account,) = desktop.call("ListAccounts", interface=ACCOUNTS)
    assert account["account"] == "ada@example.com"


def test_locked_between_mint_and_store(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint")
    calls = CallGroup(desktop)
    call = calls.create()
    desktop.nile.wait_for("create")
    lock_and_wait(desktop)
    desktop.nile.release("mint")
    calls.wait()
    assert call.error_name == "NotStored"
    assert desktop.nile.live() == []
    assert len(desktop.nile.minted()) == 1


# Killed

def test_killed_and_started_again(desktop: Desktop):
    with BusMonitor(desktop) as monitor:
        created = desktop.create()
        kill_keyring(desktop)
        wait_keyring_state(desktop, "absent")
        fails_with("KeyringAbsent", desktop.get)
        fails_with("KeyringAbsent", desktop.create)
        desktop.start_keyring()
        wait_keyring_state(desktop, "unlocked")
        assert [entry["id"] for entry in desktop.list()] == [created["id"]]
        assert desktop.get()["password"] == created["password"]
        assert desktop.create(database="billing")["password"]
        assert desktop.nile.count("create") == 2
        assert monitor.signals("CredentialRemoved") == []
        assert [body[0]["id"] for body in monitor.signals("CredentialAdded")].count(created["id"]) == 1
        assert property_changes(monitor, CREDENTIALS, "KeyringState")[0] == "absent"


@pytest.mark.parametrize("faults", [
    {"OpenSession": "org.freedesktop.DBus.Error.UnknownObject*2"}, {"ReadAlias": "org.freedesktop.DBus.Error.UnknownObject*2"},
    {"Get Locked": "org.freedesktop.DBus.Error.UnknownObject*4"}, {}], ids=["service", "alias", "collection", "default"])
def test_on_the_bus_before_its_objects(stand_in, faults: dict[str, str]):
    """As KWallet while it starts; nobody calls meanwhile, and it does not say when they are there."""
    desktop, service = stand_in
    service.leave()
    wait_keyring_state(desktop, "absent")
    service.faults |= faults
    if not faults:
        service.default = "/"
    before = service.calls["ReadAlias"]
    service.come_back()
    if not faults:
        wait_until(lambda: service.calls["ReadAlias"] > before, "the daemon has looked")
        service.default = LOGIN
    wait_keyring_state(desktop, "unlocked")
    assert desktop.get(create=b(True))["id"]


def test_killed_between_mint_and_store(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint")
    calls = CallGroup(desktop)
    call = calls.create()
    desktop.nile.wait_for("create")
    kill_keyring(desktop)
    wait_keyring_state(desktop, "absent")
    desktop.nile.release("mint")
    calls.wait()
    assert call.error_name == "NotStored"
    assert desktop.nile.live() == []


# Fails and hangs

@pytest.mark.parametrize(("method", "fault"), [
    ("create", "error"), ("get", "error"), ("create", "org.freedesktop.Secret.Error.IsLocked"), ("create", "hang")])
def test_a_store_that_fails_after_the_mint(stand_in, fault: str, method: str):
    desktop, service = stand_in
    service.faults["CreateItem"] = fault
    error = fails_with("NotStored", desktop.create if method == "create" else lambda: desktop.get(create=b(True)))
    assert "it was revoked again" in error.message
    assert len(desktop.nile.minted()) == 1
    assert desktop.nile.live() == []
    assert desktop.list() == []
    service.faults.clear()
    assert desktop.create()["password"]


def test_a_store_that_fails_and_a_revoke_that_fails(stand_in):
    desktop, service = stand_in
    service.faults["CreateItem"] = "error"
    desktop.nile.rule(on="delete", status=500, times=-1)
    error = fails_with("OutcomeUnknown", desktop.create)
    (live,) = desktop.nile.live()
    (unresolved,) = desktop.call("ListUnresolved")
    assert (unresolved["state"], unresolved["id"]) == ("minted", live["id"])
    assert live["id"] in error.message and unresolved["intent"] in error.message
    assert desktop.nile.password_of(live["id"]) not in error.message


def test_a_store_that_succeeds_after_it_was_given_up(stand_in):
    """What was revoked is never handed out, even if the keyring keeps it in the end."""
    desktop, service = stand_in
    service.faults["CreateItem"] = "hang"
    fails_with("NotStored", desktop.create)
    service.let_go()
    assert desktop.nile.live() == []
    fails_with("NotFound", desktop.get)
    assert [entry for entry in desktop.list() if entry["state"] == "active"] == []


@pytest.mark.parametrize("fault", ["error", "hang"])
def test_a_delete_that_fails(stand_in, fault: str):
    """It is gone at the provider; the item stays until a second revoke gets rid of it."""
    desktop, service = stand_in
    created = desktop.create()
    service.faults["Delete"] = fault
    with pytest.raises(BusError) as caught:
        desktop.revoke(created["id"])
    assert caught.value.name in (ERROR + "Internal", ERROR + "TimedOut")
    assert desktop.nile.live() == []
    assert [entry["id"] for entry in desktop.list()] == [created["id"]]
    service.faults.clear()
    desktop.revoke(created["id"])
    assert desktop.list() == []
    assert service.password_of(id=created["id"]) is None


@pytest.mark.parametrize(("fault", "name"), [("error", "Internal"), ("hang", "TimedOut")])
def test_a_read_that_fails(stand_in, fault: str, name: str):
    desktop, service = stand_in
    created = desktop.create()
    service.faults["GetSecrets"] = fault
    fails_with(name, desktop.get)
    service.faults.clear()
    assert desktop.get()["password"] == created["password"]
    assert desktop.nile.count("create") == 1


@pytest.mark.parametrize("request_id", [None, "again-1"])
def test_an_item_that_is_gone_when_it_is_read(stand_in, request_id: str | None):
    """Nobody told the daemon: it looks again, finds nothing, and mints since it was asked to."""
    desktop, service = stand_in
    old = desktop.create()
    service.faults["GetSecrets"] = NO_SUCH_OBJECT
    options = {"create": b(True)} | ({"request_id": s(request_id)} if request_id else {})
    new = desktop.get(**options)
    assert new["id"] != old["id"]
    assert new["password"] == desktop.nile.password_of(new["id"])


@pytest.mark.parametrize("error", ["org.freedesktop.DBus.Error.LimitsExceeded", "error"])
def test_what_cannot_be_looked_at_is_not_lost(stand_in, error: str):
    """A bus or a keyring that has too much to do has not deleted anything: neither credentials nor the sign-in."""
    desktop, service = stand_in
    created = desktop.create()["id"]
    service.faults["Get Attributes"] = error
    asked = service.calls["Get"]
    service.set_locked(True)
    wait_keyring_state(desktop, "locked")
    service.set_locked(False)
    wait_keyring_state(desktop, "unlocked")
    assert [entry["id"] for entry in desktop.list()] == [created]
    assert service.calls["Get"] > asked + 2, "it has looked at them"
    assert desktop.create()["id"] != created


def test_a_first_look_that_fails_is_taken_again(stand_in):
    """Nothing known is not nothing there: no second mint, no sign-in that is asked for."""
    desktop, service = stand_in
    created = desktop.create()["id"]
    service.faults["Get Attributes"] = "error"
    desktop.restart_daemon()
    for call in (desktop.list, desktop.create, lambda: desktop.call("ListAccounts", interface=ACCOUNTS)):
        fails_with("Internal", call)
    fails_with("Internal", desktop.get, create=b(True))
    assert desktop.nile.count("create") == 1
    del service.faults["Get Attributes"]
    assert desktop.get(create=b(True))["id"] == created
    assert [entry["id"] for entry in desktop.list()] == [created]
    assert desktop.create()["id"] != created


def test_a_session_that_the_service_has_forgotten(stand_in):
    desktop, service = stand_in
    created = desktop.create()
    service.forget_sessions()
    assert desktop.create(database="billing")["password"]
    assert desktop.nile.count("create") == 2
    desktop.restart_daemon()
    service.forget_sessions()
    assert desktop.get()["password"] == created["password"]


def test_a_session_with_wrong_keys(stand_in):
    """What KWallet does with some: nothing is shown, without a word. The next one has other keys."""
    desktop, service = stand_in
    created = desktop.create()
    desktop.restart_daemon()
    sessions = service.calls["OpenSession"]
    service.faults["GetSecrets"] = "leave-out*1"
    assert desktop.get()["password"] == created["password"]
    assert service.calls["OpenSession"] > sessions
    desktop.restart_daemon()
    service.faults["GetSecrets"] = "leave-out"
    fails_with("NotFound", desktop.get)


def test_another_session_is_not_one_that_is_looked_at_already(stand_in):
    """While a call waits to hear whether the keyring is locked, the session of another one is found to be gone."""
    desktop, service = stand_in
    created = desktop.create()
    desktop.restart_daemon()
    calls = CallGroup(desktop)
    service.faults["GetSecrets"] = "hang*1"
    call = calls.get()
    pump_until(lambda: len(service.held) == 1, "the secret is asked for")
    service.faults["Get Locked"] = "hang*1"
    calls.list()
    pump_until(lambda: len(service.held) == 2, "the lock is asked for")
    service.forget_sessions()
    service.let_go()
    calls.wait()
    assert call.result()["password"] == created["password"]


def test_keys_that_the_service_refuses(stand_in):
    """What KWallet does with others."""
    desktop, service = stand_in
    created = desktop.create()
    desktop.restart_daemon()
    service.forget_sessions()
    service.faults["OpenSession"] = "org.freedesktop.DBus.Error.InvalidArgs*1"
    assert desktop.get()["password"] == created["password"]
    service.forget_sessions()
    service.faults["OpenSession"] = "org.freedesktop.DBus.Error.InvalidArgs"
    fails_with("Internal", desktop.create)


def test_more_items_than_a_bus_lets_be_asked_for_at_a_time(stand_in):
    """The limit of this bus is the default one of dbus-daemon: 128 calls without a reply."""
    desktop, service = stand_in
    created = desktop.create()["id"]
    (item,) = [item for item in service.items.values() if item["attributes"].get("id") == created]
    service.add_items({f"{LOGIN}/more{number}": item | {"attributes": item["attributes"] | {"id": f"more{number}"}}
                       for number in range(200)})
    desktop.restart_daemon()
    assert len(desktop.list()) == 201


def test_an_item_that_went_without_a_word(stand_in):
    """The service leaves what it does not have out of its answer, as it does with what is locked: not the same thing."""
    desktop, service = stand_in
    desktop.create()
    service.items.clear()
    fails_with("NotFound", desktop.get)
    assert desktop.list() == []


@pytest.mark.parametrize("method", ["OpenSession", "ReadAlias", "SearchItems"])
def test_a_keyring_that_hangs_from_the_start(method: str):
    """The daemon comes up all the same, answers what needs no keyring, and the others by a deadline."""
    with Desktop(keyring=False, daemon=False) as desktop, SecretServiceStandIn(desktop) as service:
        service.faults[method] = "hang"
        desktop.start_daemon()
        assert desktop.property("Version")
        calls = CallGroup(desktop)
        call = calls.create()
        pump_until(lambda: service.calls[method] > 0, "the daemon asks the keyring")
        assert desktop.property("Version")
        calls.wait()
        assert call.error_name in ("TimedOut", "KeyringAbsent", "SignInRequired")
        assert desktop.nile.count("create") == 0
        service.let_go()
        wait_until(lambda: desktop.property("KeyringState") == "unlocked" or not desktop.list(), "it comes back")
        desktop.sign_in()
        assert desktop.create()["password"]

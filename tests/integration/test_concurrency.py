# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many callers at one time: equal calls mint once, different calls lose nothing, and a caller may leave."""

import time

import pytest

from bus_calls import CallGroup, wait_gone
from desktop import Desktop, GLib, b, s, wait_until

CALLERS = 64
MINTS = 8  # under way at one time
FORBIDDEN = "rotate-all"

how_it_leaves = pytest.mark.parametrize("pipe", [False, True], ids=["in the reply", "by secret-fd"])


@pytest.fixture
def callers(desktop: Desktop):
    """So many connections to the bus."""
    return [desktop.connect() for _ in range(CALLERS)]


def target(number: int) -> str:
    return f"db{number}"


def all_the_same(desktop: Desktop, group: CallGroup) -> str:
    """Every call got the one credential that lives, and its password. Returns its id."""
    (live,) = desktop.nile.live()
    password = desktop.nile.password_of(live["id"])
    answers = {(call.result()["id"], call.password()) for call in group.wait()}
    assert answers == {(live["id"], password)}
    assert desktop.lookup(id=live["id"]) == password
    return live["id"]


@how_it_leaves
@pytest.mark.parametrize("held", [False, True], ids=["at once", "during the mint"])
def test_equal_creates_with_one_request_id(desktop: Desktop, callers, pipe: bool, held: bool):
    if held:
        desktop.nile.rule(on="create", hold="mint", times=-1)
    group = CallGroup(desktop)
    for bus in callers:
        group.create(bus=bus, pipe=pipe, request_id=s("one-and-the-same"))
    if held:
        group.fence(*callers)
        desktop.nile.release("mint")
    group.wait()
    all_the_same(desktop, group)
    assert desktop.nile.count("create") == 1
    assert len(desktop.list()) == 1


@how_it_leaves
@pytest.mark.parametrize("held", [False, True], ids=["at once", "during the mint"])
def test_equal_gets_that_may_mint(desktop: Desktop, callers, pipe: bool, held: bool):
    if held:
        desktop.nile.rule(on="create", hold="mint", times=-1)
    group = CallGroup(desktop)
    for bus in callers:
        group.get(bus=bus, pipe=pipe, create=b(True))
    if held:
        group.fence(*callers)
        desktop.nile.release("mint")
    group.wait()
    all_the_same(desktop, group)
    assert desktop.nile.count("create") == 1


@how_it_leaves
def test_equal_gets(desktop: Desktop, callers, pipe: bool):
    created = desktop.create()
    group = CallGroup(desktop)
    for bus in callers:
        group.get(bus=bus, pipe=pipe)
    group.wait()
    assert all_the_same(desktop, group) == created["id"]
    assert desktop.nile.count("create") == 1


def test_equal_gets_where_only_some_use_a_pipe(desktop: Desktop, callers):
    desktop.create()
    group = CallGroup(desktop)
    for number, bus in enumerate(callers):
        call = group.get(bus=bus, pipe=number % 2 == 0)
        call.wants_pipe = number % 2 == 0
    for call in group.wait():
        assert ("password" in call.result()) is not call.wants_pipe
    all_the_same(desktop, group)


def test_equal_calls_that_fail(desktop: Desktop, callers):
    desktop.nile.rule(on="create", status=403, hold="mint")
    group = CallGroup(desktop)
    for bus in callers:
        group.create(bus=bus, request_id=s("one"))
    group.fence(*callers)
    desktop.nile.release("mint")
    assert {call.error_name for call in group.wait()} == {"AccessDenied"}
    assert desktop.nile.count("create") == 1
    assert desktop.create(request_id=s("one"))["password"], "a repeat after a failure tries again"


def test_equal_revokes(desktop: Desktop, callers):
    created = desktop.create()
    desktop.nile.rule(on="delete", hold="delete")
    group = CallGroup(desktop)
    for bus in callers:
        group.start("RevokeCredential", "(sa{sv})", created["id"], {}, bus=bus)
    group.fence(*callers)
    desktop.nile.release("delete")
    assert {call.error_name for call in group.wait()} == {None}
    assert desktop.nile.count("delete") == 1
    assert desktop.nile.live() == [] and desktop.list() == []


def test_equal_rotations(desktop: Desktop, callers):
    old = desktop.create()
    desktop.nile.rule(on="create", hold="mint")
    group = CallGroup(desktop)
    for bus in callers:
        group.start("RotateCredential", "(sa{sv})", old["id"], {"label": s("new")}, bus=bus)
    group.fence(*callers)
    desktop.nile.release("mint")
    (new,) = {call.result()["id"] for call in group.wait()}
    assert desktop.nile.count("create") == 2
    wait_until(lambda: [live["id"] for live in desktop.nile.live()] == [new], "the old one is revoked")


@pytest.mark.parametrize("other", [{"overlap": GLib.Variant("t", 3600)}, {"ttl": GLib.Variant("t", 3600)}, {"label": s("b")}])
def test_rotations_that_differ(desktop: Desktop, other: dict[str, GLib.Variant]):
    """Nobody is told that what he asked for was done, when something else was."""
    old = desktop.create()
    desktop.nile.rule(on="create", hold="mint")
    group, second = CallGroup(desktop), CallGroup(desktop)
    first = group.start("RotateCredential", "(sa{sv})", old["id"], {"label": s("a")})
    desktop.nile.wait_for("create", 2)
    second.start("RotateCredential", "(sa{sv})", old["id"], {"label": s("a")} | other)
    assert [call.error_name for call in second.wait()] == ["Conflict"]
    desktop.nile.release("mint")
    group.wait()
    wait_until(lambda: [live["id"] for live in desktop.nile.live()] == [first.result()["id"]], "the old one is revoked")


@pytest.mark.parametrize("other", [{"ttl": GLib.Variant("t", 3600)}, {"label": s("b")}])
def test_gets_that_differ_are_two_mints(desktop: Desktop, other: dict[str, GLib.Variant]):
    desktop.nile.rule(on="create", hold="mint", times=2)
    group = CallGroup(desktop)
    for options in ({}, other):
        group.start("GetCredential", "(ssa{sv})", "acme", "orders", {"create": b(True)} | options)
    desktop.nile.wait_for("create", 2)
    desktop.nile.release("mint")
    plain, wanted = (call.result() for call in group.wait())
    assert "not-after" not in plain and plain["label"] == "acme/orders (nile)"
    assert "not-after" in wanted if "ttl" in other else wanted["label"] == "b"


@how_it_leaves
def test_many_databases(desktop: Desktop, callers, pipe: bool):
    group = CallGroup(desktop)
    for number, bus in enumerate(callers, 1):
        group.create(target(number), bus=bus, pipe=pipe)
    found = {}
    for number, call in enumerate(group.wait(), 1):
        credential = call.result()
        assert credential["database"] == target(number)
        found[credential["id"]] = call.password()
    assert len(found) == len(set(found.values())) == CALLERS
    assert desktop.nile.count("create") == CALLERS
    assert found == {live["id"]: desktop.nile.password_of(live["id"]) for live in desktop.nile.live()}
    assert found == {id: desktop.lookup(id=id) for id in found}
    assert {listed["id"] for listed in desktop.list()} == set(found)
    for number in range(1, CALLERS + 1):
        got = desktop.get(database=target(number))
        assert (got["database"], got["password"]) == (target(number), found[got["id"]])
    assert desktop.nile.count(FORBIDDEN) == 0


def test_many_mints_for_one_database(desktop: Desktop, callers):
    """Without a request-id each is a mint of its own, and no password overwrites another."""
    group = CallGroup(desktop)
    for bus in callers:
        group.create(bus=bus)
    found = {call.result()["id"]: call.password() for call in group.wait()}
    assert len(found) == CALLERS
    assert found == {id: desktop.lookup(id=id) for id in found}


def test_a_hundred_creates_when_the_token_has_run_out(bare: Desktop):
    bare.sign_in(token=bare.nile.issue_token(ttl=4))
    end = time.time() + 4
    wait_until(lambda: time.time() > end, "the token has run out")
    bare.nile.rule(on="token", hold="refresh")
    buses = [bare.connect() for _ in range(100)]
    group = CallGroup(bare)
    for number, bus in enumerate(buses, 1):
        group.create(target(number), bus=bus)
    group.fence(*buses)
    assert bare.nile.count("create") == 0
    bare.nile.release("refresh")
    found = {call.result()["id"]: call.password() for call in group.wait()}
    assert len(found) == 100
    assert bare.nile.count("token") == 1
    assert bare.nile.count("create") == 100
    assert found == {live["id"]: bare.nile.password_of(live["id"]) for live in bare.nile.live()}


def test_many_are_refused_with_the_same_token(desktop: Desktop, callers):
    desktop.nile.revoke_token(desktop.token["access_token"])
    group = CallGroup(desktop)
    for number, bus in enumerate(callers, 1):
        group.create(target(number), bus=bus)
    assert {call.error_name for call in group.wait()} == {None}
    assert desktop.nile.count("token") == 1
    assert len(desktop.nile.live()) == CALLERS


# Callers that leave

@how_it_leaves
def test_a_caller_that_leaves_during_the_mint(desktop: Desktop, pipe: bool):
    """What is minted is stored all the same."""
    desktop.nile.rule(on="create", hold="mint")
    bus = desktop.connect()
    CallGroup(desktop).create(bus=bus, pipe=pipe)
    desktop.nile.wait_for("create")
    wait_gone(desktop, bus)
    desktop.nile.release("mint")
    (listed,) = wait_until(desktop.list, "it is stored")
    assert [live["id"] for live in desktop.nile.live()] == [listed["id"]]
    assert desktop.lookup(id=listed["id"]) == desktop.nile.password_of(listed["id"])
    assert desktop.get()["id"] == listed["id"]
    assert desktop.nile.count("create") == 1


def test_a_caller_that_leaves_while_it_waits_in_line(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint", times=MINTS)
    group, leaving = CallGroup(desktop), CallGroup(desktop)
    for number in range(MINTS):
        group.create(target(number + 1))
    desktop.nile.wait_for("create", MINTS)
    bus = desktop.connect()
    leaving.create("db999", bus=bus)
    leaving.fence(bus)
    group.create("db1000")
    wait_gone(desktop, bus)
    desktop.nile.release("mint")
    assert {call.error_name for call in group.wait()} == {None}
    asked = [entry["path"] for entry in desktop.nile.requests if entry["operation"] == "create"]
    assert len(asked) == MINTS + 1, "its turn came before that of the last one"
    assert [path for path in asked if "db999" in path] == []


def test_the_first_of_equal_callers_leaves(desktop: Desktop):
    """The others still get the answer."""
    desktop.nile.rule(on="create", hold="mint")
    first, second = desktop.connect(), desktop.connect()
    CallGroup(desktop).create(bus=first, request_id=s("one"))
    desktop.nile.wait_for("create")
    group = CallGroup(desktop)
    call = group.create(bus=second, request_id=s("one"))
    group.fence(second)
    wait_gone(desktop, first)
    desktop.nile.release("mint")
    group.wait()
    assert call.password() == desktop.nile.password_of(call.result()["id"])
    assert desktop.nile.count("create") == 1


def test_the_first_of_equal_callers_leaves_in_line(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint", times=MINTS)
    group = CallGroup(desktop)
    for number in range(MINTS):
        group.create(target(number + 1))
    desktop.nile.wait_for("create", MINTS)
    first, second = desktop.connect(), desktop.connect()
    leaving = CallGroup(desktop)
    leaving.create("db999", bus=first, request_id=s("one"))
    leaving.fence(first)
    call = group.create("db999", bus=second, request_id=s("one"))
    group.fence(second)
    wait_gone(desktop, first)
    desktop.nile.release("mint")
    group.wait()
    assert call.password() == desktop.nile.password_of(call.result()["id"])
    assert desktop.nile.count("create") == MINTS + 1

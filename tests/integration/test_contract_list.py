# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ListCredentials: what is stored, and with `provider` what lives elsewhere."""

from __future__ import annotations

import pytest

from bus_calls import CallGroup, wait_gone
from desktop import Desktop, b, s
from refusals import refused

from gi.repository import GLib

MADE = {
    "orders": ("acme", "orders", {}),
    "tenant": ("acme", "orders", {"tenant_id": s("t1")}),
    "billing": ("acme", "billing", {}),
    "other": ("other", "orders", {}),
}


@pytest.fixture
def filled():
    """Four credentials in two workspaces."""
    with Desktop(workspaces={"acme": ["orders", "billing"], "other": ["orders"]}) as session:
        session.ids = {session.create(*names, **options)["id"]: name for name, (*names, options) in MADE.items()}
        yield session


def test_an_empty_keyring_lists_nothing(desktop: Desktop):
    reply = desktop.call_variant("ListCredentials", GLib.Variant("(a{sv})", ({},)))
    assert reply.get_type_string() == "(aa{sv})"
    assert reply.unpack() == ([],)


@pytest.mark.parametrize("filter,names", [
    ({}, {"orders", "tenant", "billing", "other"}),
    ({"workspace": s("acme")}, {"orders", "tenant", "billing"}),
    ({"workspace": s("acme"), "database": s("orders")}, {"orders", "tenant"}),
    ({"database": s("orders")}, {"orders", "tenant", "other"}),
    ({"tenant_id": s("t1")}, {"tenant"}),
    ({"tenant_id": s("t2")}, set()),
    ({"backend": s("nile")}, {"orders", "tenant", "billing", "other"}),
    ({"workspace": s("nobody")}, set()),
    ({"provider": b(False)}, {"orders", "tenant", "billing", "other"}),
])
def test_filters(filled: Desktop, filter: dict[str, GLib.Variant], names: set[str]):
    assert {filled.ids[one["id"]] for one in filled.list(**filter)} == names


def test_newest_first(filled: Desktop):
    assert [filled.ids[one["id"]] for one in filled.list()] == list(reversed(MADE))
    filled.restart_daemon()
    assert [filled.ids[one["id"]] for one in filled.list()] == list(reversed(MADE))


def test_never_a_password(filled: Desktop):
    listed = filled.list()
    assert len(listed) == len(MADE)
    for one in listed:
        assert "password" not in one
        assert filled.nile.password_of(one["id"]) not in str(one)


def test_it_lists_what_create_said(desktop: Desktop):
    created = desktop.create(tenant_id=s("t1"), internal=b(True))
    listed, = desktop.list()
    gone = created.keys() - listed.keys()
    assert listed.items() <= created.items()
    assert gone == {"password", "region", "status", "api-host", "sharded", "expandable"}


def test_the_provider_adds_what_is_not_stored(desktop: Desktop):
    ours = desktop.create()["id"]
    foreign = desktop.nile.mint_foreign("acme", "orders")["id"]
    listed = desktop.list(workspace=s("acme"), database=s("orders"), provider=b(True))
    assert {one["id"]: one["stored"] for one in listed} == {ours: True, foreign: False}
    assert len(listed) == 2


def test_what_is_not_stored_has_little_to_show(desktop: Desktop):
    foreign = desktop.nile.mint_foreign("acme", "orders")["id"]
    one, = desktop.list(workspace=s("acme"), database=s("orders"), provider=b(True))
    assert one == {"id": foreign, "backend": "nile", "workspace": "acme", "database": "orders", "stored": False,
                   "database-id": desktop.nile.world.database("acme", "orders").id}


def test_without_provider_nobody_is_asked(desktop: Desktop):
    desktop.nile.mint_foreign("acme", "orders")
    assert desktop.list() == []
    assert desktop.nile.count("list") == 0


def test_the_provider_is_asked_for_the_tenant(desktop: Desktop):
    desktop.nile.mint_foreign("acme", "orders")
    wanted = desktop.nile.mint_foreign("acme", "orders", tenant="t1")["id"]
    listed = desktop.list(workspace=s("acme"), database=s("orders"), tenant_id=s("t1"), provider=b(True))
    assert [one["id"] for one in listed] == [wanted]


def test_of_the_stored_only_the_wanted_are_shown_beside_the_providers(desktop: Desktop):
    stored = [desktop.create()["id"], desktop.create("acme", "billing")["id"]]
    listed = desktop.list(workspace=s("acme"), database=s("orders"), provider=b(True))
    assert [one["id"] for one in listed] == stored[:1]


@pytest.mark.parametrize("filter,databases", [
    ({}, {"orders", "billing"}), ({"workspace": s("acme")}, {"orders", "billing"}), ({"database": s("orders")}, {"orders"}),
    ({"backend": s("nile")}, {"orders", "billing"}), ({"workspace": s("none-such")}, set()),
])
def test_without_a_name_the_databases_of_which_something_is_stored_are_asked_about(
        desktop: Desktop, filter: dict[str, GLib.Variant], databases: set[str]):
    ours = {desktop.create("acme", name)["id"]: name for name in ("orders", "orders", "billing")}
    foreign = {desktop.nile.mint_foreign("acme", name)["id"]: name for name in ("orders", "billing")}
    listed = desktop.list(provider=b(True), **filter)
    assert {one["id"]: one["stored"] for one in listed} == (
        {id: True for id, name in ours.items() if name in databases}
        | {id: False for id, name in foreign.items() if name in databases})
    assert all(one["database"] == (ours | foreign)[one["id"]] for one in listed)
    assert desktop.nile.count("list") == len(databases)


def test_a_database_that_has_gone_has_nothing_to_list(desktop: Desktop):
    ours = {desktop.create("acme", name)["id"] for name in ("orders", "billing")}
    foreign = {desktop.nile.mint_foreign("acme", name)["id"] for name in ("orders", "billing")}
    desktop.nile.rule(on="list", status=404, errorCode="entity_not_found")
    listed = {one["id"] for one in desktop.list(provider=b(True))}
    assert ours <= listed and len(listed & foreign) == 1


def test_what_is_stored_meanwhile_is_listed(desktop: Desktop):
    first = desktop.create("acme", "orders")["id"]
    desktop.nile.rule(on="list", hold="list")
    group = CallGroup(desktop)
    group.start("ListCredentials", "(a{sv})", {"provider": b(True)})
    desktop.nile.wait_for("list")
    second = desktop.create("acme", "orders")["id"]
    desktop.nile.release("list")
    (listed,) = (call.result() for call in group.wait())
    assert {one["id"]: one["stored"] for one in listed} == {first: True, second: True}


@pytest.mark.parametrize("databases,good", [(64, True), (65, False)])
def test_how_many_databases_are_asked_about(desktop: Desktop, databases: int, good: bool):
    for number in range(databases):
        desktop.create("acme", f"db{number}")
    if good:
        assert len(desktop.list(provider=b(True))) == databases
    else:
        assert "more than 64" in refused(desktop, "LimitExceeded", desktop.list, provider=b(True))
    assert desktop.nile.count("list") == (databases if good else 0)


def test_nobody_waits_for_a_list_of_many(desktop: Desktop):
    """The rest of it is not asked about."""
    for name in ("orders", "billing"):
        desktop.create("acme", name)
    desktop.nile.rule(on="list", hold="list")
    bus = desktop.connect()
    CallGroup(desktop).start("ListCredentials", "(a{sv})", {"provider": b(True)}, bus=bus)
    desktop.nile.wait_for("list")
    wait_gone(desktop, bus)
    desktop.nile.release("list")
    assert desktop.stop_daemon() == 0, "it waits for what is under way"
    assert desktop.nile.count("list") == 1


def test_a_database_that_cannot_be_asked_about_fails_the_list(desktop: Desktop):
    for name in ("orders", "billing"):
        desktop.create("acme", name)
    desktop.nile.rule(on="list", skip=1, status=500)
    assert "acme/" in refused(desktop, "ProviderError", desktop.list, provider=b(True))


def test_what_died_at_the_provider_is_still_listed_as_ours(desktop: Desktop):
    ours = desktop.create()["id"]
    desktop.nile.delete_foreign(ours)
    listed = desktop.list(workspace=s("acme"), database=s("orders"), provider=b(True))
    assert [(one["id"], one["stored"]) for one in listed] == [(ours, True)]

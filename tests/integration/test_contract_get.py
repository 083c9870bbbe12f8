# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GetCredential: which of the stored ones, and what when there is none."""

from __future__ import annotations

import time

import pytest

from desktop import Desktop, b, s
from refusals import refused
from secret_items import find_item, set_attributes
from signal_log import SignalLog

from gi.repository import GLib

KINDS = [(None, False), ("t1", False), ("t2", False), (None, True), ("t1", True)]


def options_of(tenant: str | None, internal: bool) -> dict[str, GLib.Variant]:
    return ({"tenant_id": s(tenant)} if tenant else {}) | ({"internal": b(True)} if internal else {})


def t(seconds: int) -> GLib.Variant:
    return GLib.Variant("t", seconds)


def expire(desktop: Desktop, id: str, not_after: int) -> None:
    """Gives a stored credential an end, as another backend would."""
    signals = SignalLog(desktop)
    set_attributes(desktop, find_item(desktop, id=id).path, not_after=str(not_after))
    signals.wait_for("CredentialChanged")


def test_by_id(desktop: Desktop):
    first, _ = desktop.create(), desktop.create("acme", "billing")
    got = desktop.get("", "", id=s(first["id"]))
    assert (got["id"], got["database"], got["password"]) == (first["id"], "orders", first["password"])


def test_by_an_id_that_is_not_stored(desktop: Desktop):
    foreign = desktop.nile.mint_foreign("acme", "orders")
    refused(desktop, "NotFound", desktop.get, "", "", id=s(foreign["id"]))


def test_an_id_is_never_minted(desktop: Desktop):
    refused(desktop, "NotFound", desktop.get, "acme", "orders", id=s("nobody"), create=b(True))
    assert desktop.nile.count("create") == 0


def test_none_is_not_found_and_nothing_is_minted(desktop: Desktop):
    sentence = refused(desktop, "NotFound", desktop.get)
    assert "acme/orders" in sentence
    assert desktop.nile.count("create") == 0


@pytest.mark.parametrize("stored", KINDS)
def test_tenant_and_internal_match_exactly(desktop: Desktop, stored: tuple[str | None, bool]):
    credential = desktop.create(**options_of(*stored))
    assert desktop.get(**options_of(*stored))["id"] == credential["id"]
    for asked in KINDS:
        if asked != stored:
            refused(desktop, "NotFound", desktop.get, **options_of(*asked))


@pytest.mark.parametrize("workspace,database", [("acme", "billing"), ("other", "orders"), ("ACME", "orders")])
def test_names_match_exactly(desktop: Desktop, workspace: str, database: str):
    desktop.create()
    refused(desktop, "NotFound", desktop.get, workspace, database)


def test_the_newest_wins(desktop: Desktop):
    ids = [desktop.create()["id"] for _ in range(3)]
    assert desktop.get()["id"] == ids[-1]
    desktop.restart_daemon()
    assert desktop.get()["id"] == ids[-1]
    desktop.revoke(ids[-1])
    assert desktop.get()["id"] == ids[-2]


def test_create_mints_when_there_is_none(desktop: Desktop):
    credential = desktop.get(create=b(True), tenant_id=s("t1"), label=s("mine"))
    live, = desktop.nile.live()
    assert (live["id"], live["tenant"]) == (credential["id"], "t1")
    assert (credential["label"], desktop.lookup(id=credential["id"])) == ("mine", credential["password"])


def test_create_does_not_mint_when_there_is_one(desktop: Desktop):
    first = desktop.create()
    assert desktop.get(create=b(True))["id"] == first["id"]
    assert desktop.nile.count("create") == 1


def test_a_tenant_that_the_provider_spells_in_its_own_way(desktop: Desktop):
    """It is found again as it was asked for."""
    desktop.nile.rule(on="create", after_mint=True,
                      body='{"id":"{{id}}","tenant":"0192aabb","internal":false,"password":"{{password}}"}')
    asked = {"tenant_id": s("0192AABB"), "request_id": s("one")}
    created = desktop.create(**asked)
    assert created["tenant-id"] == "0192AABB"
    assert desktop.create(**asked)["id"] == desktop.get(create=b(True), tenant_id=s("0192AABB"))["id"] == created["id"]
    assert desktop.nile.count("create") == 1


def test_create_mints_for_another_tenant(desktop: Desktop):
    first = desktop.create()
    second = desktop.get(create=b(True), tenant_id=s("t1"))
    assert first["id"] != second["id"]
    assert desktop.nile.count("create") == 2


def test_create_false_is_the_default(desktop: Desktop):
    refused(desktop, "NotFound", desktop.get, create=b(False))


@pytest.mark.parametrize("options,found", [
    ({}, True), ({"min_validity": t(0)}, True), ({"min_validity": t(3000)}, True), ({"min_validity": t(7200)}, False),
])
def test_it_lives_for_min_validity(desktop: Desktop, options: dict[str, GLib.Variant], found: bool):
    credential = desktop.create()
    expire(desktop, credential["id"], int(time.time()) + 3600)
    if found:
        assert desktop.get(**options)["not-after"] > time.time()
    else:
        refused(desktop, "NotFound", desktop.get, **options)


def test_what_has_an_end_is_passed_over_for_what_lives_longer(desktop: Desktop):
    older, newer = desktop.create(), desktop.create()
    expire(desktop, newer["id"], int(time.time()) + 3600)
    assert desktop.get(min_validity=t(7200))["id"] == older["id"]


def test_the_expired_is_listed_and_not_handed_out(desktop: Desktop):
    desktop.nile.rule(on="delete", status=500, times=-1)  # else it is revoked at once, and gone
    credential = desktop.create()
    expire(desktop, credential["id"], int(time.time()) - 10)
    assert [one["state"] for one in desktop.list()] in (["expired"], ["revoking"])
    refused(desktop, "NotFound", desktop.get)


def test_create_replaces_the_expired(desktop: Desktop):
    credential = desktop.create()
    expire(desktop, credential["id"], int(time.time()) - 10)
    assert desktop.get(create=b(True))["id"] != credential["id"]


def test_not_after_has_its_type(desktop: Desktop):
    credential = desktop.create()
    end = int(time.time()) + 3600
    expire(desktop, credential["id"], end)
    reply = desktop.call_variant("GetCredential", GLib.Variant("(ssa{sv})", ("acme", "orders", {})))
    assert reply.get_child_value(0).lookup_value("not-after", GLib.VariantType("x")).get_int64() == end

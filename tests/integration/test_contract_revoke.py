# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""RevokeCredential: at the provider first, then in the keyring."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from desktop import Desktop, b, s
from nile_stand_in import NileStandIn
from refusals import refused
from secret_items import find_items

FIXED_ID = '{"id":"same-id","password":"{{password}}"}'


def test_the_second_time_there_is_nothing(desktop: Desktop):
    id = desktop.create()["id"]
    desktop.revoke(id)
    sentence = refused(desktop, "NotFound", desktop.revoke, id)
    assert id in sentence
    assert desktop.nile.deleted() == [id]
    assert desktop.nile.count("delete") == 1


def test_exactly_one_is_revoked(desktop: Desktop):
    ids = [desktop.create()["id"] for _ in range(3)]
    foreign = desktop.nile.mint_foreign("acme", "orders")["id"]
    desktop.revoke(ids[1])
    assert desktop.nile.deleted() == [ids[1]]
    assert [one["id"] for one in desktop.list()] == [ids[2], ids[0]]
    assert {one["id"] for one in desktop.nile.live()} == {ids[0], ids[2], foreign}


def test_what_is_not_ours_is_not_revoked(desktop: Desktop):
    foreign = desktop.nile.mint_foreign("acme", "orders")["id"]
    refused(desktop, "NotFound", desktop.revoke, foreign)
    assert desktop.nile.count("delete") == 0


def test_already_gone_is_success(desktop: Desktop):
    id = desktop.create()["id"]
    desktop.nile.delete_foreign(id)
    desktop.revoke(id)
    assert desktop.list() == []
    assert find_items(desktop) == []
    assert desktop.nile.count("delete") == 1


def test_local_only_forgets_it_here(desktop: Desktop):
    id = desktop.create()["id"]
    desktop.revoke(id, local_only=b(True))
    assert (desktop.list(), find_items(desktop)) == ([], [])
    assert [one["id"] for one in desktop.nile.live()] == [id]
    assert desktop.nile.count("delete") == 0


@pytest.mark.parametrize("status,name", [(500, "ProviderError"), (403, "AccessDenied"), (409, "Conflict")])
def test_what_the_provider_keeps_stays_stored(desktop: Desktop, status: int, name: str):
    credential = desktop.create()
    desktop.nile.rule(on="delete", status=status)
    refused(desktop, name, desktop.revoke, credential["id"])
    assert [(one["id"], one["state"]) for one in desktop.list()] == [(credential["id"], "active")]
    assert desktop.get()["password"] == credential["password"]


def test_meanwhile_it_is_revoking_and_not_handed_out(desktop: Desktop):
    id = desktop.create()["id"]
    desktop.nile.rule(on="delete", hold="door")
    other = desktop.connect()
    with ThreadPoolExecutor(1) as pool:
        revoked = pool.submit(desktop.call, "RevokeCredential", "(sa{sv})", id, {}, bus=other)
        desktop.nile.wait_for("delete")
        assert [one["state"] for one in desktop.list()] == ["revoking"]
        refused(desktop, "NotFound", desktop.get)
        desktop.nile.release("door")
        revoked.result()
    assert desktop.list() == []


def test_two_backends_with_one_id_need_to_be_told_apart():
    with NileStandIn() as second, Desktop(config=f"\n[backend second]\nmodule=nile\nurl={second.url}\n") as desktop:
        desktop.sign_in("second", second.issue_token())
        for nile, backend in ((desktop.nile, "nile"), (second, "second")):
            nile.rule(on="create", after_mint=True, body=FIXED_ID)
            assert desktop.create(backend=s(backend))["backend"] == backend
        sentence = refused(desktop, "InvalidArguments", desktop.revoke, "same-id")
        assert "backend" in sentence
        assert desktop.nile.count("delete") + second.count("delete") == 0
        desktop.revoke("same-id", backend=s("second"))
        assert (desktop.nile.count("delete"), second.count("delete")) == (0, 1)
        assert [one["backend"] for one in desktop.list()] == ["nile"]


def test_the_backend_option_names_whose_it_is(desktop: Desktop):
    id = desktop.create()["id"]
    refused(desktop, "NotFound", desktop.revoke, id, backend=s("second"))
    assert [one["id"] for one in desktop.nile.live()] == [id]

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The keyring item of a credential: product.md, section 4."""

from __future__ import annotations

from typing import Any

import pytest

from bus_monitor import BusMonitor
from desktop import Desktop, b, s
from secret_items import find_item, find_items

ALWAYS = {"xdg:schema", "backend", "workspace", "database", "database-id", "internal", "id", "user", "host", "port",
          "ssl-mode", "created"}


@pytest.mark.parametrize("options,more", [
    ({}, set()),
    ({"tenant_id": s("t1")}, {"tenant-id"}),
    ({"internal": b(True)}, set()),
    ({"request_id": s("r-1")}, {"request-id"}),
    ({"label": s("mine"), "interactive": b(False)}, set()),
])
def test_the_attributes_are_these(desktop: Desktop, options: dict[str, Any], more: set[str]):
    desktop.create(**options)
    assert find_item(desktop).attributes.keys() == ALWAYS | more


def test_the_attributes_say_what_the_reply_says(desktop: Desktop):
    credential = desktop.create(tenant_id=s("t1"), internal=b(True), request_id=s("r-1"))
    attributes = find_item(desktop).attributes
    assert attributes.pop("xdg:schema") == "org.felucca.Credential"
    assert attributes.pop("request-id") == "r-1"
    assert attributes.pop("internal") == "true"
    assert attributes == {key: str(credential[key]) for key in attributes}


def test_the_secret_is_the_bare_password(desktop: Desktop):
    credential = desktop.create()
    assert find_item(desktop).secret.decode() == credential["password"]


def test_the_secret_is_text(desktop: Desktop):
    # Seen on the bus: gnome-keyring says text/plain of everything.
    with BusMonitor(desktop) as monitor:
        desktop.create()
        (_, secret, _), = [call.get_body().unpack() for call in monitor.calls("CreateItem")]
    assert secret[3] == "text/plain"


@pytest.mark.parametrize("options,label", [({}, "acme/orders (nile)"), ({"label": s("für Tests")}, "für Tests")])
def test_the_label(desktop: Desktop, options: dict[str, Any], label: str):
    desktop.create(**options)
    assert find_item(desktop).label == label


def test_the_collection_lasts(desktop: Desktop):
    desktop.create()
    assert find_item(desktop).path.startswith("/org/freedesktop/secrets/collection/login/")


def test_anyone_may_look_it_up_by_its_names(desktop: Desktop):
    credential = desktop.create()
    assert desktop.lookup(workspace="acme", database="orders") == credential["password"]


def test_each_mint_is_an_item_of_its_own(desktop: Desktop):
    ids = [desktop.create()["id"] for _ in range(3)]
    assert sorted(item.attributes["id"] for item in find_items(desktop)) == sorted(ids)


def test_a_sign_in_is_an_item_too(desktop: Desktop):
    item, = find_items(desktop, "org.felucca.Token")
    assert item.attributes == {"xdg:schema": "org.felucca.Token", "backend": "nile", "account": "ada@example.com"}
    assert item.path.startswith("/org/freedesktop/secrets/collection/login/")
    assert desktop.token["access_token"].encode() in item.secret


def test_it_all_survives_the_daemon(desktop: Desktop):
    created = desktop.create(tenant_id=s("t1"), internal=b(True), label=s("mine"))
    before = desktop.list()
    desktop.restart_daemon()
    assert desktop.list() == before
    got = desktop.get(tenant_id=s("t1"), internal=b(True))
    assert got == {key: value for key, value in created.items() if key in got}
    assert got["password"] == created["password"]

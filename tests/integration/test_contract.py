# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""CreateCredential: what goes to the provider, what comes back to the caller."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from desktop import Desktop, b, s
from nile_stand_in import NileStandIn
from pipes import call_with_secret_fd
from refusals import refused

from gi.repository import GLib

# Every key of dbus/org.felucca.Credentials1.xml that a create from the stand-in fills, in the order of the XML.
TYPES = {
    "id": "s", "backend": "s", "workspace": "s", "database": "s", "user": "s", "host": "s", "port": "q",
    "ssl-mode": "s", "created": "x", "database-id": "s", "tenant-id": "s", "label": "s", "internal": "b",
    "region": "s", "status": "s", "api-host": "s", "sharded": "b", "expandable": "b", "stored": "b", "state": "s",
    "password": "s",
}
OF_THE_MINT = {"region", "status", "api-host", "sharded", "expandable"}
REGION_HOSTS = [
    ("AWS_US_WEST_2", "us-west-2.db.thenile.dev"),
    ("AWS_EU_CENTRAL_1", "eu-central-1.db.thenile.dev"),
    ("AZURE_EASTUS", "db.eastus.azure.thenile.dev"),
]


def entries_of(reply: GLib.Variant) -> list[tuple[str, str]]:
    """Key and type of each entry, in the order of the message."""
    dictionary = reply.get_child_value(0)
    entries = [dictionary.get_child_value(i) for i in range(dictionary.n_children())]
    return [(entry.get_child_value(0).get_string(), entry.get_child_value(1).get_variant().get_type_string())
            for entry in entries]


def call_for_entries(desktop: Desktop, method: str, **options: GLib.Variant) -> list[tuple[str, str]]:
    """The entries of a reply to Create or Get for acme/orders."""
    arguments = GLib.Variant("(ssa{sv})", ("acme", "orders", {key.replace("_", "-"): v for key, v in options.items()}))
    return entries_of(desktop.call_variant(method, arguments))


def create_answered(desktop: Desktop, **fields: Any) -> dict[str, Any]:
    """A create whose answer has id, password and these fields only."""
    body = {"id": "{{id}}", "password": "{{password}}"} | fields
    desktop.nile.rule(on="create", after_mint=True, body=json.dumps(body))
    return desktop.create()


def test_every_key_has_its_type_and_the_password_comes_last(desktop: Desktop):
    entries = call_for_entries(desktop, "CreateCredential", tenant_id=s("t1"), internal=b(True))
    assert dict(entries) == TYPES
    assert entries[-1] == ("password", "s")
    assert len(entries) == len(TYPES)


def test_get_has_the_same_types_without_what_describes_the_mint(desktop: Desktop):
    desktop.create(tenant_id=s("t1"), internal=b(True))
    entries = call_for_entries(desktop, "GetCredential", tenant_id=s("t1"), internal=b(True))
    assert dict(entries) == {key: type for key, type in TYPES.items() if key not in OF_THE_MINT}
    assert entries[-1] == ("password", "s")


def test_every_field_of_the_answer_arrives(desktop: Desktop):
    credential = desktop.create(tenant_id=s("t1"), internal=b(True))
    minted, = desktop.nile.live()
    database = desktop.nile.world.database("acme", "orders")
    assert credential == {
        "id": minted["id"], "backend": "nile", "workspace": "acme", "database": "orders", "user": minted["id"],
        "host": "us-west-2.db.nile.invalid", "port": 5432, "ssl-mode": "require",
        "created": int(datetime.fromisoformat(minted["created"]).timestamp()), "database-id": database.id,
        "tenant-id": "t1", "label": "acme/orders (nile)", "internal": True, "region": "AWS_US_WEST_2",
        "status": "READY", "api-host": "us-west-2.api.nile.invalid", "sharded": False, "expandable": True,
        "stored": True, "state": "active", "password": desktop.nile.password_of(minted["id"]),
    }


def test_bare_hosts_arrive_as_they_are():
    with Desktop(bare_hosts=True) as desktop:
        credential = desktop.create()
    assert credential["host"] == "us-west-2.db.nile.invalid"
    assert credential["api-host"] == "us-west-2.api.nile.invalid"


def test_what_the_provider_did_not_send_is_absent(desktop: Desktop):
    credential = create_answered(desktop, database={"id": "d1", "name": "orders"})
    assert credential == {
        "id": credential["id"], "backend": "nile", "workspace": "acme", "database": "orders", "user": credential["id"],
        "database-id": "d1", "label": "acme/orders (nile)", "stored": True, "state": "active",
        "password": desktop.nile.password_of(credential["id"]),
    }


def test_an_answer_with_id_and_password_is_enough(desktop: Desktop):
    credential = create_answered(desktop)
    assert desktop.lookup(id=credential["id"]) == credential["password"]
    assert "database-id" not in credential


@pytest.mark.parametrize("value", ["", None])
def test_empty_and_null_are_absent(desktop: Desktop, value: str | None):
    credential = create_answered(desktop, tenant=value, internal=None, created=value,
                                 database={"id": value, "region": value, "status": value, "apiHost": value,
                                           "dbHost": value, "sharded": None, "expandable": None})
    absent = {"tenant-id", "internal", "created", "database-id", "region", "status", "api-host", "host", "port",
              "ssl-mode", "sharded", "expandable"}
    assert absent & credential.keys() == set()


@pytest.mark.parametrize("region,host", REGION_HOSTS)
@pytest.mark.parametrize("silence", [{}, {"dbHost": None}, {"dbHost": ""}], ids=["left-out", "null", "empty"])
def test_without_a_host_the_region_tells_it(desktop: Desktop, region: str, host: str, silence: dict[str, Any]):
    credential = create_answered(desktop, database={"id": "d1", "region": region} | silence)
    assert (credential["host"], credential["port"], credential["region"]) == (host, 5432, region)


def test_unknown_values_of_enumerations_pass(desktop: Desktop):
    credential = create_answered(desktop, new_field={"a": [1]}, database={"region": "GCP_MARS_1", "status": "ASLEEP"})
    assert (credential["region"], credential["status"]) == ("GCP_MARS_1", "ASLEEP")
    assert "host" not in credential


@pytest.mark.parametrize("options,tenant,internal", [
    ({}, None, False),
    ({"tenant_id": s("t1")}, "t1", False),
    ({"internal": b(True)}, None, True),
    ({"internal": b(False)}, None, False),
    ({"tenant_id": s("t1"), "internal": b(True)}, "t1", True),
    ({"tenant_id": s("a b&c=d/ü?#%20+")}, "a b&c=d/ü?#%20+", False),
])
def test_the_parameters_arrive_at_the_provider(desktop: Desktop, options: dict[str, Any], tenant: str | None, internal: bool):
    credential = desktop.create(**options)
    live, = desktop.nile.live()
    assert (live["workspace"], live["database"], live["tenant"], live["internal"]) == ("acme", "orders", tenant, internal)
    assert (credential.get("tenant-id"), credential["internal"]) == (tenant, internal)


def test_the_request_has_a_bearer_and_no_body(desktop: Desktop):
    desktop.create()
    request = [entry for entry in desktop.nile.requests if entry["operation"] == "create"][0]
    assert request["method"] == "POST" and request["body_len"] == 0
    assert "authorization" in request["headers"] and "cookie" not in request["headers"]


def test_a_label_is_the_users(desktop: Desktop):
    credential = desktop.create(label=s("for my tests"))
    assert credential["label"] == "for my tests"
    assert desktop.list()[0]["label"] == "for my tests"


@pytest.mark.parametrize("method,options", [("CreateCredential", {}), ("GetCredential", {"create": b(True)})])
def test_with_secret_fd_the_password_is_in_the_pipe_alone(desktop: Desktop, method: str, options: dict[str, Any]):
    reply, secret = call_with_secret_fd(desktop, method, **options)
    assert secret.decode() == desktop.nile.password_of(reply["id"])
    assert "password" not in reply
    assert reply.keys() == TYPES.keys() - {"password", "tenant-id"}


def test_get_writes_the_stored_password_into_the_pipe(desktop: Desktop):
    created = desktop.create()
    reply, secret = call_with_secret_fd(desktop, "GetCredential")
    assert (reply["id"], secret.decode()) == (created["id"], created["password"])
    assert "password" not in reply


def test_a_second_mint_leaves_the_first_readable(desktop: Desktop):
    first, second = desktop.create(), desktop.create()
    assert first["id"] != second["id"]
    assert [desktop.lookup(id=one["id"]) for one in (first, second)] == [first["password"], second["password"]]
    assert [desktop.get("", "", id=s(one["id"]))["password"] for one in (first, second)] \
        == [first["password"], second["password"]]


def test_a_repeat_of_a_request_id_gets_the_same(desktop: Desktop):
    first, second = (desktop.create(request_id=s("r-1")) for _ in range(2))
    assert (second["id"], second["password"]) == (first["id"], first["password"])
    assert desktop.nile.count("create") == 1


def test_a_request_id_outlives_the_daemon(desktop: Desktop):
    first = desktop.create(request_id=s("r-1"))
    desktop.restart_daemon()
    second = desktop.create(request_id=s("r-1"))
    assert (second["id"], second["password"]) == (first["id"], first["password"])
    assert desktop.nile.count("create") == 1


def test_another_request_id_mints_another(desktop: Desktop):
    ids = {desktop.create(request_id=s(f"r-{i}"))["id"] for i in range(3)}
    assert ids == {one["id"] for one in desktop.nile.live()}
    assert len(ids) == 3


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("target,options", [
    (("acme", "billing"), {}),
    (("other", "orders"), {}),
    (("acme", "orders"), {"tenant_id": s("t1")}),
    (("acme", "orders"), {"internal": b(True)}),
], ids=["database", "workspace", "tenant", "internal"])
def test_a_request_id_is_for_one_target(desktop: Desktop, target: tuple[str, str], options: dict[str, Any], restart: bool):
    desktop.create(request_id=s("r-1"))
    if restart:
        desktop.restart_daemon()
    refused(desktop, "Conflict", desktop.create, *target, request_id=s("r-1"), **options)
    assert desktop.nile.count("create") == 1


def test_a_request_id_is_for_one_backend():
    with NileStandIn() as second, Desktop(config=f"\n[backend second]\nmodule=nile\nurl={second.url}\n") as desktop:
        desktop.sign_in("second", second.issue_token())
        desktop.create(request_id=s("r-1"))
        refused(desktop, "Conflict", desktop.create, request_id=s("r-1"), backend=s("second"))
        assert second.count("create") == 0


def test_a_request_id_is_free_again_after_the_revoke(desktop: Desktop):
    first = desktop.create(request_id=s("r-1"))
    desktop.revoke(first["id"])
    assert desktop.create(request_id=s("r-1"))["id"] != first["id"]

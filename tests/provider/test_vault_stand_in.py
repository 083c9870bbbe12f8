# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Vault stand-in, over real sockets, and as node-vault, a client that is not ours, sees it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vault_stand_in import VaultStandIn
from vault_world import DEFAULT_POLICY, SUDO_POLICY
from wire_client import ask, control

HERE = Path(__file__).parent
HAS_CLIENT = (HERE.parent / "node_modules/node-vault").exists()


@pytest.fixture
def vault() -> Iterator[VaultStandIn]:
    with VaultStandIn() as stand_in:
        yield stand_in


def token(vault: VaultStandIn, **options: Any) -> str:
    return vault.issue_token(**options)["access_token"]


def put(vault: VaultStandIn, path: str, bearer: str, **fields: Any) -> Any:
    return ask(vault.url, "PUT", f"/v1/{path}", bearer, json.dumps(fields).encode())


def mint(vault: VaultStandIn, bearer: str, path: str = "database/creds/readonly") -> Any:
    reply = ask(vault.url, "GET", f"/v1/{path}", bearer)
    assert reply.status == 200, reply.body
    return reply.json


# Leases


def test_a_lease_ends(vault: VaultStandIn) -> None:
    bearer = token(vault, ttl=86400)
    lease = mint(vault, bearer)
    assert lease["lease_id"].startswith("database/creds/readonly/") and lease["lease_duration"] == 3600
    assert vault.password_of(lease["lease_id"]) == lease["data"]["password"]
    vault.advance(3600)
    assert put(vault, "sys/leases/renew", bearer, lease_id=lease["lease_id"]).json == {"errors": ["lease not found"]}
    assert vault.live() == []


def test_renewals_are_capped(vault: VaultStandIn) -> None:
    bearer = token(vault)
    id = mint(vault, bearer, "database/creds/short")["lease_id"]
    vault.advance(50)
    assert put(vault, "sys/leases/renew", bearer, lease_id=id, increment=20).json["lease_duration"] == 20
    reply = put(vault, "sys/leases/renew", bearer, lease_id=id, increment=3600).json
    assert 45 <= reply["lease_duration"] <= 50 and reply["warnings"]
    vault.advance(51)
    assert put(vault, "sys/leases/renew", bearer, lease_id=id).json == {"errors": ["lease not found"]}


def test_a_lease_dies_with_its_token(vault: VaultStandIn) -> None:
    bearer = token(vault, ttl=60)
    mint(vault, bearer)
    mint(vault, token(vault))
    vault.advance(61)
    assert len(vault.live()) == 1
    assert vault.revoke_token(bearer) is False


def test_revoke(vault: VaultStandIn) -> None:
    bearer = token(vault)
    id = mint(vault, bearer)["lease_id"]
    for _ in range(2):
        assert put(vault, "sys/leases/revoke", bearer, lease_id=id, sync=True).status == 204
    assert vault.live() == []


def test_a_static_role_is_read_not_minted(vault: VaultStandIn) -> None:
    bearer = token(vault, ttl=10 * 86400)
    first = mint(vault, bearer, "database/static-creds/nightly")
    assert mint(vault, bearer, "database/static-creds/nightly")["data"]["password"] == first["data"]["password"]
    assert first["lease_id"] == "" and vault.minted() == []
    vault.advance(86400)
    assert mint(vault, bearer, "database/static-creds/nightly")["data"]["password"] != first["data"]["password"]


def test_the_list_needs_more(vault: VaultStandIn) -> None:
    path = "/v1/sys/leases/lookup/database/creds/readonly/?list=true"
    assert ask(vault.url, "GET", path, token(vault)).status == 403
    bearer = token(vault, policy=SUDO_POLICY)
    empty = ask(vault.url, "GET", path, bearer)
    assert (empty.status, empty.json) == (404, {"errors": []})
    id = mint(vault, bearer)["lease_id"]
    assert ask(vault.url, "GET", path, bearer).json["data"]["keys"] == [id.rsplit("/", 1)[1]]
    assert put(vault, "sys/leases/lookup", bearer, lease_id=id).json["data"]["issue_time"].endswith("Z")


# Refusals


@pytest.mark.parametrize("path,status,text", [
    ("database/creds/nobody", 400, "unknown role: nobody"),
    ("database/creds/nightly", 400, "unknown role: nightly"),
    ("database/static-creds/readonly", 400, "unknown role: readonly"),
    ("elsewhere/creds/readonly", 404, 'no handler for route "elsewhere/creds/readonly". route entry not found.'),
    ("database/creds/a%2F..%2Fb", 404, 'no handler for route "database/creds/a/../b". route entry not found.'),
])
def test_no_such_path(vault: VaultStandIn, path: str, status: int, text: str) -> None:
    reply = ask(vault.url, "GET", f"/v1/{path}", token(vault, root=True))
    assert (reply.status, reply.json) == (status, {"errors": [text]})


def test_tokens(vault: VaultStandIn) -> None:
    for bearer in (None, "hvs.unknown", token(vault, namespace="team"), token(vault, policy=DEFAULT_POLICY)):
        assert ask(vault.url, "GET", "/v1/database/creds/readonly", bearer).status == 403
    bearer = token(vault, ttl=100, max_ttl=150)
    vault.advance(60)
    assert 85 <= put(vault, "auth/token/renew-self", bearer).json["auth"]["lease_duration"] <= 90
    fixed = token(vault, renewable=False)
    assert put(vault, "auth/token/renew-self", fixed).json == {"errors": ["lease is not renewable"]}


def test_seal_and_standby(vault: VaultStandIn) -> None:
    bearer = token(vault)
    vault.sealed = True
    reply = ask(vault.url, "GET", "/v1/database/creds/readonly", bearer)
    assert (reply.status, reply.json) == (503, {"errors": ["Vault is sealed"]})
    vault.sealed, vault.standby = False, "https://active.invalid"
    reply = ask(vault.url, "GET", "/v1/database/creds/readonly", bearer)
    assert reply.status == 307 and reply.headers["Location"] == "https://active.invalid/v1/database/creds/readonly"
    assert ask(vault.url, "GET", "/v1/sys/health").status == 429
    assert vault.minted() == []


def test_rules_and_control(vault: VaultStandIn) -> None:
    bearer = control(vault, "POST", "/token", {"ttl": 60}).json["access_token"]
    assert control(vault, "POST", "/rules", {"on": "creds", "status": 500, "after_mint": True,
                                             "body": '{"errors":["{{id}}"]}'}).status == 200
    reply = ask(vault.url, "GET", "/v1/database/creds/readonly", bearer)
    assert reply.json == {"errors": [vault.minted()[0]["id"]]}
    assert control(vault, "POST", "/rules", {"on": "create"}).status == 400  # an operation of the other stand-in
    assert control(vault, "GET", "/state").json["counts"]["creds"] == 1


# As somebody else's client sees it


def run_client(vault: VaultStandIn, bearer: str, namespace: str, *calls: list[Any]) -> list[Any]:
    done = subprocess.run(["node", HERE / "vault_client.mjs", vault.url, bearer, namespace, *map(json.dumps, calls)],
                          capture_output=True, text=True, timeout=120, cwd=HERE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(not HAS_CLIENT, reason="run `npm ci` in tests/ first")
@pytest.mark.parametrize("namespace", ["", "team"])
def test_node_vault(vault: VaultStandIn, namespace: str) -> None:
    bearer = token(vault, policy=SUDO_POLICY, namespace=namespace)
    lease = {"lease_id": {"$": "lease_id"}}
    read, listed, looked_up, renewed, who, prolonged, revoked, gone = run_client(
        vault, bearer, namespace, ["read", "database/creds/readonly"], ["list", "sys/leases/lookup/database/creds/readonly/"],
        ["write", "sys/leases/lookup", lease], ["write", "sys/leases/renew", lease | {"increment": 60}],
        ["tokenLookupSelf"], ["tokenRenewSelf"], ["write", "sys/leases/revoke", lease],
        ["write", "sys/leases/renew", lease])
    id = read["result"]["lease_id"]
    assert read["result"]["data"]["password"] == vault.password_of(id)
    assert listed["result"]["data"]["keys"] == [id.removeprefix("database/creds/readonly/")]
    assert looked_up["result"]["data"]["id"] == id
    assert renewed["result"]["lease_duration"] == 60
    assert who["result"]["data"]["display_name"] == "token-ada"
    assert prolonged["result"]["auth"]["client_token"] == bearer
    assert "result" in revoked and vault.live() == []
    assert gone == {"status": 400, "errors": ["lease not found"]}


@pytest.mark.skipif(not HAS_CLIENT, reason="run `npm ci` in tests/ first")
def test_node_vault_is_refused(vault: VaultStandIn) -> None:
    (wrong,) = run_client(vault, token(vault), "team", ["read", "database/creds/readonly"])
    assert wrong == {"status": 403, "errors": ["permission denied"]}
    vault.sealed = True
    (sealed,) = run_client(vault, token(vault), "", ["read", "database/creds/readonly"])
    assert sealed == {"status": 503, "errors": ["Vault is sealed"]}

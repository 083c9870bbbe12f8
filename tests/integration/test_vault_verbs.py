# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verbs of the vault module that a D-Bus call does not reach yet: lifetimes and renewals, against the stand-in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from vault_desktop import run_verb
from vault_stand_in import VaultStandIn
from vault_world import SUDO_POLICY

FAILURE_DENIED, FAILURE_NOT_FOUND, FAILURE_UNAUTHENTICATED, FAILURE_UNSUPPORTED = 4, 5, 3, 14
SLACK_SEC = 20


@pytest.fixture
def vault() -> Iterator[VaultStandIn]:
    with VaultStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def token(vault: VaultStandIn) -> str:
    return vault.issue_token(policy=SUDO_POLICY)["access_token"]


def mint(vault: VaultStandIn, token: str, role: str = "readonly", **asked: Any) -> dict[str, str]:
    said, last = run_verb("mint", vault, token, workspace="database", database=role, **asked)
    assert last == "ok"
    return said


def lives_for(said: dict[str, str]) -> float:
    return int(said["not-after"]) - time.time()


def assert_lives_for(said: dict[str, str], seconds: float) -> None:
    assert seconds - SLACK_SEC <= lives_for(said) <= seconds


def code(last: str) -> int:
    return int(last.removeprefix("failure=").split()[0])


def test_renewed_past_the_first_lease_and_capped(vault: VaultStandIn, token: str):
    id = mint(vault, token, "short")["id"]
    vault.advance(50)  # the lease had 60 s, and may have 100 s in all
    said, last = run_verb("renew", vault, token, id=id, ttl=40)
    assert last == "ok" and said["renewable"] == "true"
    assert_lives_for(said, 40)
    vault.advance(30)
    assert [lease["id"] for lease in vault.live()] == [id]  # past its first end
    said, _ = run_verb("renew", vault, token, id=id, ttl=3600)
    assert lives_for(said) <= 20
    vault.advance(25)
    said, last = run_verb("renew", vault, token, id=id, ttl=3600)
    assert code(last) == FAILURE_NOT_FOUND and vault.live() == []


def test_renewed_as_the_role_says(vault: VaultStandIn, token: str):
    id = mint(vault, token)["id"]
    vault.advance(1800)
    said, _ = run_verb("renew", vault, token, id=id)
    assert_lives_for(said, 3600)


def test_a_role_that_cannot_be_renewed(vault: VaultStandIn, token: str):
    said = mint(vault, token, "fixed", ttl=60)
    assert said["renewable"] == "false" and vault.count("renew") == 0
    _, last = run_verb("renew", vault, token, id=said["id"])
    assert code(last) == FAILURE_UNSUPPORTED


@pytest.mark.parametrize("ttl,lives", [(600, 600), (7200, 7200), (10 * 86400, 86400), (3600, 3600)])
def test_a_wished_lifetime(vault: VaultStandIn, token: str, ttl: int, lives: int):
    said = mint(vault, token, ttl=ttl)
    assert_lives_for(said, lives)
    (lease,) = vault.live()
    assert abs(lease["expires"] - lease["issued"] - lives) < SLACK_SEC
    assert vault.count("renew") == (0 if ttl == 3600 else 1)


@pytest.mark.parametrize("fault", [{"status": 500, "body": '{"errors":["x"]}'}, {"reset": True}, {"body": "x"}])
def test_a_wish_that_fails_costs_no_credential(vault: VaultStandIn, token: str, fault: dict[str, Any]):
    vault.rule(on="renew", **fault)
    said = mint(vault, token, ttl=60)
    assert_lives_for(said, 3600)
    assert said["secret"] == vault.password_of(said["id"])


def test_a_renewal_without_permission(vault: VaultStandIn, token: str):
    id = mint(vault, token)["id"]
    poor = vault.issue_token(policy=("lookup-self",))["access_token"]
    assert code(run_verb("renew", vault, poor, id=id)[1]) == FAILURE_DENIED
    assert code(run_verb("renew", vault, "hvs.unknown", id=id)[1]) == FAILURE_UNAUTHENTICATED


def test_where_to_connect_is_configured(vault: VaultStandIn, token: str):
    assert "host" not in mint(vault, token) and "ssl-mode" not in mint(vault, token)
    said, _ = run_verb("mint", vault, token, {"host": "db", "database": "orders"}, workspace="database",
                       database="readonly")
    assert (said["host"], said["port"], said["ssl-mode"], said["database-name"]) == ("db", "5432", "require", "orders")


def test_refresh_moves_the_end_of_the_token(vault: VaultStandIn):
    token = vault.issue_token(ttl=100, max_ttl=150)["access_token"]
    vault.advance(80)
    said, last = run_verb("refresh", vault, token)
    assert last == "ok" and said["secret"] == token and 0 < int(said["expires"]) - time.time() <= 70
    fixed = vault.issue_token(renewable=False)["access_token"]
    assert code(run_verb("refresh", vault, fixed)[1]) == FAILURE_UNSUPPORTED
    vault.advance(100)
    assert code(run_verb("refresh", vault, token)[1]) == FAILURE_UNAUTHENTICATED


def test_a_static_role_cannot_be_renewed(vault: VaultStandIn, token: str):
    said, _ = run_verb("mint", vault, token, {"role-type": "static"}, workspace="database", database="nightly")
    assert code(run_verb("renew", vault, token, id=said["id"])[1]) == FAILURE_UNSUPPORTED


def test_the_list_tells_when(vault: VaultStandIn, token: str):
    before = int(time.time())
    id = mint(vault, token)["id"]
    said, last = run_verb("list", vault, token, workspace="database", database="readonly")
    assert last == "ok" and said["id"] == id and before <= int(said["created"]) <= time.time()
    assert run_verb("list", vault, token, workspace="database", database="short") == ({}, "ok")


def test_a_lease_that_ends_while_it_is_listed(vault: VaultStandIn, token: str):
    mint(vault, token)
    vault.rule(on="lookup", status=400, body='{"errors":["invalid lease"]}')
    assert run_verb("list", vault, token, workspace="database", database="readonly") == ({}, "ok")

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stand-in keeps the provider's contract, by the judgement of a proxy that reads the specification.

Skipped where the proxy is not installed (`npm ci` in tests/).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nile_stand_in import NileStandIn
from prism_proxy import PrismProxy
from wire_client import CREATE, ask

pytestmark = pytest.mark.skipif(not PrismProxy.is_installed(), reason="run `npm ci` in tests/ first")


@pytest.fixture(scope="module")
def proxied() -> Iterator[tuple[NileStandIn, str]]:
    with NileStandIn() as nile, PrismProxy(nile.url) as proxy:
        yield nile, proxy.url


@pytest.mark.parametrize("query", ["", "?tenantId=t1", "?internal=true", "?tenantId=t1&internal=false"])
def test_create_keeps_the_contract(proxied: tuple[NileStandIn, str], query: str) -> None:
    nile, url = proxied
    reply = ask(url, "POST", CREATE + query, nile.issue_token()["access_token"])
    assert reply.status == 200, reply.body
    assert nile.password_of(reply.json["id"]) == reply.json["password"]


@pytest.mark.parametrize("token,status,code", [
    ({"ttl": -1}, 401, "invalid_credentials"),
    ({"workspaces": ["other"]}, 403, "unauthorized_workspace_access"),
])
def test_refusals_keep_the_contract(proxied: tuple[NileStandIn, str], token: dict, status: int, code: str) -> None:
    nile, url = proxied
    reply = ask(url, "POST", CREATE, nile.issue_token(**token)["access_token"])
    assert (reply.status, reply.json.get("errorCode")) == (status, code), reply.body


def test_the_proxy_sees_a_deviation(proxied: tuple[NileStandIn, str]) -> None:
    nile, url = proxied
    nile.rule(on="create", after_mint=True, body='{"id":"{{id}}"}')
    reply = ask(url, "POST", CREATE, nile.issue_token()["access_token"])
    assert reply.status == 500 and b"VIOLATIONS" in reply.body


def test_an_encoded_slash_survives_the_proxy(proxied: tuple[NileStandIn, str]) -> None:
    nile, url = proxied
    path = "/workspaces/acme/databases/a%2Fb/credentials"
    ask(url, "POST", path, nile.issue_token()["access_token"])
    assert nile.requests[-1]["path"] == path

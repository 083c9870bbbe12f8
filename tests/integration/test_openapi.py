# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon and the stand-in with the published specification between them: a proxy fails on any deviation of either.

Skipped where the proxy is not installed (`npm ci` in tests/).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from desktop import Desktop, b, s
from prism_proxy import PrismProxy
from refusals import refused

from gi.repository import GLib

pytestmark = pytest.mark.skipif(not PrismProxy.is_installed(), reason="run `npm ci` in tests/ first")


@pytest.fixture(scope="module")
def proxied() -> Iterator[Desktop]:
    """A desktop whose daemon reaches the provider through the proxy; the sign-in was made without it."""
    with Desktop() as desktop, PrismProxy(desktop.nile.url) as proxy:
        desktop.reconfigure(proxy.url)
        yield desktop


@pytest.fixture
def strict(proxied: Desktop) -> Iterator[Desktop]:
    """The same, with nothing left from the test before."""
    before = proxied.nile.count("create")
    yield proxied
    assert proxied.nile.count("create") > before, "the proxy let nothing through"


def sign_in_past_the_proxy(desktop: Desktop, **token: Any) -> None:
    """The specification has no /developers/me: sign-ins go straight to the stand-in."""
    through = (desktop.root / "config/felucca/felucca.conf").read_text()
    desktop.reconfigure()
    desktop.sign_in(token=desktop.nile.issue_token(**token))
    desktop.write_config(through)
    desktop.restart_daemon()


@pytest.mark.parametrize("options,tenant,internal", [
    ({}, None, False),
    ({"tenant_id": s("t1")}, "t1", False),
    ({"internal": b(True)}, None, True),
    ({"tenant_id": s("t 1/ü&x=y"), "internal": b(True)}, "t 1/ü&x=y", True),
])
def test_create_keeps_the_contract(strict: Desktop, options: dict[str, GLib.Variant], tenant: str | None, internal: bool):
    credential = strict.create(**options)
    assert credential["password"] == strict.nile.password_of(credential["id"])
    live = strict.nile.live()[-1]
    assert (live["id"], live["tenant"], live["internal"]) == (credential["id"], tenant, internal)


def test_401_keeps_the_contract(strict: Desktop):
    sign_in_past_the_proxy(strict, refresh=False)
    strict.nile.revoke_token(strict.token["access_token"])
    refused(strict, "SignInRequired", strict.create)
    sign_in_past_the_proxy(strict)


def test_403_keeps_the_contract(strict: Desktop):
    sign_in_past_the_proxy(strict, workspaces=["other"])
    sentence = refused(strict, "AccessDenied", strict.create)
    assert "unauthorized_workspace_access" in sentence
    sign_in_past_the_proxy(strict)


def test_the_proxy_would_see_a_deviation(strict: Desktop):
    strict.nile.rule(on="create", after_mint=True, body='{"id":"{{id}}"}')
    refused(strict, "ProviderError", strict.create)

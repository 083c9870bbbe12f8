# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Somebody signs in or out while the old sign-in is being refreshed: what they did counts."""

from __future__ import annotations

from typing import Any

import pytest

from bus_calls import CallGroup
from desktop import ACCOUNTS, Desktop

STALE_SEC = 30  # the daemon refreshes what has less than 60 s to live


@pytest.fixture
def refreshing(bare: Desktop):
    """A create that waits for a refresh, which the test holds."""
    bare.sign_in(token=bare.nile.issue_token(ttl=STALE_SEC, email="old@example.com"))
    bare.nile.rule(on="token", hold="refresh")
    group = CallGroup(bare)
    call = group.create()
    bare.nile.wait_for("token")
    return bare, group, call


def finish(desktop: Desktop, group: CallGroup) -> None:
    desktop.nile.release("refresh")
    group.wait()


def kept_accounts(desktop: Desktop) -> list[str]:
    return [account["account"] for account in desktop.call("ListAccounts", interface=ACCOUNTS)]


def kept_items(desktop: Desktop) -> str:
    return desktop.secret_tool("search", "--all", "xdg:schema", "org.felucca.Token").stderr.decode()


def test_signed_out(refreshing: Any):
    desktop, group, call = refreshing
    desktop.call("SignOut", "(sa{sv})", "nile", {}, interface=ACCOUNTS)
    finish(desktop, group)
    assert call.error_name == "SignInRequired"
    assert kept_accounts(desktop) == []
    assert "account" not in kept_items(desktop)
    assert desktop.nile.count("create") == 0


def test_signed_in_as_somebody_else(refreshing: Any):
    desktop, group, call = refreshing
    desktop.sign_in(token=desktop.nile.issue_token(email="new@example.com"))
    finish(desktop, group)
    assert call.error_name is None
    assert kept_accounts(desktop) == ["new@example.com"]
    assert kept_items(desktop).count("attribute.account") == 1
    desktop.restart_daemon()
    assert kept_accounts(desktop) == ["new@example.com"]


def test_a_losing_refusal_touches_no_newer_sign_in(bare: Desktop):
    bare.sign_in(token=bare.nile.issue_token(ttl=STALE_SEC, email="old@example.com"))
    bare.nile.rule(on="token", status=400, errorCode="invalid_grant", hold="refresh")
    group = CallGroup(bare)
    call = group.create()
    bare.nile.wait_for("token")
    bare.sign_in(token=bare.nile.issue_token(email="new@example.com"))
    finish(bare, group)
    assert call.error_name is None
    assert bare.property("Backends")["nile"]["state"] == "ready"


def test_signing_out_forgets_every_token_of_the_backend(bare: Desktop):
    """One could be left from a replacement that failed."""
    bare.sign_in(token=bare.nile.issue_token(email="new@example.com"))
    bare.secret_tool("store", "--label", "old", "xdg:schema", "org.felucca.Token", "backend", "nile", "account",
                     "old@example.com", input=b"access-token old\n")
    assert kept_items(bare).count("attribute.account") == 2
    bare.call("SignOut", "(sa{sv})", "nile", {}, interface=ACCOUNTS)
    assert kept_items(bare).count("attribute.account") == 0

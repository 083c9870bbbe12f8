# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""org.felucca.Accounts1: SignIn, SignOut, ListAccounts."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from desktop import ACCOUNTS, Desktop, b, pipe_holding, s, wait_until
from nile_stand_in import NileStandIn
from refusals import refused
from reserved_port import ReservedPort
from secret_items import find_items

from gi.repository import GLib

TOKEN_LEN_MAX = 8192


def accounts(desktop: Desktop) -> list[dict[str, Any]]:
    return desktop.call("ListAccounts", interface=ACCOUNTS)


def sign_in_by_string(desktop: Desktop, token: str, backend: str = "") -> dict[str, Any]:
    return desktop.call("SignIn", "(sa{sv})", backend, {"token": s(token)}, interface=ACCOUNTS)


def sign_in_by_pipe(desktop: Desktop, data: bytes, backend: str = "") -> dict[str, Any]:
    fd = pipe_holding(data)
    try:
        return desktop.call("SignIn", "(sa{sv})", backend, {"token-fd": GLib.Variant("h", 0)}, interface=ACCOUNTS, fds=(fd,))
    finally:
        os.close(fd)


def sign_out(desktop: Desktop, backend: str = "", **options: GLib.Variant) -> None:
    named = {key.replace("_", "-"): value for key, value in options.items()}
    desktop.call("SignOut", "(sa{sv})", backend, named, interface=ACCOUNTS)


def kept_tokens(desktop: Desktop) -> list[str]:
    """The accounts whose tokens are in the keyring."""
    return [item.attributes["account"] for item in find_items(desktop, "org.felucca.Token")]


def test_by_string(bare: Desktop):
    sign_in_by_string(bare, bare.nile.issue_token()["access_token"])
    bare.create()
    assert kept_tokens(bare) == ["ada@example.com"]


@pytest.mark.parametrize("end", [b"", b"\n"], ids=["bare", "newline"])
def test_by_pipe(bare: Desktop, end: bytes):
    sign_in_by_pipe(bare, bare.nile.issue_token()["access_token"].encode() + end)
    bare.create()
    assert kept_tokens(bare) == ["ada@example.com"]


def test_the_account(bare: Desktop):
    end = int(time.time()) + 1800
    token = bare.nile.issue_token(claims={"exp": end})
    reply = bare.call_variant("SignIn", GLib.Variant("(sa{sv})", ("nile", {"token": s(token["access_token"])})),
                              interface=ACCOUNTS).get_child_value(0)
    types = {key: reply.lookup_value(key, None).get_type_string() for key in reply.unpack()}
    assert types == {"backend": "s", "account": "s", "state": "s", "expires": "x", "workspaces": "as"}
    account = {"backend": "nile", "account": "ada@example.com", "state": "ready", "expires": end, "workspaces": ["acme"]}
    assert reply.unpack() == account
    assert accounts(bare) == [account]


def test_an_opaque_token_has_no_known_end(bare: Desktop):
    token = bare.nile.issue_token(opaque=True, refresh=False)
    assert "expires" not in bare.sign_in(token=token)
    bare.create()


def test_the_token_is_probed_before_it_is_kept(bare: Desktop):
    bare.nile.rule(on="me", status=503)
    refused(bare, "ProviderError", bare.sign_in)
    assert (accounts(bare), kept_tokens(bare)) == ([], [])
    assert bare.nile.count("me") == 1


def test_a_bad_token_is_not_kept(bare: Desktop):
    refused(bare, "SignInRequired", sign_in_by_string, bare, "a.bad.token")
    assert (accounts(bare), kept_tokens(bare)) == ([], [])
    refused(bare, "SignInRequired", bare.create)
    assert bare.nile.count("create") == 0


def test_a_bad_token_does_not_end_the_good_sign_in(desktop: Desktop):
    refused(desktop, "SignInRequired", sign_in_by_string, desktop, "a.bad.token")
    assert kept_tokens(desktop) == ["ada@example.com"]
    desktop.create()


def test_an_unreachable_provider_keeps_no_token():
    with ReservedPort() as port, Desktop(sign_in=False, daemon=False) as desktop:
        desktop.write_config(desktop.config_text(f"http://127.0.0.1:{port.number}"))
        desktop.start_daemon()
        refused(desktop, "Unreachable", desktop.sign_in)
        assert kept_tokens(desktop) == []


@pytest.mark.parametrize("token", [
    "", " ", "with space", "a\r\nX-Evil: 1", "a\tb", "naïve", "a,b", "x" * (TOKEN_LEN_MAX + 1),
], ids=["empty", "blank", "space", "crlf", "tab", "not-ascii", "comma", "too-long"])
def test_what_is_no_token_is_refused(bare: Desktop, token: str):
    refused(bare, "InvalidArguments", sign_in_by_string, bare, token)
    refused(bare, "InvalidArguments", sign_in_by_pipe, bare, token.encode())
    assert bare.nile.count("me") == 0


def test_the_longest_token_is_sent(bare: Desktop):
    refused(bare, "SignInRequired", sign_in_by_string, bare, "x" * TOKEN_LEN_MAX)
    assert bare.nile.count("me") == 1


def test_one_token_is_needed_and_no_more(bare: Desktop):
    refused(bare, "InvalidArguments", bare.call, "SignIn", "(sa{sv})", "", {}, interface=ACCOUNTS)
    both = {"token": s("x"), "token-fd": GLib.Variant("h", 0)}
    fd = pipe_holding(b"x")
    refused(bare, "InvalidArguments", bare.call, "SignIn", "(sa{sv})", "", both, interface=ACCOUNTS, fds=(fd,))
    os.close(fd)
    assert bare.nile.count("me") == 0


def test_an_unknown_backend(bare: Desktop):
    refused(bare, "InvalidArguments", sign_in_by_string, bare, "t", "nobody")
    refused(bare, "InvalidArguments", sign_out, bare, "nobody")


@pytest.mark.parametrize("token", ["a\tb", "", "x" * (TOKEN_LEN_MAX + 1)], ids=["tab", "empty", "too-long"])
def test_what_is_no_refresh_token_is_refused(bare: Desktop, token: str):
    pair = bare.nile.issue_token()
    fds = (pipe_holding(pair["access_token"].encode()), pipe_holding(token.encode()))
    options = {"token-fd": GLib.Variant("h", 0), "refresh-token-fd": GLib.Variant("h", 1)}
    refused(bare, "InvalidArguments", bare.call, "SignIn", "(sa{sv})", "", options, interface=ACCOUNTS, fds=fds)
    for fd in fds:
        os.close(fd)
    assert bare.nile.count("me") == 0


def test_another_account_takes_the_place_of_the_first(desktop: Desktop):
    desktop.sign_in(token=desktop.nile.issue_token(email="bob@example.com"))
    assert [one["account"] for one in accounts(desktop)] == ["bob@example.com"]
    desktop.restart_daemon()
    assert [one["account"] for one in accounts(desktop)] == ["bob@example.com"]
    assert kept_tokens(desktop) == ["bob@example.com"]


def test_each_backend_has_its_own():
    with NileStandIn() as second, Desktop(config=f"\n[backend second]\nmodule=nile\nurl={second.url}\n") as desktop:
        desktop.sign_in("second", second.issue_token(email="bob@example.com"))
        assert {one["backend"]: one["account"] for one in accounts(desktop)} \
            == {"nile": "ada@example.com", "second": "bob@example.com"}
        assert desktop.create(backend=s("second"))["backend"] == "second"
        assert (desktop.nile.count("create"), second.count("create")) == (0, 1)


@pytest.mark.parametrize("workspace,options,backend", [
    ("acme", {}, "nile"), ("second", {}, "second"), ("second", {"backend": s("nile")}, "nile"),
    ("acme", {"backend": s("second")}, "second"),
])
def test_which_backend_is_meant(workspace: str, options: dict[str, GLib.Variant], backend: str):
    places = {"acme": ["orders"], "second": ["orders"]}
    with NileStandIn(places) as second, \
            Desktop(workspaces=places, config=f"\n[backend second]\nmodule=nile\nurl={second.url}\n") as desktop:
        desktop.sign_in("second", second.issue_token())
        assert desktop.create(workspace, **options)["backend"] == backend
        assert (desktop.nile.count("create"), second.count("create")) == ((1, 0) if backend == "nile" else (0, 1))


def test_accounts_survive_the_daemon(desktop: Desktop):
    before = accounts(desktop)
    desktop.restart_daemon()
    assert accounts(desktop) == before
    assert len(before) == 1


def test_signing_out_forgets_the_tokens(desktop: Desktop):
    id = desktop.create()["id"]
    sign_out(desktop)
    assert (accounts(desktop), kept_tokens(desktop)) == ([], [])
    refused(desktop, "SignInRequired", desktop.create)
    assert desktop.nile.count("create") == 1
    assert desktop.get()["id"] == id


def test_signing_out_twice(desktop: Desktop):
    sign_out(desktop, "nile")
    refused(desktop, "NotFound", sign_out, desktop, "nile")


def test_signing_out_may_revoke_what_is_stored(desktop: Desktop):
    for database in ("orders", "orders", "billing"):
        desktop.create(database=database)
    foreign = desktop.nile.mint_foreign("acme", "orders")["id"]
    sign_out(desktop, revoke_credentials=b(True))
    assert [one["id"] for one in desktop.nile.live()] == [foreign]
    assert (desktop.list(), accounts(desktop), find_items(desktop)) == ([], [], [])


def test_when_one_cannot_be_revoked_the_sign_in_stays(desktop: Desktop):
    desktop.create()
    desktop.nile.rule(on="delete", status=500)
    refused(desktop, "ProviderError", sign_out, desktop, revoke_credentials=b(True))
    assert [one["state"] for one in accounts(desktop)] == ["ready"]
    assert len(desktop.list()) == 1


def test_signing_out_revokes_only_its_own_backend():
    with NileStandIn() as second, Desktop(config=f"\n[backend second]\nmodule=nile\nurl={second.url}\n") as desktop:
        desktop.sign_in("second", second.issue_token())
        desktop.create()
        desktop.create(backend=s("second"))
        sign_out(desktop, "second", revoke_credentials=b(True))
        assert (len(desktop.nile.live()), len(second.live())) == (1, 0)
        assert [one["backend"] for one in accounts(desktop)] == ["nile"]


def test_a_token_that_somebody_deletes_is_gone(desktop: Desktop):
    assert desktop.secret_tool("clear", "xdg:schema", "org.felucca.Token", "backend", "nile").returncode == 0
    wait_until(lambda: accounts(desktop) == [], "the daemon has heard of it")
    refused(desktop, "SignInRequired", desktop.create)
    assert desktop.nile.count("create") == 0


def test_a_refused_sign_in_is_shown(desktop: Desktop):
    desktop.nile.rule(on="create", status=401, times=-1)
    refused(desktop, "SignInRequired", desktop.create)
    assert [one["state"] for one in accounts(desktop)] == ["sign-in-required"]

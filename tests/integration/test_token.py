# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sign-in: refreshed once and in time, kept in the keyring before it is used, never written anywhere else."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest

from bus_calls import CallGroup
from bus_monitor import BusMonitor
from desktop import ACCOUNTS, ERROR, BusError, Desktop, wait_until
from keyring_tools import lock_and_wait, unlock_keyring
from refusals import fails_with
from secret_service import SecretServiceStandIn

STALE_SEC = 30  # the daemon refreshes what has less than 60 s to live


def fingerprint(token: str) -> str:
    """How the stand-in's log names a bearer."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def kept_token(desktop: Desktop) -> str:
    """The secret of the one item that holds the sign-in."""
    found = desktop.secret_tool("lookup", "xdg:schema", "org.felucca.Token", "backend", "nile")
    return found.stdout.decode()


def operations(desktop: Desktop, *wanted: str) -> list[str]:
    """Those of the stand-in's log, in order."""
    return [entry["operation"] for entry in desktop.nile.requests if entry["operation"] in wanted]


def sign_in_and_outlive(desktop: Desktop, **grant: Any) -> None:
    """A sign-in whose access token has run out."""
    desktop.sign_in(token=desktop.nile.issue_token(ttl=4, **grant))
    end = time.time() + 4
    wait_until(lambda: time.time() > end, "the token has run out")


def is_refused(desktop: Desktop, monitor: BusMonitor, error: BusError, signals: int = 1) -> None:
    """Everything that tells a user that a new sign-in is needed."""
    assert error.name == ERROR + "SignInRequired", error
    assert "felucca sign-in nile" in error.message
    assert monitor.signals("SignInRequired") == [("nile",)] * signals
    backend = desktop.property("Backends")["nile"]
    assert backend["state"] == "sign-in-required"
    assert "felucca sign-in nile" in backend["detail"]
    assert all(account["state"] == "sign-in-required" for account in desktop.call("ListAccounts", interface=ACCOUNTS))


# Refreshed in time

def test_not_signed_in(bare: Desktop):
    with BusMonitor(bare) as monitor:
        is_refused(bare, monitor, fails_with("SignInRequired", bare.create))
        assert bare.nile.requests == []


def test_a_fresh_token_is_used_as_it_is(desktop: Desktop):
    desktop.create()
    desktop.create()
    assert desktop.nile.count("token") == 0


@pytest.mark.parametrize("ttl", [STALE_SEC, 1], ids=["runs out soon", "has run out"])
def test_one_refresh_before_the_post(bare: Desktop, ttl: int):
    if ttl == 1:
        sign_in_and_outlive(bare)
    else:
        bare.sign_in(token=bare.nile.issue_token(ttl=ttl))
    old = bare.token
    bare.create()
    bare.create()
    assert operations(bare, "token", "create") == ["token", "create", "create"]
    bearers = {entry["bearer"] for entry in bare.nile.requests if entry["operation"] == "create"}
    assert len(bearers) == 1 and fingerprint(old["access_token"]) not in bearers
    assert old["refresh_token"] not in kept_token(bare)


def test_the_new_refresh_token_is_kept_before_the_new_token_is_used(bare: Desktop):
    bare.sign_in(token=bare.nile.issue_token(ttl=STALE_SEC))
    before = kept_token(bare)
    bare.nile.rule(on="create", hold="mint")
    calls = CallGroup(bare)
    calls.create()
    bare.nile.wait_for("create")
    kept = kept_token(bare)
    assert kept != before
    (post,) = [entry for entry in bare.nile.requests if entry["operation"] == "create"]
    assert post["bearer"] in [fingerprint(word) for word in kept.split()], "the bearer in use is the one in the keyring"
    bare.nile.release("mint")
    calls.wait()[0].result()


def test_a_refreshed_token_that_cannot_be_kept_is_not_used_and_not_lost():
    """The provider has spent the old refresh token: the new one must survive a keyring that fails for a while."""
    with Desktop(keyring=False, daemon=False) as desktop, SecretServiceStandIn(desktop) as service:
        desktop.start_daemon()
        desktop.sign_in(token=desktop.nile.issue_token(ttl=STALE_SEC))
        service.faults["CreateItem"] = "error"
        with pytest.raises(BusError):
            desktop.create()
        assert (desktop.nile.count("token"), desktop.nile.count("create")) == (1, 0)
        service.faults.clear()
        assert desktop.create()["password"]
        assert (desktop.nile.count("token"), desktop.nile.count("create")) == (1, 1)


def test_a_refresh_without_rotation_keeps_the_old_refresh_token(bare: Desktop):
    bare.sign_in(token=bare.nile.issue_token(ttl=STALE_SEC))
    access = bare.nile.issue_token(refresh=False)["access_token"]
    bare.nile.rule(on="token", body='{"access_token": "%s", "token_type": "Bearer", "expires_in": 3600}' % access)
    bare.create()
    assert access in kept_token(bare) and bare.token["refresh_token"] in kept_token(bare)


def test_the_sign_in_survives_a_restart(bare: Desktop):
    bare.sign_in(token=bare.nile.issue_token(ttl=STALE_SEC))
    bare.create()
    bare.restart_daemon()
    assert bare.create()["password"]
    assert bare.nile.count("token") == 1, "what was kept is the refreshed token"
    assert bare.nile.count("me") == 1


def test_the_kept_refresh_token_works_after_a_restart(bare: Desktop):
    bare.sign_in(token=bare.nile.issue_token(ttl=STALE_SEC))
    bare.create()
    bare.restart_daemon()
    bare.nile.rule(on="create", status=401)
    bare.create()
    assert operations(bare, "token", "create") == ["token", "create", "create", "token", "create"]


def test_tokens_that_never_live_long_cost_one_refresh_a_call(bare: Desktop):
    bare.sign_in(token=bare.nile.issue_token(ttl=STALE_SEC, refreshed_ttl=STALE_SEC))
    bare.create()
    bare.create()
    assert operations(bare, "token", "create") == ["token", "create", "token", "create"]


# Refused

@pytest.mark.parametrize("known", ["revoked", "rule"])
def test_refused_once(desktop: Desktop, known: str):
    if known == "revoked":
        desktop.nile.revoke_token(desktop.token["access_token"])
    else:
        desktop.nile.rule(on="create", status=401)
    assert desktop.create()["password"]
    assert operations(desktop, "token", "create") == ["create", "token", "create"]
    desktop.create()
    assert desktop.nile.count("token") == 1
    assert len(desktop.nile.live()) == 2


@pytest.mark.parametrize("method", ["list", "delete"])
def test_other_verbs_refresh_as_well(desktop: Desktop, method: str):
    created = desktop.create()
    desktop.nile.revoke_token(desktop.token["access_token"])
    if method == "delete":
        desktop.revoke(created["id"])
    else:
        assert desktop.cli("list", "acme/orders", "--provider").returncode == 0
    assert operations(desktop, "token", method) == [method, "token", method]


def test_still_refused_after_the_refresh(desktop: Desktop):
    with BusMonitor(desktop) as monitor:
        desktop.nile.rule(on="create", status=401, times=-1)
        error = fails_with("SignInRequired", desktop.create)
        assert operations(desktop, "token", "create") == ["create", "token", "create"]
        is_refused(desktop, monitor, error)
        fails_with("SignInRequired", desktop.create)
        assert desktop.nile.count("create") == 2, "nobody is asked again with a sign-in that is known to be dead"
        desktop.nile.clear_rules()
        desktop.sign_in()
        assert desktop.property("Backends")["nile"]["state"] == "ready"
        assert desktop.create()["password"]
        assert desktop.nile.live() != []


def test_refused_and_no_refresh_token(bare: Desktop):
    bare.sign_in(token=bare.nile.issue_token(refresh=False))
    bare.nile.revoke_token(bare.token["access_token"])
    with BusMonitor(bare) as monitor:
        is_refused(bare, monitor, fails_with("SignInRequired", bare.create))
    assert operations(bare, "token", "create") == ["create"]


def test_run_out_and_no_refresh_token(bare: Desktop):
    sign_in_and_outlive(bare, refresh=False)
    with BusMonitor(bare) as monitor:
        is_refused(bare, monitor, fails_with("SignInRequired", bare.create))
    assert operations(bare, "token", "create") == []


def test_the_item_is_deleted(desktop: Desktop):
    with BusMonitor(desktop) as monitor:
        assert desktop.secret_tool("clear", "xdg:schema", "org.felucca.Token").returncode == 0
        wait_until(lambda: desktop.property("Backends")["nile"]["state"] == "sign-in-required", "the daemon knows")
        is_refused(desktop, monitor, fails_with("SignInRequired", desktop.create))
    assert desktop.nile.count("create") == 0
    desktop.sign_in()
    assert desktop.create()["password"]


@pytest.mark.parametrize("secret", [b"", b"nonsense", b"access-token \xff\xfe\n", b"access-token a b\nexpires -1\n",
                                    b"access-token \nrefresh-token x\n", b"x" * 100000])
def test_the_item_is_garbage(secret: bytes):
    """Somebody else wrote it; the daemon says what to do and lives on."""
    with Desktop(sign_in=False, daemon=False) as desktop:
        desktop.secret_tool("store", "--label", "felucca", "xdg:schema", "org.felucca.Token", "backend", "nile",
                            "account", "ada@example.com", input=secret)
        desktop.start_daemon()
        error = fails_with("SignInRequired", desktop.create)
        assert "felucca sign-in nile" in error.message
        assert desktop.nile.requests == []
        desktop.sign_in()
        assert desktop.create()["password"]


# A refresh that fails

@pytest.mark.parametrize("when", ["before the post", "after a 401"])
@pytest.mark.parametrize(("rule", "name"), [
    ({"status": 401}, "SignInRequired"),
    ({"status": 400, "errorCode": "invalid_grant"}, "SignInRequired"),
    ({"status": 500, "errorCode": "server_error"}, "ProviderError"),
    ({"status": 503, "body": "<html>later</html>"}, "ProviderError"),
    ({"reset": True}, "Unreachable"),
    ({"hang": True}, "TimedOut"),
    ({"body": "{}"}, "ProtocolViolation"),
    ({"body": '{"access_token": "a\\nb"}'}, "BackendFailed"),
])
def test_a_refresh_that_fails(rule: dict[str, Any], name: str, when: str):
    with Desktop(sign_in=False, daemon=False) as desktop:
        text = (desktop.root / "config/felucca/felucca.conf").read_text()
        desktop.write_config(text.replace("timeout=10", "timeout=3") if "hang" in rule else text)
        desktop.start_daemon()
        desktop.sign_in(token=desktop.nile.issue_token(ttl=STALE_SEC if when == "before the post" else 3600))
        if when == "after a 401":
            desktop.nile.rule(on="create", status=401)
        desktop.nile.rule(on="token", **rule)
        with BusMonitor(desktop) as monitor:
            error = fails_with(name, desktop.create)
            if name == "SignInRequired":
                is_refused(desktop, monitor, error)
            else:
                assert monitor.signals("SignInRequired") == []
                assert desktop.property("Backends")["nile"]["state"] == "ready"
        assert desktop.nile.live() == []
        assert desktop.nile.count("create") == (0 if when == "before the post" else 1)
        assert desktop.nile.count("token") == 1
        if name != "SignInRequired":
            desktop.nile.clear_rules()
            assert desktop.create()["password"], "a fault that passes does not end the sign-in"


def test_many_wait_for_a_refresh_that_fails(bare: Desktop):
    bare.sign_in(token=bare.nile.issue_token(ttl=STALE_SEC))
    bare.nile.rule(on="token", hold="refresh", status=400, errorCode="invalid_grant")
    calls = CallGroup(bare)
    buses = [bare.connect() for _ in range(20)]
    with BusMonitor(bare) as monitor:
        for bus in buses:
            calls.create(bus=bus)
        calls.fence(*buses)
        bare.nile.release("refresh")
        assert {call.error_name for call in calls.wait()} == {"SignInRequired"}
        assert monitor.signals("SignInRequired") == [("nile",)]
    assert (bare.nile.count("token"), bare.nile.count("create")) == (1, 0)


def test_a_refresh_while_the_keyring_gets_locked(bare: Desktop):
    """The new refresh token cannot be kept now; it is kept as soon as the keyring is open again."""
    bare.sign_in(token=bare.nile.issue_token(ttl=STALE_SEC))
    bare.nile.rule(on="token", hold="refresh")
    calls = CallGroup(bare)
    call = calls.create()
    bare.nile.wait_for("token")
    lock_and_wait(bare)
    bare.nile.release("refresh")
    calls.wait()
    assert call.error_name == "KeyringLocked"
    assert bare.nile.count("create") == 0
    unlock_keyring(bare)
    assert bare.create()["password"]
    assert bare.nile.count("token") == 1
    bare.restart_daemon()
    assert bare.create()["password"]
    assert bare.nile.count("token") == 1


# What a token says of itself

def test_an_opaque_token_works(bare: Desktop):
    account = bare.sign_in(token=bare.nile.issue_token(opaque=True))
    assert "expires" not in account
    assert bare.create()["password"]
    bare.restart_daemon()
    assert bare.create()["password"]
    assert bare.nile.count("token") == 0


@pytest.mark.parametrize("exp", [
    None, "soon", "1893456000", 1893456000.5, True, [], {}, -1, 0, 1, 2**63 - 1, 2**63, 2**64, 1e300,
    pytest.param(lambda now: (now + 3600) * 1000, id="milliseconds"), pytest.param(lambda now: now + 0.5, id="float")])
@pytest.mark.parametrize("refresh", [False, True], ids=["alone", "with a refresh token"])
def test_an_end_that_makes_no_sense(bare: Desktop, exp: Any, refresh: bool):
    exp = exp(int(time.time())) if callable(exp) else exp
    account = bare.sign_in(token=bare.nile.issue_token(refresh=refresh, claims={"exp": exp}))
    assert account["state"] == "ready"
    assert account.get("expires", 0) < time.time() + 367 * 24 * 3600
    assert bare.create()["password"]
    bare.restart_daemon()
    assert bare.create()["password"]
    assert len(bare.nile.live()) == 2


@pytest.mark.parametrize("expires_in", ["3600", -1, 0, 1e300, 2**63, None, 3600.5])
def test_a_lifetime_that_makes_no_sense(bare: Desktop, expires_in: Any):
    bare.sign_in(token=bare.nile.issue_token(ttl=STALE_SEC))
    new = bare.nile.issue_token()
    bare.nile.rule(on="token", body=json.dumps(new | {"expires_in": expires_in}))
    assert bare.create()["password"]
    assert new["refresh_token"] in kept_token(bare)
    assert len(bare.nile.live()) == 1


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Evil: 1", "a\0b", "é", "x" * 8193, "\n"])
def test_a_token_that_cannot_be_one(bare: Desktop, token: str):
    with pytest.raises(BusError) as caught:
        bare.sign_in(token={"access_token": token})
    assert caught.value.name == ERROR + "InvalidArguments"
    assert bare.nile.requests == []
    assert kept_token(bare) == ""


# Nowhere else

def test_no_token_in_the_log():
    with Desktop(daemon=False) as desktop:
        desktop.start_daemon(G_MESSAGES_DEBUG="all")
        desktop.sign_in(token=desktop.nile.issue_token(ttl=STALE_SEC, refreshed_ttl=STALE_SEC))
        first, secrets = desktop.token, []
        created = desktop.create()
        secrets += [word for word in kept_token(desktop).split() if len(word) > 20]
        desktop.nile.rule(on="token", status=400, errorCode="invalid_grant", message=first["refresh_token"])
        desktop.nile.rule(on="create", status=403, message=first["access_token"])
        fails_with("SignInRequired", desktop.create)
        desktop.sign_in()
        desktop.nile.rule(on="create", status=403, message="your token is " + desktop.token["access_token"])
        error = fails_with("AccessDenied", desktop.create)
        secrets += [first["access_token"], first["refresh_token"], created["password"], desktop.token["access_token"]]
        log = desktop.daemon_log()
        assert "CreateCredential" in log
        assert [secret for secret in secrets if secret in log or secret in error.message] == []

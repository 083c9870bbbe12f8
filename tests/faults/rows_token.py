# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The token before the mint: absent, stale, refused, nonsense; and many callers who need one."""

from __future__ import annotations

import time
from typing import Any, Callable

from desktop import ACCOUNTS, BusError
from row import Row, Run

TOKEN = "token"
MANY = "64 callers need a refresh"
REFUSED = "401"
JWT = "input: JWT"
STALE_SEC = 5
DAY_SEC = 24 * 3600
CALLERS = 64
CALLERS_EACH = 16

BAD_TOKENS = ["", "a b", "a\r\nX-Evil: 1", "a\0b", "é", "x" * 8193, "\n"]
BAD_ENDS: list[Any] = [None, "soon", 1893456000.5, True, [], {}, -1, 0, 2**63, 1e300, 99999999999999]


def signed_in(token: Callable[[Run], dict[str, Any]], then: Callable[[Run], None]) -> Callable[[Run], None]:
    """Signs in with this token, does the rest, and leaves a sign-in that nobody needs."""
    def go(run: Run) -> None:
        run.lab.sign_in_is_spent()
        run.lab.sign_in(run.row.instance, token(run))
        then(run)
    return go


def create(run: Run) -> None:
    run.create()
    run.wait()


def create_again(run: Run) -> None:
    """What failed is not remembered as good, what was refreshed is."""
    create(run)
    run.lab.nile.clear_rules()
    create(run)


def issued(**grant: Any) -> Callable[[Run], dict[str, Any]]:
    return lambda run: run.lab.nile.issue_token(**grant)


def absent(run: Run) -> None:
    run.lab.sign_in_is_spent()
    run.lab.call("SignOut", "(sa{sv})", run.row.instance, {}, interface=ACCOUNTS)
    create(run)


def revoked(*keys: str) -> Callable[[Run], None]:
    """The provider has forgotten these tokens."""
    def go(run: Run) -> None:
        for key in keys:
            run.lab.nile.revoke_token(run.lab.token[key])
        create(run)
    return go


def clock(offset_sec: float) -> Callable[[Run], dict[str, Any]]:
    """A token whose end is told by a clock that is off."""
    def token(run: Run) -> dict[str, Any]:
        return run.lab.nile.issue_token(ttl=60, claims={"exp": int(time.time() + 60 + offset_sec)})
    return token


def many(run: Run) -> None:
    """64 calls of four connections while the one refresh is held."""
    run.lab.nile.rule(on="token", hold="refresh")
    callers = [run.caller() for _ in range(CALLERS // CALLERS_EACH)]
    for number in range(CALLERS):
        run.create(f"db{number + 1}", callers[number // CALLERS_EACH])
    run.lab.nile.wait_for("token")
    run.lab.nile.release("refresh")
    run.wait()
    run.expect(run.lab.nile.count("token") == 1, f"{run.lab.nile.count('token')} refreshes")


def killed_in_refresh(run: Run) -> None:
    """Killed when the new tokens are on their way: the old refresh token is spent, the sign-in may be lost, no mint is."""
    run.lab.nile.rule(on="token", hold="refresh", after_mint=True)
    run.create()
    run.lab.nile.wait_for("token-run")
    run.lab.kill_daemon()
    run.lab.nile.release("refresh")
    run.wait()


def killed_behind_refresh(run: Run) -> None:
    """Killed when the new token is used for the first time: the rotated refresh token was kept before that."""
    create(run)
    run.lab.wait_dead()
    run.lab.kill_daemon()
    run.start()
    run.lab.nile.revoke_token(run.lab.token["access_token"])
    create(run)


def newer(run: Run) -> None:
    """A refresh is refused, and meanwhile the user has signed in again: the newer token stays."""
    run.lab.nile.rule(on="token", hold="refresh", status=400, errorCode="invalid_grant")
    run.create()
    run.lab.nile.wait_for("token")
    run.lab.sign_in(run.row.instance, run.lab.nile.issue_token(ttl=3600))
    run.lab.nile.release("refresh")
    run.wait()
    second = run.create("billing")
    run.wait()
    run.expect(second.outcome == "ok", "the newer token was forgotten")


def bad_tokens(run: Run) -> None:
    for token in BAD_TOKENS:
        try:
            run.lab.sign_in(run.row.instance, {"access_token": token})
            run.expect(False, f"{token[:20]!r} was taken for a token")
        except BusError as error:
            run.expect(error.name.endswith("InvalidArguments"), f"{token[:20]!r}: {error}")
    create(run)


def opaque(text: str) -> Callable[[Run], dict[str, Any]]:
    """A token that looks like a JWT and is none; the provider knows it."""
    def token(run: Run) -> dict[str, Any]:
        given = run.lab.nile.issue_token(opaque=True)
        entry = run.lab.nile.tokens._access.pop(given["access_token"])
        run.lab.nile.tokens._access[text] = entry
        return given | {"access_token": text}
    return token


stale = issued(ttl=STALE_SEC)
TOKEN_ROWS = [
    Row(TOKEN, "absent", absent, ("SignInRequired",), 0, ("nothing",)),
    Row(TOKEN, "expired, nothing to refresh with", signed_in(issued(ttl=STALE_SEC, refresh=False), create),
        ("SignInRequired", "ok"), ends=("nothing", "stored")),
    Row(TOKEN, "expired, refreshed", signed_in(stale, create), ("ok",), 1, ("stored",)),
    *[Row(TOKEN, f"refresh {name}", signed_in(stale, create), errors, 0, ("nothing",), rules=(rule,), settings=settings)
      for name, rule, errors, settings in (
          ("refused", {"on": "token", "status": 400, "errorCode": "invalid_grant"}, ("SignInRequired",), {}),
          ("answered 401", {"on": "token", "status": 401, "errorCode": "invalid_client"}, ("SignInRequired", "ProviderError"), {}),
          ("answered 503", {"on": "token", "status": 503, "body": "", "times": -1}, ("Unreachable", "ProviderError"), {}),
          ("cut off", {"on": "token", "reset": True, "times": -1}, ("Unreachable",), {}),
          ("without an answer", {"on": "token", "hang": True, "times": -1}, ("Unreachable", "TimedOut"), {"timeout": 1}),
          ("answered with nonsense", {"on": "token", "body": "<html>", "times": -1}, ("ProtocolViolation", "ProviderError"), {}))],
    Row(TOKEN, "a refresh that failed is not remembered", signed_in(stale, create_again),
        ("Unreachable", "ProviderError", "ok"), 1, ("stored",), rules=({"on": "token", "status": 503, "body": ""},)),
    Row(TOKEN, "clock a day ahead of the provider's", signed_in(clock(-DAY_SEC), create), ("ok",), 1, ("stored",)),
    Row(TOKEN, "clock a day behind the provider's", signed_in(clock(DAY_SEC), revoked("access_token")), ("ok",), 2, ("stored",)),
    Row(TOKEN, "killed during the refresh", signed_in(stale, killed_in_refresh), ("NoReply",), 0, ("nothing",)),
]
MANY_ROWS = [
    Row(MANY, "one refresh", signed_in(stale, many), ("ok",), CALLERS, ("stored",)),
    Row(MANY, "killed when the new token is first used", signed_in(stale, killed_behind_refresh), ("NoReply", "ok"), 1,
        ("stored", "open+stored"), failpoint="mint-begin:kill"),
    Row(MANY, "a losing refresh and a newer sign-in", signed_in(stale, newer), ("ok", "SignInRequired"), ends=("stored",)),
]
REFUSED_ROWS = [
    Row(REFUSED, "once", signed_in(issued(), revoked("access_token")), ("ok",), 2, ("stored",)),
    Row(REFUSED, "twice", signed_in(issued(), create), ("SignInRequired",), 2, ("nothing",),
        rules=({"on": "create", "status": 401, "times": -1},)),
    Row(REFUSED, "and the refresh is refused", signed_in(issued(), revoked("access_token", "refresh_token")),
        ("SignInRequired",), 1, ("nothing",)),
    Row(REFUSED, "and there is no refresh token", signed_in(issued(refresh=False), revoked("access_token")),
        ("SignInRequired",), 1, ("nothing",)),
    Row(REFUSED, "once, and the second answer is lost", signed_in(issued(), revoked("access_token")), ("OutcomeUnknown",), 2,
        ("listed",), rules=({"on": "create", "skip": 1, "mint_without_answer": True},)),
]
JWT_ROWS = [
    Row(JWT, "what cannot be a token", bad_tokens, ("ok",), 1, ("stored",)),
    *[Row(JWT, f"exp is {str(end)[:20]}", signed_in(issued(claims={"exp": end}), create), ("ok",), ends=("stored",))
      for end in BAD_ENDS],
    *[Row(JWT, f"{name}", signed_in(opaque(text), create), ("ok",), ends=("stored",)) for name, text in (
        ("one segment", "x" * 40), ("two segments", "aaaa.bbbb"), ("four segments", "a.b.c.d"), ("empty segments", ".."),
        ("a payload that is no JSON", "eyJhIjoxfQ.bm9uc2Vuc2U.c2ln"), ("8192 bytes", "y" * 8192))],
]
ROWS = TOKEN_ROWS + MANY_ROWS + REFUSED_ROWS + JWT_ROWS

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""TLS: nothing is sent to a certificate that is not good; behind a good one a lost answer is a lost answer."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Callable

from certificates import Authority
from nile_stand_in import NileStandIn
from row import Row, Run
from rows_wire import CONNECT, GONE, MAYBE, SHORT, UNKNOWN

TLS = "input: TLS"


@cache
def folder() -> tempfile.TemporaryDirectory[str]:
    """Goes with the process."""
    return tempfile.TemporaryDirectory(prefix="felucca-test-")


@cache
def authority() -> Authority:
    return Authority(Path(folder().name))


@cache
def certificate(kind: str) -> dict[str, str]:
    """What a provider shows."""
    if kind == "self-signed":
        return authority().issue_self_signed()
    if kind == "wrong host":
        return authority().issue("wrong-host", "DNS:elsewhere.example,IP:127.0.0.2")
    if kind == "expired":
        return authority().issue("expired", days=-1)
    if kind == "bad CA":
        stranger = Path(folder().name) / "stranger"
        stranger.mkdir()
        return Authority(stranger).issue()
    return authority().issue()


def at(kind: str, then: Callable[[Run, NileStandIn], None], rules: tuple[dict[str, Any], ...] = (),
       **settings: Any) -> Callable[[Run], None]:
    """The same provider, its world and its tokens, behind TLS."""
    def go(run: Run) -> None:
        with NileStandIn(**certificate(kind)) as secure:
            secure.world, secure.tokens, secure.log = run.lab.nile.world, run.lab.nile.tokens, run.lab.nile.log
            for rule in rules:
                secure.rule(**rule)
            run.lab.url, run.lab.settings = secure.url, {"ca-file": authority().ca_file} | settings
            run.lab.write_config()
            run.restart()
            run.create()
            then(run, secure)
        # The next daemon finds the provider where it is for all other runs.
        run.lab.url, run.lab.settings = None, {}
        run.wrong += run.lab.end_daemon(run.number % 2 == 1)
        run.lab.write_config()
    return go


def nothing_was_asked(run: Run, secure: NileStandIn) -> None:
    run.wait()
    run.expect(run.lab.nile.requests == [], "a request was made over a connection that is not to be trusted")


def waited(run: Run, _: NileStandIn) -> None:
    run.wait()


ROWS = [
    *[Row(CONNECT, f"certificate: {kind}", at(kind, nothing_was_asked), ("Unreachable",), 0, ("nothing",))
      for kind in ("self-signed", "wrong host", "expired", "bad CA")],
    Row(CONNECT, "silence in the handshake", at("good", waited, ({"on": "connect", "hang": True, "times": -1},), timeout=1),
        ("Unreachable", "TimedOut"), 0, ("nothing",)),
    Row(CONNECT, "reset in the handshake", at("good", waited, ({"on": "connect", "reset": True, "times": -1},)), ("Unreachable",),
        0, ("nothing",)),
    Row(CONNECT, "plain words in the handshake", at("good", waited, (
        {"on": "connect", "raw": "HTTP/1.1 200 OK\r\n\r\n", "times": -1},)), ("Unreachable",), 0, ("nothing",)),
    Row(TLS, "good", at("good", waited), ("ok",), 1, ("stored",)),
    *[Row(TLS, f"{kind}: nothing is sent", at(kind, nothing_was_asked), ("Unreachable",), 0, ("nothing",))
      for kind in ("self-signed", "wrong host", "expired")],
    *[Row(TLS, f"truncated: {case}", at("good", waited, ({"on": "create"} | rule,), **settings), UNKNOWN + ("ProtocolViolation",), 1,
          ends, instance=instance)
      for case, rule, settings in (
          ("no answer", {"mint_without_answer": True}, {}), ("reset", {"reset": True, "after_mint": True}, {}),
          ("header only", {"cut": -1}, {}), ("before the end of the id", {"cut_body": 20}, {}),
          ("silence", {"hang": True, "after_mint": True}, SHORT))
      for instance, ends in (("nile", ("listed",)), ("own", GONE))],
    *[Row(TLS, "no length, and the end is cut off", at("good", waited, (
        {"on": "create", "after_mint": True, "raw": "HTTP/1.1 200 OK\r\n\r\n{{answer}}", "reset": True},)),
        UNKNOWN + ("ProtocolViolation",), 1, ends, instance=instance)
      for instance, ends in (("nile", MAYBE), ("own", GONE))],
]

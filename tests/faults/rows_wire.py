# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Between us and the provider: connections, lost answers, answers that make no sense."""

from __future__ import annotations

import base64
import os
import socket
from typing import Any, Callable

from memory import anonymous_kib
from reserved_port import ReservedPort
from row import DEAD, Row, Run, one_create
from test_errors_answers import GZIP_ANSWER, NONSENSE, SLOPPY, WITHOUT_PASSWORD
from test_errors_provider import BARE_STATUSES, STATUSES

CONNECT = "DNS, connect, TLS (bad CA, expired, wrong host)"
LOST = "request half sent; server minted and the reply is lost"
CUT = "headers only; body cut before / after the id"
MALFORMED = "200 but malformed, oversize, duplicate keys, NUL"
STATUS = "403, 404, 409, 429, 5xx, 3xx, 421, 1xx flood"
FRAMING = "input: HTTP framing"
JSON = "input: JSON"

GROWTH_MAX_KIB = 2048
UNKNOWN = ("OutcomeUnknown",)
NO_SENSE = ("ProtocolViolation",)
EITHER = UNKNOWN + NO_SENSE
GONE = ("nothing", "open")  # nothing lives; the intent may stand open until it is old enough
MAYBE = (*GONE, "listed")
SHORT = {"timeout": 3}  # passes, after the request is sent

LOST_RULES: dict[str, dict[str, Any]] = {
    "minted and closed": {"mint_without_answer": True},
    "minted and reset": {"reset": True, "after_mint": True},
    "minted and silent": {"hang": True, "after_mint": True},
    "minted and half a status line": {"cut": 10},
    "minted, and what comes is no HTTP": {"raw": "hello, this is no HTTP at all\r\n\r\n", "after_mint": True},
    "minted, and 200 without an end": {"raw": "HTTP/1.1 200 OK\r\nX-A: ", "after_mint": True, "hang": True},
}
UNSENT_RULES: dict[str, dict[str, Any]] = {
    "closed before the body is read": {"close_before": True},
    "reset before anything is done": {"reset": True},
    "silence before anything is done": {"hang": True},
}
CUT_RULES: dict[str, dict[str, Any]] = {
    "header only": {"cut": -1},
    "before the end of the id": {"cut_body": 20},
    "behind the id": {"cut_body": 60},
    "before the last byte": {"cut_body": 400},
    "before the end of the id, reset": {"cut_body": 20, "reset": True},
    "behind the id, reset": {"cut_body": 60, "reset": True},
    "header only, silence": {"cut": -1, "hang": True},
    "behind the id, silence": {"cut_body": 60, "hang": True},
}
ANSWER = "{{answer}}"
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FRAMES: dict[str, dict[str, Any]] = {
    "no Content-Length": {"raw": HEAD + "\r\n" + ANSWER},
    "two lengths": {"headers": {"Content-Length": ["5", "4000"]}},
    "negative length": {"headers": {"Content-Length": "-1"}},
    "length that is no number": {"headers": {"Content-Length": "many"}},
    "length that is huge": {"headers": {"Content-Length": "99999999999999999999"}},
    "length too short": {"headers": {"Content-Length": "30"}},
    "length and chunks": {"headers": {"Transfer-Encoding": "chunked"}},
    "chunks without an end": {"raw": HEAD + "Transfer-Encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n"},
    "a chunk of a negative length": {"raw": HEAD + "Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n"},
    "300 MB": {"raw": "HTTP/1.1 200 OK\r\n\r\n", "flood": ["x", 300_000_000]},
    "a header of a megabyte": {"headers": {"X-Long": "x" * 1_000_000}},
    "gzip": {"raw_b64": base64.b64encode(GZIP_ANSWER).decode()},
    "NUL in a header": {"headers": {"X-Nul": "a\0b"}},
    "a folded header": {"headers": {"X-Fold": "a\r\n b"}},
    "HTTP/0.9": {"raw": ANSWER},
    "two answers": {"raw": HEAD + "Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\n"},
}
SLOW_FRAMES: dict[str, dict[str, Any]] = {
    "drip": {"drip": 0.3},
    "endless 100 Continue": {"raw": "", "flood": ["HTTP/1.1 100 Continue\r\n\r\n", -1]},
}


def both(matrix: str, case: str, run: Callable[[Run], None], outcomes: tuple[str, ...], ends: tuple[str, ...],
         **more: Any) -> list[Row]:
    """The same at an instance where others mint, and at one that is ours alone, where nothing may stay."""
    return [Row(matrix, case, run, outcomes, ends=ends, **more),
            Row(matrix, case, run, outcomes, ends=GONE, instance="own", **more)]


def on_create(rule: dict[str, Any], after_mint: bool = False) -> tuple[dict[str, Any], ...]:
    return ({"on": "create"} | ({"after_mint": True} if after_mint else {}) | rule,)


def is_silent(rule: dict[str, Any]) -> dict[str, Any]:
    """Where the deadline has to end it, it is a short one."""
    waits = "hang" in rule or "drip" in rule or rule.get("flood", [0, 0])[1] == -1
    return SHORT if waits or "Content-Length" in rule.get("headers", {}) else {}


# Connections

def elsewhere(url: str, **settings: Any) -> Callable[[Run], None]:
    """The provider's address leads nowhere."""
    def go(run: Run) -> None:
        run.lab.url, run.lab.settings = url, settings
        run.lab.write_config()
        run.restart()
        run.create()
        run.wait()
    return go


def nobody_listens(run: Run) -> None:
    with ReservedPort() as port:
        elsewhere(f"http://127.0.0.1:{port.number}")(run)


def never_accepted(run: Run) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        first.connect(full.getsockname())
        second.setblocking(False)
        second.connect_ex(full.getsockname())
        elsewhere(f"http://127.0.0.1:{full.getsockname()[1]}", timeout=1)(run)


def no_tls(run: Run) -> None:
    elsewhere(run.lab.nile.url.replace("http:", "https:"))(run)


def killed_while(hold: dict[str, Any], until: str) -> Callable[[Run], None]:
    """Killed when the provider is so far; it goes on without us."""
    def go(run: Run) -> None:
        run.lab.nile.rule(on="create", **hold)
        run.create()
        run.lab.nile.wait_for(until)
        run.lab.kill_daemon()
        run.lab.nile.release("mint")
        run.lab.nile.wait_for("create-run")
        run.wait()
    return go


def minted_after_the_restart(run: Run) -> None:
    """The provider does its work only when the next daemon has looked already."""
    run.lab.nile.rule(on="create", hold="mint")
    run.create()
    run.lab.nile.wait_for("create")
    run.lab.kill_daemon()
    run.wait()
    run.start()
    run.lab.nile.wait_for("list")
    run.expect(run.lab.unresolved(), "the intent is closed although the mint may still come")
    run.lab.nile.release("mint")
    run.lab.nile.wait_for("create-run")
    facts = run.facts()
    run.expect(facts.ours and facts.unresolved, "what was minted late is not listed")


def bounded(run: Run) -> None:
    """However much comes, the daemon does not grow by it."""
    if os.geteuid() != 0:  # the daemon is not dumpable
        run.create()
        run.wait()
        return
    pid = run.lab.daemon_process.pid
    before = anonymous_kib(pid)
    run.create()
    run.wait()
    grown = anonymous_kib(pid) - before
    run.expect(grown <= GROWTH_MAX_KIB, f"it has grown by {grown} KiB")


CONNECT_ROWS = [
    Row(CONNECT, "a host without an address", elsewhere("https://nile.invalid", timeout=5), ("Unreachable", "TimedOut"), 0, ("nothing",)),
    Row(CONNECT, "nobody listens", nobody_listens, ("Unreachable",), 0, ("nothing",)),
    Row(CONNECT, "never accepted", never_accepted, ("TimedOut", "Unreachable"), 0, ("nothing",)),
    Row(CONNECT, "no TLS there", no_tls, ("Unreachable",), 0, ("nothing",)),
]
LOST_ROWS = [
    *[row for case, rule in LOST_RULES.items()
      for row in both(LOST, case, one_create, UNKNOWN, ("listed",), posts=1, rules=on_create(rule), settings=is_silent(rule))],
    *[row for case, rule in UNSENT_RULES.items()
      for row in both(LOST, case, one_create, UNKNOWN, GONE, posts=1, rules=on_create(rule), settings=is_silent(rule))],
    *[Row(LOST, f"killed {case}", run, (DEAD,), 1, ends, instance=instance)
      for case, run in (("before the provider has minted", killed_while({"hold": "mint"}, "create")),
                        ("when the provider has minted", killed_while({"hold": "mint", "after_mint": True}, "create-run")))
      for instance, ends in (("nile", ("listed",)), ("own", GONE))],
    Row(LOST, "minted only after the restart", minted_after_the_restart, (DEAD,), 1, ("listed",)),
    Row(LOST, "minted only after the restart", minted_after_the_restart, (DEAD,), 1, GONE, instance="own"),
    *[Row(LOST, f"killed at {point}", one_create, (DEAD,), posts, ends, failpoint=f"{point}:kill", instance=instance)
      for point, posts in (("mint-begin", 0), ("mint-end", 1))
      for instance, ends in (("nile", GONE if posts == 0 else ("listed",)), ("own", GONE))],
]
CUT_ROWS = [
    *[row for case, rule in CUT_RULES.items()
      for row in both(CUT, case, one_create, EITHER, MAYBE if "behind" in case or "last" in case else ("listed",), posts=1,
                      rules=on_create(rule), settings=is_silent(rule))],
    *[Row(CUT, "behind the id, killed", killed_while({"cut_body": 60, "hang": True}, "create-run"), (DEAD,), 1, ends,
          instance=instance) for instance, ends in (("nile", ("listed", "nothing")), ("own", GONE))],
]
MALFORMED_ROWS = [
    *[row for case, rule in NONSENSE.items()
      for row in both(MALFORMED, case, one_create, EITHER, MAYBE, posts=1, rules=on_create(rule, True))],
    *[Row(MALFORMED, f"password {case}", outcomes=NO_SENSE, posts=1, ends=("nothing",), rules=on_create({"body": body}, True))
      for case, body in WITHOUT_PASSWORD.items()],
    *[Row(MALFORMED, f"password {case}, and the revoke fails", outcomes=UNKNOWN, posts=1, ends=("nothing",),
          rules=(*on_create({"body": body}, True), {"on": "delete", "status": 500}))
      for case, body in list(WITHOUT_PASSWORD.items())[:2]],
]
STATUS_ROWS = [
    *[Row(STATUS, f"{status} with its code", outcomes=(name,), posts=1, ends=MAYBE, rules=on_create({"status": status}))
      for status, name in STATUSES],
    *[Row(STATUS, f"{status} without a code", posts=1, ends=MAYBE, rules=on_create({"status": status, "body": "<html>"}))
      for status, _ in BARE_STATUSES],
    *[row for status in (300, 302, 408, 418, 500, 502, 503, 504)
      for row in both(STATUS, f"{status}, and it has minted", one_create, (), ("listed",), posts=1,
                      rules=on_create({"status": status, "body": ""}, True))],
    *both(STATUS, "credential_propagation_failure, and it has minted", one_create, UNKNOWN, ("listed",), posts=1,
          rules=on_create({"status": 500, "errorCode": "credential_propagation_failure"}, True)),
    Row(STATUS, "307 to itself", outcomes=NO_SENSE + UNKNOWN, posts=1, ends=MAYBE,
        rules=on_create({"status": 307, "body": "", "headers": {"Location": "/workspaces/acme/databases/orders/credentials"}})),
    Row(STATUS, "421", outcomes=("ProviderError",) + UNKNOWN, posts=1, ends=MAYBE, rules=on_create({"status": 421, "times": -1})),
]
FRAMING_ROWS = [row for case, rule in (FRAMES | SLOW_FRAMES).items()
                for row in both(FRAMING, case, bounded, EITHER + ("ok",), (*MAYBE, "stored"), posts=1,
                                rules=on_create(rule, True), settings=is_silent(rule))]
# At an instance of ours alone nothing may stay but what is stored.
FRAMING_ROWS = [row if row.instance == "nile" else Row(**(vars(row) | {"ends": (*GONE, "stored")})) for row in FRAMING_ROWS]
JSON_ROWS = [row for case, body in SLOPPY.items()
             for row in both(JSON, case, one_create, NO_SENSE, MAYBE, posts=1, rules=on_create({"body": body}, True))]
ROWS = CONNECT_ROWS + LOST_ROWS + CUT_ROWS + MALFORMED_ROWS + STATUS_ROWS + FRAMING_ROWS + JSON_ROWS

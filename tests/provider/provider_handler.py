# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One connection to the provider's surface.

Reads requests, asks the rules, does the operation and hands the answer to delivery.
"""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import delivery
import routes
from answer import Answer
from fault_rule import NO_RULE, Rule
from gates import Visit
from request_log import Entry
from token_store import fingerprint

if TYPE_CHECKING:
    from nile_stand_in import NileStandIn

BODY_MAX = 1 << 20


class ProviderHandler(BaseHTTPRequestHandler):
    """Serves one connection. `nile` is set on a subclass made for each stand-in."""

    nile: NileStandIn
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.number = self.nile.log.bump("connect")

    def handle(self) -> None:
        visit = self.nile.gates.enter()
        rule = self.nile.rules.take("connect")
        if rule is NO_RULE:
            self.handshake()
            super().handle()
            return
        visit.wait(rule)
        with delivery.plain(self.connection) as bare:
            delivery.send(bare, rule.raw or b"", rule, visit)
            self.end(rule, bare)

    def handshake(self) -> None:
        """TLS, where it is asked for."""
        if self.server.tls is None:
            return
        try:
            self.connection.do_handshake()
        except OSError:
            self.nile.log.bump("tls-failed")
            raise

    def answer(self) -> None:
        """One request from its header to the end of its answer."""
        target = self.requestline.split(" ")[1]
        route, call = self.look_up(target)
        entry = self.open_entry(route, target, call)
        visit = self.nile.gates.enter()
        rule = self.nile.rules.take(route.operation)
        entry.rule = None if rule is NO_RULE else ",".join(sorted(rule.fields))
        try:
            self.strike(route, call, entry, rule, visit)
        except OSError:
            self.close_connection = True
        finally:
            self.nile.log.bump(route.operation + "-over")
            self.nile.log.bump("done")

    def look_up(self, target: str) -> tuple[routes.Route, routes.Call]:
        """Which operation is meant, and with what."""
        segments, query = routes.split_target(target)
        route, names = routes.find_route(self.command, segments)
        return route, routes.Call(names, query, self.read_bearer())

    def perform(self, route: routes.Route, call: routes.Call) -> Answer:
        """Does the operation."""
        return routes.run(route, self.nile.world, self.nile.tokens, call)

    def strike(self, route: routes.Route, call: routes.Call, entry: Entry, rule: Rule, visit: Visit) -> None:
        """Does the operation and answers, in the order the rule asks for."""
        if not rule["close_before"]:
            call.body = self.read_body()
            entry.body_len = len(call.body)
        if not rule.after_mint:
            visit.wait(rule)
        normal = self.perform(route, call) if rule.runs else Answer(200)
        entry.credential = normal.marks.get("id") or call.names.get("id")
        if rule.runs:
            self.nile.log.bump(route.operation + "-run")
        if rule.after_mint:
            visit.wait(rule)
        if rule.speaks:
            answer = rule.replacement(normal, route.operation)
            entry.status = answer.status if rule.raw is None else None
            delivery.send(self.connection, delivery.wire_bytes(answer, rule), rule, visit)
        self.end(rule, self.connection)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

    def end(self, rule: Rule, connection: socket.socket) -> None:
        """What becomes of the connection."""
        if rule.ending == "keep":
            return
        self.close_connection = True
        if rule.ending == "hang":
            delivery.hang(connection)
        elif rule.ending == "reset":
            delivery.arm_reset(connection)

    def open_entry(self, route: routes.Route, target: str, call: routes.Call) -> Entry:
        """Writes the request into the log before anything is done for it."""
        return self.nile.log.open(
            operation=route.operation,
            method=self.command,
            path=target,
            bearer=fingerprint(call.bearer) if call.bearer else None,
            connection=self.number,
            headers=sorted(name.lower() for name in self.headers.keys()),
        )

    def read_bearer(self) -> str | None:
        """The bearer token of the request."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None

    def read_body(self) -> bytes:
        """The body, by its length; no client of ours sends chunks."""
        length = self.headers.get("Content-Length", "")
        return self.rfile.read(min(int(length), BODY_MAX)) if length.isdecimal() else b""

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the request log is the record."""

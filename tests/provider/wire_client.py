# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small HTTP client for the tests of the stand-in itself.

`ask` speaks proper HTTP; `exchange` sends bytes and keeps whatever comes back.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from nile_stand_in import NileStandIn

CREATE = "/workspaces/acme/databases/orders/credentials"
PATIENCE_SEC = 60


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def connect(url: str, tls: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
    """A connection that waits long: no test here depends on a timeout."""
    where = urlsplit(url)
    if tls:
        return http.client.HTTPSConnection(where.hostname, where.port, timeout=PATIENCE_SEC, context=tls)
    return http.client.HTTPConnection(where.hostname, where.port, timeout=PATIENCE_SEC)


def ask(to: str | http.client.HTTPConnection, method: str, path: str, bearer: str | None = None,
        body: bytes | None = None) -> Reply:
    """One request over a new connection, or over one that is open."""
    connection = connect(to) if isinstance(to, str) else to
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        if isinstance(to, str):
            connection.close()


def control(nile: NileStandIn, method: str, path: str, body: Any = None) -> Reply:
    """One request to the control surface."""
    return ask(nile.control, method, path, None, None if body is None else json.dumps(body).encode())


def exchange(nile: NileStandIn, bearer: str, path: str = CREATE, method: str = "POST") -> tuple[bytes, str]:
    """The bytes of one answer, and whether the stream ended by `close` or by `reset`."""
    request = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\nContent-Length: 0\r\n\r\n"
    where = urlsplit(nile.url)
    got = b""
    with socket.create_connection((where.hostname, where.port), PATIENCE_SEC) as connection:
        try:
            connection.sendall(request.encode())
            while piece := connection.recv(65536):
                got += piece
        except (ConnectionResetError, BrokenPipeError):
            return got, "reset"
    return got, "close"

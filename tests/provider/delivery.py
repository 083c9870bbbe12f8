# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Delivers an answer over a socket, whole or spoilt as a rule says, and ends the connection.

Works below TLS too: `plain` reaches the bare socket before the handshake.
"""

from __future__ import annotations

import socket
import struct

from answer import Answer
from fault_rule import Rule
from gates import Visit

FLOOD_PIECE = 65536


def wire_bytes(answer: Answer, rule: Rule) -> bytes:
    """The bytes of an answer after `raw`, `cut` and `cut_body`."""
    raw = rule.raw
    head, body = (answer.head(), answer.body) if raw is None else (answer.fill(raw), b"")
    if rule["cut_body"] is not None:
        return head + body[: max(rule["cut_body"], 0)]
    if rule["cut"] is not None:
        return head if rule["cut"] < 0 else (head + body)[: rule["cut"]]
    return head + body


def send(connection: socket.socket, data: bytes, rule: Rule, visit: Visit) -> None:
    """Sends at once or drop by drop, then floods."""
    if rule["drip"] is None:
        connection.sendall(data)
    else:
        drip(connection, data, rule["drip"], visit)
    if rule["flood"] is not None:
        flood(connection, *rule["flood"])


def drip(connection: socket.socket, data: bytes, seconds: float, visit: Visit) -> None:
    """One byte at a time."""
    for offset in range(len(data)):
        connection.sendall(data[offset : offset + 1])
        if not visit.pause(seconds):
            return


def flood(connection: socket.socket, text: str, times: int) -> None:
    """The text that often; -1 until the client has enough."""
    unit = text.encode()
    per_piece = max(FLOOD_PIECE // max(len(unit), 1), 1)
    while times != 0:
        count = per_piece if times < 0 else min(per_piece, times)
        connection.sendall(unit * count)
        times -= count if times > 0 else 0


def hang(connection: socket.socket) -> None:
    """Answers nothing until the client leaves or the server shuts the socket down."""
    while connection.recv(4096):
        pass


def arm_reset(connection: socket.socket) -> None:
    """Makes the coming close an RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def is_reset(connection: socket.socket) -> bool:
    """Whether the coming close is an RST."""
    try:
        return connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)[:4] != b"\0\0\0\0"
    except OSError:
        return False


def plain(connection: socket.socket) -> socket.socket:
    """The same socket below TLS, on a descriptor of its own."""
    return socket.socket(fileno=socket.dup(connection.fileno()))

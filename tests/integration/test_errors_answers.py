# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers that make no sense, are lost, or never come; and providers that cannot be reached."""

from __future__ import annotations

import base64
import gzip
import json
import socket
from typing import Any, Callable

import pytest

from desktop import Desktop, b, s
from refusals import refused
from reserved_port import ReservedPort

GZIPPED = gzip.compress(json.dumps({"id": "zipped", "password": "p"}).encode())
GZIP_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(GZIPPED), GZIPPED)

# A 200 that is no answer: what was minted is revoked where it names that, else something may live.
NONSENSE: dict[str, dict[str, Any]] = {
    "html": {"body": "<html>{{password}}</html>"},
    "empty": {"body": ""},
    "no-object": {"body": '["{{id}}","{{password}}"]'},
    "null": {"body": "null"},
    "cut-json": {"body": '{"id":"{{id}}","password":"{{password}}"'},
    "no-id": {"body": '{"password":"{{password}}"}'},
    "empty-id": {"body": '{"id":"","password":"{{password}}"}'},
    "number-id": {"body": '{"id":7,"password":"{{password}}"}'},
    "long-id": {"body": '{"id":"' + "i" * 257 + '","password":"{{password}}"}'},
    "control-in-id": {"body": '{"id":"a\\u0007b","password":"{{password}}"}'},
    "oversize": {"body": '{"id":"{{id}}","password":"{{password}}","x":"' + "x" * 70_000 + '"}'},
    "endless": {"raw": "HTTP/1.1 200 OK\r\n\r\n", "flood": ["x", 1_000_000]},
    "gzip": {"raw_b64": base64.b64encode(GZIP_ANSWER).decode()},
}

# A 200 that a lenient reader would take (RFC 8259; reliability.md, section 4): what it says is not certain.
SLOPPY = {
    "two-roots": "{{answer}}{{answer}}",
    "trailing": "{{answer}}x",
    "comment": "/* hello */{{answer}}",
    "double-key": '{"id":"{{id}}","password":"{{password}}","password":"another"}',
    "bom": "\ufeff{{answer}}",
    "deep": '{"id":"{{id}}","password":"{{password}}","x":' + "[" * 17 + "]" * 17 + "}",
    "nul-in-password": '{"id":"{{id}}","password":"pass\\u0000word"}',
    "nul-in-id": '{"id":"{{id}}\\u0000","password":"{{password}}"}',
    "lone-surrogate": '{"id":"{{id}}","password":"pass\\ud800word"}',
    "single-quotes": "{'id':'{{id}}','password':'{{password}}'}",
    "comma-at-the-end": '{"id":"{{id}}","password":"{{password}}",}',
}

# A 200 that names what was minted and lacks what it is for.
WITHOUT_PASSWORD = {
    "none": '{"id":"{{id}}"}', "empty": '{"id":"{{id}}","password":""}', "null": '{"id":"{{id}}","password":null}',
    "number": '{"id":"{{id}}","password":12345}', "long": '{"id":"{{id}}","password":"' + "p" * 1025 + '"}',
    "newline": '{"id":"{{id}}","password":"pass\\nword"}',
}

LOST: dict[str, dict[str, Any]] = {
    "minted-and-closed": {"mint_without_answer": True},
    "minted-and-reset": {"reset": True, "after_mint": True},
    "closed": {"close_before": True},
    "reset": {"reset": True},
    "header-only": {"cut": -1},
    "half-a-header": {"cut": 10},
    "cut-before-the-end-of-the-id": {"cut_body": 20},
    "not-http": {"raw": "hello, this is no HTTP at all\r\n\r\n", "after_mint": True},
}

HANGS: dict[str, dict[str, Any]] = {
    "silence": {"hang": True, "after_mint": True},
    "half-a-body": {"hang": True, "cut_body": 20},
    "drip": {"drip": 0.3},
}


@pytest.mark.parametrize("fields", NONSENSE.values(), ids=NONSENSE)
def test_an_answer_that_makes_no_sense(desktop: Desktop, fields: dict[str, Any]):
    desktop.nile.rule(on="create", after_mint=True, **fields)
    refused(desktop, "ProtocolViolation", desktop.create)
    assert desktop.nile.count("create") == 1
    assert desktop.list() == []
    desktop.create()


@pytest.mark.parametrize("body", SLOPPY.values(), ids=SLOPPY)
def test_json_is_read_strictly(desktop: Desktop, body: str):
    desktop.nile.rule(on="create", after_mint=True, body=body)
    refused(desktop, "ProtocolViolation", desktop.create)
    assert desktop.list() == []


@pytest.mark.parametrize("body", WITHOUT_PASSWORD.values(), ids=WITHOUT_PASSWORD)
def test_what_came_without_a_password_is_revoked(desktop: Desktop, body: str):
    desktop.nile.rule(on="create", after_mint=True, body=body)
    sentence = refused(desktop, "ProtocolViolation", desktop.create)
    assert "revoked" in sentence
    assert desktop.nile.live() == []
    assert (desktop.nile.count("create"), desktop.nile.count("delete")) == (1, 1)
    assert desktop.list() == []


def test_when_it_cannot_be_revoked_the_sentence_names_it(desktop: Desktop):
    desktop.nile.rule(on="create", after_mint=True, body='{"id":"{{id}}"}')
    desktop.nile.rule(on="delete", status=500, times=-1)  # the daemon tries again by itself
    sentence = refused(desktop, "OutcomeUnknown", desktop.create)
    assert desktop.nile.live()[0]["id"] in sentence and "felucca unresolved" in sentence


@pytest.mark.parametrize("length", [1, 1024])
def test_the_longest_password_and_id_are_kept(desktop: Desktop, length: int):
    id, password = "i" * min(length, 256), "p" * length
    desktop.nile.rule(on="create", after_mint=True, body=json.dumps({"id": id, "password": password}))
    assert desktop.create()["password"] == password
    assert desktop.lookup(id=id) == password


@pytest.mark.parametrize("fields", LOST.values(), ids=LOST)
def test_a_lost_answer_leaves_the_outcome_unknown(desktop: Desktop, fields: dict[str, Any]):
    desktop.nile.rule(on="create", **fields)
    refused(desktop, "OutcomeUnknown", desktop.create)
    assert desktop.nile.count("create") == 1
    assert desktop.list() == []


@pytest.mark.parametrize("fields", HANGS.values(), ids=HANGS)
def test_an_answer_that_does_not_come_in_time(desktop: Desktop, fields: dict[str, Any]):
    desktop.reconfigure(timeout=1)
    desktop.nile.rule(on="create", **fields)
    refused(desktop, "OutcomeUnknown", desktop.create)
    desktop.nile.wait_for("create")
    assert desktop.nile.count("create") == 1


@pytest.mark.parametrize("on", ["list", "delete", "me"])
def test_other_calls_time_out(desktop: Desktop, on: str):
    id = desktop.create()["id"]
    desktop.reconfigure(timeout=1)
    calls: dict[str, Callable[[], Any]] = {
        "list": lambda: desktop.list(workspace=s("acme"), database=s("orders"), provider=b(True)),
        "delete": lambda: desktop.revoke(id),
        "me": desktop.sign_in,
    }
    desktop.nile.rule(on=on, hang=True)
    refused(desktop, "TimedOut", calls[on])
    assert [one["state"] for one in desktop.list()] == ["active"]


def test_the_next_call_after_a_lost_answer_is_fine(desktop: Desktop):
    desktop.nile.rule(on="create", mint_without_answer=True)
    refused(desktop, "OutcomeUnknown", desktop.create)
    credential = desktop.create()
    assert [one["id"] for one in desktop.list()] == [credential["id"]]


def test_a_connection_that_the_provider_closed_while_idle_is_not_an_outcome(desktop: Desktop):
    desktop.create()
    desktop.nile.rule(on="list", headers={"Connection": "close"})
    desktop.list(workspace=s("acme"), database=s("orders"), provider=b(True))
    desktop.create()
    assert desktop.nile.count("create") == 2


def test_nobody_listens(desktop: Desktop):
    with ReservedPort() as port:
        desktop.reconfigure(f"http://127.0.0.1:{port.number}")
        refused(desktop, "Unreachable", desktop.create)
    assert desktop.list() == []


def test_a_host_that_has_no_address(desktop: Desktop):
    desktop.reconfigure("https://nile.invalid", timeout=60)  # a resolver may ask again after 5 s
    refused(desktop, "Unreachable", desktop.create)


def test_a_connection_that_is_never_accepted(desktop: Desktop):
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        first.connect(full.getsockname())
        second.setblocking(False)
        second.connect_ex(full.getsockname())
        desktop.reconfigure(f"http://127.0.0.1:{full.getsockname()[1]}", timeout=1)
        refused(desktop, "TimedOut", desktop.create)

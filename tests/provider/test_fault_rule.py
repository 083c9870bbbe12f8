# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every action of the script language, seen from the client's side of a socket.

The stand-in is the oracle: each case says what the client got and what then lives.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from wire_client import CREATE, PATIENCE_SEC, ask, connect, exchange
from fault_rule import BadRule
from nile_stand_in import NileStandIn


@pytest.fixture
def nile() -> Iterator[NileStandIn]:
    with NileStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def bearer(nile: NileStandIn) -> str:
    return nile.issue_token()["access_token"]


def ids(nile: NileStandIn) -> list[str]:
    return [entry["id"] for entry in nile.live()]


# What ends the connection: the rule, the bytes the client may get, how the stream ends, how many credentials live.
ENDINGS = [
    ({"raw": "HTTP/1.1 2"}, b"HTTP/1.1 2", "close", 0),
    ({"raw": "junk", "after_mint": True}, b"junk", "close", 1),
    ({"raw_b64": base64.b64encode(b"\0\xff").decode()}, b"\0\xff", "close", 0),
    ({"raw": "a", "flood": ["bc", 100_000]}, b"a" + b"bc" * 100_000, "close", 0),
    ({"cut": 12}, b"HTTP/1.1 200", "close", 1),
    ({"cut": 0}, b"", "close", 1),
    ({"cut": 12, "status": 503}, b"HTTP/1.1 503", "close", 0),
    ({"cut": 12, "status": 503, "after_mint": True}, b"HTTP/1.1 503", "close", 1),
    ({"reset": True}, b"", "reset", 0),
    ({"reset": True, "after_mint": True}, b"", "reset", 1),
    ({"mint_without_answer": True}, b"", "close", 1),
    ({"mint_without_answer": True, "reset": True}, b"", "reset", 1),
    ({"close_before": True}, b"", "close", 0),
    ({"close_before": True, "after_mint": True}, b"", "close", 1),
]


@pytest.mark.parametrize("rule,got,end,live", ENDINGS, ids=[json.dumps(case[0])[:60] for case in ENDINGS])
def test_ending(nile: NileStandIn, bearer: str, rule: dict, got: bytes, end: str, live: int) -> None:
    nile.rule(on="create", **rule)
    assert exchange(nile, bearer) == (got, end)
    assert (len(nile.live()), nile.count("create")) == (live, 1)
    assert ask(nile.url, "POST", CREATE, bearer).status == 200


def test_the_log_names_the_rule(nile: NileStandIn, bearer: str) -> None:
    nile.rule(on="create", cut=3)
    exchange(nile, bearer)
    ask(nile.url, "GET", CREATE, bearer)
    assert [entry["rule"] for entry in nile.requests] == ["cut,on", None]


@pytest.mark.parametrize("rule,body_len", [({"cut": -1}, 0), ({"cut_body": 0}, 0), ({"cut_body": 50}, 50)])
def test_a_cut_after_the_header(nile: NileStandIn, bearer: str, rule: dict, body_len: int) -> None:
    nile.rule(on="create", **rule)
    got, end = exchange(nile, bearer)
    head, _, body = got.partition(b"\r\n\r\n")
    assert end == "close" and head.startswith(b"HTTP/1.1 200 OK") and len(body) == body_len
    assert len(nile.live()) == 1
    assert body_len < 50 or ids(nile)[0].encode() in body


def test_cut_then_reset_is_no_clean_end(nile: NileStandIn, bearer: str) -> None:
    nile.rule(on="create", cut_body=10, reset=True)
    assert exchange(nile, bearer)[1] == "reset"
    assert len(nile.live()) == 1


STATUSES = [
    ("create", {"status": 401}, 401, {"errorCode": "invalid_credentials"}),
    ("create", {"status": 403}, 403, {"errorCode": "forbidden_operation"}),
    ("create", {"status": 429}, 429, {"errorCode": "threshold_exceeded"}),
    ("create", {"status": 409, "errorCode": "create_rejected", "message": "no"}, 409,
     {"errorCode": "create_rejected", "message": "no", "statusCode": 409}),
    ("create", {"status": 599}, 599, {"errorCode": "internal_error"}),
    ("create", {"errorCode": "db_rename_failure"}, 200, {"errorCode": "db_rename_failure"}),
    ("create", {"status": 200, "body": '{"errors":["e"]}'}, 200, {"errors": ["e"]}),
    ("list", {"status": 500, "body": "[]"}, 500, []),
    ("delete", {"status": 404}, 404, {"errorCode": "entity_not_found"}),
    ("me", {"status": 503}, 503, {"errorCode": "internal_error"}),
    ("token", {"status": 400}, 400, {"error": "invalid_grant"}),
    ("token", {"status": 503, "errorCode": "temporarily_unavailable"}, 503, {"error": "temporarily_unavailable"}),
]
REQUESTS = {
    "create": ("POST", CREATE),
    "list": ("GET", CREATE),
    "delete": ("DELETE", CREATE + "/{id}"),
    "me": ("GET", "/developers/me"),
    "token": ("POST", "/oauth2/token"),
}


@pytest.mark.parametrize("on,rule,status,body", STATUSES, ids=[f"{case[0]}-{case[2]}" for case in STATUSES])
def test_status(nile: NileStandIn, bearer: str, on: str, rule: dict, status: int, body: object) -> None:
    before = nile.mint_foreign("acme", "orders")["id"]
    nile.rule(on=on, **rule)
    method, path = REQUESTS[on]
    reply = ask(nile.url, method, path.format(id=before), bearer)
    assert reply.status == status
    assert reply.json == (reply.json | body if isinstance(body, dict) else body)
    assert ids(nile) == [before]


def test_a_struck_connection_stays_usable_after_a_status(nile: NileStandIn, bearer: str) -> None:
    nile.rule(on="create", status=500)
    connection = connect(nile.url)
    assert [ask(connection, "POST", CREATE, bearer).status for _ in range(2)] == [500, 200]
    connection.close()
    assert nile.count("connect") == 1


def test_headers(nile: NileStandIn, bearer: str) -> None:
    nile.rule(on="create", headers={"Set-Cookie": ["a=1", "b=2"], "Content-Type": None})
    reply = ask(nile.url, "POST", CREATE, bearer)
    assert reply.headers.get_all("Set-Cookie") == ["a=1", "b=2"] and "Content-Type" not in reply.headers
    nile.rule(on="create", status=302, headers={"Location": "http://127.0.0.1:1/"})
    reply = ask(nile.url, "POST", CREATE, bearer)
    assert (reply.status, reply.headers["Location"]) == (302, "http://127.0.0.1:1/")
    assert len(nile.live()) == 1


MARKED = [
    ({"body": '{"id":"{{id}}","id":"x"}'}, b'{"id":"%(id)s","id":"x"}'),
    ({"body": '{"password":"{{password}}"}'}, b'{"password":"%(password)s"}'),
    ({"body": "{{answer}}{{answer}}"}, b"%(answer)s%(answer)s"),
    ({"raw": "HTTP/1.1 200 OK\r\n\r\n{{id}}"}, b"%(id)s"),
]


@pytest.mark.parametrize("rule,expected", MARKED)
def test_marks_of_a_real_mint(nile: NileStandIn, bearer: str, rule: dict, expected: bytes) -> None:
    nile.rule(on="create", after_mint=True, **rule)
    reply = ask(nile.url, "POST", CREATE, bearer)
    made = ids(nile)[0]
    facts = {b"id": made.encode(), b"password": nile.password_of(made).encode()}
    if b"answer" in expected:
        assert len(reply.body) % 2 == 0
        half = reply.body[: len(reply.body) // 2]
        assert json.loads(half)["id"] == made
        facts[b"answer"] = half
    assert reply.body == expected % facts


def test_drip_sends_the_whole_answer(nile: NileStandIn, bearer: str) -> None:
    nile.rule(on="create", drip=0.0001)
    reply = ask(nile.url, "POST", CREATE, bearer)
    assert reply.json["id"] == ids(nile)[0]


def test_delay_comes_before_or_after_the_mint() -> None:
    for after_mint, live in [(False, 0), (True, 1)]:
        with NileStandIn() as nile:
            nile.rule(on="create", delay=0, after_mint=after_mint)
            nile.rule(on="create", hold="door", after_mint=after_mint, skip=1)
            bearer = nile.issue_token()["access_token"]
            assert ask(nile.url, "POST", CREATE, bearer).status == 200
            nile.rule(on="create", hold="door", after_mint=after_mint)
            asking = threading.Thread(target=ask, args=(nile.url, "POST", CREATE, bearer))
            asking.start()
            nile.wait_for("create-run" if after_mint else "create", 2)
            assert len(nile.live()) == 1 + live
            nile.release("door")
            asking.join()
            assert len(nile.live()) == 2


@pytest.mark.parametrize("after_mint,live", [(False, 0), (True, 1)])
def test_hang_until_the_client_leaves(nile: NileStandIn, bearer: str, after_mint: bool, live: int) -> None:
    nile.rule(on="create", hang=True, after_mint=after_mint)
    connection = connect(nile.url)
    connection.request("POST", CREATE, headers={"Authorization": f"Bearer {bearer}"})
    nile.wait_for("create-run" if after_mint else "create")
    assert nile.count("done") == 0
    connection.close()
    nile.wait_for("done")
    assert len(nile.live()) == live


def test_hang_after_a_part_of_the_answer(nile: NileStandIn, bearer: str) -> None:
    nile.rule(on="create", cut=8, hang=True)
    where = urlsplit(nile.url)
    with socket.create_connection((where.hostname, where.port), PATIENCE_SEC) as connection:
        connection.sendall(f"POST {CREATE} HTTP/1.1\r\nAuthorization: Bearer {bearer}\r\n\r\n".encode())
        assert connection.recv(8, socket.MSG_WAITALL) == b"HTTP/1.1"
        assert nile.count("done") == 0
    nile.wait_for("done")


WAITS = [{"hang": True}, {"drip": 3600}, {"delay": 3600}, {"hold": "door"}, {"flood": ["x", -1]}]


@pytest.mark.parametrize("rule", WAITS)
@pytest.mark.parametrize("end", [NileStandIn.stop, NileStandIn.reset])
def test_a_stop_or_reset_ends_every_wait(rule: dict, end) -> None:
    nile = NileStandIn().start()
    nile.rule(on="create", **rule)
    bearer = nile.issue_token()["access_token"]
    asking = threading.Thread(target=exchange, args=(nile, bearer))
    asking.start()
    nile.wait_for("create")
    end(nile)
    asking.join()
    if end is NileStandIn.reset:
        assert nile.state()["counts"] == {}
        nile.stop()
    assert nile.errors == []


def test_close_before_reads_no_body(nile: NileStandIn) -> None:
    nile.rule(on="token", close_before=True)
    where = urlsplit(nile.url)
    with socket.create_connection((where.hostname, where.port), PATIENCE_SEC) as connection:
        connection.sendall(b"POST /oauth2/token HTTP/1.1\r\nContent-Length: 99\r\n\r\n")
        assert connection.recv(1) == b""
    assert nile.requests[0]["body_len"] == 0


def test_an_endless_flood_ends_with_the_client(nile: NileStandIn, bearer: str) -> None:
    nile.rule(on="create", raw="", flood=["HTTP/1.1 100 Continue\r\n\r\n", -1])
    where = urlsplit(nile.url)
    with socket.create_connection((where.hostname, where.port), PATIENCE_SEC) as connection:
        connection.sendall(f"POST {CREATE} HTTP/1.1\r\nAuthorization: Bearer {bearer}\r\n\r\n".encode())
        assert connection.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 100"
    nile.wait_for("done")
    assert nile.live() == []


CONNECTS = [
    ({"reset": True}, b"", "reset"),
    ({"close_before": True}, b"", "close"),
    ({"raw": "SSH-2.0-x\r\n"}, b"SSH-2.0-x\r\n", "close"),
]


@pytest.mark.parametrize("rule,got,end", CONNECTS)
def test_on_connect_nothing_is_read(nile: NileStandIn, bearer: str, rule: dict, got: bytes, end: str) -> None:
    nile.rule(on="connect", **rule)
    where = urlsplit(nile.url)
    try:
        # The RST may come while connect is not done, or later.
        with socket.create_connection((where.hostname, where.port), PATIENCE_SEC) as connection:
            assert (connection.recv(99, socket.MSG_WAITALL), end) == (got, "close")
    except ConnectionResetError:
        assert end == "reset"
    assert nile.requests == []
    assert ask(nile.url, "POST", CREATE, bearer).status == 200


def test_on_connect_hang(nile: NileStandIn) -> None:
    nile.rule(on="connect", hang=True)
    where = urlsplit(nile.url)
    with socket.create_connection((where.hostname, where.port), PATIENCE_SEC) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\n\r\n")
        nile.wait_for("connect")
    assert nile.requests == []


# The statuses of five mints in a row, by the rules posted before them.
SEQUENCES = [
    ([{"on": "create", "status": 500}], [500, 200, 200, 200, 200]),
    ([{"on": "create", "status": 500, "times": 2, "skip": 1}], [200, 500, 500, 200, 200]),
    ([{"on": "any", "status": 500, "times": -1}], [500] * 5),
    ([{"on": "list", "status": 500, "times": -1}], [200] * 5),
    ([{"status": 501}, {"status": 502, "times": 2}], [501, 502, 502, 200, 200]),
    ([{"status": 501, "skip": 2}, {"status": 502, "times": 3}], [502, 502, 501, 502, 200]),
    ([{"status": 501, "times": 0}], [200] * 5),
]


@pytest.mark.parametrize("rules,statuses", SEQUENCES)
def test_times_and_skip(nile: NileStandIn, bearer: str, rules: list, statuses: list) -> None:
    for rule in rules:
        nile.rule(**rule)
    assert [ask(nile.url, "POST", CREATE, bearer).status for _ in range(5)] == statuses
    nile.clear_rules()
    assert ask(nile.url, "POST", CREATE, bearer).status == 200


@pytest.mark.parametrize("rule,message", [
    ({"on": "create", "stauts": 500}, "stauts"),
    ({"on": "mint"}, "mint"),
    ({"status": "500"}, "status"),
    ({"status": True}, "status"),
    ({"reset": 1}, "reset"),
    ({"flood": ["x"]}, "flood"),
    ({"on": "connect", "status": 500}, "connect"),
])
def test_a_misspelt_rule_is_refused(nile: NileStandIn, rule: dict, message: str) -> None:
    with pytest.raises(BadRule, match=message):
        nile.rule(**rule)


def test_a_refresh_that_was_answered_to_nobody_is_spent(nile: NileStandIn) -> None:
    first = nile.issue_token()["refresh_token"]
    body = f"grant_type=refresh_token&refresh_token={first}".encode()
    nile.rule(on="token", mint_without_answer=True)
    with pytest.raises(ConnectionError):
        ask(nile.url, "POST", "/oauth2/token", body=body)
    assert ask(nile.url, "POST", "/oauth2/token", body=body).json["error"] == "invalid_grant"


def test_a_delete_that_was_answered_to_nobody_is_done(nile: NileStandIn, bearer: str) -> None:
    one = nile.mint_foreign("acme", "orders")["id"]
    nile.rule(on="delete", reset=True, after_mint=True)
    assert exchange(nile, bearer, f"{CREATE}/{one}", "DELETE") == (b"", "reset")
    assert nile.live() == []

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operations, tokens and control surface of the stand-in, over real sockets.

The script language has its own file, test_fault_rule.py.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import ssl
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from wire_client import CREATE, ask, connect, control
from nile_stand_in import NileStandIn

HERE = Path(__file__).parent


@pytest.fixture
def nile() -> Iterator[NileStandIn]:
    with NileStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def bearer(nile: NileStandIn) -> str:
    return nile.issue_token()["access_token"]


def form(**fields: str) -> bytes:
    return urlencode(fields).encode()


CREATES = [
    ("", {"internal": False}),
    ("?internal=true", {"internal": True}),
    ("?tenantId=t%2F1", {"internal": False, "tenant": "t/1"}),
    ("?tenantId=t2&internal=false", {"internal": False, "tenant": "t2"}),
]


@pytest.mark.parametrize("query,expected", CREATES)
def test_create(nile: NileStandIn, bearer: str, query: str, expected: dict) -> None:
    reply = ask(nile.url, "POST", CREATE + query, bearer)
    made = reply.json
    assert reply.status == 200
    assert {"internal": made["internal"]} | ({"tenant": made["tenant"]} if "tenant" in made else {}) == expected
    assert set(made) - {"tenant"} == {"id", "database", "internal", "password", "created"}
    assert uuid.UUID(made["id"]).version == 7 and uuid.UUID(made["password"]).version == 4
    assert nile.password_of(made["id"]) == made["password"]
    assert [entry["id"] for entry in nile.live()] == [made["id"]]


def test_create_answers_the_whole_database(nile: NileStandIn, bearer: str) -> None:
    database = ask(nile.url, "POST", CREATE, bearer).json["database"]
    assert set(database) == {"id", "name", "workspace", "status", "region", "expandable", "created",
                             "apiHost", "dbHost", "sharded"}
    assert (database["name"], database["status"], database["workspace"]["slug"]) == ("orders", "READY", "acme")
    assert database == ask(nile.url, "GET", "/workspaces/acme/databases/orders", bearer).json


def test_ids_rise_with_the_mints_and_tell_their_time(nile: NileStandIn, bearer: str) -> None:
    ids = [ask(nile.url, "POST", CREATE, bearer).json["id"] for _ in range(20)]
    assert ids == sorted(ids)
    old = nile.mint_foreign("acme", "orders", created=1_700_000_000)
    assert uuid.UUID(old["id"]).int >> 80 == 1_700_000_000_000
    assert old["created"] == "2023-11-14T22:13:20.000Z"


def test_list_tells_no_password(nile: NileStandIn, bearer: str) -> None:
    mine = ask(nile.url, "POST", CREATE + "?tenantId=t&internal=true", bearer).json["id"]
    other = nile.mint_foreign("acme", "orders")["id"]
    nile.mint_foreign("acme", "billing")
    listed = ask(nile.url, "GET", CREATE, bearer).json
    assert [set(entry) for entry in listed] == [{"id", "database"}] * 2
    assert [entry["id"] for entry in listed] == [mine, other]
    assert isinstance(listed[0]["database"]["regionId"], int) and "region" not in listed[0]["database"]
    filters = {"tenantId=t": [mine], "tenantId=x": [], "internal=true": [mine], "internal=false": [other]}
    for query, ids in filters.items():
        assert [entry["id"] for entry in ask(nile.url, "GET", f"{CREATE}?{query}", bearer).json] == ids


def test_delete_once(nile: NileStandIn, bearer: str) -> None:
    one = nile.mint_foreign("acme", "orders")["id"]
    elsewhere = "/workspaces/acme/databases/billing/credentials/"
    assert ask(nile.url, "DELETE", elsewhere + one, bearer).status == 404
    assert [ask(nile.url, "DELETE", f"{CREATE}/{one}", bearer).status for _ in range(2)] == [204, 404]
    assert nile.live() == [] and nile.deleted() == [one] and nile.count("delete") == 3
    assert [entry["id"] for entry in nile.minted()] == [one]


READS = [
    ("/workspaces", lambda value: [entry["slug"] for entry in value] == ["acme"]),
    ("/workspaces/acme", lambda value: value["slug"] == "acme"),
    ("/workspaces/acme/regions", lambda value: "AZURE_EASTUS" in value),
    ("/workspaces/acme/databases", lambda value: [entry["name"] for entry in value] == ["orders", "billing"]),
    ("/workspaces/acme/databases/billing", lambda value: value["name"] == "billing"),
    ("/workspaces/acme/databases/db42", lambda value: value["name"] == "db42"),
    ("/developers/me", lambda value: value["email"] == "ada@example.com" and len(value["databases"]) == 2
     and value["workspaces"][0]["slug"] == "acme" and value["kind"] == "HUMAN"),
]


@pytest.mark.parametrize("path,holds", READS, ids=[path for path, _ in READS])
def test_read(nile: NileStandIn, bearer: str, path: str, holds) -> None:
    reply = ask(nile.url, "GET", path, bearer)
    assert reply.status == 200 and holds(reply.json)


REFUSED = [
    ("POST", "/workspaces/nobody/databases/orders/credentials", 404, "entity_not_found"),
    ("POST", "/workspaces/acme/databases/nothing/credentials", 404, "entity_not_found"),
    ("GET", "/workspaces/acme/databases/nothing/credentials", 404, "entity_not_found"),
    ("GET", "/workspaces/nobody", 404, "entity_not_found"),
    ("POST", CREATE + "?internal=perhaps", 400, "bad_request"),
    ("GET", "/elsewhere", 404, "entity_not_found"),
    ("PUT", CREATE, 404, "entity_not_found"),
    ("POST", CREATE + "/rotate", 500, "internal_error"),
]


@pytest.mark.parametrize("method,path,status,code", REFUSED)
def test_refused(nile: NileStandIn, bearer: str, method: str, path: str, status: int, code: str) -> None:
    reply = ask(nile.url, method, path, bearer)
    assert (reply.status, reply.json["errorCode"], reply.json["statusCode"]) == (status, code, status)
    assert nile.live() == []


def test_rotate_all_is_a_trap_that_counts(nile: NileStandIn, bearer: str) -> None:
    one = nile.mint_foreign("acme", "orders")["id"]
    ask(nile.url, "POST", CREATE + "/rotate", bearer)
    assert nile.count("rotate-all") == 1
    assert [entry["id"] for entry in nile.live()] == [one]


def test_an_encoded_slash_stays_in_its_segment() -> None:
    with NileStandIn({"acme": ["a/b", "ä b"]}) as nile:
        bearer = nile.issue_token()["access_token"]
        for raw, name in [("a%2Fb", "a/b"), ("a%2fb", "a/b"), ("%C3%A4%20b", "ä b")]:
            path = f"/workspaces/acme/databases/{raw}/credentials"
            assert ask(nile.url, "POST", path, bearer).json["database"]["name"] == name
            assert nile.requests[-1]["path"] == path
        assert ask(nile.url, "POST", "/workspaces/acme/databases/a/b/credentials", bearer).status == 404


def test_bare_hosts() -> None:
    with NileStandIn(bare_hosts=True) as nile:
        database = ask(nile.url, "POST", CREATE, nile.issue_token()["access_token"]).json["database"]
        assert re.fullmatch(r"[a-z0-9.-]+", database["dbHost"]) and re.fullmatch(r"[a-z0-9.-]+", database["apiHost"])


def test_a_bearer_must_be_alive(nile: NileStandIn) -> None:
    live = nile.issue_token()["access_token"]
    opaque = nile.issue_token(opaque=True)["access_token"]
    expired = nile.issue_token(ttl=-1)["access_token"]
    revoked = nile.issue_token()["access_token"]
    assert nile.revoke_token(revoked) and not nile.revoke_token("never seen")
    for token, status in [(live, 200), (opaque, 200), (expired, 401), (revoked, 401), ("a.b.c", 401), (None, 401)]:
        reply = ask(nile.url, "POST", CREATE, token)
        assert reply.status == status
        assert status == 200 or reply.json["errorCode"] == "invalid_credentials"
    assert len(nile.live()) == 2


def test_a_bearer_may_open_only_some_workspaces() -> None:
    with NileStandIn({"acme": ["orders"], "other": ["orders"]}) as nile:
        bearer = nile.issue_token(workspaces=["other"])["access_token"]
        reply = ask(nile.url, "POST", CREATE, bearer)
        assert (reply.status, reply.json["errorCode"]) == (403, "unauthorized_workspace_access")
        assert [entry["slug"] for entry in ask(nile.url, "GET", "/workspaces", bearer).json] == ["other"]
        assert nile.live() == []


def payload(token: str) -> dict:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_an_access_token_has_the_shape_of_a_jwt(nile: NileStandIn) -> None:
    before = int(time.time())
    token = nile.issue_token(ttl=90, email="eve@example.com", claims={"exp": "soon", "iat": None})["access_token"]
    assert token.count(".") == 2 and "=" not in token
    assert payload(token)["exp"] == "soon" and "iat" not in payload(token)
    assert payload(token)["email"] == "eve@example.com"
    assert payload(nile.issue_token(ttl=90)["access_token"])["exp"] >= before + 90


def test_a_refresh_token_is_good_once(nile: NileStandIn) -> None:
    first = nile.issue_token(ttl=-1, refreshed_ttl=70)
    request = form(grant_type="refresh_token", refresh_token=first["refresh_token"], client_id="nilecli")
    second = ask(nile.url, "POST", "/oauth2/token", body=request)
    assert second.status == 200 and second.json["expires_in"] == 70 and second.json["token_type"] == "Bearer"
    assert ask(nile.url, "GET", "/developers/me", second.json["access_token"]).status == 200
    replay = ask(nile.url, "POST", "/oauth2/token", body=request)
    assert (replay.status, replay.json["error"]) == (400, "invalid_grant")
    again = form(grant_type="refresh_token", refresh_token=second.json["refresh_token"])
    assert ask(nile.url, "POST", "/oauth2/token", body=again).status == 200
    assert nile.count("token") == 3


TOKEN_ERRORS = [
    (b"", "invalid_request"),
    (form(grant_type="refresh_token"), "invalid_request"),
    (form(grant_type="refresh_token", refresh_token="x"), "invalid_grant"),
    (form(grant_type="password", username="x"), "unsupported_grant_type"),
    (form(grant_type="authorization_code", code="x", code_verifier="y", redirect_uri="z"), "invalid_grant"),
]


@pytest.mark.parametrize("body,error", TOKEN_ERRORS)
def test_token_errors(nile: NileStandIn, body: bytes, error: str) -> None:
    reply = ask(nile.url, "POST", "/oauth2/token", body=body)
    assert (reply.status, reply.json["error"]) == (400, error)


def test_a_sign_in_may_give_no_refresh_token(nile: NileStandIn) -> None:
    assert "refresh_token" not in nile.issue_token(refresh=False)


@pytest.mark.parametrize("verifier,status", [("v" * 43, 200), ("w" * 43, 400)])
def test_browser_sign_in(nile: NileStandIn, verifier: str, status: int) -> None:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()
    back = "http://localhost:4999/callback"
    query = urlencode({"response_type": "code", "client_id": "nilecli", "redirect_uri": back, "state": "s/1",
                       "code_challenge": challenge, "code_challenge_method": "S256"})
    page = ask(nile.url, "GET", f"/authorize?{query}")
    answered = parse_qs(urlsplit(page.headers["Location"]).query)
    assert page.status == 302 and page.headers["Location"].startswith(back + "?") and answered["state"] == ["s/1"]
    request = form(grant_type="authorization_code", code=answered["code"][0], code_verifier=verifier, redirect_uri=back)
    assert [ask(nile.url, "POST", "/oauth2/token", body=request).status for _ in range(2)] == [status, 400]


@pytest.mark.parametrize("query", ["", "redirect_uri=http://example.com/", "redirect_uri=http://localhost/&state=s"])
def test_authorize_refuses(nile: NileStandIn, query: str) -> None:
    assert ask(nile.url, "GET", f"/authorize?{query}").status == 400


def test_one_connection_carries_many_requests(nile: NileStandIn, bearer: str) -> None:
    connection = connect(nile.url)
    for _ in range(5):
        assert ask(connection, "POST", CREATE, bearer).status == 200
    connection.close()
    assert (nile.count("connect"), nile.count("create")) == (1, 5)
    assert {entry["connection"] for entry in nile.requests} == {1}


def test_many_connections_at_once(nile: NileStandIn, bearer: str) -> None:
    nile.rule(on="create", times=-1, hold="all")
    threads = [threading.Thread(target=ask, args=(nile.url, "POST", CREATE, bearer)) for _ in range(64)]
    for thread in threads:
        thread.start()
    nile.wait_for("create", 64)
    assert nile.live() == []
    nile.release("all")
    for thread in threads:
        thread.join()
    nile.wait_for("done", 64)
    assert (len(nile.live()), nile.count("connect")) == (64, 64)


def test_the_log_keeps_no_token(nile: NileStandIn, bearer: str) -> None:
    made = ask(nile.url, "POST", CREATE + "?internal=true", bearer).json
    entry = nile.requests[0]
    assert (entry["method"], entry["path"], entry["status"], entry["credential"]) == (
        "POST", CREATE + "?internal=true", 200, made["id"])
    assert entry["bearer"] == hashlib.sha256(bearer.encode()).hexdigest()[:16]
    assert "authorization" in entry["headers"]
    text = json.dumps(nile.state())
    assert bearer not in text and made["password"] not in text


def test_waiting_for_what_does_not_come_fails(nile: NileStandIn) -> None:
    with pytest.raises(TimeoutError, match="0 of 1 'create'"):
        nile.wait_for("create", 1, timeout=0)


def test_control(nile: NileStandIn) -> None:
    token = control(nile, "POST", "/token", {"ttl": 60, "opaque": True, "email": "a@example.com"}).json
    assert ask(nile.url, "GET", "/developers/me", token["access_token"]).json["email"] == "a@example.com"
    one = control(nile, "POST", "/mint", {"workspace": "acme", "database": "db1"}).json
    assert one["foreign"] and control(nile, "GET", "/state").json["live"] == [one]
    assert control(nile, "POST", "/delete", {"id": one["id"]}).status == 200
    rules = [{"on": "me", "status": 503}, {"on": "list", "reset": True}]
    assert control(nile, "POST", "/rules", rules).json == {"added": 2}
    assert ask(nile.url, "GET", "/developers/me", token["access_token"]).status == 503
    assert control(nile, "GET", "/state").json["rules"] == [{"on": "list", "reset": True}]
    assert control(nile, "DELETE", "/rules").status == 200
    assert control(nile, "POST", "/wait", {"what": "me", "number": 2}).status == 200
    assert control(nile, "POST", "/revoke-token", {"token": token["access_token"]}).json == {"known": True}
    assert ask(nile.url, "GET", "/developers/me", token["access_token"]).status == 401
    state = control(nile, "GET", "/state").json
    assert (state["counts"]["me"], state["deleted"], state["errors"]) == (3, [one["id"]], [])
    assert control(nile, "POST", "/reset").status == 200
    assert control(nile, "GET", "/state").json == {
        "live": [], "minted": [], "deleted": [], "counts": {}, "requests": [], "rules": [], "errors": []}


CONTROL_MISTAKES = [
    ("POST", "/rules", {"on": "create", "stauts": 500}, 400),
    ("POST", "/token", {"colour": "red"}, 400),
    ("POST", "/mint", {"workspace": "acme", "database": "nothing"}, 404),
    ("POST", "/delete", {"id": "nothing"}, 404),
    ("POST", "/wait", {"what": "create", "number": 1, "timeout": 0}, 408),
    ("GET", "/nothing", None, 404),
]


@pytest.mark.parametrize("method,path,body,status", CONTROL_MISTAKES)
def test_control_mistakes(nile: NileStandIn, method: str, path: str, body: object, status: int) -> None:
    reply = control(nile, method, path, body)
    assert reply.status == status and reply.json["error"]


def make_certificate(folder: Path) -> Path:
    pem = folder / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", pem, "-out", folder / "cert.pem"], check=True, capture_output=True)
    pem.write_text(pem.read_text() + (folder / "cert.pem").read_text())
    return pem


def test_tls(tmp_path: Path) -> None:
    pem = make_certificate(tmp_path)
    with NileStandIn(cert=str(pem)) as nile:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        connection = connect(nile.url, trusting)
        assert ask(connection, "POST", CREATE, nile.issue_token()["access_token"]).status == 200
        connection.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(connect(nile.url, ssl.create_default_context()), "POST", CREATE, "secret")
        nile.wait_for("tls-failed", 1)
        assert (nile.count("connect"), nile.count("create")) == (2, 1)


PROGRAM = [sys.executable, str(HERE / "nile_stand_in.py")]


@pytest.mark.parametrize("options,end", [([], "terminate"), (["--until-stdin-closes"], "stdin")])
def test_program(options: list[str], end: str) -> None:
    arguments = [*PROGRAM, "--workspace", "w=one,two", *options]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        where = json.loads(program.stdout.readline())
        bearer = ask(where["control"], "POST", "/token", body=b"{}").json["access_token"]
        listed = ask(where["url"], "GET", "/workspaces/w/databases", bearer).json
        assert [entry["name"] for entry in listed] == ["one", "two"]
        program.terminate() if end == "terminate" else program.stdin.close()
        assert program.wait(60) == 0
        assert program.stdout.read() == ""


def test_a_clock_of_its_own(nile: NileStandIn) -> None:
    """Ids and times of what is minted tell the provider's time, not ours."""
    nile.set_clock(-86400)
    made = nile.mint_foreign("acme", "orders")
    age = time.time() - int(made["id"].replace("-", "")[:12], 16) / 1000
    assert 86399 < age < 86460
    nile.set_clock(0)
    assert nile.mint_foreign("acme", "orders")["created"] > made["created"]


def test_a_reset_may_keep_the_tokens(nile: NileStandIn) -> None:
    token = nile.issue_token()["access_token"]
    nile.mint_foreign("acme", "orders")
    nile.reset(tokens=False)
    assert nile.live() == [] and nile.tokens.find(token) is not None
    nile.reset()
    assert nile.tokens.find(token) is None

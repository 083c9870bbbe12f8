# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where an answer ends (RFC 9112, section 6), and what of one that has no good end can still be put right."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from certificates import Authority
from desktop import Desktop
from refusals import refused

OK = "HTTP/1.1 200 OK\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
GROWTH_MAX_KIB = 2048


def length(text: str) -> str:
    return f"Content-Length: {text}\r\n"


# What the stand-in fills in is a UUID each time; the lengths are those of the text when it is filled.
MINTED = '{"id":"{{id}}","password":"{{password}}"}'
MINTED_LEN = len(MINTED.replace("{{id}}", "i" * 36).replace("{{password}}", "p" * 36))
MINTED_CHUNK = f"{MINTED_LEN:x}\r\n{MINTED}\r\n"


def answer(*headers: str, body: str = MINTED, status: str = OK) -> dict[str, Any]:
    return {"raw": status + "".join(headers) + "\r\n" + body, "after_mint": True}


def chunk(text: str) -> str:
    return f"{len(text.encode()):x}\r\n{text}\r\n"


# An answer made here, of which the length is known: nobody can revoke what it names.
BODY = '{"id":"minted","password":"geheim"}'

# What says its end twice, or not at all. RFC 9112 has such an answer discarded, its id with it.
UNCERTAIN = {
    "two-lengths": answer(length("35"), length("35"), body=BODY),
    "two-other-lengths": answer(length("5"), length("35"), body=BODY),
    "list-of-lengths": answer(length("35, 35"), body=BODY),
    "negative-length": answer(length("-1")),
    "signed-length": answer(length("+35"), body=BODY),
    "hexadecimal-length": answer(length("0x23"), body=BODY),
    "two-numbers": answer(length("3 5"), body=BODY),
    "empty-length": answer(length("")),
    "huge-length": answer(length("9" * 30)),
    "length-that-wraps": answer(length(str(2**64 + 35)), body=BODY),
    "length-and-coding": answer(length("35"), CHUNKED, body=chunk(BODY) + "0\r\n\r\n"),
    "coding-and-length": answer(CHUNKED, length("35"), body=chunk(BODY) + "0\r\n\r\n"),
    "gzip": answer("Transfer-Encoding: gzip, chunked\r\n", body=chunk(BODY) + "0\r\n\r\n"),
    "identity": answer("Transfer-Encoding: identity\r\n", body=BODY),
    "chunked-twice": answer(CHUNKED, CHUNKED, body=chunk(BODY) + "0\r\n\r\n"),
    "seventeen-others": answer(length("35"), body=BODY, status="HTTP/1.1 102 Processing\r\n\r\n" * 17 + OK),
    "endless-others": {"raw": "", "flood": ["HTTP/1.1 100 Continue\r\n\r\n", -1]},
    "chunked-http-1.0": answer(CHUNKED, body=chunk(BODY) + "0\r\n\r\n", status="HTTP/1.0 200 OK\r\n"),
}

# What comes instead of a header. libsoup does not tell it from a header that was cut.
NO_HTTP = {
    "no-http": {"raw": "hello, this is no HTTP at all\r\n\r\n", "after_mint": True},
    "status-of-four-digits": answer(length("35"), body=BODY, status="HTTP/1.1 2000 OK\r\n"),
    "status-below-zero": answer(length("35"), body=BODY, status="HTTP/1.1 -20 OK\r\n"),
    "http-9": answer(length("35"), body=BODY, status="HTTP/9.1 200 OK\r\n"),
    "nul-in-header": answer("X: a\0b\r\n", length("35"), body=BODY),
    "nul-in-length": answer("Content-Length: 35\0\r\n", body=BODY),
    "switches-protocol": answer("Upgrade: x\r\n", "Connection: upgrade\r\n", status="HTTP/1.1 101 Switching\r\n"),
    "half-a-status-line": {"cut": 10},
    "half-a-header": {"cut": 30},
    "status-line-alone": {"raw": "HTTP/1.1 200 OK\r\n", "after_mint": True},
    "half-a-length": {"raw": "HTTP/1.1 200 OK\r\nContent-Length: 3", "after_mint": True},
}

# What ends in the middle, behind the id.
CUT = {
    "length": {"cut_body": 60},
    "length-and-close": {"cut_body": 60, "headers": {"Connection": "close"}},
    "http-1.0": answer(length("2000"), body='{"id":"{{id}}","password":"', status="HTTP/1.0 200 OK\r\n"),
    # Nothing is missing but the end itself.
    "no-last-byte": answer(length("2000")),
    "no-last-chunk": answer(CHUNKED, body=MINTED_CHUNK),
    "half-the-last-chunk": answer(CHUNKED, body=MINTED_CHUNK + "0\r\n"),
    "half-a-chunk": answer(CHUNKED, body='fff\r\n{"id":"{{id}}","password":"'),
}

# What is complete and cannot be used.
MALFORMED = {
    "oversize": {"body": '{"id":"{{id}}","password":"{{password}}","x":"' + "x" * 70_000 + '"}'},
    "no-last-brace": {"body": '{"id":"{{id}}","password":"{{password}}"'},
    "two-passwords": {"body": '{"id":"{{id}}","password":"{{password}}","password":"{{password}}"}'},
    "nul": {"body": '{"id":"{{id}}","password":"a\\u0000b"}'},
    "something-behind": {"body": "{{answer}}x"},
    "too-deep": {"body": '{"id":"{{id}}","x":' + "[" * 17 + "]" * 17 + "}"},
    "id-at-the-end": {"body": '{"password":"a\\u0000b","database":{"id":"x"},"id":"{{id}}"}'},
}

# What could mean another credential, or is none of Nile's ids, or is no success.
NOT_SALVAGED = {
    "two-ids": {"body": '{"id":"{{id}}","id":"018f2f2e-0000-7000-8000-000000000001","password":"p"}'},
    "two-roots": {"body": '{{answer}}{"id":"018f2f2e-0000-7000-8000-000000000001"}'},
    "nested": {"body": '{"database":{"id":"{{id}}"},"password":"a\\u0000b"}'},
    "no-uuid": {"body": '{"id":"{{id}}0","password":"a\\u0000b"}'},
    "escaped": {"body": '{"id":"{{id}}","\\u0069d":"x","password":"p"}'},
    "cut-within": {"cut_body": 20},
    "cut-error": answer(length("2000"), body='{"id":"{{id}}","x":"', status="HTTP/1.1 500 Oh\r\n"),
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(params=["http", "https"])
def either(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Desktop]:
    """The same over plain HTTP and over TLS, where a connection ends in another way."""
    tls: dict[str, Any] = {}
    if request.param == "https":
        tls = {**authority.issue(), "config": f"ca-file={authority.ca_file}\n"}
    with Desktop(**tls) as desktop:
        assert desktop.nile.url.startswith(request.param + "://")
        yield desktop


def script(desktop: Desktop, fields: dict[str, Any]) -> None:
    desktop.nile.rule(on="create", **{"after_mint": True} | fields)


@pytest.mark.parametrize("fields", UNCERTAIN.values(), ids=UNCERTAIN)
def test_an_answer_without_a_certain_end_is_discarded(desktop: Desktop, fields: dict[str, Any]):
    script(desktop, fields)
    check_discarded(desktop, "ProtocolViolation")


@pytest.mark.parametrize("fields", NO_HTTP.values(), ids=NO_HTTP)
def test_what_is_no_answer_by_its_header_is_lost(desktop: Desktop, fields: dict[str, Any]):
    script(desktop, fields)
    check_discarded(desktop, "OutcomeUnknown")


def check_discarded(desktop: Desktop, name: str) -> None:
    sentence = refused(desktop, name, desktop.create)
    assert desktop.call("ListUnresolved")[0]["intent"] in sentence
    assert (desktop.nile.count("create"), desktop.nile.count("delete")) == (1, 0)
    assert len(desktop.nile.live()) == 1
    assert desktop.list() == []


@pytest.mark.parametrize("fields", UNCERTAIN.values(), ids=UNCERTAIN)
def test_other_calls_discard_it_too(desktop: Desktop, fields: dict[str, Any]):
    desktop.nile.rule(on="me", **{key: value for key, value in fields.items() if key != "after_mint"})
    refused(desktop, "ProtocolViolation", desktop.sign_in)


@pytest.mark.parametrize("fields", CUT.values(), ids=CUT)
def test_what_an_answer_named_before_it_was_cut_is_revoked(either: Desktop, fields: dict[str, Any]):
    script(either, fields)
    sentence = refused(either, "OutcomeUnknown", either.create)
    check_revoked(either, sentence)


@pytest.mark.parametrize("fields", MALFORMED.values(), ids=MALFORMED)
def test_what_a_malformed_answer_names_is_revoked(either: Desktop, fields: dict[str, Any]):
    script(either, fields)
    sentence = refused(either, "ProtocolViolation", either.create)
    check_revoked(either, sentence)


def check_revoked(desktop: Desktop, sentence: str) -> None:
    assert "it was revoked again" in sentence
    assert (desktop.nile.count("create"), desktop.nile.count("delete")) == (1, 1)
    assert len(desktop.nile.minted()) == 1
    assert desktop.nile.live() == []
    assert desktop.list() == []


def test_what_was_named_before_the_deadline_is_revoked(either: Desktop):
    config = {"ca_file": either.extra_config.strip().removeprefix("ca-file=")} if either.extra_config else {}
    either.extra_config = ""
    either.reconfigure(timeout=5, **config)
    script(either, {"cut_body": 60, "hang": True})
    sentence = refused(either, "OutcomeUnknown", either.create)
    check_revoked(either, sentence)


@pytest.mark.parametrize("fields", NOT_SALVAGED.values(), ids=NOT_SALVAGED)
def test_nothing_is_revoked_that_is_not_certain(either: Desktop, fields: dict[str, Any]):
    foreign = either.nile.mint_foreign("acme", "orders")
    script(either, fields)
    refused(either, "ProtocolViolation" if "body" in fields else "OutcomeUnknown", either.create)
    assert (either.nile.count("create"), either.nile.count("delete")) == (1, 0)
    assert len(either.nile.live()) == 2, foreign


def test_a_salvaged_id_that_cannot_be_revoked_is_named(desktop: Desktop):
    script(desktop, {"cut_body": 60})
    desktop.nile.rule(on="delete", status=500, times=-1)  # the daemon tries again by itself
    sentence = refused(desktop, "OutcomeUnknown", desktop.create)
    assert desktop.nile.live()[0]["id"] in sentence


# Good answers in other forms

def good(desktop: Desktop, fields: dict[str, Any]) -> None:
    script(desktop, fields)
    credential = desktop.create()
    assert desktop.nile.password_of(credential["id"]) == credential["password"]


LAST_CHUNKS = {"plain": "0\r\n\r\n", "zeros": "000\r\n\r\n", "extension": "0;a=b\r\n\r\n", "trailer": "0\r\nX: y\r\n\r\n"}


@pytest.mark.parametrize("keep", [False, True], ids=["close", "keep"])
@pytest.mark.parametrize("end", LAST_CHUNKS.values(), ids=LAST_CHUNKS)
def test_chunks_with_an_end_are_good(either: Desktop, end: str, keep: bool):
    fields = answer(CHUNKED, body=MINTED_CHUNK + end)
    good(either, fields | {"hang": True} if keep else fields)


@pytest.mark.parametrize("status", ["HTTP/1.0 200 OK\r\n", OK], ids=["1.0", "1.1"])
def test_an_answer_that_ends_with_the_connection_is_good(either: Desktop, status: str):
    good(either, answer(status=status))


def test_a_few_preliminary_answers_are_good(desktop: Desktop):
    good(desktop, answer(status="HTTP/1.1 102 Processing\r\n\r\n" * 16 + OK))


@pytest.mark.parametrize("headers", [length("0"), length("7"), CHUNKED, ""], ids=["0", "7", "chunked", "none"])
def test_no_content_has_no_body_whatever_it_says(desktop: Desktop, headers: str):
    id = desktop.create()["id"]
    desktop.nile.rule(on="delete", raw=f"HTTP/1.1 204 No Content\r\n{headers}\r\n", after_mint=True)
    desktop.revoke(id)
    assert desktop.nile.live() == []


def test_a_deletion_needs_no_body(desktop: Desktop):
    id = desktop.create()["id"]
    desktop.nile.rule(on="delete", raw=OK + "\r\n", after_mint=True)
    desktop.revoke(id)
    assert desktop.list() == []


# One answer, one request

SECOND = OK + length(str(len(BODY))) + "\r\n" + BODY


@pytest.mark.parametrize("end", ["junk", SECOND, SECOND * 2, "HTTP/1.1 100 Continue\r\n\r\n"],
                         ids=["junk", "second", "third", "interim"])
@pytest.mark.parametrize("form", ["length", "chunked", "no-content"])
def test_what_nobody_asked_for_answers_nothing(either: Desktop, form: str, end: str):
    """It comes along with an answer, and the connection stays open."""
    first = {
        "length": answer(length(str(MINTED_LEN)), body=MINTED + end),
        "chunked": answer(CHUNKED, body=MINTED_CHUNK + "0\r\n\r\n" + end),
        "no-content": answer(body=end, status="HTTP/1.1 204 No Content\r\n"),
    }[form]
    id = either.create()["id"]
    either.nile.rule(on="delete" if form == "no-content" else "create", hang=True, **first)
    if form == "no-content":
        either.revoke(id)
    else:
        either.create()
    credential = either.create()
    assert credential["id"] != "minted"
    assert either.nile.password_of(credential["id"]) == credential["password"]


# Sizes

def peak_kib(desktop: Desktop) -> int:
    assert desktop.daemon_process is not None
    status = Path(f"/proc/{desktop.daemon_process.pid}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1])


FLOODS = {
    "body": ({"raw": OK + "\r\n", "flood": ["x" * 1000, 300_000]}, "ProtocolViolation"),
    "announced-body": ({"raw": OK + length("300000000") + "\r\n", "flood": ["x" * 1000, 300_000]}, "ProtocolViolation"),
    "chunks": ({"raw": OK + CHUNKED + "\r\n", "flood": ["1\r\nx\r\n", 60_000_000]}, "ProtocolViolation"),
    "header": ({"raw": OK, "flood": ["X: " + "y" * 1000 + "\r\n", 300_000]}, "OutcomeUnknown"),
    "one-header": ({"raw": OK + "X: ", "flood": ["y", 1_000_000]}, "OutcomeUnknown"),
    "status-line": ({"raw": "HTTP/1.1 200 ", "flood": ["y", 300_000_000]}, "OutcomeUnknown"),
    "interim": ({"raw": "", "flood": ["HTTP/1.1 100 Continue\r\n\r\n", 12_000_000]}, "ProtocolViolation"),
}


@pytest.mark.parametrize(("fields", "name"), FLOODS.values(), ids=FLOODS)
def test_300_mb_do_not_grow_the_daemon(desktop: Desktop, fields: dict[str, Any], name: str):
    desktop.create()
    desktop.nile.rule(on="create", status=500)
    refused(desktop, "ProviderError", desktop.create)
    before = peak_kib(desktop)
    script(desktop, fields)
    refused(desktop, name, desktop.create)
    assert peak_kib(desktop) - before <= GROWTH_MAX_KIB
    assert desktop.nile.count("create") == 3


@pytest.mark.parametrize(("size", "name"), [(65536, None), (65537, "ProtocolViolation")])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_the_longest_answer(desktop: Desktop, size: int, name: str | None, chunked: bool):
    body = '{"id":"018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e","password":"geheim","x":"'
    body += "x" * (size - len(body) - 2) + '"}'
    wire = OK + (CHUNKED + "\r\n" + chunk(body) + "0\r\n\r\n" if chunked else length(str(size)) + "\r\n" + body)
    desktop.nile.rule(on="create", raw_b64=base64.b64encode(wire.encode()).decode())
    if name is None:
        assert desktop.create()["password"] == "geheim"
    else:
        refused(desktop, name, desktop.create)

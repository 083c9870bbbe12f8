# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signing in with a browser, at the provider stand-in: what may happen at the door, and what the caller is told."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import socket
import subprocess
import sys
from typing import Any, Iterator
from urllib.parse import urlencode

import pytest

from browser import SignIn, ask, can_connect
from desktop import ACCOUNTS, Desktop, wait_until
from keyring_tools import lock_and_wait, unlock_keyring
from refusals import refused
from secret_items import find_items

SIGN_INS_MAX = 4
CONNECTIONS_MAX = 16
HEAD_MAX = 16384


@pytest.fixture
def door() -> Iterator[Desktop]:
    """Nobody is signed in; the stand-in's own page, which says yes at once, is where browsers are sent."""
    with Desktop(sign_in=False, daemon=False) as desktop:
        desktop.write_config(desktop.config_text(authorize_url=desktop.nile.url + "/authorize"))
        desktop.start_daemon()
        yield desktop


def is_signed_in(desktop: Desktop) -> bool:
    return bool(find_items(desktop, "org.felucca.Token"))


def wait_for_waiter(desktop: Desktop, sign_in: SignIn) -> None:
    """Until the daemon knows that the first call waits: one behind it is a conflict."""
    refused(desktop, "Conflict", sign_in.finish().result)


# It works

def test_all_the_way(door: Desktop):
    sign_in = SignIn(door)
    finish = sign_in.finish()
    status, page = sign_in.open(sign_in.approve())
    assert status == 200 and "You can close this page" in page
    account = finish.result()
    assert (account["backend"], account["account"], account["state"]) == ("nile", "ada@example.com", "ready")
    assert account["expires"] > 0
    assert door.create()["password"]
    assert door.nile.count("token") == 1
    wait_until(sign_in.is_closed, "the door is closed")


def test_the_url(door: Desktop):
    """RFC 6749, section 4.1.1; RFC 7636, section 4.3; 128 bits of state at least."""
    first, second = SignIn(door), SignIn(door)
    for sign_in in (first, second):
        assert sign_in.url.startswith(door.nile.url + "/authorize?")
        assert set(sign_in.query) == {"response_type", "client_id", "redirect_uri", "state", "code_challenge",
                                      "code_challenge_method"}
        assert (sign_in.query["response_type"], sign_in.query["code_challenge_method"]) == ("code", "S256")
        assert sign_in.query["client_id"] == "nilecli"
        for name in ("state", "code_challenge"):
            assert re.fullmatch(r"[A-Za-z0-9_-]{43}", sign_in.query[name])
        assert re.fullmatch(r"[A-Za-z0-9_-]{22}", sign_in.handle)
    assert first.port != second.port and first.handle != second.handle
    assert all(first.query[name] != second.query[name] for name in ("state", "code_challenge"))


def test_the_verifier_fits_and_leaves_in_the_body_alone(door: Desktop):
    sign_in = SignIn(door)
    finish = sign_in.finish()
    sign_in.open(sign_in.approve())
    finish.result()
    (entry,) = [entry for entry in door.nile.requests if entry["operation"] == "token"]
    assert entry["bearer"] is None
    digest = hashlib.sha256(sign_in.query["code_challenge"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode() not in str(entry)


def test_it_replaces_a_sign_in(door: Desktop):
    door.sign_in()
    sign_in = SignIn(door)
    finish = sign_in.finish()
    sign_in.open(sign_in.approve())
    finish.result()
    wait_until(lambda: len(find_items(door, "org.felucca.Token")) == 1, "the old one is gone")
    assert door.create()["password"]


def test_the_browser_may_be_faster_than_the_caller(door: Desktop):
    sign_in = SignIn(door)
    assert sign_in.open(sign_in.approve())[0] == 200
    assert sign_in.finish().result()["state"] == "ready"


def test_another_connection_may_finish(door: Desktop):
    """The one that started it may be gone by then."""
    sign_in = SignIn(door)
    sign_in.bus.close_sync(None)
    finish = sign_in.finish(door.bus)
    sign_in.open(sign_in.approve())
    assert finish.result()["state"] == "ready"


def test_over_ipv6(door: Desktop):
    if not socket.has_ipv6 or not os.path.exists("/proc/net/if_inet6") or not open("/proc/net/if_inet6").read():
        pytest.skip("this machine has no IPv6")
    sign_in = SignIn(door)
    finish = sign_in.finish()
    assert sign_in.open(sign_in.approve(), host="::1")[0] == 200
    assert finish.result()["state"] == "ready"


def test_nothing_but_loopback(door: Desktop):
    sign_in = SignIn(door)
    listening = []
    for family in ("tcp", "tcp6"):
        for line in open(f"/proc/{door.daemon_process.pid}/net/{family}").read().splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            if state == "0A" and int(address.rpartition(":")[2], 16) == sign_in.port:
                listening.append(address.rpartition(":")[0])
    assert set(listening) <= {"0100007F", "00000000000000000000000001000000"} and "0100007F" in listening


def test_refresh_with_rotation_afterwards(door: Desktop):
    sign_in = SignIn(door)
    finish = sign_in.finish()
    sign_in.open(sign_in.approve())
    finish.result()
    door.nile.rule(on="create", status=401)
    assert door.create()["password"]
    assert [entry["operation"] for entry in door.nile.requests if entry["operation"] in ("token", "create")] == [
        "token", "create", "token", "create"]


# The page

@pytest.mark.parametrize("target", ["answer", "/favicon.ico"])
def test_a_page_loads_nothing_and_stays_nowhere(door: Desktop, target: str):
    sign_in = SignIn(door)
    url = sign_in.approve() if target == "answer" else target
    _, headers, page = ask(sign_in.port, url[url.index("/callback"):] if target == "answer" else url)
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'; ")
    assert int(headers["content-length"]) == len(page.encode())
    assert not re.search(r"(?i)src=|href=|url\(|<script|@import|http", page)
    assert sign_in.query["state"] not in page


# What does not end the wait

def wrong_requests(sign_in: SignIn) -> list[tuple[str, dict[str, Any], int]]:
    """Targets, more of the request, and the status that is due."""
    state = sign_in.query["state"]
    right = f"/callback?{urlencode({'code': 'c', 'state': state})}"
    return [
        ("/", {}, 404),
        ("/favicon.ico", {}, 404),
        (right.replace("/callback", "/callback/"), {}, 404),
        (right.replace("/callback", "/Callback"), {}, 404),
        (right.replace("/callback", "//callback"), {}, 404),
        (right.replace("/callback", "http://localhost/callback"), {}, 404),
        ("/callback", {}, 400),
        ("/callback?code=c", {}, 400),
        ("/callback?code=c&state=", {}, 400),
        (f"/callback?code=c&state={state[:-1]}", {}, 400),
        (f"/callback?code=c&state={state}A", {}, 400),
        (f"/callback?code=c&state={state.swapcase()}", {}, 400),
        (f"/callback?code=c&state={state}&state={state}", {}, 400),
        (f"/callback?code=c&code=d&state={state}", {}, 400),
        (f"/callback?code=c&STATE={state}", {}, 400),
        (f"/callback?error=access_denied&state={state[:-1]}", {}, 400),
        (f"/callback?code=%zz&state={state}", {}, 400),
        (right, {"method": "POST"}, 405),
        (right, {"method": "HEAD"}, 405),
        (right, {"method": "get"}, 405),
        (right, {"headers": {"Host": "evil.example"}}, 400),
        (right, {"headers": {"Host": f"evil.example:{sign_in.port}"}}, 400),
        (right, {"headers": {"Host": "localhost"}}, 400),
        (right, {"headers": {"Content-Length": "5"}}, 400),
        (right, {"headers": {"Transfer-Encoding": "chunked"}}, 400),
        (right, {"headers": {"X-Long": "x" * HEAD_MAX}}, 431),
    ]


def test_wrong_requests_get_a_page_and_end_nothing(door: Desktop):
    sign_in = SignIn(door)
    finish = sign_in.finish()
    for target, more, status in wrong_requests(sign_in):
        assert ask(sign_in.port, target, **more)[0] == status, (target, more)
    assert finish.is_alive()
    sign_in.open(sign_in.approve())
    assert finish.result()["state"] == "ready"


def knock(port: int, data: bytes) -> socket.socket:
    """A connection that has said this; stays open."""
    connection = socket.create_connection(("127.0.0.1", port), 10)
    connection.sendall(data)
    return connection


@pytest.mark.parametrize("junk", [
    b"", b"\n", b"\r\n\r\n", b"\0" * 64, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"SSH-2.0-OpenSSH_9.2\r\n",
    b"GET /callback HTTP/1.1\n\n", b"GET\r\n\r\n", b"GET  /callback HTTP/1.1\r\n\r\n", b"GET /callback\r\n\r\n",
    b"GET /callback HTTP/2.0\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /callback HTTP/1.1\r\nHost", b"x" * 20000,
], ids=repr)
def test_a_port_scan_ends_nothing(door: Desktop, junk: bytes):
    sign_in = SignIn(door)
    finish = sign_in.finish()
    connection = knock(sign_in.port, junk)
    connection.shutdown(socket.SHUT_WR)
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    connection.close()
    assert sign_in.open(sign_in.approve())[0] == 200
    assert finish.result()["state"] == "ready"


def test_slow_bytes(door: Desktop):
    """One byte at a time, in two connections that overtake each other."""
    sign_in = SignIn(door)
    finish = sign_in.finish()
    location = sign_in.approve()
    wrong = f"GET /callback?code=c&state=x HTTP/1.1\r\nHost: localhost:{sign_in.port}\r\n\r\n".encode()
    right = f"GET {location[location.index('/callback'):]} HTTP/1.1\r\nHost: localhost:{sign_in.port}\r\n\r\n".encode()
    first, second = knock(sign_in.port, b""), knock(sign_in.port, b"")
    for i in range(max(len(wrong), len(right))):
        first.sendall(wrong[i:i + 1])
        second.sendall(right[i:i + 1])
    assert first.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert second.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert finish.result()["state"] == "ready"
    first.close()
    second.close()


def test_a_thousand_connections(door: Desktop):
    """Half requests, all open at once: who is silent longest is sent away, and the browser comes through."""
    sign_in = SignIn(door)
    finish = sign_in.finish()
    before = len(os.listdir(f"/proc/{door.daemon_process.pid}/fd"))
    held = [knock(sign_in.port, b"GET /callback?state=" if i % 2 else b"") for i in range(1000)]
    assert sign_in.open(sign_in.approve())[0] == 200
    assert finish.result()["state"] == "ready"
    wait_until(sign_in.is_closed, "the door is closed")
    assert len(os.listdir(f"/proc/{door.daemon_process.pid}/fd")) <= before + CONNECTIONS_MAX
    for connection in held:
        connection.close()


def test_one_connection_more_than_there_may_be(door: Desktop):
    sign_in = SignIn(door)
    held = [knock(sign_in.port, b"G") for _ in range(CONNECTIONS_MAX)]
    assert ask(sign_in.port, "/")[0] == 404
    assert held[0].recv(1) == b"", "the oldest had to go"
    for connection in held[1:]:
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        connection.close()


def test_another_user(door: Desktop):
    """With the right state and a code even: somebody may have read the URL from the arguments of a browser."""
    if os.getuid() != 0:
        pytest.skip("only root can be another user")
    sign_in = SignIn(door)
    finish = sign_in.finish()
    location = sign_in.approve()
    program = ("import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 10); "
               "s.sendall(sys.argv[2].encode()); sys.stdout.write(s.makefile().readline())")
    request = f"GET {location[location.index('/callback'):]} HTTP/1.1\r\nHost: localhost:{sign_in.port}\r\n\r\n"
    other = subprocess.run([sys.executable, "-c", program, str(sign_in.port), request], user=65534, group=65534,
                           extra_groups=[], capture_output=True, text=True, timeout=30, cwd="/")
    assert "200" not in other.stdout and (other.stdout.startswith("HTTP/1.1 403 ") or "Reset" in other.stderr), other
    assert finish.is_alive()
    assert sign_in.open(location)[0] == 200
    assert finish.result()["state"] == "ready"


# What ends it

@pytest.mark.parametrize(("error", "name", "words"), [
    ("access_denied", "AccessDenied", "declined"),
    ("invalid_request", "ProviderError", "does not understand"),
    ("unauthorized_client", "AccessDenied", "does not let this client"),
    ("unsupported_response_type", "Unsupported", "no sign-in of this kind"),
    ("invalid_scope", "ProviderError", "does not grant"),
    ("server_error", "ProviderError", "failed"),
    ("temporarily_unavailable", "Unreachable", "try again later"),
    ("login_required", "ProviderError", "login_required"),
    ("<script>", "ProviderError", "ended the sign-in"),
    ("", "ProviderError", "ended the sign-in"),
    ("e" * 65, "ProviderError", "ended the sign-in"),
    ("a\nb", "ProviderError", "ended the sign-in"),
])
def test_the_provider_says_no(door: Desktop, error: str, name: str, words: str):
    sign_in = SignIn(door)
    finish = sign_in.finish()
    status, page = sign_in.open(sign_in.answer_url(error=error, error_description="the <b>cook</b> is on holiday"))
    assert status == 200 and "cook" not in page and "<script" not in page
    sentence = refused(door, name, finish.result)
    assert words in sentence
    assert ("cook" in sentence) == (0 < len(error) <= 64 and "\n" not in error)
    assert not is_signed_in(door) and door.nile.count("token") == 0
    wait_until(sign_in.is_closed, "the door is closed")


@pytest.mark.parametrize("parameters", [{}, {"code": ""}, {"code": "c", "error": "access_denied"}, {"code": "a\0b"},
                                        {"code": "é"}, {"code": "c" * 4097}], ids=repr)
def test_an_answer_that_makes_no_sense(door: Desktop, parameters: dict[str, str]):
    sign_in = SignIn(door)
    finish = sign_in.finish()
    assert sign_in.open(sign_in.answer_url(**parameters))[0] == 200
    refused(door, "ProtocolViolation", finish.result)
    assert door.nile.count("token") == 0


def test_a_forged_code(door: Desktop):
    """The provider does not know it."""
    sign_in = SignIn(door)
    finish = sign_in.finish()
    assert sign_in.open(sign_in.answer_url(code="forged"))[0] == 200
    assert "what the browser brought" in refused(door, "SignInRequired", finish.result)
    assert not is_signed_in(door)


def test_a_code_of_another_sign_in(door: Desktop):
    """PKCE: what was asked for with one challenge cannot be cashed in with another."""
    first, second = SignIn(door), SignIn(door)
    finish = first.finish()
    code = re.search(r"code=([^&]+)", second.approve()).group(1)
    assert first.open(first.answer_url(code=code))[0] == 200
    refused(door, "SignInRequired", finish.result)
    assert not is_signed_in(door)


def test_a_second_tab_and_a_replay(door: Desktop):
    sign_in = SignIn(door)
    location, other = sign_in.approve(), sign_in.approve()
    assert sign_in.open(location)[0] == 200
    for late in (location, other, sign_in.answer_url(error="access_denied")):
        assert sign_in.open(late)[0] == 410
    finish = sign_in.finish()
    assert finish.result()["state"] == "ready"
    assert door.nile.count("token") == 1
    wait_until(sign_in.is_closed, "the door is closed")


@pytest.mark.parametrize(("on", "rule", "name"), [
    ("token", {"status": 500, "errorCode": "server_error"}, "ProviderError"),
    ("token", {"status": 400, "errorCode": "invalid_grant"}, "SignInRequired"),
    ("token", {"body": "{}"}, "ProtocolViolation"),
    ("token", {"body": '{"access_token": "a b"}'}, "BackendFailed"),
    ("token", {"reset": True}, "Unreachable"),
    ("me", {"status": 401}, "SignInRequired"),
    ("me", {"status": 503}, "ProviderError"),
])
def test_a_provider_that_fails_then(door: Desktop, on: str, rule: dict[str, Any], name: str):
    door.nile.rule(on=on, **rule)
    sign_in = SignIn(door)
    finish = sign_in.finish()
    assert sign_in.open(sign_in.approve())[0] == 200
    refused(door, name, finish.result)
    assert not is_signed_in(door) and door.nile.count("token") == 1


def test_who_waits_and_leaves(door: Desktop):
    """A cancelled sign-in does not come true behind somebody's back."""
    sign_in = SignIn(door)
    sign_in.finish()
    wait_for_waiter(door, sign_in)
    sign_in.bus.close_sync(None)
    wait_until(sign_in.is_closed, "the door is closed")
    assert door.nile.count("token") == 0 and not is_signed_in(door)


def test_the_daemon_leaves(door: Desktop):
    sign_in = SignIn(door)
    waiting = sign_in.finish()
    wait_for_waiter(door, sign_in)
    SignIn(door)
    assert door.stop_daemon() == 0
    refused(door, "Cancelled", waiting.result)
    assert not can_connect("127.0.0.1", sign_in.port)
    door.start_daemon()


def become_hasty(desktop: Desktop) -> None:
    """From now on the daemon leaves after seconds without work."""
    text = desktop.config_text(authorize_url=desktop.nile.url + "/authorize")
    desktop.write_config(text.replace("[daemon]\n", "[daemon]\nidle-timeout=4\n"))
    if desktop.daemon_process:
        desktop.stop_daemon()
    desktop.start_daemon()


def test_an_idle_daemon_does_not_leave_before_the_browser_came(door: Desktop):
    """Another one, which became idle later, has left by then."""
    become_hasty(door)
    sign_in = SignIn(door)
    with Desktop(sign_in=False, daemon=False) as other:
        become_hasty(other)
        other.call("ListAccounts", interface=ACCOUNTS)
        wait_until(lambda: other.daemon_process.poll() == 0, "the other one has left")
    assert door.daemon_process.poll() is None
    assert sign_in.open(sign_in.approve())[0] == 200
    assert sign_in.finish().result()["state"] == "ready"
    wait_until(lambda: door.daemon_process.poll() == 0, "it leaves afterwards")


# Who may ask, and how often

def test_a_handle_that_nobody_has(door: Desktop):
    refused(door, "NotFound", door.call, "FinishSignIn", "(s)", "A" * 22, interface=ACCOUNTS)
    refused(door, "InvalidArguments", door.call, "FinishSignIn", "(s)", "", interface=ACCOUNTS)
    sign_in = SignIn(door)
    sign_in.open(sign_in.approve())
    sign_in.finish().result()
    wait_until(sign_in.is_closed, "it is over")
    refused(door, "NotFound", sign_in.finish().result)


def test_two_who_wait(door: Desktop):
    sign_in = SignIn(door)
    first = sign_in.finish()
    wait_for_waiter(door, sign_in)
    refused(door, "Conflict", sign_in.finish(door.connect()).result)
    sign_in.open(sign_in.approve())
    assert first.result()["state"] == "ready"


def test_at_most_so_many(door: Desktop):
    sign_ins = [SignIn(door) for _ in range(SIGN_INS_MAX)]
    refused(door, "LimitExceeded", SignIn, door)
    sign_ins[0].open(sign_ins[0].answer_url(error="access_denied"))
    refused(door, "AccessDenied", sign_ins[0].finish().result)
    wait_until(sign_ins[0].is_closed, "it is over")
    SignIn(door)
    refused(door, "LimitExceeded", SignIn, door)


def test_an_unknown_backend(door: Desktop):
    refused(door, "InvalidArguments", SignIn, door, "nosuch")


def test_a_backend_without_the_verbs():
    with Desktop(sign_in=False, config="\n[backend v]\nmodule=vault\nurl=http://127.0.0.1:9\n") as desktop:
        assert "with a browser" in refused(desktop, "Unsupported", SignIn, desktop, "v")


def test_the_keyring_is_asked_for_before_the_browser(door: Desktop):
    lock_and_wait(door)
    refused(door, "PromptDismissed", SignIn, door)
    unlock_keyring(door)
    sign_in = SignIn(door)
    finish = sign_in.finish()
    wait_for_waiter(door, sign_in)
    lock_and_wait(door)
    assert sign_in.open(sign_in.approve())[0] == 200
    refused(door, "PromptDismissed", finish.result)
    assert door.nile.count("token") == 0, "the code was not used"


def test_no_secret_is_logged():
    with Desktop(sign_in=False, daemon=False) as desktop:
        desktop.write_config(desktop.config_text(authorize_url=desktop.nile.url + "/authorize"))
        desktop.start_daemon(G_MESSAGES_DEBUG="all")
        sign_in = SignIn(desktop)
        finish = sign_in.finish()
        location = sign_in.approve()
        sign_in.open(location)
        finish.result()
        wait_until(lambda: "FinishSignIn" in desktop.daemon_log(), "what was done is logged after it is answered")
        log = desktop.daemon_log()
        code = re.search(r"code=([^&]+)", location).group(1)
        assert code not in log and sign_in.query["state"] not in log and sign_in.handle not in log

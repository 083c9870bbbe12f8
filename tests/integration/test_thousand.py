# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A thousand creates beside a bus monitor, faults of the provider and revocations among them, and what is left of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bus_calls import CallGroup
from bus_monitor import BusMonitor
from certificates import Authority
from desktop import ACCOUNTS, DAEMON, Desktop, b
from keyring_tools import lock_and_wait, unlock_keyring
from secret_scan import Hit, SecretScan, idle_daemon

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can read the memory of a process that is not dumpable"),
    pytest.mark.skipif(b"__asan_init" in DAEMON.read_bytes(), reason="the sanitizer's allocator keeps what is freed"),
]

CALLERS = 4
CALLS_AT_ONCE = 40
ROUNDS = 26
KEPT = 3  # of each round; the keyring writes all of them at each store

# One for each round: what the provider says instead to one of the mints, its secrets in the open.
FAULTS = [
    {"status": 400, "body": '{"errorCode":"bad_request","message":"{{password}} is taken"}'},
    {"status": 500, "body": "<html>{{answer}}</html>"},
    {"status": 403, "body": '{"errorCode":"forbidden","message":"{{answer}}"}'},
    {"status": 401, "errorCode": "unauthorized"},
    {"body": '{"id":"{{id}}","id":"x","password":"{{password}}"}'},
    {"body": '{"id":"","password":"{{password}}"}'},
    {"body": '{"id":"{{id}}","password":["{{password}}"]}'},
    {"body": '{"id":"{{id}}","user":{"password":"{{password}}"}}'},
    {"cut_body": 300},
    {"raw": "HTTP/1.1 200 {{password}}\r\nX-Password: {{password}}\r\nContent-Length: 9\r\n\r\n{{password}}"},
]


class Thousand:
    """The calls, and every secret that they have brought about."""

    def __init__(self, desktop: Desktop) -> None:
        self.desktop = desktop
        self.buses = [desktop.connect() for _ in range(CALLERS)]
        self.tokens: set[str] = set()
        self.n_failed = 0

    def kept_tokens(self) -> list[str]:
        """Access and refresh token as they are in the keyring now."""
        text = self.desktop.secret_tool("lookup", "xdg:schema", "org.felucca.Token").stdout.decode()
        return [line.split()[1] for line in text.splitlines() if line.split()[0].endswith("-token")]

    def passwords(self) -> set[str]:
        """Of everything that was ever minted."""
        return {self.desktop.nile.password_of(minted["id"]) for minted in self.desktop.nile.minted()}

    def run(self, number: int) -> None:
        """One round: half create, half get what has to be created, one of them meets a fault; then most are revoked."""
        fault = FAULTS[number % len(FAULTS)]
        minting = {} if "errorCode" in fault or "cut_body" in fault else {"after_mint": True}
        self.desktop.nile.rule(on="create", skip=number, **fault, **minting)
        calls = CallGroup(self.desktop)
        for i in range(CALLS_AT_ONCE):
            bus, database = self.buses[i % CALLERS], f"db{number * CALLS_AT_ONCE + i}"
            if i // CALLERS % 2:
                calls.create(database, bus=bus, pipe=True)
            else:
                calls.get(database, bus=bus, pipe=True, create=b(True))
        good = [call for call in calls.wait() if call.error is None]
        self.n_failed += CALLS_AT_ONCE - len(good)
        for call in good:
            assert call.password() == self.desktop.nile.password_of(call.value["id"])
        for call in calls.pending:
            if call.read_end >= 0:
                os.close(call.read_end)
        again = CallGroup(self.desktop)
        read = again.get(pipe=True, database=good[-1].value["database"])
        for call in good[:-KEPT]:
            again.start("RevokeCredential", "(sa{sv})", call.value["id"], {}, bus=self.buses[len(again.pending) % CALLERS])
        for call in again.wait():
            call.result()
        assert read.password() == self.desktop.nile.password_of(good[-1].value["id"])
        for entry in self.desktop.call("ListUnresolved"):
            self.desktop.call("ResolveUnresolved", "(ss)", entry["intent"], "forget")
        self.tokens |= set(self.kept_tokens())


def everywhere(desktop: Desktop, scan: SecretScan) -> list[Hit]:
    """All places but the memory itself."""
    pid = idle_daemon(desktop)
    return scan.in_core(pid) + scan.in_proc(pid) + scan.in_files(desktop.root)


def test_a_thousand_creates_leave_nothing():
    with Desktop(sign_in=False) as desktop:
        thousand = Thousand(desktop)
        with BusMonitor(desktop) as monitor:
            desktop.sign_in(token=desktop.nile.issue_token(ttl=30))  # the first call of all refreshes it
            thousand.tokens |= {desktop.token["access_token"], desktop.token["refresh_token"]}
            for number in range(ROUNDS):
                thousand.run(number)
            assert len(monitor.calls("CreateCredential")) + len(monitor.calls("GetCredential")) >= 1000
        passwords, held = thousand.passwords(), thousand.kept_tokens()
        assert len(passwords) >= 1000 and len(thousand.tokens) >= 8 and thousand.n_failed >= ROUNDS * 4 // 5

        scan = SecretScan(passwords | thousand.tokens)
        assert everywhere(desktop, scan) == [], "the monitor's record is among the files"
        assert all(hit.is_locked for hit in scan.in_memory(idle_daemon(desktop))), "the last that were read are held"
        lock_and_wait(desktop)
        hits = scan.in_memory(idle_daemon(desktop))
        assert sorted(hit.secret for hit in hits) == sorted(held), "each token that is held, once, and nothing else"
        assert all(hit.is_locked and hit.form == "plain" for hit in hits), hits

        unlock_keyring(desktop)
        desktop.create()
        desktop.call("SignOut", "(sa{sv})", "", {}, interface=ACCOUNTS)
        scan = SecretScan(thousand.passwords() | thousand.tokens)
        assert scan.in_memory(idle_daemon(desktop)) == [], "nor after a password in a reply"


def test_https_and_a_restart_leave_nothing(tmp_path: Path):
    """Records of TLS, and a sign-in that comes from the keyring."""
    authority = Authority(tmp_path)
    with Desktop(sign_in=False, **authority.issue(), config=f"ca-file={authority.ca_file}\n") as desktop:
        thousand = Thousand(desktop)
        desktop.sign_in(token=desktop.nile.issue_token(ttl=30))
        thousand.tokens |= {desktop.token["access_token"], desktop.token["refresh_token"]}
        thousand.run(0)
        desktop.restart_daemon()
        thousand.run(1)
        scan = SecretScan(thousand.passwords() | thousand.tokens)
        assert everywhere(desktop, scan) == []
        held = thousand.kept_tokens()
        lock_and_wait(desktop)
        assert sorted(hit.secret for hit in scan.in_memory(idle_daemon(desktop))) == sorted(held)

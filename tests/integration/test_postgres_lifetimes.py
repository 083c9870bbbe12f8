# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Credentials that end, at a real PostgreSQL server: by their ttl, by rotation under a client that keeps logging in."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from gi.repository import GLib

from desktop import Desktop, wait_until
from postgres_server import PostgresServer, needs_postgres
from test_postgres_daemon import backend

pytestmark = needs_postgres

ROTATIONS = 4
OVERLAP_SEC = 8
LOGINS_PER_ROTATION = 10
PAUSE_SEC = 0.1  # between two logins: the rate of the client, nothing is waited for


def t(value: int) -> GLib.Variant:
    return GLib.Variant("t", value)


@pytest.fixture
def local() -> Iterator[tuple[Desktop, PostgresServer]]:
    with PostgresServer() as server:
        server.set_up_orders()
        with Desktop(sign_in=False, config=backend("local", server.dsn())) as desktop:
            yield desktop, server


def test_after_its_end_nobody_logs_in_and_no_role_is_left(local: tuple[Desktop, PostgresServer]):
    desktop, server = local
    credential = desktop.create("local", "orders", ttl=t(8))
    assert credential["login-only"] is True and "not-after" in credential
    assert server.login(credential).returncode == 0
    wait_until(lambda: server.login(credential).returncode != 0, "the login is refused")
    wait_until(lambda: server.roles("felucca_") == [], "its role is gone")
    wait_until(lambda: desktop.list() == [], "it is not stored any more")


def test_a_rotation_within_the_second_of_the_mint(local: tuple[Desktop, PostgresServer]):
    """The ids of these credentials tell no time, and both were created in the same second or nearly so."""
    desktop, _ = local
    current = desktop.create("local", "orders")
    for _ in range(10):
        current = desktop.call("RotateCredential", "(sa{sv})", current["id"], {"overlap": t(600)})
        assert desktop.get("local", "orders")["id"] == current["id"]
        assert desktop.list()[0]["id"] == current["id"]


class Client:
    """Logs in again and again with whatever the daemon hands out, over a connection of its own."""

    def __init__(self, desktop: Desktop, server: PostgresServer) -> None:
        self.desktop, self.server = desktop, server
        self.over = threading.Event()
        self.logins: list[tuple[str, int, str]] = []
        self.thread = threading.Thread(target=self._run)

    def __enter__(self) -> Client:
        self.thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.over.set()
        self.thread.join(60)

    def count(self, id: str) -> int:
        """Logins with this one."""
        return sum(login[0] == id for login in list(self.logins))

    def _run(self) -> None:
        bus = self.desktop.connect()
        while not self.over.wait(PAUSE_SEC):
            credential = self.desktop.get("local", "orders", bus=bus)
            done = self.server.login(credential)
            self.logins.append((credential["id"], done.returncode, done.stderr))


def test_no_login_fails_under_rotation(local: tuple[Desktop, PostgresServer]):
    desktop, server = local
    current = desktop.create("local", "orders")
    ids = [current["id"]]
    with Client(desktop, server) as client:
        for _ in range(ROTATIONS):
            wait_until(lambda: client.count(current["id"]) >= LOGINS_PER_ROTATION, "the client logs in")
            current = desktop.call("RotateCredential", "(sa{sv})", current["id"], {"overlap": t(OVERLAP_SEC)})
            ids.append(current["id"])
        wait_until(lambda: client.logins[-1][0] == current["id"], "the client has the last one")
        wait_until(lambda: server.roles("felucca_") == [current["id"]], "the others are gone")
        after = len(client.logins)
        wait_until(lambda: len(client.logins) >= after + LOGINS_PER_ROTATION, "the client goes on")
    assert [login for login in client.logins if login[1] != 0] == []
    assert sorted({id for id, _, _ in client.logins}) == sorted(ids), "each of them was in use"

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example with a window: what a user finds in it, and what the server and the bus see of it meanwhile.

The window is drawn by a real X server and read through the accessibility bus; the example knows of no test.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accessibility import SERVICE, Accessibility
from bus_monitor import BusMonitor
from desktop import BUILD, Desktop, wait_until
from examples import TABLES, add_table, backend, clone, commands, orders, password_of
from gi.repository import GLib
from postgres_server import PostgresServer, needs_postgres
from secret_items import find_item, set_property
from secret_scan import SecretScan
from x_display import XDisplay, can_draw

WIDTH, HEIGHT = 420, 320  # of the window: there is nothing else on the screen
ROWS = (12, 56, 200, 56)  # left, top, width, height: where the tables are, without the borders
MESSAGE = (12, 124, 380, 84)  # where an error is
COLORS_OF_TEXT = 50  # smoothed letters have dozens of greys; an empty window has a few colours

pytestmark = [needs_postgres, pytest.mark.skipif(not (can_draw() and SERVICE.exists()), reason="there is no GTK 4, Xvfb or AT-SPI")]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with orders() as server:
        yield server


@pytest.fixture
def desktop(server: PostgresServer) -> Iterator[Desktop]:
    with Desktop(sign_in=False, config=backend("acme", server)) as desktop:
        yield desktop


class Window:
    """The line of the README, typed; its picture is that of the README."""

    def __init__(self, desktop: Desktop, folder: Path) -> None:
        self.desktop = desktop
        self.display = XDisplay(desktop, WIDTH, HEIGHT)
        self.accessibility = Accessibility(desktop)
        self.output = desktop.root / "window.log"
        with self.output.open("wb") as log:
            self.process = desktop.spawn(["sh", "-euc", "exec " + commands()["gtk4"]], cwd=clone(folder), stdin=subprocess.DEVNULL,
                                         stdout=log, stderr=log)  # fmt: skip

    def shows(self, *texts: str) -> None:
        """Blocks until each of them is in some label."""
        try:
            wait_until(lambda: all(text in self.text() for text in texts), f"the window shows {texts}")
        except AssertionError as error:
            raise AssertionError(f"{error}, but:\n{self.text()}\n{self.output.read_text()}") from None

    def text(self) -> str:
        """All labels, a line each."""
        return "\n".join(self.accessibility.names("label"))

    def draws(self, area: tuple[int, int, int, int]) -> bool:
        """What a screen reader finds is not always to be seen: whether there is text."""
        return self.display.colors(*area) >= COLORS_OF_TEXT

    def lists(self, tables: list[str]) -> None:
        """Blocks until these are the rows of the list, and no others."""
        def rows() -> list[str]:
            return [name for name in self.accessibility.names("label") if name.startswith("public.")]

        wait_until(lambda: rows() == tables, f"the window lists {tables}")

    def press(self, button: str) -> None:
        self.accessibility.press(button)


@pytest.fixture
def window(desktop: Desktop, tmp_path: Path) -> Iterator[Window]:
    window = Window(desktop, tmp_path)
    yield window
    assert window.process.poll() is None, window.output.read_text()
    assert "Traceback" not in window.output.read_text() and "CRITICAL" not in window.output.read_text()


def rotate(desktop: Desktop, id: str, overlap_sec: int = 0) -> dict[str, Any]:
    return desktop.call("RotateCredential", "(sa{sv})", id, {"overlap": GLib.Variant("t", overlap_sec)})


def only_id(desktop: Desktop) -> str:
    (credential,) = desktop.list()
    return credential["id"]


def sessions(server: PostgresServer) -> list[str]:
    """Who is logged in to the database."""
    return server.sql("SELECT usename FROM pg_stat_activity WHERE datname = 'orders' ORDER BY 1").split()


def wait_sessions(server: PostgresServer, *roles: str) -> None:
    """Blocks until these are logged in to the database, and no others."""
    wait_until(lambda: sessions(server) == sorted(roles), f"the sessions are those of {roles}")


def logins(server: PostgresServer) -> int:
    """To the database, so far, of roles that were minted."""
    return server.log.read_text().count("connection authorized: user=felucca_")


def test_it_shows_the_tables(desktop: Desktop, server: PostgresServer, window: Window):
    window.shows("acme/orders", "Logged in as felucca_", *TABLES)
    id = only_id(desktop)
    window.shows(f"Logged in as {id}")
    window.lists(TABLES)
    wait_sessions(server, id)
    wait_until(lambda: window.draws(ROWS) and not window.draws(MESSAGE), "it is drawn")
    window.display.save(BUILD / "example-gtk4.png")


def test_it_logs_in_anew_when_the_credential_is_rotated(desktop: Desktop, server: PostgresServer, window: Window):
    """The old one lives on for an hour: what makes the window move is the signal, not the end of its session."""
    window.shows("Logged in as", *TABLES)
    old = only_id(desktop)
    add_table(server, "public.visits")
    new = rotate(desktop, old, overlap_sec=3600)["id"]
    window.shows(f"Logged in as {new}", *TABLES, "public.visits")
    wait_sessions(server, new)
    window.lists([*TABLES, "public.visits"])
    assert {one["id"] for one in desktop.list()} == {old, new}


def test_it_logs_in_anew_without_an_overlap(desktop: Desktop, server: PostgresServer, window: Window):
    """Several times, so that a rotation meets a window that is still busy with the one before."""
    window.shows("Logged in as", *TABLES)
    current = only_id(desktop)
    for _ in range(5):
        current = rotate(desktop, current)["id"]
    window.shows(f"Logged in as {current}", *TABLES)
    wait_sessions(server, current)


def test_a_change_that_is_none_for_the_session(desktop: Desktop, server: PostgresServer, window: Window):
    """A new label is heard before the rotation is: it has cost no log-in."""
    window.shows("Logged in as", *TABLES)
    id = only_id(desktop)
    set_property(desktop, find_item(desktop).path, "Label", GLib.Variant("s", "mine"))
    wait_until(lambda: desktop.list()[0]["label"] == "mine", "the daemon knows the new label")
    with BusMonitor(desktop) as monitor:
        new = rotate(desktop, id, overlap_sec=3600)["id"]
        window.shows(f"Logged in as {new}")
        assert [one[0]["id"] for one in monitor.signals("CredentialChanged")] == [id]
    assert logins(server) == 2


def test_an_error_is_in_the_window_and_its_button_helps(desktop: Desktop, server: PostgresServer, window: Window):
    """Who revokes the credential means it: no other is minted before the user asks for it."""
    window.shows("Logged in as", *TABLES)
    desktop.revoke(only_id(desktop))
    window.shows("its credential was revoked", "no usable credential for acme/orders is stored", "Not connected")
    wait_until(lambda: window.draws(MESSAGE) and not window.draws(ROWS), "the error is where the tables were")
    assert desktop.list() == []
    wait_sessions(server)
    window.press("Reconnect")
    window.shows("Logged in as", *TABLES)
    wait_until(lambda: window.draws(ROWS) and not window.draws(MESSAGE), "the tables are back")
    wait_sessions(server, only_id(desktop))


def test_a_server_that_went_away(desktop: Desktop, server: PostgresServer, window: Window):
    """The button logs in with the same credential once more."""
    window.shows("Logged in as", *TABLES)
    id = only_id(desktop)
    server.stop()
    window.press("Reconnect")
    window.shows("Could not log in to the database", "Not connected")
    server.start()
    window.press("Reconnect")
    window.shows(f"Logged in as {id}", *TABLES)
    assert only_id(desktop) == id


def test_nobody_on_the_bus_sees_a_password(desktop: Desktop, tmp_path: Path):
    with BusMonitor(desktop) as monitor:
        window = Window(desktop, tmp_path)
        window.shows("Logged in as", *TABLES)
        old = only_id(desktop)
        window.shows(f"Logged in as {rotate_with_a_pipe(desktop, old)}")
        traffic = monitor.raw()
    scan = SecretScan([password_of(desktop, one["id"]) for one in desktop.list()])
    assert old.encode() in traffic and len(desktop.list()) == 2
    assert scan.in_bytes("bus", traffic) == [] and scan.in_files(window.output.parent) == []


def rotate_with_a_pipe(desktop: Desktop, id: str) -> str:
    """As `felucca rotate` does it: the test shows no password, either."""
    done = desktop.cli("rotate", id, "--overlap", "1h", "--json")
    assert done.returncode == 0, done.stderr
    (new,) = {one["id"] for one in desktop.list()} - {id}
    return new

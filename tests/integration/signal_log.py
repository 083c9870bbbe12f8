# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon says without being asked: its signals, in their order, as a connection of its own hears them."""

from __future__ import annotations

from typing import Any

from desktop import CREDENTIALS, NAME, PATH, Desktop, wait_until

from gi.repository import Gio, GLib


class SignalLog:
    """Listens from its creation on. `seen` holds (name, unpacked arguments)."""

    def __init__(self, desktop: Desktop) -> None:
        self.seen: list[tuple[str, tuple[Any, ...]]] = []
        self._bus = desktop.connect()
        for interface in (CREDENTIALS, "org.freedesktop.DBus.Properties"):
            self._bus.signal_subscribe(NAME, interface, None, PATH, None, Gio.DBusSignalFlags.NONE, self._on_signal)
        # The bus answers in order: now the match rules are in force.
        self._bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId", None, None, 0, 10000, None)

    def _on_signal(self, _bus: Any, _sender: str, _path: str, _interface: str, name: str, arguments: GLib.Variant) -> None:
        self.seen.append((name, arguments.unpack()))

    def pump(self) -> None:
        """Takes in what has arrived."""
        while GLib.MainContext.default().iteration(False):
            pass

    def named(self, name: str) -> list[Any]:
        """The first argument of each signal of this name."""
        self.pump()
        return [arguments[0] for seen, arguments in self.seen if seen == name]

    def names(self) -> list[str]:
        """The names so far."""
        self.pump()
        return [name for name, _ in self.seen]

    def wait_for(self, name: str, number: int = 1) -> list[Any]:
        """Blocks until so many of a name were heard; gives their first arguments."""
        return wait_until(lambda: len(self.named(name)) >= number and self.named(name), f"{number} {name}")

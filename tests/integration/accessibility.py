# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is in a window, as a screen reader finds it: over AT-SPI, without a word from the program that is tested."""

from __future__ import annotations

import configparser
import subprocess
from pathlib import Path
from typing import Any

from gi.repository import Gio, GLib

from desktop import Desktop, wait_until

SERVICE = Path("/usr/share/dbus-1/services/org.a11y.Bus.service")
ACCESSIBLE = "org.a11y.atspi.Accessible"
ROOT = "/org/a11y/atspi/accessible/root"
REGISTRY = "org.a11y.atspi.Registry"

Place = tuple[str, str]  # name on the bus, object path


class Accessibility:
    """The accessibility bus of a desktop. Programs that are started from now on are seen."""

    def __init__(self, desktop: Desktop) -> None:
        service = configparser.ConfigParser()
        service.read(SERVICE)
        desktop.spawn([service["D-BUS Service"]["Exec"].split()[0], "--launch-immediately"],
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        wait_until(lambda: desktop.has_owner("org.a11y.Bus"), "the accessibility bus is there")
        reply = desktop.bus.call_sync("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, None, 0, 10000, None)
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self._bus = Gio.DBusConnection.new_for_address_sync(reply.unpack()[0], flags, None, None)

    def _call(self, place: Place, interface: str, method: str, *arguments: GLib.Variant) -> Any:
        packed = GLib.Variant.new_tuple(*arguments)
        return self._bus.call_sync(place[0], place[1], interface, method, packed, None, 0, 10000, None).unpack()[0]

    def _name(self, place: Place) -> str:
        return self._call(place, "org.freedesktop.DBus.Properties", "Get", GLib.Variant("s", ACCESSIBLE), GLib.Variant("s", "Name"))

    def _walk(self, place: Place) -> list[tuple[str, str, Place]]:
        """Role, name and place of everything in there, from the top."""
        found = [(self._call(place, ACCESSIBLE, "GetRoleName"), self._name(place), place)]
        for child in self._call(place, ACCESSIBLE, "GetChildren"):
            found += self._walk(child)
        return found

    def _seen(self) -> list[tuple[str, str, Place]]:
        """In all programs; empty while one of them is changing."""
        try:
            return self._walk((REGISTRY, ROOT))
        except GLib.Error:
            return []

    def names(self, role: str) -> list[str]:
        """What a screen reader says for all of this role; nothing for what has no text."""
        return [name for found, name, _ in self._seen() if found == role and not name.startswith("Gtk")]

    def press(self, button: str) -> None:
        """As a user does that cannot use a mouse."""
        (place,) = wait_until(lambda: [place for role, name, place in self._seen() if (role, name) == ("button", button)],
                              f"there is a button '{button}'")
        assert self._call(place, "org.a11y.atspi.Action", "DoAction", GLib.Variant("i", 0))

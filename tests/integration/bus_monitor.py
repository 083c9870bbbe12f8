# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A monitor on the bus of a test: a program of its own that keeps every message, byte by byte."""

from __future__ import annotations

import subprocess
from typing import Any

from gi.repository import Gio

from desktop import Desktop, wait_until

FENCE = "org.felucca.Test.Fence"
UNKNOWN_LEN = 16


class BusMonitor:
    """Use as a context manager around what is to be watched."""

    def __init__(self, desktop: Desktop):
        self.desktop = desktop
        self.file = desktop.root / "monitor.bin"
        self._parsed: list[Gio.DBusMessage] = []
        self._offset = 0
        self._fences = 0

    def __enter__(self) -> "BusMonitor":
        self.process = self.desktop.spawn(
            ["dbus-monitor", "--binary", "--address", self.desktop.env["DBUS_SESSION_BUS_ADDRESS"]],
            stdout=open(self.file, "wb"), stderr=subprocess.DEVNULL)
        wait_until(lambda: self._send_fence() or any(m.get_interface() == FENCE for m in self.so_far()), "the monitor watches")
        return self

    def __exit__(self, *exc: Any) -> None:
        self.process.terminate()
        self.process.wait()

    def _send_fence(self) -> None:
        self._fences += 1
        self.desktop.bus.emit_signal(None, "/fence", FENCE, f"Fence{self._fences}", None)
        self.desktop.bus.flush_sync(None)

    def _has_fence(self) -> bool:
        return any(m.get_interface() == FENCE and m.get_member() == f"Fence{self._fences}" for m in self.so_far())

    def so_far(self) -> list[Gio.DBusMessage]:
        """What has been written until now."""
        blob = self.file.read_bytes()
        while len(blob) - self._offset >= UNKNOWN_LEN:
            size = Gio.DBusMessage.bytes_needed(blob[self._offset:self._offset + UNKNOWN_LEN])
            if size > len(blob) - self._offset:
                break
            self._parsed.append(Gio.DBusMessage.new_from_blob(
                blob[self._offset:self._offset + size], Gio.DBusCapabilityFlags.UNIX_FD_PASSING))
            self._offset += size
        return self._parsed

    def messages(self) -> list[Gio.DBusMessage]:
        """Everything that went over the bus before this call."""
        self._send_fence()
        wait_until(self._has_fence, "the monitor has caught up")
        return self._parsed

    def raw(self) -> bytes:
        """The same, as bytes."""
        self.messages()
        return self.file.read_bytes()

    def signals(self, member: str) -> list[Any]:
        """The bodies of all signals of this name."""
        return [m.get_body().unpack() for m in self.messages()
                if m.get_message_type() == Gio.DBusMessageType.SIGNAL and m.get_member() == member]

    def calls(self, member: str) -> list[Gio.DBusMessage]:
        """All method calls of this name."""
        return [m for m in self.messages()
                if m.get_message_type() == Gio.DBusMessageType.METHOD_CALL and m.get_member() == member]

    def replies_to(self, name: str) -> dict[int, int]:
        """How many answers each call of this connection got, by the call's serial."""
        found: dict[int, int] = {}
        for m in self.messages():
            kind = m.get_message_type()
            if kind in (Gio.DBusMessageType.METHOD_RETURN, Gio.DBusMessageType.ERROR) and m.get_destination() == name:
                found[m.get_reply_serial()] = found.get(m.get_reply_serial(), 0) + 1
        return found


def property_changes(monitor: BusMonitor, interface: str, name: str) -> list[Any]:
    """The values that PropertiesChanged has told of this property, oldest first."""
    return [body[1][name] for body in monitor.signals("PropertiesChanged") if body[0] == interface and name in body[1]]

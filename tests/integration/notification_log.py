# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A notification server that remembers what it was to show (Desktop Notifications Specification 1.2)."""

from __future__ import annotations

import threading
from typing import Any

from gi.repository import Gio, GLib

from desktop import DEADLINE_SEC, Desktop

NAME = "org.freedesktop.Notifications"
INTERFACE = Gio.DBusNodeInfo.new_for_xml("""<node><interface name="org.freedesktop.Notifications">
<method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
<arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/><arg type="a{sv}" direction="in"/>
<arg type="i" direction="in"/><arg type="u" direction="out"/></method></interface></node>""").interfaces[0]


class NotificationLog:
    """Use as a context manager. `seen` holds what came: application, summary, body."""

    def __init__(self, desktop: Desktop):
        self.seen: list[dict[str, Any]] = []
        self.address = desktop.env["DBUS_SESSION_BUS_ADDRESS"]
        self._ready = threading.Event()
        self._context = GLib.MainContext.new()
        self._loop = GLib.MainLoop.new(self._context, False)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "NotificationLog":
        self._thread.start()
        assert self._ready.wait(DEADLINE_SEC), "the notification server did not start"
        return self

    def __exit__(self, *exc: Any) -> None:
        self._context.invoke_full(0, lambda *_: self._loop.quit() or False, None)
        self._thread.join(DEADLINE_SEC)

    def _run(self) -> None:
        self._context.push_thread_default()
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        bus = Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)
        bus.register_object("/org/freedesktop/Notifications", INTERFACE, self._on_call, None, None)
        bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                      GLib.Variant("(su)", (NAME, 4)), None, 0, 5000, None)
        self._ready.set()
        self._loop.run()
        bus.close_sync(None)
        self._context.pop_thread_default()

    def _on_call(self, bus: Any, sender: str, path: str, interface: str, method: str, parameters: GLib.Variant,
                 invocation: Gio.DBusMethodInvocation) -> None:
        application, _, _, summary, body, *_ = parameters.unpack()
        self.seen.append({"application": application, "summary": summary, "body": body})
        invocation.return_value(GLib.Variant("(u)", (len(self.seen),)))

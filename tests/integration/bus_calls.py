# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many calls at one time: each is sent at once and answered by the main loop of the test."""

from __future__ import annotations

import os
import time
from typing import Any, Callable

from gi.repository import Gio, GLib

from desktop import CREDENTIALS, DEADLINE_SEC, NAME, PATH, BusError, Desktop, vardict


def pump_until(condition: Callable[[], Any], what: str, deadline_sec: float = DEADLINE_SEC) -> Any:
    """Runs the main loop of the test until the condition holds."""
    context = GLib.MainContext.default()
    end = time.monotonic() + deadline_sec
    tick = GLib.timeout_add(20, lambda: True)
    try:
        while not (value := condition()):
            if time.monotonic() > end:
                raise AssertionError(f"never came to pass: {what}")
            context.iteration(True)
        return value
    finally:
        GLib.source_remove(tick)


class PendingCall:
    """One call that is under way. `value` and `error` are set when it is done."""

    def __init__(self) -> None:
        self.replies = 0
        self.value: Any = None
        self.error: BusError | None = None
        self.read_end = -1

    @property
    def done(self) -> bool:
        return self.replies > 0

    @property
    def error_name(self) -> str | None:
        """The name of the error without its prefix, or None when it went well."""
        return self.error.name.removeprefix("org.felucca.Error.") if self.error else None

    def result(self) -> Any:
        """What it answered; raises what it failed with."""
        assert self.done
        if self.error:
            raise self.error
        return self.value

    def password(self) -> str:
        """From the pipe when there is one, else from the reply."""
        if self.read_end < 0:
            return self.result()["password"]
        self.result()
        with os.fdopen(self.read_end, "rb") as pipe:
            self.read_end = -1
            return pipe.read().decode()

    def on_reply(self, bus: Gio.DBusConnection, result: Gio.AsyncResult) -> None:
        self.replies += 1
        try:
            reply, _ = bus.call_with_unix_fd_list_finish(result)
            values = reply.unpack()
            self.value = values[0] if values else None
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error)
            Gio.DBusError.strip_remote_error(error)
            self.error = BusError(name or error.domain, error.message)


class CallGroup:
    """Calls that are started one after the other without waiting."""

    def __init__(self, desktop: Desktop, auto_start: bool = False):
        self.desktop = desktop
        self.pending: list[PendingCall] = []
        self.flags = Gio.DBusCallFlags.NONE if auto_start else Gio.DBusCallFlags.NO_AUTO_START

    def start(self, method: str, signature: str = "()", *arguments: Any, interface: str = CREDENTIALS,
              bus: Gio.DBusConnection | None = None, fds: tuple[int, ...] = ()) -> PendingCall:
        pending = PendingCall()
        fd_list = Gio.UnixFDList.new()
        for fd in fds:
            fd_list.append(fd)
        (bus or self.desktop.bus).call_with_unix_fd_list(
            NAME, PATH, interface, method, GLib.Variant(signature, arguments), None, self.flags, 120000, fd_list, None,
            pending.on_reply)
        self.pending.append(pending)
        return pending

    def _target(self, method: str, workspace: str, database: str, bus: Any, pipe: bool, options: Any) -> PendingCall:
        options = vardict(options)
        if not pipe:
            return self.start(method, "(ssa{sv})", workspace, database, options, bus=bus)
        read_end, write_end = os.pipe()
        options["secret-fd"] = GLib.Variant("h", 0)
        pending = self.start(method, "(ssa{sv})", workspace, database, options, bus=bus, fds=(write_end,))
        os.close(write_end)
        pending.read_end = read_end
        return pending

    def create(self, database: str = "orders", workspace: str = "acme", bus: Any = None, pipe: bool = False,
               **options: GLib.Variant) -> PendingCall:
        return self._target("CreateCredential", workspace, database, bus, pipe, options)

    def get(self, database: str = "orders", workspace: str = "acme", bus: Any = None, pipe: bool = False,
            **options: GLib.Variant) -> PendingCall:
        return self._target("GetCredential", workspace, database, bus, pipe, options)

    def list(self, bus: Any = None) -> PendingCall:
        return self.start("ListCredentials", "(a{sv})", {}, bus=bus)

    def version(self, bus: Any = None) -> PendingCall:
        return self.start("Get", "(ss)", CREDENTIALS, "Version", interface="org.freedesktop.DBus.Properties", bus=bus)

    def wait(self) -> list[PendingCall]:
        """Until each has its answer."""
        pump_until(lambda: all(call.done for call in self.pending), "every call is answered", 120)
        return self.pending

    def fence(self, *buses: Gio.DBusConnection) -> None:
        """Until the daemon has looked at everything that these connections have sent so far: calls of one connection
        are taken up in order, and a list waits for the same keyring and the same load as a mint does before it."""
        lists = [self.list(bus) for bus in buses]
        pump_until(lambda: all(call.done for call in lists), "the daemon has taken up every call")
        for call in lists:
            call.result()
            self.pending.remove(call)


def wait_gone(desktop: Desktop, bus: Gio.DBusConnection) -> None:
    """Closes a connection and waits until the daemon knows."""
    name = bus.get_unique_name()
    bus.close_sync(None)
    pump_until(lambda: not desktop.has_owner(name), "the caller has left the bus")
    desktop.list()

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A caller on the bus that counts every answer: a socket of its own, no library between it and the bytes.

A second answer to one call, or an answer to none, would be dropped by a D-Bus library before a test could see it.
"""

from __future__ import annotations

import array
import os
import select
import socket
import time
from dataclasses import dataclass, field
from typing import Any, Callable

from desktop import CREDENTIALS, DEADLINE_SEC, NAME, PATH

from gi.repository import Gio, GLib

BUS = "org.freedesktop.DBus"
ERROR_PREFIXES = ("org.felucca.Error.", "org.freedesktop.DBus.Error.")
HEADER_LEN_MIN = 16
CAPABILITIES = Gio.DBusCapabilityFlags.UNIX_FD_PASSING


@dataclass
class Answered:
    """One call. `error` is the short name of an error, None when it went well or is still open."""

    serial: int
    method: str
    answers: int = 0
    body: GLib.Variant | None = None
    error: str | None = None
    message: str = ""

    @property
    def done(self) -> bool:
        return self.answers > 0

    @property
    def value(self) -> Any:
        """The first value of a good answer. Unpacked when it is asked for: a listing can be long."""
        if self.body is None or self.error is not None or not self.body.n_children():
            return None
        return self.body.get_child_value(0).unpack()

    @property
    def outcome(self) -> str:
        """`ok`, the error's name, or `open`."""
        return "open" if not self.done else self.error or "ok"


def fd_list(fds: tuple[int, ...]) -> Gio.UnixFDList:
    """Only its length goes into the bytes of a message."""
    made = Gio.UnixFDList.new()
    for fd in fds:
        made.append(fd)
    return made


def short(name: str) -> str:
    """An error's name without what all of them begin with."""
    for prefix in ERROR_PREFIXES:
        name = name.removeprefix(prefix)
    return name


@dataclass
class Caller:
    """One connection. Close it, or use it as a context manager."""

    address: str
    calls: dict[int, Answered] = field(default_factory=dict)
    strays: int = 0
    closed: bool = False

    def __post_init__(self) -> None:
        self._serial = 0
        self._buffer = b""
        self._socket = socket.socket(socket.AF_UNIX)
        fields = dict(part.split("=", 1) for part in self.address.partition(":")[2].split(","))
        self._socket.connect(fields["path"] if "path" in fields else "\0" + fields["abstract"])
        self._authenticate()
        hello = self.send("Hello", "()", name=BUS, path="/org/freedesktop/DBus", interface=BUS)
        self.unique_name = self.wait(hello).value

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Leaves the bus, with or without answers."""
        self.closed = True
        self._socket.close()

    def _authenticate(self) -> None:
        self._socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        self._line(b"OK ")
        self._socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        self._line(b"AGREE_UNIX_FD")
        self._socket.sendall(b"BEGIN\r\n")

    def _line(self, start: bytes) -> None:
        line = b""
        while not line.endswith(b"\r\n"):
            line += self._socket.recv(1)
        assert line.startswith(start), line

    def send(self, method: str, signature: str = "()", *arguments: Any, name: str = NAME, path: str = PATH,
             interface: str = CREDENTIALS, fds: tuple[int, ...] = (), auto_start: bool = False,
             wants_reply: bool = True) -> Answered:
        """Starts a call; does not wait."""
        self._serial += 1
        message = Gio.DBusMessage.new_method_call(name, path, interface, method)
        message.set_serial(self._serial)
        flags = Gio.DBusMessageFlags.NONE if auto_start else Gio.DBusMessageFlags.NO_AUTO_START
        message.set_flags(flags if wants_reply else flags | Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
        if arguments:
            message.set_body(GLib.Variant(signature, arguments))
        if fds:
            message.set_unix_fd_list(fd_list(fds))
        call = Answered(self._serial, method)
        if wants_reply:
            self.calls[self._serial] = call
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        blob = message.to_blob(CAPABILITIES)
        sent = self._socket.sendmsg([blob], ancillary)
        self._socket.sendall(blob[sent:])
        return call

    def create(self, workspace: str = "acme", database: str = "orders", **options: Any) -> Answered:
        """One CreateCredential; options as in the interface, with `_` for `-`."""
        return self.send("CreateCredential", "(ssa{sv})", workspace, database, variants(options))

    def pump(self, seconds: float = 0.0) -> None:
        """Takes in what has come, waiting for at most so long for something."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the bus has closed the connection")
        self._buffer += data
        while len(self._buffer) >= HEADER_LEN_MIN:
            size = Gio.DBusMessage.bytes_needed(self._buffer)
            if size > len(self._buffer):
                return
            blob, self._buffer = self._buffer[:size], self._buffer[size:]
            self._take(Gio.DBusMessage.new_from_blob(blob, CAPABILITIES))

    def _take(self, message: Gio.DBusMessage) -> None:
        kind = message.get_message_type()
        if kind not in (Gio.DBusMessageType.METHOD_RETURN, Gio.DBusMessageType.ERROR):
            return
        call = self.calls.get(message.get_reply_serial())
        if call is None:
            # The bus itself answers a call to nobody, also one that wants no answer.
            self.strays += message.get_sender() != BUS
            return
        call.answers += 1
        call.body = message.get_body()
        if kind == Gio.DBusMessageType.ERROR:
            call.message = str(call.value or "")
            call.error = short(message.get_error_name())

    def wait(self, *calls: Answered, deadline_sec: float = DEADLINE_SEC) -> Any:
        """Until these calls, or all, are answered; gives the first of them."""
        wanted = calls or tuple(self.calls.values())
        self.pump_until(lambda: all(call.done for call in wanted), "the calls are answered", deadline_sec)
        return wanted[0] if wanted else None

    def pump_until(self, condition: Callable[[], Any], what: str, deadline_sec: float = DEADLINE_SEC) -> Any:
        """Takes in answers until something holds."""
        end = time.monotonic() + deadline_sec
        while not (value := condition()):
            if time.monotonic() > end:
                raise AssertionError(f"never came to pass: {what}")
            self.pump(0.01)
        return value

    def fence(self) -> None:
        """Until everything that was answered before now has arrived here: the bus answers in order."""
        self.wait(self.send("GetId", name=BUS, path="/org/freedesktop/DBus", interface=BUS))

    def wrong_answers(self) -> list[str]:
        """Calls without exactly one answer. After a fence."""
        wrong = [f"{call.method} got {call.answers} answers" for call in self.calls.values() if call.answers != 1]
        return wrong + ([f"{self.strays} answers to no call"] if self.strays else [])


def variants(options: dict[str, Any]) -> dict[str, GLib.Variant]:
    """Python values as an a{sv}: text, truth, or a variant."""
    made = {}
    for key, value in options.items():
        if isinstance(value, bool):
            value = GLib.Variant("b", value)
        elif isinstance(value, str):
            value = GLib.Variant("s", value)
        made[key.replace("_", "-")] = value
    return made

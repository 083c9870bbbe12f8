# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Connections to the private socket: whole ones of GDBus, and bare ones that send what no library would."""

from __future__ import annotations

import array
import os
import socket
import sys
from pathlib import Path
from typing import Any

from gi.repository import Gio, GLib

from desktop import CREDENTIALS, DAEMON, DEADLINE_SEC, PATH, Desktop, wait_until

ACTIVATOR = Path(__file__).resolve().parent / "socket_activator.py"
MESSAGE_MAX = 64 * 1024
FDS_MAX = 4
PEERS_MAX = 64


def socket_of(desktop: Desktop) -> Path:
    return desktop.root / "run/felucca/bus"


def connect(desktop: Desktop) -> Gio.DBusConnection:
    """As any program does that has an address."""
    return Gio.DBusConnection.new_for_address_sync(
        f"unix:path={socket_of(desktop)}", Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT, None, None)


def call_message(member: str, arguments: GLib.Variant | None = None, interface: str = CREDENTIALS, serial: int = 1) -> bytes:
    """A method call as it is on the wire."""
    message = Gio.DBusMessage.new_method_call(None, PATH, interface, member)
    if arguments is not None:
        message.set_body(arguments)
    message.set_serial(serial)
    return bytes(message.to_blob(Gio.DBusCapabilityFlags.UNIX_FD_PASSING))


def message_of_length(length: int) -> bytes:
    """A call of a method that is not there, padded by its argument."""
    empty = len(call_message("Nothing", GLib.Variant("(s)", ("",))))
    message = call_message("Nothing", GLib.Variant("(s)", ("x" * (length - empty),)))
    assert len(message) == length
    return message


class RawPeer:
    """A stream socket with just enough of the protocol."""

    def __init__(self, desktop: Desktop, begin: bool = True):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(DEADLINE_SEC)
        self.socket.connect(str(socket_of(desktop)))
        self.buffer = b""
        if begin:
            self.begin()

    def __enter__(self) -> "RawPeer":
        return self

    def __exit__(self, *exc: Any) -> None:
        self.socket.close()

    def begin(self, uid: int | None = None) -> None:
        """Authenticates as this uid (default: ours), and begins."""
        name = str(os.getuid() if uid is None else uid).encode().hex()
        self.socket.sendall(b"\0AUTH EXTERNAL " + name.encode() + b"\r\n")
        answer = self.line()
        if not answer.startswith(b"OK "):
            raise PermissionError(answer)
        self.socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        assert self.line() == b"AGREE_UNIX_FD"
        self.socket.sendall(b"BEGIN\r\n")

    def line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self._receive()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_with_fds(self, data: bytes, fds: list[int]) -> None:
        self.socket.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])

    def message(self) -> Gio.DBusMessage:
        """The next one that comes."""
        while len(self.buffer) < 16:
            self._receive()
        need = Gio.DBusMessage.bytes_needed(self.buffer[:16])
        while len(self.buffer) < need:
            self._receive()
        whole, self.buffer = self.buffer[:need], self.buffer[need:]
        return Gio.DBusMessage.new_from_blob(whole, Gio.DBusCapabilityFlags.UNIX_FD_PASSING)

    def method_reply(self) -> Gio.DBusMessage:
        """The next answer to a call, whichever; signals before it are left out."""
        while not (message := self.message()).get_reply_serial():
            pass
        return message

    def reply(self, serial: int = 1) -> Gio.DBusMessage:
        """The answer to the call of this serial; what comes before it is left out."""
        while (message := self.message()).get_reply_serial() != serial:
            pass
        return message

    def is_over(self) -> bool:
        """Whether the other side has closed; what it said before is dropped."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True


def fd_count(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def rss_kib(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        (line,) = [line for line in status if line.startswith("VmRSS:")]
    return int(line.split()[1])


class SocketActivator:
    """A desktop's socket_activator.py."""

    def __init__(self, desktop: Desktop):
        folder = socket_of(desktop).parent
        folder.mkdir(mode=0o700, exist_ok=True)
        self.desktop = desktop
        argv = [sys.executable, str(ACTIVATOR), str(socket_of(desktop)), str(desktop.root), str(DAEMON)]
        log = open(desktop.root / "daemon.log", "ab")
        self.process = desktop.spawn(argv, stdout=log, stderr=log)
        log.close()
        wait_until(lambda: self._numbers("listens"), "somebody listens")

    def _numbers(self, name: str) -> list[int]:
        file = self.desktop.root / name
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def ends(self) -> list[int]:
        """The exit statuses of the daemons so far."""
        return self._numbers("ends")

    def starts(self) -> list[int]:
        """Their process ids."""
        return self._numbers("starts")

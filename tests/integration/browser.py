# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A sign-in through the browser, seen from both of its ends: the caller on the bus, and what knocks at the door."""

from __future__ import annotations

import http.client
import socket
import threading
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from gi.repository import Gio, GLib

from desktop import ACCOUNTS, DEADLINE_SEC, NAME, PATH, BusError, Desktop


class SignIn:
    """StartSignIn was called; `url` is what a user opens."""

    def __init__(self, desktop: Desktop, backend: str = "", bus: Any = None):
        self.desktop = desktop
        self.bus = bus or desktop.connect()
        reply = desktop.call_variant("StartSignIn", _string(backend), ACCOUNTS, self.bus)
        self.handle, self.url = reply.unpack()
        self.query = {name: values[0] for name, values in parse_qs(urlsplit(self.url).query, strict_parsing=True).items()}
        redirect = urlsplit(self.query["redirect_uri"])
        assert (redirect.scheme, redirect.hostname, redirect.path) == ("http", "localhost", "/callback")
        self.port = redirect.port or 0

    def approve(self) -> str:
        """Goes to the provider stand-in, which says yes at once: where it sends the browser."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=DEADLINE_SEC)
        connection.request("GET", f"{address.path}?{address.query}")
        answer = connection.getresponse()
        location = answer.getheader("Location") or ""
        answer.read()
        connection.close()
        assert answer.status == 302 and location.startswith(self.query["redirect_uri"] + "?"), location
        return location

    def answer_url(self, **parameters: str) -> str:
        """The address that a browser would be sent to with these; the right state is among them."""
        return self.query["redirect_uri"] + "?" + urlencode({"state": self.query["state"]} | parameters)

    def open(self, url: str, host: str = "127.0.0.1") -> tuple[int, str]:
        """What a browser does: status and page."""
        target = url[url.index("/callback"):] if "/callback" in url else url
        status, _, page = ask(self.port, target, host)
        return status, page

    def finish(self, bus: Any = None) -> Finish:
        """FinishSignIn, in a thread of its own."""
        return Finish(self.desktop, self.handle, bus or self.bus)

    def is_closed(self) -> bool:
        """Nobody listens any more."""
        return not any(can_connect(host, self.port) for host in ("127.0.0.1", "::1"))


class Finish(threading.Thread):
    """The call that waits for the browser; it is sent before what its connection sends next."""

    def __init__(self, desktop: Desktop, handle: str, bus: Any):
        super().__init__(daemon=True)
        self.account: dict[str, Any] | None = None
        self.error: BusError | None = None
        self._context = GLib.MainContext.new()
        self._context.push_thread_default()
        bus.call(NAME, PATH, ACCOUNTS, "FinishSignIn", _string(handle), None, Gio.DBusCallFlags.NO_AUTO_START,
                 int(2 * DEADLINE_SEC * 1000), None, self._on_reply)
        self._context.pop_thread_default()
        self.start()

    def _on_reply(self, bus: Gio.DBusConnection, result: Gio.AsyncResult) -> None:
        try:
            self.account = bus.call_finish(result).unpack()[0]
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error) or ""
            self.error = BusError(name, error.message.removeprefix(f"GDBus.Error:{name}: "))

    def run(self) -> None:
        while self.account is None and self.error is None:
            self._context.iteration(True)

    def result(self) -> dict[str, Any]:
        """The account; raises what the call raised."""
        self.join(DEADLINE_SEC)
        assert not self.is_alive(), "FinishSignIn has not answered"
        if self.error is not None:
            raise self.error
        assert self.account is not None
        return self.account


def _string(text: str) -> GLib.Variant:
    return GLib.Variant("(s)", (text,))


def ask(port: int, target: str, host: str = "127.0.0.1", method: str = "GET",
        headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
    """One request to the door: status, header fields, body."""
    connection = http.client.HTTPConnection(host, port, timeout=DEADLINE_SEC)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in ({"Host": f"localhost:{port}"} | (headers or {})).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def can_connect(host: str, port: int) -> bool:
    """Somebody listens there."""
    try:
        socket.create_connection((host, port), DEADLINE_SEC).close()
    except OSError:
        return False
    return True

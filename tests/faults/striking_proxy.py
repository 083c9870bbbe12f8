# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A proxy before a database server that strikes again and again, at words that it is told."""

from __future__ import annotations

import socket
import threading

from cutting_proxy import CuttingProxy

HOWS = ("before", "after", "silent", "late")


class StrikingProxy(CuttingProxy):
    """`before`: the connection ends, the word does not arrive. `after`: the word arrives, the answer does not. `silent`: as
    after, and the client waits in vain. `late`: the client waits in vain, and the word arrives at calm()."""

    def __init__(self, port: int):
        super().__init__(port, b"", "")
        self._lock = threading.Lock()
        self._armed: list[tuple[bytes, str]] = []
        self._calm = threading.Event()
        self._muted: set[socket.socket] = set()
        self.held = 0
        """Connections whose word is late: the server knows nothing of what the client has given up."""

    def arm(self, word: bytes, how: str) -> None:
        """Strikes once, whoever says it."""
        assert how in HOWS, how
        with self._lock:
            self._calm = threading.Event()
            self._armed.append((word, how))

    def calm(self) -> None:
        """What is late arrives; nothing strikes any more."""
        with self._lock:
            self._armed.clear()
            self._calm.set()

    def __exit__(self, *exc: object) -> None:
        self.calm()
        super().__exit__(*exc)

    def _take(self, data: bytes) -> tuple[str, threading.Event]:
        with self._lock:
            for index, (word, how) in enumerate(self._armed):
                if word in data:
                    del self._armed[index]
                    return how, self._calm
        return "", self._calm

    def _hold(self, calm: threading.Event) -> None:
        with self._lock:
            self.held += 1
        calm.wait()
        with self._lock:
            self.held -= 1

    def _pump_out(self, client: socket.socket, server: socket.socket) -> None:
        while data := self._receive(client):
            how, calm = self._take(data)
            if how == "before":
                break
            if how == "late":
                self._hold(calm)
            if how == "after":
                self._end(client)
            if how == "silent":
                self._muted.add(client)
            self._send(server, data)
        self._end(client)
        self._send_end(server)

    def _pump_back(self, server: socket.socket, client: socket.socket) -> None:
        while data := self._receive(server):
            if client not in self._muted:
                self._send(client, data)
        self._end(client)
        self._end(server)

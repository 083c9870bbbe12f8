# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TCP proxy that cuts or holds one connection when the client sends a certain word."""

from __future__ import annotations

import socket
import threading
from typing import Any

CHUNK = 65536


class CuttingProxy:
    """Use as a context manager. `how` is for the first connection that says the word; later ones pass.

    before: it ends, the word does not arrive. after: the word arrives, the answer does not. hold: the client waits, and
    the word arrives once release() is called.
    """

    def __init__(self, port: int, word: bytes, how: str):
        self.target = ("127.0.0.1", port)
        self.word = word
        self.how = how
        self.was_said = threading.Event()
        self.released = threading.Event()
        self.threads: list[threading.Thread] = []

    def __enter__(self) -> "CuttingProxy":
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self._spawn(self._accept)
        return self

    def __exit__(self, *exc: Any) -> None:
        self.released.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(30)

    def release(self) -> None:
        self.released.set()

    def _spawn(self, target: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            self._spawn(self._pump_out, client, server)
            self._spawn(self._pump_back, server, client)

    def _pump_out(self, client: socket.socket, server: socket.socket) -> None:
        while data := self._receive(client):
            if self.word in data and not self.was_said.is_set():
                self.was_said.set()
                if self.how == "before":
                    break
                if self.how == "hold":
                    self.released.wait()
                if self.how == "after":
                    self._end(client)
            self._send(server, data)
        # What arrived is worked on, and its answer goes nowhere.
        self._end(client)
        self._send_end(server)

    def _pump_back(self, server: socket.socket, client: socket.socket) -> None:
        while data := self._receive(server):
            self._send(client, data)
        self._end(client)
        self._end(server)

    @staticmethod
    def _receive(end: socket.socket) -> bytes:
        try:
            return end.recv(CHUNK)
        except OSError:
            return b""

    @staticmethod
    def _send(end: socket.socket, data: bytes) -> None:
        try:
            end.sendall(data)
        except OSError:
            pass

    @staticmethod
    def _send_end(end: socket.socket) -> None:
        try:
            end.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    @staticmethod
    def _end(end: socket.socket) -> None:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

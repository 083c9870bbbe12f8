# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A threading TCP server on loopback whose connections can be counted and cut off.

Both surfaces of the stand-in use it. `stop` leaves no thread behind.
"""

from __future__ import annotations

import socket
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler

from delivery import is_reset


class WireServer(socketserver.ThreadingTCPServer):
    """Serves one handler class until it is stopped."""

    allow_reuse_address = True
    request_queue_size = 256
    daemon_threads = False

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.tls = tls
        self.errors: list[BaseException] = []
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        # The short poll bounds how long a stop takes; nothing else depends on it.
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        """Begins to serve in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Closes the port and every connection, then waits for their threads."""
        self.shutdown()
        self.end_connections()
        self.server_close()
        self._thread.join()

    def end_connections(self) -> None:
        """Ends every open connection and waits until their threads let go of them."""
        with self._changed:
            ending = set(self._open)
            for connection in ending:
                try:
                    # Below TLS: the owner's thread may be inside a read of the TLS object.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
                except OSError:
                    pass
            self._changed.wait_for(lambda: not ending & self._open)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = super().get_request()
        if self.tls:
            # The handshake is left to the connection's thread: a silent client must not stop the others.
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._changed:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket) -> None:
        # The usual shutdown would send a FIN ahead of the RST that a rule asked for.
        if is_reset(request):
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def close_request(self, request: socket.socket) -> None:
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()
        super().close_request(request)

    def handle_error(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        error = sys.exc_info()[1]
        # A client that leaves is what the tests are about; anything else is a mistake in the stand-in.
        if error is not None and not isinstance(error, OSError):
            self.errors.append(error)

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TCP port for a server that cannot tell which one it chose itself."""

from __future__ import annotations

import socket


class ReservedPort:
    """A port of 127.0.0.1 that nobody else is given until it is closed, also while the server is down. Context manager.

    Two sockets with SO_REUSEADDR may have one port as long as at most one of them listens (socket(7)); servers set it.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def __enter__(self) -> ReservedPort:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Whoever comes first has it."""
        self._socket.close()

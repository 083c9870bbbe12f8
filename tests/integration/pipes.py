# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pipes for passwords and tokens that do not travel in messages."""

from __future__ import annotations

import os
import select
from typing import Any

from desktop import DEADLINE_SEC, Desktop, vardict

from gi.repository import GLib


def read_to_end(fd: int) -> bytes:
    """Everything up to the end of file, which must come."""
    data = b""
    while True:
        readable, _, _ = select.select([fd], [], [], DEADLINE_SEC)
        assert readable, f"no end of file after {len(data)} bytes"
        chunk = os.read(fd, 4096)
        if not chunk:
            return data
        data += chunk


def call_with_secret_fd(desktop: Desktop, method: str, workspace: str = "acme", database: str = "orders",
                        **options: GLib.Variant) -> tuple[dict[str, Any], bytes]:
    """The reply of Create or Get, and what came through the pipe."""
    read, write = os.pipe()
    try:
        arguments = vardict(options) | {"secret-fd": GLib.Variant("h", 0)}
        try:
            reply = desktop.call(method, "(ssa{sv})", workspace, database, arguments, fds=(write,))
        finally:
            os.close(write)
        return reply, read_to_end(read)
    finally:
        os.close(read)

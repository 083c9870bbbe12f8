# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is left in the daemon's memory when a secret has been used."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from desktop import DAEMON, Desktop

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can read the memory of a process that is not dumpable"),
    pytest.mark.skipif(b"__asan_init" in DAEMON.read_bytes(), reason="the sanitizer's allocator keeps what is freed"),
]


def copies(pid: int, secret: str) -> int:
    """How often the bytes stand in the memory of the process."""
    found = 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, mode = line.split()[:2]
            start, end = (int(part, 16) for part in span.split("-"))
            if "r" not in mode or line.endswith(("[vvar]", "[vsyscall]")) or "/dev/" in line:
                continue
            memory.seek(start)
            try:
                found += memory.read(end - start).count(secret.encode())
            except OSError as error:
                assert error.errno == errno.EIO, line  # a file's pages past its end
    return found


@pytest.mark.parametrize("tunables", [None, "glibc.malloc.arena_max=1"], ids=["none-set", "another-set"])
def test_no_password_stays(tunables: str | None):
    """The daemon makes the C library overwrite what is freed, whatever started it."""
    with Desktop(daemon=False) as desktop:
        desktop.start_daemon(**({"GLIBC_TUNABLES": tunables} if tunables else {}))
        desktop.sign_in()
        for number in range(5):
            assert desktop.cli("create", f"acme/db{number}", "--quiet").returncode == 0
            assert desktop.cli("get", f"acme/db{number}", "--format", "password").returncode == 0
        pid = desktop.daemon_process.pid
        ids = [live["id"] for live in desktop.nile.live()]
        assert len(ids) == 5
        assert [copies(pid, desktop.nile.password_of(id)) for id in ids] == [0] * 5
        assert copies(pid, desktop.token["access_token"]) == 1, "the scan finds what is there"

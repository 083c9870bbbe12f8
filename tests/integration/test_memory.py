# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is left in the daemon's memory when a secret has been used."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from desktop import DAEMON, Desktop
from mariadb_server import MariadbServer, needs_mariadb
from postgres_server import BOSS_PASSWORD, PostgresServer, needs_postgres

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


@needs_postgres
def test_no_password_stays_that_was_made_for_postgres():
    """Nor the admin's own: libpq has read it from a file."""
    with PostgresServer() as server:
        server.set_up_orders()
        config = f"\n[backend local]\nmodule=postgres\ngroup=app\ndsn={server.dsn(host='127.0.0.1')}\n"
        with Desktop(sign_in=False, config=config) as desktop:
            check_passwords_made_here(desktop, BOSS_PASSWORD)


@needs_mariadb
def test_no_password_stays_that_was_made_for_mariadb():
    with MariadbServer() as server:
        file = server.options(password="maker-pw", socket=None, host="127.0.0.1", port=server.port)
        config = f"\n[backend local]\nmodule=mariadb\ngroup=app\ndefaults-file={file}\n"
        with Desktop(sign_in=False, config=config) as desktop:
            check_passwords_made_here(desktop, None)


def check_passwords_made_here(desktop: Desktop, admin_password: str | None) -> None:
    """admin_password: one that must not be there either."""
    for number in range(5):
        done = desktop.cli("create", "local/orders", "--quiet")
        assert done.returncode == 0, done.stderr
    pid = desktop.daemon_process.pid
    passwords = [desktop.lookup(backend="local", id=one["id"]) for one in desktop.list()]
    assert len(set(passwords)) == 5 and None not in passwords
    assert [copies(pid, password) for password in passwords] == [0] * 5
    assert admin_password is None or copies(pid, admin_password) == 0
    assert copies(pid, "module=") > 0, "the scan finds what is there"

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the libraries of databases leave in the daemon's memory of a password that was made there."""

from __future__ import annotations

import os

import pytest

from desktop import DAEMON, Desktop
from mariadb_server import MariadbServer, needs_mariadb
from postgres_server import PostgresServer, needs_postgres
from secret_scan import SecretScan, idle_daemon

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can read the memory of a process that is not dumpable"),
    pytest.mark.skipif(b"__asan_init" in DAEMON.read_bytes(), reason="the sanitizer's allocator keeps what is freed"),
]


@needs_postgres
def test_postgres():
    with PostgresServer() as server:
        server.set_up_orders()
        config = f"\n[backend local]\nmodule=postgres\ngroup=app\ndsn={server.dsn(host='127.0.0.1')}\n"
        with Desktop(sign_in=False, config=config) as desktop:
            check_passwords_made_here(desktop)


@needs_mariadb
def test_mariadb():
    with MariadbServer() as server:
        file = server.options(socket=None, host="127.0.0.1", port=server.port)
        config = f"\n[backend local]\nmodule=mariadb\ngroup=app\ndefaults-file={file}\n"
        with Desktop(sign_in=False, config=config) as desktop:
            check_passwords_made_here(desktop)


def check_passwords_made_here(desktop: Desktop) -> None:
    for _ in range(5):
        done = desktop.cli("create", "local/orders", "--quiet")
        assert done.returncode == 0, done.stderr
    ids = [one["id"] for one in desktop.list()]
    passwords = [desktop.lookup(backend="local", id=id) for id in ids]
    assert len(set(passwords)) == 5 and None not in passwords
    pid = idle_daemon(desktop)
    assert SecretScan(passwords).in_memory(pid) == []
    assert SecretScan(ids[:1]).in_memory(pid) != [], "the scan finds what is there"

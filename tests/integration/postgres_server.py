# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real PostgreSQL server in a temporary folder. Its superuser is `boss`; everybody logs in with a password."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from desktop import BUILD, wait_until
from reserved_port import ReservedPort

BOSS = "boss"
BOSS_PASSWORD = "boss-pw"
MAKER = "maker"
MAKER_PASSWORD = "maker-pw"
WORK_DEADLINE_SEC = 60.0

needs_postgres = pytest.mark.skipif(not (BUILD / "plugins/postgres/postgres.so").exists(), reason="built without libpq")


def bindir() -> Path:
    """Where the server's programs are; Debian keeps them out of $PATH. FELUCCA_POSTGRES_BINDIR: another version's."""
    if "FELUCCA_POSTGRES_BINDIR" in os.environ:
        return Path(os.environ["FELUCCA_POSTGRES_BINDIR"])
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return candidates[-1].parent if candidates else Path(shutil.which("postgres") or "/usr/bin/postgres").parent


def server_user() -> str | None:
    """It refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class PostgresServer:
    """Use as a context manager."""

    def __init__(self, *options: str):
        self.options = options
        self.root = Path(tempfile.mkdtemp(prefix="felucca-pg-"))
        self.data = self.root / "data"
        self.log = self.root / "log"
        self.passfile = self.root / "passwords"
        self.reserved = ReservedPort()
        self.port = self.reserved.number
        self.user = server_user()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "PostgresServer":
        try:
            self._initialize()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def close(self) -> None:
        self.stop(signal.SIGQUIT)
        self.reserved.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def _initialize(self) -> None:
        password = self.root / "boss"
        password.write_text(BOSS_PASSWORD)
        password.chmod(0o644)
        self.root.chmod(0o755)
        self.data.mkdir()
        self.log.touch()
        self.passfile.touch(0o600)
        self.allow(BOSS, BOSS_PASSWORD)
        if self.user is not None:
            for path in (self.root, self.data, self.log):
                shutil.chown(path, self.user)
        subprocess.run([bindir() / "initdb", "-D", self.data, "-U", BOSS, "--pwfile", password, "-A", "scram-sha-256", "-E",
                        "UTF8", "--no-locale", "--no-sync"],
                       user=self.user, check=True, capture_output=True, timeout=WORK_DEADLINE_SEC, cwd="/")  # fmt: skip

    def allow(self, user: str, password: str) -> None:
        """From now on the admin's password file knows it."""
        with self.passfile.open("a") as file:
            file.write(f"*:*:*:{user}:{password}\n")

    def start(self) -> None:
        settings = ["fsync=off", f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.root}",
                    "log_statement=all", "log_connections=on", "max_connections=60", "shared_buffers=16MB",
                    "dynamic_shared_memory_type=mmap",  # in its own folder, which goes with it
                    *self.options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [bindir() / "postgres", "-D", self.data, *(part for one in settings for part in ("-c", one))],
                user=self.user, stdout=log, stderr=log, cwd="/")  # fmt: skip
        wait_until(self._is_up, "the server takes connections")

    def _is_up(self) -> bool:
        assert self.process is not None and self.process.poll() is None, self.log.read_text(errors="replace")
        return self.psql("SELECT 1").returncode == 0

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: fast; SIGQUIT: as if it had crashed."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(how)
            process.wait(WORK_DEADLINE_SEC)

    def dsn(self, user: str = BOSS, **more: Any) -> str:
        """For the setting `dsn`."""
        parts = {"host": self.root, "port": self.port, "user": user, "passfile": self.passfile} | more
        return " ".join(f"{key}={value}" for key, value in parts.items() if value is not None)

    def psql(self, sql: str, user: str = BOSS, password: str = BOSS_PASSWORD, database: str = "postgres",
             **environment: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "PGHOST": str(self.root), "PGPORT": str(self.port), "PGUSER": user,
               "PGPASSWORD": password, "PGDATABASE": database, "PGCONNECT_TIMEOUT": "20"}
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], env=env | environment, text=True,
                              capture_output=True, timeout=WORK_DEADLINE_SEC)  # fmt: skip

    def sql(self, sql: str, **who: str) -> str:
        """What it prints; it must succeed."""
        done = self.psql(sql, **who)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def set_up_orders(self) -> None:
        """As a README would tell an administrator to."""
        self.sql("CREATE ROLE app")
        self.sql("CREATE DATABASE orders OWNER app")
        self.sql(f"CREATE ROLE {MAKER} LOGIN CREATEROLE PASSWORD {literal(MAKER_PASSWORD)}")
        self.sql(f"GRANT app TO {MAKER} WITH ADMIN OPTION")
        self.allow(MAKER, MAKER_PASSWORD)

    def login(self, credential: dict[str, Any], sql: str = "SELECT 1", **more: str) -> subprocess.CompletedProcess[str]:
        """psql with what a mint has reported."""
        return self.psql(sql, user=credential["user"], password=credential["password"],
                         **({"database": "orders", "PGHOST": credential["host"], "PGPORT": str(credential["port"])} | more))

    def sessions(self, sql: str) -> int:
        """Those that pg_stat_activity has where this holds."""
        return int(self.sql(f"SELECT count (*) FROM pg_stat_activity WHERE {sql}"))

    def roles(self, prefix: str) -> list[str]:
        return self.sql(f"SELECT rolname FROM pg_roles WHERE starts_with (rolname, {literal(prefix)}) ORDER BY 1").splitlines()

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real MariaDB server in a temporary folder. Its root needs no password; `maker` is the admin of a README."""

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

MAKER = "maker"
MAKER_PASSWORD = "maker-pw"
WORK_DEADLINE_SEC = 60.0

needs_mariadb = pytest.mark.skipif(not (BUILD / "plugins/mariadb/mariadb.so").exists(), reason="built without libmariadb")


def program(*names: str) -> str:
    """The first of them that there is; daemons may be outside of $PATH."""
    path = os.environ["PATH"] + ":/usr/sbin:/usr/libexec"
    return next(found for name in names if (found := shutil.which(name, path=path)))


def server_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "mysql" if "mysql" in names else "nobody"


class MariadbServer:
    """Use as a context manager."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="felucca-md-"))
        self.data = self.root / "data"
        self.log = self.root / "log"
        self.socket = self.root / "sock"
        self.reserved = ReservedPort()
        self.port = self.reserved.number
        self.user = server_user()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "MariadbServer":
        try:
            self._initialize()
            self.start()
            self._set_up_orders()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def close(self) -> None:
        self.stop(signal.SIGKILL)
        self.reserved.close()
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def scratch(self) -> Path:
        """Its own: a server that starts deletes the temporary tables of everybody in the same folder."""
        return self.root / "scratch"

    def _initialize(self) -> None:
        self.root.chmod(0o755)
        self.scratch.mkdir()
        if self.user is not None:
            shutil.chown(self.root, self.user)
            shutil.chown(self.scratch, self.user)
        subprocess.run([program("mariadb-install-db", "mysql_install_db"), "--no-defaults", f"--datadir={self.data}",
                        "--auth-root-authentication-method=normal", "--skip-test-db"],
                       user=self.user, check=True, capture_output=True, timeout=WORK_DEADLINE_SEC, cwd="/",
                       env=os.environ | {"TMPDIR": str(self.scratch)})  # fmt: skip

    def start(self) -> None:
        options = ["--no-defaults", f"--datadir={self.data}", f"--socket={self.socket}", f"--port={self.port}",
                   "--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0",
                   "--general-log", f"--general-log-file={self.root}/statements", f"--pid-file={self.root}/pid",
                   f"--tmpdir={self.scratch}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([program("mariadbd", "mysqld"), *options], user=self.user, stdout=log, stderr=log,
                                            cwd="/")
        wait_until(self._is_up, "the server takes connections")

    def _is_up(self) -> bool:
        assert self.process is not None and self.process.poll() is None, self.log.read_text(errors="replace")
        return self.client("SELECT 1").returncode == 0

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(how)
            process.wait(WORK_DEADLINE_SEC)

    def _set_up_orders(self) -> None:
        """As the README tells an administrator to."""
        self.sql("CREATE ROLE app; CREATE DATABASE orders; GRANT ALL ON orders.* TO app")
        self.sql(f"CREATE USER {MAKER} IDENTIFIED BY '{MAKER_PASSWORD}'; GRANT CREATE USER, CONNECTION ADMIN ON *.* TO {MAKER}; "
                 f"GRANT SELECT, UPDATE ON mysql.* TO {MAKER}; GRANT app TO {MAKER} WITH ADMIN OPTION")

    def options(self, name: str = "maker", **more: Any) -> str:
        """An option file for the setting `defaults-file`."""
        parts = {"user": MAKER, "password": MAKER_PASSWORD, "socket": self.socket} | more
        file = self.root / f"{name}.cnf"
        file.write_text("[client]\n" + "".join(f"{key}={value}\n" for key, value in parts.items() if value is not None))
        file.chmod(0o600)
        return str(file)

    def client(self, sql: str, user: str = "root", password: str = "", database: str = "") -> subprocess.CompletedProcess[str]:
        argv = [program("mariadb", "mysql"), "--no-defaults", f"--socket={self.socket}", f"--user={user}", "-BN", "-e", sql]
        return subprocess.run([*argv, *([database] if database else [])], text=True, capture_output=True,
                              env=os.environ | {"MYSQL_PWD": password}, timeout=WORK_DEADLINE_SEC)  # fmt: skip

    def sql(self, sql: str, **who: str) -> str:
        """What it prints; it must succeed."""
        done = self.client(sql, **who)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def login(self, credential: dict[str, Any], sql: str = "SELECT 1", database: str = "orders") -> subprocess.CompletedProcess[str]:
        return self.client(sql, user=credential.get("user", credential["id"]), password=credential["password"], database=database)

    def users(self, prefix: str) -> list[str]:
        return self.sql(f"SELECT User FROM mysql.user WHERE LEFT (User, {len(prefix)}) = '{prefix}' ORDER BY 1").splitlines()

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real database servers in the random run: their roles and users are the oracle, a login tells whether a password is right.

What was ever asked for is read from the server's own record of statements.
"""

from __future__ import annotations

import hashlib
import random
import re
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

from desktop import wait_until
from lab import Lab
from mariadb_server import MAKER as MARIA_MAKER
from mariadb_server import MariadbServer
from postgres_server import MAKER, PostgresServer
from site_random import RandomSite, Strike
from striking_proxy import StrikingProxy
from world import NotThere

PREFIX = "felucca_"
SILENT_SHARE = 0.1
SILENT = ("silent", "late")
QUICK = ("before", "after")


class SqlSite(RandomSite):
    """What both have in common. `server` is up between two faults."""

    databases = ("orders", "billing", "stock")
    others_databases = (*databases, "elsewhere")
    foreign_pause_sec = 0.1
    timeout_sec = 2
    mint_words: tuple[bytes, ...] = ()
    revoke_words: tuple[bytes, ...] = ()
    list_words: tuple[bytes, ...] = ()
    made = re.compile("")
    server: Any
    proxy: StrikingProxy

    def begin(self, lab: Lab) -> None:
        self.calm()
        wait_until(self.is_quiet, "nobody is logged in")
        self.drop(self.ids())
        self.foreign: set[str] = set()
        self.certain: set[str] = set()  # of these, those that were minted, and whose end is known or has not come
        self.known: set[str] = set()
        self.logins: dict[tuple[str, str], bool] = {}
        self.offset = self.record().stat().st_size
        super().begin(lab)

    def __exit__(self, *exc: Any) -> None:
        self.proxy.__exit__(*exc)
        self.server.close()

    # What is SQL

    def record(self) -> Path:
        """The file that the server writes statements to."""
        raise NotImplementedError

    def run(self, sql: str) -> subprocess.CompletedProcess[str]:
        """As the master of the server."""
        raise NotImplementedError

    def rows(self) -> list[tuple[str, str]]:
        """Names and databases of everything that has our prefix."""
        raise NotImplementedError

    def ids(self) -> list[str]:
        return [id for id, _ in self.rows()]

    def drop(self, ids: list[str]) -> None:
        raise NotImplementedError

    def make_sql(self, database: str) -> tuple[str, str]:
        """A name that another felucca could have made, and how."""
        raise NotImplementedError

    def drop_sql(self, id: str) -> str:
        raise NotImplementedError

    def can_log_in(self, id: str, password: str) -> bool:
        raise NotImplementedError

    def end_sessions(self) -> None:
        """Of our admin."""
        raise NotImplementedError

    def crash(self) -> None:
        raise NotImplementedError

    def sessions(self) -> int:
        """Of our admin."""
        raise NotImplementedError

    def is_quiet(self) -> bool:
        """What is late begins when it arrives; nobody waits for that."""
        return self.server.process is None or self.sessions() <= self.proxy.held

    # Faults

    def strikes(self, dice: random.Random) -> list[Strike]:
        self.dice = dice
        return [*[("wire", self.do_wire)] * 4, ("revoke", self.do_revoke), ("list", self.do_list), ("sessions", self.end_sessions),
                ("server", self.do_server)]

    def _arm(self, words: tuple[bytes, ...]) -> None:
        hows = SILENT if self.dice.random() < SILENT_SHARE else QUICK
        self.proxy.arm(self.dice.choice(words), self.dice.choice(hows))

    def do_wire(self) -> None:
        """A connection is cut at one of the statements of a mint."""
        self._arm(self.mint_words)

    def do_revoke(self) -> None:
        """Of a mint whose last answer is lost, the next revokes fail."""
        self.proxy.arm(self.mint_words[-1], "after")
        for _ in range(self.dice.randint(1, 3)):
            self._arm(self.revoke_words)

    def do_list(self) -> None:
        """An answer is lost; the revoke and the next looks fail."""
        self.do_revoke()
        for _ in range(self.dice.randint(1, 3)):
            self._arm(self.list_words)

    def do_server(self) -> None:
        """It goes down, or takes nobody for a while, and is there again when the batch is over."""
        if self.dice.random() < 0.5:
            self.crash()
        else:
            self.end_sessions()

    def calm(self) -> None:
        self.proxy.calm()
        if self.server.process is None:
            self.server.start()

    # The oracle

    def _read_record(self) -> None:
        with self.record().open("rb") as file:
            file.seek(self.offset)
            text = file.read()
        whole = text[:text.rfind(b"\n") + 1]
        self.offset += len(whole)
        self.known |= set(self.made.findall(whole.decode(errors="replace")))

    def asked(self) -> int:
        self._read_record()
        return len(self.known - self.foreign)

    def live(self) -> list[dict[str, Any]]:
        return [{"id": id, "workspace": self.name, "database": database, "foreign": id in self.foreign} for id, database in self.rows()]

    def minted(self) -> list[dict[str, Any]]:
        self._read_record()
        return [{"id": id, "workspace": self.name, "database": "", "foreign": id in self.foreign}
                for id in (self.known - self.foreign) | self.certain]

    def passwords(self, stored: dict[str, list[str]]) -> dict[str, str]:
        """Of what does not live any more, nobody can say whether it was right."""
        self._read_record()
        alive, found = set(self.ids()), {}
        for id in stored.keys() & self.known:
            good = [one for one in stored[id] if id not in alive or self._is_right(id, one)]
            found[id] = good[0] if good else ""
        return found

    def _is_right(self, id: str, password: str) -> bool:
        if not self.logins.get((id, password)):
            self.logins[id, password] = self.can_log_in(id, password)
        return self.logins[id, password]

    # The others

    def mint_foreign(self, database: str) -> str:
        id, sql = self.make_sql(database)
        self.foreign.add(id)
        if self.run(sql).returncode != 0:
            return ""
        self.certain.add(id)
        return id

    def delete_foreign(self, id: str) -> None:
        if self.run(self.drop_sql(id)).returncode != 0:
            self.certain.discard(id)
            raise NotThere(id)


class PostgresSite(SqlSite):
    """A real server; the admin is only CREATEROLE."""

    name = "postgres"
    mint_words = (b"CREATE ROLE", b"COMMIT")
    revoke_words = (b"NOLOGIN", b"DROP ROLE", b"pg_terminate_backend")
    list_words = (b"isfinite (rolvaliduntil)", b"pg_advisory_xact_lock (")
    made = re.compile(rf'CREATE ROLE "?({PREFIX}\w+)"?')

    def __enter__(self) -> "PostgresSite":
        self.server = PostgresServer().__enter__()
        self.server.set_up_orders()
        for database in self.databases[1:]:
            self.server.sql(f"CREATE DATABASE {database} OWNER app")
        self.proxy = StrikingProxy(self.server.port).__enter__()
        return self

    def config(self) -> str:
        dsn = self.server.dsn(MAKER, host="127.0.0.1", port=self.proxy.port)
        return f"\n[backend {self.name}]\nmodule=postgres\ngroup=app\ntimeout={self.timeout_sec}\ndsn={dsn}\n"

    def record(self) -> Path:
        return self.server.log

    def run(self, sql: str) -> subprocess.CompletedProcess[str]:
        return self.server.psql(sql)

    def rows(self) -> list[tuple[str, str]]:
        sql = (f"SELECT rolname, substring (shobj_description (oid, 'pg_authid') FROM 'database=(.*)$') FROM pg_roles "
               f"WHERE starts_with (rolname, '{PREFIX}')")
        return [tuple(line.split("|")) for line in self.server.sql(sql).splitlines()]

    def drop(self, ids: list[str]) -> None:
        if ids:
            self.server.sql("DROP ROLE " + ", ".join(ids))

    def make_sql(self, database: str) -> tuple[str, str]:
        intent = str(uuid.uuid4())
        id = PREFIX + intent.replace("-", "")
        mark = f"felucca/1 intent={intent} created={int(time.time())} by=eve@elsewhere database={database}"
        return id, f"CREATE ROLE {id} LOGIN; COMMENT ON ROLE {id} IS '{mark}'"

    def drop_sql(self, id: str) -> str:
        return f"DROP ROLE {id}"

    def can_log_in(self, id: str, password: str) -> bool:
        return self.server.psql("SELECT 1", user=id, password=password, database="orders").returncode == 0

    def end_sessions(self) -> None:
        self.run(f"SELECT pg_terminate_backend (pid) FROM pg_stat_activity WHERE usename = '{MAKER}'")

    def crash(self) -> None:
        self.server.stop(signal.SIGQUIT)

    def sessions(self) -> int:
        return self.server.sessions(f"usename = '{MAKER}'")


class MariadbSite(SqlSite):
    """A real server. It keeps no comment with a user: the name says it all."""

    name = "mariadb"
    mint_words = (b"CREATE USER", b"GRANT `", b"SET DEFAULT", b"ACCOUNT UNLOCK")
    revoke_words = (b"DROP USER", b"KILL USER", b"get_lock")
    list_words = (b"is_role = 'N'", b"get_lock")
    made = re.compile(rf"CREATE USER [`'\"]?({PREFIX}\w+)[`'\"]?@")

    def __enter__(self) -> "MariadbSite":
        self.server = MariadbServer().__enter__()
        for database in self.databases[1:]:
            self.server.sql(f"CREATE DATABASE {database}; GRANT ALL ON {database}.* TO app")
        self.hashes = {hashlib.sha256(name.encode()).hexdigest()[:8]: name for name in self.others_databases}
        self.proxy = StrikingProxy(self.server.port).__enter__()
        return self

    def config(self) -> str:
        file = self.server.options("proxy", socket=None, host="127.0.0.1", port=self.proxy.port)
        return f"\n[backend {self.name}]\nmodule=mariadb\ngroup=app\ntimeout={self.timeout_sec}\ndefaults-file={file}\n"

    def record(self) -> Path:
        return Path(self.server.root / "statements")

    def run(self, sql: str) -> subprocess.CompletedProcess[str]:
        return self.server.client(sql)

    def rows(self) -> list[tuple[str, str]]:
        return [(id, self.hashes.get(id.rpartition("_")[2], "")) for id in self.server.users(PREFIX)]

    def drop(self, ids: list[str]) -> None:
        if ids:
            self.server.sql("DROP USER " + ", ".join(f"'{id}'@'%'" for id in ids))

    def make_sql(self, database: str) -> tuple[str, str]:
        digest = hashlib.sha256(database.encode()).hexdigest()[:8]
        id = f"{PREFIX}{uuid.uuid4().hex}_{int(time.time()):08x}_{digest}"
        return id, f"CREATE USER '{id}'@'%' ACCOUNT LOCK"

    def drop_sql(self, id: str) -> str:
        return f"DROP USER '{id}'@'%'"

    def can_log_in(self, id: str, password: str) -> bool:
        return self.server.client("SELECT 1", user=id, password=password, database="orders").returncode == 0

    def end_sessions(self) -> None:
        self.run(f"KILL USER {MARIA_MAKER}")

    def crash(self) -> None:
        """In good order: what this server has not written yet would be lost, and it would be its fault."""
        self.server.stop()

    def sessions(self) -> int:
        return int(self.server.sql(f"SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{MARIA_MAKER}'"))

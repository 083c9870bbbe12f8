# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""felucca run with programs that people use, logging in to a real PostgreSQL; and what others can see meanwhile."""

from __future__ import annotations

import importlib.util
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus_monitor import BusMonitor
from daemon_stand_in import DaemonStandIn
from desktop import CLIENT, DEADLINE_SEC, Desktop, wait_until
from postgres_server import PostgresServer, bindir, literal, quote
from secret_scan import Hit, SecretScan

HERE = Path(__file__).resolve().parent
USER = "mi:nted\\1"
DATABASE = "or:ders"
PASSWORD = secrets.token_urlsafe(16) + ":\\ '%#é" + secrets.token_urlsafe(24)
ME = "SELECT current_user"

pytestmark = pytest.mark.skipif(not (bindir() / "initdb").exists(), reason="there is no PostgreSQL server")
needs_psycopg2 = pytest.mark.skipif(importlib.util.find_spec("psycopg2") is None, reason="there is no psycopg2")
needs_npm = pytest.mark.skipif(not (HERE.parent / "node_modules/pg").exists(), reason="run `npm ci` in tests/ first")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into processes everywhere")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        server.sql(f"CREATE ROLE {quote(USER)} LOGIN PASSWORD {literal(PASSWORD)}")
        server.sql(f"CREATE DATABASE {quote(DATABASE)} OWNER {quote(USER)}")
        server.sql("CREATE TABLE a AS SELECT 'row of a' AS t; CREATE TABLE b AS SELECT 'row of b' AS t; "
                   f"ALTER TABLE a OWNER TO {quote(USER)}; ALTER TABLE b OWNER TO {quote(USER)}", database=DATABASE)
        yield server


@pytest.fixture
def bus(server: PostgresServer) -> Iterator[Desktop]:
    with Desktop(keyring=False, sign_in=False, daemon=False) as desktop:
        yield desktop


@pytest.fixture
def daemon(bus: Desktop, server: PostgresServer) -> Iterator[DaemonStandIn]:
    with DaemonStandIn(bus) as stand_in:
        stand_in.credential = {"id": "c1", "backend": "local", "workspace": "local", "database": "orders", "stored": True,
                               "state": "active", "user": USER, "database-name": DATABASE, "host": "127.0.0.1",
                               "port": server.port, "ssl-mode": "prefer"}
        stand_in.password = PASSWORD
        yield stand_in


@pytest.fixture(params=[[], ["--revoke-on-exit"]], ids=["in-place", "warden"])
def options(request: pytest.FixtureRequest) -> list[str]:
    return request.param


def output(bus: Desktop, *arguments: str, **variables: str) -> str:
    """What the command prints; it must succeed."""
    done = bus.cli("run", "local/orders", *arguments, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


# Programs


def test_psql(bus: Desktop, daemon: DaemonStandIn, options: list[str]):
    assert output(bus, *options, "--", "psql", "-XAtwc", ME) == USER


@pytest.mark.parametrize("name,value", [
    ("PGPASSWORD", "wrong"), ("PGSERVICE", "elsewhere"), ("PGHOSTADDR", "127.9.9.9"), ("PGPASSFILE", "/nowhere"), ("PGPORT", "1"),
    ("PGHOST", "elsewhere.invalid"), ("PGUSER", "boss"), ("PGDATABASE", "postgres"), ("PGSSLMODE", "verify-full"),
])
def test_a_foreign_variable_does_not_win(bus: Desktop, daemon: DaemonStandIn, name: str, value: str):
    service = bus.root / "services.conf"
    service.write_text("[elsewhere]\nhost=elsewhere.invalid\n")
    assert output(bus, "--", "psql", "-XAtwc", ME, PGSERVICEFILE=str(service), **{name: value}) == USER


def test_a_script_that_uses_descriptors(bus: Desktop, daemon: DaemonStandIn):
    script = f"exec 3</dev/null 9>/dev/null 10</dev/null; for i in 1 2; do (psql -XAtwc '{ME}' | cat); done"
    assert output(bus, "--", "bash", "-c", script).split() == [USER, USER]


def test_through_a_socket(bus: Desktop, daemon: DaemonStandIn, server: PostgresServer):
    daemon.credential["host"] = str(server.root)
    assert output(bus, "--", "psql", "-XAtwc", ME) == USER


def test_pg_dump(bus: Desktop, daemon: DaemonStandIn):
    assert "row of a" in output(bus, "--", "pg_dump", "-w", "--data-only")


@pytest.mark.parametrize("jobs", ["1", "2", "4"])
def test_pg_dump_with_workers(bus: Desktop, daemon: DaemonStandIn, server: PostgresServer, options: list[str], jobs: str):
    """Each worker is a process, and logs in by itself."""
    before = server.log.read_text().count(f"connection authorized: user={USER}")
    output(bus, *options, "--", "pg_dump", "-w", "-Fd", "-j", jobs, "-f", str(bus.root / "dump"))
    logins = server.log.read_text().count(f"connection authorized: user={USER}") - before
    assert logins == (1 if jobs == "1" else 1 + int(jobs))
    assert len(list((bus.root / "dump").glob("*.dat.gz"))) == 2


@needs_psycopg2
def test_psycopg2(bus: Desktop, daemon: DaemonStandIn, options: list[str]):
    program = f"""
import multiprocessing, psycopg2
def me(_):
    cursor = psycopg2.connect("").cursor()
    cursor.execute({ME!r})
    return cursor.fetchone()[0]
print(me(None), *multiprocessing.get_context("fork").Pool(2).map(me, range(2)))
"""
    assert output(bus, *options, "--", sys.executable, "-c", program).split() == [USER] * 3


@needs_npm
def test_node(bus: Desktop, daemon: DaemonStandIn, options: list[str]):
    daemon.credential["ssl-mode"] = "disable"
    assert output(bus, *options, "--", "node", str(HERE / "pg_client.mjs"), NODE_NO_WARNINGS="1") == USER


@needs_npm
def test_children_of_node(bus: Desktop, daemon: DaemonStandIn):
    """As npm starts scripts."""
    program = f"process.stdout.write(require('child_process').execFileSync('psql', ['-XAtwc', {ME!r}]))"
    assert output(bus, "--", "node", "-e", program) == USER


def test_by_url(bus: Desktop, daemon: DaemonStandIn):
    daemon.password = "wrong"
    done = bus.cli("run", "local/orders", "-e", "URL=url", "--", "sh", "-c", f"exec psql -XAtwc '{ME}' \"$URL\"")
    assert done.returncode == 2 and "password authentication failed" in done.stderr
    daemon.password = PASSWORD
    assert output(bus, "-e", "URL=url", "--", "sh", "-c", f"exec psql -XAtwc '{ME}' \"$URL\"", PGPASSFILE="x") == USER
    assert output(bus, "-e", "INFO=conninfo", "--", "sh", "-c", f"exec psql -XAtwc '{ME}' \"$INFO\"") == USER


def test_a_program_that_passes_no_descriptors_on(bus: Desktop, daemon: DaemonStandIn):
    """As the manual says: the file does not get there, a variable does."""
    program = [sys.executable, "-c", f"import subprocess; subprocess.run(['psql', '-XAtwc', {ME!r}], check=True)"]
    done = bus.cli("run", "local/orders", "--", *program)
    assert done.returncode != 0 and "no password supplied" in done.stderr
    assert output(bus, "--env", "PGPASSWORD=password", "--", *program) == USER


# What others can see


class Watch:
    """Looks at all processes, at the files of the desktop, and at the bus."""

    def __init__(self, bus: Desktop, monitor: BusMonitor) -> None:
        self.bus = bus
        self.monitor = monitor
        self.scan = SecretScan([PASSWORD])

    def processes(self) -> list[Hit]:
        return self.scan.in_pieces(
            (f"{pid} {name}", data) for pid in os.listdir("/proc") if pid.isdigit() for name, data in self._open(pid))

    @staticmethod
    def _open(pid: str) -> Iterator[tuple[str, bytes]]:
        for name in ("cmdline", "environ", "comm"):
            try:
                yield name, Path(f"/proc/{pid}/{name}").read_bytes()
            except OSError:  # it has just ended
                continue

    def everything(self) -> list[Hit]:
        return self.processes() + self.scan.in_files(self.bus.root) + self.scan.in_bytes("bus", self.monitor.raw())


@pytest.fixture
def watch(bus: Desktop) -> Iterator[Watch]:
    with BusMonitor(bus) as monitor:
        yield Watch(bus, monitor)


@needs_root
def test_nobody_sees_the_password_of_psql(bus: Desktop, daemon: DaemonStandIn, server: PostgresServer, watch: Watch, options: list[str]):
    process = bus.spawn([str(CLIENT), "run", "local/orders", *options, "--", "psql", "-Xwc", "SELECT pg_sleep (1000)"])
    wait_until(lambda: server.sessions("query = 'SELECT pg_sleep (1000)'") == 1, "it is logged in")
    assert watch.everything() == []
    assert watch.monitor.calls("CreateCredential" if options else "GetCredential")
    process.terminate()
    process.wait(DEADLINE_SEC)
    wait_until(lambda: server.sql("SELECT count (pg_terminate_backend (pid)) FROM pg_stat_activity WHERE query LIKE '%(1000)'") == "0",
               "it is logged out")


@needs_root
def test_nobody_sees_the_password_of_a_command_that_sleeps(bus: Desktop, daemon: DaemonStandIn, watch: Watch, options: list[str]):
    process = bus.spawn([str(CLIENT), "run", "local/orders", *options, "--", "sh", "-c", "echo ready; exec sleep 1000"],
                        stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    for _ in range(10):
        assert watch.everything() == []
    process.terminate()
    process.wait(DEADLINE_SEC)


@needs_root
def test_who_asks_for_it_is_seen(bus: Desktop, daemon: DaemonStandIn, watch: Watch):
    """That the tests above can fail."""
    process = bus.spawn([str(CLIENT), "run", "local/orders", "-e", "SECRET=password", "--", "sh", "-c", "echo ready; exec sleep 1000"],
                        stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    assert [hit.place for hit in watch.everything()] == [f"{process.pid} environ"]
    process.terminate()
    process.wait(DEADLINE_SEC)


@needs_root
def test_nothing_in_the_log_of_the_real_daemon(desktop: Desktop):
    done = desktop.cli("run", "acme/orders", "--create", "--", "sh", "-c", 'cat "$PGPASSFILE"', G_MESSAGES_DEBUG="all")
    (live,) = desktop.nile.live()
    password = desktop.nile.password_of(live["id"])
    assert password in done.stdout
    assert SecretScan([password]).in_files(desktop.root) == []

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""felucca run and get with the MariaDB backend: its own programs log in to a real server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from daemon_stand_in import DaemonStandIn
from desktop import CLIENT, DEADLINE_SEC, Desktop
from mariadb_server import MariadbServer, needs_mariadb
from secret_scan import SecretScan

pytestmark = needs_mariadb

PASSWORD = "p'w\"\\ #;%s=é[client]"
NAME = "odd \"user\\ #1"
WHO = "SELECT CURRENT_USER(), DATABASE()"


@pytest.fixture(scope="module")
def server() -> Iterator[MariadbServer]:
    with MariadbServer() as server:
        quoted = NAME.replace("\\", "\\\\").replace("'", "''")
        password = PASSWORD.replace("\\", "\\\\").replace("'", "''")
        server.sql(f"CREATE USER '{quoted}' IDENTIFIED BY '{password}'; GRANT ALL ON orders.* TO '{quoted}'")
        server.sql("CREATE TABLE orders.a AS SELECT 'row of a' AS t")
        yield server


@pytest.fixture
def desktop(server: MariadbServer) -> Iterator[Desktop]:
    """With a real backend; tcp is the same server by its port."""
    config = "".join(f"\n[backend {name}]\nmodule=mariadb\ngroup=app\ndefaults-file={server.options(name, **more)}\nuser-prefix={name}_\n"
                     for name, more in (("local", {}), ("tcp", {"socket": None, "host": "127.0.0.1", "port": server.port})))
    with Desktop(sign_in=False, daemon=False, config=config) as desktop:
        (desktop.root / "home" / ".my.cnf").write_text("[client]\nuser=wrong\npassword=wrong\nhost=wrong.invalid\nport=1\n"
                                                       "[mysql]\nskip-column-names\nbatch\n")
        desktop.start_daemon()
        yield desktop


@pytest.fixture
def odd(server: MariadbServer) -> Iterator[Desktop]:
    """A stand-in hands out names and a password that have to be quoted."""
    with Desktop(keyring=False, sign_in=False, daemon=False) as desktop, DaemonStandIn(desktop) as daemon:
        daemon.credential = {"id": "c1", "backend": "local", "workspace": "local", "database": "orders", "stored": True, "state": "active",
                             "user": NAME, "host": "127.0.0.1", "port": server.port, "protocol": "mysql"}
        daemon.password = PASSWORD
        yield desktop


def run(desktop: Desktop, *arguments: str, **variables: str) -> str:
    done = desktop.cli("run", *arguments, **variables)
    assert (done.returncode, done.stderr) == (0, ""), (done.stdout, done.stderr)
    return done.stdout.strip()


def minted(desktop: Desktop, target: str) -> dict[str, Any]:
    done = desktop.cli("create", target, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("instance", ["local", "tcp"])
@pytest.mark.parametrize("program", ["mysql", "mariadb"])
def test_the_client_is_logged_in(desktop: Desktop, server: MariadbServer, instance: str, program: str):
    """Whatever ~/.my.cnf says about who and where; what it says about anything else holds."""
    id = minted(desktop, f"{instance}/orders")["id"]
    shown = run(desktop, f"{instance}/orders", "--", program, "-e", WHO, MYSQL_PWD="wrong", MYSQL_HOST="wrong.invalid", MYSQL_TCP_PORT="1")
    assert shown == f"{id}@%\torders"


@pytest.mark.parametrize("options", [[], ["--revoke-on-exit"]])
def test_a_dump(desktop: Desktop, server: MariadbServer, options: list[str]):
    before = server.users("local_")
    assert "row of a" in run(desktop, "local/orders", *(options or ["--create"]), "--", "mariadb-dump", "--no-tablespaces", "orders")
    assert len(set(server.users("local_")) - set(before)) == (0 if options else 1), "what it has left"


def test_a_script_names_the_file_itself(desktop: Desktop):
    id = minted(desktop, "local/orders")["id"]
    assert run(desktop, "local/orders", "--", "sh", "-c", 'exec mysql --defaults-file="$FELUCCA_DEFAULTS_FILE" -BNe "SELECT CURRENT_USER()"') == f"{id}@%"


def test_what_the_user_says_wins(desktop: Desktop):
    minted(desktop, "local/orders")
    done = desktop.cli("run", "local/orders", "--", "mysql", "--no-defaults", "--host=127.0.0.1", "--port=1", "-e", WHO)
    assert done.returncode == 1 and "127.0.0.1" in done.stderr


def test_odd_names_and_passwords(odd: Desktop):
    assert run(odd, "local/orders", "--", "mysql", "-BNre", WHO) == f"{NAME}@%\torders"


def test_nothing_is_set_for_postgres(odd: Desktop):
    names = [line.partition("=")[0] for line in run(odd, "local/orders", "--", "env").splitlines()]
    assert [name for name in names if name.startswith("PG")] == [] and "FELUCCA_DEFAULTS_FILE" in names


def test_nobody_sees_the_password(odd: Desktop):
    process = odd.spawn([str(CLIENT), "run", "local/orders", "--", "mysql", "-BNne", "SELECT 'ready'; SELECT SLEEP (600)"], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    scan = SecretScan([PASSWORD])
    assert scan.in_proc(process.pid) == [] and scan.in_files(odd.root) == []
    process.kill()
    process.wait(DEADLINE_SEC)


def test_the_url(odd: Desktop, server: MariadbServer):
    done = odd.cli("get", "local/orders", "--format", "url")
    url = urlsplit(done.stdout.strip())
    assert (url.scheme, unquote(url.username or ""), unquote(url.password or ""), url.hostname, url.port, url.path) == (
        "mysql", NAME, PASSWORD, "127.0.0.1", server.port, "/orders")


def test_the_url_of_a_socket(desktop: Desktop, server: MariadbServer):
    minted(desktop, "local/orders")
    url = urlsplit(desktop.cli("get", "local/orders", "--format", "url").stdout.strip())
    assert (url.scheme, url.hostname, parse_qs(url.query)) == ("mysql", "localhost", {"socket": [str(server.socket)]})


@pytest.mark.parametrize("format", ["env", "nile-env", "pgpass", "conninfo"])
def test_formats_of_postgres_are_refused(odd: Desktop, format: str):
    done = odd.cli("get", "local/orders", "--format", format)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert format in done.stderr and "MariaDB" in done.stderr and "--format url" in done.stderr


def test_it_survives_a_restart(desktop: Desktop):
    """What the server speaks is in the keyring, too."""
    assert minted(desktop, "local/orders")["protocol"] == "mysql"
    desktop.restart_daemon()
    assert json.loads(desktop.cli("get", "local/orders", "--json").stdout)["protocol"] == "mysql"
    assert "protocol" in desktop.cli("get", "local/orders").stdout

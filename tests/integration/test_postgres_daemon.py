# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole way: the daemon, a keyring and a real PostgreSQL server."""

from __future__ import annotations

import signal
import subprocess
import threading
from typing import Any, Callable

import pytest

from cutting_proxy import CuttingProxy
from desktop import BusError, Desktop, wait_until
from postgres_server import BOSS, MAKER, PostgresServer, needs_postgres

pytestmark = needs_postgres

COMMIT = b"COMMIT\x00"


def backend(name: str, dsn: str, **settings: Any) -> str:
    lines = [f"{key.replace('_', '-')}={value}" for key, value in settings.items()]
    return "\n".join(["", f"[backend {name}]", "module=postgres", f"dsn={dsn}", "group=app", "timeout=5", *lines, ""])


@pytest.fixture
def server():
    """One that may be stopped and that keeps nothing of other tests."""
    with PostgresServer() as server:
        server.set_up_orders()
        yield server


def unresolved(desktop: Desktop) -> list[dict[str, Any]]:
    return desktop.call("ListUnresolved")


def fails(name: str, desktop: Desktop, backend: str) -> str:
    with pytest.raises(BusError) as info:
        desktop.create(backend, "orders")
    assert info.value.name == f"org.felucca.Error.{name}", info.value.message
    return info.value.message


@pytest.mark.parametrize("admin", [BOSS, MAKER])
def test_the_life_of_a_credential(server: PostgresServer, admin: str):
    with Desktop(sign_in=False, config=backend("local", server.dsn(admin))) as desktop:
        credential = desktop.create("local", "orders")
        assert (credential["backend"], credential["workspace"], credential["database"]) == ("local", "local", "orders")
        assert server.login(credential, "SELECT current_user").stdout == "app\n"
        assert desktop.get("local", "orders")["password"] == credential["password"]
        assert desktop.lookup(workspace="local", database="orders") == credential["password"]
        assert [one["id"] for one in desktop.list()] == [credential["id"]]
        desktop.revoke(credential["id"])
        assert server.login(credential).returncode != 0
        assert server.roles("felucca_") == [] and desktop.list() == []
        assert "ready" in desktop.cli("backends").stdout


@pytest.mark.parametrize("form", ["url", "conninfo"])
def test_psql_takes_what_the_command_prints(server: PostgresServer, form: str):
    """A socket's folder as the host, too."""
    config = backend("local", server.dsn()) + backend("tcp", server.dsn(host="localhost"))
    with Desktop(sign_in=False, config=config) as desktop:
        for name in ("local", "tcp"):
            printed = desktop.cli("create", f"{name}/orders", "--format", form)
            assert printed.returncode == 0, printed.stderr
            shown = subprocess.run(["psql", "-XAtqc", "SELECT current_user", printed.stdout.strip()], text=True,
                                   env=desktop.env, capture_output=True, timeout=60)
            assert shown.stdout == "app\n", shown.stderr


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_commit_that_is_cut_is_undone_at_once(server: PostgresServer, how: str):
    with CuttingProxy(server.port, COMMIT, how) as proxy:
        dsn = server.dsn(host="127.0.0.1", port=proxy.port)
        with Desktop(sign_in=False, config=backend("local", dsn)) as desktop:
            assert "revoked again" in fails("OutcomeUnknown", desktop, "local")
            assert server.roles("felucca_") == [] and unresolved(desktop) == []
            desktop.create("local", "orders")
            assert len(server.roles("felucca_")) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_crashes_at_the_commit(server: PostgresServer, when: str):
    """Before: the word never arrives. After: it did, and the role lives once the server is back."""
    with CuttingProxy(server.port, COMMIT, "hold") as proxy:
        config = backend("local", server.dsn(host="127.0.0.1", port=proxy.port))
        with Desktop(sign_in=False, config=config) as desktop:
            done: list[str] = []
            caller = call_in_thread(lambda: done.append(fails("OutcomeUnknown", desktop, "local")))
            assert proxy.was_said.wait(30)
            if when == "after":
                # The very role, made by hand: as if the COMMIT had been the last thing that the server did.
                made = pending_role(server)
            server.stop(signal.SIGQUIT)
            proxy.release()
            caller.join(60)
            (entry,) = unresolved(desktop)
            assert entry["intent"] in done[0] and entry["id"].startswith("felucca_")
            server.start()
            if when == "after":
                server.sql(made)
                assert server.roles("felucca_") == [entry["id"]]
            desktop.restart_daemon()
            wait_until(lambda: unresolved(desktop) == [], "it is settled")
            assert server.roles("felucca_") == []


def call_in_thread(call: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=call)
    thread.start()
    return thread


def pending_role(server: PostgresServer) -> str:
    """The statements of the mint that waits for its COMMIT."""
    return server.sql("SELECT query FROM pg_stat_activity WHERE query LIKE 'CREATE ROLE%'")


def test_a_daemon_that_dies_after_the_mint(server: PostgresServer):
    """Nobody has heard the id: the intent in the role's comment tells which one it is, and only that one goes."""
    with Desktop(sign_in=False, config=backend("local", server.dsn())) as desktop:
        kept = desktop.create("local", "orders")["id"]
        foreign = server.sql("CREATE ROLE felucca_foreign LOGIN; SELECT 'felucca_foreign'")
        assert desktop.stop_daemon() == 0
        desktop.start_daemon(FELUCCA_FAILPOINT="mint-end:kill")
        with pytest.raises(BusError):
            desktop.create("local", "orders")
        assert desktop.daemon_process is not None
        desktop.daemon_process.wait(30)
        assert len(server.roles("felucca_")) == 3
        desktop.start_daemon()
        wait_until(lambda: unresolved(desktop) == [], "it is settled", 60)
        assert server.roles("felucca_") == sorted([kept, foreign])
        assert desktop.get("local", "orders")["id"] == kept


def test_a_backend_that_is_set_up_wrongly_hurts_no_other(server: PostgresServer):
    config = (backend("bad", "host=x password=hunter2") + backend("wrong", server.dsn(user="none-such"))
              + backend("down", "host=127.0.0.1 port=1") + backend("good", server.dsn()))
    with Desktop(sign_in=False, config=config) as desktop:
        assert "passfile" in fails("BackendFailed", desktop, "bad")
        assert "password" in fails("AccessDenied", desktop, "wrong")
        fails("Unreachable", desktop, "down")
        desktop.create("good", "orders")
        assert "hunter2" not in desktop.daemon_log() and unresolved(desktop) == []

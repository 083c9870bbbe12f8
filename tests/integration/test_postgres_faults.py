# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The postgres backend when something breaks: whatever happens to a COMMIT, what came of it can be told and ended."""

from __future__ import annotations

import signal
import socket
import threading
import uuid
from typing import Any

import pytest

from cutting_proxy import CuttingProxy
from desktop import wait_until
from postgres_server import MAKER, PostgresServer, needs_postgres, quote
from reserved_port import ReservedPort
from test_postgres import fails, prefix, verbs  # noqa: F401: fixtures
from verbs import DENIED, INTERNAL, NO_ANSWER, RATE_LIMITED, TIMED_OUT, UNREACHABLE, Failed, Verbs

pytestmark = needs_postgres

COMMIT = b"COMMIT\x00"
MINT_LOCK = 7378422815950856449
CANCEL_MSEC = 5000


def user_of(verbs: Verbs) -> str:
    return verbs.settings["dsn"].split("user=")[1].split()[0]


def through(proxy: CuttingProxy, verbs: Verbs, postgres: PostgresServer) -> dict[str, str]:
    """The setting that leads there."""
    return {"dsn": postgres.dsn(user_of(verbs), host="127.0.0.1", port=proxy.port)}


def lose(verbs: Verbs, intent: str, **asked: Any) -> str:
    """A mint whose outcome nobody knows; its id."""
    with pytest.raises(Failed) as info:
        verbs.call("mint", intent=intent, **asked)
    assert (info.value.failure, info.value.maybe_minted) == (NO_ANSWER, True), info.value.sentence
    assert info.value.secret is None
    return info.value.fields["id"]


def waits_for_mints(postgres: PostgresServer) -> Any:
    return wait_until(lambda: postgres.sql("SELECT count (*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "1",
                      "it waits until no mint is under way")


# The end of a mint


def test_cut_before_the_commit_arrives(verbs: Verbs, postgres: PostgresServer, prefix: str):  # noqa: F811
    with CuttingProxy(postgres.port, COMMIT, "before") as proxy:
        id = lose(verbs, str(uuid.uuid4()), settings=through(proxy, verbs, postgres))
        assert id.startswith(prefix) and verbs.list() == []
        verbs.revoke(id)
        assert postgres.roles(prefix) == []


def test_cut_after_the_commit_arrived(verbs: Verbs, postgres: PostgresServer, prefix: str):  # noqa: F811
    intent = str(uuid.uuid4())
    with CuttingProxy(postgres.port, COMMIT, "after") as proxy:
        id = lose(verbs, intent, settings=through(proxy, verbs, postgres))
        assert [(one["id"], one["intent"]) for one in verbs.list()] == [(id, intent)]
        verbs.revoke(id)
        assert verbs.list() == [] and postgres.roles(prefix) == []


def test_revoke_waits_for_a_commit_that_is_still_to_arrive(verbs: Verbs, postgres: PostgresServer, prefix: str):  # noqa: F811
    """Else it would find nothing, and the role would come to life behind its back."""
    with CuttingProxy(postgres.port, COMMIT, "hold") as proxy:
        id = lose(verbs, str(uuid.uuid4()), settings=through(proxy, verbs, postgres), cancel_msec=CANCEL_MSEC)
        revoked = verbs.start("revoke", id=id)
        waits_for_mints(postgres)
        assert postgres.roles(prefix) == [] and not revoked.done()
        proxy.release()
        verbs.finish(revoked)
        assert postgres.roles(prefix) == []


def test_list_waits_for_a_commit_that_is_still_to_arrive(verbs: Verbs, postgres: PostgresServer, prefix: str):  # noqa: F811
    intent = str(uuid.uuid4())
    with CuttingProxy(postgres.port, COMMIT, "hold") as proxy:
        id = lose(verbs, intent, settings=through(proxy, verbs, postgres), cancel_msec=CANCEL_MSEC)
        listed = verbs.start("list")
        waits_for_mints(postgres)
        proxy.release()
        assert [(one["id"], one["intent"]) for one in verbs.finish(listed)["list"]] == [(id, intent)]


def test_the_server_ends_a_mint_that_nobody_commits(verbs: Verbs, postgres: PostgresServer, prefix: str):  # noqa: F811
    """At the mint's own deadline: then nothing can come of it any more."""
    with CuttingProxy(postgres.port, COMMIT, "hold") as proxy:
        id = lose(verbs, str(uuid.uuid4()), settings=through(proxy, verbs, postgres), timeout=6)
        verbs.revoke(id)
        wait_until(lambda: postgres.sessions(f"query LIKE '%{id}%' AND state LIKE 'idle in transaction%'") == 0, "its session is over")
        proxy.release()
        assert postgres.roles(prefix) == [] and verbs.list() == []


def test_no_password_is_seen_while_it_waits(verbs: Verbs, postgres: PostgresServer, prefix: str):  # noqa: F811
    """pg_stat_activity shows what a mint has just said."""
    with CuttingProxy(postgres.port, COMMIT, "hold") as proxy:
        minted = verbs.start("mint", settings=through(proxy, verbs, postgres))
        assert proxy.was_said.wait(30)
        shown = postgres.sql("SELECT query FROM pg_stat_activity WHERE query LIKE 'CREATE ROLE%'")
        proxy.release()
        answer = verbs.finish(minted)
        assert "SCRAM-SHA-256$4096:" in shown and answer["fields"]["id"] in shown
        assert answer["secret"] not in shown


def test_a_commit_that_waits_for_a_standby():
    """It is on the server's disk and nobody sees it yet."""
    with PostgresServer() as postgres:
        postgres.set_up_orders()
        with Verbs("postgres", database="orders", dsn=postgres.dsn(), group="app") as verbs:
            postgres.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            postgres.stop()
            postgres.start()  # a reload is known to sessions before commits wait
            intent = str(uuid.uuid4())
            id = lose(verbs, intent, cancel_msec=CANCEL_MSEC)
            listed = verbs.start("list")
            waits_for_mints(postgres)
            assert postgres.roles("felucca_") == [] and not listed.done()
            # Those that wait for a standby go on as soon as none is wanted.
            postgres.sql("ALTER SYSTEM RESET synchronous_standby_names")
            postgres.sql("SELECT pg_reload_conf ()")
            assert [(one["id"], one["intent"]) for one in verbs.finish(listed)["list"]] == [(id, intent)]
            verbs.revoke(id)
            assert postgres.roles("felucca_") == []


@pytest.mark.parametrize("statement", [b"SELECT pg_advisory", b"CREATE ROLE"])
def test_cut_before_anything_is_final(verbs: Verbs, postgres: PostgresServer, prefix: str, statement: bytes):  # noqa: F811
    for how in ("before", "after"):
        with CuttingProxy(postgres.port, statement, how) as proxy:
            fails(UNREACHABLE, verbs, "mint", settings=through(proxy, verbs, postgres))
            assert verbs.list() == [] and postgres.roles(prefix) == []


@pytest.mark.parametrize("word", [b"NOLOGIN", b"pg_terminate", b"DROP ROLE"])
def test_revoke_is_cut_and_done_again(verbs: Verbs, postgres: PostgresServer, prefix: str, word: bytes):  # noqa: F811
    for how in ("before", "after"):
        id = verbs.mint()["id"]
        with CuttingProxy(postgres.port, word, how) as proxy:
            fails(UNREACHABLE, verbs, "revoke", id=id, settings=through(proxy, verbs, postgres))
        verbs.revoke(id)
        assert postgres.roles(prefix) == []


def test_the_server_crashes_at_the_commit():
    with PostgresServer() as postgres:
        postgres.set_up_orders()
        with Verbs("postgres", database="orders", dsn=postgres.dsn(), group="app") as verbs:
            with CuttingProxy(postgres.port, COMMIT, "hold") as proxy:
                intent = str(uuid.uuid4())
                minted = verbs.start("mint", intent=intent, settings=through(proxy, verbs, postgres))
                assert proxy.was_said.wait(30)
                postgres.stop(signal.SIGQUIT)
                proxy.release()
                with pytest.raises(Failed) as info:
                    verbs.finish(minted)
                assert (info.value.failure, info.value.maybe_minted) == (NO_ANSWER, True)
                id = info.value.fields["id"]
                fails(UNREACHABLE, verbs, "revoke", id=id)
                fails(UNREACHABLE, verbs, "list")
                postgres.start()
                assert verbs.list() == []
                verbs.revoke(id)
                assert postgres.roles("felucca_") == []


# Deadlines


class Mute:
    """A server that takes connections and says nothing."""

    def __enter__(self) -> "Mute":
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        return self

    def __exit__(self, *exc: Any) -> None:
        self.listener.close()


@pytest.mark.parametrize("asked", [{"timeout": 1}, {"timeout": 300, "cancel_msec": 500}])
@pytest.mark.parametrize("verb", ["mint", "list", "revoke", "renew"])
def test_a_mute_server(verbs: Verbs, postgres: PostgresServer, verb: str, asked: dict[str, int]):  # noqa: F811
    with Mute() as mute:
        fails(TIMED_OUT, verbs, verb, id="x", settings={"dsn": f"host=127.0.0.1 port={mute.port}"}, **asked)


class Holder:
    """A session that holds what a statement has locked, until the end of the block."""

    def __init__(self, postgres: PostgresServer, sql: str):
        self.postgres, self.sql = postgres, sql

    def __enter__(self) -> "Holder":
        self.thread = threading.Thread(target=self.postgres.psql, args=(f"BEGIN; {self.sql}; SELECT pg_sleep (600) /* holder */",))
        self.thread.start()
        wait_until(lambda: self.postgres.sessions("wait_event = 'PgSleep'"), "the lock is held")
        return self

    def __exit__(self, *exc: Any) -> None:
        self.postgres.sql("SELECT pg_terminate_backend (pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        self.thread.join()


def nothing_goes_on(postgres: PostgresServer) -> None:
    wait_until(lambda: postgres.sessions("application_name = 'felucca'") == 0, "the server has ended what we left")


@pytest.mark.parametrize("asked", [{"timeout": 1}, {"timeout": 30, "cancel_msec": 500}])
def test_locks_are_not_waited_for_too_long(verbs: Verbs, postgres: PostgresServer, prefix: str, asked: dict[str, int]):  # noqa: F811
    id = verbs.mint()["id"]
    with Holder(postgres, f"SELECT pg_advisory_xact_lock ({MINT_LOCK})"):
        fails(TIMED_OUT, verbs, "mint", **asked)
        fails(TIMED_OUT, verbs, "list", **asked)
        fails(TIMED_OUT, verbs, "revoke", **(asked | {"id": "not-there"}))
    with Holder(postgres, f"ALTER ROLE {quote(id)} CONNECTION LIMIT 7"):
        fails(TIMED_OUT, verbs, "renew", ttl=60, **(asked | {"id": id}))
        fails(TIMED_OUT, verbs, "revoke", **(asked | {"id": id}))
    nothing_goes_on(postgres)
    verbs.revoke(id)
    assert postgres.roles(prefix) == []


# What the server says


def test_server_down(verbs: Verbs, postgres: PostgresServer):  # noqa: F811
    with ReservedPort() as silent:
        for verb in ("mint", "list", "revoke", "renew"):
            fails(UNREACHABLE, verbs, verb, id="x", settings={"dsn": f"host=127.0.0.1 port={silent.number}"})
    fails(UNREACHABLE, verbs, "mint", settings={"dsn": "host=none-such.invalid"})
    fails(UNREACHABLE, verbs, "mint", settings={"dsn": f"host={postgres.root}/none-such"})
    assert "SSL" in fails(UNREACHABLE, verbs, "mint", settings={"dsn": postgres.dsn(host="127.0.0.1", sslmode="require")})


def test_an_admin_that_cannot_log_in(verbs: Verbs, postgres: PostgresServer, prefix: str):  # noqa: F811
    wrong = postgres.root / f"{prefix}passwords"
    wrong.write_text("*:*:*:*:hunter2\n")
    wrong.chmod(0o600)
    for verb in ("mint", "list", "revoke", "renew"):
        assert "hunter2" not in fails(DENIED, verbs, verb, id="x", settings={"dsn": postgres.dsn(passfile=wrong)})
        # Not NotFound: to the daemon that would prove that nothing lives there.
        fails(INTERNAL, verbs, verb, id="x", settings={"dsn": verbs.settings["dsn"] + " dbname=none-such"})
    assert "passfile" in fails(DENIED, verbs, "mint", settings={"dsn": postgres.dsn(user="nobody-knows")})


def test_an_admin_that_may_not(verbs: Verbs, postgres: PostgresServer, prefix: str):  # noqa: F811
    postgres.sql(f"CREATE ROLE {prefix}nobody LOGIN PASSWORD 'x'")
    postgres.allow(f"{prefix}nobody", "x")
    id = verbs.mint(ttl=60)["id"]
    settings = {"dsn": postgres.dsn(f"{prefix}nobody")}
    fails(DENIED, verbs, "mint", settings=settings)
    fails(DENIED, verbs, "revoke", id=id, settings=settings)
    fails(DENIED, verbs, "renew", id=id, ttl=60, settings=settings)
    assert id in postgres.roles(prefix)


def test_too_many_connections(postgres: PostgresServer):
    with Verbs("postgres", database="orders", dsn=postgres.dsn(MAKER), group="app") as verbs:
        postgres.sql(f"ALTER ROLE {MAKER} CONNECTION LIMIT 0")
        try:
            fails(RATE_LIMITED, verbs, "mint")
        finally:
            postgres.sql(f"ALTER ROLE {MAKER} CONNECTION LIMIT -1")


def test_several_hosts(verbs: Verbs, postgres: PostgresServer):  # noqa: F811
    """Looked up here: libpq would do so for as long as it likes."""
    user = user_of(verbs)
    with ReservedPort() as silent:
        for hosts, ports in (("none-such.invalid,localhost", str(postgres.port)),
                             (f"127.0.0.1,localhost,{postgres.root}", f"1,1,{postgres.port}"),
                             (f"localhost,{postgres.root}", f"{silent.number},{postgres.port}")):
            credential = verbs.mint(settings={"dsn": postgres.dsn(user, host=hosts, port=ports)})
            assert credential["host"] == hosts.split(",")[-1] and credential["port"] == postgres.port


def test_hostile_defaults_change_nothing(verbs: Verbs, postgres: PostgresServer, prefix: str):  # noqa: F811
    """Functions and operators of the same name in a schema that everybody may write, and odd session defaults."""
    user = user_of(verbs)
    postgres.sql("CREATE SCHEMA trap; GRANT ALL ON SCHEMA trap TO PUBLIC; CREATE FUNCTION trap.pg_advisory_xact_lock_shared (bigint) "
                 "RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$; CREATE VIEW trap.pg_roles AS SELECT 1 AS nothing")
    try:
        for setting in ("search_path = trap, pg_catalog", "default_transaction_isolation = serializable",
                        "default_transaction_read_only = on", "datestyle = 'German'", "standard_conforming_strings = off",
                        "bytea_output = escape", "password_encryption = md5", "timezone = 'Asia/Kathmandu'"):
            postgres.sql(f"ALTER ROLE {user} RESET ALL", PGOPTIONS="-c default_transaction_read_only=off")
            postgres.sql(f"ALTER ROLE {user} SET {setting}")
            credential = verbs.mint(ttl=600)
            assert postgres.login(credential).returncode == 0
            assert verbs.list()[0]["not-after"] == credential["not-after"]
            verbs.renew(credential["id"], 900)
            verbs.revoke(credential["id"])
    finally:
        postgres.sql(f"ALTER ROLE {user} RESET ALL", PGOPTIONS="-c default_transaction_read_only=off")
        postgres.sql("DROP SCHEMA trap CASCADE")
    assert postgres.roles(prefix) == []

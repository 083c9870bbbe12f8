# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The postgres backend against a real server, as a superuser and as an admin that may only create roles."""

from __future__ import annotations

import itertools
import os
import subprocess
import uuid
from typing import Any

import pytest

from desktop import wait_until
from postgres_server import BOSS, MAKER, PostgresServer, literal, needs_postgres, quote
from verbs import CONFLICT, DENIED, INVALID, NOT_FOUND, PROVIDER, UNSUPPORTED, Failed, Verbs

pytestmark = needs_postgres

# All of them by hand: FELUCCA_CYCLES=1000.
CYCLES = int(os.environ.get("FELUCCA_CYCLES", "100"))
AT_ONCE = 16
LONG_AGO = "2020-01-01"
numbers = itertools.count()


@pytest.fixture
def prefix() -> str:
    """The server is shared: every test has roles of its own."""
    return f"t{next(numbers)}_"


@pytest.fixture(params=[BOSS, MAKER])
def verbs(request: pytest.FixtureRequest, postgres: PostgresServer, prefix: str):
    with Verbs("postgres", database="orders", dsn=postgres.dsn(request.param), group="app", role_prefix=prefix) as verbs:
        yield verbs


@pytest.fixture
def boss(postgres: PostgresServer, prefix: str):
    with Verbs("postgres", database="orders", dsn=postgres.dsn(), group="app", role_prefix=prefix) as verbs:
        yield verbs


def fails(failure: int, verbs: Verbs, verb: str, **asked: Any) -> str:
    """Its sentence; nothing may live after it."""
    with pytest.raises(Failed) as info:
        verbs.call(verb, **asked)
    assert (info.value.failure, info.value.maybe_minted) == (failure, False), info.value.sentence
    return info.value.sentence


def open_session(postgres: PostgresServer, credential: dict[str, Any]) -> "subprocess.Popen[str]":
    """psql in the middle of a long statement."""
    env = {"PATH": os.environ["PATH"], "PGHOST": credential["host"], "PGPORT": str(credential["port"]),
           "PGUSER": credential["user"], "PGPASSWORD": credential["password"], "PGDATABASE": "orders"}
    process = subprocess.Popen(["psql", "-XAtqc", "SELECT pg_sleep (600)"], env=env, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    wait_until(lambda: postgres.sessions(f"usename = {literal(credential['user'])} AND state = 'active'"), "it is busy")
    return process


# The life of a credential


def test_psql_connects(verbs: Verbs, postgres: PostgresServer, prefix: str):
    credential = verbs.mint()
    assert credential["id"] == credential["user"] and credential["user"].startswith(prefix)
    assert (credential["host"], credential["port"], credential["ssl-mode"]) == (str(postgres.root), postgres.port, "prefer")
    assert len(credential["password"]) == 32 and credential["password"] != verbs.mint()["password"]
    assert "not-after" not in credential and "login-only" not in credential and credential["renewable"] is True
    shown = postgres.login(credential, "SELECT current_user, session_user, current_database ()")
    assert shown.stdout.split("|") == ["app", credential["user"], "orders\n"], shown.stderr


def test_after_revoke_it_is_refused_and_its_sessions_are_gone(verbs: Verbs, postgres: PostgresServer):
    credential, other = verbs.mint(), verbs.mint()
    sessions = [open_session(postgres, credential) for _ in range(3)]
    kept = open_session(postgres, other)
    verbs.revoke(credential["id"])
    for session in sessions:
        assert session.wait(30) != 0
        assert "terminating connection" in session.communicate()[1]
    refused = postgres.login(credential)
    assert refused.returncode != 0 and "authentication failed" in refused.stderr
    assert kept.poll() is None and postgres.login(other).returncode == 0
    verbs.revoke(other["id"])
    kept.communicate(timeout=30)


def test_after_its_end_it_is_refused(verbs: Verbs, postgres: PostgresServer):
    credential = verbs.mint(ttl=1)
    assert credential["not-after"] == credential["created"] + 1 and credential["login-only"] is True
    wait_until(lambda: postgres.login(credential).returncode != 0, "the login is refused")
    assert verbs.renew(credential["id"], 600)["not-after"] >= credential["not-after"] + 599
    assert postgres.login(credential).returncode == 0


def test_renew_believes_the_server(verbs: Verbs, postgres: PostgresServer):
    credential = verbs.mint(ttl=600)
    postgres.sql(f"ALTER ROLE {quote(credential['id'])} VALID UNTIL '2040-01-01 00:00:00+00'")
    assert verbs.renew(credential["id"], 0)["not-after"] == 2208988800
    assert verbs.list()[0]["not-after"] == 2208988800
    verbs.revoke(credential["id"])
    fails(NOT_FOUND, verbs, "renew", id=credential["id"], ttl=60)
    assert 99 * 365 < (verbs.mint(ttl=2**63 - 1)["not-after"] - credential["created"]) / 86400 <= 100 * 365 + 1


def test_what_was_made_through_it_stays_and_belongs_to_the_group(verbs: Verbs, postgres: PostgresServer, prefix: str):
    credential = verbs.mint()
    table = f"public.{prefix}table"
    done = postgres.login(credential, f"CREATE TABLE {table} (n int); INSERT INTO {table} VALUES (7)")
    assert done.returncode == 0, done.stderr
    verbs.revoke(credential["id"])
    assert postgres.roles(prefix) == []
    assert postgres.sql(f"SELECT n, tableowner FROM {table}, pg_tables WHERE tablename = '{prefix}table'", database="orders") == "7|app"


def test_what_it_owns_itself_is_handed_over(verbs: Verbs, postgres: PostgresServer, prefix: str):
    credential = verbs.mint()
    name = quote(credential["user"])
    for database in ("orders", "postgres"):
        postgres.sql(f"CREATE SCHEMA {prefix}s AUTHORIZATION {name}; CREATE TABLE {prefix}s.t (n int); "
                     f"ALTER TABLE {prefix}s.t OWNER TO {name}; CREATE TABLE {prefix}foreign (n int); "
                     f"ALTER TABLE {prefix}foreign OWNER TO app; GRANT SELECT ON {prefix}foreign TO {name}", database=database)
    # The server's own rule where the admin is no superuser: the new owner of a schema could have created it.
    postgres.sql("GRANT CREATE ON DATABASE postgres TO app")
    verbs.revoke(credential["id"])
    assert postgres.roles(prefix) == []
    for database in ("orders", "postgres"):
        owner = postgres.sql(f"SELECT tableowner FROM pg_tables WHERE schemaname = '{prefix}s'", database=database)
        assert owner == "app"
        assert postgres.sql(f"SELECT relacl FROM pg_class WHERE relname = '{prefix}foreign'", database=database).count(prefix) == 0


def test_what_cannot_be_handed_over_is_told(verbs: Verbs, postgres: PostgresServer, prefix: str):
    credential = verbs.mint()
    closed = f"{prefix}closed"
    postgres.sql(f"CREATE DATABASE {closed}")
    postgres.sql(f"CREATE SCHEMA s AUTHORIZATION {quote(credential['id'])}", database=closed)
    postgres.sql(f"GRANT CREATE ON DATABASE {closed} TO app")
    postgres.sql(f"ALTER DATABASE {closed} ALLOW_CONNECTIONS false")
    sentence = fails(PROVIDER, verbs, "revoke", id=credential["id"])
    assert all(f"'{name}'" in sentence for name in (credential["id"], closed, "app"))
    assert "not permitted to log in" in postgres.login(credential).stderr
    postgres.sql(f"ALTER DATABASE {closed} ALLOW_CONNECTIONS true")
    verbs.revoke(credential["id"])
    assert postgres.roles(prefix) == []


def test_what_others_granted_is_told(postgres: PostgresServer, prefix: str):
    with Verbs("postgres", database="orders", dsn=postgres.dsn(MAKER), group="app", role_prefix=prefix) as verbs:
        credential = verbs.mint()
        postgres.sql(f"CREATE TABLE {prefix}t (n int); GRANT SELECT ON {prefix}t TO {quote(credential['id'])}", database="orders")
        assert "take back" in fails(CONFLICT, verbs, "revoke", id=credential["id"])
        assert "not permitted to log in" in postgres.login(credential).stderr
        verbs.revoke(credential["id"], settings={"dsn": postgres.dsn()})
    assert postgres.roles(prefix) == []


def test_no_role_is_left(verbs: Verbs, postgres: PostgresServer, prefix: str):
    left = CYCLES
    while left > 0:
        minted = [verbs.start("mint") for _ in range(min(left, AT_ONCE))]
        ended = [verbs.start("revoke", id=verbs.finish(one)["fields"]["id"]) for one in minted]
        left -= len([verbs.finish(one) for one in ended])
    assert postgres.roles(prefix) == []


def test_many_at_once(verbs: Verbs, postgres: PostgresServer, prefix: str):
    calls = [verbs.start("mint", ttl=600) for _ in range(AT_ONCE)]
    ids = sorted(verbs.finish(call)["fields"]["id"] for call in calls)
    assert postgres.roles(prefix) == ids
    calls = [verbs.start("list") for _ in range(AT_ONCE)] + [verbs.start("mint") for _ in range(AT_ONCE)]
    more = [verbs.finish(call) for call in calls]
    assert all(len(answer["list"]) >= AT_ONCE for answer in more[:AT_ONCE])
    # Each of them three times at once: the others find it gone.
    ids += [answer["fields"]["id"] for answer in more[AT_ONCE:]]
    for start in range(0, len(ids), 8):
        for call in [verbs.start("revoke", id=id) for id in ids[start:start + 8] for _ in range(3)]:
            verbs.finish(call)
    assert postgres.roles(prefix) == []


# What is ours


def test_list_reports_intents(verbs: Verbs, postgres: PostgresServer):
    intents = [str(uuid.uuid4()) for _ in range(3)]
    credentials = [verbs.mint(intent=intent, ttl=60) for intent in intents[:2]] + [verbs.mint(intent=intents[2])]
    listed = verbs.list()
    assert [one["intent"] for one in listed] == intents
    assert [one["id"] for one in listed] == [one["id"] for one in credentials]
    assert [one["created"] for one in listed] == [one["created"] for one in credentials]
    assert [one.get("not-after", 0) for one in listed] == [one.get("not-after", 0) for one in credentials]
    assert verbs.list(database="postgres") == verbs.list(database="none-such") == []


def test_the_same_intent_is_not_minted_twice(verbs: Verbs, postgres: PostgresServer, prefix: str):
    first = verbs.mint(intent="7f6c1f0e-6d3b-4a52-9b7e-2c9a3c1d0001")
    fails(CONFLICT, verbs, "mint", intent="7f6c1f0e-6d3b-4a52-9b7e-2c9a3c1d0001")
    assert postgres.login(first).returncode == 0


@pytest.mark.parametrize("comment", [None, "", "mine", "felucca", "felucca/1 intent=x", "felucca/1 created=1 intent=2 by=x database=y",
                                     "felucca/1 intent=x created=y by=z database=orders"])  # fmt: skip
def test_a_role_without_our_mark_is_left_alone(verbs: Verbs, postgres: PostgresServer, prefix: str, comment: str | None):
    name = f"{prefix}somebody"
    postgres.sql(f"CREATE ROLE {name} LOGIN VALID UNTIL '{LONG_AGO}'")
    if comment is not None:
        postgres.sql(f"COMMENT ON ROLE {name} IS {literal(comment)}")
    assert "left alone" in fails(DENIED, verbs, "revoke", id=name)
    fails(NOT_FOUND, verbs, "renew", id=name, ttl=60)
    verbs.mint()
    assert name in postgres.roles(prefix) and name not in [one["id"] for one in verbs.list()]


def test_a_role_of_another_prefix_is_left_alone(verbs: Verbs, postgres: PostgresServer, prefix: str):
    credential = verbs.mint()
    other = {"role-prefix": "other_"}
    fails(DENIED, verbs, "revoke", id=credential["id"], settings=other)
    fails(NOT_FOUND, verbs, "renew", id=credential["id"], settings=other)
    assert verbs.list(settings=other) == []
    fails(DENIED, verbs, "revoke", id="boss")
    assert postgres.login(credential).returncode == 0


def test_what_is_gone_is_revoked(verbs: Verbs):
    credential = verbs.mint()
    verbs.revoke(credential["id"])
    verbs.revoke(credential["id"])
    verbs.revoke("never-was")


# Leftovers


def test_leftovers_of_ours_are_dropped(verbs: Verbs, postgres: PostgresServer, prefix: str):
    old = [verbs.mint()["id"] for _ in range(10)]
    for id in old:
        postgres.sql(f"ALTER ROLE {quote(id)} VALID UNTIL '{LONG_AGO}'")
    first = verbs.mint()["id"]
    assert len(postgres.roles(prefix)) >= 3, "at most eight at once"
    ours = [first]

    def only_ours() -> bool:
        ours.append(verbs.mint()["id"])
        return sorted(ours) == postgres.roles(prefix)

    wait_until(only_ours, "the others are gone")


@pytest.mark.parametrize("why", ["recent", "endless", "of another machine", "in use", "owns", "not marked"])
def test_leftovers_that_could_matter_are_kept(boss: Verbs, postgres: PostgresServer, prefix: str, why: str):
    credential = boss.mint(ttl=600)
    name = quote(credential["id"])
    comment = postgres.sql(f"SELECT shobj_description ({literal(name)}::regrole, 'pg_authid')")
    session = open_session(postgres, credential) if why == "in use" else None
    postgres.sql(f"ALTER ROLE {name} VALID UNTIL '{LONG_AGO}'")
    if why == "recent":
        postgres.sql(f"DO $$ BEGIN EXECUTE format ('ALTER ROLE {name} VALID UNTIL %L', now () - interval '59 minutes'); END $$")
    if why == "endless":
        postgres.sql(f"ALTER ROLE {name} VALID UNTIL 'infinity'")
    if why == "of another machine":
        assert " by=" in comment
        postgres.sql(f"COMMENT ON ROLE {name} IS {literal(comment.replace(' by=', ' by=somebody-'))}")
    if why == "owns":
        postgres.sql(f"CREATE SCHEMA {prefix}s AUTHORIZATION {name}", database="orders")
    if why == "not marked":
        postgres.sql(f"COMMENT ON ROLE {name} IS NULL")
    boss.mint()
    assert credential["id"] in postgres.roles(prefix)
    if session is not None:
        assert session.poll() is None
        boss.revoke(credential["id"])
        session.communicate(timeout=30)


# Names, settings, secrets

ODD_NAMES = ['we"ird', "back\\slash", "sin'gle", "größe ☃", "-- x", "; DROP", "$1", "A b", "n" * 63, "ü" * 31]


@pytest.mark.parametrize("odd", ODD_NAMES)
def test_odd_names(verbs: Verbs, postgres: PostgresServer, odd: str):
    """A database, a group and a prefix of that name, an admin that has to hand things over."""
    short = odd.encode()[:31].decode(errors="ignore")
    if postgres.sql(f"SELECT count (*) FROM pg_roles WHERE rolname = {literal(odd)}") == "0":
        postgres.sql(f"CREATE ROLE {quote(odd)}")
        postgres.sql(f"GRANT {quote(odd)} TO {MAKER} WITH ADMIN OPTION")
        postgres.sql(f"CREATE DATABASE {quote(odd)} OWNER {quote(odd)}")
    settings = {"role-prefix": short, "group": odd, "dsn": verbs.settings["dsn"]}
    with Verbs("postgres", database=odd, **settings) as odd_verbs:
        credential = odd_verbs.mint(ttl=60)
        assert credential["id"].startswith(short)
        shown = postgres.login(credential, "SELECT current_user, current_database ()", database=odd)
        assert shown.stdout.strip() == f"{odd}|{odd}", shown.stderr
        assert [one["id"] for one in odd_verbs.list()] == [credential["id"]]
        odd_verbs.renew(credential["id"], 60)
        postgres.sql(f"CREATE SCHEMA {quote(short)} AUTHORIZATION {quote(credential['id'])}", database=odd)
        odd_verbs.revoke(credential["id"])
        assert postgres.roles(short) == ([odd] if odd.startswith(short) else [])
        postgres.sql(f"DROP SCHEMA {quote(short)}", database=odd)


def test_settings_override_what_is_reported(verbs: Verbs, postgres: PostgresServer):
    settings = {"host": "db.example.org", "port": "6432", "ssl-mode": "verify-full", "database": "orders"}
    credential = verbs.mint(database="billing", settings=settings)
    assert {key: credential[key] for key in ("host", "port", "ssl-mode", "database-name")} == {
        "host": "db.example.org", "port": 6432, "ssl-mode": "verify-full", "database-name": "orders"}
    assert [one["id"] for one in verbs.list(database="billing", settings=settings)] == [credential["id"]]
    tcp = verbs.mint(settings={"dsn": verbs.settings["dsn"] + " host=localhost"})
    assert tcp["host"] == "localhost" and postgres.login(tcp).returncode == 0


def test_the_group_is_called_like_the_database_by_default(boss: Verbs, postgres: PostgresServer, prefix: str):
    with Verbs("postgres", database="orders", dsn=postgres.dsn(), role_prefix=prefix) as verbs:
        assert "'orders'" in fails(NOT_FOUND, verbs, "mint")
        assert "'none-such'" in fails(NOT_FOUND, verbs, "mint", database="none-such")
        assert "superuser" in fails(DENIED, verbs, "mint", settings={"group": BOSS})
        assert "may create roles" in fails(DENIED, verbs, "mint", settings={"group": MAKER})
        postgres.sql(f"CREATE ROLE {prefix}db")
        postgres.sql(f"CREATE DATABASE {prefix}db")
        postgres.sql(f"REVOKE CONNECT ON DATABASE {prefix}db FROM PUBLIC")
        assert "may not connect" in fails(DENIED, verbs, "mint", database=f"{prefix}db")
        postgres.sql(f"GRANT CONNECT ON DATABASE {prefix}db TO {prefix}db")
        assert postgres.login(verbs.mint(database=f"{prefix}db"), database=f"{prefix}db").returncode == 0


def test_tenants_are_not_its_business(boss: Verbs):
    fails(UNSUPPORTED, boss, "mint", tenant="t1")
    fails(UNSUPPORTED, boss, "mint", internal=True)
    fails(INVALID, boss, "list", database=None)


@pytest.mark.parametrize(("key", "value", "shown"), [
    ("dsn", "host=x password=hunter2", "passfile="),
    ("dsn", "postgresql://u:hunter2@h/d", "passfile="),
    ("dsn", "host=x sslpassword=hunter2", "sslpassword"),
    ("dsn", "hunter2", "dsn"),
    ("dsn", "postgresql://u:hunter2@h:x:y/%zz", "dsn"),
    ("role-prefix", "", "1 to 31"),
    ("role-prefix", "x" * 32, "1 to 31"),
    ("role-prefix", "pg_x", "pg_"),
    ("group", "", "1 to 63"),
    ("group", "x" * 64, "1 to 63"),
    ("database", "x" * 64, "1 to 63"),
    ("host", "a,b", "host"),
    ("host", "", "host"),
    ("port", "0", "port"),
    ("port", "65536", "port"),
    ("ssl-mode", "maybe", "ssl-mode"),
])  # fmt: skip
def test_settings_that_are_refused(boss: Verbs, key: str, value: str, shown: str):
    sentence = fails(INVALID, boss, "check", settings={key: value})
    assert shown in sentence and "hunter2" not in sentence


def test_settings_that_are_good(boss: Verbs):
    for settings in ({"dsn": ""}, {"dsn": "service=x"}, {"dsn": "postgresql:///x?host=/run"}, {"role-prefix": "x" * 31},
                     {"group": "x" * 63}, {"host": "/run/postgresql"}, {"host": "::1", "port": "65535"}):
        boss.call("check", settings=settings)


def test_the_server_never_sees_a_password(verbs: Verbs, postgres: PostgresServer):
    """Its log has every statement."""
    credentials = [verbs.mint(ttl=60) for _ in range(3)]
    for credential in credentials:
        assert postgres.login(credential).returncode == 0
        verbs.renew(credential["id"], 90)
        verbs.revoke(credential["id"])
    log = postgres.log.read_text(errors="replace")
    for credential in credentials:
        assert f'CREATE ROLE "{credential["id"]}"' in log and f'DROP ROLE IF EXISTS "{credential["id"]}"' in log
        assert credential["password"] not in log

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The mariadb backend against a real server."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import threading
import uuid
from typing import Any

import pytest

from cutting_proxy import CuttingProxy
from desktop import Desktop, wait_until
from mariadb_server import MariadbServer, needs_mariadb, program
from verbs import DENIED, INVALID, NO_ANSWER, NOT_FOUND, TIMED_OUT, UNREACHABLE, UNSUPPORTED, Failed, Verbs

pytestmark = needs_mariadb

# All of them by hand: FELUCCA_CYCLES=1000.
CYCLES = int(os.environ.get("FELUCCA_CYCLES", "100"))
AT_ONCE = 16
UNLOCK = b"ACCOUNT UNLOCK"
STATEMENTS = [b"CREATE USER", b"GRANT `", b"SET DEFAULT", UNLOCK]
numbers = itertools.count()


@pytest.fixture(scope="session")
def mariadb():
    with MariadbServer() as server:
        yield server


@pytest.fixture
def prefix() -> str:
    """The server is shared: every test has users of its own."""
    return f"t{next(numbers)}_"


@pytest.fixture
def verbs(mariadb: MariadbServer, prefix: str):
    with Verbs("mariadb", database="orders", defaults_file=mariadb.options(), group="app", user_prefix=prefix) as verbs:
        yield verbs


def fails(failure: int, verbs: Verbs, verb: str, **asked: Any) -> str:
    """Its sentence; nothing may live after it."""
    with pytest.raises(Failed) as info:
        verbs.call(verb, **asked)
    assert (info.value.failure, info.value.maybe_minted) == (failure, False), info.value.sentence
    return info.value.sentence


def open_session(mariadb: MariadbServer, credential: dict[str, Any]) -> "subprocess.Popen[str]":
    """A client in the middle of a long statement."""
    process = subprocess.Popen([program("mariadb", "mysql"), "--no-defaults", f"--socket={mariadb.socket}", f"--user={credential['id']}",
                                "-e", "SELECT SLEEP (600)", "orders"], env=os.environ | {"MYSQL_PWD": credential["password"]},
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: sessions(mariadb, f"user = '{credential['id']}' AND state = 'User sleep'"), "it is busy")
    return process


def sessions(mariadb: MariadbServer, where: str) -> int:
    return int(mariadb.sql(f"SELECT COUNT(*) FROM information_schema.processlist WHERE {where}"))


# The life of a credential


def test_a_client_connects(verbs: Verbs, mariadb: MariadbServer, prefix: str):
    credential = verbs.mint(ttl=60)
    assert credential["id"].startswith(prefix) and len(credential["password"]) == 32
    assert credential["host"] == str(mariadb.socket) and "not-after" not in credential
    shown = mariadb.login(credential, "SELECT CURRENT_USER(), CURRENT_ROLE(), DATABASE()")
    assert shown.stdout == f"{credential['id']}@%\tapp\torders\n", shown.stderr


def test_after_revoke_it_is_refused_and_its_sessions_are_gone(verbs: Verbs, mariadb: MariadbServer, prefix: str):
    credential, other = verbs.mint(), verbs.mint()
    open_sessions = [open_session(mariadb, credential) for _ in range(3)]
    kept = open_session(mariadb, other)
    verbs.revoke(credential["id"])
    for session in open_sessions:
        assert session.wait(30) != 0
        session.communicate()
    assert "Access denied" in mariadb.login(credential).stderr
    assert kept.poll() is None and mariadb.login(other).returncode == 0
    verbs.revoke(other["id"])
    kept.communicate(timeout=30)
    assert mariadb.users(prefix) == []


def test_what_was_made_through_it_stays(verbs: Verbs, mariadb: MariadbServer, prefix: str):
    credential = verbs.mint()
    assert mariadb.login(credential, f"CREATE TABLE {prefix}t (n int); INSERT INTO {prefix}t VALUES (7); CREATE DEFINER=CURRENT_ROLE "
                         f"VIEW {prefix}v AS SELECT n FROM {prefix}t").returncode == 0
    verbs.revoke(credential["id"])
    other = verbs.mint()
    assert mariadb.login(other, f"SELECT * FROM {prefix}t UNION ALL SELECT * FROM {prefix}v").stdout == "7\n7\n"


def test_no_user_is_left(verbs: Verbs, mariadb: MariadbServer, prefix: str):
    left = CYCLES
    while left > 0:
        minted = [verbs.start("mint") for _ in range(min(left, AT_ONCE))]
        ended = [verbs.start("revoke", id=verbs.finish(one)["fields"]["id"]) for one in minted]
        left -= len([verbs.finish(one) for one in ended])
    assert mariadb.users(prefix) == []


def test_many_at_once(verbs: Verbs, mariadb: MariadbServer, prefix: str):
    ids = sorted(verbs.finish(call)["fields"]["id"] for call in [verbs.start("mint") for _ in range(AT_ONCE)])
    assert mariadb.users(prefix) == ids
    for call in [verbs.start("revoke", id=id) for id in ids for _ in range(3)] + [verbs.start("list")]:
        verbs.finish(call)
    assert mariadb.users(prefix) == []


# What is ours


def test_list_reports_intents(verbs: Verbs, mariadb: MariadbServer):
    intents = sorted(str(uuid.uuid4()) for _ in range(3))
    credentials = [verbs.mint(intent=intent) for intent in intents]
    assert [(one["id"], one["intent"], one["created"]) for one in verbs.list()] == [
        (one["id"], intent, one["created"]) for one, intent in zip(credentials, intents)]
    assert verbs.list(database="billing") == []


def test_others_are_left_alone(verbs: Verbs, mariadb: MariadbServer, prefix: str):
    ours = verbs.mint()["id"]
    names = [f"{prefix}somebody", ours[:-1], ours[:-1] + "x", ours + "0", ours.replace("_", "-"), "other_" + ours, "root"]
    for name in names[:-1]:
        mariadb.sql(f"CREATE USER '{name}'")
    for name in names:
        assert "left alone" in fails(DENIED, verbs, "revoke", id=name)
    assert [one["id"] for one in verbs.list()] == [ours]
    assert len(mariadb.users(prefix)) == 5 and len(mariadb.users("other_")) == 1
    fails(DENIED, verbs, "revoke", id=ours, settings={"user-prefix": "other_"})


def test_what_is_gone_is_revoked(verbs: Verbs):
    credential = verbs.mint()
    verbs.revoke(credential["id"])
    verbs.revoke(credential["id"])


def test_the_same_name_is_not_made_twice(verbs: Verbs, mariadb: MariadbServer, prefix: str):
    """The first one stays what it was: it is not undone for the second one's sake."""
    intent = str(uuid.uuid4())

    def both_in_one_second() -> bool:
        calls = [verbs.start("mint", intent=intent) for _ in range(2)]
        answers = [call.result(60) for call in calls]
        return sorted(answer["ok"] for answer in answers) == [False, True]

    # The name has the second in it: two of them seldom differ.
    wait_until(both_in_one_second, "two mints in one second")
    assert mariadb.users(prefix) != []


@pytest.mark.parametrize("odd", ["we`ird", "back\\slash", "sin'gle", "größe", "-- x", "do\"uble", "A b", "n" * 30])
def test_odd_names(verbs: Verbs, mariadb: MariadbServer, odd: str):
    quoted = odd.replace("`", "``")
    mariadb.sql(f"CREATE OR REPLACE ROLE `{quoted}`; CREATE DATABASE IF NOT EXISTS `{quoted}`; GRANT `{quoted}` TO maker WITH ADMIN OPTION; "
                f"SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'")
    with Verbs("mariadb", database=odd, group=odd, user_prefix=odd, defaults_file=mariadb.options()) as odd_verbs:
        credential = odd_verbs.mint()
        assert credential["id"].startswith(odd)
        assert mariadb.login(credential, "SELECT CURRENT_ROLE()", database="").stdout.strip().replace("\\\\", "\\") == odd
        assert [one["id"] for one in odd_verbs.list()] == [credential["id"]]
        odd_verbs.revoke(credential["id"])
        assert odd_verbs.list() == []


def test_settings_override_what_is_reported(verbs: Verbs, mariadb: MariadbServer):
    settings = {"host": "db.example.org", "port": "3307", "ssl-mode": "verify-full", "database": "orders", "user-host": "localhost"}
    credential = verbs.mint(database="billing", settings=settings)
    assert {key: credential[key] for key in ("host", "port", "ssl-mode", "database-name")} == {
        "host": "db.example.org", "port": 3307, "ssl-mode": "verify-full", "database-name": "orders"}
    assert mariadb.login(credential, "SELECT CURRENT_USER()").stdout == f"{credential['id']}@localhost\n"
    verbs.revoke(credential["id"], settings=settings)
    tcp = verbs.mint(settings={"defaults-file": mariadb.options("tcp", socket=None, host="127.0.0.1", port=mariadb.port)})
    assert (tcp["host"], tcp["port"]) == ("127.0.0.1", mariadb.port)


@pytest.mark.parametrize(("key", "value"), [
    ("user-prefix", ""), ("user-prefix", "x" * 31), ("group", ""), ("group", "x" * 129), ("user-host", ""), ("user-host", "x" * 256),
    ("defaults-file", "relative.cnf"), ("defaults-file", "/none-such"), ("port", "0"), ("host", "a b"), ("ssl-mode", "maybe")])
def test_settings_that_are_refused(verbs: Verbs, key: str, value: str):
    assert key in fails(INVALID, verbs, "check", settings={key: value})
    verbs.call("check")


def test_what_it_does_not_do(verbs: Verbs, mariadb: MariadbServer, prefix: str):
    fails(UNSUPPORTED, verbs, "mint", tenant="t1")
    fails(UNSUPPORTED, verbs, "mint", internal=True)
    fails(INVALID, verbs, "list", database=None)
    assert "'none-such'" in fails(NOT_FOUND, verbs, "mint", settings={"group": "none-such"})
    mariadb.sql(f"CREATE ROLE {prefix}boss; GRANT CREATE USER ON *.* TO {prefix}boss")
    assert "superuser" in fails(DENIED, verbs, "mint", settings={"group": f"{prefix}boss"})


def test_the_server_never_sees_a_password(verbs: Verbs, mariadb: MariadbServer):
    credentials = [verbs.mint() for _ in range(3)]
    for credential in credentials:
        assert mariadb.login(credential).returncode == 0
        verbs.revoke(credential["id"])
    log = (mariadb.root / "statements").read_text(errors="replace")
    for credential in credentials:
        assert f"CREATE USER '{credential['id']}'" in log and credential["password"] not in log


# Faults


def through(proxy: CuttingProxy, mariadb: MariadbServer) -> dict[str, str]:
    return {"defaults-file": mariadb.options("proxy", socket=None, host="127.0.0.1", port=proxy.port)}


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_mint_that_is_cut(verbs: Verbs, mariadb: MariadbServer, prefix: str, statement: bytes, how: str):
    intent = str(uuid.uuid4())
    with CuttingProxy(mariadb.port, statement, how) as proxy:
        with pytest.raises(Failed) as info:
            verbs.call("mint", intent=intent, settings=through(proxy, mariadb))
        assert (info.value.failure, info.value.maybe_minted) == (NO_ANSWER, True), info.value.sentence
        id = info.value.fields["id"]
        listed = verbs.list()
        assert [(one["id"], one["intent"]) for one in listed] in ([], [(id, intent)])
        assert statement == STATEMENTS[0] or listed
        verbs.revoke(id)
        assert mariadb.users(prefix) == []


@pytest.mark.parametrize("verb", ["revoke", "list"])
def test_nothing_is_concluded_while_a_mint_is_under_way(verbs: Verbs, mariadb: MariadbServer, prefix: str, verb: str):
    with CuttingProxy(mariadb.port, STATEMENTS[0], "hold") as proxy:
        with pytest.raises(Failed) as info:
            verbs.call("mint", settings=through(proxy, mariadb), cancel_msec=5000)
        id = info.value.fields["id"]
        call = verbs.start(verb, id=id)
        wait_until(lambda: sessions(mariadb, "state = 'User lock'"), "it waits until no mint is under way")
        assert not call.done() and mariadb.users(prefix) == []
        proxy.release()
        listed = verbs.finish(call)["list"]
        if verb == "list":
            assert [one["id"] for one in listed] == mariadb.users(prefix)
            verbs.revoke(id)
        assert mariadb.users(prefix) == []


def test_a_refusal_in_the_middle_is_undone(verbs: Verbs, mariadb: MariadbServer, prefix: str):
    mariadb.sql(f"CREATE ROLE {prefix}closed")
    fails(DENIED, verbs, "mint", settings={"group": f"{prefix}closed"})
    assert mariadb.users(prefix) == [f"{prefix}closed"]


@pytest.mark.parametrize("asked", [{"timeout": 1}, {"timeout": 300, "cancel_msec": 500}])
@pytest.mark.parametrize("verb", ["mint", "list", "revoke"])
def test_a_mute_server(verbs: Verbs, mariadb: MariadbServer, verb: str, asked: dict[str, int]):
    id = verbs.mint()["id"]
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings = {"defaults-file": mariadb.options("mute", socket=None, host="127.0.0.1", port=mute.getsockname()[1])}
        fails(TIMED_OUT, verbs, verb, id=id, settings=settings, **asked)


@pytest.mark.parametrize("asked", [{"timeout": 1}, {"timeout": 30, "cancel_msec": 500}])
def test_locks_are_not_waited_for_too_long(verbs: Verbs, mariadb: MariadbServer, asked: dict[str, int]):
    id = verbs.mint()["id"]
    holder = threading.Thread(target=mariadb.client, args=("SELECT GET_LOCK ('felucca.mint', 0); SELECT SLEEP (600)",))
    holder.start()
    wait_until(lambda: sessions(mariadb, "state = 'User sleep'"), "the lock is held")
    try:
        fails(TIMED_OUT, verbs, "mint", **asked)
        fails(TIMED_OUT, verbs, "list", **asked)
        fails(TIMED_OUT, verbs, "revoke", id=id[:-1] + "0" if id[-1] != "0" else id[:-1] + "1", **asked)
    finally:
        mariadb.sql("KILL " + mariadb.sql("SELECT id FROM information_schema.processlist WHERE state = 'User sleep'"))
        holder.join()
    verbs.revoke(id)
    wait_until(lambda: sessions(mariadb, "user = 'maker'") == 0, "the server has ended what we left")


def test_what_the_server_says(verbs: Verbs, mariadb: MariadbServer, prefix: str):
    id = verbs.mint()["id"]
    wrong = {"defaults-file": mariadb.options("wrong", password="hunter2")}
    down = {"defaults-file": mariadb.options("down", socket=f"{mariadb.root}/none-such")}
    mariadb.sql(f"CREATE USER {prefix}nobody IDENTIFIED BY 'x'; GRANT SELECT ON mysql.* TO {prefix}nobody")
    weak = {"defaults-file": mariadb.options("weak", user=f"{prefix}nobody", password="x")}
    for verb in ("mint", "list", "revoke"):
        assert "hunter2" not in fails(DENIED, verbs, verb, id=id, settings=wrong)
        fails(UNREACHABLE, verbs, verb, id=id, settings=down)
    fails(DENIED, verbs, "mint", settings=weak)
    fails(DENIED, verbs, "revoke", id=id, settings=weak)
    assert id in mariadb.users(prefix)


# With the daemon


def test_the_life_of_a_credential(mariadb: MariadbServer):
    config = f"\n[backend local]\nmodule=mariadb\ngroup=app\ntimeout=5\ndefaults-file={mariadb.options()}\n"
    with Desktop(sign_in=False, config=config) as desktop:
        credential = desktop.create("local", "orders")
        assert mariadb.login(credential).returncode == 0
        assert desktop.get("local", "orders")["password"] == credential["password"]
        desktop.revoke(credential["id"])
        assert "Access denied" in mariadb.login(credential).stderr and mariadb.users("felucca_") == []


@pytest.mark.parametrize("when", ["cut", "killed"])
def test_a_lost_mint_leaves_nothing(mariadb: MariadbServer, when: str):
    with CuttingProxy(mariadb.port, UNLOCK, "after") as proxy:
        config = f"\n[backend local]\nmodule=mariadb\ngroup=app\ntimeout=5\ndefaults-file={through(proxy, mariadb)['defaults-file']}\n"
        if when == "killed":
            config = config.replace("proxy.cnf", "maker.cnf")
            mariadb.options()
        with Desktop(sign_in=False, daemon=False, config=config) as desktop:
            desktop.start_daemon(FELUCCA_FAILPOINT="mint-end:kill" if when == "killed" else "")
            with pytest.raises(Exception, match="revoked again" if when == "cut" else ""):
                desktop.create("local", "orders")
            if when == "killed":
                assert desktop.daemon_process is not None and desktop.daemon_process.wait(30) == -signal.SIGKILL
                assert len(mariadb.users("felucca_")) == 1
                desktop.start_daemon()
            wait_until(lambda: desktop.call("ListUnresolved") == [], "it is settled", 60)
            assert mariadb.users("felucca_") == []

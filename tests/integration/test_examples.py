# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples for apps that run in a terminal: they do what their README says, and say what is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from gi.repository import GLib

from bus_monitor import BusMonitor
from desktop import BUILD, Desktop, wait_until
from examples import ROOT, TABLES, TARGET, backend, clone, commands, orders, password_of
from postgres_server import PostgresServer, needs_postgres
from secret_items import find_item, set_attributes
from secret_scan import SecretScan
from x_display import can_draw

C_PROGRAM = BUILD / "examples/c/example-tables"
WITH_TABLES = ["python", "node", "c"]
PROGRAMS = [*WITH_TABLES, "gjs"]
WITH_A_PIPE = {"python", "c"}
KEYRING_STAYS_LOCKED = "Your keyring stays locked"
# Freed memory is overwritten, as in the daemon: what is found is held on purpose, or was forgotten.
TUNABLES = "glibc.malloc.perturb=90:glibc.malloc.tcache_count=0"

pytestmark = needs_postgres

# What is asked for, and the words by which a user knows what to do.
FAULTS = [
    ("acme/none-such", "There is no such workspace or database"),
    ("away/orders", "The provider cannot be reached"),
    ("barred/orders", "The provider does not let you use this database"),
    ("nile-workspace/orders", "You are not signed in at the provider"),
    ("orders", "usage: "),
    ("acme/orders/more", "There is no such workspace or database"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with orders() as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def config(server: PostgresServer) -> str:
    return (backend("acme", server) + backend("away", server, host="127.0.0.1", port=1)
            + backend("barred", server, user="none-such"))


@pytest.fixture(scope="module")
def shared(config: str) -> Iterator[Desktop]:
    """For what leaves it as it was."""
    with Desktop(sign_in=False, config=config) as desktop:
        yield desktop


@pytest.fixture
def fresh(config: str) -> Iterator[Desktop]:
    with Desktop(sign_in=False, config=config) as desktop:
        yield desktop


def need(program: str) -> None:
    """Skips where it cannot run."""
    if program == "node" and not (ROOT / "tests/node_modules/pg").exists():
        pytest.skip("run `npm ci` in tests/ first")
    if program == "gjs" and shutil.which("gjs") is None:
        pytest.skip("there is no gjs")


def run(desktop: Desktop, folder: Path, program: str, target: str = TARGET, **variables: str) -> subprocess.CompletedProcess[str]:
    """The line of the README; in C, the program that meson has built."""
    need(program)
    command = f"{C_PROGRAM} {TARGET}" if program == "c" else commands()[program]
    return shell(desktop, folder, command.replace(TARGET, target), **variables)


def shell(desktop: Desktop, folder: Path, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-euc", command], cwd=folder, env=desktop.env | {"LANG": "C.UTF-8"} | variables, text=True,
                          capture_output=True, timeout=120, stdin=subprocess.DEVNULL)  # fmt: skip


def test_each_example_has_its_line():
    assert set(commands()) == {*PROGRAMS, "gtk4"} == {path.parent.name for path in (ROOT / "examples").glob("*/*")}
    assert all(TARGET in command for command in commands().values())


# What they do


@pytest.mark.parametrize("program", WITH_TABLES)
def test_the_tables(fresh: Desktop, folder: Path, program: str):
    """From nothing, then with what is stored."""
    for _ in range(2):
        done = run(fresh, folder, program)
        assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, TABLES, "")
    assert len(fresh.list()) == 1


def test_the_line_with_the_compiler(shared: Desktop, folder: Path):
    done = shell(shared, folder, commands()["c"])
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, TABLES, "")


def test_the_summary(fresh: Desktop, folder: Path, server: PostgresServer):
    done = run(fresh, folder, "gjs")
    (credential,) = fresh.list()
    who = f"{credential['user']} may log in to orders on {server.root}, port {server.port}, until "
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{who}it is revoked\n", "")
    fresh.create("acme", "orders", ttl=GLib.Variant("t", 3600))
    fresh.revoke(credential["id"])
    (credential,) = fresh.list()
    end = GLib.DateTime.new_from_unix_local(credential["not-after"]).format("%F %T")
    assert run(fresh, folder, "gjs").stdout.endswith(f", until {end}\n")


def test_the_packages_of_npm_are_those_of_the_tests():
    wanted = json.loads((ROOT / "examples/node/package.json").read_text())["dependencies"]
    assert wanted.items() <= json.loads((ROOT / "tests/package.json").read_text())["devDependencies"].items()


# What goes wrong


def fails(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    assert done.returncode in (1, 2) and done.stdout == "", done
    assert re.match(sentence, done.stderr), done.stderr
    assert len(done.stderr.splitlines()) <= 2, done.stderr


@pytest.mark.parametrize("target,sentence", FAULTS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_asked_for_is_wrong(shared: Desktop, folder: Path, program: str, target: str, sentence: str):
    fails(run(shared, folder, program, target), sentence)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_keyring_stays_locked(fresh: Desktop, folder: Path, program: str):
    fresh.lock_keyring()
    fails(run(fresh, folder, program), KEYRING_STAYS_LOCKED)


@pytest.mark.parametrize("program", PROGRAMS)
def test_there_is_no_keyring(config: str, folder: Path, program: str):
    with Desktop(keyring=False, sign_in=False, config=config) as desktop:
        fails(run(desktop, folder, program), "There is no keyring")


@pytest.mark.parametrize("program", PROGRAMS)
def test_there_is_no_felucca(folder: Path, program: str):
    with Desktop(keyring=False, sign_in=False, daemon=False) as desktop:
        fails(run(desktop, folder, program), "felucca is not installed here")


@pytest.mark.parametrize("program", [*PROGRAMS, "gtk4"])
def test_there_is_no_bus(shared: Desktop, folder: Path, program: str):
    if program == "gtk4" and not can_draw():
        pytest.skip("there is no GTK 4")
    done = run(shared, folder, program, DBUS_SESSION_BUS_ADDRESS=f"unix:path={folder}/none")
    fails(done, "(It did not work: )?(Could not connect: No such file|connect ENOENT)")


@pytest.mark.parametrize("program", WITH_TABLES)
def test_the_database_is_away(fresh: Desktop, folder: Path, program: str):
    """There is a credential, and nothing to log in to."""
    fresh.create("acme", "orders")
    set_attributes(fresh, find_item(fresh).path, host="localhost", port="1")
    wait_until(lambda: fresh.list()[0]["host"] == "localhost", "the daemon knows the new host")
    cannot_log_in(run(fresh, folder, program), "refused|ECONNREFUSED")


@pytest.mark.parametrize("program", WITH_TABLES)
def test_the_database_refuses(fresh: Desktop, folder: Path, server: PostgresServer, program: str):
    """What is stored is good no more, and nobody has told felucca."""
    server.sql(f"ALTER ROLE {fresh.create('acme', 'orders')['user']} NOLOGIN")
    cannot_log_in(run(fresh, folder, program), "is not permitted to log in")


def cannot_log_in(done: subprocess.CompletedProcess[str], why: str) -> None:
    assert done.returncode == 1 and done.stdout == "" and re.search(why, done.stderr), done
    assert re.match("Could not log in to the database: |It did not work: ", done.stderr), done.stderr
    assert "Traceback" not in done.stderr and "    at " not in done.stderr


def test_the_names_of_errors_are_in_the_contract():
    contract = set(re.findall(r"\b[A-Z][A-Za-z]+\b", (ROOT / "dbus/org.felucca.Credentials1.xml").read_text()))
    for path in (ROOT / "examples").glob("*/*.*"):
        named = re.findall(r'(?:ERRORS \+? ?"|org\.felucca\.Error\.)([A-Z]\w+)', path.read_text())
        assert set(named) <= contract, path
        assert named or path.suffix not in (".py", ".js", ".c"), path


# What others see


@pytest.mark.parametrize("program", PROGRAMS)
def test_who_monitors_the_bus(fresh: Desktop, folder: Path, program: str):
    with BusMonitor(fresh) as monitor:
        done = run(fresh, folder, program)
        traffic = monitor.raw()
    (credential,) = fresh.list()
    scan = SecretScan([password_of(fresh, credential["id"])])
    assert credential["id"].encode() in traffic
    assert bool(scan.in_bytes("bus", traffic)) == (program not in WITH_A_PIPE)
    assert scan.in_bytes("output", (done.stdout + done.stderr).encode()) == []


def memory_of_the_program_in_c(desktop: Desktop, folder: Path) -> tuple[bytes, bytes]:
    """All of it: as it begins to log in, and as it leaves."""
    cores = [folder / "core.before", folder / "core.after"]
    steps = ["set breakpoint pending on", "set startup-with-shell off", "break PQconnectdbParams", "run", f"generate-core-file {cores[0]}",
             "catch syscall exit_group", "continue", f"generate-core-file {cores[1]}", "kill"]  # fmt: skip
    subprocess.run(["gdb", "-batch", "-nx", *(part for step in steps for part in ("-ex", step)), "--args", C_PROGRAM, TARGET],
                   env=desktop.env | {"GLIBC_TUNABLES": TUNABLES}, check=True, capture_output=True, timeout=120)  # fmt: skip
    return cores[0].read_bytes(), cores[1].read_bytes()


@pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the sanitizers keep what is freed")
def test_the_program_in_c_erases_the_password(fresh: Desktop, folder: Path):
    """What is found before shows that it would be found."""
    scan = SecretScan([password_of(fresh, fresh.create("acme", "orders")["id"])])
    before, after = memory_of_the_program_in_c(fresh, folder)
    assert scan.in_bytes("core", before) and scan.in_bytes("core", after) == []

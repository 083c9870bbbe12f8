# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""felucca run: what the command finds, against a stand-in daemon that can answer anything, and at the end the real one."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest

from daemon_stand_in import DaemonStandIn
from desktop import CLIENT, DEADLINE_SEC, Desktop

PROBE = [sys.executable, "-S", str(Path(__file__).resolve().parent / "command_probe.py")]
ID = "01932d5e-7c3a-7bbb-8f00-000000000001"
PASSWORD = "pa:ss\\wo'rd %40é"
FD = {"secret-fd": ("h", 0)}
CREDENTIAL = {"id": ID, "backend": "nile", "workspace": "acme", "database": "orders", "user": "u:1", "host": "db.example",
              "port": 5433, "ssl-mode": "require", "stored": True, "state": "active"}
SEALS = ("F_SEAL_SEAL", "F_SEAL_SHRINK", "F_SEAL_GROW", "F_SEAL_WRITE")


@pytest.fixture(scope="module")
def bus() -> Iterator[Desktop]:
    """A bus and nothing else."""
    with Desktop(keyring=False, sign_in=False, daemon=False) as desktop:
        yield desktop


@pytest.fixture
def daemon(bus: Desktop) -> Iterator[DaemonStandIn]:
    with DaemonStandIn(bus) as stand_in:
        stand_in.credential = dict(CREDENTIAL)
        stand_in.password = PASSWORD
        yield stand_in


def run(bus: Desktop, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return bus.cli("run", *arguments, **variables)


def probe(bus: Desktop, *arguments: str, **variables: str) -> dict[str, Any]:
    """What a command found."""
    done = run(bus, *(arguments or ("acme/orders",)), "--", *PROBE, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    for name in bus.env:
        found["environ"].pop(name, None)
    return {**found, "environ": {name: value for name, value in found["environ"].items() if name != "LC_CTYPE"}}


def pass_file(found: dict[str, Any]) -> dict[str, Any]:
    """The one descriptor beside the standard ones, which PGPASSFILE names."""
    ((number, file),) = [(number, file) for number, file in found["fds"].items() if int(number) > 2]
    assert found["environ"]["PGPASSFILE"] == f"/proc/self/fd/{number}"
    return file


# What the command finds


def test_environment_and_file(bus: Desktop, daemon: DaemonStandIn):
    found = probe(bus)
    file = pass_file(found)
    assert found["environ"] == {"PGPASSFILE": found["environ"]["PGPASSFILE"], "PGHOST": "db.example", "PGPORT": "5433",
                                "PGUSER": "u:1", "PGDATABASE": "orders", "PGSSLMODE": "require"}
    assert file["text"] == file["again"] == "db.example:5433:orders:u\\:1:pa\\:ss\\\\wo'rd %40é\n"
    assert daemon.calls == [("GetCredential", "acme", "orders", FD)]


def test_the_file_is_sealed_and_private(bus: Desktop, daemon: DaemonStandIn):
    file = pass_file(probe(bus))
    assert stat.S_ISREG(file["mode"]) and stat.S_IMODE(file["mode"]) == 0o600
    assert [seal for seal in SEALS if not file["seals"] & getattr(fcntl, seal)] == []
    assert file["flags"] == 0


def test_the_file_is_out_of_the_way_of_scripts(bus: Desktop, daemon: DaemonStandIn):
    number = probe(bus)["environ"]["PGPASSFILE"].rpartition("/")[2]
    assert int(number) >= 64
    low = subprocess.run(["prlimit", "--nofile=32:32", str(CLIENT), "run", "acme/orders", "--", "printenv", "PGPASSFILE"],
                         env=bus.env, capture_output=True, text=True)
    assert low.returncode == 0 and int(low.stdout.rpartition("/")[2]) < 32, low.stderr


def test_children_of_children_find_it(bus: Desktop, daemon: DaemonStandIn):
    done = run(bus, "acme/orders", "--", "sh", "-c", "sh -c 'cat \"$PGPASSFILE\"; true'; true")
    assert done.stdout.startswith("db.example:5433:orders:")


def test_standard_descriptors_pass_through(bus: Desktop, daemon: DaemonStandIn):
    done = bus.cli("run", "acme/orders", "--", "sh", "-c", "cat; echo to-error >&2", input="typed")
    assert (done.stdout, done.stderr, done.returncode) == ("typed", "to-error\n", 0)


def test_closed_standard_descriptors_stay_closed(bus: Desktop, daemon: DaemonStandIn):
    script = f"{CLIENT} run acme/orders -- sh -c 'ls -l /proc/self/fd >&2' <&-"
    done = subprocess.run(["sh", "-c", script], env=bus.env, capture_output=True, text=True)
    assert done.returncode == 0 and "memfd" in done.stderr and " 0 -> /memfd" not in done.stderr


def test_inherited_descriptors_stay(bus: Desktop, daemon: DaemonStandIn):
    script = f"exec 7</etc/hostname; exec {CLIENT} run acme/orders -- readlink /proc/self/fd/7"
    assert subprocess.run(["sh", "-c", script], env=bus.env, capture_output=True, text=True).stdout == "/etc/hostname\n"


@pytest.mark.parametrize("argument", ["", " ", "--", "--help", "-q", "a=b", "é", "\udcff\udcfe", "$HOME"])
def test_arguments_are_any_bytes(bus: Desktop, daemon: DaemonStandIn, argument: str):
    done = run(bus, "acme/orders", "--", *PROBE, argument, "end")
    assert json.loads(done.stdout)["argv"] == [os.fsencode(argument).hex(), b"end".hex()]


def test_what_else_would_win_is_removed(bus: Desktop, daemon: DaemonStandIn):
    kept = {"PGOPTIONS": "-c x=y", "PGAPPNAME": "mine", "PGSERVICEFILE": "/nowhere", "PGSSLROOTCERT": "system", "XPGPASSWORD": "x"}
    found = probe(bus, PGPASSWORD="foreign", PGSERVICE="foreign", PGHOSTADDR="10.0.0.1", PGPASSFILE="/foreign", PGHOST="foreign",
                  PGPORT="1", PGUSER="foreign", PGDATABASE="foreign", PGSSLMODE="disable", **kept)
    environment = found["environ"]
    assert [name for name in ("PGPASSWORD", "PGSERVICE", "PGHOSTADDR") if name in environment] == []
    assert "foreign" not in str(environment) and environment["PGSSLMODE"] == "require" and environment["PGPORT"] == "5433"
    assert {name: environment.get(name) for name in kept} == kept


def test_what_the_credential_does_not_say(bus: Desktop, daemon: DaemonStandIn):
    for key in ("port", "ssl-mode"):
        del daemon.credential[key]
    daemon.credential["database-name"] = "shop"
    found = probe(bus, PGPORT="1", PGSSLMODE="verify-full")
    assert "PGPORT" not in found["environ"]
    assert (found["environ"]["PGSSLMODE"], found["environ"]["PGDATABASE"]) == ("verify-full", "shop")
    assert pass_file(found)["text"].startswith("db.example:5432:shop:")


def test_a_socket_may_go_by_two_names(bus: Desktop, daemon: DaemonStandIn):
    daemon.credential["host"] = "/var/run/postgresql"
    lines = pass_file(probe(bus))["text"].splitlines()
    assert [line.partition(":")[0] for line in lines] == ["/var/run/postgresql", "localhost"]


# --env


@pytest.mark.parametrize("format,value", [
    ("password", PASSWORD),
    ("url", "postgres://u%3A1:pa%3Ass%5Cwo%27rd%20%2540%C3%A9@db.example:5433/orders?sslmode=require"),
    ("conninfo", "host='db.example' port='5433' dbname='orders' user='u:1' password='pa:ss\\\\wo\\'rd %40é' sslmode='require'"),
])
def test_a_format_in_a_variable(bus: Desktop, daemon: DaemonStandIn, format: str, value: str):
    assert probe(bus, "acme/orders", "--env", f"SECRET={format}", SECRET="old")["environ"]["SECRET"] == value


def test_many_variables(bus: Desktop, daemon: DaemonStandIn):
    environment = probe(bus, "acme/orders", "-e", "A=password", "--env=_B1=json", "-e", "PGPASSWORD=password")["environ"]
    assert environment["A"] == environment["PGPASSWORD"] == json.loads(environment["_B1"])["password"] == PASSWORD
    assert environment["PGHOST"] == "db.example"


def test_the_end_of_a_password_is_its_own(bus: Desktop, daemon: DaemonStandIn):
    daemon.password = "ends\n\n"
    done = run(bus, "acme/orders", "-q", "-e", "A=password", "--", *PROBE)
    assert json.loads(done.stdout)["environ"]["A"] == "ends\n\n"


@pytest.mark.parametrize("key", ["host", "user", "database"])
def test_without_an_address(bus: Desktop, daemon: DaemonStandIn, key: str):
    del daemon.credential[key]
    done = run(bus, "acme/orders", "--", "true")
    assert (done.returncode, done.stdout) == (1, "") and f"no {key}" in done.stderr
    done = run(bus, "acme/orders", "-e", "A=password", "--", "sh", "-c", "echo \"$A ${PGPASSFILE-none}\"")
    assert done.stdout == f"{PASSWORD} none\n" and f"no {key}" in done.stderr and done.returncode == 0
    done = run(bus, "acme/orders", "-e", "A=url", "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("wish", [
    "", "A", "=url", "1A=url", "A-B=url", "A B=url", "é=url", "A=", "A=table", "A=env", "A=nile-env", "A=pgpass", "A=URL", "A= url", "A=url ",
])
def test_what_is_no_wish(bus: Desktop, daemon: DaemonStandIn, wish: str):
    fail(bus, "acme/orders", "--env", wish, "--", "true", said="--env")
    assert daemon.calls == []


def test_a_value_is_not_repeated(bus: Desktop, daemon: DaemonStandIn):
    """Somebody may take --env for a way to set one."""
    assert "hunter2" not in fail(bus, "acme/orders", "--env", "PGPASSWORD=hunter2", "--", "true", said="PGPASSWORD")
    assert "hunter2" not in fail(bus, "acme/orders", "--env", "A B=hunter2", "--", "true", said="A B")


def test_limits_of_wishes(bus: Desktop, daemon: DaemonStandIn):
    fail(bus, "acme/orders", "-e", "A=url", "-e", "A=password", "--", "true", said="twice")
    wishes = [f"--env=A{i}=password" for i in range(65)]
    assert run(bus, "acme/orders", *wishes[:64], "--", "true").returncode == 0
    fail(bus, "acme/orders", *wishes, "--", "true", said="64")


# In place, and how it ends


def test_the_command_takes_our_place(bus: Desktop, daemon: DaemonStandIn):
    process = bus.spawn([str(CLIENT), "run", "acme/orders", "--", *PROBE], stdout=subprocess.PIPE)
    out, _ = process.communicate(timeout=DEADLINE_SEC)
    found = json.loads(out)
    assert (found["pid"], found["parent"], found["group"]) == (process.pid, os.getpid(), os.getpgrp())


def test_nothing_of_ours_is_left(bus: Desktop, daemon: DaemonStandIn):
    argv = [*PROBE]
    plain = json.loads(subprocess.run(argv, env=bus.env, capture_output=True).stdout)
    found = json.loads(run(bus, "acme/orders", "--", *argv).stdout)
    for key in ("signals", "core", "owned_by_root"):
        assert found[key] == plain[key]
    assert found["core"][0] == resource.getrlimit(resource.RLIMIT_CORE)[0]


@pytest.mark.parametrize("status", [0, 1, 2, 7, 126, 255])
def test_its_status_is_ours(bus: Desktop, daemon: DaemonStandIn, status: int):
    assert run(bus, "acme/orders", "--", "sh", "-c", f"exit {status}").returncode == status


def test_its_signal_is_ours(bus: Desktop, daemon: DaemonStandIn):
    assert run(bus, "acme/orders", "--", "sh", "-c", "kill -TERM $$").returncode == -15


def test_a_command_that_cannot_be(bus: Desktop, daemon: DaemonStandIn, tmp_path: Path):
    (tmp_path / "data").write_text("no program\n")
    (tmp_path / "folder").mkdir()
    missing = ["felucca-no-such-command", str(tmp_path / "none"), str(tmp_path / "data/none"), ""]
    refused = [str(tmp_path / "data"), str(tmp_path / "folder"), str(tmp_path)]
    for status, names in ((127, missing), (126, refused)):
        for name in names:
            assert f"'{name}'" in fail(bus, "acme/orders", "--create", "--", name, "x", status=status)
    path = f"{tmp_path}:{bus.env['PATH']}"
    fail(bus, "acme/orders", "--", "data", status=126, said="Permission denied", PATH=path)
    fail(bus, "acme/orders", "--", "folder", status=126, PATH=path)
    assert daemon.calls == []


def test_a_command_that_fails_to_start(bus: Desktop, daemon: DaemonStandIn, tmp_path: Path):
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    fail(bus, "acme/orders", "--", str(script), status=127)
    script.write_text("echo without a first line: $1\n")
    assert run(bus, "acme/orders", "--", str(script), "x").stdout == "without a first line: x\n"


def test_the_path_is_searched_as_ever(bus: Desktop, daemon: DaemonStandIn, tmp_path: Path):
    for folder, mode in (("a", 0o644), ("b", 0o755), ("c", 0o755)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tool").write_text(f"#!/bin/sh\necho {folder} $0\n")
        (tmp_path / folder / "tool").chmod(mode)
    path = f"/nowhere:{tmp_path}/a:{tmp_path}/b:{tmp_path}/c"
    assert run(bus, "acme/orders", "--", "tool", PATH=path).stdout == f"b {tmp_path}/b/tool\n"


# Usage


def fail(bus: Desktop, *arguments: str, status: int = 2, said: str = "", **variables: str) -> str:
    done = run(bus, *arguments, **variables)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert done.stderr.startswith("felucca: ") and done.stderr.count("\n") == 1 and said in done.stderr
    return done.stderr


@pytest.mark.parametrize("arguments,said", [
    ([], "usage: felucca run"), (["acme/orders"], "usage: felucca run"), (["acme/orders", "true"], "behind --"),
    (["acme/orders", "--"], "-- COMMAND"), (["--", "true"], "-- COMMAND"), (["acme/orders", "x", "--", "true"], "usage:"),
    (["acme/", "--", "true"], "slash"), (["acme/orders", "--json", "--", "true"], "--env"),
    (["acme/orders", "-f", "url", "--", "true"], ""), (["acme/orders", "-f", "table", "--", "true"], "--env"),
    (["acme/orders", "--no-such", "--", "true"], "--no-such"), (["acme/orders", "--env", "--", "true"], "--env"),
    ([ID, "--create", "--", "true"], "--create"), ([ID, "--revoke-on-exit", "--", "true"], "--revoke-on-exit"),
    ([ID, "--ttl", "1h", "--", "true"], "--ttl"), (["acme/orders", "--ttl", "90", "--", "true"], "90s"),
    (["acme/orders", "--create=no", "--", "true"], "takes no value"), (["acme\udcff/orders", "--", "true"], "not UTF-8"),
])
def test_how_it_is_not_used(bus: Desktop, daemon: DaemonStandIn, arguments: list[str], said: str):
    fail(bus, *arguments, said=said)
    assert daemon.calls == []


def test_a_separator_is_for_run_alone(bus: Desktop, daemon: DaemonStandIn):
    done = bus.cli("get", "--", "acme/orders")
    assert done.returncode == 0
    assert bus.cli("list", "--", "\udcff").returncode == 2


@pytest.mark.parametrize("arguments,options", [
    (["acme/orders", "--create"], {"create": ("b", True)}),
    (["acme/orders", "-c", "-t", "t1", "--internal", "-b", "nile", "--no-prompt"], {
        "create": ("b", True), "tenant-id": ("s", "t1"), "internal": ("b", True), "backend": ("s", "nile"), "interactive": ("b", False)}),
])
def test_options_travel(bus: Desktop, daemon: DaemonStandIn, arguments: list[str], options: dict[str, Any]):
    assert run(bus, *arguments, "--", "true").returncode == 0
    assert daemon.calls == [("GetCredential", "acme", "orders", options | FD)]


def test_by_id(bus: Desktop, daemon: DaemonStandIn):
    assert run(bus, ID, "--", "true").returncode == 0
    assert daemon.calls == [("GetCredential", "", "", {"id": ("s", ID)} | FD)]


def test_by_an_id_with_slashes(bus: Desktop, daemon: DaemonStandIn):
    daemon.failures["GetCredential database/creds/app"] = ("NotFound", "Nothing is stored.")
    assert run(bus, "database/creds/app/1a2b", "--", "true").returncode == 0
    assert daemon.calls[-1] == ("GetCredential", "", "", {"id": ("s", "database/creds/app/1a2b")} | FD)


@pytest.mark.parametrize("name,status", [("NotFound", 7), ("SignInRequired", 3), ("KeyringLocked", 4), ("Unreachable", 6)])
def test_without_a_credential_nothing_runs(bus: Desktop, daemon: DaemonStandIn, name: str, status: int):
    daemon.failures["GetCredential"] = (name, "It did not work out.")
    fail(bus, "acme/orders", "--", "echo", "ran", status=status)


def test_with_the_real_daemon(desktop: Desktop):
    fail(desktop, "acme/orders", "--", "true", status=7)
    done = run(desktop, "acme/orders", "--create", "-e", "A=password", "--", "sh", "-c", 'cat "$PGPASSFILE"; echo "$A"')
    line, password = done.stdout.splitlines()
    (live,) = desktop.nile.live()
    assert password == desktop.nile.password_of(live["id"]) and line.endswith(f":{password}")

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Backends that misbehave (tests/backends/): each fails alone and by its name, and nothing else notices."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

import pytest

from bus_calls import CallGroup, pump_until
from desktop import BUILD, CLIENT, CREDENTIALS, DAEMON, NAME, BusError, Desktop, s, wait_until
from pipes import call_with_secret_fd
from processes import children_of
from refusals import refused

MODULES = BUILD / "tests" / "backends"

# Found out before any of its code runs in the daemon, and what is said then.
REFUSED = {
    "no-symbol": "does not export felucca_backend_v1",
    "wrong-major": "it is made for version 2 of the interface",
    "short-struct": "a struct that is too short",
    "long-struct": "claims to have",
    "other-name": "calls itself by another name",
    "no-mint": "cannot mint",
    "no-sign-in": "nobody could sign in",
    "garbage-description": "not one line of UTF-8",
    "endless-settings": "more than 64 settings",
    "abort-in-constructor": "it crashed while it was loaded, with SIGABRT",
    "exit-in-constructor": "it ended the process that loaded it, with status 0",
    "hang-in-constructor": "it did not come back from being loaded within 5 s",
}

# What a mint fails with, a word of the sentence, and whether something may live afterwards.
FAILS = {
    "false-without-reason": ("BackendFailed", "gave no reason", True),
    "true-without-id": ("BackendFailed", "without an id", True),
    "true-without-secret": ("BackendFailed", "without a usable password; it was revoked again", False),
    "secret-with-nul": ("BackendFailed", "without a usable password; it was revoked again", False),
    "garbage-reason": ("BackendFailed", "a line and", False),
    "huge-strings": ("BackendFailed", "xxx", False),
    "hang-in-mint": ("OutcomeUnknown", "did not come back from 'mint' in time", True),
}

DIES = {"crash-in-mint": "SIGSEGV", "abort-in-mint": "SIGABRT", "overflow-in-mint": "SIGSEGV", "exit-in-mint": "exit"}


@contextmanager
def desktop_with(*names: str, **options: Any) -> Iterator[Desktop]:
    """With an instance for each of these modules, beside nile."""
    config = "".join(f"\n[backend {name}]\nmodule={name}\ntimeout=1\n" for name in names)
    session = Desktop(config=config, **options)
    for name in names:
        session.add_backend(MODULES / f"{name}.so")
    with session:
        yield session


def mint(desktop: Desktop, name: str, **options: Any) -> dict[str, Any]:
    return desktop.create(workspace=name, database="db", backend=s(name), **options)


def state_of(desktop: Desktop, name: str) -> tuple[str, str]:
    backend = desktop.property("Backends")[name]
    return backend["state"], backend.get("detail", "")


def crash(desktop: Desktop, name: str) -> None:
    """Mints with a backend that takes the daemon down with it, and waits until it is gone."""
    process = desktop.daemon_process
    assert process is not None
    with pytest.raises(Exception, match="NoReply|disconnected|ServiceUnknown|NameHasNoOwner|closed"):
        mint(desktop, name)
    process.wait(30)
    wait_until(lambda: not desktop.has_owner(NAME), "the name is free")


def forget_all(desktop: Desktop) -> None:
    """Drops every record; one that is being settled just now is looked at again."""
    def forgotten() -> bool:
        for one in desktop.call("ListUnresolved"):
            try:
                desktop.call("ResolveUnresolved", "(ss)", one["intent"], "forget")
            except BusError as error:
                assert error.name == "org.felucca.Error.Conflict"
                return False
        return True

    wait_until(forgotten, "no record is left")


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_alone(name: str):
    with desktop_with(name) as desktop:
        calls = CallGroup(desktop)
        bad = calls.create(workspace=name, database="db", backend=s(name))
        good = calls.create()
        calls.wait()
        assert good.result()["id"] in [one["id"] for one in desktop.nile.live()]
        assert bad.error_name == "BackendFailed"
        sentence = bad.error.message
        assert f"backend '{name}' cannot be used" in sentence and REFUSED[name] in sentence
        state, detail = state_of(desktop, name)
        assert state == "failed" and REFUSED[name] in detail
        assert state_of(desktop, "nile")[0] == "ready"
        assert children_of(desktop.daemon_process.pid) == []


@pytest.mark.parametrize("name", FAILS)
def test_its_mint_fails_alone(name: str):
    error, said, may_live = FAILS[name]
    with desktop_with(name) as desktop:
        calls = CallGroup(desktop)
        bad = calls.create(workspace=name, database="db", backend=s(name))
        good = calls.create()
        calls.wait()
        assert good.result()["id"]
        assert bad.error_name == error, bad.error
        assert name in bad.error.message and said in bad.error.message
        assert not any(ord(c) < 32 for c in bad.error.message)
        unresolved = desktop.call("ListUnresolved")
        assert [one["backend"] for one in unresolved] == ([name] if may_live else [])
        assert [one["intent"] in bad.error.message for one in unresolved] == [True] * len(unresolved)
        assert [one["backend"] for one in desktop.list()] == ["nile"]
        assert state_of(desktop, name) == ("ready", "")
        forget_all(desktop)


def test_a_hanging_constructor_delays_nobody():
    with desktop_with("hang-in-constructor") as desktop:
        calls = CallGroup(desktop)
        bad = calls.create(workspace="hang-in-constructor", database="db", backend=s("hang-in-constructor"))
        asked = calls.start("GetAll", "(s)", CREDENTIALS, interface="org.freedesktop.DBus.Properties")
        good = calls.create()
        pump_until(lambda: good.done, "the other backend mints")
        assert good.result()["id"] and not bad.done and not asked.done
        calls.wait()
        assert bad.error_name == "BackendFailed"
        assert asked.result()["Backends"]["hang-in-constructor"]["state"] == "failed"


def test_garbage_is_left_out():
    with desktop_with("garbage-strings") as desktop:
        credential = mint(desktop, "garbage-strings")
        assert credential["password"] == "secret" and credential["id"] == credential["user"] == "1"
        assert credential.keys().isdisjoint({"host", "port", "region", "status", "not-after", "created", "tenant-id"})


def test_a_hanging_mint_delays_nobody():
    with desktop_with("hang-in-mint") as desktop:
        calls = CallGroup(desktop)
        bad = calls.create(workspace="hang-in-mint", database="db", backend=s("hang-in-mint"))
        desktop.create()
        assert not bad.done
        calls.wait()
        assert bad.error_name == "OutcomeUnknown"
        assert len(desktop.call("ListUnresolved")) == 1
        forget_all(desktop)


# Crashes


@pytest.mark.parametrize("name", DIES)
def test_the_second_crash_puts_it_into_quarantine(name: str):
    with desktop_with(name) as desktop:
        crash(desktop, name)
        desktop.start_daemon()
        assert state_of(desktop, name)[0] == "ready"
        (first,) = desktop.call("ListUnresolved")
        assert (first["backend"], first["state"]) == (name, "sent")
        crash(desktop, name)
        desktop.start_daemon()
        desktop.create()
        sentence = refused(desktop, "BackendFailed", mint, desktop, name)
        assert "quarantined" in sentence and f"felucca backends reset {name}" in sentence
        assert f"2 times, the last time in mint {DIES[name]}" in sentence
        state, detail = state_of(desktop, name)
        assert state == "failed" and "quarantined" in detail
        assert len(desktop.call("ListUnresolved")) == 2

        assert desktop.cli("backends", "reset", name).returncode == 0
        assert state_of(desktop, name) == ("ready", "")
        crash(desktop, name)
        desktop.start_daemon()
        assert state_of(desktop, name)[0] == "ready", "it has one crash again"


def test_the_bus_brings_the_daemon_back():
    with desktop_with("crash-in-mint") as desktop:
        desktop.activatable()
        crash(desktop, "crash-in-mint")
        shown = json.loads(desktop.cli("backends", "--json").stdout)
        assert shown["crash-in-mint"]["state"] == "ready"
        pid = desktop.pid_of(NAME)
        assert desktop.create()["id"]
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not desktop.has_owner(NAME), "the second daemon has left")
        desktop.start_daemon()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV])
def test_what_kills_the_daemon_from_outside_is_nobodys(number: int):
    with desktop_with("hang-in-mint") as desktop:
        for _ in range(3):
            calls = CallGroup(desktop)
            calls.create(workspace="hang-in-mint", database="db", backend=s("hang-in-mint"))
            wait_until(lambda: any(one["state"] == "sent" for one in desktop.call("ListUnresolved")), "it is sent")
            desktop.daemon_process.send_signal(number)
            desktop.daemon_process.wait(30)
            calls.wait()
            wait_until(lambda: not desktop.has_owner(NAME), "the name is free")
            desktop.start_daemon()
            forget_all(desktop)
        assert state_of(desktop, "hang-in-mint") == ("ready", "")
        assert list((desktop.root / "state/felucca/crashes").iterdir()) == []


def test_reset_names_a_backend(desktop: Desktop):
    done = desktop.cli("backends", "reset", "nowhere")
    assert done.returncode == 2 and "there is no backend 'nowhere'" in done.stderr
    assert desktop.cli("backends", "reset", "nile").returncode == 0
    assert desktop.create()["id"]


@pytest.mark.skipif(b"__gcov_exit" in DAEMON.read_bytes(), reason="a build that counts leaves as it may not: it writes the counts")
def test_a_thread_that_ends_during_the_exit_does_no_harm():
    """A library may have been torn down by then; OpenSSL is one that ends the process for it."""
    with desktop_with("late-thread") as desktop:
        assert mint(desktop, "late-thread")["id"] == "1"
        assert desktop.stop_daemon() == 0


# Left-over processes


@pytest.mark.parametrize("name", ["fork-in-mint", "fork-in-constructor"])
def test_a_process_left_behind_holds_nothing_of_ours(name: str):
    with desktop_with(name) as desktop:
        children: list[int] = []
        try:
            reply, password = call_with_secret_fd(desktop, "CreateCredential", name, "db", backend=s(name))
            assert reply["id"] == "1" and password == b"secret"
            children = children_of(desktop.daemon_process.pid)
            assert len(children) == 1
            desktop.kill_daemon()
            desktop.start_daemon()
            desktop.nile.rule(on="create", mint_without_answer=True)
            refused(desktop, "OutcomeUnknown", desktop.create)
            wait_until(lambda: "candidates" in desktop.call("ListUnresolved")[0], "the new one owns the records")
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)


# The command


def check(path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "FELUCCA_DAEMON": str(DAEMON)}
    env |= {key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")} | variables
    return subprocess.run([str(CLIENT), "backends", "check", str(path)], env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", REFUSED)
def test_check_says_what_the_daemon_would(name: str):
    done = check(MODULES / f"{name}.so")
    assert done.returncode == 1
    *kept, broken = done.stdout.splitlines()
    assert all(line.startswith("ok: ") for line in kept)
    assert broken.startswith("not ok: ") and REFUSED[name] in broken


@pytest.mark.parametrize("path", [*BUILD.glob("plugins/*/*.so"), MODULES / "good.so", MODULES / "fork-in-constructor.so"],
                         ids=lambda path: path.stem)
def test_check_of_a_good_one(path: Path):
    done = check(path)
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert len(lines) == 7 and all(line.startswith("ok: ") for line in lines)


def test_check_of_what_others_can_write(tmp_path: Path):
    copy = tmp_path / "good.so"
    copy.write_bytes((MODULES / "good.so").read_bytes())
    copy.chmod(0o666)
    done = check(copy)
    assert done.returncode == 1 and "others can write to it" in done.stdout


def test_the_probe_knows_nothing_of_the_session(tmp_path: Path):
    """What its constructors could see of us: neither descriptors nor the environment."""
    source = tmp_path / "look.c"
    source.write_text(r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
extern char **environ;
__attribute__ ((constructor)) static void look (void)
{
  FILE *out = fopen (LOOKED, "w");
  for (char **one = environ; *one != NULL; one++)
    fprintf (out, "%s\n", *one);
  for (int fd = 3; fd < 1000; fd++)
    if (fd != fileno (out) && lseek (fd, 0, SEEK_CUR) == 0)
      fprintf (out, "FD=%d\n", fd);
  fclose (out);
  _exit (0);
}
""")
    module, looked = tmp_path / "look.so", tmp_path / "looked"
    subprocess.run(["cc", "-shared", "-fPIC", f'-DLOOKED="{looked}"', source, "-o", module], check=True)
    with desktop_with() as desktop:
        desktop.write_config(desktop.config_text() + "\n[daemon]\nconfine-files=false\n[backend look]\nmodule=look\n")
        desktop.add_backend(module)
        desktop.restart_daemon()
        assert state_of(desktop, "look")[0] == "failed"
    seen = {line.split("=")[0] for line in looked.read_text().splitlines()}
    own = {"GIO_USE_NETWORK_MONITOR"}  # set by the program itself
    kept = {"PATH", "HOME", "LANG", "LC_ALL", "GLIBC_TUNABLES", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}
    assert seen <= kept | own

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon closes by itself, without a unit: files, by Landlock; and what it says of its sandbox.

tests/system has the rest, which needs the unit.
"""

from __future__ import annotations

import ctypes
import re
import time

import pytest

from desktop import DAEMON, NAME, Desktop, GLib, wait_until
from processes import inherited_filter

LANDLOCK_CREATE_RULESET = 444
VERSION_FLAG = 1
LANDLOCK = ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, VERSION_FLAG) >= 1
PARTS = {"no-new-privileges", "system-calls", "address-families", "executable-memory", "files", "core-dumps", "locked-memory"}
EX_CONFIG = 78
EX_TEMPFAIL = 75

needs_landlock = pytest.mark.skipif(not LANDLOCK, reason="this kernel has no Landlock")

# What it could do with the user's files, as the name of the user that it has made.
HELPER = """#!/bin/sh
cat {home}/precious >/dev/null 2>&1 && did=read
(: >{home}/left-behind) 2>/dev/null && did=$did-wrote
printf '{{"user":"did-%s","password":"tool-secret-0123"}}' "${{did:-nothing}}"
"""


def sandbox(desktop: Desktop) -> dict[str, str]:
    return desktop.property("Sandbox")


@pytest.fixture
def with_helper(bare: Desktop):
    (bare.root / "precious").write_text("x")
    helper = bare.root / "bin" / "helper"
    helper.parent.mkdir(exist_ok=True)
    helper.write_text(HELPER.format(home=bare.root))
    helper.chmod(0o755)
    bare.helper = helper
    return bare


def restart_with(desktop: Desktop, daemon_keys: str, instance: bool = True) -> None:
    tool = f"\n[backend tool]\nmodule=exec\ncommand={desktop.helper}\n" if instance else ""
    desktop.write_config(f"[daemon]\n{daemon_keys}\n{tool}")
    desktop.restart_daemon()


def what_the_helper_did(desktop: Desktop) -> str:
    return desktop.call("CreateCredential", "(ssa{sv})", "tool", "orders", {})["user"]


def test_each_part_is_named(bare: Desktop):
    found = sandbox(bare)
    assert set(found) == PARTS
    assert (found["no-new-privileges"], found["core-dumps"]) == ("on", "on") if LANDLOCK else found["core-dumps"] == "on"
    assert found["system-calls"] == inherited_filter(), "there is no unit here"


@needs_landlock
def test_files_are_closed(bare: Desktop):
    assert sandbox(bare)["files"] == "on"


def test_the_journal_is_told(bare: Desktop):
    (line,) = re.findall("the sandbox lacks: .*", bare.daemon_log())
    missing = {name for name, text in sandbox(bare).items() if text != "on"}
    assert {name for name in PARTS if f"{name} (" in line} == missing


def test_programs_of_the_user_keep_their_files(with_helper: Desktop):
    restart_with(with_helper, "")
    assert "backend tool runs a program of yours" in sandbox(with_helper)["files"]
    assert what_the_helper_did(with_helper) == "did-read-wrote"


@needs_landlock
def test_unless_it_is_asked_for(with_helper: Desktop):
    restart_with(with_helper, "confine-files=true")
    assert sandbox(with_helper)["files"] == "on"
    assert what_the_helper_did(with_helper) == "did-nothing"
    assert not (with_helper.root / "left-behind").exists()


@needs_landlock
def test_what_settings_name_stays_open(with_helper: Desktop):
    """A file is there to be read; a folder is the backend's own."""
    home, folder = with_helper.root, with_helper.root / "folder"
    folder.mkdir()
    with_helper.helper.write_text(HELPER.format(home=home).replace(f"{home}/left-behind", f"{folder}/left-behind"))
    with_helper.write_config(f"[daemon]\nconfine-files=true\n[backend tool]\nmodule=exec\n"
                             f"command={with_helper.helper} {home}/precious {folder}\n")
    with_helper.restart_daemon()
    assert what_the_helper_did(with_helper) == "did-read-wrote"


def test_it_can_be_turned_off(with_helper: Desktop):
    restart_with(with_helper, "confine-files=false", instance=False)
    assert "confine-files" in sandbox(with_helper)["files"]


def test_it_can_be_required(bare: Desktop):
    bare.stop_daemon()
    bare.start_daemon(wait=False, argv=[str(DAEMON), "--require-sandbox"])
    process, bare.daemon_process = bare.daemon_process, None
    assert process.wait(20) == EX_CONFIG
    assert "--require-sandbox: the daemon does not run" in bare.daemon_log()
    assert not bare.has_owner(NAME)


# A rule is about a file, not about its name


def call_past_two_looks(desktop: Desktop) -> None:
    """It looks at the files after a call, at most once in a second."""
    end = time.monotonic() + 1.5
    wait_until(lambda: desktop.list() is not None and time.monotonic() > end, "time passes")


@needs_landlock
def test_a_file_that_was_made_later_is_seen_by_the_next_daemon(bare: Desktop):
    """This one cannot open it, ever."""
    first, home = bare.daemon_process, bare.root / "home"
    bare.activatable()
    (home / ".bashrc").write_text("of no use to the daemon")
    (home / ".pgpass").write_text("*:*:*:*:hunter2\n")
    wait_until(lambda: bare.cli("list").returncode == 0 and first.poll() is not None, "it leaves after a call")
    assert first.wait() == 0
    (line,) = re.findall(".* was made or replaced .*", bare.daemon_log())
    assert str(home / ".pgpass") in line
    assert bare.cli("list").returncode == 0


@needs_landlock
@pytest.mark.parametrize("managed", [True, False])
def test_somebody_is_there_for_what_waits_for_its_time(desktop: Desktop, managed: bool):
    """A service manager starts the next one at once, and is asked to by the status."""
    created = desktop.create(ttl=GLib.Variant("t", 3600))
    desktop.stop_daemon()
    desktop.start_daemon(**({"NOTIFY_SOCKET": "@felucca-test-nobody"} if managed else {}))
    daemon = desktop.daemon_process
    (desktop.root / "home" / ".pgpass").write_text("*:*:*:*:hunter2\n")
    if managed:
        wait_until(lambda: (desktop.cli("list"), daemon.poll())[1] is not None, "it leaves")
        assert daemon.wait(30) == EX_TEMPFAIL
        desktop.start_daemon()
    else:
        call_past_two_looks(desktop)
        assert daemon.poll() is None
    assert desktop.get()["id"] == created["id"]


@needs_landlock
@pytest.mark.parametrize("keys,name", [("idle-timeout=0", ".pgpass"), ("", ".bashrc"), ("confine-files=false", ".pgpass")])
def test_it_stays(bare: Desktop, keys: str, name: str):
    """Where it shall never leave, and where nothing is closed to it."""
    bare.write_config(f"[daemon]\n{keys}\n")
    bare.restart_daemon()
    (bare.root / "home" / name).write_text("*:*:*:*:hunter2\n")
    call_past_two_looks(bare)
    assert "was made or replaced" not in bare.daemon_log()
    assert bare.daemon_process.poll() is None

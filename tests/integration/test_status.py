# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""felucca status: what is seen of everything, with a daemon and without one."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from gi.repository import GLib

import daemon_stand_in
from daemon_stand_in import DaemonStandIn
from desktop import Desktop
from processes import inherited_filter
from terminals import WAITING, Terminal

KEYS = ["version", "keyring-state", "sandbox", "daemon", "connection", "keyring", "backends", "accounts", "unresolved", "problems"]
ESCAPE = re.compile("\x1b\\[[0-9;]*m")


def health(desktop: Desktop, *arguments: str, status: int = 0, **variables: str) -> dict[str, Any]:
    done = desktop.cli("status", "--json", *arguments, **variables)
    assert done.returncode == status, (done.stdout, done.stderr)
    found = json.loads(done.stdout)
    said = [f"felucca: {one['what']}" + (f"; try: {one['try']}" if "try" in one else "") for one in found["problems"]]
    assert done.stderr.splitlines() == said
    return found


def test_all_is_well(desktop: Desktop):
    found = health(desktop)
    assert sorted(found) == sorted(KEYS) and found["problems"] == []
    assert desktop.daemon_process and desktop.keyring_process
    assert found["daemon"]["pid"] == desktop.daemon_process.pid and found["daemon"]["running"] is True
    assert found["daemon"]["started-by"] == Path(f"/proc/{os.getpid()}/cmdline").read_text().split("\0")[0].rpartition("/")[2]
    assert abs(found["daemon"]["since"] - os.stat(f"/proc/{desktop.daemon_process.pid}").st_ctime) < 60
    assert found["keyring"] == {"state": "unlocked", "program": "gnome-keyring-daemon", "pid": desktop.keyring_process.pid}
    assert found["sandbox"]["core-dumps"] == "on" and found["sandbox"]["system-calls"] == inherited_filter()
    assert found["connection"]["kind"] == "socket" and str(desktop.root / "run/felucca/bus") in found["connection"]["address"]


def test_over_the_bus(desktop: Desktop):
    found = health(desktop, FELUCCA_BUS="session")
    assert found["connection"]["kind"] == "bus"
    assert desktop.daemon_process and found["daemon"]["pid"] == desktop.daemon_process.pid


def test_without_a_session_bus(desktop: Desktop):
    """The socket is enough for what the daemon says; the keyring's program cannot be seen."""
    found = health(desktop, DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent")
    assert desktop.daemon_process and found["daemon"]["pid"] == desktop.daemon_process.pid
    assert found["keyring"] == {"state": "unlocked"}


@pytest.mark.parametrize("how", ["no bus", "not installed", "does not start"])
def test_without_a_daemon(how: str):
    with Desktop(daemon=False, sign_in=False) as desktop:
        variables = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"} if how == "no bus" else {}
        if how == "does not start":
            desktop.activatable("/bin/false")
        found = health(desktop, status=1, **variables)
        assert found["daemon"] == {"running": False}
        assert [problem["exit-status"] for problem in found["problems"]] == [1]
        assert found["problems"][0]["try"]
        assert ("program" in found["keyring"]) == (how != "no bus")
        assert "not reached" in desktop.cli("status", **variables).stdout


def test_every_problem_is_told_at_once(bare: Desktop):
    bare.write_config(bare.config_text() + "\n[backend x]\nmodule=none-such\n")
    bare.restart_daemon()
    bare.lock_keyring()
    problems = health(bare, status=4)["problems"]
    assert [problem["exit-status"] for problem in problems] == [4, 3, 1]
    assert [problem["try"] for problem in problems][1:] == ["felucca sign-in nile", "felucca backends reset x"]


def test_one_backend_alone(bare: Desktop):
    bare.write_config(bare.config_text() + "\n[backend x]\nmodule=none-such\n")
    bare.restart_daemon()
    assert list(health(bare, "--backend", "nile", status=3)["backends"]) == ["nile"]
    assert list(health(bare, "--backend", "x", status=1)["backends"]) == ["x"]


def test_without_a_keyring():
    """It is said once, though more than one question fails for it."""
    with Desktop(keyring=False, sign_in=False) as desktop:
        found = health(desktop, status=4)
        assert found["keyring"] == {"state": "absent"}
        assert [problem["exit-status"] for problem in found["problems"]] == [4, 3]


def test_a_keyring_that_fails_is_told_beside_other_problems(monkeypatch: pytest.MonkeyPatch):
    """It was unlocked when it was looked at, so that nothing has been said of it."""
    backends = {"nile": {"state": GLib.Variant("s", "sign-in-required")}}
    monkeypatch.setitem(daemon_stand_in.PROPERTIES, "Backends", GLib.Variant("a{sa{sv}}", backends))
    with Desktop(keyring=False, sign_in=False, daemon=False) as desktop, DaemonStandIn(desktop) as daemon:
        daemon.failures["ListAccounts"] = ("PromptDismissed", "It was not unlocked")
        problems = health(desktop, status=3)["problems"]
    assert [(problem["exit-status"], problem["what"]) for problem in problems] == [(3, "nile needs a sign-in"), (4, "It was not unlocked")]


def test_it_fits_eighty_columns(desktop: Desktop):
    terminal = Terminal(desktop, "status", columns=80)
    assert terminal.finish() == 0
    lines = ESCAPE.sub("", WAITING.sub("", terminal.screen)).splitlines()
    assert max(map(len, lines)) <= 80 and len(lines) <= 24
    assert [line.split()[0] for line in lines[:6]] == ["daemon", "unit", "reached", "keyring", "sandbox", "unresolved"]


def test_unresolved_mints_are_counted(desktop: Desktop):
    desktop.stop_daemon()
    with DaemonStandIn(desktop) as daemon:
        daemon.unresolved = [{"intent": "3f2a9c1b-5d44-4e0c-9a61-7d1f5f6f8a10", "since": 1}]
        assert re.search(r"^unresolved +1 +the oldest .* ago; see: felucca unresolved$", desktop.cli("status").stdout, re.MULTILINE)
    desktop.wait_nameless()
    desktop.start_daemon()

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What cannot be revoked: it ends by itself, that is said once, and nothing is asked again and again."""

from __future__ import annotations

import subprocess
import time
from typing import Any

import pytest

from desktop import Desktop, s, wait_until
from exec_helper import ExecDesktop
from test_backends import desktop_with
from test_lifetimes import rotate, t

OVER = "has ended by itself and is forgotten"
LEFT = "is over and cannot be revoked there"


def mint(desktop: Desktop, name: str, **options: Any) -> dict[str, Any]:
    return desktop.create(name, "db", backend=s(name), **options)


def looks_again(desktop: Desktop) -> None:
    """Something else ends, so that everything that has an end was looked at meanwhile."""
    other = desktop.create(ttl=t(1))
    wait_until(lambda: other["id"] not in [one["id"] for one in desktop.list()], "the other one has ended")


def leaves_when_idle(desktop: Desktop) -> None:
    """Nothing is waited for any more."""
    assert desktop.daemon_process is not None
    try:
        assert desktop.daemon_process.wait(30) == 0
    except subprocess.TimeoutExpired:
        pytest.fail("it stays for something")
    desktop.start_daemon()


def test_where_there_is_no_such_verb_it_is_forgotten_at_its_end():
    with desktop_with("no-revoke") as desktop:
        credential = mint(desktop, "no-revoke")
        assert credential["not-after"] - time.time() <= 8
        wait_until(lambda: desktop.list() == [], "it is not stored any more")
        assert desktop.lookup(id=credential["id"]) is None and time.time() >= credential["not-after"]
        looks_again(desktop)
        assert desktop.daemon_log().count(OVER) == 1 and LEFT not in desktop.daemon_log()


def test_its_rotation_leaves_the_old_one_its_own_end():
    with desktop_with("no-revoke") as desktop:
        old = mint(desktop, "no-revoke")
        rotate(desktop, old["id"], overlap=t(1))
        assert {one["id"]: one.get("not-after") for one in desktop.list()}[old["id"]] == old["not-after"]


def test_what_only_says_that_it_cannot_is_left_and_shown():
    """Nobody but us thinks that it has an end: it may live, so it is not forgotten."""
    with desktop_with("never-revokes") as desktop:
        credential = mint(desktop, "never-revokes", ttl=t(2))
        wait_until(lambda: LEFT in desktop.daemon_log(), "it is said")
        looks_again(desktop)
        (shown,) = desktop.list()
        assert (shown["id"], shown["state"]) == (credential["id"], "expired")
        assert desktop.daemon_log().count(LEFT) == 1
        assert f"--local-only {credential['id']}" in desktop.daemon_log()
        assert desktop.cli("revoke", "--local-only", credential["id"]).returncode == 0
        assert desktop.list() == []


def test_what_is_left_does_not_keep_the_daemon():
    with desktop_with("never-revokes") as desktop:
        desktop.write_config(desktop.config_text() + "\n[daemon]\nidle-timeout=3\n")
        desktop.restart_daemon()
        mint(desktop, "never-revokes", ttl=t(1))
        wait_until(lambda: LEFT in desktop.daemon_log(), "it is said")
        leaves_when_idle(desktop)


def test_a_helper_that_was_told_a_lifetime_is_believed():
    """It says no end and cannot revoke: then the wish was the end."""
    with ExecDesktop(verbs="mint", user="app") as tool:
        tool.helper.write("answer(password=PASSWORD)\n")
        before = int(time.time())
        credential = tool.mint(ttl=t(3))
        assert before + 3 <= credential["not-after"] <= time.time() + 3
        assert credential["id"].endswith(f".{credential['not-after']}")
        assert tool.helper.requests()[0]["ttl"] == 3
        wait_until(lambda: tool.list() == [], "it is not stored any more")
        assert time.time() >= credential["not-after"]
        assert "Unsupported" not in tool.daemon_log() and LEFT not in tool.daemon_log()
        assert len(tool.helper.requests()) == 1


def test_an_end_of_the_helpers_own_counts_more_than_the_wish():
    with ExecDesktop(verbs="mint", user="app") as tool:
        tool.helper.write("answer(password=PASSWORD, notAfter=int(time.time()) + 900)\n")
        assert tool.mint(ttl=t(3))["not-after"] - time.time() > 800


def test_a_helper_that_revokes_is_not_believed():
    """There the end is ours to see to."""
    with ExecDesktop(verbs="mint;revoke") as tool:
        tool.helper.write("if request['operation'] == 'mint':\n"
                          "    mint('role-1')\n"
                          "    answer(id='role-1', user='u', password=PASSWORD)\n"
                          "else:\n"
                          "    (root / 'live' / request['id']).unlink()\n"
                          "    answer()\n")
        assert tool.mint(ttl=t(2))["id"] == "role-1"
        wait_until(lambda: tool.helper.live() == [] and tool.list() == [], "it is revoked")

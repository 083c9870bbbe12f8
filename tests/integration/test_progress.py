# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a person at a terminal is told while something takes long; and that nobody else is."""

from __future__ import annotations

import re
import signal
import subprocess

import pytest

from desktop import CLIENT, DEADLINE_SEC, KEYRING_PASSWORD, Desktop, wait_until
from keyring_tools import desktop_with_prompter, lock_and_wait
from terminals import Terminal

ERASE = "\r\x1b[K"
SECONDS = r"provider, (\d+) s"
CREATE = ["create", "acme/orders", "--format", "password"]


def at_least_two(shown: re.Match[str]) -> bool:
    """Under load the command may not have a turn in each second."""
    return int(shown[1]) >= 2


def test_the_provider_is_waited_for(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint")
    terminal = Terminal(desktop, *CREATE)
    terminal.wait_for("felucca: waiting for the provider")
    terminal.wait_for_match(SECONDS)
    desktop.nile.release("mint")
    assert terminal.finish() == 0
    password = desktop.nile.password_of(desktop.nile.live()[0]["id"])
    assert terminal.screen.endswith(f"{ERASE}{password}\r\n")
    assert "daemon" not in terminal.screen.partition("waiting for the provider")[2]


def test_the_prompt_is_waited_for():
    with desktop_with_prompter("answer:" + KEYRING_PASSWORD) as (desktop, prompter):
        prompter.stop()
        lock_and_wait(desktop)
        terminal = Terminal(desktop, *CREATE)
        terminal.wait_for("felucca: the keyring is locked: waiting for you to unlock it")
        desktop.nile.rule(on="create", hold="mint")
        prompter.go_on()
        terminal.wait_for("felucca: waiting for the provider")
        desktop.nile.release("mint")
        assert terminal.finish() == 0


def test_a_daemon_that_does_not_answer(desktop: Desktop):
    assert desktop.daemon_process
    terminal_line = "felucca: waiting for the felucca daemon"
    desktop.daemon_process.send_signal(signal.SIGSTOP)
    try:
        terminal = Terminal(desktop, "list", FELUCCA_BUS="session")
        terminal.wait_for(terminal_line)
    finally:
        desktop.daemon_process.send_signal(signal.SIGCONT)
    assert terminal.finish() == 0
    assert terminal.screen.partition(terminal_line)[2] != ""


def test_a_failure_stands_alone_in_its_line(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint", status=403)
    terminal = Terminal(desktop, *CREATE)
    terminal.wait_for("provider")
    desktop.nile.release("mint")
    assert terminal.finish() == 5
    assert terminal.screen.rpartition(ERASE)[2].startswith("felucca: ")
    assert "waiting" not in terminal.screen.rpartition(ERASE)[2]


def test_a_dumb_terminal_gets_one_line(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint")
    terminal = Terminal(desktop, *CREATE, TERM="dumb")
    terminal.wait_for("felucca: waiting for the provider\r\n")
    desktop.nile.release("mint")
    assert terminal.finish() == 0
    assert terminal.screen.count("waiting for the provider") == 1 and "\x1b" not in terminal.screen


@pytest.mark.parametrize("quiet", [False, True])
def test_nobody_else_is_told(desktop: Desktop, quiet: bool):
    """In a pipe, or with --quiet, nothing is said, though as much time passes as it takes to say it elsewhere."""
    desktop.nile.rule(on="create", hold="mint", times=2)
    told = Terminal(desktop, *CREATE)
    if quiet:
        untold = Terminal(desktop, *CREATE, "--quiet")
    else:
        piped = desktop.spawn([str(CLIENT), *CREATE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: desktop.nile.count("create") == 2, "both are at the provider")
    told.wait_for_match(SECONDS, at_least_two)
    desktop.nile.release("mint")
    assert told.finish() == 0
    if quiet:
        assert untold.finish() == 0
        assert "waiting" not in untold.screen
    else:
        out, err = piped.communicate(timeout=DEADLINE_SEC)
        assert (piped.returncode, err) == (0, "") and "\x1b" not in out

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon comes when it is called and leaves when nobody needs it; no call is lost between."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from gi.repository import GLib

from bus_calls import CallGroup, PendingCall, pump_until, wait_gone
from desktop import DAEMON, NAME, Desktop, wait_until

IDLE = "\n[daemon]\nidle-timeout=3\n"
ROUNDS = 15
WRAPPER = """#!/bin/sh
{variables}
{daemon} 2>>{root}/daemon.log
echo $? >>{root}/ends
"""


class ActivatedDaemon:
    """The daemon of a desktop whose bus starts it; keeps the exit status of each run."""

    def __init__(self, desktop: Desktop):
        self.desktop = desktop
        wrapper = desktop.root / "wrapper"
        variables = "\n".join(f"export {key}={shlex.quote(value)}" for key, value in desktop.env.items())
        wrapper.write_text(WRAPPER.format(variables=variables, daemon=shlex.quote(str(DAEMON)), root=desktop.root))
        wrapper.chmod(0o755)
        desktop.activatable(wrapper)

    def ends(self) -> list[int]:
        """The exit statuses so far."""
        file = self.desktop.root / "ends"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def pid(self) -> int | None:
        """Of the one that owns the name now."""
        try:
            return self.desktop.pid_of(NAME)
        except GLib.Error:
            return None


@contextmanager
def activated(config: str = IDLE) -> Iterator[tuple[Desktop, ActivatedDaemon]]:
    with Desktop(daemon=False, config=config) as desktop:
        yield desktop, ActivatedDaemon(desktop)


def ask(desktop: Desktop) -> PendingCall:
    """One list, which starts the daemon."""
    group = CallGroup(desktop, auto_start=True)
    call = group.list()
    group.wait()
    return call


# Leaving

def test_it_leaves_by_itself_and_comes_back():
    with activated() as (desktop, daemon):
        for run in (1, 2, 3):
            assert ask(desktop).result() == []
            pump_until(lambda: len(daemon.ends()) == run, "the daemon has left")
            assert not desktop.has_owner(NAME)
        assert daemon.ends() == [0, 0, 0]


def test_it_stays_without_a_timeout():
    """idle-timeout=0: never. A second daemon with a timeout of its own shows that the time is over."""
    with Desktop(config="\n[daemon]\nidle-timeout=0\n") as desktop, activated() as (other, daemon):
        ask(other)
        pump_until(lambda: daemon.ends() == [0], "the one that shall leave has left")
        assert desktop.daemon_process.poll() is None
        assert desktop.has_owner(NAME)


def test_a_started_daemon_that_nobody_calls_leaves():
    with Desktop(sign_in=False, config=IDLE) as desktop:
        assert desktop.daemon_process.wait(30) == 0


def test_it_does_not_leave_while_a_call_is_open():
    with activated(IDLE) as (desktop, daemon), activated() as (other, clock):
        ask(desktop)
        desktop.sign_in()
        desktop.nile.rule(on="create", hold="mint")
        group = CallGroup(desktop)
        call = group.create()
        desktop.nile.wait_for("create")
        ask(other)
        pump_until(lambda: clock.ends() == [0], "the time is over")
        assert desktop.has_owner(NAME) and daemon.ends() == []
        desktop.nile.release("mint")
        group.wait()
        assert call.password() == desktop.nile.password_of(call.result()["id"])
        pump_until(lambda: daemon.ends() == [0], "then it leaves")


def leave_at_once(desktop: Desktop, method: str) -> None:
    """A caller that sends and is gone before it can be looked at."""
    bus = desktop.connect()
    name = bus.get_unique_name()
    getattr(CallGroup(desktop), method)(bus=bus)
    bus.flush_sync(None)
    bus.close_sync(None)
    pump_until(lambda: not desktop.has_owner(name), "the caller has left")


@pytest.mark.parametrize("stopped", [True, False], ids=["while it is busy", "any time"])
@pytest.mark.parametrize("method", ["list", "create"])
def test_a_caller_that_leaves_at_once_does_not_keep_it(method: str, stopped: bool):
    with Desktop(config=IDLE) as desktop:
        if stopped:
            desktop.daemon_process.send_signal(signal.SIGSTOP)
        leave_at_once(desktop, method)
        desktop.daemon_process.send_signal(signal.SIGCONT)
        wait_until(lambda: desktop.daemon_process.poll() is not None, "the daemon leaves by itself")
        assert desktop.daemon_process.poll() == 0


# No call is lost

def flood(group: CallGroup, buses: list, methods: tuple[str, ...], until) -> None:
    """Each connection always has a call under way, until the condition holds."""
    under_way: dict[int, PendingCall] = {}
    for number in range(len(buses)):
        under_way[number] = getattr(group, methods[number % len(methods)])(buses[number])
    while not until():
        pump_until(lambda: any(call.done for call in under_way.values()) or until(), "somebody is answered")
        for number, call in under_way.items():
            if call.done:
                group.pending.remove(call)
                assert call.error is None, call.error
                under_way[number] = getattr(group, methods[number % len(methods)])(buses[number])
    for call in group.wait():
        assert call.error is None, call.error


def test_calls_around_the_idle_exit():
    """Properties do not count as use, so the daemon leaves in the middle of them; each is answered by the old daemon
    or starts a new one."""
    with activated() as (desktop, daemon):
        group = CallGroup(desktop, auto_start=True)
        flood(group, [desktop.connect() for _ in range(8)], ("version",), lambda: len(daemon.ends()) >= 3)
        ask(desktop)  # there may be none, when the third one has left behind the last call
        pump_until(lambda: not desktop.has_owner(NAME), "the last one leaves")
        pump_until(lambda: len(daemon.ends()) >= 4, "and ends")
        assert set(daemon.ends()) == {0}


def test_calls_around_a_stop():
    """The same way out, taken on SIGTERM, many times in a stream of calls."""
    with activated() as (desktop, daemon):
        group = CallGroup(desktop, auto_start=True)
        seen: set[int] = set()

        def stop_each() -> bool:
            pid = daemon.pid()
            if pid is not None and pid not in seen:
                seen.add(pid)
                os.kill(pid, signal.SIGTERM)
            return len(seen) >= ROUNDS

        flood(group, [desktop.connect() for _ in range(8)], ("list", "version"), stop_each)
        pump_until(lambda: not desktop.has_owner(NAME) and len(daemon.ends()) >= ROUNDS, "the last one leaves")
        assert set(daemon.ends()) == {0}


# SIGTERM

def test_a_mint_is_finished_and_stored(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint")
    group = CallGroup(desktop)
    call = group.create()
    desktop.nile.wait_for("create")
    desktop.daemon_process.send_signal(signal.SIGTERM)
    pump_until(lambda: not desktop.has_owner(NAME), "the name is given back")
    assert desktop.daemon_process.poll() is None
    desktop.nile.release("mint")
    group.wait()
    assert call.password() == desktop.nile.password_of(call.result()["id"])
    assert desktop.daemon_process.wait(30) == 0
    assert desktop.lookup(id=call.result()["id"]) == call.result()["password"]


def test_all_that_wait_in_line_are_finished(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint", times=8)
    group = CallGroup(desktop)
    for number in range(12):
        group.create(f"db{number + 1}")
    group.fence(desktop.bus)
    desktop.daemon_process.send_signal(signal.SIGTERM)
    pump_until(lambda: not desktop.has_owner(NAME), "the name is given back")
    desktop.nile.release("mint")
    found = {call.result()["id"]: call.password() for call in group.wait()}
    assert desktop.daemon_process.wait(30) == 0
    assert len(found) == 12
    assert found == {live["id"]: desktop.lookup(id=live["id"]) for live in desktop.nile.live()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(desktop: Desktop, number: int):
    desktop.daemon_process.send_signal(number)
    assert desktop.daemon_process.wait(30) == 0


def test_a_second_signal_changes_nothing(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint")
    group = CallGroup(desktop)
    call = group.create()
    desktop.nile.wait_for("create")
    for _ in range(3):
        desktop.daemon_process.send_signal(signal.SIGTERM)
    pump_until(lambda: not desktop.has_owner(NAME), "the name is given back")
    desktop.nile.release("mint")
    group.wait()
    assert call.result()["password"]
    assert desktop.daemon_process.wait(30) == 0


def test_a_caller_that_leaves_before_it_is_known_does_not_keep_it_from_ending(desktop: Desktop):
    desktop.daemon_process.send_signal(signal.SIGSTOP)
    leave_at_once(desktop, "list")
    desktop.daemon_process.send_signal(signal.SIGTERM)
    desktop.daemon_process.send_signal(signal.SIGCONT)
    assert desktop.daemon_process.wait(30) == 0


def test_a_caller_that_leaves_during_a_mint_does_not_keep_it_from_ending(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint")
    bus = desktop.connect()
    CallGroup(desktop).create(bus=bus)
    desktop.nile.wait_for("create")
    wait_gone(desktop, bus)
    desktop.daemon_process.send_signal(signal.SIGTERM)
    pump_until(lambda: not desktop.has_owner(NAME), "the name is given back")
    desktop.nile.release("mint")
    assert desktop.daemon_process.wait(30) == 0
    (live,) = desktop.nile.live()
    assert desktop.lookup(id=live["id"]) == desktop.nile.password_of(live["id"])


# Two daemons

def test_the_second_daemon_leaves(desktop: Desktop):
    created = desktop.create()
    first, log = desktop.daemon_process, desktop.daemon_log()
    desktop.start_daemon(wait=False)
    second, desktop.daemon_process = desktop.daemon_process, first
    assert second.wait(30) != 0
    assert "another" in desktop.daemon_log().removeprefix(log)
    assert first.poll() is None
    assert desktop.get()["password"] == created["password"]


def test_the_bus_goes_away():
    """Nobody can call any more: it ends, and says why."""
    with Desktop() as desktop:
        daemon, desktop.daemon_process = desktop.daemon_process, None
        desktop.processes[0].terminate()
        assert daemon.wait(30) != 0
        assert "bus is gone" in desktop.daemon_log()

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls that come in while the daemon leaves: by its idle timer, by SIGTERM. Each has one answer, and none is an error."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field

from caller import Answered, Caller
from desktop import BusError, wait_until
from lab import Lab
from oracle import Facts, judge
from row import settle_lab
from test_idle import ActivatedDaemon

IDLE_SEC = 1
LOOKS = 5
BURST = 100
CALLERS = 20
SPREAD_SEC = 0.004
STEP_SEC = 0.001
FIRST_STEP_SEC = 0.05  # halved each time that the end of the idle time was passed
CREATE_SHARE = 0.05


@dataclass
class Raced:
    """What a race has found. `leavings`: how often a daemon left while a burst came in, or just before."""

    calls: int = 0
    creates: int = 0
    leavings: int = 0
    violations: list[str] = field(default_factory=list)


class Race:
    """One lab whose bus starts the daemon."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self.lab, self.dice, self.raced = lab, random.Random(seed), Raced()
        lab.clean()
        lab.daemon_keys = {"idle-timeout": IDLE_SEC}
        lab.write_config()
        self.daemon = ActivatedDaemon(lab)
        self.callers = [lab.caller() for _ in range(CALLERS)]

    def close(self) -> None:
        """The last daemon leaves by itself."""
        for caller in self.callers:
            caller.close()
        wait_until(lambda: self.daemon.pid() is None, "the daemon leaves")

    def one(self, caller: Caller) -> Answered:
        """A call of one kind or another, which may start the daemon."""
        self.raced.calls += 1
        luck = self.dice.random()
        if luck < CREATE_SHARE:
            self.raced.creates += 1
            return caller.send("CreateCredential", "(ssa{sv})", "acme", f"db{self.raced.creates % 50}", {}, auto_start=True)
        if luck < 0.5:
            return caller.send("Get", "(ss)", "org.felucca.Credentials1", "Version",
                               interface="org.freedesktop.DBus.Properties", auto_start=True)
        return caller.send("ListCredentials", "(a{sv})", {}, auto_start=True)

    def burst(self, at: float, number: int, strike: float | None = None) -> None:
        """So many calls around a moment; a signal at another one, if given."""
        moments = sorted(at + self.dice.gauss(0, SPREAD_SEC) for _ in range(number))
        before, calls = self.daemon.pid(), []
        for moment in moments:
            if strike is not None and moment > strike and before is not None:
                with suppress(ProcessLookupError):  # it may have left by itself
                    os.kill(before, signal.SIGTERM)
                strike = None
            # Nothing hangs on the moment: it only decides how close the race is.
            time.sleep(max(0.0, moment - time.monotonic()))
            calls.append(self.one(self.dice.choice(self.callers)))
        for caller in self.callers:
            if caller.calls:
                caller.wait(deadline_sec=60)
        for call in calls:
            call.body = None  # thousands of listings would fill the memory
        self.raced.leavings += self.daemon.pid() != before
        self.raced.violations += [f"{call.method} ended with {call.outcome}: {call.message}" for call in calls
                                  if call.outcome != "ok"]

    def check_answers(self) -> None:
        """Exactly one for each call."""
        for caller in self.callers:
            caller.fence()
            self.raced.violations += caller.wrong_answers()

    def look(self) -> Facts:
        """With a daemon that is there; one that was about to leave when it was called makes room for the next."""
        caller = self.callers[0]
        for left in reversed(range(LOOKS)):
            caller.wait(caller.send("ListCredentials", "(a{sv})", {}, auto_start=True))
            try:
                return self.lab.facts(wishes=self.raced.creates)
            except BusError:
                if left == 0:
                    raise
        raise AssertionError

    def check_oracle(self) -> None:
        """Every create is stored, and nothing else lives."""
        facts = settle_lab(self.look)
        self.raced.violations += judge(facts)
        if len(facts.stored) != self.raced.creates:
            self.raced.violations.append(f"{len(facts.stored)} are stored of {self.raced.creates}")
        bad = [status for status in self.daemon.ends() if status != 0]
        self.raced.violations += [f"daemons ended with {bad}"] if bad else []


def race_idle(calls: int, seed: int) -> Raced:
    """Bursts as close to the end of the idle time as a staircase can bring them."""
    with Lab() as lab:
        race = Race(lab, seed)
        offset, step = float(IDLE_SEC), FIRST_STEP_SEC
        while race.raced.calls < calls:
            caller = race.callers[0]
            caller.wait(race.one(caller))
            leavings = race.raced.leavings
            race.burst(time.monotonic() + offset, min(BURST, calls - race.raced.calls))
            if race.raced.leavings == leavings:
                offset += step
            else:
                step = max(STEP_SEC, step / 2)
                offset -= step
        race.check_answers()
        race.check_oracle()
        race.close()
        return race.raced


def race_term(calls: int, seed: int) -> Raced:
    """Bursts with a SIGTERM in the middle."""
    with Lab() as lab:
        race = Race(lab, seed)
        while race.raced.calls < calls:
            caller = race.callers[0]
            caller.wait(race.one(caller))
            soon = time.monotonic() + 2 * SPREAD_SEC
            race.burst(soon, min(BURST, calls - race.raced.calls), soon + race.dice.gauss(0, SPREAD_SEC))
        race.check_answers()
        race.check_oracle()
        race.close()
        return race.raced

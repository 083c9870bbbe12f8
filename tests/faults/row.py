# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One case of the fault matrix, and one run of it: the fault, a restart, the oracle."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import Any, Callable

from caller import Answered, Caller, variants
from lab import Lab
from oracle import Facts, judge, verdict

from gi.repository import GLib

SETTLE_SEC = 10.0
COMPLAINTS = ("CRITICAL", "AddressSanitizer", "runtime error")
DEAD = "NoReply"  # what the bus answers for a daemon that was killed


def one_create(run: "Run") -> None:
    """The plainest run: one call, and its answer."""
    run.create()
    run.wait()


@dataclass(frozen=True)
class Row:
    """One case. `matrix` is the row of the table it belongs to; `ends` are the verdicts that are right after the restart."""

    matrix: str
    case: str
    run: Callable[["Run"], None] = one_create
    outcomes: tuple[str, ...] = ()  # of every call that asks for a mint; empty: the run itself looks
    posts: int | None = None
    ends: tuple[str, ...] = ()  # empty: any that the oracle allows
    rules: tuple[dict[str, Any], ...] = ()
    failpoint: str = ""
    instance: str = "nile"
    settings: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[Lab], None] | None = None  # what the desktop needs more than nile, before the daemon starts
    stand_in: bool = False  # needs the Secret Service that can be told to fail
    own_lab: bool = False  # leaves a desktop that nobody else can use
    complaints: tuple[str, ...] = ()  # of libraries, in the daemon's log, which are no fault of ours
    slow: bool = False  # waits for a long deadline; not in every run of the tests

    @property
    def name(self) -> str:
        return f"{self.matrix}: {self.case}" + (" (exclusive)" if self.instance == "own" else "")


def settle_lab(look: Callable[[], Facts], ends: tuple[str, ...] = ()) -> Facts:
    """Looks again and again until all is well, or until it should be."""
    end = time.monotonic() + SETTLE_SEC
    while True:
        facts = look()
        if (not judge(facts) and verdict(facts) in (ends or (verdict(facts),))) or time.monotonic() > end:
            return facts
        time.sleep(0.02)


@dataclass
class Result:
    """How one run ended."""

    row: Row
    number: int
    violations: list[str]
    verdict: str = ""
    seconds: float = 0.0

    def plain(self) -> "PlainResult":
        """Without the row's functions, which do not go from one process to another."""
        return PlainResult(self.row.name, self.number, [f"{self.row.name} [{self.number}]: {said}" for said in self.violations],
                           self.verdict, self.seconds)


@dataclass
class PlainResult:
    """A result that can be sent."""

    name: str
    number: int
    violations: list[str]
    verdict: str
    seconds: float


@dataclass
class Run:
    """One run of a row. The row's function uses it; what it notes as wrong is a violation."""

    lab: Lab
    row: Row
    number: int
    random: random.Random
    wishes: list[Answered] = field(default_factory=list)
    callers: list[Caller] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)  # of answers that a rule has made up
    foreign_deleted: set[str] = field(default_factory=set)
    handed_over: set[str] = field(default_factory=set)
    extra_wishes: int = 0  # mints that were asked for by other ways than `create`

    def caller(self) -> Caller:
        """One more caller."""
        caller = self.lab.caller()
        self.callers.append(caller)
        return caller

    def create(self, database: str = "orders", caller: Caller | None = None, fds: tuple[int, ...] = (),
               workspace: str = "acme", **options: Any) -> Answered:
        """Asks for a mint of the row's instance; does not wait."""
        caller = caller or next((one for one in self.callers if not one.closed), None) or self.caller()
        if fds:
            options["secret_fd"] = GLib.Variant("h", 0)
        call = caller.send("CreateCredential", "(ssa{sv})", workspace, database,
                           variants({"backend": self.row.instance} | options), fds=fds)
        self.wishes.append(call)
        return call

    def wait(self, deadline_sec: float = 60) -> None:
        """Until every caller that is still there has its answers."""
        for caller in self.callers:
            if not caller.closed and caller.calls:
                caller.wait(deadline_sec=deadline_sec)

    def expect(self, holds: Any, what: str) -> None:
        """A violation unless it holds."""
        if not holds:
            self.wrong.append(what)

    def start(self, failpoint: str = "", wait: bool = True, **variables: str) -> None:
        """Starts the daemon, with a failpoint if one is named."""
        more = {"FELUCCA_FAILPOINT": failpoint} if failpoint else {}
        self.lab.start_daemon(wait=wait, **more, **variables)

    def restart(self, kill: bool = True, failpoint: str = "") -> None:
        """Ends the daemon and starts it anew."""
        self.wrong += self.lab.end_daemon(kill)
        self.start(failpoint)

    def facts(self) -> Facts:
        """What the oracle looks at."""
        facts = self.lab.facts(wishes=len(self.wishes) + self.extra_wishes, foreign_deleted=self.foreign_deleted,
                               handed_over=self.handed_over)
        facts.passwords |= self.passwords
        return facts

    def settle(self, ends: tuple[str, ...] = ()) -> Facts:
        """Until the oracle has nothing to say and it ended in one of these ways; gives the last facts."""
        return settle_lab(self.facts, ends)

    def check_calls(self) -> None:
        """Each caller that stayed has exactly one answer to each call, and the right one."""
        for caller in self.callers:
            if not caller.closed:
                caller.fence()
                self.wrong += caller.wrong_answers()
        if self.row.outcomes:
            self.wrong += [f"the call ended with {call.outcome}: {call.message}" for call in self.wishes
                           if call.outcome not in self.row.outcomes]
        for call in self.wishes:
            if call.outcome == "ok" and "password" in (call.value or {}):
                id = call.value["id"]
                right = self.right_passwords(call)
                self.expect(id in self.passwords or call.value["password"] == right.get(id), f"{id} was answered with a wrong password")

    def right_passwords(self, call: Answered) -> dict[str, str]:
        """Of what the providers know, at least that of this answer."""
        id = call.value["id"]
        found = {entry["id"]: self.lab.nile.password_of(id) for entry in self.lab.nile.minted() if entry["id"] == id}
        for site in self.lab.sites:
            found |= site.passwords({id: [call.value["password"]]})
        return found

    def check_posts(self) -> None:
        """As many POSTs as the row says."""
        posts = self.lab.nile.count("create")
        if self.row.posts is not None and posts != self.row.posts:
            self.wrong.append(f"{posts} POSTs, not {self.row.posts}")


def complaints(log: str, allowed: tuple[str, ...] = ()) -> list[str]:
    """What the daemon's log says of mistakes of our own, in one line."""
    bad = [line for line in log.splitlines()
           if any(word in line for word in COMPLAINTS) and not any(word in line for word in allowed)]
    return ["the daemon's log: " + " | ".join(bad[:5])] if bad else []


def execute(lab: Lab, row: Row, number: int, seed: int) -> Result:
    """One run: the fault, the end of the daemon by a signal or a kill in turn, a restart, the oracle."""
    began = time.monotonic()
    run = Run(lab, row, number, random.Random(f"{seed}/{row.name}/{number}"))
    word = "broken"
    try:
        word = _execute(run)
    except Exception as error:  # whatever it is, this run has failed and the next one goes on
        run.wrong.append(f"the run broke off: {type(error).__name__}: {error}")
    finally:
        for caller in run.callers:
            caller.close()
    run.wrong += complaints(lab.daemon_log(), row.complaints)
    return Result(row, number, run.wrong, word, time.monotonic() - began)


def _execute(run: Run) -> str:
    lab, row = run.lab, run.row
    lab.clean()
    lab.settings = dict(row.settings)
    if row.prepare is not None:
        row.prepare(lab)
    lab.write_config()
    for rule in row.rules:
        lab.nile.rule(**rule)
    run.start(row.failpoint)
    struck = lab.daemon_process
    row.run(run)
    if ":kill" in row.failpoint and lab.daemon_process is struck:
        lab.wait_dead()
    run.check_calls()
    run.check_posts()
    killed = run.number % 2 == 1
    run.wrong += lab.end_daemon(killed)
    lab.heal()
    run.start()
    run.wrong += [f"right after the restart: {said}" for said in judge(run.facts(), strict=False)]
    ends = row.ends
    if killed and "nothing" in ends:
        ends += ("open",)  # the kill may have come before the intent was off the disk
    facts = run.settle(ends)
    run.wrong += judge(facts)
    word = verdict(facts)
    if ends and word not in ends:
        run.wrong.append(f"it ended as '{word}', not as {' or '.join(ends)}: {facts.unresolved}")
    run.wrong += lab.end_daemon(kill=False)
    return word


class Labs:
    """The desktops of one process: made when they are first needed, closed at the end. A context manager."""

    def __init__(self) -> None:
        self._shared: dict[bool, Lab] = {}

    def __enter__(self) -> "Labs":
        return self

    def __exit__(self, *exc: Any) -> None:
        for lab in self._shared.values():
            lab.close()

    def run(self, row: Row, number: int, seed: int) -> Result:
        """One run in the right lab."""
        if row.own_lab:
            lab = Lab(stand_in=row.stand_in).__enter__()
            try:
                return execute(lab, row, number, seed)
            finally:
                lab.close()
        if row.stand_in not in self._shared:
            self._shared[row.stand_in] = Lab(stand_in=row.stand_in).__enter__()
        return execute(self._shared[row.stand_in], row, number, seed)

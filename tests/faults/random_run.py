# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many creates with random faults from all rows, beside others who mint and delete, at each provider that we have a backend
for. The seed repeats the choices."""

from __future__ import annotations

import contextlib
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from caller import Answered, Caller, variants
from desktop import BusError, wait_until
from lab import Lab
from oracle import Facts, is_named, judge
from row import complaints, settle_lab
from site_nile import NileSite
from site_random import RandomSite
from site_sql import MariadbSite, PostgresSite
from site_tool import ToolSite
from site_vault import VaultSite
from strikes import Others, Strikes, no_reply, stall

from gi.repository import GLib

SITES: dict[str, type[RandomSite]] = {  # by the module of the backend
    "nile": NileSite, "postgres": PostgresSite, "mariadb": MariadbSite, "vault": VaultSite, "exec": ToolSite}
BATCHES_MAX = 12
BATCH_MAX = 6
STAND_IN_SHARE = 0.6


@dataclass
class Tally:
    """What a random run has found."""

    seed: int
    site: str = "nile"
    creates: int = 0
    epochs: int = 0
    restarts: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    strikes: Counter[str] = field(default_factory=Counter)
    foreign: int = 0
    foreign_deletes: int = 0
    violations: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Both together."""
        for name in ("creates", "epochs", "restarts", "foreign", "foreign_deletes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.outcomes += other.outcomes
        self.strikes += other.strikes
        self.violations += other.violations


class Epoch:
    """One clean start and what happens until the next."""

    def __init__(self, lab: Lab, site: RandomSite, seed: str, tally: Tally) -> None:
        self.lab, self.site, self.tally, self.name = lab, site, tally, seed
        self.dice = random.Random(seed)
        self.calls: list[tuple[Answered, Caller]] = []
        self.callers: list[Caller] = []
        self.wishes = 0
        self.ended: set[str] = set()  # what the user or somebody else has ended or taken over
        self.history: list[str] = []

    def run(self, creates: int) -> None:
        """At most so many creates."""
        self.lab.clean()
        self.site.begin(self.lab)
        self.strikes = Strikes(self.lab, self.site, self.dice)
        self.others = Others(self.site, self.name)
        self.start(self.strikes.failpoint())
        self.others.start()
        try:
            for _ in range(self.dice.randint(3, BATCHES_MAX)):
                if self.wishes >= creates:
                    break
                self.batch(min(self.dice.randint(1, BATCH_MAX), creates - self.wishes))
            self.last_look()
        finally:
            self.others.end()
            for caller in self.callers:
                caller.close()
            self.site.calm()
            self.site.end(self.lab)
        self.tally.epochs += 1

    def note(self, what: str) -> None:
        self.history.append(what)

    def wrong(self, said: list[str], when: str) -> None:
        """Violations, with what led to them."""
        self.tally.violations += [f"epoch {self.name}, {when}: {one}; {' | '.join(self.history[-25:])}" for one in said]

    # The daemon

    def start(self, failpoint: str) -> None:
        """The next daemon; one that dies at its start is followed by one that does not."""
        self.note(f"start {failpoint}")
        more = {"FELUCCA_FAILPOINT": failpoint} if failpoint else {}
        self.lab.start_daemon(wait=False, **more)
        wait_until(lambda: self.lab.has_owner("org.felucca.Credentials1") or self.is_dead(), "the daemon is there or dead")
        if self.is_dead():
            self.restart()

    def is_dead(self) -> bool:
        return self.lab.daemon_process is None or self.lab.daemon_process.poll() is not None

    def restart(self, failpoint: str = "") -> None:
        """After whatever has happened; the keyring is there again."""
        self.lab.kill_daemon()
        self.site.calm()  # what the one before has begun and nobody waits for any more
        self.lab.heal()
        self.tally.restarts += 1
        self.start(failpoint)

    # The calls

    def batch(self, number: int) -> None:
        """Some creates at one time, while something strikes."""
        if self.dice.random() < 0.75:
            self.note(self.strikes.strike())
            self.tally.strikes[self.history[-1]] += 1
        caller = self.lab.caller()
        self.callers.append(caller)
        before = self.site.asked()
        for _ in range(number):
            self.create(caller)
        self.interrupt(caller, before)
        self.finish(caller)
        self.site.calm()
        if self.is_dead() or self.dice.random() < 0.1:
            self.restart(self.strikes.failpoint())
        if self.lab.service is None or self.dice.random() < 0.7:
            self.lab.heal()
        self.decide()

    def create(self, caller: Caller) -> None:
        """One call to one of the instances."""
        instance, workspace, database = self.site.wish(self.dice)
        options: dict[str, Any] = {"backend": instance, "interactive": False}
        if self.dice.random() < 0.2:
            options["request_id"] = f"r{self.dice.randrange(10)}-{database}"
        pipe = self.strikes.pipe()
        self.wishes += 1
        self.tally.creates += 1
        if self.dice.random() < 0.03:
            no_reply(caller, workspace, database, options)
        elif pipe is None:
            self.calls.append((caller.create(workspace, database, **options), caller))
        else:
            options["secret_fd"] = GLib.Variant("h", 0)
            call = caller.send("CreateCredential", "(ssa{sv})", workspace, database, variants(options), fds=(pipe[1],))
            self.calls.append((call, caller))
            for fd in pipe:
                if fd >= 0:
                    os.close(fd)

    def interrupt(self, caller: Caller, before: int) -> None:
        """Sometimes something happens when the provider has been asked, or at once."""
        luck = self.dice.random()
        if luck > 0.3:
            return
        if luck > 0.1 and not self.is_dead():
            with contextlib.suppress(AssertionError):  # nothing was sent: then it happens without
                wait_until(lambda: self.site.asked() > before, "the provider is asked", 0.3)
        end = self.dice.choice(("kill", "kill", "term", "stall", "leave"))
        self.note(end)
        if end == "leave":
            caller.close()
        elif end == "stall" and not self.is_dead():
            stall(self.lab, self.dice.random() * self.site.timeout_sec * 1.5)
        elif end == "term" and not self.is_dead():
            status = self.lab.stop_daemon()
            self.wrong([] if status in (0, -9) else [f"the daemon ended with {status}"], "SIGTERM")
        else:
            self.lab.kill_daemon()

    def finish(self, caller: Caller) -> None:
        """Until all who wait have their answers; each exactly one."""
        if not caller.closed:
            caller.wait(deadline_sec=90)
            caller.fence()
            self.wrong(caller.wrong_answers(), "answers")
            self.tally.outcomes.update(call.outcome for call in caller.calls.values() if call.method == "CreateCredential")
        # What nobody waits for is over when a listing that came later is answered and no mint is under way.
        if not self.is_dead():
            wait_until(lambda: self.is_dead() or self.site.is_quiet(), "no mint is under way", 60)

    # The user

    def decide(self) -> None:
        """Before the limit is reached, the user decides about what is unresolved."""
        try:
            entries = self.lab.unresolved()
        except BusError:  # a failpoint has struck behind our back
            self.lab.wait_dead()
            self.restart()
            entries = self.lab.unresolved()
        if len(entries) < self.site.clear_at:
            return
        live = {entry["id"]: entry for entry in self.site.live() if not entry["foreign"]}
        for entry in entries:
            named = [id for id in [entry.get("id"), *entry.get("candidates", [])] if id in live]
            target = [id for id, one in live.items() if one["database"] == entry["database"]]
            if target and not named:
                continue  # it will be named by and by
            # Nobody says yes to the end of what is somebody else's.
            theirs = set(entry.get("candidates", [])) - set(named)
            action = self.dice.choice(("keep", "forget") if theirs else ("revoke", "keep", "forget"))
            if action != "revoke":
                self.ended.update(named or target)
            try:
                self.lab.call("ResolveUnresolved", "(ss)", entry["intent"], action)
            except BusError as error:
                self.note(f"{action}: {error.name.rpartition('.')[2]}")

    # The oracle

    def last_look(self) -> None:
        """The end of the epoch: the daemon ends, one more starts, the oracle looks."""
        self.lab.end_daemon(kill=self.dice.random() < 0.5)
        self.site.calm()
        wait_until(self.site.is_quiet, "nothing is under way at the provider", 60)
        self.restart()
        known: dict[str, Any] = {"wishes": self.wishes}
        self.others.end()
        facts = self.facts(**known)
        self.wrong(judge(facts, strict=False), "right after the restart")
        facts = settle_lab(lambda: self.facts(**known))
        self.wrong(judge(facts), "at rest")
        self.wrong(self.broken_promises(facts), "promises")
        self.wrong(complaints(self.lab.daemon_log()), "the log")
        asked = self.site.asked()
        self.wrong([f"{asked} mints for {self.wishes} wishes"] if asked > self.wishes else [], "the provider")
        self.tally.foreign += sum(entry["foreign"] for entry in facts.minted)
        self.tally.foreign_deletes += sum("somebody else" in one for one in judge(facts))

    def facts(self, **known: Any) -> Facts:
        return self.lab.facts(foreign_deleted=self.others.deleted, handed_over=self.ended, **known)

    def broken_promises(self, facts: Facts) -> list[str]:
        """What was answered is kept, and it lives."""
        alive, wrong = {entry["id"] for entry in facts.live}, []
        for call, _ in self.calls:
            if call.outcome != "ok":
                continue
            id = call.value["id"]
            if id not in facts.stored and id not in self.ended:
                wrong.append(f"{id} was answered and is not stored{' but listed' if is_named(facts, id) else ''}")
            if id not in alive and id not in self.ended:
                wrong.append(f"{id} was answered and does not live")
        return wrong


def random_run(creates: int, seed: int, worker: int = 0, site: str = "nile", only: str | None = None) -> Tally:
    """So many creates at one provider, in epochs; `only` repeats one epoch by its name."""
    site = only.partition(":")[0] if only else site
    tally = Tally(seed, site)
    with Lab() as real, Lab(stand_in=True) as fake, SITES[site]() as provider:
        number = 0
        while tally.creates < creates and not (only and number):
            name = only or f"{site}:{seed}/{worker}/{number}"
            lab = fake if random.Random(f"kind {name}").random() < STAND_IN_SHARE else real
            try:
                Epoch(lab, provider, name, tally).run(creates - tally.creates)
            except Exception as error:  # the epoch has failed; the next one goes on
                tally.violations.append(f"epoch {name} broke off: {type(error).__name__}: {error}")
            number += 1
    return tally

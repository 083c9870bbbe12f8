# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults that can strike at any time: what the rows do one by one, here for the random run."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import uuid
from typing import Any, Callable

from caller import Caller
from keyring_tools import kill_keyring
from lab import Lab
from matrix import all_rows
from rows_disk import BROKEN
from rows_wire import is_silent
from test_limits import full_pipe, small_full_pipe, unread_pipe
from world import NotThere

from gi.repository import GLib

SILENT_SHARE = 0.15  # of the rules that let a call wait for its deadline, so that time goes into more creates
FOREIGN_PAUSE_SEC = 0.02
OLD_SEC = 26 * 3600
CLOCKS = (-90, -30, 30, 90)  # as clocks that are kept; the rows have those that are a day off
KEYRING_FAULTS = ("error", "error*1", "error*2", "lose", "lie-store", "lock", "org.freedesktop.Secret.Error.IsLocked")
DELETE_RULES: tuple[dict[str, Any], ...] = (
    {"status": 500}, {"status": 403}, {"status": 401}, {"reset": True}, {"mint_without_answer": True},
    {"status": 404, "after_mint": True})  # it tells no lies: what it says is gone is gone
LIST_RULES: tuple[dict[str, Any], ...] = ({"status": 503}, {"reset": True}, {"cut_body": 20}, {"body": "<html>"}, {"status": 401})


def rules_of_rows() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Every rule that a row has for a mint: those that answer at once, and those that stay silent."""
    rules = [rule for row in all_rows() for rule in row.rules if rule.get("on") == "create" and "skip" not in rule]
    rules = [{key: value for key, value in rule.items() if key != "times"} for rule in rules if rule.get("flood", [0, 0])[1] < 10**8]
    silent = [rule for rule in rules if is_silent(rule)]
    return [rule for rule in rules if not is_silent(rule)], silent


def failpoints_of_rows() -> list[str]:
    """Every place where a row kills the daemon or lets the disk fail."""
    places = {row.failpoint for row in all_rows() if row.failpoint} | {
        f"reconcile-{step}:kill" for step in ("list", "listed", "revoke", "revoked", "drop")}
    return sorted(place for place in places if not place.startswith("intent-open"))


class Others(threading.Thread):
    """People who mint and delete at the same provider all the time, also at our targets."""

    def __init__(self, lab: Lab, shared: list[str], own: list[str], seed: str) -> None:
        super().__init__(daemon=True)
        self._nile, self._shared, self._own = lab.nile, shared, own
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._theirs: list[str] = []
        self.deleted: set[str] = set()
        self.missed: list[str] = []  # what was theirs and is gone
        for database in own:  # what was there long before us
            self._nile.mint_foreign("acme", database, created=time.time() - OLD_SEC)

    def run(self) -> None:
        while not self._over.wait(self._random.random() * FOREIGN_PAUSE_SEC * 2):
            if self._theirs and self._random.random() < 0.5:
                id = self._theirs.pop(self._random.randrange(len(self._theirs)))
                try:
                    self._nile.delete_foreign(id)
                    self.deleted.add(id)
                except NotThere:
                    self.missed.append(id)
            else:
                database = self._random.choice(self._shared + ["db90", "db91"])
                self._theirs.append(self._nile.mint_foreign("acme", database)["id"])

    def end(self) -> None:
        """They have gone home."""
        self._over.set()
        self.join()


class Strikes:
    """Deals out faults for one lab. Each method that begins with `do_` is one kind; the choice is the random's."""

    def __init__(self, lab: Lab, dice: random.Random) -> None:
        self.lab, self.dice = lab, dice
        self.quick, self.silent = rules_of_rows()
        self.failpoints = failpoints_of_rows()
        self.kinds: list[Callable[[], None]] = [
            self.do_wire, self.do_wire, self.do_wire, self.do_wire, self.do_refusal, self.do_revoke, self.do_list, self.do_clock,
            self.do_file, *([self.do_item, self.do_item] if lab.service else [self.do_lock, self.do_die])]

    def failpoint(self) -> str:
        """A failpoint for the next daemon, or none."""
        if self.dice.random() < 0.5:
            return ""
        return f"{self.dice.choice(self.failpoints)}@{self.dice.randint(1, 6)}"

    def strike(self) -> str:
        """One fault; says which."""
        kind = self.dice.choice(self.kinds)
        kind()
        return kind.__name__.removeprefix("do_")

    def do_wire(self) -> None:
        """A lost or spoilt answer."""
        pool = self.silent if self.dice.random() < SILENT_SHARE else self.quick
        self.lab.nile.rule(**self.dice.choice(pool) | {"skip": self.dice.randint(0, 2)})

    def do_refusal(self) -> None:
        """The token is not taken any more."""
        self.lab.nile.rule(on="create", status=401, skip=self.dice.randint(0, 1))

    def do_revoke(self) -> None:
        """The next revokes fail, and so that there is one, the answer has no password."""
        self.lab.nile.rule(on="delete", **self.dice.choice(DELETE_RULES) | {"times": self.dice.randint(1, 3)})
        self.lab.nile.rule(on="create", after_mint=True, body='{"id":"{{id}}"}')

    def do_list(self) -> None:
        """The next looks fail, and so that there is one, an answer is lost."""
        self.lab.nile.rule(on="list", **self.dice.choice(LIST_RULES) | {"times": self.dice.randint(1, 3)})
        self.lab.nile.rule(on="create", mint_without_answer=True)

    def do_clock(self) -> None:
        """The provider's clock is off, and an answer is lost."""
        self.lab.nile.set_clock(self.dice.choice(CLOCKS))
        self.lab.nile.rule(on="create", mint_without_answer=True)

    def do_file(self) -> None:
        """Something lies among the intents; the next daemon finds it."""
        if self.lab.intents.is_dir():
            ending = self.dice.choice(("prepared", "sent", "minted", "new"))
            (self.lab.intents / f"{uuid.UUID(int=self.dice.getrandbits(128))}.{ending}").write_bytes(
                BROKEN[self.dice.choice(("empty", "torn", "no key file"))])

    def do_item(self) -> None:
        """The keyring fails to store."""
        self.lab.service.faults["CreateItem"] = self.dice.choice(KEYRING_FAULTS)

    def do_lock(self) -> None:
        self.lab.lock_keyring()

    def do_die(self) -> None:
        kill_keyring(self.lab)

    def pipe(self) -> tuple[int, int] | None:
        """What some callers send along."""
        if self.dice.random() < 0.85:
            return None
        return self.dice.choice((unread_pipe, full_pipe, small_full_pipe, os.pipe))()


def stall(lab: Lab, seconds: float) -> None:
    """The daemon stands still, as in a suspend."""
    lab.daemon_process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    lab.daemon_process.send_signal(signal.SIGCONT)


def no_reply(caller: Caller, instance: str, database: str) -> None:
    """A call that wants no answer."""
    caller.send("CreateCredential", "(ssa{sv})", "acme", database, {"backend": GLib.Variant("s", instance)}, wants_reply=False)

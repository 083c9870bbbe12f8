# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults that can strike at any time: what the rows do one by one, here for the random run. Those of a provider come
with its site; these are the desktop's and the caller's."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import uuid
from typing import Any, Callable

from caller import Caller, variants
from keyring_tools import kill_keyring
from lab import Lab
from matrix import all_rows
from rows_disk import BROKEN
from site_random import RandomSite
from test_limits import full_pipe, small_full_pipe, unread_pipe
from world import NotThere

KEYRING_FAULTS = ("error", "error*1", "error*2", "lose", "lie-store", "lock", "org.freedesktop.Secret.Error.IsLocked")


def failpoints_of_rows() -> list[str]:
    """Every place where a row kills the daemon or lets the disk fail."""
    places = {row.failpoint for row in all_rows() if row.failpoint} | {
        f"reconcile-{step}:kill" for step in ("list", "listed", "revoke", "revoked", "drop")}
    return sorted(place for place in places if not place.startswith("intent-open"))


class Others(threading.Thread):
    """People who mint and delete at the same provider all the time, also at our targets."""

    def __init__(self, site: RandomSite, seed: str) -> None:
        super().__init__(daemon=True)
        self._site = site
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._theirs: list[str] = []
        self.deleted: set[str] = set()
        self.missed: list[str] = []  # what was theirs and is gone

    def run(self) -> None:
        while not self._over.wait(self._random.random() * self._site.foreign_pause_sec * 2):
            if self._theirs and self._random.random() < 0.5:
                id = self._theirs.pop(self._random.randrange(len(self._theirs)))
                try:
                    self._site.delete_foreign(id)
                    self.deleted.add(id)
                except NotThere:
                    self.missed.append(id)
            else:
                id = self._site.mint_foreign(self._random.choice(self._site.others_databases))
                self._theirs += [id] if id else []

    def end(self) -> None:
        """They have gone home."""
        self._over.set()
        self.join()


class Strikes:
    """Deals out faults for one lab and one provider. The choice is the random's."""

    def __init__(self, lab: Lab, site: RandomSite, dice: random.Random) -> None:
        self.lab, self.dice = lab, dice
        self.failpoints = failpoints_of_rows()
        self.kinds: list[tuple[str, Callable[[], None]]] = [
            *site.strikes(dice), ("file", self.do_file),
            *([("item", self.do_item)] * 2 if lab.service else [("lock", self.do_lock), ("die", self.do_die)])]

    def failpoint(self) -> str:
        """A failpoint for the next daemon, or none."""
        if self.dice.random() < 0.5:
            return ""
        return f"{self.dice.choice(self.failpoints)}@{self.dice.randint(1, 6)}"

    def strike(self) -> str:
        """One fault; says which."""
        name, strike = self.dice.choice(self.kinds)
        strike()
        return name

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


def no_reply(caller: Caller, workspace: str, database: str, options: dict[str, Any]) -> None:
    """A call that wants no answer."""
    caller.send("CreateCredential", "(ssa{sv})", workspace, database, variants(options), wants_reply=False)

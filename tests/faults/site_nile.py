# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The nile stand-in of a lab in the random run, with two instances: one of them says that nobody else mints there."""

from __future__ import annotations

import random
import time
from typing import Any

from lab import Lab
from matrix import all_rows
from rows_wire import is_silent
from site_random import TIMEOUT_SEC, RandomSite, Strike

SILENT_SHARE = 0.15  # of the rules that let a call wait for its deadline, so that time goes into more creates
OLD_SEC = 26 * 3600
CLOCKS = (-90, -30, 30, 90)  # as clocks that are kept; the rows have those that are a day off
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


class NileSite(RandomSite):
    """The oracle knows the lab's own stand-in already: it is no Site of the lab."""

    name = "nile"
    databases = tuple(f"db{number}" for number in range(1, 7))
    own_databases = tuple(f"db{number}" for number in range(11, 15))
    others_databases = (*databases, "db90", "db91")

    def begin(self, lab: Lab) -> None:
        self.nile = lab.nile
        lab.settings = {"timeout": TIMEOUT_SEC}
        lab.write_config()
        for database in self.own_databases:  # what was there long before us
            self.nile.mint_foreign("acme", database, created=time.time() - OLD_SEC)

    def end(self, lab: Lab) -> None:
        lab.sign_in_is_spent()

    def wish(self, dice: random.Random) -> tuple[str, str, str]:
        own = dice.random() < 0.35
        return "own" if own else "nile", "acme", dice.choice(self.own_databases if own else self.databases)

    def strikes(self, dice: random.Random) -> list[Strike]:
        self.dice = dice
        self.quick, self.silent = rules_of_rows()
        return [*[("wire", self.do_wire)] * 4, ("refusal", self.do_refusal), ("revoke", self.do_revoke), ("list", self.do_list),
                ("clock", self.do_clock)]

    def do_wire(self) -> None:
        """A lost or spoilt answer."""
        pool = self.silent if self.dice.random() < SILENT_SHARE else self.quick
        self.nile.rule(**self.dice.choice(pool) | {"skip": self.dice.randint(0, 2)})

    def do_refusal(self) -> None:
        """The token is not taken any more."""
        self.nile.rule(on="create", status=401, skip=self.dice.randint(0, 1))

    def do_revoke(self) -> None:
        """The next revokes fail, and so that there is one, the answer has no password."""
        self.nile.rule(on="delete", **self.dice.choice(DELETE_RULES) | {"times": self.dice.randint(1, 3)})
        self.nile.rule(on="create", after_mint=True, body='{"id":"{{id}}"}')

    def do_list(self) -> None:
        """The next looks fail, and so that there is one, an answer is lost."""
        self.nile.rule(on="list", **self.dice.choice(LIST_RULES) | {"times": self.dice.randint(1, 3)})
        self.nile.rule(on="create", mint_without_answer=True)

    def do_clock(self) -> None:
        """The provider's clock is off, and an answer is lost."""
        self.nile.set_clock(self.dice.choice(CLOCKS))
        self.nile.rule(on="create", mint_without_answer=True)

    def calm(self) -> None:
        self.nile.clear_rules()
        self.nile.set_clock(0)

    def asked(self) -> int:
        refused = sum(entry["operation"] == "create" and entry["status"] == 401 for entry in self.nile.requests)
        return self.nile.count("create") - refused

    def is_quiet(self) -> bool:
        return self.nile.count("create") <= self.nile.count("create-over")

    def mint_foreign(self, database: str) -> str:
        return self.nile.mint_foreign("acme", database)["id"]

    def delete_foreign(self, id: str) -> None:
        self.nile.delete_foreign(id)

    def live(self) -> list[dict[str, Any]]:
        return self.nile.live()

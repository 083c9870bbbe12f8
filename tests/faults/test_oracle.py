# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The oracle sees each kind of violation, and none where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from oracle import Facts, judge, verdict


def one(id: str, database: str = "orders", foreign: bool = False) -> dict[str, Any]:
    return {"id": id, "workspace": "acme", "database": database, "foreign": foreign}


def open_intent(database: str = "orders", **more: Any) -> dict[str, Any]:
    return {"intent": "i1", "workspace": "acme", "database": database, "state": "sent"} | more


def post(status: int | None) -> dict[str, Any]:
    return {"operation": "create", "status": status}


def facts(**changed: Any) -> Facts:
    """One credential that lives and is stored, with these changes."""
    given = {"live": [one("a")], "minted": [one("a")], "passwords": {"a": "p"}, "stored": {"a": ["p"]}, "unresolved": []}
    return Facts(**(given | changed))


GOOD: dict[str, Facts] = {
    "stored": facts(),
    "revoked": facts(live=[], stored={}),
    "named by its id": facts(stored={}, unresolved=[open_intent(state="minted", id="a")]),
    "a candidate": facts(stored={}, unresolved=[open_intent(candidates=["x", "a"])]),
    "foreign": facts(live=[one("f", foreign=True)], minted=[one("f", foreign=True)], stored={}),
    "deleted by its owner": facts(minted=[one("a"), one("f", foreign=True)], foreign_deleted={"f"}),
    "one wish": facts(wishes=1, requests=[post(200)]),
    "one refusal": facts(wishes=1, requests=[post(401), post(200)]),
    "given to the user": facts(stored={}, handed_over={"a"}),
}

BAD: dict[str, tuple[Facts, str]] = {
    "orphan": (facts(stored={}), "neither stored nor listed"),
    "an intent for another target": (facts(stored={}, unresolved=[open_intent("billing")]), "neither stored nor listed"),
    "an intent with other candidates": (facts(stored={}, unresolved=[open_intent(candidates=["x"])]), "neither"),
    "a prepared intent": (facts(stored={}, unresolved=[open_intent(state="prepared")]), "neither"),
    "not yet named": (facts(stored={}, unresolved=[open_intent()]), "neither stored nor listed"),
    "wrong password": (facts(stored={"a": ["q"]}), "wrong password"),
    "stored twice": (facts(stored={"a": ["p", "p"]}), "stored 2 times"),
    "never minted": (facts(stored={"a": ["p"], "z": ["p"]}), "never minted"),
    "foreign delete": (facts(minted=[one("a"), one("f", foreign=True)]), "somebody else"),
    "two posts": (facts(wishes=1, requests=[post(None), post(200)]), "2 POSTs for 1 wishes"),
    "listed twice": (facts(unresolved=[open_intent(), open_intent()]), "listed 2 times"),
}


@pytest.mark.parametrize("seen", GOOD.values(), ids=GOOD)
def test_nothing_is_wrong(seen: Facts):
    assert judge(seen) == []


@pytest.mark.parametrize("seen,said", BAD.values(), ids=BAD)
def test_something_is_wrong(seen: Facts, said: str):
    (violation,) = judge(seen)
    assert said in violation


def test_an_open_intent_is_enough_at_first():
    assert judge(BAD["not yet named"][0], strict=False) == []
    for name in ("orphan", "an intent for another target", "an intent with other candidates", "a prepared intent"):
        assert judge(BAD[name][0], strict=False) != []


@pytest.mark.parametrize("seen,word", [
    (facts(), "stored"), (facts(live=[], stored={}), "nothing"), (facts(stored={}), "lost"), (facts(live=[]), "stale"),
    (facts(stored={}, unresolved=[open_intent(candidates=["a"])]), "listed"), (facts(unresolved=[open_intent()]), "open+stored"),
])
def test_verdict(seen: Facts, word: str):
    assert verdict(seen) == word

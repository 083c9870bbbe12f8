# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The oracle: what lives at the provider because of us is stored, revoked, or listed as unresolved.

Facts in, sentences out; it asks nobody. reliability.md calls this I1, I2, I5 and I7.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

REFUSED = 401


@dataclass
class Facts:
    """What was seen at one moment, when no call was under way."""

    live: list[dict[str, Any]]  # at the provider, as World gives them
    minted: list[dict[str, Any]]
    passwords: dict[str, str]  # of everything that was minted
    stored: dict[str, list[str]]  # id: the passwords of its items
    unresolved: list[dict[str, Any]]  # as ListUnresolved gives them
    foreign_deleted: set[str] = field(default_factory=set)  # by somebody else, on purpose
    requests: list[dict[str, Any]] = field(default_factory=list)
    wishes: int | None = None  # how many mints were asked for; None: not counted
    handed_over: set[str] = field(default_factory=set)  # what the user took upon himself: `keep` and `forget`

    @property
    def ours(self) -> list[dict[str, Any]]:
        """What lives because of us."""
        return [entry for entry in self.live if not entry["foreign"] and entry["id"] not in self.handed_over]


def is_named(facts: Facts, id: str) -> bool:
    """Whether an unresolved intent names this credential."""
    return any(id == entry.get("id") or id in entry.get("candidates", []) for entry in facts.unresolved)


def may_be_named(facts: Facts, live: dict[str, Any]) -> bool:
    """Whether an intent stands open for its target: who lives there is not known yet, but that it may is."""
    return any((entry["workspace"], entry["database"]) == (live["workspace"], live["database"])
               and entry["state"] == "sent" and not entry.get("candidates") for entry in facts.unresolved)


def orphans(facts: Facts, strict: bool) -> list[str]:
    """I1. Strict: each is named; otherwise an open intent for its target is enough."""
    return [f"{entry['id']} of {entry['workspace']}/{entry['database']} lives at the provider and is neither stored nor listed"
            for entry in facts.ours
            if entry["id"] not in facts.stored and not is_named(facts, entry["id"])
            and (strict or not may_be_named(facts, entry))]


def bad_items(facts: Facts) -> list[str]:
    """I7, and what nobody can use."""
    wrong = []
    for id, kept in facts.stored.items():
        if len(kept) > 1:
            wrong.append(f"{id} is stored {len(kept)} times")
        if id not in facts.passwords:
            wrong.append(f"{id} is stored and was never minted")
        elif any(password != facts.passwords[id] for password in kept):
            wrong.append(f"{id} is stored with a wrong password")
    return wrong


def foreign_deletes(facts: Facts) -> list[str]:
    """I5: what is not ours lives on unless its owner ended it."""
    alive = {entry["id"] for entry in facts.live}
    return [f"{entry['id']} of somebody else was deleted" for entry in facts.minted
            if entry["foreign"] and entry["id"] not in alive | facts.foreign_deleted]


def too_many_posts(facts: Facts) -> list[str]:
    """I2: one POST for each wish, and one more for each that was refused with 401."""
    posts = [entry for entry in facts.requests if entry["operation"] == "create"]
    refused = sum(entry["status"] == REFUSED for entry in posts)
    if facts.wishes is None or len(posts) <= facts.wishes + refused:
        return []
    return [f"{len(posts)} POSTs for {facts.wishes} wishes, {refused} of them refused with 401"]


def double_entries(facts: Facts) -> list[str]:
    """One intent is listed once."""
    counts = Counter(entry["intent"] for entry in facts.unresolved)
    return [f"intent {intent} is listed {number} times" for intent, number in counts.items() if number > 1]


def judge(facts: Facts, strict: bool = True) -> list[str]:
    """Every violation."""
    return (orphans(facts, strict) + bad_items(facts) + foreign_deletes(facts) + too_many_posts(facts)
            + double_entries(facts))


def verdict(facts: Facts) -> str:
    """In a word, how it ended: nothing, stored, listed, lost, or several of them. `open`: an intent whose mint may still
    come, and nothing that it could be lives. `stale`: stored, and gone at the provider."""
    words, alive = set(), {entry["id"] for entry in facts.live}
    for entry in facts.ours:
        words.add("stored" if entry["id"] in facts.stored else "listed" if is_named(facts, entry["id"]) else "lost")
    for entry in facts.unresolved:
        words.add("listed" if alive & {entry.get("id"), *entry.get("candidates", [])} else "open")
    if facts.stored.keys() - alive:
        words.add("stale")
    return "+".join(sorted(words)) or "nothing"

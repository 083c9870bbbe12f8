# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A provider of the random run: what is asked of it, how it fails, and what it says lives there."""

from __future__ import annotations

import random
from typing import Any, Callable

from lab import Lab

TIMEOUT_SEC = 1
Strike = tuple[str, Callable[[], None]]


class RandomSite:
    """One provider and its instance. It serves many epochs; `begin` makes it empty. It is a Site of the oracle."""

    name = ""
    foreign_pause_sec = 0.02
    timeout_sec = TIMEOUT_SEC
    databases: tuple[str, ...] = ()
    others_databases: tuple[str, ...] = ()  # where somebody else mints
    clear_at = 4  # unresolved mints at which the user decides; 5 is the limit

    def __enter__(self) -> "RandomSite":
        return self

    def __exit__(self, *exc: Any) -> None:
        pass

    def begin(self, lab: Lab) -> None:
        """Nothing lives, and the lab, which is clean, knows how to reach it. No daemon runs afterwards."""
        lab.sites = [self]
        lab.extra_config = self.config()
        lab.write_config()

    def config(self) -> str:
        """Its group of the configuration."""
        return ""

    def end(self, lab: Lab) -> None:
        """The epoch is over."""

    def wish(self, dice: random.Random) -> tuple[str, str, str]:
        """Instance, workspace and database of one create."""
        return self.name, self.name, dice.choice(self.databases)

    def strikes(self, dice: random.Random) -> list[Strike]:
        """Its faults. Each strikes the next call that it fits."""
        raise NotImplementedError

    def calm(self) -> None:
        """All faults are over."""

    def asked(self) -> int:
        """How many mints it has been asked for in this epoch, those left out that were refused for their token."""
        raise NotImplementedError

    def is_quiet(self) -> bool:
        """Nothing of ours is under way there."""
        raise NotImplementedError

    def mint_foreign(self, database: str) -> str:
        """Somebody else mints; gives the id, or nothing if the provider was not there."""
        raise NotImplementedError

    def delete_foreign(self, id: str) -> None:
        """They end it; NotThere if it has gone."""
        raise NotImplementedError

    def live(self) -> list[dict[str, Any]]:
        """As in Site."""
        raise NotImplementedError

    def minted(self) -> list[dict[str, Any]]:
        """As in Site."""
        raise NotImplementedError

    def passwords(self, stored: dict[str, list[str]]) -> dict[str, str]:
        """As in Site."""
        raise NotImplementedError

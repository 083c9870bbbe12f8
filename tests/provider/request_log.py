# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the stand-in was asked: one entry per request, and counters.

It keeps the raw path and a fingerprint of the bearer, never a token or a body.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Entry:
    """One request. `status` stays None when no answer was begun; `rule` names the script that struck."""

    number: int
    operation: str
    method: str
    path: str
    bearer: str | None
    connection: int
    headers: list[str] = field(default_factory=list)
    body_len: int = 0
    status: int | None = None
    rule: str | None = None
    credential: str | None = None


class RequestLog:
    """The log of one stand-in. Any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.reset()

    def reset(self) -> None:
        """Empties the log and the counters."""
        with self._changed:
            self._entries: list[Entry] = []
            self._counts: Counter[str] = Counter()
            self._changed.notify_all()

    def open(self, **facts: Any) -> Entry:
        """Adds an entry the moment a request's header was read."""
        with self._changed:
            entry = Entry(number=len(self._entries) + 1, **facts)
            self._entries.append(entry)
            self.bump(entry.operation)
            return entry

    def bump(self, what: str) -> int:
        """Counts one more of anything."""
        with self._changed:
            self._counts[what] += 1
            self._changed.notify_all()
            return self._counts[what]

    def count(self, what: str) -> int:
        """How many so far."""
        with self._changed:
            return self._counts[what]

    def wait_for(self, what: str, number: int, timeout: float) -> None:
        """Blocks until that many were counted; the timeout only ends a test that has failed."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._counts[what] >= number, timeout):
                raise TimeoutError(f"{self._counts[what]} of {number} '{what}' were seen")

    def counts(self) -> dict[str, int]:
        """All counters."""
        with self._changed:
            return dict(self._counts)

    def entries(self) -> list[dict[str, Any]]:
        """All entries, as plain values."""
        with self._changed:
            return [asdict(entry) for entry in self._entries]

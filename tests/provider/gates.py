# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Named doors that a rule closes and a test opens, and the end of all waiting.

A request waits on a visit; a reset or a stop of the stand-in ends every visit begun before it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from fault_rule import Rule


class Gates:
    """All doors of one stand-in. Any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: set[str] = set()
        self._generation = 0
        self._stopped = False

    def enter(self) -> Visit:
        """Begins a visit; call it before the rule is taken."""
        with self._changed:
            return Visit(self, self._generation)

    def release(self, name: str) -> None:
        """Opens one door for good."""
        with self._changed:
            self._open.add(name)
            self._changed.notify_all()

    def reset(self) -> None:
        """Ends every visit and closes every door again."""
        with self._changed:
            self._open = set()
            self._generation += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Ends every visit, those to come too."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def is_over(self, generation: int) -> bool:
        """Whether a visit has been ended."""
        return self._stopped or self._generation != generation

    def is_open(self, name: str) -> bool:
        """Whether a door was released."""
        return name in self._open

    def wait_until(self, true: Callable[[], bool], seconds: float | None = None) -> bool:
        """Waits for something about the gates; False when the time was up first."""
        with self._changed:
            return self._changed.wait_for(true, seconds)


class Visit:
    """The waiting of one request."""

    def __init__(self, gates: Gates, generation: int) -> None:
        self._gates = gates
        self._generation = generation

    def over(self) -> bool:
        """Whether the stand-in was reset or stopped meanwhile."""
        return self._gates.is_over(self._generation)

    def wait(self, rule: Rule) -> None:
        """Waits as the rule's `hold` and `delay` say."""
        if rule["hold"] is not None:
            self._gates.wait_until(lambda: self.over() or self._gates.is_open(rule["hold"]))
        if rule["delay"] is not None:
            self.pause(rule["delay"])

    def pause(self, seconds: float) -> bool:
        """A pause; False when the visit is over."""
        return not self._gates.wait_until(self.over, seconds)

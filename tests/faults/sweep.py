# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kills the daemon at the system calls of one CreateCredential, one after the other; each time a restart and the oracle."""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from desktop import DEADLINE_SEC
from lab import Lab
from row import DEAD, Row, Run, execute

SWEEP = "killed at each system call of one CreateCredential"
PROGRAM = Path(__file__).resolve().parent / "kill_at.c"
POINTS_MAX = 5000
ENDS = ("nothing", "open", "listed", "stored", "open+stored")


@cache
def folder() -> tempfile.TemporaryDirectory[str]:
    """Where the program is; goes with the process."""
    return tempfile.TemporaryDirectory(prefix="felucca-test-")


@cache
def kill_at() -> str:
    """The tracer, compiled once."""
    program = f"{folder().name}/kill-at"
    subprocess.run(["cc", "-O1", "-o", program, str(PROGRAM)], check=True)
    return program


class Tracer:
    """Watches the daemon from its creation on; K = 0 only counts."""

    def __init__(self, pid: int, at: int) -> None:
        self._process = subprocess.Popen([kill_at(), str(pid), str(at)], stdout=subprocess.PIPE, bufsize=0)
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            raise PermissionError("the daemon cannot be traced: it needs root")

    def end(self) -> int:
        """Lets go; how many calls it has seen."""
        self._process.terminate()
        out, _ = self._process.communicate(timeout=DEADLINE_SEC)
        return int(out)


def why_not() -> str | None:
    """What is missing here for a sweep."""
    with subprocess.Popen(["sleep", "60"]) as other:
        try:
            Tracer(other.pid, 0).end()
            return None
        except PermissionError as error:
            return str(error)
        finally:
            other.kill()


def killed_at(at: int, seen: list[int]) -> Row:
    """The case for one point. `seen` gets the number of calls until the answer, when it came first."""
    def go(run: Run) -> None:
        tracer = Tracer(run.lab.daemon_process.pid, at)
        try:
            call = run.create()
            run.wait()
        finally:
            number = tracer.end()
        # The answer may have been out already when the kill came.
        if call.outcome == DEAD or 0 < at <= number:
            run.lab.wait_dead()
        if call.outcome == "ok" and at > 0 and run.lab.daemon_process.poll() is None:
            seen.append(number)
        elif at == 0:
            seen.append(number)

    # Killed before the bus has handed the call over, nobody owns the name.
    return Row(SWEEP, f"point {at}", go, (DEAD, "ok", "NameHasNoOwner"), ends=ENDS)


@dataclass
class Swept:
    """What a sweep has found."""

    points: int = 0
    calls: int = 0  # system calls from the arrival of the call to its answer, in a run without a kill
    verdicts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def sweep(instance: str = "nile", step: int = 1, first: int = 1, seed: int = 0) -> Swept:
    """Every step-th point until the answer is there before the kill; a second one decides, since threads race."""
    swept, beyond, at = Swept(), 0, first
    with Lab() as lab:
        counted: list[int] = []
        execute(lab, killed_at(0, counted), 0, seed)
        swept.calls = counted[0]
        while beyond < 2 and at < POINTS_MAX:
            came: list[int] = []
            row = Row(**(vars(killed_at(at, came)) | {"instance": instance}))
            result = execute(lab, row, at, seed)
            swept.verdicts[result.verdict] += 1
            swept.violations += [f"{row.name}: {said}" for said in result.violations]
            beyond = beyond + 1 if came else 0
            swept.points += not came
            at += step
    return swept

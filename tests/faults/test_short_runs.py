# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The long runs, short: a sweep with big steps, some random creates, some calls that race the daemon's leaving."""

from __future__ import annotations

import os

import pytest

import sweep
from mariadb_server import needs_mariadb
from memory_run import Steady
from postgres_server import needs_postgres
from races import race_idle, race_term
from random_run import random_run

STEP = 17
CREATES = 120
CREATES_ELSEWHERE = 30
IDLE_CALLS = 300
TERM_CALLS = 600


@pytest.fixture
def seed() -> int:
    """FELUCCA_FAULT_SEED, which is printed when a test fails; another one each time with `./dev test --all`."""
    number = int(os.environ.get("FELUCCA_FAULT_SEED", "1"))
    print(f"FELUCCA_FAULT_SEED={number}")
    return number


@pytest.mark.parametrize("instance", ["nile", "own"])
def test_sweep(instance: str, seed: int):
    if sweep.why_not():
        pytest.skip(str(sweep.why_not()))
    swept = sweep.sweep(instance, STEP, 1 + seed % STEP, seed)
    assert swept.violations == []
    assert swept.points > 5
    assert len(swept.verdicts) > 2, "kills before, during and behind the mint end differently"


@pytest.mark.parametrize("worker", [0, 1])
def test_random(worker: int, seed: int):
    tally = random_run(CREATES, seed, worker)
    assert tally.violations == []
    assert tally.outcomes["ok"] > 0 and tally.restarts > 0 and tally.foreign > 0


@pytest.mark.parametrize("site", [pytest.param("postgres", marks=needs_postgres), pytest.param("mariadb", marks=needs_mariadb),
                                  "vault", "exec"])
def test_random_elsewhere(site: str, seed: int):
    tally = random_run(CREATES_ELSEWHERE, seed, 0, site)
    assert tally.violations == []
    assert tally.creates == CREATES_ELSEWHERE and tally.restarts > 0


@pytest.mark.parametrize("race,calls", [(race_idle, IDLE_CALLS), (race_term, TERM_CALLS)], ids=["idle", "term"])
def test_race(race, calls: int, seed: int):
    # So few calls may all have come before the daemon wanted to leave: then it was no race.
    for number in range(5):
        raced = race(calls, seed + number)
        assert raced.violations == [] and raced.calls >= calls
        if raced.leavings > 0:
            return
    raise AssertionError("the daemon never left")


def test_memory_is_judged():
    """What grows is told from what only moves."""
    flat = Steady(samples=[900, 1000, 1010, 1005, 1300, 1002, 1004, 1003])
    grown = Steady(samples=[900, 1000, 1500, 2000, 2500, 3000, 3500, 4000])
    assert flat.after - flat.before < 100 < grown.after - grown.before

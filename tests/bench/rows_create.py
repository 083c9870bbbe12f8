# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Creating: beside its parts done by hand, beside the pipeline of a shell, and for many callers at once."""

from __future__ import annotations

from typing import Callable

from lab import BenchDesktop, Probe
from table import Table, interleave, pairs_row

ROUNDS = 60
MANY = 200
MANY_ROUNDS = 5

PIPELINE = """#!/bin/sh
curl -sS -X POST -H "Authorization: Bearer $1" "$2/workspaces/acme/databases/orders/credentials" |
  jq -r .password | tr -d '\\n' | secret-tool store --label=acme/orders workspace acme database orders id "$3"
"""


def by_hand(desktop: BenchDesktop, probe: Probe) -> Callable[[], float]:
    """The parts of a create, in one process."""
    folder = desktop.root / "state"
    return lambda: probe.usec("http orders") + probe.usec("store orders") + probe.usec(f"fsync {folder}")


def measure_create(table: Table, desktop: BenchDesktop, probe: Probe) -> None:
    pairs = interleave(ROUNDS, lambda: probe.usec("create orders"), by_hand(desktop, probe))
    table.add(pairs_row("CreateCredential", "HTTP exchange, keyring store, fsync, by hand", pairs, 1.35))


def measure_pipeline(table: Table) -> None:
    with BenchDesktop() as desktop:
        probe = desktop.probe()
        script = desktop.root / "pipeline.sh"
        script.write_text(PIPELINE)
        numbers = iter(range(10000))
        pipeline = lambda: probe.usec(f"start sh {script} token {desktop.provider_url} n{next(numbers)}")  # noqa: E731
        pairs = interleave(ROUNDS // 3, lambda: probe.usec("create orders"), pipeline)
        table.add(pairs_row("CreateCredential", "curl | jq | secret-tool store", pairs, 1 / 6))
        pairs = interleave(ROUNDS // 3, by_hand(desktop, probe), pipeline)
        table.add(pairs_row("its parts, by hand", "curl | jq | secret-tool store", pairs))


def many(words: str) -> float:
    """In a keyring of its own, which is empty at first: it gets slower with each item."""
    with BenchDesktop() as desktop:
        probe = desktop.probe()
        probe.usec(words.split()[0].removesuffix("-many") + " orders")
        return probe.usec(words)


def measure_many_callers(table: Table) -> None:
    pairs = interleave(MANY_ROUNDS, lambda: many(f"create-many {MANY}"), lambda: many(f"store-many {MANY}"), warm=0)
    table.add(pairs_row(f"{MANY} creates by 16 callers", f"{MANY} stores, 16 under way, by libsecret", pairs, 1 / 0.8))

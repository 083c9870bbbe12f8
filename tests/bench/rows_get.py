# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Getting: beside a Ping, beside libsecret, over the private socket, and with more and more that is stored."""

from __future__ import annotations

import statistics
from contextlib import ExitStack

from lab import BenchDesktop, Probe
from table import Table, interleave, pairs_row

ROUNDS = 150
BATCH = 10  # a Ping takes less than a clock that other processes share can tell
SIZES = [10, 100, 1000, 10000]


def measure_get(table: Table, probe: Probe) -> None:
    """In a keyring with a few items."""
    for i in range(10):
        probe.usec(f"create db{i}")
    get = lambda: probe.usec("get db5", BATCH)  # noqa: E731
    table.add(pairs_row("GetCredential, warm", "Ping to the same daemon",
                        interleave(ROUNDS, get, lambda: probe.usec("ping", BATCH)), 1.5))
    table.add(pairs_row("GetCredential, warm", "libsecret's lookup, in process",
                        interleave(ROUNDS, get, lambda: probe.usec("lookup db5", BATCH)), 0.2))
    table.add(pairs_row("GetCredential over the private socket", "the same over the session bus",
                        interleave(ROUNDS, lambda: probe.usec("private-get db5", BATCH), get), 0.6))
    table.add(pairs_row("Ping over the private socket", "the same over the session bus",
                        interleave(ROUNDS, lambda: probe.usec("private-ping", BATCH), lambda: probe.usec("ping", BATCH))))


def measure_flatness(table: Table) -> None:
    """Desktops with 10 to 10 000 stored, side by side. Their Secret Service is the stand-in: a real one takes minutes."""
    with ExitStack() as stack:
        probes = {size: stack.enter_context(BenchDesktop(quick=size)).probe() for size in SIZES}
        for what, words in (("GetCredential", "get db7"), ("ListCredentials of one database", "list db7")):
            runs: dict[int, list[float]] = {size: [] for size in SIZES}
            for number in range(ROUNDS + 5):
                for size in SIZES if number % 2 else reversed(SIZES):
                    runs[size].append(probes[size].usec(words, BATCH))
            for size in SIZES:
                table.point(what, size, statistics.median(runs[size][5:]))
            table.add(pairs_row(f"{what}, 10 000 stored", "with 10 stored",
                                list(zip(runs[SIZES[-1]][5:], runs[SIZES[0]][5:])), 1.2))
        for size in SIZES:
            table.point("ListCredentials of all", size, statistics.median(probes[size].usec("list") for _ in range(5)))


def measure_many(table: Table) -> None:
    """A real keyring that grows to a thousand."""
    with BenchDesktop() as desktop:
        probe = desktop.probe()
        stored = 0
        for size in SIZES[:3]:
            desktop.stop_daemon()  # it would look at each
            probe.usec(f"fill {stored + 1} {size}")
            desktop.start_daemon()
            stored = size
            for curve, words, times in (("libsecret: lookup", "lookup db1", BATCH), ("libsecret: search of all", "search", 1),
                                        ("CreateCredential", "create other", 1), ("libsecret: store", "store other", 1)):
                probe.usec(words)
                table.point(curve, size, statistics.median(probe.usec(words, times) for _ in range(5)))
        pairs = interleave(9, lambda: probe.usec("list"), lambda: probe.usec("search"), warm=1)
        table.add(pairs_row("ListCredentials of 1000", "secret_password_search of the same", pairs, 0.05))
        loads = []
        desktop.stop_daemon()
        desktop.activatable()
        for _ in range(5):
            loads.append((probe.usec("list db1"), probe.usec("search")))
            desktop.end_activated()
        table.add(pairs_row("start of the daemon with 1000 stored, to its first answer",
                            "secret_password_search of the same", loads, 0.15))
        desktop.start_daemon()

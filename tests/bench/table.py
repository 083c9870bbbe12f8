# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rows of the table: what was measured beside what, the ratio, and whether it is what we want."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

START = time.monotonic()


@dataclass
class Row:
    """ratio: ours by other. target: what the ratio may be at most; None: only to know."""

    what: str
    ours: float
    beside: str
    other: float
    ratio: float
    unit: str = "ms"
    target: float | None = None
    spread: tuple[float, float] | None = None
    note: str = ""
    by_target: bool | None = None

    @property
    def is_met(self) -> bool | None:
        if self.by_target is not None:
            return self.by_target
        return None if self.target is None else self.ratio <= self.target

    def to_json(self) -> dict:
        return asdict(self) | {"met": self.is_met}


@dataclass
class Table:
    rows: list[Row] = field(default_factory=list)
    curves: dict[str, dict[int, float]] = field(default_factory=dict)

    def add(self, row: Row) -> Row:
        self.rows.append(row)
        print(f"bench: {time.monotonic() - START:4.0f} s  {row.what}: {row.ratio:.2f}", file=sys.stderr, flush=True)
        return row

    def point(self, curve: str, size: int, usec: float) -> None:
        """One point of the growth curves, in milliseconds."""
        self.curves.setdefault(curve, {})[size] = usec / 1000


def pairs_row(what: str, beside: str, pairs: list[tuple[float, float]], target: float | None = None) -> Row:
    """Medians of both sides in milliseconds, and of the pairs' ratios, with their 10th and 90th percentile."""
    ratios = sorted(ours / other for ours, other in pairs)
    return Row(what, statistics.median(ours for ours, _ in pairs) / 1000, beside,
               statistics.median(other for _, other in pairs) / 1000, statistics.median(ratios), "ms", target,
               (ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10]))


def interleave(rounds: int, ours: Callable[[], float], other: Callable[[], float], warm: int = 3) -> list[tuple[float, float]]:
    """Both in turn; every second time the other way round, so that neither is always the one that comes after."""
    for _ in range(warm):
        ours(), other()
    pairs = []
    for number in range(rounds):
        if number % 2:
            second = other()
            pairs.append((ours(), second))
        else:
            pairs.append((ours(), other()))
    return pairs


VERDICT = {True: "met", False: "NOT MET", None: ""}


def cells(row: Row) -> list[str]:
    amount = {"ms": "{:.3f} ms", "MiB": "{:.1f} MiB", "": "{:g}"}[row.unit]
    return [row.what, amount.format(row.ours), row.beside, amount.format(row.other) if row.beside else "",
            f"{row.ratio:.2f}" if row.beside else "",
            f"{row.spread[0]:.2f} to {row.spread[1]:.2f}" if row.spread else "",
            f"{row.target:.2f}" if row.target is not None and row.beside else f"{row.target:g}" if row.target is not None else "",
            VERDICT[row.is_met]]


HEAD = ["what", "felucca", "beside", "that", "ratio", "10th to 90th", "at most", ""]


def as_text(rows: list[Row]) -> str:
    lines = [HEAD, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def as_markdown(rows: list[Row]) -> str:
    lines = [HEAD, ["---"] * len(HEAD), *map(cells, rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)

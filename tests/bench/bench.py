# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures felucca beside what it cannot be faster than, in one run, and prints a table.

The two things of a row are done in turn by one process (probe.c); the ratio is the median of the pairs' ratios. Absolute
times are this machine's; the ratios are what to look at.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import chart
import rows_create
import rows_get
import rows_process
from lab import BenchDesktop
from table import START, Table, as_markdown, as_text

PARTS = ("get", "create", "client", "flat", "many", "pipeline", "callers", "cold", "rest", "life")


def measure(table: Table, parts: set[str], long: bool) -> None:
    if parts & {"get", "create", "client"}:
        with BenchDesktop() as desktop:
            probe = desktop.probe()
            rows_get.measure_get(table, probe)
            if "create" in parts:
                rows_create.measure_create(table, desktop, probe)
            if "client" in parts:
                rows_process.measure_client(table, probe)
    for part, run in (("flat", rows_get.measure_flatness), ("many", rows_get.measure_many),
                      ("pipeline", rows_create.measure_pipeline), ("callers", rows_create.measure_many_callers),
                      ("cold", rows_process.measure_cold)):
        if part in parts:
            run(table)
    if parts & {"rest", "life"} and rows_process.can_see_memory():
        if "rest" in parts:
            rows_process.measure_rest(table, 300 if long else 60)
        if "life" in parts:
            rows_process.measure_long_life(table, *((1000000, 100000) if long else (100000, 10000)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write the rows and the curves there too")
    parser.add_argument("--chart", metavar="FILE", help="draw the growth curves there, as SVG")
    parser.add_argument("--markdown", metavar="FILE", help="write the table there, for a page")
    parser.add_argument("--only", metavar="PART", action="append", choices=PARTS, help="one of: " + " ".join(PARTS))
    parser.add_argument("--long", action="store_true", help="ten times as long a life, five times as long a rest")
    parser.add_argument("--check", action="store_true", help="fail when a target is not met")
    arguments = parser.parse_args()
    table = Table()
    measure(table, set(arguments.only or PARTS), arguments.long)
    print(as_text(table.rows))
    missed = [row for row in table.rows if row.is_met is False]
    print(f"\n{len(table.rows)} rows, {len(missed)} targets not met, {time.monotonic() - START:.0f} s")
    if arguments.json:
        what = {"rows": [row.to_json() for row in table.rows], "curves": table.curves}
        Path(arguments.json).write_text(json.dumps(what, indent=2) + "\n")
    if arguments.markdown:
        Path(arguments.markdown).write_text(as_markdown(table.rows) + "\n")
    if arguments.chart and table.curves:
        Path(arguments.chart).write_text(chart.draw(table.curves))
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())

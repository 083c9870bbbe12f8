# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Everything that is to be said about faults, in one run: the matrix, the sweep, the random run, the races, the memory.

`./dev faults` calls it. Jobs go over some processes; each process keeps its desktops.
"""

from __future__ import annotations

import argparse
import paths  # noqa: F401: where the helpers are
import fnmatch
import multiprocessing
import os
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import sweep as sweeper
from matrix import all_rows
from memory_run import Steady, memory_run
from races import Raced, race_idle, race_term
from random_run import SITES, Tally, random_run
from row import Labs, Result
from table import DOCUMENT, Report, as_markdown, describe_machine, lines_of, total, write_into

INSTANCES = ("nile", "own")
CHUNK = 500  # creates of one random job
OTHERS_SHARE = 5  # each provider but nile gets this part of the creates
SLOW_FIRST = {True: 0, False: 1}
Job = tuple[str, tuple[Any, ...]]


LONG: dict[str, Callable[..., Any]] = {
    "sweep": sweeper.sweep, "random": random_run, "idle": race_idle, "term": race_term, "memory": memory_run}


def do(labs: Labs, job: Job) -> Any:
    """One job, here."""
    kind, arguments = job
    if kind == "row":
        name, number, seed = arguments
        return labs.run(next(row for row in all_rows() if row.name == name), number, seed).plain()
    return LONG[kind](*arguments)


@dataclass
class Broken:
    """A job that did not come to its end."""

    violations: list[str]


def attempt(labs: Labs, job: Job) -> Any:
    """One job; what breaks it is a violation, and the next one is begun."""
    try:
        return do(labs, job)
    except Exception as error:
        return Broken([f"{job[0]} {job[1]} broke off: {type(error).__name__}: {error}"])


class Worker(multiprocessing.Process):
    """Takes jobs until there are no more, then closes its labs."""

    def __init__(self, jobs: multiprocessing.Queue, results: multiprocessing.Queue) -> None:
        super().__init__()
        self.jobs, self.results = jobs, results

    def run(self) -> None:
        with Labs() as labs:
            while (job := self.jobs.get()) is not None:
                self.results.put((job, attempt(labs, job)))
        self.results.put(None)


def run_jobs(todo: list[Job], workers: int, verbose: bool) -> dict[str, list[Any]]:
    """All of them; what each kind gave."""
    context = multiprocessing.get_context("fork")
    jobs, results = context.Queue(), context.Queue()
    processes = [Worker(jobs, results) for _ in range(workers)]
    for job in todo + [None] * workers:
        jobs.put(job)
    for process in processes:
        process.start()
    done: dict[str, list[Any]] = {}
    while workers:
        item = results.get()
        if item is None:
            workers -= 1
            continue
        (kind, arguments), result = item
        done.setdefault("broken" if isinstance(result, Broken) else kind, []).append(result)
        show(kind, arguments, result.violations, verbose)
    for process in processes:
        process.join()
    return done


def show(kind: str, arguments: tuple[Any, ...], violations: list[str], verbose: bool) -> None:
    """A line for each job that failed; for each at all, if asked."""
    if violations or verbose or kind != "row":
        print(f"{'FAIL' if violations else 'ok  '} {kind} {' '.join(map(str, arguments))}", flush=True)
    for violation in violations[:20]:
        print(f"        {violation[:700]}", flush=True)


def plan(options: argparse.Namespace, seed: int) -> list[Job]:
    """What is to be done, the long jobs first."""
    wanted = [row for row in all_rows() if (options.all or not row.slow) and fnmatch.fnmatch(row.name, options.rows)]
    rows: list[Job] = [("row", (row.name, number, seed)) for number in range(options.runs) for row in wanted
                       if number == 0 or not row.slow]
    rows.sort(key=lambda job: SLOW_FIRST[next(row.slow for row in wanted if row.name == job[1][0])])
    if options.rows != "*":
        return rows
    why_not = sweeper.why_not()
    if why_not:
        print(f"no sweep: {why_not}", file=sys.stderr)
    sweeps: list[Job] = [("sweep", (instance, options.step * options.workers, 1 + options.step * part, seed))
                         for instance in INSTANCES for part in range(options.workers)] if not why_not else []
    chunks = [chunk for site in SITES for chunk in chunks_of(site, options.creates, seed)]
    steady: list[Job] = [("memory", (options.creates, seed))] if os.geteuid() == 0 else []
    return [("idle", (options.calls, seed)), *steady, *chunks, *sweeps, ("term", (options.calls, seed)), *rows]


def chunks_of(site: str, creates: int, seed: int) -> list[Job]:
    """The random run at one provider, in jobs that any worker can do."""
    number = creates if site == "nile" else creates // OTHERS_SHARE
    return [("random", (min(CHUNK, number - begun), seed, begun // CHUNK, site)) for begun in range(0, number, CHUNK)]


def figures(done: dict[str, list[Any]], seed: int) -> dict[str, str]:
    """What goes below the table."""
    found: dict[str, str] = {}
    sweeps: list[sweeper.Swept] = done.get("sweep", [])
    if sweeps:
        found["killed at a system call of one CreateCredential"] = (
            f"{sum(one.points for one in sweeps)} points of about {max(one.calls for one in sweeps)} calls at 2 instances, "
            f"{count(sweeps)} violations")
    for site in SITES:
        tally = Tally(seed, site)
        for one in done.get("random", []):
            if one.site == site:
                tally.add(one)
        if tally.epochs:
            found[f"creates with random faults, {site}"] = (
                f"{tally.creates}, {tally.restarts} restarts, {tally.foreign} credentials of others, {tally.foreign_deletes} of "
                f"them deleted by us, {len(tally.violations)} violations")
    for kind, name in (("idle", "calls that race the idle timer"), ("term", "calls that race SIGTERM")):
        raced: list[Raced] = done.get(kind, [])
        if raced:
            found[name] = f"{raced[0].calls}, {raced[0].leavings} times it left meanwhile, {count(raced)} violations"
    steady: list[Steady] = done.get("memory", [])
    if steady:
        found["memory of one daemon"] = (f"{steady[0].before} KiB, after {steady[0].creates} creates {steady[0].after} KiB, "
                                         f"{count(steady)} violations")
    return found


def count(results: list[Any]) -> int:
    return sum(len(one.violations) for one in results)


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line. --all asks for the numbers that the documentation gives."""
    parser = argparse.ArgumentParser(description="Faults: the matrix, the sweep, the random run, the races. Prints a table.")
    parser.add_argument("--all", action="store_true", help="all of it, also what waits for long deadlines; writes the table")
    parser.add_argument("--rows", default="*", help="only rows whose names fit this pattern, and nothing else")
    parser.add_argument("--runs", type=int, help="of each row (2; with --all 3)")
    parser.add_argument("--step", type=int, help="of the sweep (7; with --all 1)")
    parser.add_argument("--creates", type=int, help="with random faults at nile, a fifth of it at each other provider (1000; with --all 10000)")
    parser.add_argument("--calls", type=int, help="that race the daemon's leaving (1000; with --all 10000)")
    parser.add_argument("--seed", type=int, help="of everything that is random")
    parser.add_argument("--epoch", help="repeats one epoch of the random run, by the name that a violation gives")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="writes all figures into this file")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args(arguments)
    for name, short, long in (("runs", 2, 3), ("step", 7, 1), ("creates", 1000, 10_000), ("calls", 1000, 10_000)):
        if getattr(options, name) is None:
            setattr(options, name, long if options.all else short)
    return options


def main() -> int:
    options = options_of()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    if options.epoch:
        tally = random_run(CHUNK, 0, only=options.epoch)
        show("random", (options.epoch,), tally.violations, True)
        return 1 if tally.violations else 0
    print(f"seed {seed}", flush=True)
    began = time.monotonic()
    done = run_jobs(plan(options, seed), options.workers, options.verbose)
    rows = {row.name: row for row in all_rows()}
    results = [Result(rows[one.name], one.number, one.violations) for one in done.get("row", [])]
    report = Report(seed, describe_machine(), lines_of(results))
    report.more = figures(done, seed)
    report.violations = [said for results in done.values() for one in results for said in one.violations]
    print(as_markdown(report))
    print(f"{total(report.lines).runs} runs of rows, {len(report.violations)} violations, {time.monotonic() - began:.0f} s")
    if options.json:
        report.write_json(options.json)
    if options.all and options.rows == "*":
        write_into(DOCUMENT, report)
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())

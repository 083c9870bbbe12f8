# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The figures of a run: a line for each point of the matrix, as text, JSON and Markdown."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from matrix import POINTS
from row import Result

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/reliability.md"
BEGIN = "<!-- tests/faults: what follows is written by `./dev faults --all` -->"
END = "<!-- tests/faults: end -->"


@dataclass
class Line:
    """One point of the table."""

    point: str
    cases: int = 0
    runs: int = 0
    violations: int = 0


@dataclass
class Report:
    """Everything that one run of `./dev faults` has found."""

    seed: int
    machine: str
    lines: list[Line] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)  # the figures of the sweep, the random run and the races
    violations: list[str] = field(default_factory=list)

    def write_json(self, path: Path) -> None:
        """For programs."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


def describe_machine() -> str:
    """What it was measured on."""
    versions = {name: subprocess.run(["pkg-config", "--modversion", name], capture_output=True, text=True).stdout.strip()
                for name in ("glib-2.0", "libsoup-3.0", "libsecret-1", "libsystemd")}
    system = dict(line.rstrip().split("=", 1) for line in open("/etc/os-release") if "=" in line)["PRETTY_NAME"].strip('"')
    return (f"{system}, Linux {platform.release()}, {os.cpu_count()} cores; GLib {versions['glib-2.0']}, "
            f"libsoup {versions['libsoup-3.0']}, libsecret {versions['libsecret-1']}, libsystemd {versions['libsystemd']}")


def lines_of(results: list[Result]) -> list[Line]:
    """In the order of the matrix."""
    lines = {point: Line(point) for point in POINTS}
    seen = set()
    for result in results:
        line = lines[result.row.matrix]
        line.cases += result.row.name not in seen
        seen.add(result.row.name)
        line.runs += 1
        line.violations += bool(result.violations)
    return [line for line in lines.values() if line.runs]


def total(lines: list[Line]) -> Line:
    """All points together."""
    return Line("all", sum(line.cases for line in lines), sum(line.runs for line in lines), sum(line.violations for line in lines))


def as_markdown(report: Report) -> str:
    """What goes into the documentation."""
    rows = [f"| {line.point} | {line.cases} | {line.runs} | {line.violations} |" for line in [*report.lines, total(report.lines)]]
    table = ["| point | cases | runs | violations |", "|---|---:|---:|---:|", *rows]
    figures = [f"| {name} | {value} |" for name, value in report.more.items()]
    more = ["", "| beyond the matrix | |", "|---|---|", *figures] if figures else []
    return "\n".join([*table, *more, "", f"Measured on {report.machine}. Seed {report.seed}."])


def write_into(path: Path, report: Report) -> None:
    """Puts the table between its marks; the words around it stay."""
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    assert rest and END in rest, f"{path} has no place for the table"
    path.write_text(f"{before}{BEGIN}\n\n{as_markdown(report)}\n\n{END}{after}")

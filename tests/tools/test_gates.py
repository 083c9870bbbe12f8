# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The gates close: a finding fails the run, and too little coverage does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import covered
import lint

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("problem", "status", "n_failures"), [(None, 0, 0), ("x.c:1: warning", 1, 1)])
def test_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, problem: str | None, status: int, n_failures: int) -> None:
    report = tmp_path / "lint.xml"
    monkeypatch.setattr(lint, "STEPS", {"good": lambda base: None, "other": lambda base: problem})
    assert lint.main("base", str(report)) == status
    assert report.read_text().count("<testcase") == 2
    assert report.read_text().count("<failure") == n_failures


def test_slow_steps_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lint, "STEPS", {})
    monkeypatch.setattr(lint, "SLOW_STEPS", {"slow": lambda base: "found"})
    assert lint.main("base", str(tmp_path / "1.xml")) == 0
    assert lint.main("base", str(tmp_path / "2.xml"), "--all") == 1


def test_program_that_fails() -> None:
    assert lint.run(["true"]) is None
    assert lint.run(["false"]) is not None


def test_what_is_judged() -> None:
    commands = [{"directory": str(ROOT / "build"), "file": name}
                for name in ("../daemon/main.c", "../daemon/main.c", "../tests/unit/scratch.c", "felucca.c", "/usr/x.c")]
    assert lint.sources(commands) == [str(ROOT / "daemon/main.c")]


@pytest.mark.skipif(shutil.which("clang-tidy") is None, reason="there is no clang-tidy")
def test_clang_tidy_finds(tmp_path: Path) -> None:
    """By our own file of checks, which is one that clang-tidy can read."""
    sample = tmp_path / "x.c"
    sample.write_text('int rename (const char *, const char *);\nvoid f (void);\nvoid f (void)\n{\n  rename ("a", "b");\n}\n')
    command = ["clang-tidy", "-quiet", f"--config-file={ROOT / '.clang-tidy'}", str(sample), "--"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0 and "bugprone-unused-return-value" in done.stdout, done.stdout + done.stderr


def counted(name: str, n_lines: int) -> covered.File:
    """One of 100 lines and 10 branches."""
    return {"filename": name, "line_total": 100, "line_covered": n_lines, "branch_total": 10, "branch_covered": 5}


@pytest.mark.parametrize(("n", "status"), [(85, 0), (84, 1)])
def test_coverage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], n: int, status: int) -> None:
    monkeypatch.setattr(covered, "counts", lambda build: [counted("daemon/a.c", 95), counted("plugins/b.c", n)])
    assert covered.main("build") == status
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [f"{n}.0", "%", "plugins/b.c"]
    assert lines[-1] == f"coverage of both: {(95 + n) / 2:.1f} % of lines, 50.0 % of branches"


def test_nothing_counted_is_no_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covered, "counts", lambda build: [])
    assert covered.main("build") == 1

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No Python file speaks of a name that nobody has given, nor gives one that nobody uses."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from own_files import own_files

ROOT = Path(__file__).resolve().parents[2]
# F: what pyflakes finds. A fixture that is imported has the same name as the argument that takes it: F811.
FLAKE8 = ["flake8", "--isolated", "--select=F", "--extend-ignore=F811"]


def findings(*paths: Path) -> str:
    """A line each."""
    if shutil.which("flake8") is None:
        pytest.skip("there is no flake8")
    done = subprocess.run([*FLAKE8, *paths], capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


def test_names() -> None:
    files = [ROOT / name for name in own_files(ROOT) if name.endswith(".py")]
    assert Path(__file__).resolve() in files
    assert findings(*files) == ""


@pytest.mark.parametrize(("text", "code"), [("print(one)\n", "F821"), ("import os\n", "F401")])
def test_bad_sample(tmp_path: Path, text: str, code: str) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text(text)
    assert f" {code} " in findings(sample)

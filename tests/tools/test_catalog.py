# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""data/felucca.catalog explains every kind of line that the daemon writes into the journal, and journald takes it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
CATALOG = SOURCE / "data/felucca.catalog"


def ids(path: str, pattern: str) -> list[str]:
    return re.findall(pattern, (SOURCE / path).read_text(), re.MULTILINE)


def test_each_kind_of_line_is_explained_once():
    said = ids("daemon/log.c", r'#define MESSAGE_ID_\w+ "([0-9a-f]{32})"')
    explained = ids("data/felucca.catalog", r"^-- ([0-9a-f]{32})$")
    assert said and sorted(said) == sorted(explained)


def test_each_field_is_one_that_lines_have():
    fields = set(ids("data/felucca.catalog", r"@(\w+)@"))
    assert fields and fields <= set(ids("daemon/log.c", r'"(FEL_\w+)"'))


def test_the_journal_takes_it(tmp_path: Path):
    if shutil.which("journalctl") is None:
        pytest.skip("there is no journalctl")
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    shutil.copy(CATALOG, folder)
    made = subprocess.run(["journalctl", f"--root={tmp_path}", "--update-catalog"], capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    listed = subprocess.run(["journalctl", f"--root={tmp_path}", "--list-catalog"], capture_output=True, text=True)
    assert len(listed.stdout.splitlines()) == len(ids("data/felucca.catalog", r"^-- ([0-9a-f]{32})$"))

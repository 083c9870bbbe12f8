# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every row of the fault matrix once, except those that wait for long deadlines: `./dev faults --all` runs these too."""

from __future__ import annotations

import os

import pytest

from matrix import POINTS, all_rows
from row import Labs, Row
from table import BEGIN, DOCUMENT, END

SEED = int(os.environ.get("FELUCCA_FAULT_SEED", "1"))
ROWS = [row for row in all_rows() if not row.slow]


@pytest.fixture(scope="session")
def labs():
    """The desktops that the rows share."""
    with Labs() as shared:
        yield shared


@pytest.mark.parametrize("row,number", [(row, index % 2) for index, row in enumerate(ROWS)], ids=[row.name for row in ROWS])
def test_row(labs: Labs, row: Row, number: int):
    """The number decides how the daemon is ended: by a signal or by a kill."""
    result = labs.run(row, number, SEED)
    assert result.violations == []


def test_the_table_is_of_this_matrix():
    """docs/reliability.md has a line for each point, in order, without a violation."""
    table = DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    found = {cells[0]: cells[-1] for cells in lines if len(cells) == 4 and cells[0] != "point"}
    assert list(found) == [*POINTS, "all"]
    assert set(found.values()) == {"0"}

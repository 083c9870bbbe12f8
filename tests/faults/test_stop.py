# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`systemctl --user stop` and a kill of the unit during a mint, below a real user manager: it finishes or is recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oracle import Facts, judge
from user_manager import UserSession, why_not

WHY_NOT = why_not()
pytestmark = [pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)), pytest.mark.xdist_group("stop")]  # one session

SCRIPT = Path(__file__).resolve().parent / "stop_session.sh"
CONFIG = "[daemon]\ndefault-backend=nile\n\n[backend nile]\nmodule=nile\nurl={url}\ntimeout=8\n"


@pytest.fixture(scope="module")
def session():
    with UserSession(SCRIPT, CONFIG) as run:
        yield run


def minted(session: UserSession, database: str) -> dict[str, Any]:
    (entry,) = [entry for entry in session.nile.minted() if entry["database"] == database]
    return entry


def listed(session: UserSession, name: str) -> dict[str, dict[str, Any]]:
    """What ListUnresolved gave, by database."""
    (entries,) = json.loads(session.step(name).out)["data"]
    plain = [{key: value["data"] for key, value in entry.items()} for entry in entries]
    return {entry["database"]: entry for entry in plain}


def test_nothing_was_waited_for_in_vain(session: UserSession):
    assert session.late == ""


def test_a_stop_waits_for_the_answer(session: UserSession):
    password = session.nile.password_of(minted(session, "db1")["id"])
    assert session.step("stop").status == 0
    assert session.step("stopped").properties["ActiveState"] == "inactive"
    assert session.step("db1").out.strip() == session.step("kept").out.strip() == password


def test_a_stop_records_what_has_no_answer(session: UserSession):
    assert session.step("stop-silent").status == 0
    assert session.step("db2").status == 8, "outcome unknown"
    assert listed(session, "silent")["db2"]["candidates"] == [minted(session, "db2")["id"]]


def test_a_kill_is_found_out_about(session: UserSession):
    assert session.step("db3").status != 0
    assert set(listed(session, "killed")) == {"db2", "db3"}


def test_the_oracle(session: UserSession):
    kept = minted(session, "db1")["id"]
    facts = Facts(session.nile.live(), session.nile.minted(), {kept: session.nile.password_of(kept)},
                  {kept: [session.step("kept").out.strip()]}, list(listed(session, "killed").values()),
                  requests=session.nile.requests, wishes=3)
    assert judge(facts) == []
    assert len(session.nile.live()) == 3

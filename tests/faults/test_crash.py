# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A backend that crashes in a mint, below a real user manager: the daemon comes back, the second crash is the last one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop import BUILD
from oracle import Facts, judge
from paths import HERE
from user_manager import UserSession, why_not

WHY_NOT = why_not()
pytestmark = [pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)), pytest.mark.xdist_group("crash")]  # one session

BAD = "crash-in-mint"
CONFIG = ("[daemon]\ndefault-backend=nile\n\n[backend nile]\nmodule=nile\nurl={url}\ntimeout=10\n"
          f"\n[backend {BAD}]\nmodule={BAD}\ntimeout=5\n")
CRASHES = ("1", "2")


@pytest.fixture(scope="module")
def session():
    with UserSession(HERE / "crash_session.sh", CONFIG, (BUILD / f"tests/backends/{BAD}.so",)) as run:
        yield run


def minted(session: UserSession, database: str) -> dict[str, Any]:
    (entry,) = [entry for entry in session.nile.minted() if entry["database"] == database]
    return entry


def state_of(session: UserSession, number: str, name: str = BAD) -> tuple[str, str]:
    shown = json.loads(session.step(f"backends-{number}").out)[name]
    return shown["state"], shown.get("detail", "")


def listed(session: UserSession, number: str) -> dict[str, dict[str, Any]]:
    """What ListUnresolved gave, by workspace and database."""
    (entries,) = json.loads(session.step(f"unresolved-{number}").out)["data"]
    plain = [{key: value["data"] for key, value in entry.items()} for entry in entries]
    return {f"{entry['workspace']}/{entry['database']}": entry for entry in plain if entry["backend"] == "nile"}


def test_nothing_was_waited_for_in_vain(session: UserSession):
    assert session.late == ""


@pytest.mark.parametrize("number", CRASHES)
def test_the_manager_brings_the_daemon_back(session: UserSession, number: str):
    assert session.step(f"crash-{number}").status != 0
    unit = session.step(f"unit-{number}").properties
    assert (unit["ActiveState"], unit["NRestarts"]) == ("active", number)


def test_systemd_saw_two_crashes(session: UserSession):
    said = [entry["MESSAGE"] for entry in session.journal if "felucca.service: Failed with result" in str(entry.get("MESSAGE"))]
    assert said == ["felucca.service: Failed with result 'signal'."] * 2
    assert session.step("left").properties["ActiveState"] == "active"


@pytest.mark.parametrize("number", CRASHES)
def test_the_marker_counts(session: UserSession, number: str):
    marker = session.step(f"marker-{number}")
    assert marker.status == 0 and len(marker.out.splitlines()) == int(number)


def test_the_second_crash_quarantines(session: UserSession):
    assert state_of(session, "0") == ("ready", "")
    assert state_of(session, "1") == ("ready", ""), "once can happen to anybody"
    state, detail = state_of(session, "2")
    assert state == "failed" and "quarantined" in detail and "SIGSEGV" in detail
    assert state_of(session, "2", "nile")[0] == "ready"
    (line,) = [line for line in session.step("shown").out.splitlines() if line.startswith(BAD)]
    assert "failed" in line


@pytest.mark.parametrize("name", ["refused", "later"])
def test_it_is_not_asked_again(session: UserSession, name: str):
    refused = session.step(name)
    assert refused.status == 1
    assert f"'{BAD}'" in refused.err and "quarantined" in refused.err and f"felucca backends reset {BAD}" in refused.err


def test_a_reset_is_a_new_chance(session: UserSession):
    assert session.step("reset").status == 0
    assert state_of(session, "3") == ("ready", "")


@pytest.mark.parametrize("number", CRASHES)
def test_the_other_backend_goes_on(session: UserSession, number: str):
    password = session.nile.password_of(minted(session, "orders")["id"])
    assert session.step(f"get-{number}").out.strip() == session.step("create").out.strip() == password
    assert session.step(f"create-{number}").out.strip() == session.nile.password_of(minted(session, f"db{2 + int(number)}")["id"])


def test_what_it_minted_meanwhile_is_listed(session: UserSession):
    for number in CRASHES:
        assert session.step(f"beside-{number}").status != 0
        assert listed(session, number)[f"acme/db{number}"]["candidates"] == [minted(session, f"db{number}")["id"]]


def test_the_oracle(session: UserSession):
    kept = {minted(session, name)["id"]: session.step(step).out.strip()
            for name, step in (("orders", "create"), ("db3", "create-1"), ("db4", "create-2"))}
    passwords = {id: session.nile.password_of(id) for id in kept}
    facts = Facts(session.nile.live(), session.nile.minted(), passwords, {id: [one] for id, one in kept.items()},
                  list(listed(session, "2").values()), requests=session.nile.requests, wishes=5)
    assert judge(facts) == []
    assert len(session.nile.live()) == 5

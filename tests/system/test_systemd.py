# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installed, below a real `systemd --user`: activation, sandbox, stop, idle exit, watchdog, journal.

One session is run for all tests of this file on each kind of bus (user_session.sh); each test looks at what some of its
steps left.
"""

from __future__ import annotations

import json
import shutil

import pytest

from user_manager import Step, UserSession, why_not

WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

REQUEST_DONE = "5d0ce9cb0bdb4c49a21ff0b4d0f0c8fb"
REQUEST_FAILED = "c2b2d3e8b5b84df3a5ea1f6a7f86d1ce"
SANDBOX = "9b3d7a5e6c0f4c5fb2a1d8e47f60c3ab"
EXPOSURE_MAX = 6.5


BUSES = ["dbus-daemon", "dbus-broker"]


@pytest.fixture(scope="module", params=[pytest.param(bus, marks=pytest.mark.xdist_group(bus)) for bus in BUSES])
def session(request: pytest.FixtureRequest):
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    with UserSession(bus=request.param) as run:
        yield run


def step(session: UserSession, name: str, status: int = 0) -> Step:
    found = session.step(name)
    assert found.status == status, (name, found.out, found.err)
    return found


def test_nothing_was_waited_for_in_vain(session: UserSession):
    assert session.late == ""


# The unit

def test_the_unit_is_correct(session: UserSession):
    verify = step(session, "verify")
    assert (verify.out, verify.err) == ("", "")


def test_the_exposure_is_bounded(session: UserSession):
    (line,) = [line for line in step(session, "security").out.splitlines() if "Overall exposure level" in line]
    assert float(line.split("felucca.service:")[1].split()[0]) <= EXPOSURE_MAX


def test_it_is_hardened(session: UserSession):
    unit = step(session, "active").properties
    expected = {"NoNewPrivileges": "yes", "MemoryDenyWriteExecute": "yes", "LockPersonality": "yes", "RestrictRealtime": "yes",
                "RestrictSUIDSGID": "yes", "UMask": "0077", "LimitCORE": "0", "KeyringMode": "private",
                "SystemCallArchitectures": "native", "Restart": "on-failure"}
    assert {name: unit[name] for name in expected} == expected
    assert unit["RestrictAddressFamilies"] == "AF_INET AF_INET6 AF_NETLINK AF_UNIX"
    assert unit["RestrictNamespaces"] == "yes"
    assert "ptrace" not in unit["SystemCallFilter"].split()
    assert "read" in unit["SystemCallFilter"].split()


def test_the_sandbox_is_in_force(session: UserSession):
    """What the kernel says of the process, not what the unit asks for."""
    lines = dict(line.split(":\t", 1) for line in step(session, "proc").out.splitlines() if ":\t" in line)
    assert (lines["Seccomp"].strip(), lines["NoNewPrivs"].strip(), lines["Umask"].strip()) == ("2", "1", "0077")
    (core,) = [line.split() for line in session.step("proc").out.splitlines() if line.startswith("Max core file size")]
    assert core[4:6] == ["0", "0"]


def test_it_is_not_dumpable(session: UserSession):
    environ = step(session, "environ", 1)
    assert environ.out == "" and "Permission denied" in environ.err


def test_it_is_seen_from_outside(session: UserSession):
    found, unit = json.loads(step(session, "health", 0).out), step(session, "active").properties
    assert (str(found["daemon"]["pid"]), found["daemon"]["started-by"]) == (unit["MainPID"], "systemd")
    assert set(found["sandbox"].values()) == {"on"}, "the daemon finds its sandbox complete"
    assert found["units"] == {"felucca.service": "active", "felucca.socket": "active"}


def test_the_bus_is_the_one_that_is_meant(session: UserSession):
    assert session.bus in step(session, "bus").properties["ExecStart"]


# Coming and going

def test_it_comes_by_activation(session: UserSession):
    assert step(session, "before").properties["ActiveState"] == "inactive"
    step(session, "sign-in")
    unit = step(session, "active").properties
    assert (unit["ActiveState"], unit["Type"]) == ("active", "notify")
    owner = step(session, "owner").properties
    assert owner["PID"] == unit["MainPID"], "the owner of the name is the unit's process"
    assert owner["Unit"] == "felucca.service" or owner["UserUnit"] == "felucca.service"


def test_it_does_its_work_in_the_sandbox(session: UserSession):
    created, *_ = session.nile.minted()
    password = session.nile.password_of(created["id"])
    assert step(session, "create").out.strip() == password
    assert step(session, "lookup").out.strip() == password
    billing = [entry for entry in session.nile.minted() if entry["database"] == "billing"]
    assert f'"password" s "{session.nile.password_of(billing[0]["id"])}"' in step(session, "busctl").out
    step(session, "refused", 7)
    assert "seccomp-2" in step(session, "helper").out, "programs of the user run in it, too"


def test_it_is_started_again_when_somebody_kills_it(session: UserSession):
    before, after = step(session, "active").properties, step(session, "restarted").properties
    assert (after["ActiveState"], after["NRestarts"]) == ("active", "1")
    assert before["MainPID"] != after["MainPID"]
    assert step(session, "get").out == session.step("create").out


def test_a_stop_waits_for_the_mint(session: UserSession):
    step(session, "stop")
    unit = step(session, "stopped").properties
    assert (unit["ActiveState"], unit["MainPID"]) == ("inactive", "0")
    (db1,) = [entry for entry in session.nile.minted() if entry["database"] == "db1"]
    assert step(session, "held").out.strip() == session.nile.password_of(db1["id"])
    assert step(session, "again").out == session.step("held").out, "and it is stored"


def test_it_leaves_when_it_is_idle(session: UserSession):
    step(session, "list")
    assert step(session, "listed").properties["ActiveState"] == "active"
    assert step(session, "idle").properties["ActiveState"] == "inactive"
    step(session, "again")


def test_it_makes_way_for_one_that_sees_a_new_file(session: UserSession):
    """What it holds has an end, so that somebody has to be there."""
    step(session, "lasting")
    unit = step(session, "relieved").properties
    assert (unit["ActiveState"], unit["NRestarts"], unit["Result"]) == ("active", "1", "success")


def test_the_watchdog(session: UserSession):
    assert step(session, "active").properties["WatchdogUSec"] == "1min"
    watched, revived = step(session, "watched").properties, step(session, "revived").properties
    assert (watched["ActiveState"], watched["NRestarts"]) == ("active", "0"), "it is heard in time"
    assert (revived["ActiveState"], revived["NRestarts"]) == ("active", "1"), "one that hangs is replaced"
    assert step(session, "after").out == session.step("create").out


# The private socket

def test_the_socket_is_the_managers(session: UserSession):
    found = step(session, "socket").properties
    assert (found["ActiveState"], found["SubState"], found["NAccepted"]) == ("active", "running", "0")
    assert step(session, "modes").out == "600 u4321\n700 u4321\n"


def test_the_socket_starts_the_daemon(session: UserSession):
    assert step(session, "private").out == session.step("create").out
    assert step(session, "private-unit").properties["ActiveState"] == "active"
    assert step(session, "private-busctl").out == 's "unlocked"\n'
    for name in ("private-1", "private-2", "private-3"):
        step(session, name)


def test_the_socket_is_trusted_with_a_token(session: UserSession):
    step(session, "private-sign-in")


def test_without_a_session_bus_there_is_no_keyring(session: UserSession):
    step(session, "no-bus")
    assert step(session, "no-bus-unit").properties["ActiveState"] == "active"
    assert "Secret Service" in step(session, "no-bus-list", 4).err


def test_nothing_else_went_wrong(session: UserSession):
    """The manager has seen two failures of the unit: the kill and the hang that the session made."""
    said = [entry["MESSAGE"] for entry in session.journal if "felucca.service: Failed with result" in str(entry.get("MESSAGE"))]
    assert said == ["felucca.service: Failed with result 'signal'.", "felucca.service: Failed with result 'watchdog'."]
    assert session.nile.count("create") == 5
    assert len(session.nile.live()) == 4


# The journal

def test_one_line_for_each_request_that_was_done(session: UserSession):
    lines = session.lines(MESSAGE_ID=REQUEST_DONE, FEL_METHOD="CreateCredential", FEL_BACKEND="nile")
    assert [line["FEL_DATABASE"] for line in lines] == ["orders", "billing", "db1", "orders"]
    for line, minted in zip(lines, session.nile.minted()):
        assert (line["FEL_BACKEND"], line["FEL_WORKSPACE"], line["FEL_OUTCOME"]) == ("nile", "acme", "done")
        assert line["FEL_CREDENTIAL_ID"] == minted["id"]
        assert line["FEL_CALLER"]
        assert line["FEL_DURATION_USEC"].isdigit()
    assert [line["FEL_METHOD"] for line in session.lines(MESSAGE_ID=REQUEST_DONE)].count("GetCredential") == 4


def test_one_line_for_the_request_that_failed(session: UserSession):
    (line,) = session.lines(MESSAGE_ID=REQUEST_FAILED, FEL_METHOD="CreateCredential")
    assert (line["FEL_METHOD"], line["FEL_OUTCOME"]) == ("CreateCredential", "NotFound")
    assert (line["FEL_WORKSPACE"], line["FEL_DATABASE"]) == ("acme", "nowhere")
    assert line["FEL_CALLER"] and line["FEL_DURATION_USEC"].isdigit()
    assert "entity_not_found" in line["MESSAGE"]


def test_the_users_own_journal_has_them(session: UserSession):
    """`journalctl --user MESSAGE_ID=…`, as the user."""
    def read(message_id: str) -> list[dict[str, str]]:
        return [json.loads(line) for line in step(session, f"journal-{message_id}").out.splitlines()]
    done = [line for line in read(REQUEST_DONE) if line["FEL_METHOD"] == "CreateCredential"]
    assert {"orders", "billing", "db1"} <= {line["FEL_DATABASE"] for line in done}
    assert "entity_not_found" in "".join(line["MESSAGE"] for line in read(REQUEST_FAILED))
    assert {line["FEL_SANDBOX"] for line in read(SANDBOX)} == {"complete"}


def test_no_secret_in_the_journal(session: UserSession):
    assert b"felucca" in session.journal_bytes
    secrets = [session.nile.password_of(entry["id"]) for entry in session.nile.minted()] + [session.token, "tool-secret-0123"]
    assert [secret for secret in secrets if secret.encode() in session.journal_bytes] == []

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every directive of the sandbox, by its effect: what it forbids is tried with it, and without it.

`sandbox_probe.c` tries; the unit around it is felucca.service as it is installed, with another program. Without a directive
the same probe has to come to something else, or it would prove nothing.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from desktop import BUILD
from user_manager import UserSession, why_not

WHY_NOT = why_not()
pytestmark = [pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)), pytest.mark.xdist_group("directives")]

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
PROBE = BUILD / "tests/system/sandbox-probe"
EXPOSURE_MAX = 1.5
X86 = platform.machine() == "x86_64"
# Each of these makes the kernel filter calls, and so gives up new privileges, by itself.
FILTERS = ("SystemCallFilter", "SystemCallArchitectures", "MemoryDenyWriteExecute", "LockPersonality", "RestrictNamespaces",
           "RestrictAddressFamilies", "RestrictRealtime", "RestrictSUIDSGID", "SystemCallErrorNumber")
# Each of these makes a name space of mounts by itself.
MOUNTS = ("ProtectSystem", "ProtectHome", "BindPaths", "BindReadOnlyPaths", "PrivateTmp", "PrivateDevices", "ProtectControlGroups",
          "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc", "ProtectClock")


@dataclass(frozen=True)
class Row:
    """With the directive the probe comes to `held`, without it to `lifted` (None: to anything else)."""

    directive: str
    probe: str
    held: str | None  # None: something that the other one is not
    lifted: str | None = None
    absent: tuple[str, ...] = ()  # directives that would hide it: left out of both
    instead: str | None = None  # what it is set to where it is left out: the kernel's own value may be the same
    skip: str | None = None

    @property
    def name(self) -> str:
        return f"{self.directive}-{self.probe}".lower()


UNIT = [
    Row("Environment", "tunables", "glibc.malloc.perturb=90:glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1", "unset"),
    Row("Environment", "bind-now", "1", "unset"),
    Row("LimitCORE", "core", "0"),
    Row("LimitMEMLOCK", "memlock", str(8 << 20), str(1 << 20), instead="1M"),
    Row("UMask", "umask", str(0o077), str(0o022)),
    Row("KeyringMode", "keyring", None, absent=("SystemCallFilter", "SystemCallErrorNumber")),
    Row("NoNewPrivileges", "setuid", "4321", "0", absent=FILTERS),
    Row("SystemCallArchitectures", "foreign-call", "SYS", "ok", skip=None if X86 else "there is one architecture here"),
    Row("SystemCallFilter", "ptrace", "EPERM", "ok"),
    Row("SystemCallFilter", "landlock", "ok"),
    Row("SystemCallErrorNumber", "ptrace", "EPERM", "SYS"),
    Row("MemoryDenyWriteExecute", "executable-memory", "EPERM", "ok"),
    Row("LockPersonality", "personality", "EPERM", "ok"),
    Row("RestrictNamespaces", "namespace", "EPERM", "ok"),
    Row("RestrictAddressFamilies", "packet-socket", "EAFNOSUPPORT", "EPERM"),
    Row("RestrictRealtime", "realtime", "EPERM", "EINVAL"),
    Row("RestrictSUIDSGID", "suid-file", "EPERM", "ok"),
]

DROP_IN = [
    Row("PrivateUsers", "uid-map", "own", "all", absent=("CapabilityBoundingSet", *MOUNTS)),
    Row("CapabilityBoundingSet", "capabilities", "none", "some"),
    Row("ProtectSystem", "system", "read-only", "writable"),
    Row("ProtectHome", "home", "ENOENT", "ok"),
    Row("BindPaths", "own-state", "ok"),
    Row("BindReadOnlyPaths", "configuration", "ok", "ENOENT"),
    Row("PrivateTmp", "tmp", "ENOENT", "ok"),
    Row("PrivateMounts", "mounts", "own", "shared", absent=MOUNTS),
    Row("PrivateDevices", "devices", "ENOENT", "ok", absent=("ProtectKernelLogs",),
        skip=None if Path("/dev/kmsg").exists() else "there is no /dev/kmsg"),
    Row("ProtectClock", "clock", "EPERM", "EINVAL", absent=("SystemCallFilter",)),
    Row("ProtectControlGroups", "cgroups", "read-only", "writable"),
    Row("ProtectHostname", "host-name", "own", "shared"),
    Row("ProtectKernelLogs", "kernel-log", "0", str(0o400)),
    Row("ProtectKernelModules", "modules", "EACCES", "ok",
        skip=None if Path("/usr/lib/modules").is_dir() else "there are no modules"),
    Row("ProtectKernelTunables", "tunable", "read-only", "writable"),
    Row("ProtectProc", "processes", "ENOENT", "ok", skip="user managers cannot mount a /proc: see the drop-in"),
    Row("SystemCallFilter", "nice", "EPERM", "ok"),
]

# What is no part of the sandbox.
OTHERS = {"Type", "Sockets", "ExecStart", "NotifyAccess", "WatchdogSec", "Restart", "RestartPreventExitStatus",
          "RestartForceExitStatus", "SuccessExitStatus", "TimeoutStopSec", "ExecStartPre"}


def directives(path: Path) -> list[tuple[str, str]]:
    section = path.read_text().split("[Service]\n")[1]
    return [(match[1], match[2]) for match in re.finditer(r"^(\w+)=(.*)$", section, re.MULTILINE)]


def unit_with(lines: list[tuple[str, str]], results: Path, name: str, probe: str) -> str:
    kept = [f"{key}={value}" for key, value in lines if key not in OTHERS]
    return "\n".join(["[Service]", "Type=oneshot", f"ExecStart=/run/sandbox-probe {probe}",
                      f"StandardOutput=file:{results}/{name}.out", *kept, ""])


class Directives(UserSession):
    """The session of directives_session.sh, with its units."""

    def __init__(self) -> None:
        super().__init__(HERE / "directives_session.sh")

    def prepare(self) -> None:
        shutil.copy(PROBE, self.root / "sandbox-probe")
        shutil.copy(PROBE, self.root / "setuid-probe")
        (self.root / "setuid-probe").chmod(0o4755)
        unit = directives(BUILD / "data/felucca.service")
        drop_in = directives(SOURCE / "data/50-userns.conf")
        plan = []
        for rows, lines in ((UNIT, unit), (DROP_IN, unit + drop_in)):
            for row in rows:
                common = [line for line in lines if line[0] not in row.absent]
                without = [line for line in common if line[0] != row.directive]
                if row.instead is not None:
                    without.append((row.directive, row.instead))
                for name, kept in ((f"{row.name}-with", common), (f"{row.name}-without", without)):
                    (self.root / f"{name}.service").write_text(unit_with(kept, self.root, name, row.probe))
                    plan.append(f"{name} {row.probe}\n")
        (self.root / "plan").write_text("".join(plan))
        self.in_tmp = tempfile.NamedTemporaryFile(prefix="felucca-test-", dir="/tmp")  # noqa: SIM115: ends with the session
        Path(self.in_tmp.name).chmod(0o644)
        (self.root / "in-tmp").write_text(self.in_tmp.name)


@pytest.fixture(scope="module")
def session():
    with Directives() as run:
        yield run


def outcome(session: UserSession, name: str) -> str:
    return (session.root / f"{name}.out").read_text().strip()


@pytest.mark.parametrize("row", UNIT + DROP_IN, ids=lambda row: row.name)
def test_a_directive_has_its_effect(session: UserSession, row: Row):
    if row.skip:
        pytest.skip(row.skip)
    held, lifted = outcome(session, f"{row.name}-with"), outcome(session, f"{row.name}-without")
    assert held == row.held if row.held is not None else held != ""
    if row.directive == "SystemCallFilter" and row.probe == "landlock":
        return  # it allows this; that it can be done without a filter, too, says nothing
    assert lifted != held if row.lifted is None else lifted == row.lifted


def test_each_directive_has_a_probe():
    for rows, path in ((UNIT, "data/felucca.service.in"), (DROP_IN, "data/50-userns.conf")):
        named = {name for name, _ in directives(SOURCE / path)} - OTHERS
        assert named - {row.directive for row in rows} == set(), path


# The daemon below the drop-in

def test_it_does_its_work_below_the_drop_in(session: UserSession):
    assert [session.step(name).status for name in ("sign-in", "create", "get")] == [0, 0, 0], session.step("create").err
    (created,) = session.nile.minted()
    password = session.nile.password_of(created["id"])
    assert [session.step(name).out.strip() for name in ("create", "get")] == [password, password], session.step("create").err
    assert session.step("show").properties["PrivateUsers"] == "yes"
    assert set(json.loads(session.step("health").out)["sandbox"].values()) == {"on"}


def test_the_exposure_below_the_drop_in_is_bounded(session: UserSession):
    (line,) = [line for line in session.step("security").out.splitlines() if "Overall exposure level" in line]
    assert float(line.split("felucca.service:")[1].split()[0]) <= EXPOSURE_MAX

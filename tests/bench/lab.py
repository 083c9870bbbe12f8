# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desktop to measure on: a private bus, a keyring, a provider that answers at once, and the probe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration"), str(HERE.parent / "provider")]

from desktop import BUILD, CLIENT, DAEMON, NAME, Desktop, wait_until  # noqa: E402, F401

TOOLS = BUILD / "tests" / "bench"

# As in the session.conf of dbus-daemon: "essentially infinite".
LIMITS = "".join(f'<limit name="{name}">{value}</limit>' for name, value in {
    "max_incoming_bytes": 1000000000, "max_outgoing_bytes": 1000000000, "max_message_size": 1000000000,
    "max_replies_per_connection": 50000, "max_connections_per_user": 100000, "max_match_rules_per_connection": 50000,
}.items())


class BenchDesktop(Desktop):
    """quick: the keyring is the stand-in that holds so many credentials from the start; None: a real gnome-keyring."""

    def __init__(self, quick: int | None = None, **options: Any):
        super().__init__(**options)
        self._quick = quick

    def _start_bus(self) -> None:
        self.provider = self.spawn([str(TOOLS / "bench-provider")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.provider_url = self.provider.stdout.readline().strip()
        super()._start_bus()

    def bus_config(self) -> str:
        return super().bus_config().replace("<policy", LIMITS + "<policy", 1)

    def config_text(self, url: str | None = None, **settings: Any) -> str:
        return super().config_text(url or self.provider_url, **settings)

    def start_keyring(self, unlock: bool = True, env: dict[str, str] | None = None, options: tuple[str, ...] = ()) -> None:
        if self._quick is None:
            super().start_keyring(unlock, env, options)
            return
        self.keyring_process = self.spawn([str(TOOLS / "bench-secret-service"), str(self._quick)])
        wait_until(lambda: self.has_owner("org.freedesktop.secrets"), "the keyring is on the bus")

    def probe(self) -> "Probe":
        return Probe(self)

    def activatable(self, program: str | Path = DAEMON) -> None:
        """With the variables that the installed file sets."""
        service = (BUILD / "data" / f"{NAME}.service").read_text()
        (line,) = (line for line in service.splitlines() if line.startswith("Exec="))
        variables, _, _ = line.removeprefix("Exec=").rpartition(" ")
        super().activatable(f"{variables} {program}")

    def end_activated(self) -> None:
        """Ends the daemon that the bus has started."""
        subprocess.run(["kill", str(self.pid_of(NAME))], check=True)
        wait_until(lambda: not self.has_owner(NAME), "the daemon has left")


class Probe:
    """The C program that does what it is told and says how long it took."""

    def __init__(self, desktop: BenchDesktop):
        argv = [str(TOOLS / "probe"), desktop.provider_url, desktop.token.get("access_token", "none")]
        self.process = desktop.spawn(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def usec(self, words: str, times: int = 1) -> float:
        """Microseconds for one of so many in a row."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{times} {words}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the probe failed at: {words}")
        return float(answer)


# What a process holds

def pss_mib(pid: int) -> float:
    """Proportional set size; needs root for a process that is not dumpable."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no Pss")


def private_mib(pid: int) -> float:
    """What is its own alone."""
    return sum(int(line.split()[1]) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
               if line.startswith("Private_")) / 1024


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def wake_ups(pid: int) -> int:
    """How often its threads have begun to wait, so far."""
    return sum(int(line.split()[1]) for task in Path(f"/proc/{pid}/task").iterdir()
               for line in (task / "status").read_text().splitlines() if line.startswith("voluntary_ctxt_switches"))


def libraries(pid: int) -> set[str]:
    """The shared objects that it has open."""
    paths = (line.split(maxsplit=5)[5:] for line in Path(f"/proc/{pid}/maps").read_text().splitlines())
    return {Path(path[0].strip()).name for path in paths if path and ".so" in path[0]}

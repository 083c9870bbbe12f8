# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The processes themselves: starting, resting, and what is left after a long life."""

from __future__ import annotations

import statistics
import sys
import time

from lab import CLIENT, BenchDesktop, Probe, descriptors, libraries, private_mib, pss_mib, wake_ups
from table import Row, Table, interleave, pairs_row

ROUNDS = 60
COLD_ROUNDS = 20
RUN_ADDS_MSEC = 5
LOOKUP = "start secret-tool lookup xdg:schema org.felucca.Credential workspace acme database"
NOT_AT_ONCE = ("libsoup", "libjson-glib", "libgnutls", "libgiognutls", "libnghttp2", "libpq", "libmariadb", "nile")


def measure_client(table: Table, probe: Probe) -> None:
    get = lambda: probe.usec(f"start {CLIENT} get acme/db5 --format password")  # noqa: E731
    table.add(pairs_row("felucca get --format password, warm", "secret-tool lookup",
                        interleave(ROUNDS, get, lambda: probe.usec(f"{LOOKUP} db5")), 0.5))
    pairs = interleave(ROUNDS, lambda: probe.usec(f"start {CLIENT} run acme/db5 -- true"), lambda: probe.usec("start true"))
    row = pairs_row(f"felucca run -- true, warm, at most {RUN_ADDS_MSEC} ms more", "true", pairs)
    row.by_target = statistics.median(ours - other for ours, other in pairs) <= RUN_ADDS_MSEC * 1000
    table.add(row)


def measure_cold(table: Table) -> None:
    """The bus starts the daemon; the keyring is running, as on a desktop."""
    with BenchDesktop() as desktop:
        probe = desktop.probe()
        probe.usec("create-many 50")
        desktop.stop_daemon()
        desktop.activatable()
        pairs = []
        for number in range(COLD_ROUNDS + 1):
            lookup = probe.usec(f"{LOOKUP} db5")
            pairs.append((probe.usec("list"), lookup))
            if number == 0:
                loaded = sorted(name for name in libraries(desktop.pid_of("org.felucca.Credentials1"))
                                if name.startswith(NOT_AT_ONCE))
            desktop.end_activated()
        table.add(pairs_row("cold: activation to the first ListCredentials, 50 stored", "secret-tool lookup", pairs[1:], 2.5))
        table.add(Row("libraries of backends loaded by then", len(loaded), "", 0, 0, "", 0, note=" ".join(loaded),
                      by_target=not loaded))
        desktop.start_daemon()


def measure_rest(table: Table, rest_sec: int) -> None:
    """After one create and a while in which whoever was needed for it leaves."""
    with BenchDesktop() as desktop:
        desktop.probe().usec("create orders")
        pid, keyring = desktop.daemon_process.pid, desktop.keyring_process.pid
        time.sleep(45)  # threads of pools leave after 15 s, the connection to the provider is closed after 30 s
        table.add(memory_row(pss_mib(pid), pss_mib(keyring)))
        before = wake_ups(pid)
        time.sleep(rest_sec)
        woken = (wake_ups(pid) - before) * 60 / rest_sec
        table.add(Row("idle wake-ups in a minute", woken, "", 0, woken, "", 0, by_target=woken == 0))


def memory_row(ours: float, other: float) -> Row:
    return Row("idle memory after a create (Pss)", ours, "gnome-keyring-daemon", other, ours / other, "MiB", 0.6)


def measure_long_life(table: Table, gets: int, creates: int) -> None:
    """Creates are revoked again, so that what is stored stays the same; a tenth of all is the warm-up."""
    with BenchDesktop(quick=10) as desktop:
        probe, pid = desktop.probe(), desktop.daemon_process.pid

        def live(share: float) -> None:
            probe.usec(f"turn-over {int(creates * share)}")
            probe.usec("get db5", int(gets * share))

        live(0.1)
        time.sleep(45)
        memory, open_ = private_mib(pid), descriptors(pid)
        live(0.9)
        time.sleep(45)
        what = f"after {gets} gets and {creates} creates"
        table.add(Row(f"memory of its own {what}", private_mib(pid), "after a tenth of them", memory,
                      private_mib(pid) / memory, "MiB", 1.05))
        table.add(Row(f"descriptors {what}", descriptors(pid), "after a tenth of them", open_, descriptors(pid) / open_,
                      "", 1))


def can_see_memory() -> bool:
    import os

    if os.geteuid() == 0:
        return True
    print("bench: memory and wake-ups need root, the daemon is not dumpable", file=sys.stderr)
    return False

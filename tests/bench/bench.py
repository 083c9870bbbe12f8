# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures felucca beside what it cannot be faster than, in one run, and prints a table.

The two things of a row are done in turn by one process (probe.c); the ratio is the median of the pairs' ratios. Absolute
times are this machine's; the ratios are what to look at.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration"), str(HERE.parent / "provider")]

from desktop import BUILD, CLIENT, DAEMON, NAME, Desktop  # noqa: E402

ROUNDS = 200
COLD_ROUNDS = 10


class Probe:
    """The C program that does one thing for each line."""

    def __init__(self, desktop: Desktop):
        argv = [str(BUILD / "tests" / "bench" / "probe"), desktop.nile.url, desktop.token["access_token"]]
        self.process = desktop.spawn(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def usec(self, command: str) -> int:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the probe failed at: {command}")
        return int(answer)


def row(what: str, beside: str, pairs: list[tuple[float, float]]) -> dict:
    """Medians of both sides in milliseconds, and of the pairs' ratios."""
    ratios = sorted(ours / other for ours, other in pairs)
    return {
        "what": what,
        "ours_ms": statistics.median(ours for ours, _ in pairs) / 1000,
        "beside": beside,
        "other_ms": statistics.median(other for _, other in pairs) / 1000,
        "ratio": statistics.median(ratios),
        "spread": [ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10]],
    }


def bench_get(probe: Probe) -> dict:
    probe.usec("create orders")
    for _ in range(20):
        probe.usec("get orders"), probe.usec("ping")
    pairs = [(probe.usec("get orders"), probe.usec("ping")) for _ in range(ROUNDS)]
    return row("GetCredential", "Ping to the same daemon", pairs)


def bench_private(probe: Probe) -> dict:
    for _ in range(20):
        probe.usec("get orders"), probe.usec("private-get orders")
    pairs = [(probe.usec("private-get orders"), probe.usec("get orders")) for _ in range(ROUNDS)]
    return row("GetCredential over the private socket", "GetCredential over the session bus", pairs)


def bench_private_ping(probe: Probe) -> dict:
    pairs = [(probe.usec("private-ping"), probe.usec("ping")) for _ in range(ROUNDS)]
    return row("Ping over the private socket", "Ping over the session bus", pairs)


def bench_create(probe: Probe) -> dict:
    pairs = []
    for i in range(ROUNDS // 2):
        ours = probe.usec(f"create db{i}")
        by_hand = probe.usec(f"http db{i}") + probe.usec(f"store item{i}")
        pairs.append((ours, by_hand))
    return row("CreateCredential", "HTTP exchange + keyring store, by hand", pairs)


def bench_start(probe: Probe, what: str, ours: str, other: str, **most: float) -> dict:
    """Two programs, from their start to their end. The probe needs a credential of acme/orders by now. most: the `ratio` or
    the `added_ms` that is promised."""
    for _ in range(10):
        probe.usec(f"start {ours}"), probe.usec(f"start {other}")
    pairs = [(probe.usec(f"start {ours}"), probe.usec(f"start {other}")) for _ in range(ROUNDS)]
    added = statistics.median(mine - theirs for mine, theirs in pairs) / 1000
    return row(what, other.split(" xdg:")[0], pairs) | {"added_ms": added, "most": most}


def broken(rows: list[dict]) -> list[str]:
    """What was promised and is not kept."""
    return [f"{line['what']}: {key} is {line[key]:.2f}, not at most {most:.2f}"
            for line in rows for key, most in line.get("most", {}).items() if line[key] > most]


def bench_cold(desktop: Desktop) -> dict:
    """The bus starts the daemon; the keyring is running, as on a desktop."""
    service = desktop.root / "services" / f"{NAME}.service"
    service.write_text(f"[D-BUS Service]\nName={NAME}\nExec={DAEMON}\n")
    desktop.bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig", None, None, 0, 5000, None)
    pairs = []
    for _ in range(COLD_ROUNDS):
        start = time.monotonic()
        subprocess.run(["busctl", "--user", "call", NAME, "/org/felucca/Credentials1", NAME, "ListCredentials", "a{sv}", "0"],
                       env=desktop.env, check=True, capture_output=True)
        ours = time.monotonic() - start
        start = time.monotonic()
        desktop.secret_tool("lookup", "xdg:schema", "org.felucca.Credential", "workspace", "acme", "database", "orders")
        other = time.monotonic() - start
        pairs.append((ours * 1e6, other * 1e6))
        end_activated(desktop)
    return row("cold: busctl, activation, first ListCredentials", "secret-tool lookup", pairs)


def end_activated(desktop: Desktop) -> None:
    pid = connection_pid(desktop, NAME)
    subprocess.run(["kill", str(pid)], check=True)
    while desktop.has_owner(NAME):
        time.sleep(0.01)


def connection_pid(desktop: Desktop, name: str) -> int:
    from gi.repository import GLib

    reply = desktop.bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                  "GetConnectionUnixProcessID", GLib.Variant("(s)", (name,)), None, 0, 5000, None)
    return reply.unpack()[0]


def pss_mib(pid: int) -> float:
    """Proportional set size; needs root for a process that is not dumpable."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no Pss")


def bench_memory(desktop: Desktop) -> dict:
    ours = pss_mib(connection_pid(desktop, NAME))
    other = pss_mib(connection_pid(desktop, "org.freedesktop.secrets"))
    return {"what": "idle memory after creates, Pss", "ours_mib": ours, "beside": "gnome-keyring-daemon", "other_mib": other, "ratio": ours / other}


def show(rows: list[dict]) -> None:
    print(f"{'what':48} {'ours':>10}  {'beside':40} {'other':>10} {'ratio':>6}  10..90 %")
    for line in rows:
        unit = "ms" if "ours_ms" in line else "MiB"
        ours, other = (line.get(f"{side}_{unit.lower()}") for side in ("ours", "other"))
        spread = f"{line['spread'][0]:.2f}..{line['spread'][1]:.2f}" if "spread" in line else ""
        added = f"  {line['added_ms']:+.2f} ms" if "added_ms" in line else ""
        print(f"{line['what']:48} {ours:7.2f} {unit:3} {line['beside']:40} {other:7.2f} {unit:3} {line['ratio']:5.2f}  {spread}{added}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write the rows there too")
    parser.add_argument("--check", action="store_true", help="fail when what is promised is not kept")
    arguments = parser.parse_args()
    rows = []
    with Desktop() as desktop:
        probe = Probe(desktop)
        rows.append(bench_get(probe))
        rows.append(bench_private(probe))
        rows.append(bench_private_ping(probe))
        rows.append(bench_create(probe))
        rows.append(bench_start(probe, "felucca run -- true", f"{CLIENT} run acme/orders -- true", "true", added_ms=5.0))
        rows.append(bench_start(probe, "felucca get --format password", f"{CLIENT} get acme/orders --format password",
                                "secret-tool lookup xdg:schema org.felucca.Credential workspace acme database orders", ratio=0.5))
        try:
            rows.append(bench_memory(desktop))
        except PermissionError:
            print("bench: idle memory needs root, the daemon is not dumpable", file=sys.stderr)
        desktop.stop_daemon()
        rows.append(bench_cold(desktop))
    show(rows)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=2) + "\n")
    for line in (wrong := broken(rows)):
        print(f"bench: {line}", file=sys.stderr)
    return 1 if arguments.check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())

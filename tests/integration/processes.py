# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel says of processes."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path


def process_state(pid: int) -> str:
    """Its letter, as in proc_pid_stat(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def is_alive(pid: int) -> bool:
    """Not a zombie either."""
    try:
        return process_state(pid) not in ("Z", "X")
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    """Those of all its threads; one of these may end meanwhile."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += [int(child) for child in task.read_text().split()]
    return found


def inherited_filter() -> str:
    """What the daemon says of its system calls when it has no filter but that of the tests, which may run in a container."""
    (mode,) = re.findall(r"^Seccomp:\s+(\d)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return "on" if mode == "2" else "no filter"

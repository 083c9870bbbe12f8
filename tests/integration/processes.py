# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel says of processes."""

from __future__ import annotations

import re
from pathlib import Path


def state_of(pid: int) -> str:
    """Its letter, as in proc_pid_stat(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def is_alive(pid: int) -> bool:
    """Not a zombie either."""
    try:
        return state_of(pid) not in ("Z", "X")
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    """Those of all its threads."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def inherited_filter() -> str:
    """What the daemon says of its system calls when it has no filter but that of the tests, which may run in a container."""
    (mode,) = re.findall(r"^Seccomp:\s+(\d)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return "on" if mode == "2" else "no filter"

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much memory a process holds. Of one that is not dumpable only root may know."""

from __future__ import annotations

from pathlib import Path


def anonymous_kib(pid: int) -> int:
    """RssAnon: what the process has made itself, without the files that it maps."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))

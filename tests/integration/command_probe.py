# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a command finds that `felucca run` has started: printed as JSON, for the test to look at."""

import fcntl
import json
import os
import resource
import sys
from pathlib import Path


def descriptor(number: int) -> dict[str, object]:
    """What is behind it; the listing's own one is gone by now."""
    path = f"/proc/self/fd/{number}"
    name = os.readlink(path)
    found: dict[str, object] = {"name": name, "flags": fcntl.fcntl(number, fcntl.F_GETFD)}
    if name.startswith("/memfd:"):
        found |= {"mode": os.fstat(number).st_mode, "seals": fcntl.fcntl(number, fcntl.F_GET_SEALS), "text": Path(path).read_text(),
                  "again": Path(path).read_text()}
    return found


def main() -> None:
    numbers = [number for number in map(int, os.listdir("/proc/self/fd")) if os.path.exists(f"/proc/self/fd/{number}")]
    status = dict(line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    json.dump({
        "argv": [os.fsencode(one).hex() for one in sys.argv[1:]],
        "environ": dict(os.environ),
        "fds": {number: descriptor(number) for number in numbers},
        "pid": os.getpid(),
        "parent": os.getppid(),
        "group": os.getpgrp(),
        "signals": {key: status[key] for key in ("SigBlk", "SigIgn", "SigCgt")},
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "owned_by_root": os.stat("/proc/self/environ").st_uid == 0,
    }, sys.stdout)


main()

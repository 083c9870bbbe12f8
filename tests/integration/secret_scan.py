# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looks for secrets where none may be: in the memory of a process, its core, its environment, its arguments, in files.

A copy counts in plain, in hexadecimal, percent-encoded and in base64, wherever in a longer text it begins. What is looked
for is the end of each secret: the allocator writes over the beginning of what is freed, and over nothing else.
"""

from __future__ import annotations

import base64
import bisect
import errno
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from desktop import Desktop, wait_until

END_LEN = 20
GAP = b"\n"  # no secret has one
EMPTY = re.compile(rb"\0{65536,}")  # most of a core


@dataclass(frozen=True)
class Hit:
    """One copy. Of a mapping the place tells the file, if any, and the kernel's flags: `lo` locked, `dd` not dumped."""

    secret: str
    form: str
    place: str

    @property
    def is_locked(self) -> bool:
        """Whether it lies where no swap and no core takes it from."""
        return {"lo", "dd"} <= set(self.place.split())


def base64_forms(data: bytes) -> Iterator[bytes]:
    """What is the same in every text that has the data at this distance from a multiple of three."""
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + data)[-(-before * 8 // 6):(before + len(data)) * 8 // 6]


def forms(secret: str) -> dict[bytes, str]:
    """What to look for, and what to call it."""
    data = secret.encode()
    assert len(data) >= END_LEN, "too short to tell from chance"
    end = data[-END_LEN:]
    percent = "".join(f"%{byte:02X}" for byte in end)
    return ({form: "base64" for form in base64_forms(end)}
            | {form.encode(): "percent" for form in (quote(end, safe=""), percent, percent.lower())}
            | {form.encode(): "hex" for form in (end.hex(), end.hex().upper())}
            | {end: "plain"})


def mappings(pid: int) -> Iterator[tuple[int, int, str]]:
    """The readable ones but devices and the kernel's own: start, end, and what to say of it."""
    fields: list[str] = []
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if not line.startswith("VmFlags:"):
            fields = line.split(maxsplit=5) if not line.split()[0].endswith(":") else fields
            continue
        name = fields[5] if len(fields) > 5 else "[anonymous]"
        if "r" in fields[1] and name not in ("[vvar]", "[vsyscall]", "[vvar_vclock]") and not name.startswith("/dev/"):
            start, end = (int(part, 16) for part in fields[0].split("-"))
            yield start, end, f"memory {name} {line.removeprefix('VmFlags:').strip()}"


def idle_daemon(desktop: Desktop) -> int:
    """The id of the daemon, when its workers have left and what it does after an answer is done."""
    assert desktop.daemon_process is not None
    desktop.property("Version")
    pid = desktop.daemon_process.pid
    wait_until(lambda: not any(is_worker(task) for task in Path(f"/proc/{pid}/task").iterdir()), "no worker is left")
    return pid


def is_worker(task: Path) -> bool:
    """Whether this thread is one of a pool; one that has just ended is not."""
    try:
        return (task / "comm").read_text().startswith("pool-")
    except (FileNotFoundError, ProcessLookupError):
        return False


class SecretScan:
    """Looks for all of these secrets at once."""

    def __init__(self, secrets: Iterable[str]) -> None:
        secrets = set(secrets)
        assert len({secret[-END_LEN:] for secret in secrets}) == len(secrets), "two that end alike cannot be told apart"
        self._known = {needle: (secret, form) for secret in secrets for needle, form in forms(secret).items()}
        self._needles = tempfile.NamedTemporaryFile(prefix="felucca-needles-")  # noqa: SIM115
        self._needles.write(GAP.join(self._known))
        self._needles.flush()

    def in_pieces(self, pieces: Iterable[tuple[str, bytes]]) -> list[Hit]:
        """In (place, bytes) each. By grep, which looks for thousands of words at a time."""
        starts, places, offset = [], [], 0
        with tempfile.TemporaryFile(prefix="felucca-scan-") as haystack:
            for place, data in pieces:
                starts.append(offset)
                places.append(place)
                offset += haystack.write(EMPTY.sub(b"", data) + GAP)
            haystack.flush()
            haystack.seek(0)
            grep = subprocess.run(["grep", "-aobF", "-f", self._needles.name], stdin=haystack, capture_output=True,
                                  env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
        assert grep.returncode in (0, 1) and not grep.stderr, grep.stderr
        hits = []
        for line in grep.stdout.splitlines():
            at, _, needle = line.partition(b":")
            hits.append(Hit(*self._known[needle], places[bisect.bisect_right(starts, int(at)) - 1]))
        return hits

    def in_bytes(self, place: str, data: bytes) -> list[Hit]:
        """In what somebody has already read."""
        return self.in_pieces([(place, data)])

    def in_memory(self, pid: int) -> list[Hit]:
        """In everything that the process can read. Needs root when it is not dumpable."""
        return self.in_pieces(self._memory(pid))

    @staticmethod
    def _memory(pid: int) -> Iterator[tuple[str, bytes]]:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for start, end, place in mappings(pid):
                memory.seek(start)
                try:
                    yield place, memory.read(end - start)
                except OSError as error:
                    assert error.errno == errno.EIO, place  # a file's pages past its end

    def in_proc(self, pid: int) -> list[Hit]:
        """In the environment and the arguments that it was started with."""
        return self.in_pieces((name, Path(f"/proc/{pid}/{name}").read_bytes()) for name in ("environ", "cmdline", "comm"))

    def in_files(self, *folders: Path) -> list[Hit]:
        """In every file below."""
        paths = (path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        return self.in_pieces((str(path), path.read_bytes()) for path in paths)

    def in_core(self, pid: int) -> list[Hit]:
        """In a core that root takes of the running process; it honours what madvise() has excluded."""
        with tempfile.TemporaryDirectory(prefix="felucca-core-") as folder:
            gcore = subprocess.run(["gcore", "-o", f"{folder}/core", str(pid)], capture_output=True, text=True)
            core = Path(f"{folder}/core.{pid}")
            assert core.is_file(), gcore.stderr
            return self.in_pieces([("core", core.read_bytes())])

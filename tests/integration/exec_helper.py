# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Helpers of the module exec for tests: small real programs, and a provider that is a folder.

What lives at the provider is a file in `live/` named by its id: the oracle of what was minted and not ended again.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, Iterator

from desktop import Desktop, wait_until

INSTANCE = "tool"
PASSWORD = "pass-of-the-helper-0123"
TIMEOUT_SEC = 10

# Its request is in `request`; `root` is the folder of the test.
PRELUDE = """#!/usr/bin/python3 -I
import json, os, pathlib, signal, subprocess, sys, time
root = pathlib.Path({root!r})
request = json.load(sys.stdin)
with open(root / "requests", "a") as log:
    log.write(json.dumps(request) + "\\n")
def answer(**members):
    sys.stdout.write(json.dumps(members))
    sys.stdout.flush()
def mint(id):
    (root / "live" / id).touch()
def wait_for(name):
    while not (root / name).exists():
        time.sleep(0.01)
PASSWORD = {password!r}
"""

# A provider that can all that there is, and keeps the intent of each mint.
COMPLETE = """
operation = request["operation"]
if operation == "mint":
    id = "role-" + request["intent"][:8]
    (root / "live" / id).write_text(request["intent"])
    answer(id=id, user="u-" + id, password=PASSWORD, host="db.example.org", port=5433, notAfter=int(time.time()) + 3600)
elif operation == "revoke":
    path = root / "live" / request["id"]
    if path.exists():
        path.unlink()
        answer()
    else:
        answer(error={"code": "not-found", "message": "there is none"})
elif operation == "list":
    answer(credentials=[{"id": path.name, "intent": path.read_text()} for path in (root / "live").iterdir()])
else:
    answer(notAfter=int(time.time()) + request.get("ttl", 7200))
"""


class Helper:
    """One helper program of a desktop, and what it has left behind."""

    def __init__(self, root: Path):
        self.root = root / "helper"
        self.root.mkdir(mode=0o700)
        self.path = self.root / "helper"
        (self.root / "live").mkdir()

    def write(self, body: str) -> None:
        """The program, in Python, behind the prelude."""
        self.write_raw(PRELUDE.format(root=str(self.root), password=PASSWORD) + body)

    def write_raw(self, text: str) -> None:
        """The program as it is; the old one is not written to, it may run."""
        fresh = self.root / "fresh"
        fresh.write_text(text)
        fresh.chmod(0o700)
        fresh.rename(self.path)

    def requests(self) -> list[dict[str, Any]]:
        """What it was asked, one after the other."""
        log = self.root / "requests"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def asked(self, operation: str) -> list[dict[str, Any]]:
        return [request for request in self.requests() if request["operation"] == operation]

    def live(self) -> list[str]:
        """The oracle: ids that live at the provider."""
        return sorted(path.name for path in (self.root / "live").iterdir())

    def wait_file(self, name: str) -> str:
        """A file that the helper makes, when it has something in it."""
        path = self.root / name
        return wait_until(lambda: path.exists() and path.read_text(), f"{name} of the helper")


class ExecDesktop(Desktop):
    """A desktop with one instance of exec, `tool`, whose helper is written by the test."""

    def __init__(self, verbs: str = "mint;revoke;list;renew", command: str | None = None, **settings: Any):
        self.verbs, self.command, self.settings = verbs, command, settings
        super().__init__(sign_in=False)
        self.helper = Helper(self.root)
        self.helper.write(COMPLETE)

    def config_text(self, url: str | None = None, **settings: Any) -> str:
        values = {"command": self.command or str(self.helper.path), "verbs": self.verbs, "timeout": TIMEOUT_SEC}
        values |= self.settings | settings
        lines = [f"{key.replace('_', '-')}={value}" for key, value in values.items()]
        return "\n".join(["[daemon]", f"default-backend={INSTANCE}", "", f"[backend {INSTANCE}]", "module=exec", *lines, ""])

    def mint(self, database: str = "orders", **options: Any) -> dict[str, Any]:
        return self.create(INSTANCE, database, **options)

    def unresolved(self) -> list[dict[str, Any]]:
        return self.call("ListUnresolved")

    def children(self) -> list[int]:
        """Of the daemon, zombies among them."""
        assert self.daemon_process is not None
        return [pid for pid, parent in parents().items() if parent == self.daemon_process.pid]


def parents() -> dict[int, int]:
    """Of all processes."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return found


@contextlib.contextmanager
def on_path(folder: Path, **programs: str) -> Iterator[str]:
    """A PATH that begins with a folder of these programs; `_` in their names is a hyphen."""
    folder.mkdir(mode=0o700)
    for name, text in programs.items():
        program = folder / name.replace("_", "-")
        program.write_text(text)
        program.chmod(0o700)
    yield f"{folder}:{os.defpath}"

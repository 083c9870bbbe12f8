# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A provider that is a folder, behind a helper program of the module exec that can be told what to do wrong.

`live/` has a file for each credential that lives, `minted/` one for each that ever did. What the helper is to do next is
a file in `moods/`: the first one for its operation is taken, and only once.
"""

from __future__ import annotations

import itertools
import json
import shutil
import uuid
from pathlib import Path
from typing import Any

from processes import is_alive

INSTANCE = "tool"
TIMEOUT_SEC = 2
VERBS = "mint;revoke;list;renew"

# Before the mint is done, and after it: what the helper does then. `id` and `password` are those of the mint.
ENDS = {
    "exits with 0": "sys.exit(0)",
    "exits with 3": "sys.exit(3)",
    "is killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "crashes": "os.kill(os.getpid(), signal.SIGSEGV)",
    "prints junk": "print('no JSON at all')",
    "prints 10 MB": "sys.stdout.write('x' * 10_000_000)",
    "prints deep nesting": "sys.stdout.write('[' * 1000)",
    "prints a cut answer": "sys.stdout.write(json.dumps(full())[:-12])",
    "prints a NUL": "sys.stdout.buffer.write(json.dumps(full()).encode().replace(b'user', b'us\\0er'))",
    "says an error that nobody knows": "answer(error={'code': 'whatever', 'message': 'hm'})",
    "hangs": "sleep()",
    "hangs and does not listen": "signal.signal(signal.SIGTERM, signal.SIG_IGN); sleep()",
    "leaves a child and exits with 3": "child(); sys.exit(3)",
}
# Only after it: the answer names the credential.
NAMED = {
    "names it and exits with 1": "answer(**full()); sys.exit(1)",
    "names it and is killed": "answer(**full()); os.kill(os.getpid(), signal.SIGKILL)",
    "names it and hangs": "answer(**full()); os.close(1); sleep()",
    "a password with LF": "answer(**full(password='line\\nbreak'))",
    "a password with CR": "answer(**full(password='line\\rbreak'))",
    "a password with NUL": "answer(**full(password='nul\\0'))",
    "a user with an escape": "answer(**full(user='\\x1b[2J'))",
    "a host with CR": "answer(**full(host='h\\r'))",
    "no password": "answer(id=id, user='u')",
    "a password of 1025 bytes": "answer(**full(password='x' * 1025))",
    "an end that is no number": "answer(**full(notAfter='tomorrow'))",
    "an error beside its id": "answer(id=id, error={'code': 'unknown', 'message': 'it got stuck'})",
}
# It works, and what it leaves behind is ended.
WORKS = {
    "leaves a child that holds its output": "child(); answer(**full())",
    "closes its input and prints much to stderr": "os.close(0); sys.stderr.write('x' * 100_000); answer(**full())",
}
REFUSALS = {"conflict": "Conflict", "denied": "AccessDenied", "invalid": "InvalidArguments", "not-found": "NotFound",
            "quota": "QuotaExceeded", "rate-limited": "RateLimited", "unreachable": "Unreachable"}
# Of a revoke and a list, before and after it is done.
FAILS = ("exits with 0", "exits with 3", "is killed", "prints junk", "prints 10 MB", "hangs", "leaves a child and exits with 3")

HELPER = r"""#!/usr/bin/python3 -I
import json, os, pathlib, signal, subprocess, sys, time
root = pathlib.Path({root!r})
request = json.load(sys.stdin)
operation, intent = request["operation"], request.get("intent", "")
id, password = "role-" + intent, "secret-of-" + intent
def answer(**members):
    sys.stdout.write(json.dumps(members))
    sys.stdout.flush()
def full(**changed):
    return dict(id=id, user="u-" + intent, password=password, host="db.example.org", port=5433) | changed
def sleep():
    while True:
        time.sleep(60)
def child():
    subprocess.Popen([str(root / "child"), "600"], executable="/bin/sleep")
def note(folder):
    fresh = root / "fresh" / id
    fresh.write_text(json.dumps(dict(id=id, workspace="{instance}", database=request["database"], intent=intent, foreign=False,
                                     password=password)))
    fresh.rename(root / folder / id)
def take_mood():
    for path in sorted((root / "moods").glob(operation + "-*")):
        try:
            text = path.read_text()
            path.unlink()
        except FileNotFoundError:
            continue  # another one was faster
        return json.loads(text)
    return ["", ""]
def entries():
    for path in list((root / "live").iterdir()):
        try:
            yield json.loads(path.read_text())
        except FileNotFoundError:
            pass
before, after = take_mood()
exec(before)
if operation == "mint":
    note("minted")
    note("live")
    exec(after)
    if not after:
        answer(**full())
elif operation == "revoke":
    path = root / "live" / request["id"]
    known = path.exists()
    path.unlink(missing_ok=True)
    exec(after)
    if not after:
        answer() if known else answer(error=dict(code="not-found", message="there is none"))
elif operation == "list":
    found = [dict(id=one["id"], intent=one["intent"]) for one in entries() if one["database"] == request["database"]]
    exec(after)
    if not after:
        answer(credentials=found)
"""


class Tool:
    """One provider of this kind, empty at first. It is a Site."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.rmtree(root, ignore_errors=True)
        for name in ("live", "minted", "moods", "fresh"):
            (root / name).mkdir(mode=0o700, parents=True)
        root.chmod(0o700)
        self.path = root / "helper"
        self.path.write_text(HELPER.format(root=str(root), instance=INSTANCE))
        self.path.chmod(0o700)
        self._numbers = itertools.count()

    def config(self, timeout_sec: int = TIMEOUT_SEC) -> str:
        """Its group of the configuration."""
        return f"\n[backend {INSTANCE}]\nmodule=exec\ncommand={self.path}\nverbs={VERBS}\ntimeout={timeout_sec}\n"

    def mood(self, operation: str, before: str = "", after: str = "", wait: str = "") -> None:
        """What the next helper for this operation runs instead of its work, or instead of its answer. `wait`: it makes a
        file of this name and goes on when there is one named `go`."""
        if wait:
            before = f"(root / {wait!r}).touch()\nwhile not (root / 'go').exists(): time.sleep(0.01)"
        elif before:
            before += "\nsys.exit(0)"
        fresh = self.root / "fresh" / f"mood-{next(self._numbers)}"
        fresh.write_text(json.dumps([before, after]))
        fresh.rename(self.root / "moods" / f"{operation}-{fresh.name.rpartition('-')[2]:0>6}")

    def calm(self) -> None:
        """From now on it works."""
        for path in (self.root / "moods").iterdir():
            path.unlink(missing_ok=True)

    def is_calm(self) -> bool:
        """All that was to go wrong has."""
        return not any((self.root / "moods").iterdir()) and not self.left_behind()

    def mint_foreign(self, database: str) -> str:
        """Somebody else's."""
        id = f"role-{uuid.uuid4()}"
        entry = {"id": id, "workspace": INSTANCE, "database": database, "intent": "", "foreign": True, "password": "x"}
        for folder in ("minted", "live"):
            fresh = self.root / "fresh" / id
            fresh.write_text(json.dumps(entry))
            fresh.rename(self.root / folder / id)
        return id

    def delete_foreign(self, id: str) -> None:
        (self.root / "live" / id).unlink()

    def _entries(self, folder: str) -> list[dict[str, Any]]:
        found = []
        for path in sorted((self.root / folder).iterdir()):
            try:
                found.append(json.loads(path.read_text()))
            except FileNotFoundError:
                pass  # revoked while we looked
        return found

    def live(self) -> list[dict[str, Any]]:
        return self._entries("live")

    def minted(self) -> list[dict[str, Any]]:
        return self._entries("minted")

    def passwords(self, stored: dict[str, list[str]]) -> dict[str, str]:
        return {entry["id"]: entry["password"] for entry in self.minted()}

    def left_behind(self) -> list[int]:
        """Helpers and their children that still run, those among them that have not got to their first line."""
        return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if names(folder, str(self.root).encode()) and is_alive(int(folder.name))]


def names(process: Path, root: bytes) -> bool:
    """Whether its arguments name something of this tool."""
    try:
        return root in (process / "cmdline").read_bytes()
    except OSError:
        return False

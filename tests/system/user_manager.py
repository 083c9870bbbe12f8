# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a session's script below a real user manager and keeps what each step left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop import BUILD, wait_until
from nile_stand_in import NileStandIn

HERE = Path(__file__).resolve().parent
UID = 4321
DEADLINE_SEC = 120
UNSHARE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
CONFIG = "[daemon]\ndefault-backend=nile\nconfine-files=true\n\n[backend nile]\nmodule=nile\nurl={url}\ntimeout=10\n"
# Nobody signs in to it, so it can be asked in any sandbox; what it says of its user is the kernel's word on that.
CONFIG += "\n[backend tool]\nmodule=exec\ncommand={helper}\n"
HELPER = """#!/bin/sh
printf '{"user":"seccomp-%s","password":"tool-secret-0123"}' "$(grep ^Seccomp: /proc/self/status | tr -dc 0-9)"
"""


def cgroup_root() -> Path:
    """Where the tree of version 2 is; beside one of version 1 it has a folder of its own."""
    root = Path("/sys/fs/cgroup")
    return root / "unified" if (root / "unified").is_dir() else root


def why_not() -> str | None:
    """What is missing to run a user manager here, or None."""
    if os.getuid() != 0:
        return "needs root for a mount namespace of its own"
    if subprocess.run([*UNSHARE, "true"], capture_output=True).returncode != 0:
        return "unshare is not permitted here"
    if not (cgroup_root() / "cgroup.procs").exists() or not os.access(cgroup_root(), os.W_OK):
        return "there is no cgroup tree (version 2) that can be written to"
    return None


@dataclass
class Step:
    """What one step of the session left."""

    out: str
    err: str
    status: int

    @property
    def properties(self) -> dict[str, str]:
        """Of a `systemctl show`."""
        return dict(line.split("=", 1) for line in self.out.splitlines() if "=" in line)


class UserSession:
    """One run of the session, as a context manager; then its steps, its journal and the stand-in. `modules`: backends that
    are installed beside ours."""

    def __init__(self, script: Path = HERE / "user_session.sh", config: str = CONFIG, modules: tuple[Path, ...] = (),
                 bus: str = "dbus-daemon"):
        self.script, self.config, self.modules, self.bus = script, config, modules, bus

    def __enter__(self) -> "UserSession":
        self.root = Path(tempfile.mkdtemp(prefix="felucca-test-"))
        self.nile = NileStandIn().__enter__()
        try:
            self._run()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: Any) -> None:
        self.nile.stop()
        shutil.rmtree(self.root, ignore_errors=True)
        self._end_cgroup()

    def _end_cgroup(self) -> None:
        """Ends what is left in our own cgroup, then removes it."""
        ours = cgroup_root() / self.root.name
        if not ours.is_dir():
            return
        (ours / "cgroup.kill").write_text("1")
        wait_until(lambda: "populated 0" in (ours / "cgroup.events").read_text(), "all processes of the session have ended")
        folders = [path for path in ours.rglob("*") if path.is_dir()]
        for path in sorted(folders, key=lambda path: -len(path.parts)) + [ours]:
            path.rmdir()

    def _run(self) -> None:
        staged = self.root / "staged"
        subprocess.run(["meson", "install", "-C", str(BUILD), "--destdir", str(staged), "--no-rebuild", "--quiet"],
                       check=True, capture_output=True)
        (backends,) = staged.rglob("backends-1")
        for module in self.modules:
            shutil.copy(module, backends)
        options = json.loads((BUILD / "meson-info/intro-buildoptions.json").read_text())
        (prefix,) = [option["value"] for option in options if option["name"] == "prefix"]
        self.token = self.nile.issue_token()["access_token"]
        (self.root / "felucca.conf").write_text(self.config.format(url=self.nile.url, helper=self.root / "helper"))
        (self.root / "helper").write_text(HELPER)
        (self.root / "helper").chmod(0o755)
        (self.root / "bus").write_text(self.bus)
        (self.root / "token").write_text(self.token)
        (self.root / "control").write_text(self.nile.control)
        for script in (self.script, HERE / "session.sh"):
            shutil.copy(script, self.root)
        self.prepare()
        self.root.chmod(0o755)
        os.chown(self.root, UID, UID)
        with open(self.root / "session.log", "wb") as log:
            self.run = subprocess.run(
                [*UNSHARE, "bash", str(HERE / "user_manager.sh"), str(UID), prefix, str(staged), str(self.root),
                 str(self.root / self.script.name)], stdout=log, stderr=log, timeout=DEADLINE_SEC, cwd="/")
        assert self.run.returncode == 0, self._text("session.log") + self.late
        self.journal = [json.loads(line) for line in self._text("journal.json").splitlines()]
        self.journal_bytes = (self.root / "journal.export").read_bytes()

    def prepare(self) -> None:
        """What a script needs beside what all have."""

    def _text(self, name: str) -> str:
        return (self.root / name).read_text(errors="replace")

    @property
    def late(self) -> str:
        """What the session waited for in vain."""
        return self._text("late") if (self.root / "late").exists() else ""

    def step(self, name: str) -> Step:
        return Step(self._text(f"{name}.out"), self._text(f"{name}.err"), int(self._text(f"{name}.status")))

    def lines(self, **fields: str) -> list[dict[str, Any]]:
        """The journal's entries with these fields."""
        return [entry for entry in self.journal if fields.items() <= entry.items()]

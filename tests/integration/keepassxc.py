# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""KeePassXC as the Secret Service of a desktop, with one database."""

from __future__ import annotations

import base64
import functools
import os
import subprocess
import tempfile
import uuid
from pathlib import Path

from desktop import Desktop, wait_until
from secret_items import PROPERTIES, SECRETS
from x_keyboard import XKeyboard

from gi.repository import GLib

PASSWORD = "database-pw"
COLLECTION = SECRETS + "/collection/passwords"
WINDOW = ("org.keepassxc.KeePassXC.MainWindow", "/keepassxc", "org.keepassxc.KeePassXC.MainWindow")
# The integration is switched on, and the group Secrets is what it shows.
SETTINGS = """[General]
ConfigVersion=2
[GUI]
CheckForUpdates=false
[FdoSecrets]
Enabled=true
ShowNotification=false
"""
DATABASE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<KeePassFile><Meta><DatabaseName>Passwords</DatabaseName><RecycleBinEnabled>True</RecycleBinEnabled><CustomData>
<Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{{{exposed}}}</Value></Item></CustomData></Meta>
<Root><Group><UUID>{root}</UUID><Name>Root</Name><Group><UUID>{group}</UUID><Name>Secrets</Name></Group></Group></Root>
</KeePassFile>
"""


@functools.cache
def database() -> bytes:
    """A new one; it takes a while to make."""
    root, group = (uuid.uuid4() for _ in range(2))
    text = DATABASE.format(exposed=group, **{name: base64.b64encode(one.bytes).decode() for name, one in (("root", root), ("group", group))})
    with tempfile.TemporaryDirectory(prefix="felucca-test-") as folder:
        (Path(folder) / "new.xml").write_text(text)
        subprocess.run(["keepassxc-cli", "import", "-q", "-p", "-t", "100", "new.xml", "new.kdbx"], cwd=folder, check=True,
                       env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "HOME": folder}, input=f"{PASSWORD}\n{PASSWORD}\n".encode(),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        return (Path(folder) / "new.kdbx").read_bytes()


class KeePassXC:
    NAME = "KeePassXC"
    PROGRAMS = ["keepassxc", "keepassxc-cli"]
    HIDES_WHEN_LOCKED = True
    COMES_BACK = "unlocked"
    ADDS = {"Notes", "Path", "Title", "URL", "UserName", "Uuid"}

    def __init__(self, desktop: Desktop, *answers: str, settings: str = "ConfirmAccessItem=false\n") -> None:
        self.desktop = desktop
        self.keyboard = XKeyboard(desktop)
        self.file = desktop.root / "home/passwords.kdbx"
        self.file.write_bytes(database())
        for folder in ("tmp", "config/keepassxc"):
            (desktop.root / folder).mkdir()
        (desktop.root / "config/keepassxc/keepassxc.ini").write_text(SETTINGS + settings)
        # Only one may run with a folder for temporary files.
        self.env = desktop.env | {"TMPDIR": str(desktop.root / "tmp"), "QT_QPA_PLATFORM": "xcb"}

    def start(self, unlock: bool = True) -> None:
        argv = ["keepassxc", *(["--pw-stdin"] if unlock else []), str(self.file)]
        self.process = self.desktop.spawn(argv, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert self.process.stdin is not None
        self.process.stdin.write(PASSWORD.encode() + b"\n" if unlock else b"")
        self.process.stdin.close()
        wait_until(lambda: self.locked() == (not unlock), f"KeePassXC has its database, unlocked: {unlock}")

    def locked(self) -> bool | None:
        """None: it has no database on the bus."""
        try:
            return self.desktop.secrets_call(COLLECTION, PROPERTIES, "Get",
                                             GLib.Variant("(ss)", ("org.freedesktop.Secret.Collection", "Locked")))[0]
        except GLib.Error:
            return None

    def kill(self) -> None:
        self.end()
        wait_until(lambda: not self.desktop.has_owner("org.freedesktop.secrets"), "KeePassXC has left the bus")

    def end(self) -> None:
        """At once: told to end, it may ask first."""
        self.process.kill()
        self.process.wait()

    def wait_written(self, *labels: str) -> None:
        """It writes a moment after it has answered; what comes while it writes waits for the next time, or for the lock."""
        self.lock()
        wait_until(self.locked, "the database is locked")
        self.unlock()
        wait_until(lambda: self.locked() is False, "the database is open again")

        entries = self._cli("ls", "-q", "-f", str(self.file), "Secrets").decode().split("\n")
        assert {*labels} <= {*entries}

    def _cli(self, *arguments: str) -> bytes:
        return subprocess.run(["keepassxc-cli", *arguments], check=True, env=self.env, input=PASSWORD.encode() + b"\n",
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def _window(self, method: str, arguments: GLib.Variant | None = None) -> None:
        self.desktop.bus.call_sync(*WINDOW, method, arguments, None, 0, 30000, None)

    def lock(self) -> None:
        """As its button does."""
        self._window("lockAllDatabases")

    def unlock(self) -> None:
        """As somebody does who opens it with its password."""
        self._window("openDatabase", GLib.Variant("(ss)", (str(self.file), PASSWORD)))

    def answer_prompt(self) -> None:
        self.keyboard.answer("^Unlock Database", "Return", text=PASSWORD)

    def dismiss_prompt(self) -> None:
        self.keyboard.answer("^Unlock Database", "Escape")

    def rename(self, label: str, id: str) -> None:
        """Another program writes the file, as one that synchronizes does."""
        self.wait_written("mine")
        self._cli("edit", "-q", "-t", label, str(self.file), "Secrets/mine")

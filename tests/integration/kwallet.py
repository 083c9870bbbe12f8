# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""KWallet as the Secret Service of a desktop, with one wallet."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess

from desktop import Desktop, wait_until
from secret_items import SECRETS, SERVICE
from x_keyboard import XKeyboard

from gi.repository import GLib

PASSWORD = "wallet-pw"
NAME = "kdewallet"
COLLECTION = f"{SECRETS}/collection/{NAME}"
DAEMON = ("org.kde.kwalletd5", "/modules/kwalletd5", "org.kde.KWallet")
APP = "felucca-test"
SETTINGS = """[Wallet]
Enabled=true
First Use=false
Default Wallet=kdewallet
[org.freedesktop.secrets]
apiEnabled=true
"""


class KWallet:
    NAME = "KWallet"
    PROGRAMS = ["kwalletd5"]
    HIDES_WHEN_LOCKED = False
    COMES_BACK = "locked"  # until somebody asks, who then gets it without a prompt: the wallet itself is open
    ADDS: set[str] = set()

    def __init__(self, desktop: Desktop, *answers: str) -> None:
        self.desktop = desktop
        self.keyboard = XKeyboard(desktop)
        self.env = desktop.env | {"QT_QPA_PLATFORM": "xcb", "PAM_KWALLET5_LOGIN": str(desktop.root / "run/kwallet5.socket")}
        (desktop.root / "config/kwalletrc").write_text(SETTINGS)
        (desktop.root / "data/kwalletd").mkdir()
        (desktop.root / "data/kwalletd" / f"{NAME}.salt").write_bytes(os.urandom(56))
        # A wallet is on the bus when kwalletd finds it at its start, not when it makes it.
        self._start()
        self.process.terminate()
        self.process.wait()

    def start(self) -> None:
        self._start()

    def _start(self) -> None:
        """With the hash of the password and the environment, as pam_kwallet does it at log-in."""
        salt = (self.desktop.root / "data/kwalletd" / f"{NAME}.salt").read_bytes()
        read, write = os.pipe()
        path = self.env["PAM_KWALLET5_LOGIN"]
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(1)
            self.process = self.desktop.spawn(["kwalletd5", "--pam-login", str(read), str(listener.fileno())], env=self.env,
                                              pass_fds=[read, listener.fileno()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        os.close(read)
        os.write(write, hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), salt, 50000, 56))
        os.close(write)
        with socket.socket(socket.AF_UNIX) as pam:
            pam.connect(path)
            pam.sendall("\n".join(f"{key}={value}" for key, value in self.env.items()).encode())
        wait_until(lambda: self.desktop.has_owner("org.freedesktop.secrets"), "KWallet is on the bus")
        wait_until(lambda: self._call("isOpen", "(s)", NAME), "the wallet is open")

    def _call(self, method: str, signature: str, *arguments: object) -> object:
        reply = self.desktop.bus.call_sync(*DAEMON, method, GLib.Variant(signature, arguments), None, 0, 30000, None).unpack()
        return reply[0] if reply else None

    def kill(self) -> None:
        self.end()
        wait_until(lambda: not self.desktop.has_owner("org.freedesktop.secrets"), "KWallet has left the bus")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def wait_written(self, *labels: str) -> None:
        """It writes secrets seconds after it has answered, attributes at once."""
        self._call("sync", "(is)", self._call("open", "(sxs)", NAME, 0, APP), APP)

    def lock(self) -> None:
        self.desktop.secrets_call(SECRETS, SERVICE, "Lock", GLib.Variant("(ao)", ([COLLECTION],)))

    def answer_prompt(self) -> None:
        self.keyboard.answer("^KDE Wallet Service", "Return", text=PASSWORD)

    def dismiss_prompt(self) -> None:
        self.keyboard.answer("^KDE Wallet Service", "Escape")

    def rename(self, label: str, id: str) -> None:
        """As KWalletManager does."""
        handle = self._call("open", "(sxs)", NAME, 0, APP)
        assert self._call("renameEntry", "(issss)", handle, "Secret Service", "mine", label, APP) == 0

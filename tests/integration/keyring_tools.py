# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a user does to a real gnome-keyring: unlock it, answer its prompt, kill it."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from desktop import KEYRING_PASSWORD, Desktop, wait_until

OP_UNLOCK = 1
MOCK_PROMPTER = Path(__file__).resolve().parent / "mock_prompter.c"


def unlock_keyring(desktop: Desktop, password: str = KEYRING_PASSWORD) -> None:
    """Unlocks the login keyring without a prompt, as pam_gnome_keyring does: over the control socket."""
    secret = password.encode()
    body = struct.pack(">II", OP_UNLOCK, len(secret)) + secret
    creds = struct.pack("3i", os.getpid(), os.getuid(), os.getgid())
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(desktop.root / "run/keyring/control"))
        control.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, creds)])
        control.sendall(struct.pack(">I", len(body) + 4) + body)
        assert struct.unpack(">II", control.recv(8)) == (8, 0), "the keyring did not take the password"


def kill_keyring(desktop: Desktop) -> None:
    """Ends it without a word and waits until the bus knows."""
    assert desktop.keyring_process is not None
    desktop.keyring_process.kill()
    desktop.keyring_process.wait()
    wait_until(lambda: not desktop.has_owner("org.freedesktop.secrets"), "the keyring has left the bus")


def wait_keyring_state(desktop: Desktop, state: str) -> None:
    """Until the daemon says so."""
    wait_until(lambda: desktop.property("KeyringState") == state, f"the daemon sees the keyring {state}")


def lock_and_wait(desktop: Desktop) -> None:
    """Locks it and waits until the daemon knows."""
    desktop.lock_keyring()
    wait_keyring_state(desktop, "locked")


class Prompter:
    """Answers prompts in the order given; start it before the keyring. `stop` holds every answer until `go_on`."""

    def __init__(self, desktop: Desktop, *answers: str):
        program = desktop.root / "mock-prompter"
        compile_prompter(program)
        self.process = desktop.spawn([str(program), *answers], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        self.name = self.process.stdout.readline().decode().strip()
        assert self.name.startswith(":"), "the prompter did not start"

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


def compile_prompter(program: Path) -> None:
    """Compiles it into a temporary folder."""
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gcr-base-3"], check=True, capture_output=True, text=True)
    subprocess.run(["cc", "-w", "-o", str(program), str(MOCK_PROMPTER), *flags.stdout.split()], check=True)


@contextmanager
def desktop_with_prompter(*answers: str) -> Iterator[tuple[Desktop, Prompter]]:
    """A desktop that is signed in and whose keyring was locked since; its prompts get these answers."""
    with Desktop(keyring=False, daemon=False) as desktop:
        prompter = Prompter(desktop, *answers)
        desktop.start_keyring(env=desktop.env | {"GNOME_KEYRING_TEST_PROMPTER": prompter.name})
        desktop.start_daemon()
        desktop.sign_in()
        lock_and_wait(desktop)
        yield desktop, prompter

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A screen with a keyboard, for programs that ask in a window of their own."""

from __future__ import annotations

import os
import shutil
import subprocess

from desktop import DEADLINE_SEC, Desktop, wait_until


def can_type() -> bool:
    return shutil.which("Xvfb") is not None and shutil.which("xdotool") is not None


class XKeyboard:
    """Programs of this desktop that are started from now on draw on a screen that nobody sees. It ends with the desktop."""

    def __init__(self, desktop: Desktop) -> None:
        read, write = os.pipe()
        desktop.spawn(["Xvfb", "-displayfd", str(write), "-screen", "0", "1000x800x24", "-nolisten", "tcp", "-noreset"],
                      pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        with open(read) as pipe:
            desktop.env["DISPLAY"] = ":" + pipe.readline().strip()
        self._env = desktop.env

    def _do(self, *arguments: str) -> list[str]:
        done = subprocess.run(["xdotool", *arguments], env=self._env, capture_output=True, text=True, timeout=DEADLINE_SEC)
        return done.stdout.split()

    def windows(self, title: str) -> list[str]:
        """Those that are to be seen; title: an expression that is somewhere in theirs."""
        return self._do("search", "--onlyvisible", "--name", title)

    def answer(self, title: str, *keys: str, text: str = "") -> None:
        """Waits for the one window with this title, writes the text into it and presses the keys, until it is gone."""
        (window,) = wait_until(lambda: self.windows(title), f"a window '{title}'")

        def is_gone() -> bool:
            # A window may be drawn before it listens: what it did not take is pressed once more.
            if window in self.windows(title):
                self._do("windowfocus", "--sync", window)
                if text:
                    self._do("key", "ctrl+a")
                    self._do("type", text)
                self._do("key", *keys)
            return window not in self.windows(title)

        wait_until(is_gone, f"the window '{title}' goes away")

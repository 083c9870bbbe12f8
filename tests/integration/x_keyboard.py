# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A screen with a keyboard, for programs that ask in a window of their own."""

from __future__ import annotations

import shutil
import subprocess

from desktop import DEADLINE_SEC, Desktop, wait_until
from x_display import start_x


def can_type() -> bool:
    return shutil.which("Xvfb") is not None and shutil.which("xdotool") is not None


class XKeyboard:
    """A screen that nobody sees, with the windows of this desktop's programs."""

    def __init__(self, desktop: Desktop) -> None:
        start_x(desktop, 1000, 800)
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

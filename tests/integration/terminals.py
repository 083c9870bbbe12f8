# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command on a terminal: a pseudo-terminal that is read, typed into, and has a width."""

from __future__ import annotations

import codecs
import errno
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Callable

from desktop import CLIENT, DEADLINE_SEC, Desktop


WAITING = re.compile(r"\r\x1b\[K(felucca: [^\r\n]*)?")  # what is said while the daemon has not answered, and wiped away


def take_terminal() -> None:
    """Makes standard input the terminal of a new session."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """One run of `felucca`, or of another program, with a terminal as standard input, output and error. `screen` is all that was shown.
    With `controlling` it is also where Ctrl-C and its like come from."""

    def __init__(self, desktop: Desktop, *arguments: str, columns: int = 200, program: str = str(CLIENT),
                 controlling: bool = False, **variables: str) -> None:
        self.screen = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._typed = 0
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._process = desktop.spawn([program, *arguments], env=desktop.env | {"TERM": "xterm"} | variables,
                                      stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                      preexec_fn=take_terminal if controlling else None)
        os.close(slave)

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read(self) -> bool:
        """Takes in what is shown next; False at the end."""
        readable, _, _ = select.select([self._master], [], [], DEADLINE_SEC)
        assert readable, f"nothing more came after: {self.screen!r}"
        try:
            data = os.read(self._master, 4096)
        except OSError as error:  # how Linux tells that the last one has closed the terminal
            if error.errno != errno.EIO:
                raise
            return False
        self.screen += self._decoder.decode(data)
        return bool(data)

    def wait_for(self, text: str) -> None:
        """Reads until this is shown."""
        while text not in self.screen:
            assert self._read(), self.screen

    def wait_for_match(self, pattern: str, accept: Callable[[re.Match[str]], bool] = bool) -> None:
        """Reads until an acceptable match is shown."""
        while not any(accept(match) for match in re.finditer(pattern, self.screen)):
            assert self._read(), self.screen

    def wait_for_prompt(self, prompt: str) -> None:
        """Reads until this is the last that is shown after what was typed."""
        while not self.screen[self._typed:].endswith(prompt):
            assert self._read(), self.screen

    def type(self, text: str) -> None:
        """Presses keys."""
        self._typed = len(self.screen)
        os.write(self._master, text.encode())

    def hang_up(self) -> None:
        """Closes the window."""
        os.close(self._master)
        self._process.wait(DEADLINE_SEC)

    def finish(self) -> int:
        """Reads to the end and gives the exit status."""
        while self._read():
            pass
        os.close(self._master)
        try:
            return self._process.wait(DEADLINE_SEC)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end: {self.screen!r}") from None


def show(desktop: Desktop, *arguments: str, columns: int = 200, **variables: str) -> str:
    """What a person sees in the end of a command that succeeds."""
    terminal = Terminal(desktop, *arguments, columns=columns, **variables)
    status = terminal.finish()
    assert status == 0, terminal.screen
    return WAITING.sub("", terminal.screen)

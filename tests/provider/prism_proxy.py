# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The contract proxy between a client and the stand-in: any deviation from nile-openapi.yaml becomes a 500.

It knows the create operation only. Needs `npm ci` in tests/.
"""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

from reserved_port import ReservedPort

TESTS = Path(__file__).resolve().parent.parent
PROGRAM = TESTS / "node_modules/.bin/prism"
CONTRACT = TESTS / "nile-openapi.yaml"


class PrismProxy:
    """One proxy in front of `upstream`; `url` is where clients go."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self.url = ""

    @staticmethod
    def is_installed() -> bool:
        """Whether the proxy can be run here."""
        return PROGRAM.exists()

    def __enter__(self) -> PrismProxy:
        self._reserved = ReservedPort()
        port = self._reserved.number
        arguments = [PROGRAM, "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port), CONTRACT, self._upstream]
        self._process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        seen = []
        for line in self._process.stdout:
            seen.append(line)
            if "listening" in line:
                self.url = f"http://127.0.0.1:{port}"
                # Somebody must go on reading, or the proxy stops when its log fills the pipe.
                self._drain = threading.Thread(target=self._process.stdout.read)
                self._drain.start()
                return self
        raise RuntimeError("the contract proxy did not start: " + "".join(seen))

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._drain.join()
        self._process.wait()
        self._process.stdout.close()
        self._reserved.close()

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A helper program of the module exec in the random run."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from pathlib import Path
from typing import Any

from lab import Lab
from site_random import RandomSite, Strike
from tool import ENDS, FAILS, INSTANCE, NAMED, TIMEOUT_SEC, WORKS, Tool
from world import NotThere

SILENT_SHARE = 0.1


class ToolSite(RandomSite):
    """Its provider is a folder of the lab, made anew for each epoch."""

    name = INSTANCE
    databases = ("orders", "billing", "stock")
    others_databases = (*databases, "elsewhere")
    timeout_sec = TIMEOUT_SEC
    tool: Tool

    def begin(self, lab: Lab) -> None:
        self.tool = Tool(Path(lab.root) / "tool")
        super().begin(lab)

    def config(self) -> str:
        return self.tool.config()

    def strikes(self, dice: random.Random) -> list[Strike]:
        self.dice = dice
        return [*[("mint", self.do_mint)] * 4, ("revoke", self.do_revoke), ("list", self.do_list)]

    def _code(self, *pools: dict[str, str]) -> str:
        codes = [code for pool in pools for code in pool.values()]
        silent = [code for code in codes if "sleep()" in code]
        quick = [code for code in codes if "sleep()" not in code]
        return self.dice.choice(silent if silent and self.dice.random() < SILENT_SHARE else quick)

    def do_mint(self) -> None:
        """The next mint ends badly, before or after it is done."""
        if self.dice.random() < 0.3:
            self.tool.mood("mint", before=self._code(ENDS))
        else:
            self.tool.mood("mint", after=self._code(ENDS, NAMED, WORKS))

    def _fail(self, operation: str) -> None:
        code = self._code({name: ENDS[name] for name in FAILS})
        self.tool.mood(operation, **{self.dice.choice(("before", "after")): code})

    def do_revoke(self) -> None:
        """The next revokes fail, and so that there is one, the answer has no password."""
        for _ in range(self.dice.randint(1, 3)):
            self._fail("revoke")
        self.tool.mood("mint", after=NAMED["no password"])

    def do_list(self) -> None:
        """The next looks fail, and so that there is one, an answer is lost."""
        for _ in range(self.dice.randint(1, 3)):
            self._fail("list")
        self.tool.mood("mint", after=ENDS["exits with 3"])

    def calm(self) -> None:
        """Those that hang and whose daemon was killed are ended by nobody else."""
        self.tool.calm()
        for pid in self.tool.left_behind():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def asked(self) -> int:
        return sum(not entry["foreign"] for entry in self.tool.minted())

    def is_quiet(self) -> bool:
        return not self.tool.left_behind()

    def mint_foreign(self, database: str) -> str:
        return self.tool.mint_foreign(database)

    def delete_foreign(self, id: str) -> None:
        try:
            self.tool.delete_foreign(id)
        except FileNotFoundError:
            raise NotThere(id) from None

    def live(self) -> list[dict[str, Any]]:
        return self.tool.live()

    def minted(self) -> list[dict[str, Any]]:
        return self.tool.minted()

    def passwords(self, stored: dict[str, list[str]]) -> dict[str, str]:
        return self.tool.passwords(stored)

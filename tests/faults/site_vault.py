# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Vault stand-in in the random run: its leases are the oracle."""

from __future__ import annotations

import random
from typing import Any

from lab import Lab
from site_random import RandomSite, Strike
from vault_desktop import group
from vault_stand_in import VaultStandIn
from vault_world import SUDO_POLICY, Role
from world import NotThere

MOUNT = "database"
REFUSED = 403
LIFE_SEC = 24 * 3600
MINT_RULES: tuple[dict[str, Any], ...] = (
    {"status": 500}, {"status": 502}, {"status": 400, "body": '{"errors":["no"]}'}, {"status": 403}, {"status": 429}, {"status": 503},
    {"reset": True}, {"close_before": True}, {"mint_without_answer": True}, {"reset": True, "after_mint": True},
    {"status": 500, "after_mint": True}, {"status": 503, "after_mint": True}, {"status": 200, "body": "<html>", "after_mint": True},
    {"status": 200, "body": "", "after_mint": True}, {"cut": 10}, {"cut": -1}, {"cut_body": 30}, {"cut_body": 150},
    {"cut_body": 300}, {"cut_body": 150, "reset": True}, {"raw": "no HTTP\r\n\r\n", "after_mint": True})
SILENT_RULES: tuple[dict[str, Any], ...] = ({"hang": True}, {"hang": True, "after_mint": True}, {"cut_body": 150, "hang": True})
REVOKE_RULES: tuple[dict[str, Any], ...] = ({"status": 500}, {"status": 403}, {"status": 400, "body": '{"errors":["failed to revoke"]}'},
                                            {"reset": True}, {"mint_without_answer": True}, {"status": 503})
LIST_RULES: tuple[dict[str, Any], ...] = ({"status": 503}, {"status": 403}, {"reset": True}, {"cut_body": 20}, {"body": "<html>"})
SILENT_SHARE = 0.15
CUT_IN_DATA = 230


class VaultSite(RandomSite):
    """One stand-in for all labs."""

    name = "vault"
    databases = ("readonly", "reports", "stock")
    others_databases = (*databases, "elsewhere")

    def __enter__(self) -> "VaultSite":
        self.vault = VaultStandIn({"": {MOUNT: {name: Role(renewable=False) for name in self.others_databases}}}).__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        self.vault.__exit__(*exc)

    def begin(self, lab: Lab) -> None:
        """With a token of its own: the keyring of the lab has an older one at most."""
        self.vault.reset()
        self.foreign: set[str] = set()
        super().begin(lab)
        lab.start_daemon()
        lab.sign_in(self.name, self.vault.issue_token(ttl=LIFE_SEC, policy=SUDO_POLICY, renewable=False))
        assert lab.stop_daemon() == 0, lab.daemon_log()
        lab.wait_nameless()

    def config(self) -> str:
        return "\n" + group(self.name, self.vault.url, timeout=self.timeout_sec)

    def wish(self, dice: random.Random) -> tuple[str, str, str]:
        return self.name, MOUNT, dice.choice(self.databases)

    def strikes(self, dice: random.Random) -> list[Strike]:
        self.dice = dice
        return [*[("wire", self.do_wire)] * 4, ("revoke", self.do_revoke), ("list", self.do_list), ("sealed", self.do_seal)]

    def do_wire(self) -> None:
        """A lost or spoilt answer."""
        pool = SILENT_RULES if self.dice.random() < SILENT_SHARE else MINT_RULES
        self.vault.rule(on="creds", **self.dice.choice(pool) | {"skip": self.dice.randint(0, 2)})

    def do_revoke(self) -> None:
        """The next revokes fail, and so that there is one, the answer ends behind the lease."""
        self.vault.rule(on="revoke", **self.dice.choice(REVOKE_RULES) | {"times": self.dice.randint(1, 3)})
        self.vault.rule(on="creds", cut_body=CUT_IN_DATA)

    def do_list(self) -> None:
        """The next looks fail, and so that there is one, an answer is lost."""
        operation = self.dice.choice(("list", "lookup"))
        self.vault.rule(on=operation, **self.dice.choice(LIST_RULES) | {"times": self.dice.randint(1, 3)})
        self.vault.rule(on="creds", mint_without_answer=True)

    def do_seal(self) -> None:
        """It is sealed until this batch is over, which has an answer that was lost before."""
        self.vault.rule(on="creds", mint_without_answer=True)
        self.vault.sealed = self.dice.random() < 0.5

    def calm(self) -> None:
        self.vault.clear_rules()
        self.vault.sealed = False

    def asked(self) -> int:
        return sum(entry["operation"] == "creds" and entry["status"] != REFUSED for entry in self.vault.requests)

    def is_quiet(self) -> bool:
        return self.vault.count("creds") <= self.vault.count("creds-over")

    def mint_foreign(self, database: str) -> str:
        id = self.vault.mint_foreign(MOUNT, database)["id"]
        self.foreign.add(id)
        return id

    def delete_foreign(self, id: str) -> None:
        if id not in {entry["id"] for entry in self.vault.live()}:
            raise NotThere(id)
        self.vault.delete_foreign(id)

    def _entries(self, leases: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{"id": lease["id"], "workspace": MOUNT, "database": lease["id"].split("/")[2], "foreign": lease["id"] in self.foreign}
                for lease in leases]

    def live(self) -> list[dict[str, Any]]:
        return self._entries(self.vault.live())

    def minted(self) -> list[dict[str, Any]]:
        return self._entries(self.vault.minted())

    def passwords(self, stored: dict[str, list[str]]) -> dict[str, str]:
        return {lease["id"]: self.vault.password_of(lease["id"]) for lease in self.vault.minted()}

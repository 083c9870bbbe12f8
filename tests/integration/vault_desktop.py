# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desktop whose daemon also knows a Vault, and the verbs of the vault module without a daemon."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from desktop import ERROR, BusError, Desktop, s, wait_until
from vault_stand_in import VaultStandIn
from vault_world import SUDO_POLICY
from verbs import ANSWER_SEC, Verbs

TARGET = ("database", "readonly")
LIFE_SEC = 3600


def group(name: str, url: str, **settings: Any) -> str:
    """A group of the configuration for one Vault."""
    lines = [f"{key.replace('_', '-')}={value}" for key, value in ({"timeout": 10} | settings).items()]
    return "\n".join([f"[backend {name}]", "module=vault", f"url={url}", *lines, ""])


class VaultDesktop(Desktop):
    """`vault` is the stand-in; calls mean the instance `vault` unless they say otherwise."""

    vault: VaultStandIn

    def create(self, workspace: str = "database", database: str = "readonly", bus: Any = None,
               **options: Any) -> dict[str, Any]:
        return super().create(workspace, database, bus, **({"backend": s("vault")} | options))

    def sign_in_vault(self, backend: str = "vault", vault: VaultStandIn | None = None, **token: Any) -> dict[str, Any]:
        return self.sign_in(backend, (vault or self.vault).issue_token(**({"policy": SUDO_POLICY} | token)))

    def unresolved(self) -> list[dict[str, Any]]:
        return self.call("ListUnresolved")

    def resolve(self, intent: str, action: str) -> None:
        """Also while the reconciler is at it."""
        def done() -> bool:
            try:
                self.call("ResolveUnresolved", "(ss)", intent, action)
            except BusError as error:
                if error.name not in (ERROR + "Conflict", ERROR + "NotFound"):
                    raise
                return error.name == ERROR + "NotFound"  # the reconciler was faster
            return True

        wait_until(done, "the reconciler lets go of it", 60)

    def age_token(self, **token: Any) -> None:
        """Signs in, and makes the daemon believe that most of the token's life is over."""
        self.sign_in_vault(**({"ttl": LIFE_SEC} | token))
        end = int(time.time()) + LIFE_SEC
        text = f"access-token {self.token['access_token']}\nexpires {end}\nrenewed {end - 10 * LIFE_SEC}\n"
        stored = self.secret_tool("store", "--label", "aged", "xdg:schema", "org.felucca.Token", "backend", "vault",
                                  "account", "token-ada", input=text.encode())
        assert stored.returncode == 0
        self.restart_daemon()

    def wait_settled(self) -> None:
        wait_until(lambda: self.unresolved() == [], "nothing is unresolved")

    def live_ids(self) -> list[str]:
        return [lease["id"] for lease in self.vault.live()]


@contextmanager
def vault_desktop(sign_in: bool = True, tls: dict[str, str] | None = None, mounts: Any = None,
                  **settings: Any) -> Iterator[VaultDesktop]:
    """Keyring unlocked, the daemon running, signed in to the Vault unless told otherwise."""
    with VaultStandIn(mounts, **(tls or {})) as vault:
        with VaultDesktop(sign_in=False, config=group("vault", vault.url, **settings)) as session:
            session.vault = vault
            if sign_in:
                session.sign_in_vault()
            yield session


def run_verb(verb: str, vault: VaultStandIn, token: str, settings: dict[str, str] | None = None,
             **asked: Any) -> tuple[dict[str, str], str]:
    """What a verb said, by field, as text; and "ok", or its failure."""
    with Verbs("vault", url=vault.url) as verbs:
        answer = verbs.start(verb, token=token, settings=settings or {}, **asked).result(ANSWER_SEC)
    said: dict[str, Any] = {"secret": answer["secret"]} if "secret" in answer else {}
    for fields in (*answer["list"], answer["fields"]):
        said |= fields
    last = "ok" if answer["ok"] else f"failure={answer['failure']} {answer['sentence']}"
    assert answer["ok"] != ("failure" in answer)
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}, last

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for the database secrets engine of Vault and OpenBao on loopback, written from their published API: with
leases that end, tokens, namespaces, a seal and a standby, and the rules, record and control surface of the Nile one.

Used in process (`with VaultStandIn() as vault:`). No real server was at hand to compare it with; an independent client
reads it in test_vault_stand_in.py.
"""

from __future__ import annotations

from typing import Any

import vault_routes
from answer import Answer
from control_handler import ControlHandler
from fault_rule import RuleBook
from gates import Gates
from nile_stand_in import WAIT_SEC, load_tls
from provider_handler import ProviderHandler
from request_log import RequestLog
from vault_world import USER_POLICY, Lease, Role, VaultWorld
from wire_server import WireServer

DEFAULT_MOUNTS = {
    "": {
        "database": {"readonly": Role(), "short": Role(default_ttl=60, max_ttl=100), "fixed": Role(renewable=False),
                     "nightly": Role(rotation_period=86400)},
        "team/db": {"readonly": Role()},
    },
    "team": {"database": {"readonly": Role()}},
}


class VaultHandler(ProviderHandler):
    """Serves one connection. `nile`, the name that the rules' handler knows, is the stand-in."""

    def look_up(self, target: str) -> Any:
        route, path, names = vault_routes.find_route(self.command, target)
        bearer = self.headers.get("X-Vault-Token") or self.read_bearer()
        return route, vault_routes.VaultCall(names, bearer, self.headers.get("X-Vault-Namespace", "").strip("/"), path)

    def perform(self, route: Any, call: Any) -> Answer:
        return vault_routes.run(self.nile, route, call)

    do_GET = do_POST = do_PUT = do_DELETE = do_LIST = ProviderHandler.answer


class VaultStandIn:
    """One Vault. Starts with `with`; any thread. `sealed` and `standby` (the address of the active node) are switches."""

    def __init__(self, mounts: dict[str, dict[str, dict[str, Role]]] | None = None, port: int = 0, control_port: int = 0,
                 cert: str | None = None, key: str | None = None) -> None:
        self.world = VaultWorld(mounts or DEFAULT_MOUNTS)
        self.rules = RuleBook(vault_routes.VAULT_OPERATIONS)
        self.log = RequestLog()
        self.gates = Gates()
        self.sealed = False
        self.standby: str | None = None
        self._provider = WireServer(port, type("Vault", (VaultHandler,), {"nile": self}), load_tls(cert, key))
        self._control = WireServer(control_port, type("Control", (ControlHandler,), {"nile": self}))

    @property
    def url(self) -> str:
        return self._provider.url

    @property
    def control(self) -> str:
        return self._control.url

    def __enter__(self) -> VaultStandIn:
        self._provider.start()
        self._control.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.gates.stop()
        self._provider.stop()
        self._control.stop()
        errors = self._provider.errors + self._control.errors
        if kind is None and errors:
            raise AssertionError(f"the stand-in itself failed: {errors!r}") from errors[0]

    def issue_token(self, ttl: float = 3600, namespace: str = "", display_name: str = "token-ada",
                    policy: tuple[str, ...] | None = USER_POLICY, renewable: bool = True, max_ttl: float = 0,
                    root: bool = False) -> dict[str, Any]:
        """A token in the shape that Desktop.sign_in() takes."""
        token = self.world.issue_token(ttl, namespace, display_name, policy and tuple(policy), renewable, max_ttl, root)
        return {"access_token": token.id}

    def revoke_token(self, token: str) -> bool:
        return self.world.revoke_token(token)

    def advance(self, seconds: float) -> None:
        """Makes it later here, so that tokens and leases end."""
        self.world.advance(seconds)

    def mint_foreign(self, mount: str = "database", role: str = "readonly", namespace: str = "") -> dict[str, Any]:
        """A lease of somebody else."""
        token = self.world.issue_token(3600, namespace, "somebody", None, False, 0, True)
        return facts(self.world.mint(token, mount, role))

    def delete_foreign(self, id: str) -> None:
        """Somebody else revokes a lease."""
        for lease in self.world.live():
            if lease.id == id:
                self.world.revoke(lease)

    def rule(self, **fields: Any) -> None:
        self.rules.add(fields)

    def clear_rules(self) -> None:
        self.rules.clear()

    def release(self, name: str) -> None:
        self.gates.release(name)

    def wait_for(self, what: str, number: int = 1, timeout: float = WAIT_SEC) -> None:
        self.log.wait_for(what, number, timeout)

    def count(self, what: str) -> int:
        return self.log.count(what)

    @property
    def requests(self) -> list[dict[str, Any]]:
        return self.log.entries()

    def live(self) -> list[dict[str, Any]]:
        """Every lease that lives, oldest first."""
        return [facts(lease) for lease in self.world.live()]

    def minted(self) -> list[dict[str, Any]]:
        return [facts(lease) for lease in self.world.minted()]

    def password_of(self, id: str) -> str:
        return next(lease.password for lease in self.world.minted() if lease.id == id)

    def state(self) -> dict[str, Any]:
        return {"live": self.live(), "minted": self.minted(), "counts": self.log.counts(), "requests": self.requests,
                "rules": self.rules.left()}

    def reset(self) -> None:
        self.rules.clear()
        self.gates.reset()
        self._provider.end_connections()
        self.world.reset()
        self.log.reset()
        self.sealed, self.standby = False, None


def facts(lease: Lease) -> dict[str, Any]:
    """Everything but the password."""
    return {"id": lease.id, "namespace": lease.namespace, "user": lease.user, "issued": lease.issued,
            "expires": lease.expires}

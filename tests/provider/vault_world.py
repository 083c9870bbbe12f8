# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lives at the Vault stand-in: tokens, roles and leases, and a clock of its own that a test can advance.

Every public function takes the lock; callers may use any thread.
"""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

DEFAULT_POLICY = ("lookup-self", "renew-self", "renew", "lookup")
USER_POLICY = (*DEFAULT_POLICY, "creds", "static-creds", "revoke")
SUDO_POLICY = (*USER_POLICY, "list")


class VaultError(Exception):
    """An answer {"errors": […]}."""

    def __init__(self, status: int, *texts: str) -> None:
        super().__init__(status, *texts)
        self.status = status
        self.texts = texts


@dataclass(frozen=True)
class Role:
    """A role of the database secrets engine; with a rotation period it is a static one."""

    default_ttl: float = 3600
    max_ttl: float = 86400
    renewable: bool = True
    rotation_period: float = 0


@dataclass
class Token:
    """A client token. Without an end it is a root token."""

    id: str
    namespace: str
    display_name: str
    policy: tuple[str, ...] | None
    issued: float
    ttl: float
    expires: float | None
    ends_at_last: float | None
    renewable: bool
    accessor: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    entity: str = field(default_factory=lambda: str(uuid.uuid4()))

    def may(self, operation: str) -> bool:
        """Whether its policy grants an operation; without a policy it may do all."""
        return self.policy is None or operation in self.policy


@dataclass
class Lease:
    """One dynamic login."""

    id: str
    namespace: str
    token: Token
    role: Role
    user: str
    password: str
    issued: float
    expires: float

    @property
    def ends_at_last(self) -> float:
        return self.issued + self.role.max_ttl


def timestamp(seconds: float) -> str:
    """RFC 3339 with nanoseconds, as Go writes it."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


class VaultWorld:
    """All state of one stand-in. `mounts`: namespace → path of an engine → name of a role → Role."""

    def __init__(self, mounts: dict[str, dict[str, dict[str, Role]]]) -> None:
        self._mounts = mounts
        self._lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._advanced = 0.0
            self._began = time.time()
            self._tokens: dict[str, Token] = {}
            self._leases: dict[str, Lease] = {}
            self._minted: dict[str, Lease] = {}
            self._static: dict[tuple[str, str, str, int], str] = {}

    def now(self) -> float:
        return time.time() + self._advanced

    def advance(self, seconds: float) -> None:
        """Makes it later, for this Vault alone."""
        with self._lock:
            self._advanced += seconds
            self._bury()

    # Tokens

    def issue_token(self, ttl: float, namespace: str, display_name: str, policy: tuple[str, ...] | None,
                    renewable: bool, max_ttl: float, root: bool) -> Token:
        with self._lock:
            now = self.now()
            token = Token("hvs." + secrets.token_urlsafe(24), namespace, display_name, None if root else policy, now, ttl,
                          None if root else now + ttl, now + max_ttl if max_ttl else None, renewable and not root)
            self._tokens[token.id] = token
            return token

    def token(self, id: str | None, namespace: str) -> Token:
        """A token that lives and is of this namespace."""
        with self._lock:
            self._bury()
            token = self._tokens.get(id or "")
            if token is None or token.namespace != namespace:
                raise VaultError(403, "permission denied")
            return token

    def revoke_token(self, id: str) -> bool:
        """Its leases go with it."""
        with self._lock:
            known = self._tokens.pop(id, None) is not None
            self._bury()
            return known

    def renew_token(self, token: Token, increment: float) -> None:
        with self._lock:
            if token.expires is None or not token.renewable:
                raise VaultError(400, "lease is not renewable")
            token.expires = self.now() + (increment or token.ttl)
            if token.ends_at_last is not None:
                token.expires = min(token.expires, token.ends_at_last)

    # Roles and leases

    def role(self, namespace: str, mount: str, name: str, is_static: bool) -> Role:
        engine = self._mounts[namespace].get(mount)
        if engine is None:
            kind = "static-creds" if is_static else "creds"
            raise VaultError(404, f'no handler for route "{mount}/{kind}/{name}". route entry not found.')
        role = engine.get(name)
        if role is None or (role.rotation_period > 0) != is_static:
            raise VaultError(400, f"unknown role: {name}")
        return role

    def has_namespace(self, namespace: str) -> bool:
        return namespace in self._mounts

    def mint(self, token: Token, mount: str, name: str) -> Lease:
        with self._lock:
            role = self.role(token.namespace, mount, name, False)
            now = self.now()
            tail = secrets.token_hex(12) + ("." + secrets.token_hex(3)[:5] if token.namespace else "")
            user = f"v-{token.display_name}-{name}-{secrets.token_hex(10)}-{int(now)}"
            lease = Lease(f"{mount}/creds/{name}/{tail}", token.namespace, token, role, user,
                          "A1a-" + secrets.token_urlsafe(15), now, now + min(role.default_ttl, role.max_ttl))
            self._leases[lease.id] = self._minted[lease.id] = lease
            return lease

    def static_login(self, token: Token, mount: str, name: str) -> dict[str, Any]:
        """The login of a static role as it is now."""
        with self._lock:
            role = self.role(token.namespace, mount, name, True)
            turn = int((self.now() - self._began) // role.rotation_period)
            last = self._began + turn * role.rotation_period
            key = (token.namespace, mount, name, turn)
            password = self._static.setdefault(key, "A1a-" + secrets.token_urlsafe(15))
            return {"last_vault_rotation": timestamp(last), "password": password,
                    "rotation_period": int(role.rotation_period),
                    "ttl": round(last + role.rotation_period - self.now()), "username": f"app-{name}"}

    def lease(self, id: str, namespace: str) -> Lease | None:
        """One that lives."""
        with self._lock:
            self._bury()
            lease = self._leases.get(id)
            return lease if lease is not None and lease.namespace == namespace else None

    def keys(self, prefix: str, namespace: str) -> list[str]:
        """The last parts of all leases under a prefix."""
        with self._lock:
            return [lease.id.removeprefix(prefix) for lease in self.live()
                    if lease.namespace == namespace and lease.id.startswith(prefix)]

    def renew(self, lease: Lease, increment: float) -> bool:
        """Whether the wish had to be capped."""
        with self._lock:
            if not lease.role.renewable:
                raise VaultError(400, "lease is not renewable")
            wished = self.now() + (increment or lease.role.default_ttl)
            lease.expires = min(wished, lease.ends_at_last)
            return lease.expires < wished

    def revoke(self, lease: Lease) -> None:
        with self._lock:
            self._leases.pop(lease.id, None)

    def live(self) -> list[Lease]:
        with self._lock:
            self._bury()
            return list(self._leases.values())

    def minted(self) -> list[Lease]:
        with self._lock:
            return list(self._minted.values())

    def _bury(self) -> None:
        """Ends what has ended: tokens, and leases by their time or with their token."""
        now = self.now()
        self._tokens = {id: one for id, one in self._tokens.items() if one.expires is None or one.expires > now}
        self._leases = {id: one for id, one in self._leases.items()
                        if one.expires > now and self._tokens.get(one.token.id) is one.token}

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lives at the stand-in: workspaces, databases and credentials.

The oracle of the fault tests: it alone says which credentials are alive.
Every public function takes the lock; callers may use any thread.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

REGIONS = ["AWS_US_WEST_2", "AWS_EU_CENTRAL_1", "AZURE_EASTUS"]
DEFAULT_WORKSPACES = {"acme": ["orders", "billing"]}
DEFAULT_AUTO_CREATE = r"db[0-9]+"


class NotThere(LookupError):
    """A workspace, database or credential that does not exist."""


def uuid7(unix_ms: int) -> str:
    """A UUID of version 7 (RFC 9562), whose first 48 bits are the time."""
    value = unix_ms << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))


def timestamp(unix_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(unix_ms / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Database:
    """One database of a workspace."""

    id: str
    name: str
    workspace: "Workspace"
    created: str
    region: str = REGIONS[0]
    status: str = "READY"


@dataclass
class Workspace:
    """One workspace with its databases by name."""

    id: str
    slug: str
    created: str
    databases: dict[str, Database] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.slug, "slug": self.slug, "created": self.created}


@dataclass
class Credential:
    """One live credential. `foreign` ones were not made through the provider's surface."""

    id: str
    password: str
    database: Database
    tenant: str | None
    internal: bool
    created: str
    foreign: bool

    def facts(self) -> dict[str, Any]:
        """Everything but the password."""
        return {
            "id": self.id,
            "workspace": self.database.workspace.slug,
            "database": self.database.name,
            "tenant": self.tenant,
            "internal": self.internal,
            "created": self.created,
            "foreign": self.foreign,
        }


class World:
    """All state of one stand-in but its tokens."""

    def __init__(self, workspaces: dict[str, list[str]], auto_create: str, bare_hosts: bool) -> None:
        self._seed = workspaces
        self._auto_create = re.compile(auto_create)
        self._bare_hosts = bare_hosts
        self._lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Back to the seed data."""
        with self._lock:
            self._last_ms = 0
            self._ahead_ms = 0
            self._workspaces: dict[str, Workspace] = {}
            self._credentials: dict[str, Credential] = {}
            self._minted: dict[str, Credential] = {}
            self._deleted: list[str] = []
            for slug, names in self._seed.items():
                self._add_workspace(slug, names)

    def workspaces(self) -> list[Workspace]:
        """Every workspace, in the order of the seed."""
        with self._lock:
            return list(self._workspaces.values())

    def workspace(self, slug: str) -> Workspace:
        """One workspace."""
        with self._lock:
            if slug not in self._workspaces:
                raise NotThere(f"workspace '{slug}' does not exist")
            return self._workspaces[slug]

    def databases(self, slug: str) -> list[Database]:
        """Every database of a workspace."""
        with self._lock:
            return list(self.workspace(slug).databases.values())

    def database(self, slug: str, name: str) -> Database:
        """One database; made on the spot when its name matches the auto-create pattern."""
        with self._lock:
            workspace = self.workspace(slug)
            if name not in workspace.databases and self._auto_create.fullmatch(name):
                self._add_database(workspace, name)
            if name not in workspace.databases:
                raise NotThere(f"database '{name}' does not exist in workspace '{slug}'")
            return workspace.databases[name]

    def mint(self, slug: str, name: str, tenant: str | None, internal: bool,
             created_sec: float | None = None, foreign: bool = False) -> Credential:
        """Makes a credential; `created_sec` backdates it."""
        with self._lock:
            database = self.database(slug, name)
            unix_ms = self._now_ms() if created_sec is None else int(created_sec * 1000)
            credential = Credential(uuid7(unix_ms), str(uuid.uuid4()), database, tenant, internal,
                                    timestamp(unix_ms), foreign)
            self._credentials[credential.id] = credential
            self._minted[credential.id] = credential
            return credential

    def delete(self, credential_id: str, slug: str | None = None, name: str | None = None) -> None:
        """Deletes a credential; a foreign delete names no database."""
        with self._lock:
            credential = self._credentials.get(credential_id)
            database = credential.database if credential else None
            if database is None or slug not in (None, database.workspace.slug) or name not in (None, database.name):
                raise NotThere(f"credential '{credential_id}' does not exist")
            del self._credentials[credential_id]
            self._deleted.append(credential_id)

    def live(self) -> list[Credential]:
        """Every credential that is alive, oldest first."""
        with self._lock:
            return list(self._credentials.values())

    def minted(self) -> list[Credential]:
        """Every credential that ever was, oldest first."""
        with self._lock:
            return list(self._minted.values())

    def deleted(self) -> list[str]:
        """The ids of all deleted credentials, in the order of their deletion."""
        with self._lock:
            return list(self._deleted)

    def password_of(self, credential_id: str) -> str:
        """The password of any credential that ever was, to compare with what was kept."""
        with self._lock:
            if credential_id not in self._minted:
                raise NotThere(f"credential '{credential_id}' was never made")
            return self._minted[credential_id].password

    def database_json(self, database: Database) -> dict[str, Any]:
        """GetDatabaseResponse of the specification."""
        stem = database.region.removeprefix("AWS_").replace("_", "-").lower()
        api, db = f"{stem}.api.nile.invalid", f"{stem}.db.nile.invalid"
        return {
            "id": database.id,
            "name": database.name,
            "workspace": database.workspace.to_json(),
            "status": database.status,
            "region": database.region,
            "expandable": True,
            "created": database.created,
            "apiHost": api if self._bare_hosts else f"https://{api}/v2/databases/{database.id}",
            "dbHost": db if self._bare_hosts else f"postgres://{db}:5432",
            "sharded": False,
        }

    def set_clock(self, ahead_sec: float) -> None:
        """Moves the provider's clock away from ours."""
        with self._lock:
            self._ahead_ms = int(ahead_sec * 1000)
            self._last_ms = 0

    def _now_ms(self) -> int:
        # Strictly rising, so that ids sort in the order of the mints.
        self._last_ms = max(self._last_ms + 1, time.time_ns() // 1_000_000 + self._ahead_ms)
        return self._last_ms

    def _add_workspace(self, slug: str, names: list[str]) -> None:
        unix_ms = self._now_ms()
        workspace = Workspace(uuid7(unix_ms), slug, timestamp(unix_ms))
        self._workspaces[slug] = workspace
        for name in names:
            self._add_database(workspace, name)

    def _add_database(self, workspace: Workspace, name: str) -> None:
        unix_ms = self._now_ms()
        workspace.databases[name] = Database(uuid7(unix_ms), name, workspace, timestamp(unix_ms))

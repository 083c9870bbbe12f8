# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operations of the Vault stand-in: one table from methods and a path to a function.

As Vault does, a path is decoded before it is looked at.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from answer import Answer, json_answer
from vault_world import Lease, Token, VaultError, timestamp

if TYPE_CHECKING:
    from vault_stand_in import VaultStandIn


@dataclass
class VaultCall:
    """One request as an operation sees it."""

    names: dict[str, str]
    bearer: str | None
    namespace: str
    path: str
    body: bytes = b""
    token: Token | None = None
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class VaultRoute:
    """One line of the table."""

    methods: tuple[str, ...]
    pattern: str
    operation: str
    run: Callable[[VaultStandIn, VaultCall], Answer]


def secret(**members: Any) -> dict[str, Any]:
    """The envelope of every answer."""
    return {"request_id": str(uuid.uuid4()), "lease_id": "", "renewable": False, "lease_duration": 0, "data": None,
            "wrap_info": None, "warnings": None, "auth": None} | members


def errors(status: int, *texts: str) -> Answer:
    """{"errors": […]}"""
    return json_answer({"errors": list(texts)}, status)


def seconds(value: Any) -> float:
    """A duration as Vault takes it: 60, "60", "60s", "1h"."""
    number, unit = re.fullmatch(r"(\d+)([smh]?)", str(value or 0)).groups()
    return float(number) * {"": 1, "s": 1, "m": 60, "h": 3600}[unit]


def creds(vault: VaultStandIn, call: VaultCall) -> Answer:
    lease = vault.world.mint(call.token, call.names["mount"], call.names["role"])
    left = round(lease.expires - lease.issued)
    body = secret(lease_id=lease.id, renewable=lease.role.renewable, lease_duration=left,
                  data={"password": lease.password, "username": lease.user})
    return json_answer(body, id=lease.id, password=lease.password)


def static_creds(vault: VaultStandIn, call: VaultCall) -> Answer:
    login = vault.world.static_login(call.token, call.names["mount"], call.names["role"])
    return json_answer(secret(data=login), password=login["password"])


def list_leases(vault: VaultStandIn, call: VaultCall) -> Answer:
    keys = vault.world.keys(call.names["prefix"], call.namespace)
    return json_answer(secret(data={"keys": keys})) if keys else errors(404)


def find_lease(vault: VaultStandIn, call: VaultCall) -> Lease | None:
    return vault.world.lease(call.fields.get("lease_id", ""), call.namespace)


def lookup(vault: VaultStandIn, call: VaultCall) -> Answer:
    lease = find_lease(vault, call)
    if lease is None:
        return errors(400, "invalid lease")
    return json_answer(secret(data={
        "id": lease.id, "issue_time": timestamp(lease.issued), "expire_time": timestamp(lease.expires),
        "last_renewal": None, "renewable": lease.role.renewable, "ttl": round(lease.expires - vault.world.now())}))


def renew(vault: VaultStandIn, call: VaultCall) -> Answer:
    lease = find_lease(vault, call)
    if lease is None:
        return errors(400, "lease not found")
    is_capped = vault.world.renew(lease, seconds(call.fields.get("increment")))
    warnings = ["TTL exceeded the effective max_ttl; TTL value is capped accordingly"] if is_capped else None
    return json_answer(secret(lease_id=lease.id, renewable=True, warnings=warnings,
                              lease_duration=round(lease.expires - vault.world.now())))


def revoke(vault: VaultStandIn, call: VaultCall) -> Answer:
    lease = find_lease(vault, call)
    if lease is not None:
        vault.world.revoke(lease)
    return Answer(204)


def lookup_self(vault: VaultStandIn, call: VaultCall) -> Answer:
    token = call.token
    left = 0 if token.expires is None else round(token.expires - vault.world.now())
    return json_answer(secret(data={
        "accessor": token.accessor, "creation_time": int(token.issued), "creation_ttl": round(token.ttl),
        "display_name": token.display_name, "entity_id": token.entity,
        "expire_time": None if token.expires is None else timestamp(token.expires), "explicit_max_ttl": 0, "id": token.id,
        "issue_time": timestamp(token.issued), "meta": None, "num_uses": 0, "orphan": True, "path": "auth/token/create",
        "policies": ["default"], "renewable": token.renewable, "ttl": left, "type": "service"}))


def renew_self(vault: VaultStandIn, call: VaultCall) -> Answer:
    token = call.token
    vault.world.renew_token(token, seconds(call.fields.get("increment")))
    return json_answer(secret(auth={
        "client_token": token.id, "accessor": token.accessor, "policies": ["default"], "token_policies": ["default"],
        "metadata": None, "lease_duration": round(token.expires - vault.world.now()), "renewable": token.renewable,
        "entity_id": token.entity, "token_type": "service", "orphan": True}))


def health(vault: VaultStandIn, _: VaultCall) -> Answer:
    status = 503 if vault.sealed else 429 if vault.standby else 200
    return json_answer({"initialized": True, "sealed": vault.sealed, "standby": bool(vault.standby),
                        "version": "stand-in"}, status)


def unknown(_: VaultStandIn, call: VaultCall) -> Answer:
    return errors(404, f'no handler for route "{call.path}". route entry not found.')


WRITE = ("PUT", "POST")
ROUTES = [
    VaultRoute(("GET",), r"sys/health", "health", health),
    VaultRoute(("LIST",), r"sys/leases/lookup/(?P<prefix>.+/)", "list", list_leases),
    VaultRoute(WRITE, r"sys/leases/lookup", "lookup", lookup),
    VaultRoute(WRITE, r"sys/leases/renew", "renew", renew),
    VaultRoute(WRITE, r"sys/leases/revoke", "revoke", revoke),
    VaultRoute(("GET",), r"auth/token/lookup-self", "lookup-self", lookup_self),
    VaultRoute(WRITE, r"auth/token/renew-self", "renew-self", renew_self),
    VaultRoute(("GET",), r"(?P<mount>.+)/creds/(?P<role>[^/]+)", "creds", creds),
    VaultRoute(("GET",), r"(?P<mount>.+)/static-creds/(?P<role>[^/]+)", "static-creds", static_creds),
]
UNKNOWN = VaultRoute((), "", "unknown", unknown)
VAULT_OPERATIONS = [route.operation for route in ROUTES] + ["unknown"]


def find_route(method: str, target: str) -> tuple[VaultRoute, str, dict[str, str]]:
    """The route of a request, the decoded path behind /v1/ and its names."""
    raw, _, query = target.partition("?")
    path = unquote(raw).removeprefix("/v1/")
    if method == "GET" and parse_qs(query).get("list") == ["true"]:
        method = "LIST"
    for route in ROUTES:
        fits = re.fullmatch(route.pattern, path)
        if fits and method in route.methods and unquote(raw).startswith("/v1/"):
            return route, path, fits.groupdict()
    return UNKNOWN, path, {}


def run(vault: VaultStandIn, route: VaultRoute, call: VaultCall) -> Answer:
    """In Vault's order: sealed, standby, namespace, token, policy, the operation."""
    if route.operation == "health":
        return route.run(vault, call)
    if vault.sealed:
        return errors(503, "Vault is sealed")
    if vault.standby:
        return Answer(307, headers={"Location": f"{vault.standby}/v1/{call.path}"})
    try:
        if not vault.world.has_namespace(call.namespace):
            return unknown(vault, call)
        call.token = vault.world.token(call.bearer, call.namespace)
        if not call.token.may(route.operation):
            return errors(403, "1 error occurred:\n\t* permission denied\n\n")
        call.fields = json.loads(call.body) if call.body else {}
        return route.run(vault, call)
    except VaultError as error:
        return errors(error.status, *error.texts)
    except (ValueError, AttributeError):
        return errors(400, "failed to parse JSON input")

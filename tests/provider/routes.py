# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operations of the provider's surface: one table from method and path to a function.

A path is split while it is still percent-encoded, so `a%2Fb` stays one segment.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from answer import Answer, api_error, json_answer, oauth_error
from token_store import Grant, InvalidGrant, TokenStore
from world import REGIONS, NotThere, World


UPSTREAM_SEC = 30


class Refused(Exception):
    """An operation that ends with an error answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass
class Call:
    """One request as an operation sees it."""

    names: dict[str, str]
    query: dict[str, str]
    bearer: str | None
    body: bytes = b""
    grant: Grant = field(default_factory=Grant)


Operation = Callable[[World, TokenStore, Call], Answer]


@dataclass(frozen=True)
class Route:
    """One line of the table. Segments in braces are names."""

    method: str
    path: str
    operation: str
    run: Operation
    open: bool = False

    def match(self, method: str, segments: list[str]) -> dict[str, str] | None:
        """The decoded names when the route fits."""
        pattern = self.path.split("/")[1:]
        if method != self.method or len(pattern) != len(segments):
            return None
        names = {}
        for wanted, got in zip(pattern, segments):
            if wanted.startswith("{"):
                names[wanted[1:-1]] = unquote(got)
            elif wanted != got:
                return None
        return names


def split_target(target: str) -> tuple[list[str], dict[str, str]]:
    """The raw segments and the decoded query of a request target."""
    path, _, query = target.partition("?")
    return path.split("/")[1:], {name: values[-1] for name, values in parse_qs(query, True).items()}


def find_route(method: str, segments: list[str]) -> tuple[Route, dict[str, str]]:
    """The route of a request; ROUTE_UNKNOWN when there is none."""
    for route in ROUTES:
        names = route.match(method, segments)
        if names is not None:
            return route, names
    return ROUTE_UNKNOWN, {}


def run(route: Route, world: World, tokens: TokenStore, call: Call) -> Answer:
    """Checks the bearer, then does the operation."""
    try:
        if not route.open:
            call.grant = check_bearer(tokens, call)
        return route.run(world, tokens, call)
    except Refused as refused:
        return refused.answer
    except NotThere as error:
        return api_error(404, str(error))


def check_bearer(tokens: TokenStore, call: Call) -> Grant:
    """The grant behind the bearer, which must be alive and open the workspace."""
    grant = tokens.find(call.bearer) if call.bearer else None
    if grant is None:
        raise Refused(api_error(401, "the bearer token is missing, unknown or expired"))
    if "slug" in call.names and not grant.may_use(call.names["slug"]):
        raise Refused(api_error(403, "the token does not open this workspace", "unauthorized_workspace_access"))
    return grant


def read_internal(call: Call) -> bool | None:
    """The query's `internal`; None when it is left out."""
    text = call.query.get("internal")
    if text not in (None, "true", "false"):
        raise Refused(api_error(400, "internal must be true or false"))
    return None if text is None else text == "true"


def create(world: World, _: TokenStore, call: Call) -> Answer:
    tenant = call.query.get("tenantId")
    made = world.mint(call.names["slug"], call.names["name"], tenant, read_internal(call) or False)
    body: dict[str, Any] = {"id": made.id, "database": world.database_json(made.database)}
    if tenant is not None:
        body["tenant"] = tenant
    body |= {"internal": made.internal, "password": made.password, "created": made.created}
    return json_answer(body, id=made.id, password=made.password)


def list_credentials(world: World, _: TokenStore, call: Call) -> Answer:
    database = world.database(call.names["slug"], call.names["name"])
    tenant, internal = call.query.get("tenantId"), read_internal(call)
    found = [entry for entry in world.live()
             if entry.database is database and tenant in (None, entry.tenant) and internal in (None, entry.internal)]
    brief = world.database_json(database)
    brief["regionId"] = REGIONS.index(brief.pop("region")) + 1
    return json_answer([{"id": entry.id, "database": brief} for entry in found])


def delete(world: World, _: TokenStore, call: Call) -> Answer:
    world.delete(call.names["id"], call.names["slug"], call.names["name"])
    return Answer(204)


def rotate_all(_: World, __: TokenStore, ___: Call) -> Answer:
    return api_error(500, "rotate-all must never be called: it ends other people's credentials")


def databases(world: World, _: TokenStore, call: Call) -> Answer:
    return json_answer([world.database_json(entry) for entry in world.databases(call.names["slug"])])


def database(world: World, _: TokenStore, call: Call) -> Answer:
    return json_answer(world.database_json(world.database(call.names["slug"], call.names["name"])))


def regions(world: World, _: TokenStore, call: Call) -> Answer:
    world.workspace(call.names["slug"])
    return json_answer(REGIONS)


def workspaces(world: World, _: TokenStore, call: Call) -> Answer:
    return json_answer([entry.to_json() for entry in world.workspaces() if call.grant.may_use(entry.slug)])


def workspace(world: World, _: TokenStore, call: Call) -> Answer:
    return json_answer(world.workspace(call.names["slug"]).to_json())


def me(world: World, _: TokenStore, call: Call) -> Answer:
    seen = [entry for entry in world.workspaces() if call.grant.may_use(entry.slug)]
    return json_answer({
        "id": call.grant.id,
        "email": call.grant.email,
        "workspaces": [entry.to_json() for entry in seen],
        "databases": [one.id for entry in seen for one in world.databases(entry.slug)],
        "kind": call.grant.kind,
    })


def token(_: World, tokens: TokenStore, call: Call) -> Answer:
    if tokens.upstream is not None:
        return forward_token(tokens, tokens.upstream, call)
    form = {name: values[-1] for name, values in parse_qs(call.body.decode("utf-8", "replace"), True).items()}
    try:
        answer = json_answer(grant_tokens(tokens, form))
    except KeyError as error:
        return oauth_error("invalid_request", f"{error.args[0]} is missing")
    except InvalidGrant as error:
        return oauth_error("invalid_grant", str(error))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def forward_token(tokens: TokenStore, upstream: str, call: Call) -> Answer:
    """Lets another server issue the tokens; what it issues is good here."""
    request = urllib.request.Request(upstream + "/oauth2/token", call.body,
                                     {"Content-Type": "application/x-www-form-urlencoded"})
    try:
        with urllib.request.urlopen(request, timeout=UPSTREAM_SEC) as reply:
            issued = json.load(reply)
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read(), {"Content-Type": "application/json"})
    tokens.adopt(issued["access_token"], issued["expires_in"])
    return json_answer(issued)


def grant_tokens(tokens: TokenStore, form: dict[str, str]) -> dict[str, Any]:
    """The grants of RFC 6749 that felucca uses; KeyError names a parameter that is missing."""
    kind = form["grant_type"]
    if kind == "refresh_token":
        return tokens.refresh(form["refresh_token"])
    if kind == "authorization_code":
        return tokens.exchange(form["code"], form["code_verifier"], form["redirect_uri"])
    raise Refused(oauth_error("unsupported_grant_type", "refresh_token or authorization_code, please"))


def authorize(_: World, tokens: TokenStore, call: Call) -> Answer:
    """Stands for the console's sign-in page: says yes at once and sends the browser back."""
    wanted = {"response_type": "code", "code_challenge_method": "S256"}
    redirect, challenge = call.query.get("redirect_uri", ""), call.query.get("code_challenge")
    if urlsplit(redirect).hostname not in ("localhost", "127.0.0.1", "::1"):
        return api_error(400, "redirect_uri must be a loopback address")
    if challenge is None or any(call.query.get(name) != value for name, value in wanted.items()):
        return api_error(400, "response_type=code and code_challenge with S256 are needed")
    back = {"code": tokens.add_code(Grant(), challenge, redirect)}
    if "state" in call.query:
        back["state"] = call.query["state"]
    return Answer(302, headers={"Location": f"{redirect}?{urlencode(back)}"})


def unknown(_: World, __: TokenStore, ___: Call) -> Answer:
    return api_error(404, "there is no such operation")


CREDENTIALS = "/workspaces/{slug}/databases/{name}/credentials"
ROUTES = [
    Route("POST", CREDENTIALS, "create", create),
    Route("GET", CREDENTIALS, "list", list_credentials),
    Route("DELETE", CREDENTIALS + "/{id}", "delete", delete),
    Route("POST", CREDENTIALS + "/rotate", "rotate-all", rotate_all),
    Route("GET", "/workspaces/{slug}/databases", "databases", databases),
    Route("GET", "/workspaces/{slug}/databases/{name}", "database", database),
    Route("GET", "/workspaces/{slug}/regions", "regions", regions),
    Route("GET", "/workspaces", "workspaces", workspaces),
    Route("GET", "/workspaces/{slug}", "workspace", workspace),
    Route("GET", "/developers/me", "me", me),
    Route("POST", "/oauth2/token", "token", token, open=True),
    Route("GET", "/authorize", "authorize", authorize, open=True),
]
ROUTE_UNKNOWN = Route("", "", "unknown", unknown, open=True)
OPERATIONS = [route.operation for route in ROUTES] + ["unknown"]

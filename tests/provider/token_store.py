# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tokens of the stand-in: access tokens, refresh tokens that are good once, sign-in codes.

A grant is what one sign-in gave; its tokens come and go.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any


class InvalidGrant(LookupError):
    """A refresh token or code that is unknown or was used before."""


@dataclass(frozen=True)
class Grant:
    """Whose tokens these are and how later ones of the same sign-in look."""

    email: str = "ada@example.com"
    kind: str = "HUMAN"
    workspaces: tuple[str, ...] | None = None
    opaque: bool = False
    refresh: bool = True
    refreshed_ttl: float = 3600
    claims: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def may_use(self, slug: str) -> bool:
        """Whether the token opens this workspace; without a list it opens all."""
        return self.workspaces is None or slug in self.workspaces


@dataclass(frozen=True)
class SignInCode:
    """One authorization code with what it is bound to."""

    grant: Grant
    challenge: str
    redirect_uri: str


def base64url(data: bytes) -> str:
    """Base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_jwt(claims: dict[str, Any]) -> str:
    """Three segments in the shape of a JWT; the signature is random and nobody checks it."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
    return ".".join(base64url(part) for part in [*parts, secrets.token_bytes(64)])


def fingerprint(token: str) -> str:
    """What the log may keep of a token."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


class TokenStore:
    """All tokens of one stand-in. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forgets every token."""
        with self._lock:
            self._access: dict[str, tuple[Grant, float]] = {}
            self._refresh: dict[str, Grant] = {}
            self._codes: dict[str, SignInCode] = {}
            self.upstream: str | None = None

    def issue(self, grant: Grant, ttl: float) -> dict[str, Any]:
        """New tokens of a grant; a negative ttl gives an access token that is expired already."""
        with self._lock:
            return self._issue(grant, ttl)

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """Trades a refresh token, which is spent by it, for new tokens."""
        with self._lock:
            grant = self._refresh.pop(refresh_token, None)
            if grant is None:
                raise InvalidGrant("the refresh token is unknown or was used before")
            return self._issue(grant, grant.refreshed_ttl)

    def add_code(self, grant: Grant, challenge: str, redirect_uri: str) -> str:
        """A sign-in code, good once."""
        with self._lock:
            code = secrets.token_urlsafe(24)
            self._codes[code] = SignInCode(grant, challenge, redirect_uri)
            return code

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        """Trades a code for tokens when the PKCE verifier (S256) and the redirect address fit."""
        challenge = base64url(hashlib.sha256(verifier.encode()).digest())
        with self._lock:
            entry = self._codes.pop(code, None)
            if entry is None or entry.challenge != challenge or entry.redirect_uri != redirect_uri:
                raise InvalidGrant("the code, its verifier or its redirect address does not fit")
            return self._issue(entry.grant, entry.grant.refreshed_ttl)

    def adopt(self, access_token: str, ttl: float) -> None:
        """Takes a token that the upstream has issued for one of ours."""
        with self._lock:
            self._access[access_token] = (Grant(), time.time() + ttl)

    def find(self, access_token: str) -> Grant | None:
        """The grant of an access token that is known and not expired."""
        with self._lock:
            grant, expires = self._access.get(access_token, (None, 0.0))
            return grant if time.time() < expires else None

    def revoke(self, token: str) -> bool:
        """Forgets one access or refresh token; tells whether it was known."""
        with self._lock:
            known = [store.pop(token, None) for store in (self._access, self._refresh)]
            return any(entry is not None for entry in known)

    def _issue(self, grant: Grant, ttl: float) -> dict[str, Any]:
        access_token = self._new_access_token(grant, ttl)
        self._access[access_token] = (grant, time.time() + ttl)
        answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": int(ttl)}
        if grant.refresh:
            answer["refresh_token"] = secrets.token_urlsafe(32)
            self._refresh[answer["refresh_token"]] = grant
        return answer

    @staticmethod
    def _new_access_token(grant: Grant, ttl: float) -> str:
        if grant.opaque:
            return secrets.token_urlsafe(32)
        now = int(time.time())
        claims = {"sub": grant.id, "email": grant.email, "iat": now, "exp": now + int(ttl), "jti": str(uuid.uuid4())}
        claims.update(grant.claims)
        return make_jwt({name: value for name, value in claims.items() if value is not None})

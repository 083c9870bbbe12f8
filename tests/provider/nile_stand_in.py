# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for Nile's management API on loopback, with state, scripted faults and a record.

Used in process (`with NileStandIn() as nile:`) or as a program with a control port.
README.md beside this file shows both.
"""

from __future__ import annotations

import argparse
import json
import signal
import ssl
import sys
import threading
from typing import Any

from control_handler import ControlHandler
from fault_rule import RuleBook
from gates import Gates
from provider_handler import ProviderHandler
from request_log import RequestLog
from token_store import Grant, TokenStore
from wire_server import WireServer
from world import DEFAULT_AUTO_CREATE, DEFAULT_WORKSPACES, World

WAIT_SEC = 60.0


class NileStandIn:
    """One provider with its control surface. Starts with `start` or `with`; any thread."""

    def __init__(self, workspaces: dict[str, list[str]] | None = None, auto_create: str = DEFAULT_AUTO_CREATE,
                 bare_hosts: bool = False, port: int = 0, control_port: int = 0,
                 cert: str | None = None, key: str | None = None) -> None:
        self.world = World(workspaces or DEFAULT_WORKSPACES, auto_create, bare_hosts)
        self.tokens = TokenStore()
        self.rules = RuleBook()
        self.log = RequestLog()
        self.gates = Gates()
        self._provider = WireServer(port, type("Provider", (ProviderHandler,), {"nile": self}), load_tls(cert, key))
        self._control = WireServer(control_port, type("Control", (ControlHandler,), {"nile": self}))

    @property
    def url(self) -> str:
        """The provider's base address."""
        return self._provider.url

    @property
    def control(self) -> str:
        """The control surface's base address."""
        return self._control.url

    def start(self) -> NileStandIn:
        """Begins to serve."""
        self._provider.start()
        self._control.start()
        return self

    def stop(self) -> None:
        """Ends every connection and thread."""
        self.gates.stop()
        self._provider.stop()
        self._control.stop()

    def __enter__(self) -> NileStandIn:
        return self.start()

    def __exit__(self, kind: object, *_: object) -> None:
        self.stop()
        if kind is None and self.errors:
            raise AssertionError(f"the stand-in itself failed: {self.errors!r}") from self.errors[0]

    @property
    def errors(self) -> list[BaseException]:
        """Mistakes of the stand-in, which must turn a test red."""
        return self._provider.errors + self._control.errors

    def issue_token(self, ttl: float = 3600, **grant: Any) -> dict[str, Any]:
        """New tokens; the keywords are the fields of Grant."""
        if grant.get("workspaces") is not None:
            grant["workspaces"] = tuple(grant["workspaces"])
        return self.tokens.issue(Grant(**grant), ttl)

    def revoke_token(self, token: str) -> bool:
        """Forgets an access or refresh token."""
        return self.tokens.revoke(token)

    def rule(self, **fields: Any) -> None:
        """Adds a rule to the script."""
        self.rules.add(fields)

    def clear_rules(self) -> None:
        """Forgets the script."""
        self.rules.clear()

    def release(self, name: str) -> None:
        """Opens the door of a `hold`, for those who wait and those who come."""
        self.gates.release(name)

    def wait_for(self, what: str, number: int = 1, timeout: float = WAIT_SEC) -> None:
        """Blocks until so many requests (or `connect`, `done`, `tls-failed`) were seen."""
        self.log.wait_for(what, number, timeout)

    def mint_foreign(self, workspace: str, database: str, tenant: str | None = None, internal: bool = False,
                     created: float | None = None) -> dict[str, Any]:
        """A credential that somebody else made, if asked for at an earlier Unix time."""
        return self.world.mint(workspace, database, tenant, internal, created, foreign=True).facts()

    def delete_foreign(self, id: str) -> None:
        """A credential that somebody else deleted."""
        self.world.delete(id)

    def set_clock(self, ahead_sec: float) -> None:
        """What the provider takes for now: so far from our own clock."""
        self.world.set_clock(ahead_sec)

    def password_of(self, id: str) -> str:
        """What the password of a credential is or was. Only in process."""
        return self.world.password_of(id)

    def live(self) -> list[dict[str, Any]]:
        """Every credential that is alive, oldest first."""
        return [credential.facts() for credential in self.world.live()]

    def minted(self) -> list[dict[str, Any]]:
        """Every credential that ever was, oldest first."""
        return [credential.facts() for credential in self.world.minted()]

    def deleted(self) -> list[str]:
        """The ids of all deleted credentials."""
        return self.world.deleted()

    def count(self, what: str) -> int:
        """How many requests of an operation came in; also `connect`, `done` and `tls-failed`."""
        return self.log.count(what)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The request log."""
        return self.log.entries()

    def state(self) -> dict[str, Any]:
        """Everything a test may look at from outside."""
        return {
            "live": self.live(),
            "minted": self.minted(),
            "deleted": self.deleted(),
            "counts": self.log.counts(),
            "requests": self.requests,
            "rules": self.rules.left(),
            "errors": [repr(error) for error in self.errors],
        }

    def reset(self, tokens: bool = True) -> None:
        """Back to the seed: no credential, no token, no rule, an empty log, no open connection. Or with the tokens kept."""
        self.rules.clear()
        self.gates.reset()
        self._provider.end_connections()
        self.world.reset()
        if tokens:
            self.tokens.reset()
        self.log.reset()


def load_tls(cert: str | None, key: str | None) -> ssl.SSLContext | None:
    """The server's TLS, when a certificate is given."""
    if cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="A stand-in for Nile's management API on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--cert", help="PEM file; the provider's surface then speaks TLS")
    parser.add_argument("--key", help="PEM file of the key, unless it is in the --cert file")
    parser.add_argument("--workspace", action="append", metavar="SLUG=NAME,NAME", help="instead of the seed data")
    parser.add_argument("--auto-create", default=DEFAULT_AUTO_CREATE, metavar="REGEX",
                        help="database names made on demand")
    parser.add_argument("--bare-hosts", action="store_true", help="apiHost and dbHost without a scheme")
    parser.add_argument("--until-stdin-closes", action="store_true")
    return parser.parse_args(argv)


def read_workspaces(texts: list[str] | None) -> dict[str, list[str]] | None:
    """The --workspace options as a table."""
    if texts is None:
        return None
    pairs = [text.partition("=") for text in texts]
    return {slug: names.split(",") if names else [] for slug, _, names in pairs}


def main(argv: list[str]) -> int:
    """Serves until SIGTERM, SIGINT or the end of stdin."""
    options = parse_arguments(argv)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    nile = NileStandIn(read_workspaces(options.workspace), options.auto_create, options.bare_hosts,
                       options.port, options.control_port, options.cert, options.key)
    nile.start()
    print(json.dumps({"url": nile.url, "control": nile.control}), flush=True)
    if options.until_stdin_closes:
        threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    over.wait()
    nile.stop()
    return 1 if nile.errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The control surface: JSON over HTTP on a port of its own, for callers in another process.

One table from method and path to a method of the stand-in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from answer import Answer, json_answer
from fault_rule import BadRule
from world import NotThere

if TYPE_CHECKING:
    from nile_stand_in import NileStandIn

Action = Callable[["NileStandIn", Any], Any]


def post_rules(nile: NileStandIn, body: Any) -> Any:
    rules = body if isinstance(body, list) else [body]
    return {"added": len([nile.rule(**fields) for fields in rules])}


ACTIONS: dict[tuple[str, str], Action] = {
    ("GET", "/state"): lambda nile, body: nile.state(),
    ("POST", "/token"): lambda nile, body: nile.issue_token(**body),
    ("POST", "/revoke-token"): lambda nile, body: {"known": nile.revoke_token(**body)},
    ("POST", "/rules"): post_rules,
    ("DELETE", "/rules"): lambda nile, body: nile.clear_rules(),
    ("POST", "/release"): lambda nile, body: nile.release(**body),
    ("POST", "/wait"): lambda nile, body: nile.wait_for(**body),
    ("POST", "/mint"): lambda nile, body: nile.mint_foreign(**body),
    ("POST", "/delete"): lambda nile, body: nile.delete_foreign(**body),
    ("POST", "/reset"): lambda nile, body: nile.reset(),
}


class ControlHandler(BaseHTTPRequestHandler):
    """Serves one connection. `nile` is set on a subclass made for each stand-in."""

    nile: NileStandIn
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        """One request."""
        length = int(self.headers.get("Content-Length", 0))
        reply = self.act(self.rfile.read(length))
        self.wfile.write(reply.head() + reply.body)

    def act(self, body: bytes) -> Answer:
        """Runs the action; a mistake of the caller becomes one line of text."""
        action = ACTIONS.get((self.command, self.path))
        if action is None:
            return json_answer({"error": f"no {self.command} {self.path} here"}, 404)
        try:
            return json_answer(action(self.nile, json.loads(body or b"{}")) or {})
        except (BadRule, TypeError, ValueError) as error:
            return json_answer({"error": str(error)}, 400)
        except NotThere as error:
            return json_answer({"error": str(error)}, 404)
        except TimeoutError as error:
            return json_answer({"error": str(error)}, 408)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: stdout carries one line only."""

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The script language for faults: which request is struck, and how.

A rule is a small table of keys, checked when it is posted. README.md shows each key.
"""

from __future__ import annotations

import base64
import threading
from typing import Any

from answer import Answer, api_error, oauth_error
from routes import OPERATIONS

NUMBER = (int, float)
KEYS: dict[str, type | tuple[type, ...]] = {
    "on": str,
    "times": int,
    "skip": int,
    "after_mint": bool,
    "delay": NUMBER,
    "hold": str,
    "status": int,
    "errorCode": str,
    "message": str,
    "body": str,
    "headers": dict,
    "raw": str,
    "raw_b64": str,
    "flood": list,
    "cut": int,
    "cut_body": int,
    "drip": NUMBER,
    "reset": bool,
    "hang": bool,
    "close_before": bool,
    "mint_without_answer": bool,
}
REPLACING = ("status", "errorCode", "message", "body", "raw", "raw_b64")
WORDLESS = ("reset", "hang", "close_before", "mint_without_answer")
CLOSING = ("raw", "raw_b64", "flood", "cut", "cut_body", "close_before", "mint_without_answer")
ON_CONNECT = {"on", "times", "skip", "raw", "raw_b64", "flood", "delay", "hold", *WORDLESS} - {"mint_without_answer"}


class BadRule(ValueError):
    """A rule that cannot be meant; the message names the key."""


class Rule:
    """One rule. Its fields never change; how often it still strikes is the book's matter."""

    def __init__(self, fields: dict[str, Any], operations: list[str] = OPERATIONS) -> None:
        check_fields(fields, operations)
        self.fields = fields
        self.on: str = fields.get("on", "any")
        self.times: int = fields.get("times", 1)
        self.skip: int = fields.get("skip", 0)
        self.after_mint: bool = fields.get("after_mint", False)

    def __getitem__(self, key: str) -> Any:
        return self.fields.get(key)

    @property
    def replaces(self) -> bool:
        """Whether another answer stands in for the normal one."""
        return any(key in self.fields for key in REPLACING)

    @property
    def speaks(self) -> bool:
        """Whether any byte is sent."""
        if self.replaces or any(key in self.fields for key in ("flood", "cut", "cut_body")):
            return True
        return not any(self[key] for key in WORDLESS)

    @property
    def runs(self) -> bool:
        """Whether the operation itself is done, with its change of state."""
        return bool(self.after_mint or self["mint_without_answer"] or (self.speaks and not self.replaces))

    @property
    def ending(self) -> str:
        """What becomes of the connection."""
        if self["reset"]:
            return "reset"
        if self["hang"]:
            return "hang"
        # By identity: `cut` may be 0, which equals False.
        return "keep" if all(self[key] is None or self[key] is False for key in CLOSING) else "close"

    @property
    def raw(self) -> bytes | None:
        """The bytes that take the place of an HTTP answer."""
        if "raw_b64" in self.fields:
            return base64.b64decode(self["raw_b64"])
        return self["raw"].encode() if "raw" in self.fields else None

    def replacement(self, normal: Answer, operation: str) -> Answer:
        """The normal answer, changed by status, errorCode, message, body and headers."""
        answer = normal
        if self.replaces:
            answer = self._error(operation)
            answer.marks = normal.marks
        if "body" in self.fields:
            answer.body = normal.fill(self["body"].encode())
        answer.headers |= self["headers"] or {}
        return answer

    def _error(self, operation: str) -> Answer:
        status = self.fields.get("status", 200)
        message = self.fields.get("message", "scripted by a rule")
        if operation == "token":
            return oauth_error(self.fields.get("errorCode", "invalid_grant"), message, status)
        return api_error(status, message, self["errorCode"])


def check_fields(fields: dict[str, Any], operations: list[str]) -> None:
    """Refuses unknown keys and wrong types: a misspelt rule must not pass as 'no fault'."""
    for key, value in fields.items():
        if key not in KEYS:
            raise BadRule(f"a rule has no key '{key}'")
        if not isinstance(value, KEYS[key]) or (isinstance(value, bool) and KEYS[key] is not bool):
            raise BadRule(f"the value of '{key}' has the wrong type")
    on = fields.get("on", "any")
    if on not in ("any", "connect", *operations):
        raise BadRule(f"'on' does not know '{on}'")
    if on == "connect" and not fields.keys() <= ON_CONNECT:
        raise BadRule(f"a rule on connect takes only {', '.join(sorted(ON_CONNECT))}")
    if "flood" in fields and [type(part) for part in fields["flood"]] != [str, int]:
        raise BadRule("'flood' is a text and how often it is sent")


NO_RULE = Rule({})


class RuleBook:
    """The rules in the order they were posted. Any thread."""

    def __init__(self, operations: list[str] = OPERATIONS) -> None:
        self._operations = operations
        self._lock = threading.Lock()
        self._entries: list[list[Any]] = []

    def add(self, fields: dict[str, Any]) -> Rule:
        """Appends a rule."""
        rule = Rule(fields, self._operations)
        with self._lock:
            self._entries.append([rule, rule.skip, rule.times])
        return rule

    def clear(self) -> None:
        """Forgets every rule."""
        with self._lock:
            self._entries.clear()

    def left(self) -> list[dict[str, Any]]:
        """The rules that can still strike."""
        with self._lock:
            return [rule.fields for rule, _, times in self._entries if times != 0]

    def take(self, operation: str) -> Rule:
        """The first rule that strikes this request; NO_RULE when none does."""
        with self._lock:
            for entry in self._entries:
                rule, skip, times = entry
                fits = rule.on == operation or (rule.on == "any" and operation != "connect")
                if not fits or times == 0:
                    continue
                if skip > 0:
                    entry[1] -= 1
                    continue
                entry[2] = times - 1 if times > 0 else times
                return rule
        return NO_RULE

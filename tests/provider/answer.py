# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An HTTP answer before it becomes bytes.

The stand-in writes its own bytes, so that a rule can cut, replace or slow them.
"""

from __future__ import annotations

import http
import json
from dataclasses import dataclass, field
from typing import Any

HeaderValue = str | list[str] | None

ERROR_CODES = {
    400: "bad_request",
    401: "invalid_credentials",
    403: "forbidden_operation",
    404: "entity_not_found",
    405: "unsupported_operation",
    409: "duplicate_entity",
    429: "threshold_exceeded",
}


@dataclass
class Answer:
    """Status, headers and body; `marks` are the values a scripted body may name as {{mark}}."""

    status: int
    body: bytes = b""
    headers: dict[str, HeaderValue] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)

    def head(self) -> bytes:
        """The status line and the headers. A value of None drops a header, a list repeats it."""
        headers: dict[str, HeaderValue] = {}
        if self.body:
            headers["Content-Type"] = "application/json"
        if self.status != 204 and self.status >= 200:
            headers["Content-Length"] = str(len(self.body))
        headers.update(self.headers)
        lines = [f"HTTP/1.1 {self.status} {reason(self.status)}"]
        for name, value in headers.items():
            values = value if isinstance(value, list) else [value]
            lines += [f"{name}: {item}" for item in values if item is not None]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def fill(self, template: bytes) -> bytes:
        """Puts this answer's marks and its body into a scripted template."""
        for name, value in self.marks.items():
            template = template.replace(b"{{%s}}" % name.encode(), value.encode())
        return template.replace(b"{{answer}}", self.body)


def reason(status: int) -> str:
    """The reason phrase, also for numbers nobody has registered."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unregistered"


def json_answer(value: Any, status: int = 200, **marks: str) -> Answer:
    """A JSON answer with keys in the order they were written."""
    return Answer(status, json.dumps(value, separators=(",", ":")).encode(), {}, marks)


def api_error(status: int, message: str, error_code: str | None = None) -> Answer:
    """An APIError as the management API writes it."""
    code = error_code or ERROR_CODES.get(status, "internal_error")
    answer = json_answer({"errorCode": code, "message": message, "statusCode": status}, status)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return answer


def oauth_error(error: str, description: str, status: int = 400) -> Answer:
    """An error of the token endpoint, RFC 6749 section 5.2."""
    answer = json_answer({"error": error, "error_description": description}, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer

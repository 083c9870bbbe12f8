# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verbs of one backend, called without a daemon by verb-runner; any number at once."""

from __future__ import annotations

import json
import subprocess
import threading
import uuid
from concurrent.futures import Future
from typing import Any

from desktop import BUILD

RUNNER = BUILD / "tests" / "integration" / "verb-runner"
ANSWER_SEC = 90.0

# FelFailure
(INTERNAL, INVALID, UNAUTHENTICATED, DENIED, NOT_FOUND, CONFLICT, QUOTA, RATE_LIMITED, UNREACHABLE, TIMED_OUT, CANCELLED,
 PROVIDER, PROTOCOL, UNSUPPORTED, NO_ANSWER) = range(1, 16)  # fmt: skip


class Failed(Exception):
    """What a verb said to host->fail()."""

    def __init__(self, answer: dict[str, Any]):
        super().__init__(f"{answer.get('failure')}: {answer.get('sentence')}")
        self.failure: int = answer.get("failure", 0)
        self.maybe_minted: bool = answer.get("maybe-minted", False)
        self.sentence: str = answer.get("sentence", "")
        self.fields: dict[str, Any] = answer["fields"]
        self.secret: str | None = answer.get("secret")


class Verbs:
    """Use as a context manager; it must end well (a sanitizer has its say there)."""

    def __init__(self, module: str, timeout: int = 20, database: str = "", **settings: str):
        self.settings = {key.replace("_", "-"): value for key, value in settings.items()}
        self.timeout = timeout
        self.database = database
        self.module = BUILD / "plugins" / module / f"{module}.so"
        self.open: dict[int, Future[dict[str, Any]]] = {}
        self.lock = threading.Lock()

    def __enter__(self) -> "Verbs":
        self.process = subprocess.Popen([str(RUNNER), str(self.module)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        return self

    def __exit__(self, *exc: Any) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        status = self.process.wait(ANSWER_SEC)
        self.reader.join()
        self.process.stdout.close()
        assert status == 0, f"verb-runner ended with {status}"

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            answer = json.loads(line)
            with self.lock:
                future = self.open.pop(answer["tag"])
            future.set_result(answer)
        for future in self.open.values():
            future.set_exception(AssertionError("verb-runner has gone"))

    def start(self, verb: str, **asked: Any) -> Future[dict[str, Any]]:
        """A call that goes on by itself; see finish()."""
        future: Future[dict[str, Any]] = Future()
        settings = self.settings | asked.pop("settings", {})
        line = {"verb": verb, "database": self.database, "timeout": self.timeout, "settings": settings}
        if verb == "mint":
            line["intent"] = str(uuid.uuid4())
        line |= {key.replace("_", "-"): value for key, value in asked.items()}
        with self.lock:
            line["tag"] = self.tag = getattr(self, "tag", 0) + 1
            self.open[self.tag] = future
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(line) + "\n")
            self.process.stdin.flush()
        return future

    @staticmethod
    def finish(future: Future[dict[str, Any]]) -> dict[str, Any]:
        answer = future.result(ANSWER_SEC)
        if not answer["ok"]:
            raise Failed(answer)
        return answer

    def call(self, verb: str, **asked: Any) -> dict[str, Any]:
        return self.finish(self.start(verb, **asked))

    def mint(self, **asked: Any) -> dict[str, Any]:
        """Its fields, with `password`."""
        answer = self.call("mint", **asked)
        return answer["fields"] | {"password": answer["secret"]}

    def revoke(self, id: str, **asked: Any) -> None:
        self.call("revoke", id=id, **asked)

    def list(self, **asked: Any) -> list[dict[str, Any]]:
        return self.call("list", **asked)["list"]

    def renew(self, id: str, ttl: int = 0, **asked: Any) -> dict[str, Any]:
        return self.call("renew", id=id, ttl=ttl, **asked)["fields"]

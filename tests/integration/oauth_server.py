# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""npm oidc-provider as the one who signs people in, and two who walk through its pages: an HTTP client, and Chromium."""

from __future__ import annotations

import html
import http.cookiejar
import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from desktop import DEADLINE_SEC, Desktop, wait_until

SERVER = Path(__file__).resolve().parents[1] / "provider" / "oauth_server.mjs"
NODE_MODULE = Path(__file__).resolve().parents[1] / "node_modules" / "oidc-provider"
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")


def start_oauth_server(desktop: Desktop, ttl_sec: int = 3600) -> str:
    """Its address. It lives as long as the desktop."""
    server = desktop.spawn(["node", str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, env=desktop.env | {"TTL": str(ttl_sec)})
    assert server.stdout is not None
    return json.loads(server.stdout.readline())["url"]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Walker:
    """Goes from page to page with cookies, like a browser that somebody sits at."""

    def __init__(self, url: str):
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar, _NoRedirect, urllib.request.ProxyHandler({}))
        self.status = 0
        self.page = ""
        self.url = url
        self.open(url)

    def open(self, url: str, form: dict[str, str] | None = None) -> None:
        """Follows redirects to their end, the daemon's door too."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        while url:
            try:
                with self._opener.open(url, data, DEADLINE_SEC) as answer:
                    self.status, self.page, location = answer.status, answer.read().decode(), None
            except urllib.error.HTTPError as answer:
                self.status, self.page, location = answer.code, answer.read().decode(), answer.headers.get("Location")
            self.url, data = url, None
            url = urllib.parse.urljoin(url, location) if location else ""

    def submit(self, **values: str) -> None:
        """Sends the form of the page with what is filled in."""
        action = re.search(r'<form[^>]*action="([^"]+)"', self.page)
        assert action, self.page
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.page)
        self.open(urllib.parse.urljoin(self.url, html.unescape(action.group(1))), dict(hidden) | values)

    def abort(self) -> None:
        """The link that says no."""
        link = re.search(r'href="([^"]+/abort)"', self.page)
        assert link, self.page
        self.open(urllib.parse.urljoin(self.url, html.unescape(link.group(1))))

    def approve(self) -> None:
        """Signs in, then agrees."""
        self.submit(login="ada", password="anything")
        self.submit()


class Refused(Exception):
    """What the browser answers while it goes from one page to the next, for example."""


class Chromium:
    """The real thing, without a window, driven by the DevTools protocol through two pipes."""

    def __init__(self, desktop: Desktop):
        assert CHROMIUM is not None
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
                 f"--user-data-dir={desktop.root / 'chromium'}", "about:blank"]
        desktop.spawn(["bash", "-c", f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}', CHROMIUM, *flags],
                      pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self._buffer, self._number, self._session = b"", 0, ""
        targets = self._call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self._call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._to)
        os.close(self._from)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._buffer:
                read = os.read(self._from, 65536)
                assert read, "the browser is gone"
                self._buffer += read
            text, _, self._buffer = self._buffer.partition(b"\0")
            answer = json.loads(text)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise Refused(answer["error"])
                return answer["result"]

    def open(self, url: str) -> None:
        """As if it were typed."""
        self._call("Page.navigate", url=url)

    def evaluate(self, script: str) -> Any:
        """Of the page that is shown; None between two pages."""
        try:
            return self._call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")
        except Refused:
            return None

    def wait_for(self, selector: str) -> None:
        """Until the page has this and is there as a whole."""
        there = f"document.readyState === 'complete' && document.querySelector({json.dumps(selector)}) !== null"
        wait_until(lambda: self.evaluate(there), f"{selector} on {self.evaluate('location.href')}")

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of what is shown there."""
        self.wait_for(selector)
        x, y = self.evaluate(f"(() => {{ const r = document.querySelector({json.dumps(selector)}).getBoundingClientRect(); "
                             "return [r.x + r.width / 2, r.y + r.height / 2] })()")
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, selector: str, text: str) -> None:
        """Into a field."""
        self.click(selector)
        self._call("Input.insertText", text=text)

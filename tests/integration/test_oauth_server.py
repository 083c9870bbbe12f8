# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signing in at an OAuth server that we did not write, through its own pages; credentials come from the stand-in."""

from __future__ import annotations

from typing import Iterator

import pytest

from browser import SignIn
from desktop import Desktop, wait_until
from oauth_server import CHROMIUM, NODE_MODULE, Chromium, Walker, start_oauth_server
from refusals import refused
from secret_items import find_items

pytestmark = pytest.mark.skipif(not NODE_MODULE.exists(), reason="npm ci in tests/ has not been run")

STALE_SEC = 30  # the daemon refreshes what has less than 60 s to live


@pytest.fixture(params=[3600], ids=["an hour"])
def server(request: pytest.FixtureRequest) -> Iterator[Desktop]:
    """Access tokens live as long as the parameter says."""
    with Desktop(sign_in=False, daemon=False) as desktop:
        url = start_oauth_server(desktop, request.param)
        desktop.nile.tokens.upstream = url
        desktop.write_config(desktop.config_text(authorize_url=url + "/authorize"))
        desktop.start_daemon()
        yield desktop


def refresh_token(desktop: Desktop) -> str:
    """The one that is kept."""
    (item,) = find_items(desktop, "org.felucca.Token")
    (line,) = [line for line in item.secret.decode().splitlines() if line.startswith("refresh-token ")]
    return line


def test_through_the_pages(server: Desktop):
    sign_in = SignIn(server)
    finish = sign_in.finish()
    walker = Walker(sign_in.url)
    walker.approve()
    assert walker.status == 200 and "You can close this page" in walker.page
    assert walker.url.startswith(sign_in.query["redirect_uri"] + "?code=")
    account = finish.result()
    assert account["state"] == "ready" and account["expires"] > 0
    assert server.create()["password"]


@pytest.mark.parametrize("server", [STALE_SEC], indirect=True, ids=["half a minute"])
def test_refresh_with_rotation(server: Desktop):
    """Each use of the sign-in needs a refresh here, and each refresh token is good once."""
    sign_in = SignIn(server)
    finish = sign_in.finish()
    Walker(sign_in.url).approve()
    finish.result()
    seen = [refresh_token(server)]
    for _ in range(3):
        assert server.create()["password"]
        seen.append(refresh_token(server))
    assert len(set(seen)) == 4
    server.restart_daemon()
    assert server.create()["password"]
    assert server.nile.count("token") == 5


def test_denied_before_the_password(server: Desktop):
    sign_in = SignIn(server)
    finish = sign_in.finish()
    walker = Walker(sign_in.url)
    walker.abort()
    assert walker.status == 200 and "declined" in walker.page
    assert "declined in the browser" in refused(server, "AccessDenied", finish.result)
    assert server.nile.count("token") == 0


def test_denied_at_the_consent(server: Desktop):
    sign_in = SignIn(server)
    finish = sign_in.finish()
    walker = Walker(sign_in.url)
    walker.submit(login="ada", password="anything")
    walker.abort()
    refused(server, "AccessDenied", finish.result)


def test_a_second_tab(server: Desktop):
    """Both tabs come to their end; the first one counts."""
    sign_in = SignIn(server)
    first, second = Walker(sign_in.url), Walker(sign_in.url)
    first.approve()
    second.approve()
    assert (first.status, second.status) == (200, 410)
    assert sign_in.finish().result()["state"] == "ready"
    assert server.nile.count("token") == 1


def test_a_replayed_callback(server: Desktop):
    sign_in = SignIn(server)
    walker = Walker(sign_in.url)
    walker.approve()
    walker.open(walker.url)
    assert walker.status == 410
    assert sign_in.finish().result()["state"] == "ready"


def test_a_replayed_code(server: Desktop):
    """Into another sign-in: its challenge is another one."""
    first, second = SignIn(server), SignIn(server)
    walker = Walker(first.url)
    walker.approve()
    code = walker.url.partition("code=")[2].partition("&")[0]
    finish = second.finish()
    assert second.open(second.answer_url(code=code))[0] == 200
    refused(server, "SignInRequired", finish.result)
    assert find_items(server, "org.felucca.Token") == []


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize("server", [STALE_SEC], indirect=True, ids=["half a minute"])
def test_chromium(server: Desktop):
    """A person's way: a field, a password, a click on the consent page; then a create, then a refresh with rotation."""
    sign_in = SignIn(server)
    finish = sign_in.finish()
    with Chromium(server) as browser:
        browser.open(sign_in.url)
        browser.type("input[name=login]", "ada")
        browser.type("input[name=password]", "anything")
        browser.click("button[type=submit]")
        browser.wait_for("form[action$='/confirm'], input[name=prompt][value=consent]")
        browser.click("button[type=submit]")
        wait_until(lambda: (browser.evaluate("location.href") or "").startswith(sign_in.query["redirect_uri"]),
                   "the browser is sent back")
        browser.wait_for("h1")
        assert browser.evaluate("document.querySelector('h1').textContent") == "Thank you"
        assert browser.evaluate("performance.getEntriesByType('resource').length") == 0
        assert browser.evaluate("getComputedStyle(document.body).maxWidth") != "none", "its own style is let through"
    assert finish.result()["state"] == "ready"
    before = refresh_token(server)
    assert server.create()["password"]
    assert refresh_token(server) != before

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two accounts of one provider side by side: each has its own sign-in, and the workspace tells which is meant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desktop import Desktop, s

PLACES = {"acme": ["orders"], "globex": ["orders"], "shared": ["orders"]}


@pytest.fixture
def two() -> Iterator[Desktop]:
    """nile, the default, may use acme and shared; work may use globex and shared."""
    with Desktop(workspaces=PLACES, sign_in=False) as desktop:
        desktop.write_config(desktop.config_text() + f"\n[backend work]\nmodule=nile\nurl={desktop.nile.url}\n")
        desktop.restart_daemon()
        for backend, workspaces in (("nile", ["acme", "shared"]), ("work", ["globex", "shared"])):
            token = desktop.nile.issue_token(ttl=3600, email=f"{backend}@example.com", workspaces=workspaces)
            desktop.sign_in(backend, token)
        yield desktop


@pytest.mark.parametrize(("workspace", "backend"), [("acme", "nile"), ("globex", "work"), ("shared", "nile")])
@pytest.mark.parametrize("restarted", [False, True])
def test_the_workspace_tells_the_instance(two: Desktop, workspace: str, backend: str, restarted: bool):
    if restarted:
        two.restart_daemon()
    credential = two.create(workspace)
    assert credential["backend"] == backend
    assert two.get(workspace)["id"] == credential["id"]
    two.revoke(credential["id"])
    assert two.nile.live() == []


def test_a_name_is_stronger(two: Desktop):
    assert two.create("shared", backend=s("work"))["backend"] == "work"


def test_signing_out_of_one_leaves_the_other(two: Desktop):
    two.call("SignOut", "(sa{sv})", "work", {}, interface="org.felucca.Accounts1")
    assert two.create("acme")["backend"] == "nile"
    two.restart_daemon()
    assert [one["backend"] for one in two.call("ListAccounts", interface="org.felucca.Accounts1")] == ["nile"]

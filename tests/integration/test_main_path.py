# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job: mint, keep, hand out, revoke."""

from desktop import Desktop


def test_create_is_stored_before_it_is_answered(desktop: Desktop):
    credential = desktop.create()
    assert credential["password"] == desktop.nile.password_of(credential["id"])
    assert desktop.lookup(id=credential["id"]) == credential["password"]
    assert [live["id"] for live in desktop.nile.live()] == [credential["id"]]


def test_get_gives_what_create_gave(desktop: Desktop):
    created = desktop.create()
    got = desktop.get()
    assert (got["id"], got["password"]) == (created["id"], created["password"])
    assert desktop.nile.count("create") == 1


def test_revoke_ends_it_everywhere(desktop: Desktop):
    credential = desktop.create()
    desktop.revoke(credential["id"])
    assert desktop.nile.live() == []
    assert desktop.lookup(id=credential["id"]) is None
    assert desktop.list() == []

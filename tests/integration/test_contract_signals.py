# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The signals: who changed what, whoever it was."""

from __future__ import annotations

from typing import Any

from bus_monitor import BusMonitor
from desktop import Desktop, b, s
from refusals import refused
from secret_items import find_item, set_attributes, set_property
from signal_log import SignalLog

from gi.repository import GLib


def metadata(credential: dict[str, Any]) -> dict[str, Any]:
    """A reply of Get as it looks without its password."""
    return {key: value for key, value in credential.items() if key != "password"}


def clear(desktop: Desktop, id: str) -> None:
    """Somebody deletes the item behind our back."""
    assert desktop.secret_tool("clear", "xdg:schema", "org.felucca.Credential", "id", id).returncode == 0


def test_a_life_in_signals(desktop: Desktop):
    signals = SignalLog(desktop)
    credential = desktop.create()
    got = desktop.get()
    desktop.revoke(credential["id"])
    assert signals.wait_for("CredentialRemoved") == [credential["id"]]
    assert signals.seen == [("CredentialAdded", (metadata(got),)), ("CredentialRemoved", (credential["id"],))]


def test_reads_are_silent(desktop: Desktop):
    id = desktop.create()["id"]
    signals = SignalLog(desktop)
    desktop.get()
    desktop.list()
    desktop.create(request_id=s("r-1"))
    desktop.create(request_id=s("r-1"))
    added, = signals.wait_for("CredentialAdded")
    assert added["id"] != id
    assert signals.names() == ["CredentialAdded"]


def test_added_never_has_the_password(desktop: Desktop):
    signals = SignalLog(desktop)
    credential = desktop.create()
    assert credential["password"] not in str(signals.wait_for("CredentialAdded"))


def test_a_deletion_behind_our_back(desktop: Desktop):
    kept, cleared = desktop.create()["id"], desktop.create()["id"]
    signals = SignalLog(desktop)
    clear(desktop, cleared)
    assert signals.wait_for("CredentialRemoved") == [cleared]
    assert [one["id"] for one in desktop.list()] == [kept]
    assert desktop.get()["id"] == kept
    refused(desktop, "NotFound", desktop.get, "", "", id=s(cleared))
    assert signals.names() == ["CredentialRemoved"]


def test_what_was_deleted_behind_our_back_is_minted_anew(desktop: Desktop):
    id = desktop.create()["id"]
    signals = SignalLog(desktop)
    clear(desktop, id)
    signals.wait_for("CredentialRemoved")
    assert desktop.get(create=b(True))["id"] != id


def test_a_deletion_while_the_daemon_is_away(desktop: Desktop):
    kept, cleared = desktop.create()["id"], desktop.create()["id"]
    assert desktop.stop_daemon() == 0
    clear(desktop, cleared)
    desktop.start_daemon()
    assert [one["id"] for one in desktop.list()] == [kept]


def test_a_new_label(desktop: Desktop):
    id = desktop.create()["id"]
    signals = SignalLog(desktop)
    set_property(desktop, find_item(desktop).path, "Label", GLib.Variant("s", "renamed in Seahorse"))
    changed, = signals.wait_for("CredentialChanged")
    assert (changed["id"], changed["label"]) == (id, "renamed in Seahorse")
    assert changed == metadata(desktop.get())
    assert signals.names() == ["CredentialChanged"]


def test_a_changed_attribute(desktop: Desktop):
    desktop.create()
    signals = SignalLog(desktop)
    set_attributes(desktop, find_item(desktop).path, host="proxy.example.com", port="6432")
    changed, = signals.wait_for("CredentialChanged")
    assert (changed["host"], changed["port"]) == ("proxy.example.com", 6432)
    assert changed == metadata(desktop.get())


def test_an_item_that_somebody_adds(desktop: Desktop):
    signals = SignalLog(desktop)
    pairs = ["xdg:schema", "org.felucca.Credential", "id", "by-hand", "backend", "nile", "workspace", "acme",
             "database", "orders", "user", "by-hand"]
    assert desktop.secret_tool("store", "--label=restored", *pairs, input=b"from a backup").returncode == 0
    added, = signals.wait_for("CredentialAdded")
    assert added["id"] == "by-hand"
    got = desktop.get()
    assert (got["id"], got["password"], got["label"]) == ("by-hand", "from a backup", "restored")


def test_what_is_there_at_the_start_is_no_news(desktop: Desktop):
    stored = desktop.create()["id"]
    with BusMonitor(desktop) as monitor:
        desktop.restart_daemon()
        assert [entry["id"] for entry in desktop.list()] == [stored]
        new = desktop.create(database="billing")["id"]
        assert [body[0]["id"] for body in monitor.signals("CredentialAdded")] == [new]


def test_items_of_others_are_nothing_to_us(desktop: Desktop):
    signals = SignalLog(desktop)
    assert desktop.secret_tool("store", "--label=x", "workspace", "acme", "database", "orders", input=b"x").returncode == 0
    desktop.create()
    signals.wait_for("CredentialAdded")
    assert signals.names() == ["CredentialAdded"]
    assert len(desktop.list()) == 1


def test_a_sign_in_that_is_no_longer_good_is_told_once(desktop: Desktop):
    signals = SignalLog(desktop)
    desktop.nile.rule(on="create", status=401, times=-1)
    for _ in range(2):
        refused(desktop, "SignInRequired", desktop.create)
    desktop.nile.clear_rules()
    desktop.sign_in()
    desktop.create()
    signals.wait_for("CredentialAdded")
    assert signals.seen[0] == ("SignInRequired", ("nile",))
    assert signals.names() == ["SignInRequired", "CredentialAdded"]

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The properties: Version, Backends, KeyringState."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from desktop import CREDENTIALS, DAEMON, NAME, PATH, Desktop
from refusals import refused
from signal_log import SignalLog

from gi.repository import GLib

PROPERTIES = "org.freedesktop.DBus.Properties"


def get_all(desktop: Desktop) -> GLib.Variant:
    return desktop.call_variant("GetAll", GLib.Variant("(s)", (CREDENTIALS,)), interface=PROPERTIES).get_child_value(0)


def test_their_types(desktop: Desktop):
    reply = get_all(desktop)
    found = {name: reply.lookup_value(name, None).get_type_string() for name in reply.unpack()}
    assert found == {"Version": "s", "Backends": "a{sa{sv}}", "KeyringState": "s", "Sandbox": "a{ss}"}


def test_version_is_the_programs(desktop: Desktop):
    shown = subprocess.run([DAEMON, "--version"], capture_output=True, text=True, check=True).stdout
    assert shown == f"felucca-daemon {desktop.property('Version')}\n"


@pytest.mark.parametrize("name", ["Version", "Backends", "KeyringState"])
def test_they_cannot_be_written(desktop: Desktop, name: str):
    with pytest.raises(GLib.Error, match="PropertyReadOnly"):
        desktop.bus.call_sync(NAME, PATH, PROPERTIES, "Set",
                              GLib.Variant("(ssv)", (CREDENTIALS, name, GLib.Variant("s", "x"))), None, 0, 10000, None)


def test_a_backend_that_is_ready(desktop: Desktop):
    backends = desktop.property("Backends")
    assert sorted(backends["nile"].pop("capabilities")) == ["authorize-url", "exchange", "list", "mint", "probe", "refresh", "revoke"]
    assert backends["nile"].pop("version")
    assert backends == {"nile": {"module": "nile", "description": "Nile (thenile.dev)", "state": "ready"}}


def test_the_first_read_waits_for_the_backends():
    """Nobody has used the backend before: that it can be used has to be found out first."""
    with Desktop(sign_in=False) as bare:
        assert get_all(bare).unpack()["Backends"]["nile"]["state"] == "sign-in-required"
    with Desktop(sign_in=False) as bare:
        assert bare.property("Backends")["nile"]["version"]
        assert get_all(bare).unpack()["Backends"] == bare.property("Backends")


def test_a_backend_without_a_sign_in(bare: Desktop):
    nile = bare.property("Backends")["nile"]
    assert nile["state"] == "sign-in-required"
    assert "felucca sign-in nile" in nile["detail"]


def test_a_backend_whose_sign_in_was_refused(desktop: Desktop):
    desktop.nile.rule(on="create", status=401, times=-1)
    refused(desktop, "SignInRequired", desktop.create)
    assert desktop.property("Backends")["nile"]["state"] == "sign-in-required"
    desktop.nile.clear_rules()
    desktop.sign_in()
    assert desktop.property("Backends")["nile"]["state"] == "ready"


def test_every_instance_is_shown():
    with Desktop(config="\n[backend second]\nmodule=nile\n") as desktop:
        states = {name: backend["state"] for name, backend in desktop.property("Backends").items()}
    assert states == {"nile": "ready", "second": "sign-in-required"}


def keyring_states(signals: SignalLog) -> list[str]:
    """What PropertiesChanged told of the keyring."""
    signals.pump()
    changes: list[dict[str, Any]] = [arguments[1] for name, arguments in signals.seen if name == "PropertiesChanged"]
    return [changed["KeyringState"] for changed in changes]


def test_the_keyring_is_unlocked_then_locked(desktop: Desktop):
    signals = SignalLog(desktop)
    assert desktop.property("KeyringState") == "unlocked"
    desktop.lock_keyring()
    signals.wait_for("PropertiesChanged")
    assert keyring_states(signals) == ["locked"]
    assert desktop.property("KeyringState") == "locked"


def test_the_keyring_is_absent_then_there():
    with Desktop(keyring=False, sign_in=False) as desktop:
        signals = SignalLog(desktop)
        assert desktop.property("KeyringState") == "absent"
        desktop.start_keyring()
        signals.wait_for("PropertiesChanged")
        assert keyring_states(signals)[-1] == "unlocked"
        assert desktop.property("KeyringState") == "unlocked"

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The keyring as any other program sees it: items through the Secret Service, not through felucca."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from desktop import Desktop

from gi.repository import GLib

SECRETS = "/org/freedesktop/secrets"
SERVICE = "org.freedesktop.Secret.Service"
ITEM = "org.freedesktop.Secret.Item"
PROPERTIES = "org.freedesktop.DBus.Properties"


@dataclass
class SecretItem:
    """One item; `path` names its collection too."""

    path: str
    label: str
    attributes: dict[str, str]
    secret: bytes


def find_items(desktop: Desktop, schema: str = "org.felucca.Credential", **attributes: str) -> list[SecretItem]:
    """Every unlocked item of a schema."""
    wanted = {"xdg:schema": schema} | {key.replace("_", "-"): value for key, value in attributes.items()}
    unlocked, _ = desktop.secrets_call(SECRETS, SERVICE, "SearchItems", GLib.Variant("(a{ss})", (wanted,)))
    return [read_item(desktop, path) for path in unlocked]


def find_item(desktop: Desktop, **attributes: str) -> SecretItem:
    """The one credential with these attributes."""
    items = find_items(desktop, **attributes)
    assert len(items) == 1, items
    return items[0]


def read_item(desktop: Desktop, path: str) -> SecretItem:
    """One item with its secret, over a session without encryption."""
    _, session = desktop.secrets_call(SECRETS, SERVICE, "OpenSession",
                                      GLib.Variant("(sv)", ("plain", GLib.Variant("s", ""))))
    (_, _, value, _), = desktop.secrets_call(path, ITEM, "GetSecret", GLib.Variant("(o)", (session,)))
    facts, = desktop.secrets_call(path, PROPERTIES, "GetAll", GLib.Variant("(s)", (ITEM,)))
    return SecretItem(path, facts["Label"], facts["Attributes"], bytes(value))


def set_property(desktop: Desktop, path: str, name: str, value: GLib.Variant) -> Any:
    """Somebody edits an item, as Seahorse does."""
    return desktop.secrets_call(path, PROPERTIES, "Set", GLib.Variant("(ssv)", (ITEM, name, value)))


def set_attributes(desktop: Desktop, path: str, **changed: str) -> None:
    """Changes attributes of an item, the others stay."""
    attributes = read_item(desktop, path).attributes | {key.replace("_", "-"): value for key, value in changed.items()}
    set_property(desktop, path, "Attributes", GLib.Variant("a{ss}", attributes))

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The running daemon says of itself what dbus/*.xml says of it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from desktop import Desktop

INTERFACES = sorted(path.stem for path in (Path(__file__).resolve().parents[2] / "dbus").glob("*.xml"))


def read_annotations(element: ElementTree.Element) -> dict[str, str]:
    return {one.attrib["name"]: one.attrib["value"] for one in element.findall("annotation")}


def read_members(interface: ElementTree.Element) -> dict[str, Any]:
    """Everything that is contract: members, their arguments in order, types, directions, access, annotations."""
    members: dict[str, Any] = {"annotations": read_annotations(interface)}
    for tag, default in (("method", "in"), ("signal", "out")):
        for one in interface.findall(tag):
            arguments = [(arg.attrib["name"], arg.attrib["type"], arg.attrib.get("direction", default))
                         for arg in one.findall("arg")]
            members[f"{tag} {one.attrib['name']}"] = (arguments, read_annotations(one))
    for one in interface.findall("property"):
        facts = (one.attrib["type"], one.attrib["access"], read_annotations(one))
        members[f"property {one.attrib['name']}"] = facts
    return members


def read_interface(text: str, name: str) -> dict[str, Any]:
    found = [one for one in ElementTree.fromstring(text).findall("interface") if one.attrib["name"] == name]
    assert len(found) == 1
    return read_members(found[0])


def introspect(desktop: Desktop) -> str:
    return desktop.call("Introspect", interface="org.freedesktop.DBus.Introspectable")


@pytest.mark.parametrize("name", INTERFACES)
def test_the_daemon_is_as_its_xml(bare: Desktop, name: str):
    path = Path(__file__).resolve().parents[2] / "dbus" / f"{name}.xml"
    documented = read_interface(path.read_text(), name)
    assert read_interface(introspect(bare), name) == documented
    assert len(documented) > 3


def test_no_interface_is_undocumented(bare: Desktop):
    served = {one.attrib["name"] for one in ElementTree.fromstring(introspect(bare)).findall("interface")}
    assert {name for name in served if not name.startswith("org.freedesktop.DBus.")} == set(INTERFACES)
    assert len(INTERFACES) == 2

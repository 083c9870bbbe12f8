# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gnome-keyring as the others are: the reference that they are compared with."""

from __future__ import annotations

from desktop import KEYRING_PASSWORD, Desktop
from keyring_tools import Prompter, kill_keyring
from secret_items import find_item, set_property

from gi.repository import GLib


class GnomeKeyring:
    NAME = "gnome-keyring"
    PROGRAMS = ["gnome-keyring-daemon"]
    HIDES_WHEN_LOCKED = False  # what is in it
    COMES_BACK = "unlocked"  # after a new start, with its password
    ADDS = set()  # attributes that nobody stored

    def __init__(self, desktop: Desktop, *answers: str) -> None:
        """answers: to its prompts, `right` or `dismiss`."""
        self.desktop = desktop
        self.prompter = Prompter(desktop, *("cancel" if one == "dismiss" else "answer:" + KEYRING_PASSWORD for one in answers))

    def start(self) -> None:
        self.desktop.start_keyring(env=self.desktop.env | {"GNOME_KEYRING_TEST_PROMPTER": self.prompter.name})

    def kill(self) -> None:
        kill_keyring(self.desktop)

    def end(self) -> None:
        """It ends with its desktop."""

    def wait_written(self, *labels: str) -> None:
        """It writes before it answers."""

    def lock(self) -> None:
        self.desktop.lock_keyring()

    def answer_prompt(self) -> None:
        """The prompter does as it was told."""

    def dismiss_prompt(self) -> None:
        """The same."""

    def rename(self, label: str, id: str) -> None:
        """As Seahorse does."""
        set_property(self.desktop, find_item(self.desktop, id=id).path, "Label", GLib.Variant("s", label))

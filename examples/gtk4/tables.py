#!/usr/bin/python3
# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A window that shows the tables of a database: tables.py WORKSPACE/DATABASE

It mints a credential if none is stored, and logs in anew when its credential is rotated, before the old one ends.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import gi
import psycopg2
from psycopg2.extensions import connection as Session

gi.require_version("Gtk", "4.0")
from gi.repository import Gio, GLib, Gtk, Pango  # noqa: E402

NAME = "org.felucca.Credentials1"
PATH = "/org/felucca/Credentials1"
ERRORS = "org.felucca.Error."
TIMEOUT_MSEC = 180_000  # the keyring may be asking the user meanwhile

# What to do about the errors that a user can do something about. The others speak for themselves.
SENTENCES = {
    ERRORS + "SignInRequired": "You are not signed in at the provider: run “felucca sign-in” in a terminal.",
    ERRORS + "AccessDenied": "The provider does not let you use this database: ask who administers it.",
    ERRORS + "NotFound": "There is no such workspace or database, or its credential was revoked.",
    ERRORS + "KeyringLocked": "Your keyring is locked.",
    ERRORS + "PromptDismissed": "Your keyring stays locked, so nothing was asked for.",
    ERRORS + "KeyringAbsent": "There is no keyring to keep passwords in: start gnome-keyring, KeePassXC or KWallet.",
    ERRORS + "Unreachable": "The provider cannot be reached: are you online?",
    ERRORS + "TimedOut": "The provider takes too long.",
    ERRORS + "OutcomeUnknown": "A credential may have been made: run “felucca unresolved” in a terminal.",
    "org.freedesktop.DBus.Error.ServiceUnknown": "felucca is not installed here, or the session bus does not know it.",
}

TABLES = """
    SELECT table_schema || '.' || table_name FROM information_schema.tables
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""


def explain(error: GLib.Error) -> str:
    """A sentence for the user, and what the daemon said."""
    name = Gio.DBusError.get_remote_error(error) or ""
    detail = error.message.removeprefix(f"GDBus.Error:{name}: ")
    return f"{SENTENCES[name]}\n\n{detail}" if name in SENTENCES else detail


def log_in(credential: dict[str, Any], password: str) -> Session:
    """A key that the provider did not send is absent: libpq has its own default then."""
    parameters = {
        "host": credential.get("host"),
        "port": credential.get("port"),
        "user": credential.get("user"),
        "dbname": credential.get("database-name", credential["database"]),
        "sslmode": credential.get("ssl-mode"),
    }
    return psycopg2.connect(password=password, **{key: value for key, value in parameters.items() if value is not None})


def list_tables(connection: Session) -> list[str]:
    """The names of all that this user may see."""
    with connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
        return [name for (name,) in cursor]


class TablesWindow(Gtk.ApplicationWindow):
    """All but the log-in happens in the main loop, so that signals and answers come in the order they were sent in."""

    def __init__(self, app: Gtk.Application, bus: Gio.DBusConnection, workspace: str, database: str):
        super().__init__(application=app, title=f"{workspace}/{database}", default_width=420, default_height=320)
        self.target = (workspace, database)
        self.credential_id: str | None = None  # of the session in use, or of the one that is about to be
        self.session: Session | None = None
        self.session_id: str | None = None  # the credential that it logged in with
        self.attempt = 0  # what an earlier attempt comes back with is dropped
        self.build()
        self.bus = bus
        for signal in ("CredentialChanged", "CredentialRemoved"):
            self.bus.signal_subscribe(NAME, NAME, signal, PATH, None, Gio.DBusSignalFlags.NONE, self.on_signal)
        self.connect_database(by_user=True)

    def build(self) -> None:
        """The tables or what went wrong; below it, who is logged in."""
        button = Gtk.Button(label="Reconnect")
        button.connect("clicked", lambda _: self.connect_database(by_user=True))
        header = Gtk.HeaderBar()
        header.pack_start(button)
        self.set_titlebar(header)

        self.list = Gtk.ListBox(selection_mode=Gtk.SelectionMode.NONE, show_separators=True)
        self.list.set_placeholder(Gtk.Label(label="There is no table yet.", margin_top=24))
        self.error = Gtk.Label(wrap=True, selectable=True, max_width_chars=40, margin_start=24, margin_end=24)
        self.pages = Gtk.Stack(vexpand=True)
        self.pages.add_named(Gtk.ScrolledWindow(child=self.list), "tables")
        self.pages.add_named(self.error, "error")

        self.status = Gtk.Label(xalign=0, ellipsize=Pango.EllipsizeMode.MIDDLE, css_classes=["dim-label"],
                                margin_start=12, margin_end=12, margin_top=8, margin_bottom=8)  # fmt: skip
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        for part in (self.pages, Gtk.Separator(), self.status):
            box.append(part)
        self.set_child(box)

    def on_signal(self, _bus: Any, _sender: str, _path: str, _interface: str, _name: str, arguments: GLib.Variant) -> None:
        """Perhaps ours was rotated, renewed or removed."""
        (changed,) = arguments.unpack()
        if self.credential_id == (changed if isinstance(changed, str) else changed["id"]):
            self.connect_database(by_user=False)

    def connect_database(self, by_user: bool) -> None:
        """Asks for the newest credential; the password comes through a pipe, where nobody on the bus sees it.

        Only for the user something is minted, or the keyring asks to be unlocked: who revokes a credential, means it.
        """
        self.attempt += 1
        if self.session is None:
            self.status.set_label("Connecting…")
        read_end, write_end = os.pipe()
        options = {
            "create": GLib.Variant("b", by_user),
            "interactive": GLib.Variant("b", by_user),
            "secret-fd": GLib.Variant("h", 0),
        }
        fds = Gio.UnixFDList.new_from_array([write_end])  # closes it in the end
        self.bus.call_with_unix_fd_list(
            NAME, PATH, NAME, "GetCredential", GLib.Variant("(ssa{sv})", (*self.target, options)),
            GLib.VariantType("(a{sv})"), Gio.DBusCallFlags.NONE, TIMEOUT_MSEC, fds, None,
            self.on_credential, self.attempt, by_user, open(read_end))  # fmt: skip

    def on_credential(self, bus: Gio.DBusConnection, result: Gio.AsyncResult, attempt: int, by_user: bool, pipe: Any) -> None:
        """The daemon has answered. The same credential again, a renewed one for example, needs no new session."""
        with pipe:
            try:
                reply, _ = bus.call_with_unix_fd_list_finish(result)
            except GLib.Error as error:
                return self.on_failed(attempt, explain(error))
            password = pipe.read()
        (credential,) = reply.unpack()
        if attempt != self.attempt:
            return None
        self.credential_id = credential["id"]
        if by_user or self.credential_id != self.session_id:
            threading.Thread(target=self.work, args=(attempt, credential, password), daemon=True).start()
        return None

    def work(self, attempt: int, credential: dict[str, Any], password: str) -> None:
        """In a thread, because libpq blocks."""
        try:
            session = log_in(credential, password)
            tables = list_tables(session)
        except psycopg2.Error as error:
            GLib.idle_add(self.on_failed, attempt, f"Could not log in to the database.\n\n{error}")
        else:
            GLib.idle_add(self.on_logged_in, attempt, credential, session, tables)

    def on_logged_in(self, attempt: int, credential: dict[str, Any], session: Session, tables: list[str]) -> None:
        """From now on the new session is used, and the old one is over."""
        if attempt != self.attempt:
            session.close()
            return
        self.replace_session(session, credential["id"])
        while (row := self.list.get_row_at_index(0)) is not None:
            self.list.remove(row)
        for name in tables:
            self.list.append(Gtk.Label(label=name, xalign=0, margin_start=12, margin_top=8, margin_bottom=8))
        self.status.set_label(f"Logged in as {credential['user']}")
        self.pages.set_visible_child_name("tables")

    def on_failed(self, attempt: int, message: str) -> None:
        """The window stays; its button tries again."""
        if attempt != self.attempt:
            return
        self.replace_session(None, None)
        self.error.set_label(message.strip())
        self.status.set_label("Not connected")
        self.pages.set_visible_child_name("error")

    def replace_session(self, session: Session | None, credential_id: str | None) -> None:
        """Closes the one that was in use."""
        if self.session is not None:
            self.session.close()
        self.session = session
        self.session_id = self.credential_id = credential_id


def main() -> int | str:
    """The exit status, or what was wrong with the command line."""
    workspace, slash, database = sys.argv[-1].partition("/")
    if len(sys.argv) != 2 or not slash:
        return f"usage: {sys.argv[0]} WORKSPACE/DATABASE"
    try:
        bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
    except GLib.Error as error:
        return explain(error)
    app = Gtk.Application(application_id="org.felucca.example.Tables", flags=Gio.ApplicationFlags.NON_UNIQUE)
    app.connect("activate", lambda app: TablesWindow(app, bus, workspace, database).present())
    return app.run()


if __name__ == "__main__":
    sys.exit(main())

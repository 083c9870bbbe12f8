#!/usr/bin/python3
# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the tables of a database, and mints a credential for it if none is stored: tables.py WORKSPACE/DATABASE"""

from __future__ import annotations

import os
import sys
from typing import Any

import psycopg2
from gi.repository import Gio, GLib

NAME = "org.felucca.Credentials1"
PATH = "/org/felucca/Credentials1"
ERRORS = "org.felucca.Error."
TIMEOUT_MSEC = 180_000  # the keyring may be asking the user meanwhile

# What to do about the errors that a user can do something about. The others speak for themselves.
SENTENCES = {
    ERRORS + "SignInRequired": "You are not signed in at the provider: run `felucca sign-in`.",
    ERRORS + "AccessDenied": "The provider does not let you use this database: ask who administers it.",
    ERRORS + "NotFound": "There is no such workspace or database: look for a typing error.",
    ERRORS + "KeyringLocked": "Your keyring is locked: unlock it and try again.",
    ERRORS + "PromptDismissed": "Your keyring stays locked, so nothing was asked for: try again and unlock it.",
    ERRORS + "KeyringAbsent": "There is no keyring to keep passwords in: start gnome-keyring, KeePassXC or KWallet.",
    ERRORS + "Unreachable": "The provider cannot be reached: are you online?",
    ERRORS + "TimedOut": "The provider takes too long: try again later.",
    ERRORS + "OutcomeUnknown": "A credential may have been made: see `felucca unresolved`.",
    "org.freedesktop.DBus.Error.ServiceUnknown": "felucca is not installed here, or the session bus does not know it.",
}

TABLES = """
    SELECT table_schema || '.' || table_name FROM information_schema.tables
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""


def get_credential(workspace: str, database: str) -> tuple[dict[str, Any], str]:
    """What is known of the newest stored credential, or of a new one; and its password.

    The password comes through a pipe, not in the reply: who monitors the bus does not see it.
    """
    bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
    read_end, write_end = os.pipe()
    with open(read_end) as pipe:
        fds = Gio.UnixFDList.new_from_array([write_end])  # closes it in the end
        options = {"create": GLib.Variant("b", True), "secret-fd": GLib.Variant("h", 0)}
        reply, _ = bus.call_with_unix_fd_list_sync(
            NAME, PATH, NAME, "GetCredential", GLib.Variant("(ssa{sv})", (workspace, database, options)),
            GLib.VariantType("(a{sv})"), Gio.DBusCallFlags.NONE, TIMEOUT_MSEC, fds, None)  # fmt: skip
        del fds  # or there would be no end of file
        return reply.unpack()[0], pipe.read()


def connect(credential: dict[str, Any], password: str) -> psycopg2.extensions.connection:
    """A key that the provider did not send is absent: libpq has its own default then."""
    parameters = {
        "host": credential.get("host"),
        "port": credential.get("port"),
        "user": credential.get("user"),
        "dbname": credential.get("database-name", credential["database"]),
        "sslmode": credential.get("ssl-mode"),
    }
    return psycopg2.connect(password=password, **{key: value for key, value in parameters.items() if value is not None})


def explain(error: GLib.Error) -> str:
    """A sentence for the user, and what the daemon said."""
    name = Gio.DBusError.get_remote_error(error) or ""
    detail = error.message.removeprefix(f"GDBus.Error:{name}: ")
    return f"{SENTENCES[name]}\n({detail})" if name in SENTENCES else detail


def main() -> str | None:
    """What went wrong, or None."""
    workspace, slash, database = sys.argv[-1].partition("/")
    if len(sys.argv) != 2 or not slash:
        return f"usage: {sys.argv[0]} WORKSPACE/DATABASE"
    try:
        connection = connect(*get_credential(workspace, database))
    except GLib.Error as error:
        return explain(error)
    except psycopg2.OperationalError as error:
        return f"Could not log in to the database: {error}"
    with connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
        for (table,) in cursor:
            print(table)
    connection.close()
    return None


if __name__ == "__main__":
    sys.exit(main())

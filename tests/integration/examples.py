# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples for apps: the commands of their README, in a folder as a clone is, at a database of their own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop import Desktop
from postgres_server import MAKER, PostgresServer

ROOT = Path(__file__).resolve().parents[2]
TARGET = "acme/orders"
TABLES = ["public.customers", "public.items"]
SECTION = re.compile(r"^## .*\]\((\w+)/[^)]*\)\n(?:(?!^## ).*\n)*?^```sh\n((?:(?!```).*\n)+)```", re.MULTILINE)


def commands() -> dict[str, str]:
    """What the README says to type, by folder."""
    return dict(SECTION.findall((ROOT / "examples/README.md").read_text()))


def clone(folder: Path) -> Path:
    """As after a `git clone` and the `npm install` that the README names."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "examples/node/node_modules").symlink_to(ROOT / "tests/node_modules")
    return folder


def backend(name: str, server: PostgresServer, user: str = MAKER, **more: object) -> str:
    """A workspace at this server, for the configuration."""
    return f"\n[backend {name}]\nmodule=postgres\ndsn={server.dsn(user, **more)}\ngroup=app\ntimeout=5\n"


@contextmanager
def orders() -> Iterator[PostgresServer]:
    """A server with the database that all examples name, and two tables in it."""
    with PostgresServer() as server:
        server.set_up_orders()
        for table in TABLES:
            add_table(server, table)
        yield server


def add_table(server: PostgresServer, name: str) -> None:
    """One more, which everybody in the group sees."""
    server.sql(f"SET ROLE app; CREATE TABLE {name} (id int)", database="orders")


def password_of(desktop: Desktop, id: str) -> str:
    """From the keyring: that way it is on no bus."""
    password = desktop.lookup(id=id)
    assert password is not None and len(password) >= 20
    return password

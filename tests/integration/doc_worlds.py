# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the examples of our documents run: a desktop of their own, with what the reader is told to have."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop import BUILD, CLIENT, DAEMON, BusError, Desktop, service_file, wait_until
from doc_blocks import ROOT, Block, Names, steps_of
from mariadb_server import MariadbServer
from postgres_server import BOSS_PASSWORD, MAKER, PostgresServer

DEADLINE_SEC = 120
README_ADMIN = "felucca_admin"
PKG_CONFIG = """Name: felucca-backend-1
Description: as it is installed
Version: 1
backenddir={backends}
Cflags: -I{root}/plugins/include
"""


class World:
    """One desktop, for the blocks of one document that name it."""

    def __init__(self, desktop: Desktop):
        self.desktop = desktop
        self.folder = desktop.root / "work"
        (self.folder / "bin").mkdir(parents=True)
        (self.folder / "bin/python3").symlink_to(sys.executable)
        self.names = Names()
        packages = desktop.root / "packages"
        packages.mkdir()
        if desktop.daemon_process is not None:
            desktop.activatable()  # as installed: a daemon leaves when ~/.pgpass is made, and the next call starts one
        (packages / "felucca-backend-1.pc").write_text(PKG_CONFIG.format(backends=desktop.backends, root=ROOT))
        self.env = desktop.env | {
            "PATH": f"{self.folder}/bin:{CLIENT.parent}:{desktop.env['PATH']}", "LANG": "C.UTF-8", "PKG_CONFIG_PATH": str(packages),
            "FELUCCA_SOURCE": str(ROOT), "FELUCCA_BUILD": str(BUILD.resolve()), "FELUCCA_TESTS": str(ROOT / "tests"),
            "FELUCCA_DAEMON": str(DAEMON), "NILE_TOKEN": desktop.nile.issue_token(ttl=3600)["access_token"],
            "CONTROL": desktop.nile.control,
        }  # fmt: skip

    # Commands

    def bash(self, script: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", "--norc", "-c", "exec 2>&1\n" + script], env=self.env, cwd=self.folder, text=True,
                              input=stdin or "", stdout=subprocess.PIPE, timeout=DEADLINE_SEC, errors="replace")  # fmt: skip

    def ask(self, command: str) -> str:
        """What a hidden command prints; it has to succeed."""
        done = self.bash("set -eo pipefail\n" + self.names.fill_in(command))
        assert done.returncode == 0, f"{command}: {done.stdout}"
        return done.stdout.strip()

    def run(self, block: Block) -> str | None:
        """None, or what is wrong with it."""
        needs = block.mark("needs")
        if needs is not None and self.bash(needs).returncode != 0:
            warnings.warn(f"{block.place} is left out: it needs `{needs}`", stacklevel=2)
            return None
        for one in block.marks.get("let", []):
            name, _, command = one.partition(" = ")
            self.names.actual[name] = self.ask(command)
        stdin = self.bash(command).stdout if (command := block.mark("stdin")) else None
        for command in block.marks.get("before", []):
            self.ask(command)
        wrong = getattr(self, f"_{block.way}")(block, stdin)
        for command in block.marks.get("after", []) if wrong is None else []:
            self.ask(command)
        return wrong

    def _sh(self, block: Block, stdin: str | None) -> str | None:
        done = self.bash("set -eo pipefail\n" + self.names.fill_in(block.text), stdin)
        status = int(block.mark("status") or 0)
        return None if done.returncode == status else f"ended with {done.returncode}, not {status}:\n{done.stdout}"

    def _console(self, block: Block, stdin: str | None) -> str | None:
        """Each command in a shell of its own: what one prints may be needed for the next."""
        steps = steps_of(block.text)
        for number, step in enumerate(steps):
            done = self.bash(self.names.fill_in(step.command), stdin)
            # What a command prints without a newline at its end stands before the next prompt.
            wrong = self.names.compare(step.output, done.stdout.rstrip("\n").split("\n") if done.stdout else [])
            if wrong is not None:
                return f"$ {step.command}: {wrong}\n{done.stdout}"
            status = int(block.mark("status") or 0) if number == len(steps) - 1 else 0
            if done.returncode != status:
                return f"$ {step.command}: ended with {done.returncode}, not {status}"
        return None

    def _with(self, block: Block, stdin: str | None) -> str | None:
        done = self.bash(block.mark("with") or "", self.names.fill_in(block.text))
        return done.stdout if done.returncode else None

    def _shows(self, block: Block, stdin: str | None) -> str | None:
        printed = self.ask(block.mark("shows") or "")
        wrong = self.names.shorten([line for line in block.text.split("\n") if line], printed.split("\n"))
        return f"{wrong}\n{printed}" if wrong else None

    # What is not a command

    def _json(self, block: Block, stdin: str | None) -> str | None:
        try:
            json.loads(block.text)
        except ValueError as error:
            return str(error)
        return None

    def _file(self, block: Block, stdin: str | None) -> str | None:
        path = Path(self.ask(f"echo {block.mark('file')}"))
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.names.fill_in(block.text))
        path.chmod(0o600)
        return None

    def _excerpt(self, block: Block, stdin: str | None) -> str | None:
        lines = iter([line.strip() for line in (ROOT / (block.mark("excerpt") or "")).read_text().split("\n")])
        for line in block.text.strip().split("\n"):
            if "…" not in line and line.strip() not in lines:
                return f"{block.mark('excerpt')} has no line {line!r} there"
        return None

    def _ini(self, block: Block, stdin: str | None) -> str | None:
        """The daemon takes it, and each backend in it."""
        desktop = self.desktop
        desktop.extra_config += "\n" + self.names.fill_in(block.text)
        desktop.write_config()
        said = len(desktop.daemon_log())
        desktop.restart_daemon()
        backends = desktop.property("Backends")
        instances = re.findall(r"^\[backend ([^\]]+)\]$", block.text, re.MULTILINE)
        failed = {name: backends.get(name) for name in instances if backends.get(name, {}).get("state", "failed") == "failed"}
        complaints = [line for line in desktop.daemon_log()[said:].splitlines() if "felucca.conf" in line]
        return f"{failed} {complaints}" if failed or complaints else None


def backend(name: str, server: PostgresServer, admin: str = MAKER) -> str:
    return (f"\n[backend {name}]\nmodule=postgres\ndsn={server.dsn(admin)}\ngroup=app\n"
            f"host=127.0.0.1\nport={server.port}\nssl-mode=disable\n")


@contextlib.contextmanager
def postgres() -> Iterator[Desktop]:
    """acme/orders and local/orders are a database that can be logged in to, with a table `items` in it. readme waits for the
    admin that plugins/postgres/README.md makes."""
    if not (BUILD / "plugins/postgres/postgres.so").exists():
        pytest.skip("built without libpq")
    with PostgresServer() as server:
        server.set_up_orders()
        server.sql("CREATE TABLE items AS SELECT 1 AS id; ALTER TABLE items OWNER TO app", database="orders")
        server.allow(README_ADMIN, "admin-pw")
        with Desktop(config=backend("acme", server) + backend("local", server) + backend("readme", server, README_ADMIN)) as desktop:
            desktop.env["SERVER"] = server.dsn(password=BOSS_PASSWORD, dbname="postgres")
            yield desktop


@contextlib.contextmanager
def mariadb() -> Iterator[Desktop]:
    """shop/orders is a database that can be logged in to. readme waits for the admin that plugins/mariadb/README.md makes."""
    if not (BUILD / "plugins/mariadb/mariadb.so").exists():
        pytest.skip("built without libmariadb")
    with MariadbServer() as server:
        logins = {"shop": server.options(), "readme": server.options("readme", user=pwd.getpwuid(os.geteuid()).pw_name, password=None)}
        config = "".join(f"\n[backend {name}]\nmodule=mariadb\ndefaults-file={file}\ngroup=app\n" for name, file in logins.items())
        with Desktop(config=config) as desktop:
            desktop.env["SERVER"] = str(server.socket)
            yield desktop


@contextlib.contextmanager
def ssh() -> Iterator[Desktop]:
    """The desktop runs, and there is no session bus here."""
    with Desktop() as desktop:
        address = desktop.env.pop("DBUS_SESSION_BUS_ADDRESS")
        yield desktop
        desktop.env["DBUS_SESSION_BUS_ADDRESS"] = address


@contextlib.contextmanager
def unresolved() -> Iterator[Desktop]:
    """The answer to a mint of acme/orders was lost, and the provider has been asked since what could be it."""
    with Desktop() as desktop:
        desktop.reconfigure(timeout=5)
        desktop.nile.rule(on="create", mint_without_answer=True)
        with contextlib.suppress(BusError):
            desktop.create()
        wait_until(lambda: desktop.call("ListUnresolved")[0].get("candidates"), "the candidate is known")
        yield desktop


@contextlib.contextmanager
def machine() -> Iterator[Desktop]:
    """Nothing runs, but felucca is installed: a bus that somebody starts would start the daemon."""
    with Desktop(keyring=False, sign_in=False, daemon=False) as desktop:
        services = desktop.root / "data/dbus-1/services"
        services.mkdir(parents=True)
        service_file(services, DAEMON)
        del desktop.env["DBUS_SESSION_BUS_ADDRESS"]
        yield desktop


WORLDS = {
    "nile": Desktop,  # signed in to the provider stand-in
    "signed-out": lambda: Desktop(sign_in=False),
    "postgres": postgres,
    "mariadb": mariadb,
    "ssh": ssh,
    "unresolved": unresolved,
    "machine": machine,
}


class Worlds:
    """The worlds of one document, made when they are first needed. Use as a context manager."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._made: dict[str, World] = {}

    def __enter__(self) -> "Worlds":
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def get(self, name: str) -> World:
        if name not in self._made:
            self._made[name] = World(self._stack.enter_context(WORLDS[name]()))
        return self._made[name]

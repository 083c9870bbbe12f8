# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `felucca` prints: every format, and what a terminal gets that a pipe does not."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from desktop import Desktop, s, wait_until
from terminals import Terminal, show

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
UGLY = "p:w\\ '\"$`@/?#%&ü|"
FORMATS = ["password", "url", "json", "env", "nile-env", "pgpass", "conninfo"]


def get(desktop: Desktop, format: str, *arguments: str) -> str:
    """What a format shows of acme/orders, which nothing else accompanies."""
    done = desktop.cli("get", "acme/orders", "--format", format, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def create_with_password(desktop: Desktop, password: str) -> dict[str, Any]:
    body = {"id": "{{id}}", "password": password, "tenant": "t1",
            "database": {"id": "d1", "dbHost": "db.example", "apiHost": "api.example"}}
    desktop.nile.rule(on="create", after_mint=True, body=json.dumps(body))
    return desktop.create()


def shell_lines(text: str) -> dict[str, str]:
    """NAME=VALUE lines as a shell reads them."""
    return dict(word.split("=", 1) for word in shlex.split(text))


@pytest.fixture(params=["simple", UGLY], ids=["simple", "ugly"])
def stored(request: pytest.FixtureRequest, desktop: Desktop):
    """A desktop that holds one credential; its tenant is the answer's."""
    desktop.credential = create_with_password(desktop, request.param)
    desktop.arguments = ["--tenant", "t1"]
    return desktop


def test_password(stored: Desktop):
    assert get(stored, "password", *stored.arguments) == stored.credential["password"] + "\n"


def test_json(stored: Desktop):
    assert json.loads(get(stored, "json", *stored.arguments)) == stored.get(tenant_id=s("t1"))
    assert stored.cli("get", "acme/orders", "--json", *stored.arguments).stdout == get(stored, "json", *stored.arguments)


def test_url(stored: Desktop):
    parts = urlsplit(get(stored, "url", *stored.arguments).removesuffix("\n"))
    assert (parts.scheme, parts.hostname, parts.port, parts.path) == ("postgres", "db.example", 5432, "/orders")
    assert (unquote(parts.username), unquote(parts.password)) == (stored.credential["id"], stored.credential["password"])
    assert parse_qs(parts.query) == {"sslmode": ["require"]}


def test_env(stored: Desktop):
    assert shell_lines(get(stored, "env", *stored.arguments)) == {
        "PGHOST": "db.example", "PGPORT": "5432", "PGUSER": stored.credential["id"], "PGDATABASE": "orders",
        "PGSSLMODE": "require", "PGPASSWORD": stored.credential["password"],
    }


def test_nile_env(stored: Desktop):
    found = shell_lines(get(stored, "nile-env", *stored.arguments))
    assert found.items() >= {
        "NILEDB_USER": stored.credential["id"], "NILEDB_PASSWORD": stored.credential["password"], "NILEDB_ID": "d1",
        "NILEDB_NAME": "orders", "NILEDB_TENANT": "t1",
    }.items()
    assert urlsplit(found["NILEDB_POSTGRES_URL"]).hostname == "db.example"


def test_pgpass(stored: Desktop):
    line = get(stored, "pgpass", *stored.arguments).removesuffix("\n")
    password = stored.credential["password"].replace("\\", "\\\\").replace(":", "\\:")
    assert line == f"db.example:5432:orders:{stored.credential['id']}:{password}"


def test_conninfo(stored: Desktop):
    text = get(stored, "conninfo", *stored.arguments).removesuffix("\n")
    pairs = re.findall(r"(\w+)='((?:[^'\\]|\\.)*)'", text)
    assert {key: re.sub(r"\\(.)", r"\1", value) for key, value in pairs} == {
        "host": "db.example", "port": "5432", "dbname": "orders", "user": stored.credential["id"],
        "password": stored.credential["password"], "sslmode": "require",
    }
    assert text == " ".join(f"{key}='{value}'" for key, value in pairs)


@pytest.mark.parametrize("format", FORMATS)
def test_create_knows_the_formats_too(desktop: Desktop, format: str):
    done = desktop.cli("create", "acme/orders", "--format", format)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(desktop.nile.password_of(desktop.nile.live()[0]["id"])) == 1


@pytest.mark.parametrize("format", sorted(set(FORMATS) - {"password", "json", "nile-env"}))
def test_without_a_host_there_is_no_connection(desktop: Desktop, format: str):
    desktop.nile.rule(on="create", after_mint=True, body='{"id":"{{id}}","password":"{{password}}"}')
    desktop.create()
    done = desktop.cli("get", "acme/orders", "--format", format)
    assert (done.returncode, done.stdout) == (1, "")
    assert "host" in done.stderr


@pytest.mark.parametrize("arguments", [["list"], ["status"], ["backends"], ["get", "acme/orders"], ["--help"]])
def test_a_pipe_gets_no_colours(desktop: Desktop, arguments: list[str]):
    desktop.create()
    done = desktop.cli(*arguments, TERM="xterm-256color")
    assert done.stdout != ""
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["list"], ["status"], ["backends"]])
def test_a_terminal_gets_colours(desktop: Desktop, arguments: list[str]):
    desktop.create()
    def both() -> tuple[str, str]:
        return show(desktop, *arguments), desktop.cli(*arguments).stdout

    assert ESCAPE.search(show(desktop, *arguments))
    wait_until(lambda: ESCAPE.sub("", (pair := both())[0]).replace("\r\n", "\n") == pair[1], "they say the same, unless time has passed")


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_unless_somebody_minds(desktop: Desktop, variables: dict[str, str]):
    desktop.create()
    assert "\x1b" not in show(desktop, "list", **variables)


def test_an_empty_no_color_does_not_count(desktop: Desktop):
    desktop.create()
    assert ESCAPE.search(show(desktop, "list", NO_COLOR=""))


def test_columns_are_aligned(desktop: Desktop):
    desktop.create()
    desktop.create("acme", "billing")
    lines = desktop.cli("list").stdout.splitlines()
    for heading in ("DATABASE", "BACKEND", "STATE", "CREATED"):
        column = lines[0].index(heading)
        assert [line for line in lines[1:] if line[column - 1] != " " or line[column] == " "] == []
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("columns", [60, 90, 200])
def test_a_narrow_terminal_cuts_only_the_last_column(desktop: Desktop, columns: int):
    desktop.cli("create", "acme/orders", "--label", "a label that goes on and on, and then some more of it until the end")
    screen = ESCAPE.sub("", show(desktop, "list", columns=columns)).splitlines()
    assert desktop.list()[0]["id"] in screen[1]
    assert ("…" in screen[1]) == (columns < 200)


def test_a_label_cannot_play_with_the_terminal(desktop: Desktop):
    desktop.cli("create", "acme/orders", "--label", "a\u202eb")
    screen = show(desktop, "list")
    assert "\u202e" not in screen and "a\ufffdb" in screen


def test_a_token_is_typed_unseen(bare: Desktop):
    token = bare.nile.issue_token()["access_token"]
    terminal = Terminal(bare, "sign-in", "--token-stdin")
    terminal.wait_for("Access token: ")
    terminal.type(token + "\n")
    assert terminal.finish() == 0
    assert token not in terminal.screen and token[:20] not in terminal.screen
    assert "signed in to nile as ada@example.com" in terminal.screen
    bare.create()


def test_no_prompt_asks_nobody(bare: Desktop):
    terminal = Terminal(bare, "sign-in", "--no-prompt")
    assert terminal.finish() == 2
    assert "Access token" not in terminal.screen


def test_json_is_the_same_on_a_terminal(desktop: Desktop):
    desktop.create()
    assert show(desktop, "list", "--json").replace("\r\n", "\n") == desktop.cli("list", "--json").stdout

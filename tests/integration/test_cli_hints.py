# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a new user is told who has mistyped something, or where something is missing: what to type next."""

from __future__ import annotations

from typing import Iterator

import pytest

from daemon_stand_in import DaemonStandIn
from desktop import Desktop, s
from terminals import Terminal


@pytest.fixture(scope="module")
def desk() -> Iterator[Desktop]:
    with Desktop() as desktop:
        desktop.create()
        yield desktop


@pytest.fixture(scope="module")
def bus() -> Iterator[Desktop]:
    """A bus and nothing else."""
    with Desktop(keyring=False, sign_in=False, daemon=False) as desktop:
        yield desktop


@pytest.mark.parametrize("line,status,hint", [
    ("crate acme/orders", 2, "did you mean 'create'? see: felucca --help"),
    ("stauts", 2, "did you mean 'status'?"),
    ("login", 2, "did you mean 'sign-in'?"),
    ("rm x", 2, "did you mean 'revoke'?"),
    ("xyzzy", 2, "'xyzzy' is not a verb; see: felucca --help"),
    ("", 2, "felucca --help"),
    ("--jsn list", 2, "did you mean --json? see: felucca --help"),
    ("get --crete acme/orders", 2, "did you mean --create? see: felucca get --help"),
    ("get --xyzzy acme/orders", 2, "Unknown option --xyzzy; see: felucca get --help"),
    ("get acme/orders --format ulr", 2, "did you mean 'url'?"),
    ("get", 2, "usage: felucca get WORKSPACE/DATABASE | ID"),
    ("run acme/orders psql", 2, "try: felucca run acme/orders -- psql"),
    ("create orders", 2, "WORKSPACE/DATABASE, such as acme/orders; try: felucca list"),
    ("get acme/nothing", 7, "felucca create acme/nothing"),
    ("get acm/orders", 7, "did you mean acme/orders?"),
    ("run acme/ordres -- true", 7, "did you mean acme/orders?"),
    ("get orders", 7, "did you mean acme/orders?"),
    ("get 0192aa", 7, "try: felucca list"),
    ("revoke 0192aa", 7, "try: felucca list"),
    ("revoke 0192aa 0192ab", 7, "0192ab: no credential '0192ab' is stored; try: felucca list"),
    ("rotate 0192aa", 7, "try: felucca list"),
    ("rotate acme/orders", 7, "felucca list acme/orders"),
    ("get acme/orders -b nobody", 2, "felucca backends"),
    ("status -b nobody", 7, "try: felucca backends"),
])
def test_what_to_type_next(desk: Desktop, line: str, status: int, hint: str):
    done = desk.cli(*line.split())
    assert (done.returncode, done.stdout) == (status, "")
    assert hint in done.stderr


@pytest.mark.parametrize("others,hint", [
    ([], "did you mean acme/orders?"), (["acme/orders", "acme/stock"], "did you mean acme/orders?"), (["brass/orders"], "try: felucca list"),
])
def test_a_database_alone_is_enough_where_one_bears_the_name(bus: Desktop, others: list[str], hint: str):
    with DaemonStandIn(bus) as daemon:
        daemon.failures["GetCredential"] = ("NotFound", "It is not here.")
        pairs = [name.split("/") for name in ["acme/orders", *others]]
        daemon.credentials = [{"workspace": workspace, "database": database} for workspace, database in pairs]
        done = bus.cli("get", "orders")
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr.endswith(f"; {hint}\n")


def test_the_hidden_verb_is_not_suggested(desk: Desktop):
    assert "__complete" not in desk.cli("_complete").stderr


@pytest.mark.parametrize("line,hint", [("list nothing", "try: felucca list"), ("list acme/nothing", "try: felucca list")])
def test_nothing_to_list(desk: Desktop, line: str, hint: str):
    done = desk.cli(*line.split())
    assert (done.returncode, done.stdout) == (0, "") and hint in done.stderr


@pytest.mark.parametrize("variables,hint", [
    ({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent"}, "loginctl user-status"),
    ({"FELUCCA_BUS": "unix:path=/nonexistent"}, "unset FELUCCA_BUS"),
])
def test_no_way_to_the_daemon(desk: Desktop, variables: dict[str, str], hint: str):
    done = desk.cli("list", **variables)
    assert (done.returncode, done.stdout) == (1, "") and f"; try: {hint}\n" in done.stderr


def test_no_daemon():
    with Desktop(daemon=False, sign_in=False) as desktop:
        assert "try: systemctl --user start felucca.service" in desktop.cli("list").stderr
        desktop.activatable("/bin/false")
        assert "try: journalctl --user -u felucca.service" in desktop.cli("list").stderr


def test_a_mistyped_name_mints_nothing(desktop: Desktop):
    desktop.create(label=s("mine"))
    assert desktop.cli("get", "acme/ordres").returncode == 7
    assert desktop.nile.count("create") == 1


def test_no_prompt_does_not_ask_for_a_token(desk: Desktop):
    terminal = Terminal(desk, "sign-in", "--token-stdin", "--no-prompt")
    assert terminal.finish() == 2
    assert "--token-stdin" in terminal.screen and "Access token" not in terminal.screen

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion in each shell, asked the way the shell itself asks."""

from __future__ import annotations

import shlex
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from daemon_stand_in import DaemonStandIn
from desktop import CLIENT, DEADLINE_SEC, KEYRING_PASSWORD, Desktop, s, wait_until
from keyring_tools import desktop_with_prompter, lock_and_wait
from terminals import Terminal

COMPLETIONS = Path(__file__).resolve().parents[2] / "data" / "completions"
INTENTS = ["3f2a9c1b-5d44-4e0c-9a61-7d1f5f6f8a10", "b0b0b0b0-5d44-4e0c-9a61-7d1f5f6f8a12"]
BASH = """source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _felucca; printf '%s\\n' "${COMPREPLY[@]}" """


CLIENT_THAT_TELLS = """#!/bin/sh
"{client}" "$@"
status=$?
[ $status != 6 ] || : >"{late}"
exit $status
"""


def late_file(desktop: Desktop) -> Path:
    """Is there after the command has given up: it does so after a second."""
    return desktop.root / "late"


def with_client(desktop: Desktop) -> dict[str, str]:
    """The environment of a shell that finds the command."""
    client = desktop.root / "shell/felucca"
    if not client.exists():
        client.parent.mkdir()
        client.write_text(CLIENT_THAT_TELLS.format(client=CLIENT, late=late_file(desktop)))
        client.chmod(0o755)
    return desktop.env | {"PATH": f"{client.parent}:{desktop.env['PATH']}"}


def run(desktop: Desktop, *argv: str) -> str:
    done = subprocess.run(argv, env=with_client(desktop), capture_output=True, text=True, timeout=DEADLINE_SEC, check=True)
    assert done.stderr == ""
    return done.stdout


def in_bash(desktop: Desktop, line: str) -> str:
    words = [*shlex.split(line.replace("=", " = ")), *([""] if line.endswith(" ") else [])]
    return run(desktop, "bash", "--norc", "-c", BASH, "bash", str(COMPLETIONS / "felucca.bash"), *words)


def in_fish(desktop: Desktop, line: str) -> str:
    return run(desktop, "fish", "--no-config", "-c", f"source {COMPLETIONS / 'felucca.fish'}; complete -C '{line}'")


ZSH_DUMP = tempfile.NamedTemporaryFile(prefix="felucca-zsh-")
"""What compinit has found out, for the next shell."""


def in_zsh(desktop: Desktop, line: str) -> str:
    """What is on the screen after the tabulator; zsh completes for people only."""
    terminal = Terminal(desktop, "-f", "-i", program="zsh", **with_client(desktop))
    terminal.type(f"PS1=; fpath=({COMPLETIONS} $fpath); autoload -Uz compinit && compinit -u -d {ZSH_DUMP.name}; print -r READ''Y\n")
    terminal.wait_for("READY")
    terminal.screen = terminal.screen.partition("READY")[2]
    terminal.wait_for("\x1b[?2004h")  # its line editor listens
    start = len(terminal.screen)
    terminal.type(line + "\t" + "\x15" + "print -r DON''E\n")
    terminal.wait_for("DONE")
    shown = terminal.screen[start:]
    terminal.type("exit\n")
    terminal.finish()
    return shown.replace(line, "", 1)


@pytest.fixture(params=[in_bash, in_fish, in_zsh], ids=["bash", "fish", "zsh"])
def complete_once(request: pytest.FixtureRequest) -> Callable[[Desktop, str], str]:
    """May show nothing on a machine that is busy."""
    return request.param


@pytest.fixture
def complete(complete_once: Callable[[Desktop, str], str]) -> Callable[[Desktop, str], str]:
    """Presses the tabulator again when the command has given up."""
    def patiently(desktop: Desktop, line: str) -> str:
        def in_time() -> list[str]:
            late_file(desktop).unlink(missing_ok=True)
            shown = complete_once(desktop, line)
            return [] if late_file(desktop).exists() else [shown]

        return wait_until(in_time, "the command is in time")[0]
    return patiently


def fails_to_start(desktop: Desktop) -> str:
    """Instead of a daemon; the bus waits long for one that ends well."""
    return f"/bin/sh -c ': >{desktop.root}/started; exit 1'"


@pytest.fixture(scope="module")
def bus() -> Iterator[Desktop]:
    """A bus on which a daemon would be started, and that it was tried leaves a file."""
    with Desktop(keyring=False, sign_in=False, daemon=False) as desktop:
        desktop.activatable(fails_to_start(desktop))
        yield desktop


def test_verbs(bus: Desktop, complete: Callable[[Desktop, str], str]):
    shown = complete(bus, "felucca ")
    for verb in ("sign-in", "sign-out", "create", "get", "run", "list", "rotate", "revoke", "prune", "unresolved", "status", "backends"):
        assert verb in shown


def test_actions(bus: Desktop, complete: Callable[[Desktop, str], str]):
    shown = complete(bus, "felucca unresolved ")
    for action in ("revoke", "keep", "forget"):
        assert action in shown
    assert "sign-in" not in shown


def test_what_can_be_done_with_backends(bus: Desktop, complete: Callable[[Desktop, str], str]):
    shown = complete(bus, "felucca backends ")
    assert "check" in shown and "reset" in shown
    assert "forget" not in shown


@pytest.mark.parametrize("line", [
    "felucca unresolved revoke ", "felucca -q unresolved --backend=nile keep ", "felucca --json unresolved -q keep ",
])
def test_intents(bus: Desktop, complete: Callable[[Desktop, str], str], line: str):
    odd = {"intent": "$(touch here)", "detail": '"intent" s "dddd-dddd"', "candidates": ["intent", "eeee-eeee"]}
    with DaemonStandIn(bus) as daemon:
        daemon.unresolved = [*({"intent": one} for one in INTENTS), odd]
        shown = complete(bus, line)
    for intent in INTENTS:
        assert intent in shown
    assert [wrong for wrong in ("touch", "dddd", "eeee", "forget", "--local-only") if wrong in shown] == []


def test_an_intent_is_finished(bus: Desktop, complete: Callable[[Desktop, str], str]):
    with DaemonStandIn(bus) as daemon:
        daemon.unresolved = [{"intent": one} for one in INTENTS]
        shown = complete(bus, "felucca unresolved keep b0b")
    assert INTENTS[1].removeprefix("b0b") in shown
    assert INTENTS[0] not in shown


# Names


CREDENTIALS = [
    {"id": "0192aa-1", "workspace": "acme", "database": "orders", "backend": "nile", "state": "active", "tenant-id": "t-77"},
    {"id": "0192aa-2", "workspace": "acme", "database": "orders", "backend": "nile", "state": "expired"},
    {"id": "7733bb-3", "workspace": "brass", "database": "big shop", "backend": "local", "state": "active"},
    {"id": "--label", "workspace": "-x", "database": "$(touch here)", "backend": "local", "state": "a\x1b[31m"},
]


@pytest.fixture
def listed(bus: Desktop) -> Iterator[DaemonStandIn]:
    with DaemonStandIn(bus) as daemon:
        daemon.credentials = CREDENTIALS
        yield daemon


@pytest.mark.parametrize("line,expected,unexpected", [
    ("felucca get ", ["acme/orders", "brass/big"], ["0192aa"]),
    ("felucca get acme/", ["orders"], ["brass", "0192aa", "7733bb"]),
    ("felucca run -c ", ["acme/orders", "brass/big"], ["0192aa"]),
    ("felucca create --ttl 8h ", ["acme/orders"], ["0192aa"]),
    ("felucca list ", ["acme", "brass", "acme/orders"], ["0192aa"]),
    ("felucca prune -y ", ["acme", "brass", "acme/orders"], ["0192aa"]),
    ("felucca rotate ", ["0192aa-1", "0192aa-2", "7733bb-3"], []),
    ("felucca revoke --local-only ", ["0192aa-1", "7733bb-3"], []),
    ("felucca revoke 0192aa-1 7", ["733bb-3"], []),
    ("felucca get --tenant ", ["t-77"], ["acme/orders", "0192aa"]),
    ("felucca --backend ", ["nile"], ["acme"]),
    ("felucca get -b ", ["nile"], ["acme"]),
    ("felucca sign-in ", ["nile"], ["acme"]),
    ("felucca sign-out --revoke-credentials ", ["nile"], ["acme"]),
    ("felucca backends reset ", ["nile"], ["acme", "check"]),
    ("felucca status ", [], ["nile", "acme"]),
    ("felucca rotate 0192aa-1 ", [], ["7733bb"]),
])
def test_names(bus: Desktop, listed: DaemonStandIn, complete: Callable[[Desktop, str], str], line: str, expected: list[str],
               unexpected: list[str]):
    shown = complete(bus, line)
    assert [name for name in expected if name not in shown] == []
    assert [name for name in [*unexpected, "touch", "31m", "--label"] if name in shown] == []


def test_an_id_is_finished(bus: Desktop, listed: DaemonStandIn, complete: Callable[[Desktop, str], str]):
    assert "733bb-3" in complete(bus, "felucca get 7")


@pytest.mark.parametrize("typed,expected", [("01932d5e-", ["01932d5e-7c3a-1", "01932d5e-8bbb-2"]), ("01932d5e-7c", ["3a-1"])])
def test_an_id_is_finished_behind_its_dashes(bus: Desktop, complete: Callable[[Desktop, str], str], typed: str,
                                             expected: list[str]):
    with DaemonStandIn(bus) as daemon:
        daemon.credentials = [{"id": "01932d5e-7c3a-1"}, {"id": "01932d5e-8bbb-2"}]
        shown = complete(bus, f"felucca get {typed}")
    assert [name for name in expected if name not in shown] == []


@pytest.mark.parametrize("line", ["felucca get 7", "felucca list "])
def test_the_daemon_is_asked_once(bus: Desktop, listed: DaemonStandIn, complete_once: Callable[[Desktop, str], str], line: str):
    """Within one deadline, and by one process."""
    def asked() -> list[tuple[Any, ...]]:
        listed.calls.clear()
        complete_once(bus, line)
        return list(listed.calls)

    assert wait_until(asked, "the command is in time") == [("ListCredentials", {})]


def test_a_name_is_quoted(bus: Desktop, listed: DaemonStandIn, complete: Callable[[Desktop, str], str]):
    shown = complete(bus, "felucca get br")
    assert "big\\ shop" in shown or "big shop\tlocal" in shown  # fish quotes what it inserts itself


def test_the_daemon_is_started_for_it(complete: Callable[[Desktop, str], str]):
    """As for any other call: who types the first command of the day sees names, too."""
    with Desktop(daemon=False, sign_in=False) as desktop:
        desktop.activatable(fails_to_start(desktop))
        assert "acme" not in complete(desktop, "felucca get ")
        wait_until((desktop.root / "started").exists, "the bus has started it")


def test_nobody_is_asked_for_anything(complete: Callable[[Desktop, str], str]):
    with desktop_with_prompter("answer:" + KEYRING_PASSWORD) as (desktop, prompter):
        desktop.create(label=s("mine"))
        lock_and_wait(desktop)
        assert "acme/orders" in complete(desktop, "felucca get ")
        assert desktop.property("KeyringState") == "locked"


def test_a_daemon_that_hangs_is_not_waited_for(desktop: Desktop, complete_once: Callable[[Desktop, str], str]):
    """The deadline says nothing; the one of the call itself would."""
    assert desktop.daemon_process
    desktop.daemon_process.send_signal(signal.SIGSTOP)
    try:
        done = desktop.cli("__complete", "targets")
        assert (done.returncode, done.stdout, done.stderr) == (6, "", "")
        assert "acme" not in complete_once(desktop, "felucca rotate ")
    finally:
        desktop.daemon_process.send_signal(signal.SIGCONT)


def test_what_can_be_completed_is_in_no_help(bus: Desktop):
    assert "__complete" not in bus.cli("--help").stdout
    assert bus.cli("__complete", "passwords").returncode != 0


# Options


def test_revoke_takes_its_own_option(bus: Desktop, complete: Callable[[Desktop, str], str]):
    assert "--local-only" in complete(bus, "felucca revoke --")
    assert "--local-only" not in complete(bus, "felucca unresolved revoke --")


@pytest.mark.parametrize("verb,options", [
    ("create", ["--ttl"]), ("get", ["--ttl"]), ("run", ["--ttl"]), ("rotate", ["--overlap", "--ttl", "--label"]), ("prune", ["--yes"]),
])
def test_options_of_lifetimes(bus: Desktop, complete: Callable[[Desktop, str], str], verb: str, options: list[str]):
    shown = complete(bus, f"felucca {verb} --")
    assert [option for option in ("--ttl", "--overlap", "--yes") if option in shown and option not in options] == []
    assert [option for option in options if option not in shown] == []


@pytest.mark.parametrize("verb,has_url", [("rotate", True), ("prune", False)])
def test_formats_of_the_verbs(bus: Desktop, complete: Callable[[Desktop, str], str], verb: str, has_url: bool):
    shown = complete(bus, f"felucca {verb} --format ")
    assert "json" in shown and ("conninfo" in shown) == has_url


@pytest.mark.parametrize("option", ["--ttl", "--overlap", "-o"])
def test_a_duration_is_not_guessed(bus: Desktop, complete: Callable[[Desktop, str], str], option: str):
    assert "--" not in complete(bus, f"felucca rotate {option} ").replace(option, "")


@pytest.mark.parametrize("option", ["--env", "--revoke-on-exit"])
def test_options_of_run(bus: Desktop, complete: Callable[[Desktop, str], str], option: str):
    assert option in complete(bus, "felucca run acme/orders --")
    assert option not in complete(bus, "felucca get acme/orders --")


def test_what_a_variable_may_hold(bus: Desktop, complete: Callable[[Desktop, str], str]):
    shown = complete(bus, "felucca run acme/orders --env A=")
    assert [format for format in ("password", "url", "json", "conninfo") if format not in shown] == []
    assert [word for word in ("table", "nile-env", "pgpass", "--create") if word in shown] == []
    assert "conninfo" not in complete(bus, "felucca run acme/orders --env A")


@pytest.mark.parametrize("options", ["", "--env A=url --create "])
def test_the_command_is_completed(bus: Desktop, complete: Callable[[Desktop, str], str], options: str):
    shown = complete(bus, f"felucca run acme/orders {options}-- printe")
    assert "nv" in shown and "--create" not in shown


def test_its_arguments_are_files(bus: Desktop, complete: Callable[[Desktop, str], str]):
    (bus.root / "dump-of-orders").touch()
    shown = complete(bus, f"felucca run acme/orders -- cat {bus.root}/dump-of-o")
    assert "rders" in shown and "--create" not in shown

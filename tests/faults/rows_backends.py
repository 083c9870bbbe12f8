# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Backends that misbehave (tests/backends/): the named one fails by its name, and every other one goes on."""

from __future__ import annotations

import os
import signal
from typing import Any, Callable

from desktop import NAME, wait_until
from lab import Lab
from processes import children_of, is_alive
from row import DEAD, Row, Run
from test_backends import DIES, FAILS, REFUSED


BACKEND = "backend"
# They wait for a deadline of the daemon: 5 s for a constructor, 5 s more than `timeout` for a verb.
SLOW = ("hang-in-constructor", "hang-in-mint")
SOUND = {"good": "secret", "garbage-strings": "secret", "fork-in-mint": "secret", "fork-in-constructor": "secret"}
GONE = (DEAD, "Disconnected", "ServiceUnknown", "NameHasNoOwner")


def with_module(name: str) -> Callable[[Lab], None]:
    def prepare(lab: Lab) -> None:
        lab.extra_config = f"\n[backend {name}]\nmodule={name}\ntimeout=1\n"
    return prepare


def state_of(run: Run, name: str) -> tuple[str, str]:
    backend = run.lab.property("Backends")[name]
    return backend["state"], backend.get("detail", "")


def ask(run: Run, name: str, caller: Any = None) -> Any:
    """A mint with the module, over a connection of its own."""
    return run.create("db", caller or run.caller(), backend=name, workspace=name)


def others_go_on(run: Run, database: str) -> None:
    good = run.create(database, run.caller(), backend="nile")
    run.wait()
    run.expect(good.outcome == "ok", f"another backend did not go on: {good.outcome} {good.message}")


def refused(name: str, said: str) -> Callable[[Run], None]:
    """Never used: what is wrong was found out before any of its code ran here."""
    def go(run: Run) -> None:
        bad = ask(run, name)
        others_go_on(run, "orders")
        run.expect(bad.outcome == "BackendFailed" and f"'{name}'" in bad.message and said in bad.message, f"{bad.outcome}: {bad.message}")
        state, detail = state_of(run, name)
        run.expect(state == "failed" and said in detail, f"{name} is {state}: {detail}")
        run.expect(state_of(run, "nile")[0] == "ready", "nile is not ready")
    return go


def fails(name: str, outcome: str, said: str) -> Callable[[Run], None]:
    """Its mint fails, while others mint; it can be asked again."""
    def go(run: Run) -> None:
        bad = ask(run, name)
        for number in range(3):
            others_go_on(run, f"db{number}")
        run.expect(bad.outcome == outcome and name in bad.message and said in bad.message, f"{bad.outcome}: {bad.message}")
        run.expect(state_of(run, name) == ("ready", ""), f"{name} is {state_of(run, name)}")
    return go


def works(name: str, password: str) -> Callable[[Run], None]:
    """What is odd about it hurts nobody. What it leaves running is ended here, not before the next daemon was there."""
    def go(run: Run) -> None:
        run.passwords["1"] = password
        good = ask(run, name)
        others_go_on(run, "orders")
        run.expect(good.outcome == "ok", f"{good.outcome}: {good.message}")
        pid, left = run.lab.daemon_process.pid, name.startswith("fork")
        # The thread that has forked ends, and another one is their parent then.
        children = wait_until(lambda: [found] if len(found := children_of(pid)) == left else [], "its child is the daemon's")[0]
        run.restart(kill=True)
        others_go_on(run, "billing")
        for child in children:
            os.kill(child, signal.SIGKILL)
    return go


def crash(run: Run, name: str) -> None:
    """It takes the daemon with it, while nile mints: that mint is not lost."""
    held, before = f"crash-{len(run.wishes)}", run.lab.nile.count("create-run")
    run.lab.nile.rule(on="create", hold=held, after_mint=True)
    other = run.create(f"db{len(run.wishes)}", run.caller(), backend="nile")
    run.lab.nile.wait_for("create-run", before + 1)
    bad = ask(run, name)
    wait_until(lambda: not run.lab.has_owner(NAME), "the daemon is gone")
    run.wait()
    run.lab.nile.release(held)
    run.expect((bad.outcome, other.outcome) == (DEAD, DEAD), f"{bad.outcome}, {other.outcome}")


def crashes(name: str) -> Callable[[Run], None]:
    """Brought back after the first time; after the second one it is quarantined, and all else works."""
    def go(run: Run) -> None:
        for number in range(2):
            run.expect(state_of(run, name) == ("ready", ""), f"after {number} crashes it is {state_of(run, name)}")
            crash(run, name)
            run.lab.wait_dead()
            run.start()
        bad = ask(run, name)
        others_go_on(run, "orders")
        state, detail = state_of(run, name)
        run.expect(state == "failed" and "quarantined" in detail and DIES[name] in detail, f"{name} is {state}: {detail}")
        run.expect(bad.outcome == "BackendFailed" and f"'{name}'" in bad.message and "quarantined" in bad.message,
                   f"{bad.outcome}: {bad.message}")
    return go


def brought_back(run: Run) -> None:
    """The bus starts the next daemon for the next call; the crashes count all the same."""
    name = "crash-in-mint"
    run.lab.activatable()
    for number in range(2):
        crash(run, name)
        caller = run.caller()
        woken = caller.send("ListCredentials", "(a{sv})", {}, auto_start=True)
        caller.wait(woken)
        run.expect(woken.outcome == "ok", f"after crash {number + 1}: {woken.outcome} {woken.message}")
    run.lab.daemon_process.wait(30)
    run.lab.daemon_process = None  # the one that runs now is the bus's child
    run.expect(state_of(run, name)[0] == "failed", f"{name} is {state_of(run, name)}")
    others_go_on(run, "orders")
    pid = run.lab.pid_of(NAME)
    run.lab.not_activatable()
    os.kill(pid, signal.SIGTERM)
    run.lab.wait_nameless()
    wait_until(lambda: not is_alive(pid), "it has let go of the intents")


def reset(run: Run) -> None:
    """What the user has reset may be used again."""
    name = "crash-in-mint"
    crashes(name)(run)
    run.lab.call("ResetBackend", "(s)", name)
    run.expect(state_of(run, name) == ("ready", ""), f"{name} is {state_of(run, name)}")


def row(name: str, run: Callable[[Run], None], ends: tuple[str, ...], posts: int, case: str = "") -> Row:
    return Row(BACKEND, case or name, run, (), posts, ends, prepare=with_module(name), slow=name in SLOW)


ROWS = [
    *[row(name, refused(name, said), ("stored",), 1) for name, said in REFUSED.items()],
    *[row(name, fails(name, outcome, said), ("open+stored",) if may_live else ("stored",), 3)
      for name, (outcome, said, may_live) in FAILS.items()],
    *[row(name, works(name, password), ("stale+stored",), 2) for name, password in SOUND.items()],
    *[row(name, crashes(name), ("listed+open+stored",), 3) for name in DIES],
    row("crash-in-mint", brought_back, ("listed+open+stored",), 3, "crash-in-mint, and D-Bus brings the daemon back"),
    row("crash-in-mint", reset, ("listed+open+stored",), 3, "crash-in-mint, quarantined and reset"),
]

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The caller's side: arguments, descriptors, floods, callers that leave, pipes that take nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Callable

from desktop import b, s, wait_until
from pipes import read_to_end
from row import DEAD, Row, Run, one_create
from test_errors import BAD_NAMES, KINDS, NOT_HERE, STRING_OPTIONS, WRONG_VALUES, wrong_descriptor
from test_limits import full_pipe, small_full_pipe, unread_pipe

from gi.repository import GLib

REPLY = "reply"
EQUAL = "64 equal calls with one request-id, 64 distinct, two daemons"
STRINGS = "input: D-Bus strings"
DESCRIPTORS = "input: D-Bus descriptors"
FLOW = "input: D-Bus flow"

CALLERS, CALLS = 4, 16
PIPELINED = 1000
REFUSED = ("InvalidArguments",)
HOSTILE = {"a/b": "a%2Fb", "../../developers": "..%2F..%2Fdevelopers", "50%": "50%25", "%2e%2e": "%252e%252e",
           "what?x=1": "what%3Fx%3D1", "a#b": "a%23b"}


# The reply

def caller_leaves(when: str) -> Callable[[Run], None]:
    """The caller is gone before the answer; what was minted for it is stored."""
    def go(run: Run) -> None:
        hold = {"hold": "mint"} | ({"after_mint": True} if when == "minted" else {})
        run.lab.nile.rule(on="create", **hold)
        caller = run.caller()
        run.create(caller=caller)
        run.lab.nile.wait_for("create-run" if when == "minted" else "create")
        name = caller.unique_name
        caller.close()
        wait_until(lambda: not run.lab.has_owner(name), "the caller has left")
        run.lab.nile.release("mint")
        wait_until(lambda: len(run.lab.list()) == 1, "it is stored")
    return go


def pipe(make: Callable[[], tuple[int, int]]) -> Callable[[Run], None]:
    """A pipe that takes no password."""
    def go(run: Run) -> None:
        read_end, write_end = make()
        run.create(fds=(write_end,))
        run.wait()
        for fd in (read_end, write_end):
            if fd >= 0:
                os.close(fd)
    return go


def good_pipe(run: Run) -> None:
    read_end, write_end = os.pipe()
    call = run.create(fds=(write_end,))
    os.close(write_end)
    run.wait()
    run.expect(read_to_end(read_end).decode() == run.lab.nile.password_of(call.value["id"]), "the pipe held something else")
    run.expect("password" not in call.value, "the password is in the message as well")
    os.close(read_end)


def reader_leaves(run: Run) -> None:
    run.lab.nile.rule(on="create", hold="mint")
    read_end, write_end = os.pipe()
    run.create(fds=(write_end,))
    os.close(write_end)
    run.lab.nile.wait_for("create")
    os.close(read_end)
    run.lab.nile.release("mint")
    run.wait()


# Many

def equal(run: Run) -> None:
    run.lab.nile.rule(on="create", hold="mint")
    callers = [run.caller() for _ in range(CALLERS)]
    calls = [run.create(caller=callers[number % CALLERS], request_id="same") for number in range(CALLERS * CALLS)]
    run.lab.nile.wait_for("create")
    run.lab.nile.release("mint")
    run.wait()
    run.expect(len({call.value["id"] for call in calls}) == 1, "equal calls have different answers")


def distinct(run: Run) -> None:
    callers = [run.caller() for _ in range(CALLERS)]
    calls = [run.create(f"db{number}", callers[number % CALLERS], request_id=f"r{number}") for number in range(CALLERS * CALLS)]
    run.wait()
    run.expect(len({call.value["id"] for call in calls}) == CALLERS * CALLS, "calls share a credential")
    run.expect(len(run.lab.stored()) == CALLERS * CALLS, "not each has an item")


def repeated_after_a_kill(run: Run) -> None:
    """The same request-id after the daemon was killed behind the store: the same credential."""
    run.create(request_id="again")
    run.wait()
    run.lab.wait_dead()
    run.lab.kill_daemon()
    run.start()
    second = run.create(request_id="again")
    run.wait()
    run.expect(second.outcome == "ok" and second.value["id"] in run.lab.stored(), f"the repeat ended with {second.outcome}")


def repeated_after_a_loss(run: Run) -> None:
    """The same request-id while the first mint's end is not known: never a second credential that nobody lists."""
    run.create(request_id="again")
    run.wait()
    run.restart()
    run.create(request_id="again")
    run.wait()


def two_daemons(run: Run) -> None:
    first = run.lab.daemon_process
    run.lab.nile.rule(on="create", hold="mint")
    run.create()
    run.lab.nile.wait_for("create")
    run.start(wait=False)
    second, run.lab.daemon_process = run.lab.daemon_process, first
    run.expect(second.wait(30) != 0, "the second daemon stayed")
    run.expect(run.lab.nile.count("list") == 0 and run.lab.nile.count("delete") == 0, "the second daemon asked the provider")
    run.lab.nile.release("mint")
    run.wait()


# Arguments

def every(run: Run, arguments: list[tuple[str, str, dict[str, GLib.Variant]]]) -> None:
    """Each of these calls is refused by its arguments."""
    caller = run.caller()
    for workspace, database, options in arguments:
        call = caller.send("CreateCredential", "(ssa{sv})", workspace, database, options)
        caller.wait(call)
        run.expect(call.error == "InvalidArguments", f"{workspace!r} {database!r} {options}: {call.outcome}")
    run.expect(run.lab.nile.requests == [], "the provider was asked")


def bad_names(run: Run) -> None:
    every(run, [pair for bad in BAD_NAMES.values() for pair in ((bad, "orders", {}), ("acme", bad, {}))])


def bad_options(run: Run) -> None:
    ours = [option for method, option in STRING_OPTIONS if method == "CreateCredential"]
    every(run, [("acme", "orders", {option: s(bad)}) for option in ours for bad in BAD_NAMES.values()])


def unknown_options(run: Run) -> None:
    every(run, [("acme", "orders", {option: s("x")}) for method, option in NOT_HERE if method == "CreateCredential"])
    every(run, [("acme", "orders", {option: value}) for option in ("internal", "interactive", "backend", "label")
                for value in WRONG_VALUES if value.get_type_string() != ("b" if option.startswith("int") else "s")])


def many_entries(run: Run) -> None:
    every(run, [("acme", "orders", {f"option-{number}": b(True) for number in range(10_000)})])


def hostile_names(run: Run) -> None:
    """A name is one segment of the path, whatever is in it: the provider does not know it, and nothing else was asked."""
    for name in HOSTILE:
        run.create(name)
    run.wait()
    paths = [entry["path"] for entry in run.lab.nile.requests if entry["method"] == "POST"]
    wanted = [f"/workspaces/acme/databases/{segment}/credentials" for segment in HOSTILE.values()]
    run.expect(sorted(paths) == sorted(wanted), f"these paths were asked for: {paths}")


def wrong_fd(kind: str) -> Callable[[Run], None]:
    def go(run: Run) -> None:
        with tempfile.TemporaryDirectory() as folder, wrong_descriptor(kind, Path(folder)) as fd:
            run.create(fds=(fd,))
            run.wait()
            run.expect(kind != "file" or (Path(folder) / "file").read_text() == "untouched", "the file was written to")
    return go


def no_fd(run: Run) -> None:
    run.create(secret_fd=GLib.Variant("h", 7))
    run.wait()


# Flow

def pipelined(run: Run) -> None:
    """1000 calls of one connection, at the pace of the bus: most are told to slow down, each has one answer."""
    caller, sent = run.caller(), 0
    while sent < PIPELINED:
        for _ in range(min(100, PIPELINED - sent)):  # a bare dbus-daemon holds 128 open calls of a connection
            run.create(f"db{sent}", caller)
            sent += 1
        run.wait()
    ended = [call.outcome for call in run.wishes]
    run.expect(set(ended) <= {"ok", "LimitExceeded"}, f"{set(ended)}")
    run.expect(ended.count("ok") == run.lab.nile.count("create"), "what was refused was minted")


def vanish(run: Run) -> None:
    """A caller with 16 calls goes away at once."""
    caller = run.caller()
    for number in range(CALLS):
        run.create(f"db{number}", caller)
    caller.close()
    run.lab.list()


def no_reply(run: Run) -> None:
    caller = run.caller()
    caller.send("CreateCredential", "(ssa{sv})", "acme", "orders", {}, wants_reply=False)
    run.extra_wishes += 1
    wait_until(run.lab.list, "it is stored")


def rows(matrix: str, *cases: tuple[str, Callable[[Run], None], dict[str, Any]]) -> list[Row]:
    return [Row(matrix, case, run, **more) for case, run, more in cases]


STORED = {"posts": 1, "ends": ("stored",)}
NOTHING = {"posts": 0, "ends": ("nothing",)}
ROWS = [
    *rows(REPLY,
          ("caller gone before the mint", caller_leaves("asked"), STORED),
          ("caller gone behind the mint", caller_leaves("minted"), STORED),
          ("a good pipe", good_pipe, STORED | {"outcomes": ("ok",)}),
          ("pipe closed", pipe(unread_pipe), STORED | {"outcomes": REFUSED}),
          ("pipe full", pipe(full_pipe), STORED | {"outcomes": REFUSED}),
          ("pipe without enough room", pipe(small_full_pipe), STORED | {"outcomes": REFUSED}),
          ("pipe closed during the mint", reader_leaves, STORED | {"outcomes": REFUSED}),
          ("killed before the reply", one_create, STORED | {"outcomes": (DEAD,), "failpoint": "reply:kill"})),
    *rows(EQUAL,
          ("64 equal", equal, STORED | {"outcomes": ("ok",)}),
          ("64 distinct", distinct, {"outcomes": ("ok",), "posts": CALLERS * CALLS, "ends": ("stored",)}),
          ("repeated after a kill", repeated_after_a_kill, STORED | {"outcomes": (DEAD, "ok"), "failpoint": "stored:kill"}),
          ("repeated after a lost answer", repeated_after_a_loss,
           {"rules": ({"on": "create", "mint_without_answer": True},), "ends": ("listed",)}),
          ("two daemons", two_daemons, STORED | {"outcomes": ("ok",)})),
    *rows(STRINGS,
          ("names that are none", bad_names, NOTHING), ("options that are no names", bad_options, NOTHING),
          ("unknown or mistyped options", unknown_options, NOTHING), ("10 000 entries", many_entries, NOTHING),
          ("names that could be paths", hostile_names, {"outcomes": ("NotFound",), "posts": len(HOSTILE), "ends": ("nothing",)})),
    *rows(DESCRIPTORS, *[(kind, wrong_fd(kind), NOTHING | {"outcomes": REFUSED}) for kind in ("read-end", *KINDS)],
          ("not sent", no_fd, NOTHING | {"outcomes": REFUSED + ("Disconnected", "InvalidArgs")})),
    *rows(FLOW, ("1000 pipelined calls", pipelined, {"ends": ("stored",)}), ("the caller vanishes", vanish, {}),
          ("no reply wanted", no_reply, STORED)),
]

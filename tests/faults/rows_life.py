# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's own life: stopped, stalled, without a bus; its configuration and environment; its command."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from typing import Any, Callable

from desktop import CLIENT, NAME, s, wait_until
from row import Row, Run

from gi.repository import GLib

END = "SIGTERM, `systemctl stop`, idle exit, bus lost"
SUSPEND = "suspend, clock step"
CONFIG = "input: configuration, environment"
CLI = "input: CLI"

DAY_SEC = 24 * 3600
SHORT = {"timeout": 3}  # passes, after the request is sent
GONE = ("nothing", "open")
DANGEROUS = {"SSLKEYLOGFILE": "{root}/keys", "GIO_EXTRA_MODULES": "{root}", "SOUP_DEBUG": "3", "G_MESSAGES_DEBUG": "all",
             "GNUTLS_DEBUG_LEVEL": "9", "G_DBUS_DEBUG": "all"}
BAD_URLS = ["http://nile.example", "https://ada:hunter2@nile.example", "https://nile.example:0", "ftp://nile.example", ""]
PASSWORDS = {"ugly": "p:w\\ '\"$`@/?#%&ü|", "spaces": "  a b  ", "only colons": ":::", "backslashes": "\\\\\\", "dashes": "--help"}
FORMATS = ["password", "url", "json", "env", "nile-env", "pgpass", "conninfo"]


def ended_during(number: int, hold: dict[str, Any], until: str, release: bool = True) -> Callable[[Run], None]:
    """A signal comes when the provider is so far; the mint is finished all the same."""
    def go(run: Run) -> None:
        run.lab.nile.rule(on="create", **hold)
        run.create()
        run.lab.nile.wait_for(until)
        run.lab.daemon_process.send_signal(number)
        wait_until(lambda: not run.lab.has_owner(NAME), "the name is given back")
        if release:
            run.lab.nile.release("mint")
        run.wait()
        run.expect(run.lab.daemon_process.wait(30) == 0, "it did not end well")
        run.lab.daemon_process = None
    return go


def idle(run: Run) -> None:
    """Its time is over during the mint; it stays until that is done, then leaves."""
    run.lab.end_daemon(kill=False)
    run.lab.daemon_keys = {"idle-timeout": 3}
    run.lab.write_config()
    run.start()
    run.lab.nile.rule(on="create", delay=4)
    run.create()
    run.wait()
    run.expect(run.lab.daemon_process.wait(30) == 0, "it did not leave")
    run.lab.daemon_process = None
    run.lab.daemon_keys = {}
    run.lab.write_config()


def bus_lost(when: dict[str, Any], until: str) -> Callable[[Run], None]:
    """The bus goes away during the mint; the keyring with it."""
    def go(run: Run) -> None:
        run.lab.nile.rule(on="create", **when)
        run.create()
        run.lab.nile.wait_for(until)
        bus, daemon = run.lab.processes[0], run.lab.daemon_process
        bus.kill()
        bus.wait()
        run.lab.nile.release("mint")
        daemon.wait(60)
        run.lab.daemon_process = None
        for caller in run.callers:
            caller.close()
        run.lab.relogin()
    return go


def stalled(seconds_of: Callable[[Run], float], **rule: Any) -> Callable[[Run], None]:
    """The whole daemon stands still while the provider answers, as in a suspend, and goes on later."""
    def go(run: Run) -> None:
        run.lab.nile.rule(on="create", hold="mint", **rule)
        run.create()
        run.lab.nile.wait_for("create")
        run.lab.daemon_process.send_signal(signal.SIGSTOP)
        run.lab.nile.release("mint")
        run.lab.nile.wait_for("done")
        end = seconds_of(run)
        wait_until(lambda: time.monotonic() > end, "the deadline has passed meanwhile")
        run.lab.daemon_process.send_signal(signal.SIGCONT)
        run.wait()
    return go


def past_deadline(run: Run) -> float:
    return time.monotonic() + run.row.settings.get("timeout", 0) + 0.5


def clock_off(seconds: float) -> Callable[[Run], None]:
    """Our clock and the provider's are this far from each other when the answer is lost."""
    def go(run: Run) -> None:
        run.lab.nile.set_clock(seconds)
        run.create()
        run.wait()
    return go


def expires_while_it_stands_still(run: Run) -> None:
    """Its end is due during a suspend; on wake it is ended at the provider, too."""
    call = run.create(ttl=GLib.Variant("t", 1))
    run.wait()
    run.lab.daemon_process.send_signal(signal.SIGSTOP)
    wait_until(lambda: time.time() > call.value["not-after"] + 1, "its time is over")
    run.lab.daemon_process.send_signal(signal.SIGCONT)
    wait_until(lambda: not run.lab.nile.live(), "it was ended")


def expires_while_nobody_runs(run: Run) -> None:
    """Its end is due while no daemon is there."""
    call = run.create(ttl=GLib.Variant("t", 1))
    run.wait()
    run.lab.kill_daemon()
    wait_until(lambda: time.time() > call.value["not-after"] + 1, "its time is over")


# Configuration and environment

def bad_instance(run: Run) -> None:
    """Each of these addresses is refused, and the other instances go on."""
    for number, url in enumerate(BAD_URLS):
        run.lab.extra_config = f"\n[backend bad]\nmodule=nile\nurl={url}\n"
        run.lab.write_config()
        run.restart(kill=False)
        caller = run.caller()
        call = caller.send("CreateCredential", "(ssa{sv})", "acme", "orders", {"backend": s("bad")})
        caller.wait(call)
        run.expect(call.outcome in ("BackendFailed", "SignInRequired"), f"{url}: {call.outcome}")
        run.create(f"db{number}")
        run.wait()
        caller.close()
    run.lab.extra_config = ""
    run.lab.write_config()


def environment(run: Run) -> None:
    """Variables that would load code, write keys or print secrets are without effect."""
    run.wrong += run.lab.end_daemon(kill=False)
    run.start(**{key: value.format(root=run.lab.root) for key, value in DANGEROUS.items()})
    call = run.create()
    run.wait()
    run.expect(not (run.lab.root / "keys").exists(), "TLS keys were written to a file")
    log = run.lab.daemon_log()
    run.expect(call.outcome == "ok" and call.value["password"] not in log, "the password is in the log")
    run.expect(run.lab.token["access_token"] not in log, "the token is in the log")


# The command

def ugly_password(password: str) -> Callable[[Run], None]:
    """Each format gives it back whole, or the command refuses."""
    def go(run: Run) -> None:
        body = {"id": "{{id}}", "password": password, "database": {"id": "d1", "dbHost": "db.example"}}
        run.lab.nile.rule(on="create", after_mint=True, body=json.dumps(body))
        call = run.create()
        run.wait()
        run.passwords[call.value["id"]] = password
        shown = run.lab.cli("get", "acme/orders", "--format", "password").stdout
        run.expect(shown == password + "\n", f"the password came out as {shown!r}")
        line = run.lab.cli("get", "acme/orders", "--format", "pgpass").stdout
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        run.expect(line == f"db.example:5432:orders:{call.value['id']}:{escaped}\n", f"pgpass: {line!r}")
        for format in FORMATS:
            done = run.lab.cli("get", "acme/orders", "--format", format)
            run.expect((done.returncode, done.stderr) == (0, ""), f"{format}: {done.stderr}")
    return go


def arguments(run: Run) -> None:
    """What looks like an option is none behind `--`, and no name opens anything else."""
    for words in (["create", "--", "--help/orders"], ["create", "acme/--format"], ["create", "acme/orders/x"], ["create", "acme"],
                  ["create", ""], ["get", "-/-"], ["create", "acme/nowhere\n"]):
        done = run.lab.cli(*words)
        run.expect(done.returncode != 0 and done.stdout == "", f"{words}: {done.returncode} {done.stdout!r}")
    run.lab.nile.log.reset()  # names that the provider did not know


def terminal(run: Run) -> None:
    """A token is not read from a terminal unless somebody is there to type it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([str(CLIENT), "sign-in", "--no-prompt"], env=run.lab.env, stdin=theirs,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, said = process.communicate(timeout=30)
    run.expect(process.returncode == 2, f"{process.returncode}: {said!r}")
    for fd in (ours, theirs):
        os.close(fd)


def killed_while_the_command_waits(run: Run) -> None:
    """The command says that it does not know, and leaves with a status of its own."""
    run.lab.nile.rule(on="create", hold="mint", after_mint=True)
    process = subprocess.Popen([str(CLIENT), "create", "acme/orders"], env=run.lab.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    run.extra_wishes += 1
    run.lab.nile.wait_for("create-run")
    run.lab.kill_daemon()
    run.lab.nile.release("mint")
    out, _ = process.communicate(timeout=60)
    run.expect(process.returncode != 0 and out == b"", f"{process.returncode} {out!r}")


MINTED = {"hold": "mint", "after_mint": True}
ASKED = {"hold": "mint"}
ROWS = [
    *[Row(END, f"{name} {when}", ended_during(number, hold, until), ("ok",), 1, ("stored",))
      for name, number in (("SIGTERM", signal.SIGTERM), ("SIGINT", signal.SIGINT), ("SIGHUP", signal.SIGHUP))
      for when, hold, until in (("before the mint", ASKED, "create"), ("behind the mint", MINTED, "create-run"))],
    *[Row(END, "SIGTERM, and the provider stays silent", ended_during(signal.SIGTERM, {"hang": True, "after_mint": True},
                                                                      "create-run", release=False),
          ("OutcomeUnknown",), 1, ends, instance=instance, settings=SHORT)
      for instance, ends in (("nile", ("listed",)), ("own", GONE))],
    Row(END, "idle exit", idle, ("ok",), 1, ("stored",)),
    *[Row(END, f"bus lost {when}", bus_lost(hold, until), (), 1, ends, instance=instance, own_lab=True,
          complaints=("The connection is closed",))
      for when, hold, until in (("before the mint", ASKED, "create"), ("behind the mint", MINTED, "create-run"))
      for instance, ends in (("nile", ("listed", "stored", "nothing")), ("own", (*GONE, "stored")))],
    Row(SUSPEND, "stalled, the answer is there on wake", stalled(past_deadline), ("ok", "OutcomeUnknown"), 1,
        ("stored", "listed", *GONE), settings=SHORT),
    Row(SUSPEND, "stalled, the answer is there on wake", stalled(past_deadline), ("ok", "OutcomeUnknown"), 1,
        ("stored", *GONE), settings=SHORT, instance="own"),
    Row(SUSPEND, "stalled, and the answer is lost", stalled(past_deadline, mint_without_answer=True), ("OutcomeUnknown",), 1,
        ("listed",), settings=SHORT),
    *[Row(SUSPEND, f"the clocks are {name} apart and the answer is lost", clock_off(seconds), ("OutcomeUnknown",), 1, ends,
          rules=({"on": "create", "mint_without_answer": True},), instance=instance)
      for name, seconds in (("+1 day", DAY_SEC), ("-1 day", -DAY_SEC), ("+2 minutes", 120), ("-2 minutes", -120))
      for instance, ends in (("nile", ("listed",)), ("own", (*GONE, "listed")))],
    Row(SUSPEND, "an end is due while all stands still", expires_while_it_stands_still, ("ok",), 1, ("nothing",)),
    Row(SUSPEND, "an end is due while nobody runs", expires_while_nobody_runs, ("ok",), 1, ("nothing",)),
    Row(CONFIG, "addresses that are refused", bad_instance, ("ok",), len(BAD_URLS), ("stored",)),
    Row(CONFIG, "dangerous variables", environment, ("ok",), 1, ("stored",)),
    *[Row(CLI, f"password: {name}", ugly_password(password), ("ok",), 1, ("stored",)) for name, password in PASSWORDS.items()],
    Row(CLI, "arguments that are none", arguments, (), None, ("nothing",)),
    Row(CLI, "a terminal", terminal, (), 0, ("nothing",)),
    Row(CLI, "the daemon is killed while the command waits", killed_while_the_command_waits, (), 1, ("listed",)),
]

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""felucca run --revoke-on-exit: the parent that stays. And signals and job control, with it and without it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon_stand_in import DaemonStandIn
from desktop import CLIENT, DEADLINE_SEC, Desktop, wait_until
from processes import children_of, process_state
from secret_scan import SecretScan
from terminals import Terminal

PROBE = [sys.executable, "-S", str(Path(__file__).resolve().parent / "command_probe.py")]
ID = "01932d5e-7c3a-7bbb-8f00-000000000001"
PASSWORD = "a-password-that-is-long-enough-to-be-looked-for"
FD = {"secret-fd": ("h", 0)}
REVOKED = ("RevokeCredential", ID, {"backend": ("s", "nile")})
OWN = "--revoke-on-exit"
HANDLED = ("TERM", "HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "PIPE", "WINCH", "URG", "RTMIN")

# Tells each signal that it gets; ends with 5 when it reads so. A signal that comes right before a thread blocks in read()
# would be told after the next line only, so another thread reads.
TELLER = f"""
import os, signal, sys, threading
def tell(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # print() may not be entered twice
for name in {HANDLED!r}:
    signal.signal(getattr(signal, "SIG" + name), lambda number, frame: tell("got", signal.Signals(number).name))
def read():
    for line in iter(sys.stdin.readline, ""):
        tell("read", line.strip())
        if line.strip() == "end":
            os._exit(5)
    os._exit(0)
woken, wake = os.pipe()
os.set_blocking(wake, False)
signal.set_wakeup_fd(wake)
tell("ready", os.getpid())
threading.Thread(target=read).start()
while True:
    os.read(woken, 1)
"""
TELL = [sys.executable, "-S", "-c", TELLER]


@pytest.fixture(scope="module")
def bus() -> Iterator[Desktop]:
    """A bus and nothing else."""
    with Desktop(keyring=False, sign_in=False, daemon=False) as desktop:
        yield desktop


@pytest.fixture
def daemon(bus: Desktop) -> Iterator[DaemonStandIn]:
    with DaemonStandIn(bus) as stand_in:
        stand_in.credential = {"id": ID, "backend": "nile", "workspace": "acme", "database": "orders", "user": "u1",
                               "host": "db.example", "stored": True, "state": "active"}
        stand_in.password = PASSWORD
        yield stand_in


def run(bus: Desktop, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return bus.cli("run", "acme/orders", *arguments, **variables)


class Running:
    """`felucca run` with a command that tells its signals; `pid` is the command's."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.pid = int(self.line().removeprefix("ready "))

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> list[str]:
        """What it has told since; it must end well."""
        out, err = self.process.communicate("end\n", timeout=DEADLINE_SEC)
        assert (self.process.returncode, err) == (5, "")
        return out.splitlines()


@contextmanager
def running(bus: Desktop, *options: str, **more: Any) -> Iterator[Running]:
    process = bus.spawn([str(CLIENT), "run", "acme/orders", *options, "--", *TELL], stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **more)
    yield Running(process)
    assert process.returncode is not None


# The credential


@pytest.mark.parametrize("options,asked", [
    ([OWN], {}), ([OWN, "--create"], {}), (["--ttl", "90s"], {"ttl": ("t", 90)}),
    (["--ttl=1h", OWN, "-t", "t1", "--no-prompt"], {"ttl": ("t", 3600), "tenant-id": ("s", "t1"), "interactive": ("b", False)}),
])
def test_it_is_minted_for_this_alone_and_revoked(bus: Desktop, daemon: DaemonStandIn, options: list[str], asked: dict[str, Any]):
    done = run(bus, *options, "--", "sh", "-c", 'cat "$PGPASSFILE"')
    assert (done.stdout, done.stderr, done.returncode) == (f"db.example:5432:orders:u1:{PASSWORD}\n", "", 0)
    quiet = {"interactive": ("b", False)} if "--no-prompt" in options else {}
    assert daemon.calls == [("CreateCredential", "acme", "orders", asked | FD), (*REVOKED[:2], REVOKED[2] | quiet)]


def test_it_lives_while_the_command_does(bus: Desktop, daemon: DaemonStandIn):
    with running(bus, OWN) as one:
        assert [call[0] for call in daemon.calls] == ["CreateCredential"]
        assert one.end() == ["read end"]
    assert daemon.calls[-1] == REVOKED


@pytest.mark.parametrize("failure,said", [
    (("Unreachable", "Nobody listens."), "Nobody listens"), (("org.freedesktop.DBus.Error.NoReply", "x"), "went away"),
])
def test_a_revoke_that_fails_is_told(bus: Desktop, daemon: DaemonStandIn, failure: tuple[str, str], said: str):
    daemon.failures["RevokeCredential"] = failure
    for status in (0, 3):
        done = run(bus, OWN, "-q", "--", "sh", "-c", f"exit {status}")
        assert done.returncode == status and done.stderr.startswith(f"felucca: {ID} was not revoked: ") and said in done.stderr


@pytest.mark.parametrize("status", [0, 1, 7, 255])
def test_its_status_is_ours(bus: Desktop, daemon: DaemonStandIn, status: int):
    assert run(bus, OWN, "--", "sh", "-c", f"exit {status}").returncode == status


@pytest.mark.parametrize("name", ["TERM", "KILL", "INT", "SEGV", "ABRT", "PIPE", "USR1"])
def test_its_signal_is_ours(bus: Desktop, daemon: DaemonStandIn, name: str):
    assert run(bus, OWN, "--", "sh", "-c", f"kill -{name} $$").returncode == -getattr(signal, f"SIG{name}")
    assert daemon.calls[-1] == REVOKED


def test_what_fails_after_the_mint_is_revoked(bus: Desktop, daemon: DaemonStandIn, tmp_path: Path):
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    done = run(bus, OWN, "--", str(script))
    assert done.returncode == 127 and done.stderr.count("felucca: ") == 1
    assert daemon.calls[-1] == REVOKED
    del daemon.credential["host"]
    done = run(bus, OWN, "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (1, "") and "no host" in done.stderr
    assert len(daemon.calls) == 4 and daemon.calls[-1] == REVOKED


def test_without_a_credential_nothing_runs(bus: Desktop, daemon: DaemonStandIn):
    daemon.failures["CreateCredential"] = ("OutcomeUnknown", "It is not known.")
    done = run(bus, OWN, "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (8, "") and len(daemon.calls) == 1


# What the parent is


def test_what_the_parent_keeps(bus: Desktop, daemon: DaemonStandIn):
    with running(bus, OWN, "--env", "SECRET=password") as one:
        parent = one.process.pid
        assert one.pid != parent
        names = [os.readlink(f"/proc/{parent}/fd/{number}") for number in os.listdir(f"/proc/{parent}/fd")]
        assert len(names) == 4, "the standard ones, and what it is told through"
        assert all(name.startswith("pipe:") for name in names)
        if os.geteuid() == 0 and b"__asan_init" not in CLIENT.read_bytes():  # its shadow is too large to be read
            assert SecretScan([PASSWORD]).in_memory(parent) + SecretScan([PASSWORD]).in_proc(parent) == []
        assert one.end() == ["read end"]


def test_the_command_has_a_clean_start(bus: Desktop, daemon: DaemonStandIn):
    plain, found = (json.loads(bus_run.stdout) for bus_run in (
        subprocess.run(PROBE, env=bus.env, capture_output=True, text=True), run(bus, OWN, "--", *PROBE)))
    for key in ("signals", "core", "owned_by_root", "group"):
        assert found[key] == plain[key]
    (file,) = (file for number, file in found["fds"].items() if int(number) > 2)
    assert file["text"].endswith(f"{PASSWORD}\n")


def test_with_children_ignored(bus: Desktop, daemon: DaemonStandIn):
    """Who starts us may have set this; then there is nobody to wait for, and the command shall have it too."""
    ignore = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    argv = [sys.executable, "-c", ignore, str(CLIENT), "run", "acme/orders", OWN, "--"]
    found = json.loads(subprocess.run([*argv, *PROBE], env=bus.env, capture_output=True).stdout)
    assert int(found["signals"]["SigIgn"], 16) & 1 << signal.SIGCHLD - 1
    assert subprocess.run([*argv, "sh", "-c", "exit 9"], env=bus.env).returncode == 9


# Signals


@pytest.mark.parametrize("name", HANDLED)
@pytest.mark.parametrize("options", [[], [OWN]], ids=["in-place", "warden"])
def test_a_signal_arrives_once(bus: Desktop, daemon: DaemonStandIn, options: list[str], name: str):
    with running(bus, *options) as one:
        one.process.send_signal(getattr(signal, f"SIG{name}"))
        assert one.line() == f"got SIG{name}"
        assert one.end() == ["read end"]


def test_a_signal_that_ends_it(bus: Desktop, daemon: DaemonStandIn):
    process = bus.spawn([str(CLIENT), "run", "acme/orders", OWN, "--", "sh", "-c", "echo ready; exec sleep 1000"],
                        stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    process.terminate()
    assert process.wait(DEADLINE_SEC) == -signal.SIGTERM
    assert daemon.calls[-1] == REVOKED


def test_a_signal_of_the_command_itself_does_not_come_back(bus: Desktop, daemon: DaemonStandIn):
    with running(bus, OWN) as one:
        os.kill(one.process.pid, signal.SIGUSR1)
        assert one.line() == "got SIGUSR1"
        assert one.end() == ["read end"]
    both = "import os, signal, time; signal.signal(2, lambda *_: print('got', flush=True)); os.kill(os.getppid(), 2); os.kill(os.getpid(), 10)"
    done = run(bus, OWN, "--", sys.executable, "-c", both)
    assert (done.stdout, done.returncode) == ("", -signal.SIGUSR1)


def test_without_job_control_nobody_waits_for_a_shell(bus: Desktop, daemon: DaemonStandIn):
    """A command that a debugger stops: no shell would continue us."""
    with running(bus, OWN) as one:
        os.kill(one.pid, signal.SIGSTOP)
        wait_until(lambda: process_state(one.pid) == "T", "the command is stopped")
        os.kill(one.process.pid, signal.SIGUSR1)  # taken only by a parent that runs
        os.kill(one.pid, signal.SIGCONT)
        assert one.line() == "got SIGUSR1"
        assert process_state(one.process.pid) != "T"
        assert one.end() == ["read end"]


def test_without_job_control_it_can_be_continued(bus: Desktop, daemon: DaemonStandIn):
    """By who knows the parent alone, which the kernel has not let stop."""
    with running(bus, OWN) as one:
        def goes_on() -> bool:
            os.kill(one.process.pid, signal.SIGCONT)  # to no avail until the parent has seen the stop
            return process_state(one.pid) != "T"

        for _ in range(2):
            os.kill(one.pid, signal.SIGSTOP)
            wait_until(lambda: process_state(one.pid) == "T", "the command is stopped")
            wait_until(goes_on, "the command goes on")
        assert one.end() == ["read end"]


# On a terminal, in a shell with job control

# Tells who has sent what, in the order of the numbers.
LISTENER = """
import os, signal
those = signal.SIGCONT, signal.SIGWINCH
signal.pthread_sigmask(signal.SIG_BLOCK, those)
os.write(1, b"ready ")
while True:
    info = signal.sigwaitinfo(those)
    os.write(1, b"%d-from-%d " % (info.si_signo, info.si_pid))
"""
PROMPT = "shell> "


@pytest.fixture(params=[[], [OWN]], ids=["in-place", "warden"])
def shell(bus: Desktop, daemon: DaemonStandIn, request: pytest.FixtureRequest) -> Iterator[Callable[..., Terminal]]:
    """Starts the command in the foreground of an interactive shell."""
    terminals = []

    def start(*command: str) -> Terminal:
        terminal = Terminal(bus, "--norc", "--noprofile", "-i", program="bash", controlling=True, PS1=PROMPT,
                            TELLER=TELLER, LISTENER=LISTENER)
        terminals.append(terminal)
        enter(terminal, " ".join([str(CLIENT), "run", "acme/orders", *request.param, "--", *command]))
        terminal.wait_for("ready ")
        return terminal

    yield start
    for terminal in terminals:
        enter(terminal, "exit")
        terminal.finish()
    if request.param:
        assert [call for call in daemon.calls if call[0] == "RevokeCredential"] == [REVOKED] * len(terminals)


def enter(terminal: Terminal, command: str) -> None:
    """A line for the shell. What is typed before it has its terminal back may be anybody's."""
    terminal.wait_for_prompt(PROMPT)
    terminal.type(command + "\n")


def ask(terminal: Terminal, line: str, answer: str) -> None:
    """A line for the command."""
    terminal.type(line + "\n")
    terminal.wait_for(answer)


def ask_shell(terminal: Terminal, line: str, answer: str) -> None:
    enter(terminal, line)
    terminal.wait_for(answer)


TELL_QUOTED = [sys.executable, "-S", "-c", '"$TELLER"']


@pytest.mark.parametrize("key,name", [("\x03", "INT"), ("\x1c", "QUIT")])
def test_keys_arrive_once(shell: Callable[..., Terminal], key: str, name: str):
    terminal = shell(*TELL_QUOTED)
    terminal.type(key)
    terminal.wait_for(f"got SIG{name}")
    ask(terminal, "end", "read end")
    ask_shell(terminal, "echo sta''tus $?", "status 5")
    assert terminal.screen.count("got SIG") == 1


def test_an_interrupt_ends_it_as_ever(shell: Callable[..., Terminal]):
    terminal = shell("sh", "-c", "'echo rea\"\"dy now; exec sleep 1000'", ";", "echo", "no''t-reached")
    terminal.type("\x03")
    ask_shell(terminal, "echo sta''tus $?", "status 130")
    assert "not-reached" not in terminal.screen


def test_stop_and_continue(shell: Callable[..., Terminal]):
    terminal = shell(*TELL_QUOTED)
    for turn in (1, 2):
        terminal.screen = ""
        terminal.type("\x1a")
        terminal.wait_for("Stopped")
        ask_shell(terminal, "echo sta''tus $?", f"status {128 + signal.SIGTSTP}")
        enter(terminal, "fg")
        ask(terminal, f"turn-{turn}", f"read turn-{turn}")
    ask(terminal, "end", "read end")
    ask_shell(terminal, "echo sta''tus $?", "status 5")
    assert "got" not in terminal.screen


@pytest.mark.parametrize("shell", [[OWN]], ids=["warden"], indirect=True)
def test_what_goes_on_is_not_continued(shell: Callable[..., Terminal]):
    """Its parent, which wakes later, might undo that it has been stopped again."""
    terminal = shell(sys.executable, "-S", "-c", '"$LISTENER"')
    (parent,) = children_of(terminal.pid)
    (command,) = children_of(parent)
    terminal.type("\x1a")
    terminal.wait_for("Stopped")
    os.kill(command, signal.SIGCONT)
    terminal.wait_for(f"{signal.SIGCONT:d}-from-{os.getpid()} ")
    os.kill(parent, signal.SIGCONT)
    os.kill(parent, signal.SIGWINCH)  # which comes after SIGCONT
    terminal.wait_for(f"{signal.SIGWINCH:d}-from-{parent} ")
    assert terminal.screen.count(f"{signal.SIGCONT:d}-from-") == 1
    os.kill(parent, signal.SIGTERM)
    terminal.type("\n")


def test_a_command_that_stops_itself(shell: Callable[..., Terminal]):
    terminal = shell("sh", "-c", "'echo rea\"\"dy now; kill -STOP $$; echo goes on; exit 4'")
    terminal.wait_for("Stopped")
    enter(terminal, "fg")
    terminal.wait_for("goes on")
    ask_shell(terminal, "echo sta''tus $?", "status 4")


def test_in_the_background_and_back(shell: Callable[..., Terminal]):
    """It is stopped when it wants to read there."""
    terminal = shell(*TELL_QUOTED)
    terminal.type("\x1a")
    terminal.wait_for("Stopped")
    enter(terminal, "bg")
    ask_shell(terminal, "until jobs -s | grep -q .; do :; done; echo wai''ting", "waiting")
    enter(terminal, "fg")
    ask(terminal, "end", "read end")
    ask_shell(terminal, "echo sta''tus $?", "status 5")


def test_a_shell_within(shell: Callable[..., Terminal]):
    """It takes the terminal for itself and its jobs, and gives it back."""
    terminal = shell("sh", "-c", "'echo rea\"\"dy now; exec bash --norc --noprofile -i'")
    ask_shell(terminal, "sh -c 'echo slee\"\"ping; exec sleep 1000'", "sleeping")
    terminal.type("\x03")
    ask_shell(terminal, "echo with''in $? $PGHOST", "within 130 db.example")
    ask_shell(terminal, "exit 7", "exit")
    ask_shell(terminal, "echo aft''er $? ${PGHOST-none}", "after 7 none")


def test_a_pipeline(shell: Callable[..., Terminal]):
    terminal = shell("sh", "-c", "'echo rea\"\"dy now >&2; echo through'", "|", "sed", "s/^/pipe-/")
    terminal.wait_for("pipe-through")


def test_the_terminal_goes_away(bus: Desktop, daemon: DaemonStandIn):
    terminal = Terminal(bus, "run", "acme/orders", OWN, "--", "sh", "-c", "echo ready; exec sleep 1000", controlling=True)
    terminal.wait_for("ready")
    terminal.hang_up()
    wait_until(lambda: daemon.calls[-1] == REVOKED, "it is revoked")


# With the real daemon


def test_with_the_real_daemon(desktop: Desktop):
    before = desktop.create()["id"]
    with running(desktop, "--ttl", "1h") as one:
        (own,) = {entry["id"] for entry in desktop.nile.live()} - {before}
        assert {entry["id"] for entry in desktop.list()} == {before, own}
        assert one.end() == ["read end"]
    assert [entry["id"] for entry in desktop.nile.live()] == [entry["id"] for entry in desktop.list()] == [before]


def test_the_daemon_is_started_again_to_revoke(desktop: Desktop):
    with running(desktop, OWN) as one:
        desktop.stop_daemon()
        desktop.start_daemon()
        assert one.end() == ["read end"]
    assert desktop.nile.live() == []


def test_what_cannot_be_revoked_stays_listed(desktop: Desktop):
    desktop.nile.rule(on="delete", status=500)
    done = desktop.cli("run", "acme/orders", OWN, "--", "sh", "-c", "exit 6")
    assert done.returncode == 6
    (id,) = re.findall(r"felucca: (\S+) was not revoked: ", done.stderr)
    assert [entry["id"] for entry in desktop.list()] == [id]

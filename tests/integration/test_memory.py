# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is left in the daemon's memory when a secret has been used."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from bus_calls import CallGroup
from desktop import DAEMON, Desktop
from exec_helper import INSTANCE, PASSWORD, ExecDesktop
from keyring_tools import lock_and_wait
from pipes import call_with_secret_fd
from secret_scan import SecretScan, idle_daemon

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can read the memory of a process that is not dumpable"),
    pytest.mark.skipif(b"__asan_init" in DAEMON.read_bytes(), reason="the sanitizer's allocator keeps what is freed"),
]


@pytest.mark.parametrize("tunables", [None, "glibc.malloc.arena_max=1"], ids=["none-set", "another-set"])
def test_no_password_stays(tunables: str | None):
    """The daemon makes the C library overwrite what is freed, whatever started it. A get holds a password until the lock."""
    with Desktop(daemon=False) as desktop:
        desktop.start_daemon(**({"GLIBC_TUNABLES": tunables} if tunables else {}))
        desktop.sign_in()
        for number in range(5):
            assert desktop.cli("create", f"acme/db{number}", "--quiet").returncode == 0
            assert desktop.cli("get", f"acme/db{number}", "--format", "password").returncode == 0
        ids = [live["id"] for live in desktop.nile.live()]
        assert len(ids) == 5
        passwords, token = [desktop.nile.password_of(id) for id in ids], desktop.token["access_token"]
        scan = SecretScan(passwords + [token])
        hits = scan.in_memory(idle_daemon(desktop))
        assert sorted(hit.secret for hit in hits) == sorted(passwords + [token]), "what was read is held, once"
        assert all(hit.is_locked and hit.form == "plain" for hit in hits), hits
        lock_and_wait(desktop)
        (hit,) = scan.in_memory(idle_daemon(desktop))
        assert hit.secret == token, "the scan finds what is there"


@pytest.mark.parametrize("method", ["CreateCredential", "GetCredential"])
def test_the_first_call_leaves_nothing(method: str):
    """When much is done for the first time: the loader's look-up of functions saves registers."""
    with Desktop() as desktop:
        if method == "GetCredential":
            desktop.create()
            desktop.restart_daemon()
        _, password = call_with_secret_fd(desktop, method)
        hits = SecretScan([password.decode()]).in_memory(idle_daemon(desktop))
        assert [hit.is_locked for hit in hits] == ([True] if method == "GetCredential" else []), hits


@pytest.mark.parametrize("body", ["answer(user='u', password=PASSWORD)",
                                  "answer(user='u', password=PASSWORD)\nsys.exit(1)",
                                  "answer(user='u\\n', password=PASSWORD)",
                                  "print('password: ' + PASSWORD)",
                                  "sys.stdout.write(json.dumps(dict(user='u', password=PASSWORD)).ljust(100000))"])
def test_what_a_helper_prints_leaves_nothing(body: str):
    with ExecDesktop() as desktop:
        desktop.helper.write(body)
        group = CallGroup(desktop)
        group.create(workspace=INSTANCE, pipe=True)
        group.wait()
        assert SecretScan([PASSWORD]).in_memory(idle_daemon(desktop)) == []


def test_the_sign_in_is_locked(desktop: Desktop):
    """Its one copy is where no swap and no core dump takes it from."""
    (hit,) = SecretScan([desktop.token["access_token"]]).in_memory(idle_daemon(desktop))
    assert hit.is_locked
    assert "kept out of swap" not in desktop.daemon_log() and "RLIMIT_MEMLOCK" not in desktop.daemon_log()


def test_without_lockable_memory_it_says_so():
    """And works all the same."""
    with Desktop(daemon=False) as desktop:
        desktop.start_daemon(argv=["prlimit", "--memlock=0:0", "setpriv", "--bounding-set=-ipc_lock", str(DAEMON)])
        desktop.sign_in()
        assert desktop.lookup(id=desktop.create()["id"])
        assert desktop.daemon_log().count("RLIMIT_MEMLOCK") == 1


def ended_with_a_core(process: subprocess.Popen[bytes], number: int) -> bool:
    """When the limit is as high as we can make it: above a hard one only with CAP_SYS_RESOURCE."""
    subprocess.run(["prlimit", f"--pid={process.pid}", "--core=unlimited:unlimited"], stderr=subprocess.DEVNULL)
    process.send_signal(number)
    end = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert end is not None and end.si_status == number
    process.wait()
    return end.si_code == os.CLD_DUMPED


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGABRT, signal.SIGSEGV], ids=lambda number: number.name)
def test_no_core_by_force(desktop: Desktop, number: int, tmp_path: Path):
    """Not even when somebody raises the limit, which the daemon sets to 0: the kernel writes none of it."""
    other = desktop.spawn(["sleep", "60"], cwd=tmp_path)
    if not ended_with_a_core(other, number):
        pytest.skip("this machine writes no cores")
    process, desktop.daemon_process = desktop.daemon_process, None
    assert process is not None
    assert not ended_with_a_core(process, number)

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No secret where a passive onlooker can see it: on the bus, in /proc, in files, in a core."""

import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from bus_monitor import BusMonitor
from desktop import ACCOUNTS, CLIENT, DAEMON, DEADLINE_SEC, Desktop, s, wait_until

NOBODY = 65534


def read_as(uid: int, path: str) -> subprocess.CompletedProcess[bytes]:
    """What another process of this uid, without any privilege, reads there."""
    return subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all",
                           "--bounding-set=-all", "head", "-c", "1000000", path], capture_output=True)


def start_client(desktop: Desktop, *arguments: str, stdin: bytes = b"") -> subprocess.Popen[bytes]:
    client = desktop.spawn([str(CLIENT), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert client.stdin is not None
    client.stdin.write(stdin)
    client.stdin.close()
    return client


def text_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]


# The bus

def test_a_monitor_sees_no_secret(bare: Desktop):
    token = bare.nile.issue_token()["access_token"]
    bare.env["FELUCCA_BUS"] = "session"
    with BusMonitor(bare) as monitor:
        assert bare.cli("sign-in", "--token-stdin", input=token + "\n").returncode == 0
        created = bare.cli("create", "acme/orders", "--format", "password")
        got = bare.cli("get", "acme/orders", "--format", "url")
        for words in (["list"], ["list", "--json"], ["status"], ["backends"]):
            assert bare.cli(*words).returncode == 0
        (live,) = bare.nile.live()
        password = bare.nile.password_of(live["id"])
        assert created.stdout.strip() == password and password in got.stdout
        assert bare.cli("revoke", live["id"]).returncode == 0
        assert bare.cli("sign-out").returncode == 0
        seen = monitor.raw()
        for member in ("SignIn", "CreateCredential", "GetCredential", "CreateItem", "GetSecrets", "SignOut"):
            assert monitor.calls(member), f"the monitor sees {member}"
    assert live["id"].encode() in seen, "the monitor sees what is in a reply"
    assert password.encode() not in seen
    assert token.encode() not in seen
    assert token.split(".")[1].encode() not in seen


def test_a_monitor_sees_what_is_in_a_reply(desktop: Desktop):
    """That the test above can fail: without secret-fd the password is on the bus, and so is a token that is no pipe."""
    with BusMonitor(desktop) as monitor:
        password = desktop.create()["password"]
        desktop.call("SignIn", "(sa{sv})", "", {"token": s(desktop.token["access_token"])},
                     interface=ACCOUNTS)
        seen = monitor.raw()
    assert password.encode() in seen
    assert desktop.token["access_token"].encode() in seen


def test_a_monitor_sees_no_refresh(bare: Desktop):
    """The new tokens go to the keyring in an encrypted session."""
    with BusMonitor(bare) as monitor:
        bare.sign_in(token=bare.nile.issue_token(ttl=30))
        assert bare.cli("create", "acme/orders").returncode == 0
        kept = bare.secret_tool("lookup", "xdg:schema", "org.felucca.Token").stdout
        secrets = [word for word in kept.split() if len(word) > 20]
        assert len(secrets) == 2 and bare.nile.count("token") == 1
        seen = monitor.raw()
    assert [secret for secret in secrets if secret in seen] == []


# /proc

def test_no_secret_in_the_environment_and_the_command_line(bare: Desktop):
    token = bare.nile.issue_token()["access_token"]
    bare.nile.rule(on="me", hold="probe")
    bare.nile.rule(on="create", hold="mint", after_mint=True)
    client = start_client(bare, "sign-in", "--token-stdin", stdin=token.encode())
    bare.nile.wait_for("me")
    seen = proc_of(client.pid) + proc_of(bare.daemon_process.pid)
    bare.nile.release("probe")
    assert client.wait() == 0
    client = start_client(bare, "create", "acme/orders")
    (live,) = wait_until(bare.nile.live, "it is minted")
    seen += proc_of(client.pid) + proc_of(bare.daemon_process.pid)
    bare.nile.release("mint")
    assert client.wait() == 0
    assert b"sign-in" in seen and b"felucca-daemon" in seen and b"XDG_RUNTIME_DIR" in seen
    assert token.encode() not in seen
    assert bare.nile.password_of(live["id"]).encode() not in seen


def proc_of(pid: int) -> bytes:
    return b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("environ", "cmdline", "comm"))


def test_no_core(desktop: Desktop):
    limits = Path(f"/proc/{desktop.daemon_process.pid}/limits").read_text()
    (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4:6] == ["0", "0"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be two users")
@pytest.mark.parametrize("file", ["mem", "maps", "environ", "auxv"])
def test_not_dumpable(file: str):
    """A process of the same uid cannot look inside. The daemon runs as an ordinary user here, as does the onlooker."""
    with Desktop(keyring=False, daemon=False, sign_in=False) as desktop, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(desktop.root / "notify"))
        notify.settimeout(DEADLINE_SEC)
        plain = desktop.spawn(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "sleep", "60"])
        for path in [desktop.root, *desktop.root.rglob("*")]:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        env = {"DBUS_SESSION_BUS_ADDRESS": nobodys_bus(desktop), "NOTIFY_SOCKET": str(desktop.root / "notify")}
        daemon = desktop.spawn(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", str(DAEMON)],
                               env=desktop.env | env, stderr=subprocess.DEVNULL)
        assert b"READY=1" in notify.recv(4096), "it has started, and started itself anew"
        wait_until(lambda: os.stat(f"/proc/{plain.pid}/mem").st_uid == NOBODY, "the other one runs")
        if file != "mem":
            assert read_as(NOBODY, f"/proc/{plain.pid}/{file}").stdout, "an ordinary process can be looked into"
        assert read_as(NOBODY, f"/proc/{daemon.pid}/{file}").stdout == b""
        assert b"denied" in read_as(NOBODY, f"/proc/{daemon.pid}/{file}").stderr
        assert daemon.poll() is None


def nobodys_bus(desktop: Desktop) -> str:
    """A bus that an ordinary user may use."""
    config = desktop.root / "nobody.conf"
    config.write_text((desktop.root / "bus.conf").read_text())
    bus = desktop.spawn(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "dbus-daemon",
                         f"--config-file={config}", "--nofork", "--print-address=1"],
                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert bus.stdout is not None
    return bus.stdout.readline().decode().strip()


# Files

def test_only_the_intended_files_are_written(desktop: Desktop):
    """The keyring's own files apart, the daemon and the client leave nothing behind but what the page says."""
    password = desktop.create()["password"]
    assert desktop.cli("get", "acme/orders").returncode == 0
    assert desktop.cli("create", "acme/billing").returncode == 0
    assert desktop.cli("list").returncode == 0
    written = {str(path.relative_to(desktop.root)) for path in text_files(desktop.root)}
    ours = {"bus.conf", "daemon.log", "config/felucca/felucca.conf"}
    keyrings = {"data/keyrings/login.keyring", "data/keyrings/user.keystore"}
    intents = {path for path in written if path.startswith("state/felucca/")}
    assert written - ours - keyrings - intents == set()
    for path in text_files(desktop.root):
        content = path.read_bytes()
        assert password.encode() not in content and desktop.token["access_token"].encode() not in content, path


def test_what_is_made_is_for_the_user_alone(desktop: Desktop):
    desktop.create()
    wait_until(lambda: not list((desktop.root / "state/felucca/intents").iterdir()), "what was recorded of the mint is gone")
    made = [path for folder in ("state", "run/felucca") for path in (desktop.root / folder).rglob("*")]
    assert [path for path in made if stat.S_IMODE(path.lstat().st_mode) & 0o077] == []
    status = Path(f"/proc/{desktop.daemon_process.pid}/status").read_text()
    assert "Umask:\t0077" in status

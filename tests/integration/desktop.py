# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desktop session for one test: a private bus, a real keyring, a provider stand-in and the daemon under test.

Nothing outside a temporary folder is touched, every process is ended by its own id, and every wait has a condition and
a deadline.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from nile_stand_in import NileStandIn  # noqa: E402

BUILD = Path(os.environ.get("FELUCCA_BUILD_DIR", Path(__file__).resolve().parents[2] / "build"))
DAEMON = BUILD / "daemon" / "felucca-daemon"
CLIENT = BUILD / "client" / "felucca"

NAME = "org.felucca.Credentials1"
PATH = "/org/felucca/Credentials1"
CREDENTIALS = "org.felucca.Credentials1"
ACCOUNTS = "org.felucca.Accounts1"
ERROR = "org.felucca.Error."
BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
SECRETS_NAME = "org.freedesktop.secrets"
KEYRING_PASSWORD = "keyring-pw"
DEADLINE_SEC = 30.0

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir={run}</listen><auth>EXTERNAL</auth>
<servicedir>{services}</servicedir>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"""


class BusError(Exception):
    """An error reply: its D-Bus name and its sentence."""

    def __init__(self, name: str, message: str):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


def wait_until(condition: Callable[[], Any], what: str, deadline_sec: float = DEADLINE_SEC) -> Any:
    """Polls until the condition holds and returns what it returned."""
    end = time.monotonic() + deadline_sec
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"never came to pass: {what}")
        time.sleep(0.01)


class Desktop:
    """Use as a context manager. By default: keyring unlocked, signed in, daemon running."""

    def __init__(self, keyring: bool = True, sign_in: bool = True, daemon: bool = True, config: str = "", **nile: Any):
        self.root = Path(tempfile.mkdtemp(prefix="felucca-test-"))
        self.backends = self.root / "backends"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.daemon_process: subprocess.Popen[bytes] | None = None
        self.keyring_process: subprocess.Popen[bytes] | None = None
        self.extra_config = config
        self.nile = NileStandIn(**nile)
        self.token: dict[str, Any] = {}
        self._want = (keyring, sign_in, daemon)
        self._make_folders()
        self.env = self._environment()

    def _make_folders(self) -> None:
        for name in ("home", "run", "config/felucca", "data", "state", "services", "cache", "backends"):
            (self.root / name).mkdir(parents=True)
        (self.root / "run").chmod(0o700)
        # Every module that was built; the daemon takes them from one folder that nobody else can write to.
        for module in BUILD.resolve().glob("plugins/*/*.so"):
            self.add_backend(module)

    def add_backend(self, module: Path) -> None:
        """Installs a built module for this desktop alone."""
        (self.backends / module.name).symlink_to(module)

    def _environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS") if key in os.environ}
        return kept | {
            "HOME": str(self.root / "home"),
            "XDG_RUNTIME_DIR": str(self.root / "run"),
            "XDG_CONFIG_HOME": str(self.root / "config"),
            "XDG_DATA_HOME": str(self.root / "data"),
            "XDG_STATE_HOME": str(self.root / "state"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "FELUCCA_BACKEND_DIR": str(self.backends),
            "G_MESSAGES_DEBUG": "",
        }

    def __enter__(self) -> "Desktop":
        keyring, sign_in, daemon = self._want
        try:
            self.nile.__enter__()
            self._start_bus()
            self.write_config()
            if keyring:
                self.start_keyring()
            if daemon:
                self.start_daemon()
            if daemon and sign_in:
                self.sign_in()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def close(self) -> None:
        """Ends everything; the daemon must end well."""
        status = self.stop_daemon() if self.daemon_process else 0
        for process in reversed(self.processes):
            self._end(process)
        self.nile.__exit__(None, None, None)
        log = self.daemon_log()
        shutil.rmtree(self.root, ignore_errors=True)
        assert status == 0, f"the daemon ended with {status}:\n{log}"
        assert "CRITICAL" not in log, log

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(DEADLINE_SEC)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def spawn(self, argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """A process that lives no longer than this desktop."""
        process = subprocess.Popen(argv, env=options.pop("env", self.env), **options)
        self.processes.append(process)
        return process

    # The bus

    def bus_config(self) -> str:
        """The limits are those of a bare dbus-daemon, which are tighter than those of a session bus."""
        return BUS_CONFIG.format(run=self.root / "run", services=self.root / "services")

    def _start_bus(self) -> None:
        config = self.root / "bus.conf"
        config.write_text(self.bus_config())
        bus = self.spawn(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert bus.stdout is not None
        self.env["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
        self.bus = self.connect()

    def connect(self) -> Gio.DBusConnection:
        """One more connection: another caller."""
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        return Gio.DBusConnection.new_for_address_sync(self.env["DBUS_SESSION_BUS_ADDRESS"], flags, None, None)

    def bus_call(self, method: str, *names: str) -> Any:
        """What the bus itself answers: the one value, or None."""
        arguments = GLib.Variant("(" + "s" * len(names) + ")", names)
        values = self.bus.call_sync(*BUS, method, arguments, None, 0, 5000, None).unpack()
        return values[0] if values else None

    def has_owner(self, name: str) -> bool:
        return self.bus_call("NameHasOwner", name)

    def owner_of(self, name: str) -> str | None:
        """Its unique name."""
        try:
            return self.bus_call("GetNameOwner", name)
        except GLib.Error:
            return None

    def pid_of(self, name: str) -> int:
        return self.bus_call("GetConnectionUnixProcessID", name)

    def activatable(self, program: str | Path = DAEMON) -> None:
        """The bus may start this as the daemon from now on, as it does where no systemd runs it."""
        service_file(self.root / "services", program)
        self.bus_call("ReloadConfig")

    def not_activatable(self) -> None:
        """Any more."""
        (self.root / "services" / f"{NAME}.service").unlink()
        self.bus_call("ReloadConfig")

    # The keyring

    def start_keyring(self, unlock: bool = True, env: dict[str, str] | None = None, options: tuple[str, ...] = ()) -> None:
        """A real gnome-keyring; the first unlock makes the login keyring."""
        argv = ["gnome-keyring-daemon", "--foreground", "--components=secrets", *options] + (["--unlock"] if unlock else [])
        before = self.owner_of(SECRETS_NAME)
        self.keyring_process = self.spawn(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL, env=env or self.env)
        assert self.keyring_process.stdin is not None
        if unlock:
            self.keyring_process.stdin.write(KEYRING_PASSWORD.encode())
        self.keyring_process.stdin.close()
        wait_until(lambda: self.owner_of(SECRETS_NAME) not in (None, before), "the keyring is on the bus")

    def secrets_call(self, path: str, interface: str, method: str, arguments: GLib.Variant) -> Any:
        reply = self.bus.call_sync(SECRETS_NAME, path, interface, method, arguments, None, 0, 10000, None)
        return reply.unpack()

    def lock_keyring(self) -> None:
        self.secrets_call("/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "Lock",
                          GLib.Variant("(ao)", (["/org/freedesktop/secrets/collection/login"],)))

    def secret_tool(self, *arguments: str, input: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["secret-tool", *arguments], env=self.env, input=input, capture_output=True, timeout=DEADLINE_SEC)

    def lookup(self, **attributes: str) -> str | None:
        """What secret-tool finds for a credential with these attributes ('-' is written as '_')."""
        pairs = [part for key, value in attributes.items() for part in (key.replace("_", "-"), value)]
        found = self.secret_tool("lookup", "xdg:schema", "org.felucca.Credential", *pairs)
        return found.stdout.decode() if found.returncode == 0 else None

    # The daemon

    def write_config(self, text: str | None = None) -> None:
        (self.root / "config/felucca/felucca.conf").write_text((text or self.config_text()) + self.extra_config)

    def config_text(self, url: str | None = None, **settings: Any) -> str:
        """A configuration with one backend, nile; by default at the stand-in."""
        lines = [f"{key.replace('_', '-')}={value}" for key, value in ({"timeout": 10} | settings).items()]
        return "\n".join(["[daemon]", "default-backend=nile", "", "[backend nile]", "module=nile",
                          f"url={url or self.nile.url}", *lines, ""])

    def reconfigure(self, url: str | None = None, **settings: Any) -> None:
        """Restarts the daemon with other settings of the backend nile; the sign-in stays."""
        self.write_config(self.config_text(url, **settings))
        self.restart_daemon()

    def start_daemon(self, wait: bool = True, argv: list[str] | None = None, **variables: str) -> None:
        log = open(self.root / "daemon.log", "ab")
        self.daemon_process = subprocess.Popen(argv or [str(DAEMON)], env=self.env | variables, stdout=log, stderr=log)
        log.close()
        if wait:
            wait_until(lambda: self.has_owner(NAME), "the daemon is on the bus")

    def stop_daemon(self) -> int:
        process, self.daemon_process = self.daemon_process, None
        assert process is not None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        return process.wait(DEADLINE_SEC + 30)

    def kill_daemon(self) -> None:
        """At once and without a word, if it runs."""
        process, self.daemon_process = self.daemon_process, None
        if process is not None:
            process.kill()
            process.wait()
            self.wait_nameless()

    def wait_nameless(self) -> None:
        """Until the bus has seen its end, too: the next one is not to be mistaken for it."""
        wait_until(lambda: not self.has_owner(NAME), "the name is free")

    def restart_daemon(self) -> None:
        assert self.stop_daemon() == 0
        self.start_daemon()

    def daemon_log(self) -> str:
        log = self.root / "daemon.log"
        return log.read_text(errors="replace") if log.exists() else ""

    # Calls

    def call(self, method: str, signature: str = "()", *arguments: Any, interface: str = CREDENTIALS,
             bus: Gio.DBusConnection | None = None, fds: tuple[int, ...] = (), timeout_msec: int = 60000) -> Any:
        """A method's unpacked result: the one value, or None. fds are sent along; name them by their index."""
        reply = self.call_variant(method, GLib.Variant(signature, arguments), interface, bus, fds, timeout_msec)
        values = reply.unpack()
        return values[0] if values else None

    def call_variant(self, method: str, arguments: GLib.Variant, interface: str = CREDENTIALS,
                     bus: Gio.DBusConnection | None = None, fds: tuple[int, ...] = (),
                     timeout_msec: int = 60000) -> GLib.Variant:
        """The reply as it came, with its types and the order of its entries."""
        fd_list = Gio.UnixFDList.new()
        for fd in fds:
            fd_list.append(fd)
        try:
            reply, _ = (bus or self.bus).call_with_unix_fd_list_sync(
                NAME, PATH, interface, method, arguments, None, Gio.DBusCallFlags.NO_AUTO_START, timeout_msec,
                fd_list, None)
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error) or ""
            # GDBus puts the name before the message; its own way to take it off works on a copy here.
            raise BusError(name, error.message.removeprefix(f"GDBus.Error:{name}: ")) from None
        return reply

    def create(self, workspace: str = "acme", database: str = "orders", bus: Any = None, **options: GLib.Variant) -> dict[str, Any]:
        return self.call("CreateCredential", "(ssa{sv})", workspace, database, vardict(options), bus=bus)

    def get(self, workspace: str = "acme", database: str = "orders", bus: Any = None, **options: GLib.Variant) -> dict[str, Any]:
        return self.call("GetCredential", "(ssa{sv})", workspace, database, vardict(options), bus=bus)

    def list(self, **options: GLib.Variant) -> list[dict[str, Any]]:
        return self.call("ListCredentials", "(a{sv})", vardict(options))

    def revoke(self, id: str, **options: GLib.Variant) -> None:
        self.call("RevokeCredential", "(sa{sv})", id, vardict(options))

    def sign_in(self, backend: str = "", token: dict[str, Any] | None = None, **options: GLib.Variant) -> dict[str, Any]:
        """Signs in with a token of the stand-in, its refresh token along with it if it has one; `token` is it from then on."""
        given = token or self.nile.issue_token(ttl=3600)
        reads = [pipe_holding(given["access_token"].encode())]
        fds = {"token-fd": GLib.Variant("h", 0)}
        if given.get("refresh_token"):
            reads.append(pipe_holding(given["refresh_token"].encode()))
            fds["refresh-token-fd"] = GLib.Variant("h", 1)
        try:
            account = self.call("SignIn", "(sa{sv})", backend, fds | vardict(options), interface=ACCOUNTS, fds=tuple(reads))
        finally:
            for fd in reads:
                os.close(fd)
        self.token = given
        return account

    def property(self, name: str) -> Any:
        reply = self.bus.call_sync(NAME, PATH, "org.freedesktop.DBus.Properties", "Get",
                                   GLib.Variant("(ss)", (CREDENTIALS, name)), None, 0, 10000, None)
        return reply.unpack()[0]

    def cli(self, *arguments: str, input: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(CLIENT), *arguments], env=self.env | variables, input=input, capture_output=True,
                              text=True, timeout=120, stdin=subprocess.DEVNULL if input is None else None)

    def busctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["busctl", "--user", *arguments], env=self.env, capture_output=True, text=True, timeout=120)


def service_file(folder: Path, program: str | Path) -> Path:
    """Makes this the program that a bus with this folder starts as the daemon."""
    file = folder / f"{NAME}.service"
    file.write_text(f"[D-BUS Service]\nName={NAME}\nExec={program}\n")
    return file


def vardict(options: dict[str, GLib.Variant]) -> dict[str, GLib.Variant]:
    """Python names to option names: request_id is request-id."""
    return {key.replace("_", "-"): value for key, value in options.items()}


def pipe_holding(data: bytes) -> int:
    """The read end of a pipe that holds the data and then ends."""
    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    return read


def s(value: str) -> GLib.Variant:
    return GLib.Variant("s", value)


def b(value: bool) -> GLib.Variant:
    return GLib.Variant("b", value)

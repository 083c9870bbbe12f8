# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desktop that serves many runs: bus, keyring, provider and sign-in stay, all else begins anew.

Two instances point at one provider: `nile`, and `own`, which says that nobody else mints there (`exclusive`).
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any, Protocol

from caller import Caller
from desktop import BUILD, DEADLINE_SEC, SECRETS_NAME, Desktop, wait_until
from keyring_tools import unlock_keyring
from oracle import Facts
from secret_items import ITEM, PROPERTIES, SECRETS, SERVICE
from secret_service import LOGIN, SecretServiceStandIn

from gi.repository import GLib

INSTANCES = ("nile", "own")
CREDENTIAL_SCHEMA = "org.felucca.Credential"
TOKEN_TTL_SEC = 24 * 3600


class Site(Protocol):
    """A provider, as the oracle sees it."""

    def live(self) -> list[dict[str, Any]]:
        """Every credential that lives there: `id`, `workspace`, `database`, and whether it is `foreign`."""

    def minted(self) -> list[dict[str, Any]]:
        """Every one that ever did, in the same shape."""

    def passwords(self, stored: dict[str, list[str]]) -> dict[str, str]:
        """The right ones of what was minted; a site that does not know them tries those that are stored."""


class Lab(Desktop):
    """Use as a context manager. `stand_in`: the Secret Service is ours, so that it can be told to fail."""

    def __init__(self, stand_in: bool = False, **nile: Any):
        super().__init__(keyring=not stand_in, sign_in=False, daemon=False, **nile)
        self.service: SecretServiceStandIn | None = None
        self._with_stand_in = stand_in
        self._signed_in = False
        self._session = ""
        for module in (BUILD / "tests/backends").glob("*.so"):
            self.add_backend(module)
        self.url: str | None = None
        self.settings: dict[str, Any] = {}
        self.sites: list[Site] = []  # other providers than nile; each has an instance in `extra_config`
        self.daemon_keys: dict[str, Any] = {}

    def __enter__(self) -> "Lab":
        super().__enter__()
        if self._with_stand_in:
            self.service = SecretServiceStandIn(self).__enter__()
        return self

    def bus_config(self) -> str:
        """With the limit of a real session bus (session.conf): some runs hold hundreds of items."""
        return super().bus_config().replace("</busconfig>", '<limit name="max_replies_per_connection">50000</limit></busconfig>')

    def close(self) -> None:
        """Ends everything; how the daemon ends was judged after each run."""
        self.kill_daemon()
        (self.root / "daemon.log").unlink(missing_ok=True)
        if self.service is not None:
            self.service.__exit__(None, None, None)
        super().close()

    @property
    def state_folder(self) -> Path:
        """What the daemon writes; the intents are below it."""
        return self.root / "state/felucca"

    @property
    def intents(self) -> Path:
        """One file for each mint whose end is not known."""
        return self.state_folder / "intents"

    def config_text(self, url: str | None = None, **settings: Any) -> str:
        """Both instances at the stand-in, or elsewhere."""
        keys = {"url": url or self.url or self.nile.url, "timeout": 10} | self.settings | settings
        lines = [f"{key.replace('_', '-')}={value}" for key, value in keys.items()]
        daemon = [f"{key.replace('_', '-')}={value}" for key, value in self.daemon_keys.items()]
        return "\n".join(["[daemon]", "default-backend=nile", *daemon, "", "[backend nile]", "module=nile", *lines, "",
                          "[backend own]", "module=nile", "exclusive=true", *lines, ""])

    # From one run to the next

    def clean(self) -> None:
        """Ends what the last run left and goes back to the start: nothing lives, nothing is stored, nobody runs."""
        self.kill_daemon()
        self.url, self.settings, self.daemon_keys = None, {}, {}
        self.extra_config, self.sites = "", []
        self.heal()
        self.nile.reset(tokens=False)
        self.remove_state()
        self.forget_credentials()
        (self.root / "daemon.log").unlink(missing_ok=True)
        self.write_config()
        if not self._signed_in:
            self._sign_in_everywhere()

    def remove_state(self) -> None:
        if self.state_folder.is_symlink() or self.state_folder.is_file():
            self.state_folder.unlink()
        shutil.rmtree(self.state_folder, ignore_errors=True)

    def _sign_in_everywhere(self) -> None:
        self.start_daemon()
        for instance in INSTANCES:
            self.sign_in(instance, self.nile.issue_token(ttl=TOKEN_TTL_SEC))
        assert self.stop_daemon() == 0, self.daemon_log()
        self.nile.reset(tokens=False)
        self._signed_in = True

    def sign_in_is_spent(self) -> None:
        """The next run signs in again."""
        self._signed_in = False

    def heal(self) -> None:
        """Ends every fault that lies outside the daemon."""
        self.nile.clear_rules()
        if self.service is not None:
            self.service.faults.clear()
            self.service.default = LOGIN
            if not self.has_owner(SECRETS_NAME):
                self.service.come_back()
                self.new_session()
            self.service.let_go()
            if self.service.locked:
                self.service.set_locked(False)
            return
        if self.keyring_process is not None and self.keyring_process.poll() is not None:
            self.start_keyring()
            self.new_session()
        if self.keyring_is_locked():
            unlock_keyring(self)
            wait_until(lambda: not self.keyring_is_locked(), "the keyring is unlocked")

    def new_session(self) -> None:
        """The one with the Secret Service has ended with it."""
        self._session = ""

    def relogin(self) -> None:
        """A new bus and a new keyring daemon on the same files, as after a new login."""
        for process in self.processes:
            self._end(process)
        self.processes.clear()
        self._start_bus()
        self.new_session()
        self.start_keyring()

    def end_daemon(self, kill: bool) -> list[str]:
        """Ends it if it still runs; gives what was wrong with its end."""
        process = self.daemon_process
        if process is None or kill or process.poll() == -signal.SIGKILL:
            self.kill_daemon()
            return []
        status = self.stop_daemon()
        return [] if status == 0 else [f"the daemon ended with {status}"]

    def wait_dead(self) -> None:
        """Until a failpoint or a signal has ended the daemon."""
        assert self.daemon_process is not None
        self.daemon_process.wait(DEADLINE_SEC)
        self.wait_nameless()

    def caller(self) -> Caller:
        """One more connection that counts its answers."""
        return Caller(self.env["DBUS_SESSION_BUS_ADDRESS"])

    # The keyring, without the daemon

    def keyring_is_locked(self) -> bool:
        """What the default collection says."""
        locked, = self.secrets_call("/org/freedesktop/secrets/collection/login", PROPERTIES, "Get",
                                    GLib.Variant("(ss)", ("org.freedesktop.Secret.Collection", "Locked")))
        return locked

    def find_credentials(self) -> list[str]:
        """The paths of their items."""
        wanted = GLib.Variant("(a{ss})", ({"xdg:schema": CREDENTIAL_SCHEMA},))
        unlocked, locked = self.secrets_call(SECRETS, SERVICE, "SearchItems", wanted)
        assert not locked, "the oracle looks into an unlocked keyring"
        return unlocked

    def forget_credentials(self) -> None:
        """Deletes every credential's item; the sign-ins stay."""
        for path in self.find_credentials():
            self.secrets_call(path, ITEM, "Delete", GLib.Variant("()", ()))

    def stored(self) -> dict[str, list[str]]:
        """The passwords of all items, by the credential's id."""
        while True:
            try:
                return self._read_items()
            except KeyError:
                pass  # one went while we looked
            except GLib.Error as error:
                if "UnknownMethod" not in error.message and "NoSuchObject" not in error.message:
                    raise

    def _read_items(self) -> dict[str, list[str]]:
        if not self._session:
            _, self._session = self.secrets_call(SECRETS, SERVICE, "OpenSession",
                                                 GLib.Variant("(sv)", ("plain", GLib.Variant("s", ""))))
        paths, found = self.find_credentials(), {}
        secrets, = self.secrets_call(SECRETS, SERVICE, "GetSecrets", GLib.Variant("(aoo)", (paths, self._session)))
        for path in paths:
            attributes, = self.secrets_call(path, PROPERTIES, "Get", GLib.Variant("(ss)", (ITEM, "Attributes")))
            password = bytes(secrets[path][2]).decode(errors="replace")
            found.setdefault(attributes.get("id", path), []).append(password)
        return found

    # What the oracle wants to know

    def unresolved(self) -> list[dict[str, Any]]:
        """What the daemon does not know the end of."""
        return self.call("ListUnresolved")

    def facts(self, **known: Any) -> Facts:
        """Everything at this moment. The daemon runs, no call is under way."""
        # In this order: what the reconciler ends between two looks is seen as open or not seen to live.
        unresolved, stored, live = self.unresolved(), self.stored(), self.nile.live()
        minted = self.nile.minted()
        passwords = {entry["id"]: self.nile.password_of(entry["id"]) for entry in minted}
        for site in self.sites:
            live, minted = live + site.live(), minted + site.minted()
            passwords |= site.passwords(stored)
        return Facts(live, minted, passwords, stored, unresolved, requests=self.nile.requests, **known)

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small Secret Service that does what a test tells it: fails, hangs, lies, locks or leaves the bus.

It keeps items in memory and speaks the `plain` algorithm only. It runs in a thread of the test with a connection of
its own (Secret Service API Draft 0.2).

`faults[METHOD]` is one of these, for each call, or with `*N` behind it for the next N calls, and with `;` what comes then:

    error           answers with an error
    NAME.OF.ERROR   answers with this D-Bus error
    hang            does nothing and says nothing until let_go()
    lose            does the work and says nothing
    lose-vanish     does the work, then leaves the bus without a word until come_back()
    lose-restart    the same, and is back at once
    lock            locks the collection, then answers as locked
    dismiss         answers with a prompt, which is dismissed (Unlock, CreateItem, Delete)
    leave-out       answers without what it was asked for (GetSecrets)
    lie-read        hands out another secret than it keeps (GetSecrets)
    lie-store       answers with a path and keeps nothing (CreateItem)
    lie-set         says yes and changes nothing (Set)
    slow=SECONDS    is busy with it for that long; other calls wait meanwhile
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections import Counter
from typing import Any, Callable

from gi.repository import Gio, GLib

from desktop import DEADLINE_SEC, Desktop

ROOT = "/org/freedesktop/secrets"
LOGIN = ROOT + "/collection/login"
SESSION = ROOT + "/collection/session"
SERVICE_IFACE = "org.freedesktop.Secret.Service"
COLLECTION_IFACE = "org.freedesktop.Secret.Collection"
ITEM_IFACE = "org.freedesktop.Secret.Item"
PROPERTIES_IFACE = "org.freedesktop.DBus.Properties"
PROMPT = ROOT + "/prompt/p1"
PROMPT_IFACE = "org.freedesktop.Secret.Prompt"
NO_SUCH_OBJECT = "org.freedesktop.Secret.Error.NoSuchObject"
ALLOW_REPLACEMENT, REPLACE_EXISTING, DO_NOT_QUEUE = 1, 2, 4  # RequestName, D-Bus Specification
IS_LOCKED = "org.freedesktop.Secret.Error.IsLocked"
NO_SESSION = "org.freedesktop.Secret.Error.NoSession"

INTERFACES = {interface.name: interface for interface in Gio.DBusNodeInfo.new_for_xml("""<node>
<interface name="org.freedesktop.Secret.Service">
  <method name="OpenSession"><arg type="s" direction="in"/><arg type="v" direction="in"/>
    <arg type="v" direction="out"/><arg type="o" direction="out"/></method>
  <method name="SearchItems"><arg type="a{ss}" direction="in"/>
    <arg type="ao" direction="out"/><arg type="ao" direction="out"/></method>
  <method name="Unlock"><arg type="ao" direction="in"/><arg type="ao" direction="out"/><arg type="o" direction="out"/></method>
  <method name="GetSecrets"><arg type="ao" direction="in"/><arg type="o" direction="in"/>
    <arg type="a{o(oayays)}" direction="out"/></method>
  <method name="ReadAlias"><arg type="s" direction="in"/><arg type="o" direction="out"/></method>
</interface>
<interface name="org.freedesktop.Secret.Collection">
  <method name="CreateItem"><arg type="a{sv}" direction="in"/><arg type="(oayays)" direction="in"/>
    <arg type="b" direction="in"/><arg type="o" direction="out"/><arg type="o" direction="out"/></method>
</interface>
<interface name="org.freedesktop.Secret.Item"><method name="Delete"><arg type="o" direction="out"/></method></interface>
<interface name="org.freedesktop.Secret.Prompt"><method name="Prompt"><arg type="s" direction="in"/></method>
  <method name="Dismiss"/></interface>
<interface name="org.freedesktop.DBus.Properties">
  <method name="Get"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="out"/></method>
  <method name="GetAll"><arg type="s" direction="in"/><arg type="a{sv}" direction="out"/></method>
  <method name="Set"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="in"/></method>
</interface>
</node>""").interfaces}


class Failure(Exception):
    """An error reply."""


class SecretServiceStandIn:
    """Use as a context manager. `faults` and `items` may be changed while it runs; `held` is what hangs."""

    def __init__(self, desktop: Desktop, default: str = LOGIN):
        self.address = desktop.env["DBUS_SESSION_BUS_ADDRESS"]
        self.default = default
        self.locked = False
        self.faults: dict[str, str] = {}
        self.calls: Counter[str] = Counter()
        self.items: dict[str, dict[str, Any]] = {}
        self.held: list[Callable[[], None]] = []
        self._unanswered: list[Gio.DBusMethodInvocation] = []
        self._sessions: set[str] = set()
        self._dismissed = GLib.Variant("o", "/")
        self._numbers = itertools.count(1)
        self._ready = threading.Event()
        self.context = GLib.MainContext.new()
        self.loop = GLib.MainLoop.new(self.context, False)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "SecretServiceStandIn":
        self.thread.start()
        assert self._ready.wait(DEADLINE_SEC), "the stand-in did not start"
        return self

    def __exit__(self, *exc: Any) -> None:
        self._in_thread(self.loop.quit)
        self.thread.join(DEADLINE_SEC)

    def password_of(self, **attributes: str) -> str | None:
        """The secret of the one item with these attributes."""
        for item in list(self.items.values()):
            if attributes.items() <= item["attributes"].items():
                return item["secret"].decode()
        return None

    def ids(self) -> list[str]:
        """Of the credentials that it keeps, one for each item."""
        return [item["attributes"]["id"] for item in list(self.items.values()) if "id" in item["attributes"]]

    def let_go(self) -> None:
        """Does all that hangs, and answers it if anybody still listens."""
        self.faults.clear()
        def go() -> None:
            held, self.held = self.held, []
            for one in held:
                one()

        self._in_thread_and_wait(go)

    def come_back(self) -> None:
        """After it has left the bus; with its items."""
        self._in_thread_and_wait(self._connect)

    def leave(self) -> None:
        """It dies."""
        self._in_thread_and_wait(lambda: self.bus.close_sync(None))

    def take_over(self) -> None:
        """Another one takes its name, with the same items."""
        def go() -> None:
            old = self.bus
            self._connect()
            old.close_sync(None)

        self._in_thread_and_wait(go)

    def set_locked(self, locked: bool) -> None:
        """Somebody locks it or unlocks it."""
        self._in_thread_and_wait(lambda: self._set_locked(locked))

    def forget_sessions(self) -> None:
        """As KWallet does, now and then, while it starts."""
        self._in_thread_and_wait(self._sessions.clear)

    def add_items(self, items: dict[str, dict[str, Any]]) -> None:
        """They are there without a word."""
        def add() -> None:
            self.items |= items
            for path in items:
                self._serve(path, ITEM_IFACE)

        self._in_thread_and_wait(add)

    def _in_thread(self, function: Callable[[], Any]) -> None:
        source = GLib.idle_source_new()
        source.set_callback(lambda *_: function() and False)
        source.attach(self.context)

    def _in_thread_and_wait(self, function: Callable[[], Any]) -> None:
        over = threading.Event()
        self._in_thread(lambda: function() and None or over.set())
        assert over.wait(DEADLINE_SEC)

    def _run(self) -> None:
        self.context.push_thread_default()
        self._connect()
        self._ready.set()
        self.loop.run()
        if not self.bus.is_closed():
            self.bus.close_sync(None)
        self.context.pop_thread_default()

    def _connect(self) -> None:
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)
        self._serve(ROOT, SERVICE_IFACE)
        self._serve(PROMPT, PROMPT_IFACE)
        for collection in (LOGIN, SESSION):
            self._serve(collection, COLLECTION_IFACE)
        for item in self.items:
            self._serve(item, ITEM_IFACE)
        self.bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                           GLib.Variant("(su)", ("org.freedesktop.secrets", ALLOW_REPLACEMENT | REPLACE_EXISTING | DO_NOT_QUEUE)), None, 0, 5000, None)

    def _serve(self, path: str, interface: str) -> None:
        for name in (interface, PROPERTIES_IFACE):
            self.bus.register_object(path, INTERFACES[name], self._on_call, None, None)

    def _take_fault(self, method: str) -> str | None:
        now, _, later = self.faults.get(method, "").partition(";")
        fault, _, times = now.partition("*")
        if times:
            self.faults[method] = ";".join([f"{fault}*{int(times) - 1}"] * (times != "1") + [later] * bool(later))
        return fault or None

    def _on_call(self, bus: Any, sender: str, path: str, interface: str, method: str, parameters: GLib.Variant,
                 invocation: Gio.DBusMethodInvocation) -> None:
        self.calls[method] += 1
        of_property = self._take_fault(f"Get {parameters.unpack()[1]}") if method == "Get" else None
        name, _, argument = (of_property or self._take_fault(method) or "none").partition("=")
        if "." in name or name == "error":
            error = name if "." in name else "org.freedesktop.DBus.Error.Failed"
            invocation.return_dbus_error(error, "the disk is full")
        else:
            getattr(self, "_fault_" + name.replace("-", "_"))(path, method, parameters, invocation, argument)

    def _answer(self, path: str, method: str, parameters: GLib.Variant, invocation: Gio.DBusMethodInvocation) -> None:
        try:
            invocation.return_value(getattr(self, "_" + method)(path, *parameters.unpack()))
        except Failure as failure:
            invocation.return_dbus_error(str(failure), "no")

    # The faults

    def _fault_none(self, *call: Any) -> None:
        self._answer(*call[:4])

    def _fault_hang(self, *call: Any) -> None:
        self.held.append(lambda: self._answer(*call[:4]))

    def _fault_slow(self, *call: Any) -> None:
        time.sleep(float(call[4]))
        self._answer(*call[:4])

    def _fault_lose(self, path: str, method: str, parameters: GLib.Variant, invocation: Any, _: str) -> None:
        self._unanswered.append(invocation)
        with contextlib.suppress(Failure):
            getattr(self, "_" + method)(path, *parameters.unpack())

    def _fault_lose_vanish(self, *call: Any) -> None:
        self._fault_lose(*call)
        self.bus.close_sync(None)

    def _fault_lose_restart(self, *call: Any) -> None:
        self._fault_lose_vanish(*call)
        self._connect()

    def _fault_lock(self, *call: Any) -> None:
        self._set_locked(True)
        self._answer(*call[:4])

    def _fault_dismiss(self, path: str, method: str, parameters: Any, invocation: Any, _: str) -> None:
        answers = {"Unlock": ("(aoo)", ([], PROMPT)), "CreateItem": ("(oo)", ("/", PROMPT)), "Delete": ("(o)", (PROMPT,))}
        results = {"Unlock": GLib.Variant("ao", []), "CreateItem": GLib.Variant("o", "/"), "Delete": GLib.Variant("s", "")}
        self._dismissed = results[method]
        invocation.return_value(GLib.Variant(*answers[method]))

    def _fault_leave_out(self, path: str, method: str, parameters: GLib.Variant, invocation: Any, _: str) -> None:
        invocation.return_value(GLib.Variant("(a{o(oayays)})", ({},)))

    def _fault_lie_read(self, path: str, method: str, parameters: GLib.Variant, invocation: Any, _: str) -> None:
        answer, = self._GetSecrets(path, *parameters.unpack()).unpack()
        invocation.return_value(GLib.Variant("(a{o(oayays)})", ({
            key: (session, b"", b"not what was stored", kind) for key, (session, _, _, kind) in answer.items()},)))

    def _fault_lie_store(self, path: str, method: str, parameters: Any, invocation: Any, _: str) -> None:
        invocation.return_value(GLib.Variant("(oo)", (f"{path}/{next(self._numbers)}", "/")))

    def _fault_lie_set(self, path: str, method: str, parameters: Any, invocation: Any, _: str) -> None:
        invocation.return_value(None)

    # The methods of the specification

    def _OpenSession(self, path: str, algorithm: str, _: Any) -> GLib.Variant:
        if algorithm != "plain":
            raise Failure("org.freedesktop.DBus.Error.NotSupported")
        session = f"{ROOT}/session/s{next(self._numbers)}"
        self._sessions.add(session)
        return GLib.Variant("(vo)", (GLib.Variant("s", ""), session))

    def _check_session(self, session: str) -> None:
        if session not in self._sessions:
            raise Failure(NO_SESSION)

    def _ReadAlias(self, path: str, name: str) -> GLib.Variant:
        return GLib.Variant("(o)", (self.default if name == "default" else "/",))

    def _SearchItems(self, path: str, attributes: dict[str, str]) -> GLib.Variant:
        found = [key for key, item in self.items.items() if attributes.items() <= item["attributes"].items()]
        return GLib.Variant("(aoao)", ([], found) if self.locked else (found, []))

    def _Unlock(self, path: str, paths: list[str]) -> GLib.Variant:
        self._set_locked(False)
        return GLib.Variant("(aoo)", (paths, "/"))

    def _GetSecrets(self, path: str, paths: list[str], session: str) -> GLib.Variant:
        self._check_session(session)
        return GLib.Variant("(a{o(oayays)})", ({
            key: (session, b"", self.items[key]["secret"], "text/plain") for key in paths
            if key in self.items and not self.locked},))  # what is locked is left out

    def _CreateItem(self, path: str, properties: dict[str, Any], secret: Any, replace: bool) -> GLib.Variant:
        self._check_session(secret[0])
        if self.locked:
            raise Failure(IS_LOCKED)
        attributes = properties[ITEM_IFACE + ".Attributes"]
        same = [key for key, item in self.items.items() if item["attributes"] == attributes]
        key = same[0] if replace and same else f"{path}/{next(self._numbers)}"
        self.items[key] = {"attributes": attributes, "label": properties[ITEM_IFACE + ".Label"], "secret": bytes(secret[2])}
        if key not in same:
            self._serve(key, ITEM_IFACE)
        self._tell(path, "ItemChanged" if key in same else "ItemCreated", key)
        return GLib.Variant("(oo)", (key, "/"))

    def _Delete(self, path: str) -> GLib.Variant:
        if self.locked:
            raise Failure(IS_LOCKED)
        if self.items.pop(path, None) is None:
            raise Failure(NO_SUCH_OBJECT)
        self._tell(path.rpartition("/")[0], "ItemDeleted", path)
        return GLib.Variant("(o)", ("/",))

    def _Prompt(self, path: str, window: str) -> None:
        self.bus.emit_signal(None, path, PROMPT_IFACE, "Completed", GLib.Variant("(bv)", (True, self._dismissed)))

    def _Dismiss(self, path: str) -> None:
        pass

    def _set_locked(self, locked: bool) -> None:
        self.locked = locked
        change = (COLLECTION_IFACE, {"Locked": GLib.Variant("b", locked)}, [])
        self.bus.emit_signal(None, LOGIN, PROPERTIES_IFACE, "PropertiesChanged", GLib.Variant("(sa{sv}as)", change))

    def _tell(self, collection: str, signal: str, item: str) -> None:
        self.bus.emit_signal(None, collection, COLLECTION_IFACE, signal, GLib.Variant("(o)", (item,)))

    def _properties(self, path: str, interface: str) -> dict[str, GLib.Variant]:
        if interface == SERVICE_IFACE:
            return {"Collections": GLib.Variant("ao", [LOGIN, SESSION])}
        if interface == COLLECTION_IFACE:
            return {"Locked": GLib.Variant("b", self.locked), "Items": GLib.Variant("ao", list(self.items))}
        item = self.items.get(path)
        if item is None:
            raise Failure(NO_SUCH_OBJECT)
        return {"Locked": GLib.Variant("b", self.locked), "Attributes": GLib.Variant("a{ss}", item["attributes"]),
                "Label": GLib.Variant("s", item["label"]), "Created": GLib.Variant("t", 1), "Modified": GLib.Variant("t", 1)}

    def _Get(self, path: str, interface: str, name: str) -> GLib.Variant:
        return GLib.Variant("(v)", (self._properties(path, interface)[name],))

    def _Set(self, path: str, interface: str, name: str, value: Any) -> None:
        if self.locked:
            raise Failure(IS_LOCKED)
        if path not in self.items:
            raise Failure(NO_SUCH_OBJECT)
        self.items[path][name.lower()] = value
        self._tell(path.rpartition("/")[0], "ItemChanged", path)

    def _GetAll(self, path: str, interface: str) -> GLib.Variant:
        return GLib.Variant("(a{sv})", (self._properties(path, interface),))

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon that answers what a test tells it, for what the real one cannot be brought to say.

It runs in a thread of the test with a connection of its own, owns the daemon's name on the private bus, and is a process
of the same user, as the real one is.
"""

from __future__ import annotations

import os
import threading
from typing import Any, Callable

from gi.repository import Gio, GLib

from desktop import ACCOUNTS, CREDENTIALS, DEADLINE_SEC, ERROR, NAME, PATH, Desktop

INTERFACES = Gio.DBusNodeInfo.new_for_xml("""<node>
<interface name="org.felucca.Credentials1">
  <method name="CreateCredential"><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="a{sv}" direction="in"/><arg type="a{sv}" direction="out"/></method>
  <method name="GetCredential"><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="a{sv}" direction="in"/><arg type="a{sv}" direction="out"/></method>
  <method name="RotateCredential"><arg type="s" direction="in"/><arg type="a{sv}" direction="in"/>
    <arg type="a{sv}" direction="out"/></method>
  <method name="RevokeCredential"><arg type="s" direction="in"/><arg type="a{sv}" direction="in"/></method>
  <method name="ListCredentials"><arg type="a{sv}" direction="in"/><arg type="aa{sv}" direction="out"/></method>
  <method name="ListUnresolved"><arg type="aa{sv}" direction="out"/></method>
  <method name="ResolveUnresolved"><arg type="s" direction="in"/><arg type="s" direction="in"/></method>
  <property name="Version" type="s" access="read"/>
  <property name="KeyringState" type="s" access="read"/>
  <property name="Backends" type="a{sa{sv}}" access="read"/>
</interface>
<interface name="org.felucca.Accounts1">
  <method name="ListAccounts"><arg type="aa{sv}" direction="out"/></method>
  <method name="StartSignIn"><arg type="s" direction="in"/><arg type="s" direction="out"/><arg type="s" direction="out"/></method>
  <method name="FinishSignIn"><arg type="s" direction="in"/><arg type="a{sv}" direction="out"/></method>
</interface>
</node>""").interfaces

HAND_OUT = ("CreateCredential", "GetCredential", "RotateCredential")

PROPERTIES = {
    "Version": GLib.Variant("s", "0.0.stand-in"),
    "KeyringState": GLib.Variant("s", "unlocked"),
    "Backends": GLib.Variant("a{sa{sv}}", {"nile": {"state": GLib.Variant("s", "ready")}}),
}

TYPES: dict[type, Callable[[Any], GLib.Variant]] = {
    str: lambda value: GLib.Variant("s", value),
    bool: lambda value: GLib.Variant("b", value),
    int: lambda value: GLib.Variant("x", value),
    list: lambda value: GLib.Variant("as", value),
    GLib.Variant: lambda value: value,
}


def dictionary(entries: dict[str, Any]) -> dict[str, GLib.Variant]:
    """Plain values as they travel; a Variant stays what it is."""
    return {key: TYPES[type(value)](value) for key, value in entries.items()}


class DaemonStandIn:
    """Use as a context manager. `unresolved` and `credentials` are what it lists, without a look at filters; `credential`
    and `password` what it hands out; `page` is where it wants people to sign in. `failures[METHOD]`, or `failures["METHOD FIRST-ARGUMENT"]`, is the (name, sentence)
    that a method fails with. `resolved` is what it was told: pairs of intent and action; `calls` what it was asked for
    credentials: a method and its arguments, options as NAME: (TYPE, VALUE). Nothing is taken off the lists."""

    def __init__(self, desktop: Desktop):
        self.unresolved: list[dict[str, Any]] = []
        self.properties = dict(PROPERTIES)
        self.failures: dict[str, tuple[str, str]] = {}
        self.resolved: list[tuple[str, str]] = []
        self.credentials: list[dict[str, Any]] = []
        self.credential: dict[str, Any] = {}
        self.password = "pw"
        self.page = "https://console.invalid/authorize"
        self.calls: list[tuple[Any, ...]] = []
        self._address = desktop.env["DBUS_SESSION_BUS_ADDRESS"]
        self._ready = threading.Event()
        self._context = GLib.MainContext.new()
        self._loop = GLib.MainLoop.new(self._context, False)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "DaemonStandIn":
        self._thread.start()
        assert self._ready.wait(DEADLINE_SEC), "the stand-in did not start"
        return self

    def __exit__(self, *exc: Any) -> None:
        source = GLib.idle_source_new()
        source.set_callback(lambda *_: self._loop.quit())
        source.attach(self._context)
        self._thread.join(DEADLINE_SEC)

    def _run(self) -> None:
        self._context.push_thread_default()
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        bus = Gio.DBusConnection.new_for_address_sync(self._address, flags, None, None)
        for interface in INTERFACES:
            bus.register_object(PATH, interface, self._on_call, self._on_get, None)
        bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                      GLib.Variant("(su)", (NAME, 4)), None, 0, 5000, None)
        self._ready.set()
        self._loop.run()
        bus.close_sync(None)
        self._context.pop_thread_default()

    def _on_call(self, _bus: Any, _sender: str, _path: str, interface: str, method: str, parameters: GLib.Variant,
                 invocation: Gio.DBusMethodInvocation) -> None:
        assert interface in (CREDENTIALS, ACCOUNTS)
        first = parameters.unpack()[0] if parameters.n_children() > 0 else ""
        failure = self.failures.get(method) or self.failures.get(f"{method} {first}")
        if method.endswith(("Credential", "Credentials")):
            self._record(method, parameters)
        if failure is not None:
            name, sentence = failure
            invocation.return_dbus_error(name if "." in name else ERROR + name, sentence)
        elif method in HAND_OUT:
            invocation.return_value(self._hand_out(invocation.get_message().get_unix_fd_list()))
        else:
            invocation.return_value(getattr(self, "_" + method)(*parameters.unpack()))

    def _on_get(self, _bus: Any, _sender: str, _path: str, _interface: str, name: str) -> GLib.Variant:
        return self.properties[name]

    def _record(self, method: str, parameters: GLib.Variant) -> None:
        arguments = [parameters.get_child_value(i) for i in range(parameters.n_children())]
        options = arguments.pop()
        entries = [options.get_child_value(i) for i in range(options.n_children())]
        values = {entry.get_child_value(0).unpack(): entry.get_child_value(1).get_variant() for entry in entries}
        typed = {name: (value.get_type_string(), value.unpack()) for name, value in values.items()}
        self.calls.append((method, *(argument.unpack() for argument in arguments), typed))

    def _hand_out(self, descriptors: Gio.UnixFDList) -> GLib.Variant:
        with os.fdopen(descriptors.get(0), "wb") as pipe:
            pipe.write(self.password.encode())
        for descriptor in descriptors.steal_fds():
            os.close(descriptor)
        return GLib.Variant("(a{sv})", (dictionary(self.credential),))

    def _ListCredentials(self, _filter: dict[str, Any]) -> GLib.Variant:
        return GLib.Variant("(aa{sv})", ([dictionary(one) for one in self.credentials],))

    def _RevokeCredential(self, _id: str, _options: dict[str, Any]) -> None:
        return None

    def _ListUnresolved(self) -> GLib.Variant:
        return GLib.Variant("(aa{sv})", ([dictionary(one) for one in self.unresolved],))

    def _ResolveUnresolved(self, intent: str, action: str) -> None:
        self.resolved.append((intent, action))

    def _StartSignIn(self, _backend: str) -> GLib.Variant:
        return GLib.Variant("(ss)", ("handle", self.page))

    def _ListAccounts(self) -> GLib.Variant:
        return GLib.Variant("(aa{sv})", ([],))

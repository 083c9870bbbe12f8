# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What callers may do wrong: names, options, descriptors. Each is InvalidArguments, and nothing is minted."""

from __future__ import annotations

import os
import pty
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

import pytest

from desktop import ACCOUNTS, CREDENTIALS, BusError, Desktop, b, pipe_holding, s
from pipes import call_with_secret_fd
from refusals import refused

from gi.repository import GLib

BAD_NAMES = {
    "empty": "", "257-bytes": "x" * 257, "258-bytes-of-129": "ü" * 129, "newline": "a\nb", "escape": "a\x1b[31mb",
    "delete": "a\x7f", "c1-control": "a\x85b", "dot": ".", "dot-dot": "..",
}
STRING_OPTIONS = [
    ("CreateCredential", "backend"), ("CreateCredential", "tenant-id"), ("CreateCredential", "label"),
    ("CreateCredential", "request-id"), ("GetCredential", "id"), ("GetCredential", "tenant-id"),
    ("ListCredentials", "workspace"), ("ListCredentials", "database"), ("ListCredentials", "backend"),
    ("ListCredentials", "tenant-id"), ("RevokeCredential", "backend"),
]
OTHER_OPTIONS = [
    ("CreateCredential", "internal", "b"), ("CreateCredential", "interactive", "b"), ("GetCredential", "create", "b"),
    ("GetCredential", "min-validity", "t"), ("ListCredentials", "provider", "b"), ("RevokeCredential", "local-only", "b"),
    ("CreateCredential", "secret-fd", "h"), ("GetCredential", "secret-fd", "h"), ("SignIn", "token-fd", "h"),
    ("SignIn", "token", "s"), ("SignIn", "refresh-token-fd", "h"), ("SignOut", "revoke-credentials", "b"),
]
NOT_HERE = [
    ("CreateCredential", "create"), ("CreateCredential", "id"), ("CreateCredential", "min-validity"),
    ("CreateCredential", "ttl"), ("CreateCredential", "tenantId"), ("CreateCredential", ""),
    ("GetCredential", "local-only"), ("ListCredentials", "internal"), ("ListCredentials", "interactive"),
    ("RevokeCredential", "tenant-id"), ("SignIn", "backend"), ("SignOut", "token"),
]
WRONG_VALUES = [s("x"), b(True), GLib.Variant("i", 1), GLib.Variant("t", 1), GLib.Variant("d", 1.0), GLib.Variant("as", ["x"]),
                GLib.Variant("v", s("x")), GLib.Variant("a{sv}", {}), GLib.Variant("(ss)", ("a", "b"))]
LEADING: dict[str, tuple[str, ...]] = {
    "CreateCredential": ("acme", "orders"), "GetCredential": ("acme", "orders"), "ListCredentials": (),
    "RevokeCredential": ("some-id",), "SignIn": ("",), "SignOut": ("",),
}


def interface_of(method: str) -> str:
    return ACCOUNTS if method.startswith("Sign") else CREDENTIALS


def call_with(desktop: Desktop, method: str, *options: tuple[str, GLib.Variant], fds: tuple[int, ...] = ()) -> GLib.Variant:
    """A call whose options are exactly these entries, in this order, also when two are equal."""
    builder = GLib.VariantBuilder(GLib.VariantType("a{sv}"))
    for key, value in options:
        builder.add_value(GLib.Variant.new_dict_entry(s(key), GLib.Variant("v", value)))
    arguments = [s(text) for text in LEADING[method]] + [builder.end()]
    return desktop.call_variant(method, GLib.Variant.new_tuple(*arguments), interface_of(method), fds=fds)


@pytest.mark.parametrize("bad", BAD_NAMES.values(), ids=BAD_NAMES)
@pytest.mark.parametrize("method", ["CreateCredential", "GetCredential"])
def test_names_that_are_none(desktop: Desktop, method: str, bad: str):
    for names, what in (((bad, "orders"), "workspace"), (("acme", bad), "database")):
        assert what in refused(desktop, "InvalidArguments", desktop.call, method, "(ssa{sv})", *names, {})
    assert desktop.nile.count("create") == 0


@pytest.mark.parametrize("bad", BAD_NAMES.values(), ids=BAD_NAMES)
def test_ids_that_are_none(desktop: Desktop, bad: str):
    assert "id" in refused(desktop, "InvalidArguments", desktop.revoke, bad)


@pytest.mark.parametrize("bad", BAD_NAMES.values(), ids=BAD_NAMES)
def test_options_that_are_no_names(desktop: Desktop, bad: str):
    for method, option in STRING_OPTIONS:
        assert f"'{option}'" in refused(desktop, "InvalidArguments", call_with, desktop, method, (option, s(bad)))
    assert desktop.nile.count("create") == 0


@pytest.mark.parametrize("name", ["db" + "1" * 254, "db1"])
def test_256_bytes_are_fine(desktop: Desktop, name: str):
    credential = desktop.create("acme", name, label=s("ü" * 128))
    assert desktop.nile.live()[0]["database"] == name
    assert desktop.get("acme", name)["id"] == credential["id"]


@pytest.mark.parametrize("name,segment", [
    ("a/b", "a%2Fb"), ("../../developers", "..%2F..%2Fdevelopers"), ("50%", "50%25"), ("%2e%2e", "%252e%252e"),
    ("what?x=1", "what%3Fx%3D1"), ("a#b", "a%23b"), ("a b", "a%20b"), ("ü", "%C3%BC"), ("a;b&c", "a%3Bb%26c"), ("...", "..."),
    ("a\\b", "a%5Cb"),
])
def test_a_name_is_one_segment(name: str, segment: str):
    with Desktop(workspaces={"acme": ["orders", name], name: ["orders"]}) as desktop:
        ids = [desktop.create("acme", name)["id"], desktop.create(name, "orders")["id"]]
        for id in ids:
            desktop.revoke(id)
        paths = [entry["path"] for entry in desktop.nile.requests if entry["operation"] in ("create", "delete")]
    bases = [f"/workspaces/acme/databases/{segment}/credentials", f"/workspaces/{segment}/databases/orders/credentials"]
    assert paths == bases + [f"{base}/{id}" for base, id in zip(bases, ids)]


@pytest.mark.parametrize("method,option", NOT_HERE)
def test_an_unknown_option(desktop: Desktop, method: str, option: str):
    assert f"'{option}'" in refused(desktop, "InvalidArguments", call_with, desktop, method, (option, s("x")))
    assert desktop.nile.count("create") == 0


@pytest.mark.parametrize("option", ["x" * 100_000, "a\nb", "\x1b[31m", "%s%n"], ids=["long", "newline", "escape", "format"])
def test_an_unknown_option_with_an_ugly_name(desktop: Desktop, option: str):
    refused(desktop, "InvalidArguments", call_with, desktop, "CreateCredential", (option, s("x")))


@pytest.mark.parametrize("method,option,type", [(*one, "s") for one in STRING_OPTIONS] + OTHER_OPTIONS)
def test_a_wrong_type(desktop: Desktop, method: str, option: str, type: str):
    for value in WRONG_VALUES:
        if value.get_type_string() != type:
            sentence = refused(desktop, "InvalidArguments", call_with, desktop, method, (option, value))
            assert f"'{option}'" in sentence
    assert desktop.nile.count("create") == 0


@pytest.mark.parametrize("signature,arguments", [("(ss)", ("acme", "orders")), ("(a{sv})", ({},)), ("(ssa{ss})", ("a", "b", {}))])
def test_wrong_arguments_are_refused_by_the_bus_library(desktop: Desktop, signature: str, arguments: tuple[Any, ...]):
    with pytest.raises(BusError) as caught:
        desktop.call("CreateCredential", signature, *arguments)
    assert caught.value.name == "org.freedesktop.DBus.Error.InvalidArgs"
    assert desktop.nile.count("create") == 0


@pytest.mark.parametrize("method,option,value", [
    ("CreateCredential", "tenant-id", s("t1")), ("CreateCredential", "internal", b(False)),
    ("CreateCredential", "request-id", s("r-1")), ("GetCredential", "min-validity", GLib.Variant("t", 1)),
    ("ListCredentials", "workspace", s("acme")), ("RevokeCredential", "local-only", b(True)), ("SignIn", "token", s("t")),
])
def test_an_option_given_twice(desktop: Desktop, method: str, option: str, value: GLib.Variant):
    sentence = refused(desktop, "InvalidArguments", call_with, desktop, method, (option, value), (option, value))
    assert f"'{option}'" in sentence
    assert desktop.nile.count("create") == 0


@pytest.mark.parametrize("method", LEADING)
@pytest.mark.parametrize("same", [False, True], ids=["each-another", "all-the-same"])
def test_10000_entries(desktop: Desktop, method: str, same: bool):
    options = [("interactive" if same else f"option-{i}", b(True)) for i in range(10_000)]
    refused(desktop, "InvalidArguments", call_with, desktop, method, *options)
    assert desktop.nile.count("create") == 0
    desktop.create()


@pytest.mark.parametrize("seconds", [366 * 24 * 3600 + 1, 2**63, 2**64 - 1])
def test_min_validity_out_of_range(desktop: Desktop, seconds: int):
    sentence = refused(desktop, "InvalidArguments", desktop.get, min_validity=GLib.Variant("t", seconds))
    assert "'min-validity'" in sentence


@pytest.mark.parametrize("method", ["CreateCredential", "GetCredential"])
def test_a_backend_that_nobody_configured(desktop: Desktop, method: str):
    assert "'nobody'" in refused(desktop, "InvalidArguments", call_with, desktop, method, ("backend", s("nobody")))


@contextmanager
def wrong_descriptor(kind: str, folder: Path) -> Iterator[int]:
    """Something that is not an end of a pipe, or the wrong one."""
    more: list[int] = []
    if kind == "read-end":
        fd, other = os.pipe()
        more = [other]
    elif kind == "write-end":
        other, fd = os.pipe()
        more = [other]
    elif kind == "socket":
        ends = socket.socketpair()
        fd, more = ends[0].detach(), [ends[1].detach()]
    elif kind == "terminal":
        other, fd = pty.openpty()
        more = [other]
    elif kind == "both-ends":
        os.mkfifo(folder / "fifo")
        fd = os.open(folder / "fifo", os.O_RDWR)
    else:
        (folder / "file").write_text("untouched")
        paths = {"file": folder / "file", "directory": folder, "null": Path("/dev/null")}
        fd = os.open(paths[kind], os.O_RDONLY if kind == "directory" else os.O_RDWR)
    try:
        yield fd
    finally:
        for one in (fd, *more):
            os.close(one)


KINDS = ["socket", "terminal", "both-ends", "file", "directory", "null"]


@pytest.mark.parametrize("method,kind", [(method, kind) for method in ("CreateCredential", "GetCredential")
                                         for kind in ["read-end", *KINDS]])
def test_the_wrong_kind_of_secret_fd(desktop: Desktop, tmp_path: Path, method: str, kind: str):
    desktop.create()
    with wrong_descriptor(kind, tmp_path) as fd:
        sentence = refused(desktop, "InvalidArguments", call_with, desktop, method, ("secret-fd", GLib.Variant("h", 0)),
                           fds=(fd,))
    assert "'secret-fd'" in sentence
    assert desktop.nile.count("create") == 1
    assert kind != "file" or (tmp_path / "file").read_text() == "untouched"


@pytest.mark.parametrize("option,kind", [(option, kind) for option in ("token-fd", "refresh-token-fd")
                                         for kind in ["write-end", *KINDS]])
def test_the_wrong_kind_of_token_fd(desktop: Desktop, tmp_path: Path, option: str, kind: str):
    probes = desktop.nile.count("me")
    with wrong_descriptor(kind, tmp_path) as fd:
        sentence = refused(desktop, "InvalidArguments", call_with, desktop, "SignIn", (option, GLib.Variant("h", 0)),
                           fds=(fd,))
    assert f"'{option}'" in sentence
    assert desktop.nile.count("me") == probes


def test_a_descriptor_that_was_not_sent(desktop: Desktop):
    refused(desktop, "InvalidArguments", call_with, desktop, "CreateCredential", ("secret-fd", GLib.Variant("h", 7)))
    assert desktop.nile.count("create") == 0


def test_a_pipe_that_nobody_reads(desktop: Desktop):
    read, write = os.pipe()
    os.close(read)
    sentence = refused(desktop, "InvalidArguments", call_with, desktop, "CreateCredential",
                       ("secret-fd", GLib.Variant("h", 0)), fds=(write,))
    os.close(write)
    assert "'secret-fd'" in sentence
    assert [desktop.lookup(id=one["id"]) for one in desktop.nile.live()] == [desktop.get()["password"]]


def test_a_pipe_that_is_full(desktop: Desktop):
    read, write = os.pipe()
    os.set_blocking(write, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(write, b"x" * 65536)
    refused(desktop, "InvalidArguments", call_with, desktop, "CreateCredential", ("secret-fd", GLib.Variant("h", 0)),
            fds=(write,))
    os.close(read)
    os.close(write)
    assert len(desktop.list()) == 1


def test_a_token_that_does_not_end(bare: Desktop):
    fd = pipe_holding(b"x" * 9000)
    sentence = refused(bare, "InvalidArguments", call_with, bare, "SignIn", ("token-fd", GLib.Variant("h", 0)), fds=(fd,))
    os.close(fd)
    assert "'token-fd'" in sentence
    assert bare.nile.count("me") == 0


def test_after_all_that_the_daemon_still_works(desktop: Desktop):
    for bad in BAD_NAMES.values():
        refused(desktop, "InvalidArguments", desktop.create, bad)
    reply, secret = call_with_secret_fd(desktop, "CreateCredential")
    assert secret.decode() == desktop.nile.password_of(reply["id"])

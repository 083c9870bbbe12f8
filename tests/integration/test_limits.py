# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much one caller and all callers can ask for, and ways to ask that are unkind."""

import fcntl
import os

import pytest
from gi.repository import Gio, GLib

import desktop as desktop_module
from bus_calls import CallGroup
from bus_monitor import BusMonitor
from desktop import CREDENTIALS, ERROR, NAME, PATH, BusError, Desktop, wait_until

PER_CALLER = 16
MINTS = 8
WAITING = 64
PIPELINED = 1000


@pytest.fixture
def wide(monkeypatch):
    """A desktop whose bus has the limits of a real session bus (session.conf), not the tight ones of a bare one."""
    limit = '<limit name="max_replies_per_connection">50000</limit></busconfig>'
    monkeypatch.setattr(desktop_module, "BUS_CONFIG", desktop_module.BUS_CONFIG.replace("</busconfig>", limit))
    with Desktop() as session:
        yield session


def outcomes(group: CallGroup) -> dict[str | None, int]:
    """How many calls ended how."""
    names = [call.error_name for call in group.wait()]
    return {name: names.count(name) for name in set(names)}


@pytest.mark.parametrize("one_more", ["create", "get", "list"])
def test_so_many_calls_of_one_connection(desktop: Desktop, one_more: str):
    desktop.nile.rule(on="create", hold="mint", times=-1)
    group, extra = CallGroup(desktop), CallGroup(desktop)
    for number in range(PER_CALLER):
        group.create(f"db{number + 1}")
    call = {"create": extra.create, "get": extra.get, "list": extra.list}[one_more]()
    extra.wait()
    assert call.error_name == "LimitExceeded"
    assert desktop.property("Version"), "properties are not calls that wait"
    assert desktop.call("ListCredentials", "(a{sv})", {}, bus=desktop.connect()) == [], "others are not held up"
    desktop.nile.release("mint")
    assert outcomes(group) == {None: PER_CALLER}
    assert len(desktop.list()) == PER_CALLER, "its calls count no longer"


def test_so_many_mints_of_all(desktop: Desktop):
    stored = desktop.create("acme", "billing")["id"]
    desktop.nile.rule(on="create", hold="mint", times=-1)
    buses = [desktop.connect() for _ in range((MINTS + WAITING) // PER_CALLER + 1)]
    group = CallGroup(desktop)
    for number in range(MINTS + WAITING):
        group.create(f"db{number + 1}", bus=buses[number // PER_CALLER])
    for bus in buses[:-1]:
        versions = CallGroup(desktop)
        versions.version(bus)
        versions.wait()
    group.fence(buses[-1])
    for method in ("create", "get"):
        with pytest.raises(BusError) as caught:
            if method == "create":
                desktop.create(bus=buses[-1])
            else:
                desktop.get(bus=buses[-1], create=GLib.Variant("b", True))
        assert caught.value.name == ERROR + "LimitExceeded"
    desktop.nile.wait_for("create", 1 + MINTS)
    assert desktop.nile.count("create") == 1 + MINTS
    assert desktop.get("acme", "billing", create=GLib.Variant("b", True))["id"] == stored, "what needs no mint goes on"
    desktop.nile.release("mint")
    assert outcomes(group) == {None: MINTS + WAITING}
    assert desktop.nile.count("create") == 1 + MINTS + WAITING
    assert len(desktop.nile.live()) == len(desktop.list()) == 1 + MINTS + WAITING
    assert desktop.create()["password"]


def test_never_more_mints_at_one_time(desktop: Desktop):
    """Each place that gets free is taken once."""
    for number in range(MINTS * 3):
        desktop.nile.rule(on="create", hold=f"mint{number}")
    buses = [desktop.connect(), desktop.connect()]
    group = CallGroup(desktop)
    for number in range(MINTS * 3):
        group.create(f"db{number + 1}", bus=buses[number % 2])
    for number in range(MINTS * 2):
        desktop.nile.wait_for("create", MINTS + number)
        group.fence(desktop.bus)
        assert desktop.nile.count("create") - desktop.nile.count("create-run") == MINTS
        desktop.nile.release(f"mint{number}")
    for number in range(MINTS * 2, MINTS * 3):
        desktop.nile.release(f"mint{number}")
    assert outcomes(group) == {None: MINTS * 3}


@pytest.mark.parametrize("method", ["create", "list", "get"])
def test_a_thousand_calls_in_a_row(wide: Desktop, method: str):
    """One connection, no waiting between: each call gets one answer, and most of them are told to slow down."""
    bus = wide.connect()
    group = CallGroup(wide)
    with BusMonitor(wide) as monitor:
        for number in range(PIPELINED):
            if method == "list":
                group.list(bus)
            else:
                getattr(group, method)(f"db{number + 1}", bus=bus)
        ended = outcomes(group)
        serials = [m.get_serial() for m in monitor.messages()
                   if m.get_sender() == bus.get_unique_name() and m.get_destination() == NAME]
        assert len(serials) == PIPELINED
        replies = monitor.replies_to(bus.get_unique_name())
        assert [replies.get(serial) for serial in serials] == [1] * PIPELINED
    good = "NotFound" if method == "get" else None
    assert set(ended) <= {good, "LimitExceeded"}, ended
    assert ended[good] >= PER_CALLER
    minted = ended[good] if method == "create" else 0
    assert len(wide.nile.live()) == len(wide.nile.minted()) == len(wide.list()) == minted
    assert wide.property("Version")


def send_without_reply(desktop: Desktop, fds: tuple[int, ...] = (), **options: GLib.Variant) -> None:
    message = Gio.DBusMessage.new_method_call(NAME, PATH, CREDENTIALS, "CreateCredential")
    message.set_body(GLib.Variant("(ssa{sv})", ("acme", "orders", options)))
    message.set_flags(Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
    fd_list = Gio.UnixFDList.new()
    for fd in fds:
        fd_list.append(fd)
    message.set_unix_fd_list(fd_list)
    desktop.bus.send_message(message, Gio.DBusSendMessageFlags.NONE)


def test_a_create_that_wants_no_reply(desktop: Desktop):
    with BusMonitor(desktop) as monitor:
        send_without_reply(desktop)
        (listed,) = wait_until(desktop.list, "it is stored")
        password = desktop.nile.password_of(listed["id"])
        assert desktop.lookup(id=listed["id"]) == password
        assert password.encode() not in monitor.raw(), "nobody asked for the password"
    assert desktop.get()["password"] == password
    assert len(desktop.nile.live()) == 1


def test_a_bad_create_that_wants_no_reply(desktop: Desktop):
    send_without_reply(desktop, nonsense=GLib.Variant("s", "x"))
    assert desktop.list() == []
    assert desktop.nile.count("create") == 0


def full_pipe() -> tuple[int, int]:
    """A pipe that takes no byte more."""
    read_end, write_end = os.pipe2(os.O_NONBLOCK)
    try:
        while True:
            os.write(write_end, b"x" * 4096)
    except BlockingIOError:
        pass
    try:
        while True:
            os.write(write_end, b"x")
    except BlockingIOError:
        return read_end, write_end


def unread_pipe() -> tuple[int, int]:
    """A pipe whose reader has left."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    return -1, write_end


def small_full_pipe() -> tuple[int, int]:
    """A pipe with less room than a password needs, and a writer that would block."""
    read_end, write_end = os.pipe()
    size = fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    os.write(write_end, b"x" * (size - 3))
    return read_end, write_end


@pytest.mark.parametrize("make_pipe", [unread_pipe, full_pipe, small_full_pipe])
@pytest.mark.parametrize("method", ["CreateCredential", "GetCredential"])
def test_a_pipe_that_takes_no_password(desktop: Desktop, make_pipe, method: str):
    """An error that says why; the credential is stored, nothing blocks, no signal ends the daemon."""
    if method == "GetCredential":
        desktop.create()
    read_end, write_end = make_pipe()
    with BusMonitor(desktop) as monitor:
        with pytest.raises(BusError) as caught:
            desktop.call(method, "(ssa{sv})", "acme", "orders", {"secret-fd": GLib.Variant("h", 0)}, fds=(write_end,))
        (live,) = desktop.nile.live()
        password = desktop.nile.password_of(live["id"])
        assert password.encode() not in monitor.raw()
    assert caught.value.name == ERROR + "InvalidArguments"
    assert "secret-fd" in caught.value.message
    for fd in (read_end, write_end):
        if fd >= 0:
            os.close(fd)
    assert desktop.lookup(id=live["id"]) == password
    assert desktop.get()["password"] == password
    assert desktop.daemon_process.poll() is None


def test_a_reader_that_leaves_during_the_mint(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint")
    group = CallGroup(desktop)
    call = group.create(pipe=True)
    desktop.nile.wait_for("create")
    os.close(call.read_end)
    desktop.nile.release("mint")
    group.wait()
    assert call.error_name == "InvalidArguments"
    assert len(desktop.list()) == 1
    assert desktop.daemon_process.poll() is None

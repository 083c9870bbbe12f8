# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The private socket: the same object without a bus between, for the same uid only; and unkind ways to use it."""

from __future__ import annotations

import os
import resource
import select
import signal
import socket
import stat
import subprocess
import sys
from contextlib import suppress

import pytest
from gi.repository import Gio, GLib

from bus_calls import pump_until
from bus_monitor import BusMonitor
from desktop import CLIENT, CREDENTIALS, ERROR, NAME, PATH, BusError, Desktop, wait_until
from peers import (FDS_MAX, MESSAGE_MAX, PEERS_MAX, RawPeer, SocketActivator, call_message, connect, fd_count,
                   message_of_length, rss_kib, socket_of)
from pipes import read_to_end
from user_manager import UID

LIST = call_message("ListCredentials", GLib.Variant("(a{sv})", ({},)))
IDLE = "\n[daemon]\nidle-timeout=3\n"
MANY = 1000
EMPTY = "(@aa{sv} [],)\n"
CALLS_MAX = 20000
SIGNALS_MAX = 400  # 256 are kept; a few more than that
NOT_ROOT = os.getuid() != 0


def pid_of(desktop: Desktop) -> int:
    assert desktop.daemon_process is not None
    return desktop.daemon_process.pid


def create_message(serial: int, database: str = "orders") -> bytes:
    return call_message("CreateCredential", GLib.Variant("(ssa{sv})", ("acme", database, {})), serial=serial)


# Lists, and once more on the same connection when it is told to.
PATIENT = """import sys
from gi.repository import Gio, GLib
bus = Gio.DBusConnection.new_for_address_sync(sys.argv[1], Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT, None, None)
for _ in range(2):
    arguments = GLib.Variant("(a{sv})", ({},))
    print(bus.call_sync(None, sys.argv[2], sys.argv[3], "ListCredentials", arguments, None, 0, -1, None), flush=True)
    sys.stdin.readline()
"""


def fill(peer: RawPeer) -> int:
    """Calls until nothing more goes in: the daemon does not read what is not read from it. How many were sent."""
    sent = 0
    while sent < CALLS_MAX and select.select([], [peer.socket], [], 5)[1]:
        message = call_message("ListCredentials", GLib.Variant("(a{sv})", ({},)), serial=sent + 1)
        peer.send(message)
        sent += 1
    return sent


# The same object

def test_the_main_job(desktop: Desktop):
    peer = connect(desktop)
    created = desktop.create(bus=peer)
    assert created["password"] == desktop.nile.password_of(created["id"]) == desktop.lookup(id=created["id"])
    assert desktop.get(bus=peer) == desktop.get()
    assert [entry["id"] for entry in desktop.call("ListCredentials", "(a{sv})", {}, bus=peer)] == [created["id"]]
    assert len(desktop.call("ListAccounts", interface="org.felucca.Accounts1", bus=peer)) == 1
    desktop.call("RevokeCredential", "(sa{sv})", created["id"], {}, bus=peer)
    assert desktop.nile.live() == [] == desktop.list()


def test_it_says_the_same_of_itself(desktop: Desktop):
    def introspect(bus: Gio.DBusConnection) -> str:
        return desktop.call("Introspect", interface="org.freedesktop.DBus.Introspectable", bus=bus)

    assert introspect(connect(desktop)) == introspect(desktop.bus)


def test_a_password_through_a_pipe(desktop: Desktop):
    read, write = os.pipe()
    created = desktop.call("CreateCredential", "(ssa{sv})", "acme", "orders", {"secret-fd": GLib.Variant("h", 0)},
                           bus=connect(desktop), fds=(write,))
    os.close(write)
    assert "password" not in created
    assert read_to_end(read).decode() == desktop.nile.password_of(created["id"])
    os.close(read)


def test_a_failure_has_its_name(desktop: Desktop):
    with pytest.raises(BusError) as caught:
        desktop.get(bus=connect(desktop))
    assert caught.value.name == ERROR + "NotFound"


def test_signals_reach_every_peer(desktop: Desktop):
    heard: list[list[tuple[str, object]]] = [[], []]
    peers = [connect(desktop), connect(desktop)]
    for peer, list_ in zip(peers, heard):
        peer.signal_subscribe(None, CREDENTIALS, None, PATH, None, Gio.DBusSignalFlags.NONE,
                              lambda *a, list_=list_: list_.append((a[4], a[5].unpack()[0])))
        desktop.call("ListCredentials", "(a{sv})", {}, bus=peer)
    created = desktop.create()
    desktop.revoke(created["id"])
    pump_until(lambda: all(len(list_) == 2 for list_ in heard), "both have heard both")
    assert heard[0] == heard[1]
    (added, metadata), removed = heard[0]
    assert (added, metadata["id"], "password" in metadata) == ("CredentialAdded", created["id"], False)
    assert removed == ("CredentialRemoved", created["id"])


def test_the_keyring_state_is_announced(desktop: Desktop):
    with RawPeer(desktop) as peer:
        peer.send(LIST)
        peer.reply()
        desktop.lock_keyring()
        changed = peer.message()
        assert changed.get_member() == "PropertiesChanged"
        assert changed.get_body().unpack()[1] == {"KeyringState": "locked"}


def test_the_journal_names_the_program(desktop: Desktop):
    script = "import sys\n" \
             "from gi.repository import Gio, GLib\n" \
             "open('/proc/self/comm', 'w').write('an-odd-name')\n" \
             "bus = Gio.DBusConnection.new_for_address_sync(sys.argv[1], Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT, None, None)\n" \
             "bus.call_sync(None, sys.argv[2], sys.argv[3], 'ListCredentials', GLib.Variant('(a{sv})', ({},)), None, 0, -1, None)\n"
    subprocess.run([sys.executable, "-c", script, f"unix:path={socket_of(desktop)}", PATH, CREDENTIALS], check=True,
                   timeout=60)
    wait_until(lambda: "an-odd-name: ListCredentials" in desktop.daemon_log(), "it is logged after it is answered")


@pytest.mark.parametrize("arguments, expected", [
    (["call", NAME, PATH, CREDENTIALS, "ListCredentials", "a{sv}", "0"], "aa{sv} 0"),
    (["get-property", NAME, PATH, CREDENTIALS, "KeyringState"], 's "unlocked"'),
    (["introspect", NAME, PATH], ".CreateCredential"),
])
def test_busctl(desktop: Desktop, arguments: list[str], expected: str):
    found = desktop.busctl(f"--address=unix:path={socket_of(desktop)}", *arguments)
    assert (found.returncode, found.stderr) == (0, "")
    assert expected in found.stdout


# Who may come in

def test_only_this_user_can_get_at_it(desktop: Desktop):
    found = socket_of(desktop).stat()
    assert stat.S_ISSOCK(found.st_mode) and stat.S_IMODE(found.st_mode) & 0o077 == 0
    assert stat.S_IMODE(socket_of(desktop).parent.stat().st_mode) == 0o700


@pytest.mark.skipif(NOT_ROOT, reason="needs another uid")
def test_another_uid_is_refused(desktop: Desktop):
    """Even where it could open the socket: modes are not all that stands between."""
    path = socket_of(desktop)
    for folder in (desktop.root, desktop.root / "run", path.parent):
        folder.chmod(0o755)
    path.chmod(0o777)
    script = "import socket, sys; c = socket.socket(socket.AF_UNIX); c.connect(sys.argv[1])\n" \
             "try: c.sendall(b'\\0AUTH EXTERNAL 30\\r\\n'); print('said', c.recv(100))\n" \
             "except ConnectionError: print('said', b'')"
    argv = [sys.executable, "-c", script, str(path)]
    other = subprocess.run(["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", *argv], check=True,
                           capture_output=True, text=True, timeout=60)
    assert other.stdout == "said b''\n"
    assert "another user" in desktop.daemon_log()
    ours = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60)
    assert ours.stdout.startswith("said b'OK ")


@pytest.mark.parametrize("lines", [
    b"\0AUTH ANONYMOUS\r\n", b"\0AUTH DBUS_COOKIE_SHA1 30\r\n",
    b"\0AUTH EXTERNAL " + str(os.getuid() + 1).encode().hex().encode() + b"\r\n",
])
def test_no_other_way_in(desktop: Desktop, lines: bytes):
    with RawPeer(desktop, begin=False) as peer:
        peer.send(lines)
        assert peer.line().startswith(b"REJECTED")
        peer.send(b"BEGIN\r\n" + LIST)
        assert peer.is_over()
    assert "ListCredentials" not in desktop.daemon_log()


# Unkind ones

JUNK = [
    os.urandom(4096), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 4096, b"\0AUTH\nBEGIN\r\n" + LIST, b"\0BEGIN\r\n" + LIST,
    b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN now\r\n" + LIST, b"\0" + b"A" * 511, b"\0" + b"DATA\r\n" * 20,
]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_junk_instead_of_a_name(desktop: Desktop, junk: bytes):
    with RawPeer(desktop, begin=False) as peer:
        try:
            peer.send(junk)
        except ConnectionError:
            pass
        assert peer.is_over()
    assert desktop.list() == []
    wait_until(lambda: "ListCredentials" in desktop.daemon_log(), "ours is in the journal")
    assert desktop.daemon_log().count("ListCredentials") == 1


BROKEN = [b"X" * 16, LIST[:3] + b"\2" + LIST[4:], b"l\1\0\1" + b"\xff" * 12, os.urandom(64)]


@pytest.mark.parametrize("message", BROKEN, ids=range(len(BROKEN)))
def test_junk_instead_of_a_message(desktop: Desktop, message: bytes):
    with RawPeer(desktop) as peer:
        peer.send(message)
        assert peer.is_over()
    assert desktop.list() == []


def test_a_message_to_nobody_is_dropped(desktop: Desktop):
    with RawPeer(desktop) as peer:
        peer.send(b"l\1\0\1\0\0\0\0\1\0\0\0\0\0\0\0" + LIST)
        assert peer.reply().get_body().unpack() == ([],)


def test_how_long_a_message_may_be(desktop: Desktop):
    with RawPeer(desktop) as peer:
        peer.send(message_of_length(MESSAGE_MAX))
        assert peer.reply().get_error_name() == "org.freedesktop.DBus.Error.UnknownMethod"
        peer.send(message_of_length(MESSAGE_MAX + 8))
        assert peer.is_over()


def test_a_header_reserves_nothing(desktop: Desktop):
    """sd-bus would set aside what a header announces, 128 MiB, and fill it."""
    before = rss_kib(pid_of(desktop))
    header = bytearray(LIST[:16])
    header[4:8] = (100 * 1024 * 1024).to_bytes(4, "little")
    peers = [RawPeer(desktop) for _ in range(8)]
    for peer in peers:
        peer.send(bytes(header))
        assert peer.is_over()
    assert desktop.list() == []
    assert rss_kib(pid_of(desktop)) - before < 8 * 1024


def test_how_many_descriptors_a_message_may_carry(desktop: Desktop):
    before = fd_count(pid_of(desktop))
    for number, spread in ((FDS_MAX, False), (FDS_MAX + 1, False), (250, False), (FDS_MAX + 1, True)):
        null = os.open("/dev/null", os.O_RDONLY)
        message = Gio.DBusMessage.new_method_call(None, PATH, CREDENTIALS, "Nothing")
        fds = Gio.UnixFDList.new()
        for _ in range(number):
            fds.append(null)
        message.set_unix_fd_list(fds)
        message.set_serial(1)
        data = bytes(message.to_blob(Gio.DBusCapabilityFlags.UNIX_FD_PASSING))
        with RawPeer(desktop) as peer:
            try:
                if spread:
                    for at in range(number):
                        peer.send_with_fds(data[at:at + 1], [null])
                else:
                    peer.send_with_fds(data, [null] * number)
                if number <= FDS_MAX:
                    assert peer.reply().get_error_name() == "org.freedesktop.DBus.Error.UnknownMethod"
                else:
                    assert peer.is_over()
            except ConnectionError:
                assert number > FDS_MAX
        os.close(null)
    assert desktop.list() == []
    wait_until(lambda: fd_count(pid_of(desktop)) <= before, "none is left open")


def test_messages_in_pieces_and_in_one(desktop: Desktop):
    with RawPeer(desktop, begin=False) as peer:
        name = str(os.getuid()).encode().hex().encode()
        for byte in b"\0AUTH EXTERNAL " + name + b"\r\n":
            peer.send(bytes([byte]))
        assert peer.line().startswith(b"OK ")
        peer.send(b"BEGIN\r\n" + b"".join(call_message("ListCredentials", GLib.Variant("(a{sv})", ({},)), serial=n)
                                          for n in (1, 2, 3)))
        for number in (1, 2, 3):
            assert peer.reply(number).get_body().unpack() == ([],)
        for byte in call_message("ListCredentials", GLib.Variant("(a{sv})", ({},)), serial=4):
            peer.send(bytes([byte]))
        assert peer.reply(4).get_body().unpack() == ([],)


def test_half_a_message_holds_up_nobody(desktop: Desktop):
    with RawPeer(desktop) as half:
        half.send(LIST[:-3])
        assert desktop.call("ListCredentials", "(a{sv})", {}, bus=connect(desktop)) == []
        half.send(LIST[-3:])
        assert half.reply().get_body().unpack() == ([],)


def test_one_that_does_not_say_who_it_is(desktop: Desktop):
    """It is closed after a while; one that has said it stays."""
    with RawPeer(desktop, begin=False) as silent, RawPeer(desktop) as named:
        silent.send(b"\0AUTH EXTER")
        assert silent.is_over()
        named.send(LIST)
        assert named.reply().get_body().unpack() == ([],)


def test_one_that_does_not_read_is_not_read_either(desktop: Desktop):
    """What it may make us keep is what the kernel keeps. Then it reads, and everything is there."""
    for number in range(20):
        desktop.create("acme", f"db{number}")
    before = rss_kib(pid_of(desktop))
    with RawPeer(desktop) as slow:
        sent = fill(slow)
        assert 16 < sent < CALLS_MAX
        assert len(desktop.list()) == 20, "others are answered"
        assert rss_kib(pid_of(desktop)) - before < 8 * 1024
        replies = [slow.method_reply() for _ in range(sent)]
    assert sorted(reply.get_reply_serial() for reply in replies) == list(range(1, sent + 1))
    lists = [reply for reply in replies if reply.get_error_name() is None]
    assert {len(reply.get_body().unpack()[0]) for reply in lists} == {20}
    assert {reply.get_error_name() for reply in replies} <= {None, ERROR + "LimitExceeded"}


def test_one_that_lets_signals_pile_up(desktop: Desktop):
    """Nobody can hold them back, so it is closed; so many are kept for it."""
    desktop.create()
    deaf = RawPeer(desktop)
    fill(deaf)
    gone = select.poll()
    gone.register(deaf.socket, 0)
    rounds = 0
    while not gone.poll(0):
        rounds += 1
        assert rounds <= SIGNALS_MAX // 2
        desktop.revoke(desktop.create()["id"])  # two signals
    assert rounds > SIGNALS_MAX // 4
    deaf.socket.close()


# Limits

def test_so_many_calls_of_one_peer(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint", times=-1)
    with RawPeer(desktop) as peer:
        for number in range(16):
            peer.send(create_message(number + 1, f"db{number}"))
        peer.send(create_message(17))
        assert peer.reply(17).get_error_name() == ERROR + "LimitExceeded"
        with RawPeer(desktop) as other:
            other.send(LIST)
            assert other.reply().get_error_name() is None
        desktop.nile.release("mint")
        assert {peer.message().get_error_name() for _ in range(16)} == {None}


def test_a_thousand_connections(desktop: Desktop):
    """They are of one process, so it is that one's own that have to go; somebody else's stays, and still gets in."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        before = fd_count(pid_of(desktop))
        other = subprocess.Popen([sys.executable, "-c", PATIENT, f"unix:path={socket_of(desktop)}", PATH, CREDENTIALS],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert other.stdout.readline() == EMPTY
        crowd = [RawPeer(desktop, begin=False) for _ in range(MANY)]
        assert desktop.cli("list", "--json", FELUCCA_BUS=f"unix:path={socket_of(desktop)}").returncode == 0
        assert fd_count(pid_of(desktop)) <= before + 4 * (PEERS_MAX + 1)
        last = crowd[-1]
        last.begin()
        last.send(LIST)
        assert last.reply().get_body().unpack() == ([],)
        for peer in crowd:
            peer.socket.close()
        assert other.communicate("again\n", timeout=60) == (EMPTY, None), "it has kept its place"
        desktop.list()
        wait_until(lambda: fd_count(pid_of(desktop)) <= before, "all have left")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_places_that_are_all_at_work(desktop: Desktop):
    """Nobody is sent away while it waits for an answer; the next one gets in when somebody has his."""
    desktop.nile.rule(on="create", hold="mint", times=-1)
    peers = [RawPeer(desktop) for _ in range(PEERS_MAX)]
    for number, peer in enumerate(peers):
        peer.send(create_message(1, f"db{number}"))
    for peer in peers:
        peer.send(LIST.replace(LIST[8:12], (2).to_bytes(4, "little"), 1))
        assert peer.reply(2).get_error_name() is None
    late = RawPeer(desktop, begin=False)
    late.socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
    assert len(desktop.list()) == 0
    late.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        late.socket.recv(100)
    late.socket.settimeout(30)
    desktop.nile.release("mint")
    assert late.line().startswith(b"OK ")
    for peer in peers:
        assert peer.reply(1).get_error_name() is None
    assert len(desktop.list()) == PEERS_MAX


# Leaving in the middle

def test_the_caller_goes_during_a_mint(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint")
    with RawPeer(desktop) as peer:
        peer.send(create_message(1))
        desktop.nile.wait_for("create")
    desktop.list()
    desktop.nile.release("mint")
    wait_until(desktop.list, "it is stored all the same")
    (live,) = desktop.nile.live()
    assert desktop.lookup(id=live["id"]) == desktop.nile.password_of(live["id"])


def test_the_daemon_is_stopped_during_a_mint(desktop: Desktop):
    desktop.nile.rule(on="create", hold="mint")
    peer, idle = RawPeer(desktop), RawPeer(desktop)
    peer.send(create_message(1))
    desktop.nile.wait_for("create")
    desktop.daemon_process.send_signal(signal.SIGTERM)
    assert idle.is_over(), "one that waits for nothing does not keep it"
    with pytest.raises(BrokenPipeError):
        peer.send(create_message(2))
    desktop.nile.release("mint")
    answer = peer.reply(1).get_body().unpack()[0]
    assert answer["password"] == desktop.nile.password_of(answer["id"]) == desktop.lookup(id=answer["id"])
    assert peer.is_over()
    assert desktop.daemon_process.wait(30) == 0
    assert desktop.nile.count("create") == 1
    assert not socket_of(desktop).exists()


def test_what_was_sent_before_it_leaves_is_answered(desktop: Desktop):
    """The kernel has taken the calls; the daemon has not seen them when it is told to leave."""
    with RawPeer(desktop) as peer:
        peer.send(LIST)
        peer.reply()
        desktop.daemon_process.send_signal(signal.SIGSTOP)
        for number in range(1, 9):
            peer.send(create_message(number, f"db{number}"))
        desktop.daemon_process.send_signal(signal.SIGTERM)
        desktop.daemon_process.send_signal(signal.SIGCONT)
        replies = {reply.get_reply_serial(): reply for reply in (peer.method_reply() for _ in range(8))}
        assert sorted(replies) == list(range(1, 9))
        assert peer.is_over()
    assert desktop.daemon_process.wait(30) == 0
    assert {reply.get_body().unpack()[0]["id"] for reply in replies.values()} == {live["id"] for live in desktop.nile.live()}
    assert len(desktop.nile.live()) == 8


def test_one_that_does_not_take_its_answer_does_not_keep_the_daemon(desktop: Desktop):
    with RawPeer(desktop) as slow:
        assert 16 < fill(slow) < CALLS_MAX
        desktop.daemon_process.send_signal(signal.SIGTERM)
        assert desktop.daemon_process.wait(40) == 0


# Coming and going

def test_an_idle_peer_does_not_keep_it(desktop: Desktop):
    with Desktop(config=IDLE) as other:
        peer = RawPeer(other)
        peer.send(LIST)
        peer.reply()
        assert other.daemon_process.wait(30) == 0
        assert peer.is_over()
        assert not socket_of(other).exists()


def is_served(desktop: Desktop) -> bool:
    try:
        RawPeer(desktop).socket.close()
    except OSError:
        return False
    return True


def test_what_a_killed_daemon_left_is_replaced(desktop: Desktop):
    desktop.kill_daemon()
    assert socket_of(desktop).exists()
    with pytest.raises(ConnectionRefusedError):
        RawPeer(desktop)
    desktop.start_daemon()
    wait_until(lambda: is_served(desktop), "there is a new one")
    assert desktop.call("ListCredentials", "(a{sv})", {}, bus=connect(desktop)) == []


def plant(desktop: Desktop, what: str) -> None:
    folder = socket_of(desktop).parent
    if what == "a link":
        (desktop.root / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(desktop.root / "elsewhere")
        return
    folder.mkdir(mode=0o755 if what == "an open folder" else 0o700)
    if what == "a file":
        socket_of(desktop).write_text("mine")


@pytest.mark.parametrize("what", ["a link", "an open folder", "a file"])
def test_a_place_that_is_not_right(what: str):
    """Then there is no private socket; the bus goes on."""
    with Desktop(daemon=False) as desktop:
        plant(desktop, what)
        desktop.start_daemon()
        wait_until(lambda: "the private socket" in desktop.daemon_log(), "it says why")
        assert desktop.list() == []
        assert desktop.cli("list").returncode == 0
        assert list((desktop.root / "elsewhere").iterdir() if what == "a link" else []) == []
        assert what != "a file" or socket_of(desktop).read_text() == "mine"


def test_somebody_elses_socket_stays():
    with Desktop(daemon=False) as desktop, socket.socket(socket.AF_UNIX) as other:
        socket_of(desktop).parent.mkdir(mode=0o700)
        other.bind(str(socket_of(desktop)))
        other.listen()
        inode = socket_of(desktop).stat().st_ino
        desktop.start_daemon()
        wait_until(lambda: "served by somebody else" in desktop.daemon_log(), "it says why")
        desktop.stop_daemon()
        assert socket_of(desktop).stat().st_ino == inode


# Handed over by systemd

def test_the_daemon_comes_through_the_socket_and_leaves():
    with Desktop(daemon=False, config=IDLE) as desktop:
        activator = SocketActivator(desktop)
        inode = socket_of(desktop).stat().st_ino
        for run in (1, 2):
            with RawPeer(desktop) as peer:
                peer.send(LIST)
                assert peer.reply().get_body().unpack() == ([],)
                assert desktop.has_owner(NAME), "one daemon for both ways in"
                assert peer.is_over()
            wait_until(lambda: len(activator.ends()) == run, "it has left")
        assert activator.ends() == [0, 0]
        assert socket_of(desktop).stat().st_ino == inode, "what is systemd's stays"


def test_no_call_of_the_command_is_lost():
    """In a stream of creates the daemon is told to leave again and again: each is done once."""
    with Desktop(daemon=False) as desktop:
        activator = SocketActivator(desktop)
        assert desktop.cli("sign-in", "--token-stdin", input=desktop.nile.issue_token()["access_token"]).returncode == 0
        env = desktop.env | {"FELUCCA_BUS": f"unix:path={socket_of(desktop)}"}
        left: set[int] = set()
        callers: list[subprocess.Popen[str]] = []
        done = 0
        while len(left) < 10 or callers:
            while len(callers) < 4 and len(left) < 10:
                callers.append(subprocess.Popen([str(CLIENT), "create", "acme/orders", "--json"], env=env, text=True,
                                                stdout=subprocess.PIPE, stderr=subprocess.PIPE))
            caller = callers.pop(0)
            out, err = caller.communicate(timeout=60)
            assert caller.returncode == 0, (out, err, desktop.daemon_log()[-3000:])
            done += 1
            for pid in set(activator.starts()) - left:
                left.add(pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        assert desktop.nile.count("create") == done == len(desktop.nile.live())
        assert set(activator.ends()) <= {0, -signal.SIGTERM}, "the signal may come before the daemon takes signals"


def test_without_a_session_bus():
    """There is no keyring without one; all else answers."""
    with Desktop(keyring=False, daemon=False, sign_in=False, config=IDLE) as desktop:
        del desktop.env["DBUS_SESSION_BUS_ADDRESS"]
        SocketActivator(desktop)
        assert desktop.cli("backends").returncode == 0
        listed = desktop.cli("list")
        assert (listed.returncode, "keyring" in listed.stderr) == (4, True), listed
        assert desktop.cli("create", "acme/orders").returncode == 4
        desktop.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent"


# The command

def test_the_command_prefers_the_socket(desktop: Desktop):
    created = desktop.create()
    desktop.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent"
    assert desktop.cli("get", "acme/orders", "--format", "password").stdout.strip() == created["password"]
    assert desktop.cli("get", "acme/orders", FELUCCA_BUS="session").returncode == 1


def test_a_monitor_sees_no_call(desktop: Desktop):
    with BusMonitor(desktop) as monitor:
        assert desktop.cli("create", "acme/orders").returncode == 0
        assert desktop.cli("get", "acme/orders", FELUCCA_BUS="session").returncode == 0
        monitor.raw()
        assert monitor.calls("CreateItem") and monitor.calls("GetCredential")
        assert not monitor.calls("CreateCredential")


def test_the_command_falls_back_to_the_bus(desktop: Desktop):
    socket_of(desktop).unlink()
    assert desktop.cli("list").returncode == 0
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(socket_of(desktop)))
    socket_of(desktop).chmod(0o600)
    assert desktop.cli("list").returncode == 0
    assert desktop.cli("list", FELUCCA_BUS=f"unix:path={socket_of(desktop)}").returncode == 1


def test_the_command_is_told_nonsense(desktop: Desktop):
    assert desktop.cli("list", FELUCCA_BUS="tcp:host=x").returncode == 2


@pytest.mark.skipif(NOT_ROOT, reason="needs another uid")
@pytest.mark.parametrize("whose", ["its socket", "its folder", "open to all"])
def test_the_command_does_not_trust_every_socket(desktop: Desktop, whose: str):
    path = socket_of(desktop)
    if whose == "open to all":
        path.parent.chmod(0o777)
    else:
        os.chown(path if whose == "its socket" else path.parent, UID, UID)
    desktop.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent"
    assert desktop.cli("list").returncode == 1


def in_container(desktop: Desktop, *argv: str) -> list[str]:
    """A container that has the socket and nothing else of the session."""
    return ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev",
            "--tmpfs", "/run", "--tmpfs", str(desktop.root), "--bind", str(CLIENT), "/run/felucca",
            "--bind", str(socket_of(desktop)), str(socket_of(desktop)),
            "--setenv", "XDG_RUNTIME_DIR", str(desktop.root / "run"), *argv]


def test_from_a_container(desktop: Desktop):
    try:
        tried = subprocess.run(in_container(desktop, "true"), capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("there is no bwrap")
    if tried.returncode != 0:
        pytest.skip(f"no container here: {tried.stderr}")
    created = desktop.create()
    env = {key: value for key, value in desktop.env.items() if key != "DBUS_SESSION_BUS_ADDRESS"}
    got = subprocess.run(in_container(desktop, "/run/felucca", "get", "acme/orders", "--format", "password"), env=env,
                         capture_output=True, text=True, timeout=60)
    assert (got.returncode, got.stdout.strip()) == (0, created["password"]), got

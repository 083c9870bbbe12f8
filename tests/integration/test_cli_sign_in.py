# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`felucca sign-in` with a browser: how the page is opened, what a person sees, and what is pasted back."""

from __future__ import annotations

import http.client
import re
import signal
import stat
import subprocess
import threading
from typing import Any, Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from gi.repository import Gio, GLib

from browser import ask, can_connect
from daemon_stand_in import DaemonStandIn
from desktop import CLIENT, DEADLINE_SEC, Desktop, wait_until
from peers import socket_of
from secret_items import find_items
from terminals import Terminal

PORTAL = "org.freedesktop.portal.Desktop"
OPEN_URI = Gio.DBusNodeInfo.new_for_xml("""<node><interface name="org.freedesktop.portal.OpenURI"><method name="OpenURI">
<arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="a{sv}" direction="in"/>
<arg type="o" direction="out"/></method></interface></node>""").interfaces[0]


@pytest.fixture
def door() -> Iterator[Desktop]:
    """Nobody is signed in, browsers go to the stand-in, and xdg-open leaves a file with its arguments."""
    with Desktop(sign_in=False, daemon=False) as desktop:
        desktop.write_config(desktop.config_text(authorize_url=desktop.nile.url + "/authorize"))
        desktop.start_daemon()
        desktop.property("Version")  # who answers on the bus has its private socket, too
        programs = desktop.root / "bin"
        programs.mkdir()
        opener = programs / "xdg-open"
        opener.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{desktop.root}/opening\nmv {desktop.root}/opening {desktop.root}/opened\n')
        opener.chmod(opener.stat().st_mode | stat.S_IXUSR)
        desktop.env["PATH"] = f"{programs}:{desktop.env['PATH']}"
        yield desktop


def opened(desktop: Desktop) -> str:
    """What xdg-open was given, once it was."""
    path = desktop.root / "opened"
    wait_until(path.exists, "xdg-open was run")
    (url,) = path.read_text().splitlines()
    return url


def last_address(url: str) -> str:
    """Where the page sends the browser that opens it."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=DEADLINE_SEC)
    connection.request("GET", f"{address.path}?{address.query}")
    location = connection.getresponse().getheader("Location") or ""
    connection.close()
    return location


def redirect_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["redirect_uri"][0]


def visit(address: str) -> int:
    """The status of the page at the end."""
    port = urlsplit(address).port
    assert port
    return ask(port, address[address.index("/callback"):])[0]


def shown_url(text: str) -> str:
    found = re.search(r"felucca: (http\S+)", text)
    assert found, text
    return found.group(1)


def way_to(desktop: Desktop, way: str) -> dict[str, str]:
    """Variables with which the command can come this way only."""
    if way == "bus":
        return {"FELUCCA_BUS": "session"}
    return {"FELUCCA_BUS": f"unix:path={socket_of(desktop)}", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}


both_ways = pytest.mark.parametrize("way", ["bus", "socket"])


class Typed:
    """`felucca sign-in --no-browser` that reads what a person pastes from a pipe."""

    def __init__(self, desktop: Desktop, *arguments: str, **variables: str):
        self.process = desktop.spawn([str(CLIENT), "sign-in", "--no-browser", *arguments], env=desktop.env | variables,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said = ""
        self.url = shown_url(self.wait_for("felucca: http"))

    def wait_for(self, text: str) -> str:
        """What was said on standard error since, with the line that has this."""
        assert self.process.stderr is not None
        said = ""
        while text not in said:
            line = self.process.stderr.readline().decode()
            assert line, f"it ended after {self.said + said!r}"
            said += line
        self.said += said
        return said

    def paste(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def finish(self, status: int = 0) -> str:
        """All that was said."""
        output, said = self.process.communicate(timeout=DEADLINE_SEC)
        self.said += said.decode()
        assert self.process.returncode == status, self.said
        return output.decode()


class Portal:
    """The desktop's portal, in a thread of its own."""

    def __init__(self, desktop: Desktop, refuses: bool = False):
        self.urls: list[str] = []
        self.refuses = refuses
        self._address = desktop.env["DBUS_SESSION_BUS_ADDRESS"]
        self._ready = threading.Event()
        self._context = GLib.MainContext.new()
        self._loop = GLib.MainLoop.new(self._context, False)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Portal:
        self._thread.start()
        assert self._ready.wait(DEADLINE_SEC)
        return self

    def __exit__(self, *_: object) -> None:
        source = GLib.idle_source_new()
        source.set_callback(lambda *_: self._loop.quit())
        source.attach(self._context)
        self._thread.join(DEADLINE_SEC)

    def _run(self) -> None:
        self._context.push_thread_default()
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        bus = Gio.DBusConnection.new_for_address_sync(self._address, flags, None, None)
        bus.register_object("/org/freedesktop/portal/desktop", OPEN_URI, self._on_call, None, None)
        bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                      GLib.Variant("(su)", (PORTAL, 4)), None, 0, 5000, None)
        self._ready.set()
        self._loop.run()
        bus.close_sync(None)
        self._context.pop_thread_default()

    def _on_call(self, *call: Any) -> None:
        parameters, invocation = call[5], call[6]
        _, url, _ = parameters.unpack()
        self.urls.append(url)
        if self.refuses:
            invocation.return_dbus_error("org.freedesktop.portal.Error.Failed", "no")
        else:
            invocation.return_value(GLib.Variant("(o)", ("/org/freedesktop/portal/desktop/request/1/t",)))


# How it is opened

def test_by_xdg_open(door: Desktop):
    terminal = Terminal(door, "sign-in")
    url = opened(door)
    terminal.wait_for("Ctrl-C cancels")
    assert shown_url(terminal.screen) == url, "the address is shown as well"
    assert visit(last_address(url)) == 200
    assert terminal.finish() == 0, terminal.screen
    assert "signed in to nile as ada@example.com; workspaces: acme" in terminal.screen
    assert door.create()["password"]


def test_by_xdg_open_without_a_bus(door: Desktop):
    """There is no portal either."""
    terminal = Terminal(door, "sign-in", **way_to(door, "socket"))
    assert visit(last_address(opened(door))) == 200
    assert terminal.finish() == 0, terminal.screen


def test_by_the_portal(door: Desktop):
    with Portal(door) as portal:
        terminal = Terminal(door, "sign-in", "nile")
        wait_until(lambda: portal.urls, "the portal was asked")
        assert visit(last_address(portal.urls[0])) == 200
        assert terminal.finish() == 0, terminal.screen
    assert not (door.root / "opened").exists()


def test_a_portal_that_cannot(door: Desktop):
    with Portal(door, refuses=True) as portal:
        terminal = Terminal(door, "sign-in")
        url = opened(door)
        assert portal.urls == [url]
        assert visit(last_address(url)) == 200
        assert terminal.finish() == 0, terminal.screen


@pytest.mark.parametrize("variables", [{"SSH_CONNECTION": "a 1 b 2"}, {"PATH": "/nowhere"}], ids=["SSH", "no xdg-open"])
def test_no_browser_to_be_had(door: Desktop, variables: dict[str, str]):
    """As with --no-browser: the address is shown, and the last one is pasted."""
    terminal = Terminal(door, "sign-in", **variables)
    terminal.wait_for("Ctrl-C cancels")
    assert "paste that address here" in terminal.screen
    terminal.type(last_address(shown_url(terminal.screen)) + "\n")
    assert terminal.finish() == 0, terminal.screen
    assert not (door.root / "opened").exists()


def test_a_display_over_ssh(door: Desktop):
    terminal = Terminal(door, "sign-in", SSH_CONNECTION="a 1 b 2", DISPLAY="localhost:10.0")
    assert visit(last_address(opened(door))) == 200
    assert terminal.finish() == 0, terminal.screen


def test_json(door: Desktop):
    typed = Typed(door, "--json")
    typed.paste(last_address(typed.url))
    assert '"account":"ada@example.com"' in typed.finish().replace(" ", "")


def test_quiet_still_says_where_to_go(door: Desktop):
    typed = Typed(door, "--quiet")
    typed.paste(last_address(typed.url))
    assert typed.finish() == ""
    assert "signed in" not in typed.said


# What is pasted

@both_ways
def test_pasted(door: Desktop, way: str):
    typed = Typed(door, **way_to(door, way))
    typed.paste("  " + last_address(typed.url) + " \r")
    assert typed.finish() == ""
    assert "signed in to nile as ada@example.com" in typed.said
    assert door.nile.count("token") == 1


def test_pasted_wrongly_then_well(door: Desktop):
    typed = Typed(door)
    typed.wait_for("Ctrl-C cancels")
    address = last_address(typed.url)
    port = urlsplit(address).port
    for wrong in ("hello", typed.url, address.replace("localhost", "evil.example"), address.replace("http:", "https:"),
                  address.replace(f":{port}", f":{port - 1}"), address.replace("/callback", "/other"),
                  address.replace("localhost", "me:pw@localhost"), address.partition("?")[0], "x" * 3000):
        typed.paste(wrong)
        assert "that is not where this sign-in ends" in typed.wait_for("\n"), wrong
    for wrong in (address[:-1], address.partition("&")[0], redirect_of(typed.url) + "?" + urlencode({"code": "c", "state": "s"})):
        typed.paste(wrong)
        assert "does not take this address" in typed.wait_for("\n"), wrong
    typed.paste(address)
    typed.finish()


def test_nothing_is_pasted_and_the_browser_comes(door: Desktop):
    """A port that is forwarded, for example."""
    typed = Typed(door)
    assert typed.process.stdin is not None
    typed.process.stdin.close()
    typed.process.stdin = None
    assert visit(last_address(typed.url)) == 200
    typed.finish()


# How it ends

def test_declined(door: Desktop):
    typed = Typed(door)
    state = parse_qs(urlsplit(typed.url).query)["state"][0]
    typed.paste(redirect_of(typed.url) + "?" + urlencode({"error": "access_denied", "state": state}))
    typed.finish(status=5)
    assert "declined in the browser" in typed.said
    assert find_items(door, "org.felucca.Token") == []


@both_ways
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_cancelled(door: Desktop, number: signal.Signals, way: str):
    typed = Typed(door, **way_to(door, way))
    typed.wait_for("Ctrl-C cancels")
    port = urlsplit(redirect_of(typed.url)).port
    typed.process.send_signal(number)
    typed.finish(status=-number)
    wait_until(lambda: not can_connect("127.0.0.1", port), "the door is closed")


@both_ways
def test_the_daemon_dies(door: Desktop, way: str):
    typed = Typed(door, **way_to(door, way))
    typed.wait_for("Ctrl-C cancels")
    process, door.daemon_process = door.daemon_process, None
    assert process is not None
    process.kill()
    process.wait()
    typed.finish(status=6)
    assert "went away" in typed.said


@pytest.mark.parametrize("error", ["ServiceUnknown", "NameHasNoOwner"])
def test_the_daemon_died_before_the_bus_passed_the_call_on(error: str):
    """The bus answers for it then, as for a name that nothing provides."""
    with Desktop(keyring=False, sign_in=False, daemon=False) as bus, DaemonStandIn(bus) as daemon:
        daemon.failures["FinishSignIn"] = ("org.freedesktop.DBus.Error." + error, "The name is not there")
        done = bus.cli("sign-in", "--no-browser", input="")
        assert done.returncode == 6 and "the felucca daemon went away" in done.stderr, done


def test_there_is_no_daemon():
    with Desktop(keyring=False, sign_in=False, daemon=False) as bus:
        done = bus.cli("sign-in", "--no-browser", input="")
        assert done.returncode == 1 and "the felucca daemon is not installed" in done.stderr, done


@both_ways
def test_the_daemon_leaves(door: Desktop, way: str):
    """It does not wait for a browser, even when the call that does comes last."""
    typed = Typed(door, **way_to(door, way))
    typed.wait_for("Ctrl-C cancels")
    assert door.stop_daemon() == 0
    typed.process.communicate(timeout=DEADLINE_SEC)
    assert typed.process.returncode in (1, 6), "6: the bus had not passed the call on yet"


@both_ways
def test_ctrl_c(door: Desktop, way: str):
    terminal = Terminal(door, "sign-in", controlling=True, SSH_CONNECTION="a 1 b 2", **way_to(door, way))
    terminal.wait_for("Ctrl-C cancels")
    port = urlsplit(redirect_of(shown_url(terminal.screen))).port
    terminal.type("\x03")
    assert terminal.finish() == -signal.SIGINT, terminal.screen
    wait_until(lambda: not can_connect("127.0.0.1", port), "the door is closed")


def test_nothing_is_read_but_the_browser_is_there(door: Desktop):
    """As from a launcher, or a script."""
    process = door.spawn([str(CLIENT), "sign-in"], env=door.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    assert visit(last_address(opened(door))) == 200
    output, said = process.communicate(timeout=DEADLINE_SEC)
    assert (process.returncode, output) == (0, b""), said
    assert b"signed in to nile as ada@example.com" in said


@pytest.mark.parametrize("arguments", [["--no-prompt"], ["--no-browser", "--no-prompt"], ["--no-browser", "--token-stdin"]])
def test_usage(door: Desktop, arguments: list[str]):
    done = door.cli("sign-in", *arguments, input="")
    assert done.returncode == 2, done
    assert door.nile.requests == []


def test_a_backend_without_a_browser():
    """On a terminal it is asked for a token instead; elsewhere it is an error."""
    with Desktop(keyring=False, sign_in=False, daemon=False) as bus, DaemonStandIn(bus) as daemon:
        daemon.failures["StartSignIn"] = ("Unsupported", "backend 'nile' has no sign-in with a browser.")
        terminal = Terminal(bus, "sign-in")
        terminal.wait_for("Access token: ")
        terminal.type("\n")
        assert terminal.finish() == 1
        done = bus.cli("sign-in", "--no-browser", input="")
        assert (done.returncode, done.stderr) == (1, "felucca: backend 'nile' has no sign-in with a browser\n")


@pytest.mark.parametrize("page", ["", "file:///etc/passwd", "-h", "javascript:alert(1)", "https://a b", "https://a\nb"])
def test_a_page_that_is_none(page: str):
    with Desktop(keyring=False, sign_in=False, daemon=False) as bus, DaemonStandIn(bus) as daemon:
        daemon.page = page
        done = bus.cli("sign-in", "--no-browser", input="")
        assert done.returncode == 1 and "not the address of a page" in done.stderr

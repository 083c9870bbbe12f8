# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module exec with helpers that do what they should not: what is refused, what is ended, and what lives afterwards."""

from __future__ import annotations

import os
import signal
from typing import Callable

import pytest

from bus_calls import CallGroup
from desktop import BusError, wait_until
from exec_helper import COMPLETE, INSTANCE, PASSWORD, ExecDesktop
from keyring_tools import lock_and_wait
from processes import is_alive
from refusals import fails_with

BODY_MAX = 64 * 1024
PASSWORD_MAX = 1024
# Mints at the provider, so that what is lost is seen.
MINTED = "mint('role-1')\n"
FULL = "answer(id='role-1', user='u', password=PASSWORD)\n"
# Answers to all that comes after the mint.
REST = COMPLETE.replace('if operation == "mint":', 'if operation == "never":')


@pytest.fixture
def tool():
    """A helper that can all that there is."""
    with ExecDesktop() as session:
        yield session


@pytest.fixture
def quick():
    """A helper that is not waited for long."""
    with ExecDesktop(timeout=4) as session:
        yield session


def write_mint(desktop: ExecDesktop, body: str) -> None:
    """A helper whose mint is this; all else works."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    desktop.helper.write("if request['operation'] == 'mint':\n" + lines + "    sys.exit(0)\n" + REST)


def assert_clean(desktop: ExecDesktop) -> None:
    """No process is left, and no secret in what is written down."""
    wait_until(lambda: desktop.children() == [], "the daemon has no children")
    assert PASSWORD not in desktop.daemon_log()


# It minted and did not say so in a way that counts: what it names is revoked at once


@pytest.mark.parametrize("body", [
    FULL + "sys.exit(1)",
    FULL + "os.kill(os.getpid(), signal.SIGKILL)",
    FULL + "os.kill(os.getpid(), signal.SIGSEGV)",
    "answer(id='role-1', user='u', password='line\\nbreak')",
    "answer(id='role-1', user='u', password='carriage\\rreturn')",
    "answer(id='role-1', user='u', password='escape\\x1b[2J')",
    "answer(id='role-1', user='u\\n', password=PASSWORD)",
    "answer(id='role-1', user='u', host='h\\r', password=PASSWORD)",
    "answer(id='role-1', user='u', host='a,b', password=PASSWORD)",
    "answer(id='role-1', user='u', port='5432', password=PASSWORD)",
    "answer(id='role-1', user='u', port=65536, password=PASSWORD)",
    "answer(id='role-1', user='u', notAfter='tomorrow', password=PASSWORD)",
    "answer(id='role-1', user='u', notAfter=4102444800000, password=PASSWORD)",
    "answer(id='role-1', user='u', sslMode='maybe', password=PASSWORD)",
    "answer(id='role-1', user='u', password='')",
    f"answer(id='role-1', user='u', password='x' * {PASSWORD_MAX + 1})",
    "answer(id='role-1', user='u', password=7)",
    "answer(id='role-1', user='u')",
    "answer(id='role-1', password=PASSWORD)",
    "answer(id='role-1', user='u', password=PASSWORD, error={'code': 'denied'})",
    "answer(id='role-1', error={'code': 'unknown', 'message': 'it got stuck'})",
])
def test_what_it_names_is_revoked(tool: ExecDesktop, body: str):
    write_mint(tool, MINTED + body)
    with pytest.raises(BusError) as caught:
        tool.mint()
    assert "revoked again" in caught.value.message and PASSWORD not in caught.value.message
    assert tool.helper.live() == [] and tool.list() == [] and tool.unresolved() == []
    assert_clean(tool)


# It minted and nothing tells which one: listed, and found by its intent


@pytest.mark.parametrize("body,name", [
    ("sys.exit(0)", "ProtocolViolation"),
    ("sys.exit(3)", "OutcomeUnknown"),
    ("os.kill(os.getpid(), signal.SIGTERM)", "OutcomeUnknown"),
    ("print('no JSON')", "ProtocolViolation"),
    ("answer(user='u', id='x'); answer(user='v')", "ProtocolViolation"),
    ("sys.stdout.write('{\"id\":\"a\",\"id\":\"b\"}')", "ProtocolViolation"),
    ("sys.stdout.write('{\"id\":\"a\\\\u0000\"}')", "ProtocolViolation"),
    ("sys.stdout.buffer.write(b'{\"id\":\"a\\0\"}')", "ProtocolViolation"),
    ("sys.stdout.buffer.write(b'{\"id\":\"\\xff\"}')", "ProtocolViolation"),
    ("sys.stdout.write('[' * 1000)", "ProtocolViolation"),
    ("sys.stdout.write('[]')", "ProtocolViolation"),
    ("answer(id='', user='u', password=PASSWORD)", "ProtocolViolation"),
    ("answer(error={'code': 'whatever', 'message': 'hm'})", "OutcomeUnknown"),
    ("answer(error='denied')", "ProtocolViolation"),
    ("answer(error={'code': 'denied'}, extra=1)", "OutcomeUnknown"),
    (f"sys.stdout.write(json.dumps(dict(id='x', user='u', password=PASSWORD)).ljust({BODY_MAX + 1}))", "ProtocolViolation"),
])
def test_what_is_not_named_is_found_by_its_intent(tool: ExecDesktop, body: str, name: str):
    write_mint(tool, "(root / 'live' / 'role-1').write_text(request['intent'])\n"
                     "(root / 'live' / 'foreign').write_text('')\n" + body)
    sentence = fails_with(name, tool.mint).message
    assert "unresolved" in sentence and PASSWORD not in sentence
    wait_until(lambda: tool.helper.live() == ["foreign"], "what came of it is revoked, and nothing else")
    assert_clean(tool)


def test_at_the_limit_it_is_read(tool: ExecDesktop):
    write_mint(tool, f"sys.stdout.write(json.dumps(dict(user='u', password='p' * {PASSWORD_MAX})).ljust({BODY_MAX}))")
    assert tool.mint()["password"] == "p" * PASSWORD_MAX


def test_ten_megabytes(tool: ExecDesktop):
    write_mint(tool, "(root / 'pid').write_text(str(os.getpid()))\nsys.stdout.write('x' * 10000000)\n(root / 'done').touch()")
    assert "64 KiB" in fails_with("ProtocolViolation", tool.mint).message
    assert not is_alive(int((tool.helper.root / "pid").read_text())), "it was not listened to any longer"
    assert not (tool.helper.root / "done").exists()
    assert_clean(tool)


# Nothing was started: nothing was minted


def broken_missing(tool: ExecDesktop) -> None:
    tool.helper.path.unlink()


def broken_mode(tool: ExecDesktop) -> None:
    tool.helper.path.chmod(0o600)


def broken_folder(tool: ExecDesktop) -> None:
    tool.helper.path.unlink()
    tool.helper.path.mkdir()


def broken_by_others(tool: ExecDesktop) -> None:
    tool.helper.path.chmod(0o702)


def broken_by_group(tool: ExecDesktop) -> None:
    tool.helper.path.chmod(0o720)


def broken_folder_of_others(tool: ExecDesktop) -> None:
    tool.helper.root.chmod(0o777)


def broken_link(tool: ExecDesktop) -> None:
    target = tool.helper.root / "target"
    tool.helper.path.rename(target)
    target.chmod(0o777)
    tool.helper.path.symlink_to(target)


def broken_interpreter(tool: ExecDesktop) -> None:
    tool.helper.write_raw("#!/nowhere/python\n")


def broken_format(tool: ExecDesktop) -> None:
    tool.helper.write_raw("no program at all\n")


@pytest.mark.parametrize("spoil", [broken_missing, broken_mode, broken_folder, broken_by_others, broken_by_group,
                                   broken_folder_of_others, broken_link, broken_interpreter, broken_format])
def test_what_cannot_be_started_has_not_minted(tool: ExecDesktop, spoil: Callable[[ExecDesktop], None]):
    spoil(tool)
    assert str(tool.helper.path) in fails_with("BackendFailed", tool.mint).message
    assert tool.unresolved() == [] and tool.helper.requests() == []
    assert_clean(tool)


# Deadlines, and who is left


def test_it_hangs(quick: ExecDesktop):
    write_mint(quick, "(root / 'pid').write_text(str(os.getpid()))\nwait_for('never')")
    assert "not done in time" in fails_with("OutcomeUnknown", quick.mint).message
    assert not is_alive(int((quick.helper.root / "pid").read_text()))
    assert_clean(quick)


def test_it_hangs_and_does_not_listen(quick: ExecDesktop):
    write_mint(quick, "signal.signal(signal.SIGTERM, lambda *_: (root / 'told').touch())\n"
                      "(root / 'pid').write_text(str(os.getpid()))\nwait_for('never')")
    assert "not done in time" in fails_with("OutcomeUnknown", quick.mint).message
    assert (quick.helper.root / "told").exists(), "first it is asked"
    assert not is_alive(int((quick.helper.root / "pid").read_text()))
    assert_clean(quick)


def test_it_may_finish_when_it_is_told_to_end(quick: ExecDesktop):
    write_mint(quick, "def end(*_):\n    mint('role-1')\n    answer(id='role-1', user='u', password=PASSWORD)\n    sys.exit(0)\n"
                      "signal.signal(signal.SIGTERM, end)\nwait_for('never')")
    assert quick.mint()["id"] == "role-1" and quick.helper.live() == ["role-1"]


def test_it_prints_all_and_does_not_end(quick: ExecDesktop):
    write_mint(quick, MINTED + FULL + "os.close(1)\nos.close(2)\nwait_for('never')")
    assert "revoked again" in fails_with("OutcomeUnknown", quick.mint).message
    assert quick.helper.live() == []
    assert_clean(quick)


def test_children_that_hold_the_pipe_are_not_waited_for(tool: ExecDesktop):
    tool.helper.write("child = subprocess.Popen(['/bin/sleep', '600'])\n(root / 'pid').write_text(str(child.pid))\n" + FULL)
    assert tool.mint()["id"] == "role-1"
    wait_until(lambda: not is_alive(int((tool.helper.root / "pid").read_text())), "the child is ended")
    assert_clean(tool)


def test_children_end_with_one_that_hangs(quick: ExecDesktop):
    write_mint(quick, "child = subprocess.Popen(['/bin/sleep', '600'])\n(root / 'pid').write_text(str(child.pid))\n"
                      "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwait_for('never')")
    fails_with("OutcomeUnknown", quick.mint)
    wait_until(lambda: not is_alive(int((quick.helper.root / "pid").read_text())), "the child is ended")


def test_the_daemon_ends_while_one_hangs(tool: ExecDesktop):
    write_mint(tool, "(root / 'pid').write_text(str(os.getpid()))\nwait_for('go')\n" + MINTED + FULL)
    group = CallGroup(tool)
    group.create(workspace=INSTANCE)
    tool.helper.wait_file("pid")
    assert tool.daemon_process is not None
    tool.daemon_process.terminate()
    (tool.helper.root / "go").touch()
    assert tool.stop_daemon() == 0
    tool.start_daemon()
    assert [one["id"] for one in tool.list()] == tool.helper.live() == ["role-1"], "what was under way is finished"


# What a helper is given


def test_it_need_not_read(tool: ExecDesktop):
    tool.helper.write_raw(f"#!/bin/sh\nexec <&-\nprintf '%s' '{{\"user\":\"u\",\"password\":\"{PASSWORD}\"}}'\n")
    for _ in range(20):
        assert tool.mint()["password"] == PASSWORD


def given(tool: ExecDesktop, code: str) -> str:
    """What a piece of a helper writes into the file `given`."""
    tool.helper.write(f"(root / 'given').write_text({code})\n" + FULL)
    tool.mint()
    return (tool.helper.root / "given").read_text()


def test_descriptors(tool: ExecDesktop):
    # Python's own listing has one more open, which is gone when it is looked at.
    code = "'\\n'.join(str(fd) for fd in range(1024) if os.path.exists(f'/proc/self/fd/{fd}'))"
    assert given(tool, code).split() == ["0", "1", "2"]
    assert given(tool, "os.readlink('/proc/self/fd/2')") == "/dev/null"


def test_environment():
    with ExecDesktop(env="A_WORD=\"two words\" ASAN_OPTIONS LANG=xx") as tool:
        tool.helper.write_raw(tool.helper.path.read_text())
        text = given(tool, "open('/proc/self/environ').read()")
        found = dict(entry.split("=", 1) for entry in text.split("\0") if entry)
        home = tool.env["HOME"]
    expected = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "LANG": "xx", "A_WORD": "two words"}
    assert expected.items() <= found.items()
    assert set(found) <= set(expected) | {"USER", "LOGNAME", "LC_ALL", "ASAN_OPTIONS", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
                                          "XDG_STATE_HOME", "XDG_CACHE_HOME"}
    assert not set(found) & {"GLIBC_TUNABLES", "LD_BIND_NOW", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"}


def test_the_bus_is_passed_when_it_is_wished():
    with ExecDesktop(env="DBUS_SESSION_BUS_ADDRESS") as tool:
        assert given(tool, "os.environ['DBUS_SESSION_BUS_ADDRESS']") == tool.env["DBUS_SESSION_BUS_ADDRESS"]


def test_place_group_and_signals(tool: ExecDesktop):
    assert given(tool, "os.getcwd()") == "/"
    assert given(tool, "str(os.getsid(0) == os.getpid() == os.getpgid(0))") == "True"
    status = dict(line.split(":\t", 1) for line in given(tool, "open('/proc/self/status').read()").splitlines())
    assert int(status["SigBlk"], 16) == 0
    # Python itself ignores SIGPIPE (13) and SIGXFSZ (25), and posix_spawn() the C library's own two (32, 33).
    own = sum(1 << number - 1 for number in (13, 25, 32, 33))
    assert int(status["SigIgn"], 16) & ~own == 0


def test_no_shell_runs(tool: ExecDesktop):
    tool.settings = {"command": f"{tool.helper.path} '$(touch {tool.helper.root}/shell)' ; *"}
    tool.write_config()
    tool.restart_daemon()
    assert given(tool, "repr(sys.argv[1:])") == repr([f"$(touch {tool.helper.root}/shell)", ";", "*"])
    assert not (tool.helper.root / "shell").exists()


def test_stderr_is_seen_by_nobody(tool: ExecDesktop):
    write_mint(tool, "sys.stderr.write(PASSWORD)\nsys.stderr.flush()\nsys.exit(1)")
    assert PASSWORD not in fails_with("OutcomeUnknown", tool.mint).message
    assert_clean(tool)


# Mint or undo


def test_what_cannot_be_kept_is_revoked(tool: ExecDesktop):
    write_mint(tool, "(root / 'asked').write_text('x')\nwait_for('go')\n" + MINTED + FULL)
    group = CallGroup(tool)
    group.create(workspace=INSTANCE)
    tool.helper.wait_file("asked")
    lock_and_wait(tool)
    (tool.helper.root / "go").touch()
    group.wait()
    assert tool.helper.live() == [] and tool.unresolved() == []


def test_forty_at_a_time(tool: ExecDesktop):
    group = CallGroup(tool)
    for i in range(40):
        group.create(f"db{i % 4}", INSTANCE)
    group.wait()
    stored = sorted(one["id"] for one in tool.list())
    assert stored == tool.helper.live() and tool.unresolved() == []
    assert_clean(tool)


def test_killed_daemon_finds_it_again(tool: ExecDesktop):
    write_mint(tool, "(root / 'live' / 'role-1').write_text(request['intent'])\n(root / 'pid').write_text(str(os.getpid()))\n"
                     "wait_for('never')")
    group = CallGroup(tool)
    group.create(workspace=INSTANCE)
    helper = int(tool.helper.wait_file("pid"))
    tool.kill_daemon()
    os.kill(helper, signal.SIGKILL)
    tool.start_daemon()
    wait_until(lambda: tool.helper.live() == [], "what came of it is revoked")


def test_a_lost_one_that_ends_by_itself_is_settled_by_time():
    with ExecDesktop(verbs="mint", user="app") as tool:
        tool.helper.write("answer(password=PASSWORD, notAfter=int(time.time()) + 8)\nsys.exit(1)\n")
        assert "cannot revoke; it ends by itself" in fails_with("OutcomeUnknown", tool.mint).message
        (entry,) = tool.unresolved()
        assert entry["id"].startswith(entry["intent"] + ".")

        def settled() -> bool:
            try:
                tool.call("ResolveUnresolved", "(ss)", entry["intent"], "revoke")
            except BusError as error:
                assert error.name.endswith("Unsupported"), error
            return tool.unresolved() == []

        wait_until(settled, "its end is past")

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A configuration with a mistake: the daemon runs, the instance does not, and one line says where to look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desktop import Desktop, s
from refusals import refused

SECRET_URL = "https://ada:hunter2@nile.example"
FAULTS = [
    ("url", "http://nile.example"), ("url", "http://192.0.2.1:8080"), ("url", "http://127.0.0.1.nile.example"),
    ("url", SECRET_URL), ("url", "ftp://nile.example"), ("url", "https://nile.example:0"), ("url", "https://"),
    ("url", "nile.example"), ("url", "https://nile.example/?a=b"), ("url", ""), ("authorize-url", "http://nile.example"),
    ("ssl-mode", "perhaps"), ("timeout", "0"), ("timeout", "301"), ("timeout", "soon"), ("timeout", "-1"),
    ("ca-file", "/nonexistent/ca.pem"), ("module", "missing"), ("module", "../nile"), ("module", ""),
    ("no-such-key", "1"), ("URL", "https://nile.example"),
]


@pytest.fixture
def faulty(request: pytest.FixtureRequest) -> Iterator[Desktop]:
    """A good backend, nile, beside one with a fault, other."""
    key, value = request.param
    module = "" if key == "module" else "module=nile\n"
    with Desktop(config=f"\n[backend other]\n{module}{key}={value}\n") as session:
        yield session


@pytest.mark.parametrize("faulty,key", [(fault, fault[0]) for fault in FAULTS], indirect=["faulty"],
                         ids=[f"{key}={value}" for key, value in FAULTS])
def test_a_bad_instance_fails_and_says_where(faulty: Desktop, key: str):
    backend = faulty.property("Backends")["other"]
    assert backend["state"] == "failed"
    assert "\n" not in backend["detail"] and "hunter2" not in backend["detail"]
    for part in ("felucca.conf", "[backend other]", key):
        assert part in backend["detail"]
    (line,) = (line for line in faulty.daemon_log().splitlines() if "[backend other]" in line)
    assert backend["detail"] in line


@pytest.mark.parametrize("faulty", [("no-such-key", "1"), ("url", SECRET_URL), ("module", "missing")], indirect=True)
def test_a_bad_instance_refuses_its_calls_and_no_others(faulty: Desktop):
    sentence = refused(faulty, "BackendFailed", faulty.create, backend=s("other"))
    assert "'other'" in sentence and "hunter2" not in sentence
    refused(faulty, "BackendFailed", faulty.sign_in, "other")
    assert faulty.create()["backend"] == "nile"


@pytest.mark.parametrize("config,parts", [
    ("[daemon]\nidle-timeout=soon\n", ["[daemon]", "idle-timeout", "soon"]),
    ("[daemon]\nidle-timeout=-1\n", ["[daemon]", "idle-timeout"]),
    ("[daemon]\nno-such-key=1\n", ["[daemon]", "no-such-key"]),
    ("[elsewhere]\nkey=1\n", ["[elsewhere]"]),
    ("[backend Not A Name]\nmodule=nile\n", ["[backend Not A Name]"]),
])
def test_other_mistakes_are_one_line_in_the_log(config: str, parts: list[str]):
    with Desktop(config=f"\n{config}") as desktop:
        desktop.create()
        lines = [line for line in desktop.daemon_log().splitlines() if "felucca.conf" in line]
    assert len(lines) == 1
    assert [part for part in parts if part not in lines[0]] == []


@pytest.mark.parametrize("text", [
    "this is no key file\n", "[backend nile\nmodule=nile\n", "key=before any group\n", "\x00\x01\x02",
])
def test_a_broken_file_does_not_keep_the_daemon_from_running(text: str):
    with Desktop(sign_in=False, daemon=False) as desktop:
        desktop.write_config(text)
        desktop.start_daemon()
        assert desktop.property("Backends") == {}
        refused(desktop, "InvalidArguments", desktop.create)
        assert "felucca.conf" in desktop.daemon_log()


def test_no_file_at_all():
    with Desktop(sign_in=False, daemon=False) as desktop:
        (desktop.root / "config/felucca/felucca.conf").unlink()
        desktop.start_daemon()
        assert desktop.property("Backends") == {}
        assert desktop.list() == []


def test_an_instance_without_a_module():
    with Desktop(config="\n[backend other]\nurl=https://nile.example\n") as desktop:
        backend = desktop.property("Backends")["other"]
    assert backend["state"] == "failed"
    assert "[backend other] module" in backend["detail"]


def test_a_default_that_does_not_exist():
    with Desktop(sign_in=False, daemon=False) as desktop:
        desktop.write_config(desktop.config_text().replace("default-backend=nile", "default-backend=nobody"))
        desktop.start_daemon()
        refused(desktop, "InvalidArguments", desktop.create)
        assert desktop.nile.requests == []


def test_the_only_instance_is_the_default_one():
    with Desktop(sign_in=False, daemon=False) as desktop:
        desktop.write_config(desktop.config_text().replace("default-backend=nile\n", ""))
        desktop.start_daemon()
        desktop.sign_in()
        assert desktop.create()["backend"] == "nile"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("end", ["", "/"])
def test_http_is_fine_on_loopback(desktop: Desktop, host: str, end: str):
    desktop.reconfigure(desktop.nile.url.replace("127.0.0.1", host) + end)
    desktop.create()
    assert desktop.nile.requests[-1]["path"].startswith("/workspaces/")

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""plugins/example/, built by somebody who has nothing but an installed felucca, and used with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

import desktop as desktop_module
from desktop import BUILD, NAME, BusError, Desktop, s, wait_until

from gi.repository import GLib

SOURCE = Path(__file__).resolve().parents[2]
EXAMPLE = SOURCE / "plugins/example/example.c"
LINES_MAX = 100

pytestmark = pytest.mark.xdist_group("example")  # one build for all


def run(*argv: str | Path, **options: object) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, **options)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout.strip()


class Installed:
    """A build that is no developer's, installed below a folder, and the example installed beside its backends."""

    def __init__(self, root: Path):
        self.prefix = root / "prefix"
        build = root / "build"
        sanitizer = next((one["value"] for one in options_of(BUILD) if one["name"] == "b_sanitize"), "none")
        run("meson", "setup", build, SOURCE, f"--prefix={self.prefix}", "--libdir=lib", "-Ddocs=false", "-Dtests=false",
            f"-Db_sanitize={sanitizer}", f"-Db_lundef={'true' if sanitizer == 'none' else 'false'}")
        run("meson", "install", "-C", build)
        self.env = os.environ | {"PKG_CONFIG_PATH": str(self.prefix / "lib/pkgconfig")}
        flags = run("pkg-config", "--cflags", "felucca-backend-1", env=self.env).split()
        self.backends = Path(run("pkg-config", "--variable=backenddir", "felucca-backend-1", env=self.env))
        elsewhere = root / "elsewhere"
        elsewhere.mkdir()
        shutil.copy(EXAMPLE, elsewhere)
        self.module = elsewhere / "example.so"
        self.compile("cc", "-std=gnu17", "-shared", "-fPIC", "-fvisibility=hidden", *flags, "-o", self.module,
                     elsewhere / "example.c")
        self.flags = flags
        shutil.copy(self.module, self.backends)
        (self.backends / "example.so").chmod(0o644)

    @staticmethod
    def compile(*argv: str | Path) -> None:
        run(*argv, "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror")


def options_of(build: Path) -> list[dict[str, str]]:
    return json.loads(run("meson", "introspect", "--buildoptions", build))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("example"))


@pytest.fixture
def session(installed: Installed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Desktop]:
    monkeypatch.setattr(desktop_module, "DAEMON", installed.prefix / "libexec/felucca-daemon")
    monkeypatch.setattr(desktop_module, "CLIENT", installed.prefix / "bin/felucca")
    with Desktop(config=f"\n[backend shop]\nmodule=example\nfolder={tmp_path}\n", sign_in=False) as desktop:
        yield desktop


def accounts(folder: Path) -> dict[str, list[str]]:
    return {file.name: file.read_text().splitlines() for file in folder.iterdir()}


def test_it_is_short():
    assert len(EXAMPLE.read_text().splitlines()) < LINES_MAX


def test_the_host_takes_it(installed: Installed, session: Desktop):
    assert "not ok" not in session.cli("backends", "check", str(installed.module)).stdout
    assert session.property("Backends")["shop"] == {
        "module": "example", "description": "Accounts as files in a folder", "version": "1", "state": "ready",
        "capabilities": ["mint", "revoke", "list"]}


def test_mint_and_revoke(session: Desktop, tmp_path: Path):
    made = session.create(workspace="shop", database="orders")
    assert accounts(tmp_path) == {made["id"]: ["orders", made["password"]]}
    assert session.lookup(id=made["id"]) == made["password"]
    listed = session.list(provider=GLib.Variant("b", True), workspace=s("shop"), database=s("orders"))
    assert [(one["id"], one["stored"]) for one in listed] == [(made["id"], True)]
    session.revoke(made["id"])
    assert accounts(tmp_path) == {} and session.list() == []


def test_what_a_killed_mint_left_is_ended(installed: Installed, tmp_path: Path):
    """With the daemon of the build, which can be made to die: the intent at the account proves whose it is."""
    config = f"\n[backend shop]\nmodule=example\ntimeout=1\nfolder={tmp_path}\n"
    with Desktop(config=config, daemon=False, sign_in=False) as desktop:
        desktop.add_backend(installed.module)
        desktop.start_daemon(FELUCCA_FAILPOINT="mint-end:kill")
        with pytest.raises(BusError):
            desktop.create(workspace="shop", database="orders")
        assert len(accounts(tmp_path)) == 1
        assert desktop.daemon_process is not None
        desktop.daemon_process.wait(30)
        (tmp_path / "somebody").write_text("orders\nelse\n")
        wait_until(lambda: not desktop.has_owner(NAME), "the name is free")
        desktop.start_daemon()
        wait_until(lambda: [file.name for file in tmp_path.iterdir()] == ["somebody"], "what was ours is ended, and nothing else")
        wait_until(lambda: desktop.call("ListUnresolved") == [], "nothing is unresolved")


def test_a_folder_that_is_missing(session: Desktop, tmp_path: Path):
    away = tmp_path.rename(tmp_path.with_suffix(".away"))  # another folder of this name would be closed to the daemon
    with pytest.raises(BusError) as caught:
        session.create(workspace="shop", database="orders")
    assert caught.value.name == "org.felucca.Error.Unreachable"
    assert session.call("ListUnresolved") == []
    away.rename(tmp_path)
    assert session.create(workspace="shop", database="orders")["id"] in accounts(tmp_path)


@pytest.mark.parametrize("argv", [["cc", "-std=c99", "-pedantic"], ["c++", "-std=c++11", "-xc++"]],
                         ids=lambda argv: argv[0])
def test_the_header_is_plain(installed: Installed, tmp_path: Path, argv: list[str]):
    if shutil.which(argv[0]) is None:
        pytest.skip(f"there is no {argv[0]}")
    source = tmp_path / "only.c"
    source.write_text("#include <felucca-backend.h>\nint main (void) { return sizeof (FelBackend) == 0; }\n")
    installed.compile(*argv, *installed.flags, "-fsyntax-only", source)

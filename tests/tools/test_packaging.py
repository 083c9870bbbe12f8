# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be said of the packages without building them: scripts, the spec, and that all tell the same version."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from own_files import own_files

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"

SHELL = re.compile(rb"#!\s*(/usr)?/bin/(env )?(ba|da)?sh\b|.{0,300}# shellcheck shell=", re.DOTALL)

# Where the version is told, and how.
VERSIONS = {
    "meson.build": r"^  version: '([^']*)',$",
    "NEWS": r"^(\d[^ ,]*)",
    "packaging/felucca.spec": r"^Version: *(.*)$",
    "packaging/arch/PKGBUILD": r"^pkgver=(.*)$",
    "packaging/debian/changelog": r"^felucca \((.*)-[^-]*\)",
}


def shell_scripts() -> list[Path]:
    """Ours, by their first line."""
    return sorted(ROOT / name for name in own_files(ROOT) if SHELL.match((ROOT / name).read_bytes()[:400]))


def needs(program: str) -> str:
    """Its path; skips where there is none."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"there is no {program}")
    return path


def test_shell_scripts_are_found() -> None:
    names = {str(path.relative_to(ROOT)) for path in shell_scripts()}
    assert {"dev", ".ci/run", "packaging/build-deb.sh", "packaging/debian/felucca.prerm", "packaging/debian/tests/backends",
            "packaging/arch/PKGBUILD", "tests/demo/demo.sh"} <= names


def test_shell_scripts() -> None:
    done = subprocess.run([needs("shellcheck"), *shell_scripts()], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_shell_script_bad_sample(tmp_path: Path) -> None:
    sample = tmp_path / "x.sh"
    sample.write_text("#!/bin/bash\nrm -rf $1/x\n")
    assert subprocess.run([needs("shellcheck"), sample], capture_output=True).returncode != 0


def rpmspec(path: Path) -> subprocess.CompletedProcess[str]:
    """What rpm says of a spec."""
    command = [needs("rpmspec"), "--query", "--queryformat", "%{NAME} %{VERSION}\n", str(path)]
    return subprocess.run(command, capture_output=True, text=True)


def test_spec() -> None:
    done = rpmspec(PACKAGING / "felucca.spec")
    version = version_in("meson.build")
    names = ["felucca", "felucca-backend-mariadb", "felucca-backend-postgres", "felucca-devel"]
    assert sorted(done.stdout.split("\n")[:-1]) == [f"{name} {version}" for name in names], done.stderr


def test_spec_bad_sample(tmp_path: Path) -> None:
    sample = tmp_path / "x.spec"
    sample.write_text((PACKAGING / "felucca.spec").read_text().replace("\n%endif\n", "\n", 1))
    assert rpmspec(sample).returncode != 0


def version_in(name: str) -> str:
    """What this file takes to be the version."""
    found = re.search(VERSIONS[name], (ROOT / name).read_text(), re.MULTILINE)
    assert found is not None, name
    return found.group(1)


@pytest.mark.parametrize("name", VERSIONS)
def test_version(name: str) -> None:
    assert version_in(name) == version_in("meson.build")


def test_backends_are_packaged() -> None:
    """A backend that is built is in one package of each kind."""
    backends = {path.parent.name for path in (ROOT / "plugins").glob("*/meson.build")}
    debian = [word for path in (PACKAGING / "debian").glob("*.install") for word in re.findall(r"backends-1/(\w+)\.so", path.read_text())]
    rpm = re.findall(r"^%\{_libdir\}/felucca/backends-1/(\w+)\.so$", (PACKAGING / "felucca.spec").read_text(), re.MULTILINE)
    assert len(backends) >= 5
    assert sorted(debian) == sorted(backends)
    assert sorted(rpm) == sorted(backends)


def test_manual_pages_are_packaged() -> None:
    """rpmbuild refuses what is installed and in no package."""
    pages = re.findall(r"^  '(\S+\.(\d))': ", (ROOT / "docs/meson.build").read_text(), re.MULTILINE)
    rpm = re.findall(r"^%\{_mandir\}/(man\d/\S+)\*$", (PACKAGING / "felucca.spec").read_text(), re.MULTILINE)
    assert len(pages) >= 5
    assert sorted(rpm) == sorted(f"man{section}/{page}" for page, section in pages)

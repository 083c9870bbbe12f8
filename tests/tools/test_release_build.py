# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A build that is not for development has nothing of what is for development alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("FELUCCA_BUILD_DIR", ROOT / "build"))
VARIABLES = ["FELUCCA_FAILPOINT", "FELUCCA_BACKEND_DIR"]


def failpoints() -> list[str]:
    """The names that are words of their own: `stored` may be in the daemon for another reason."""
    source = "".join(path.read_text() for path in (ROOT / "daemon").glob("*.c"))
    return sorted(name for name in set(re.findall(r'\b(?:fel_failpoint|TRY) \("([^"]+)"', source)) if "-" in name)


def found(daemon: Path, words: list[str]) -> list[str]:
    binary = daemon.read_bytes()
    return [word for word in words if word.encode() in binary]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    build = tmp_path_factory.mktemp("release")
    subprocess.run(["meson", "setup", build, ROOT, "-Dtests=false", "-Ddocs=false"], check=True, capture_output=True)
    subprocess.run(["ninja", "-C", build, "daemon/felucca-daemon"], check=True, capture_output=True)
    return build / "daemon/felucca-daemon"


def test_failpoints_are_found_in_the_source() -> None:
    names = failpoints()
    assert len(names) >= 10
    assert "intent-fsync-folder" in names


def test_release_has_none(release: Path) -> None:
    assert found(release, VARIABLES + failpoints()) == []
    assert found(release, ["org.felucca.Credentials1"]) != []  # it is the daemon


def test_build_for_development_has_all() -> None:
    options = json.loads((BUILD / "meson-info/intro-buildoptions.json").read_text())
    assert {"developer": True}.items() <= {option["name"]: option["value"] for option in options}.items()
    words = VARIABLES + failpoints()
    assert found(BUILD / "daemon/felucca-daemon", words) == words

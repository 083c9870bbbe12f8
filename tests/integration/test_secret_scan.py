# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""That the scan finds what is there: a secret is planted in each place, in each form."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from secret_scan import END_LEN, SecretScan

SECRET = secrets.token_hex(12) + "/+:@ é" + secrets.token_hex(8)
OTHERS = [secrets.token_urlsafe(32) for _ in range(2000)]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into processes everywhere")

# Keeps what it reads, in ordinary memory or, as its argument says, in memory that no core shall hold.
KEEPER = """
import mmap, signal, sys
held = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
if sys.argv[1] == "hidden":
    held.madvise(mmap.MADV_DONTDUMP)
sys.stdin.buffer.raw.readinto(held)
print("ready", flush=True)
signal.pause()
"""


@contextmanager
def keeper(data: bytes, *arguments: str, **variables: str) -> Iterator[int]:
    """The id of a process that has the data in its memory."""
    with subprocess.Popen([sys.executable, "-c", KEEPER, *(arguments or ("plain",))], env=os.environ | variables,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(data)
        process.stdin.flush()
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process.pid
        finally:
            process.kill()


FORMS = {
    "plain": SECRET.encode(),
    "hex": SECRET.encode().hex().encode(),
    "HEX": SECRET.encode().hex().upper().encode(),
    "percent": quote(SECRET, safe="").encode(),
    "percent-all": "".join(f"%{byte:02x}" for byte in SECRET.encode()).encode(),
    "base64-0": base64.b64encode(SECRET.encode() + b"and more"),
    "base64-1": base64.b64encode(b"u" + SECRET.encode()),
    "base64-2": base64.b64encode(b"u:" + SECRET.encode() + b"\n"),
    "base64url": base64.urlsafe_b64encode(b"u:" + SECRET.encode()),
    "freed": bytes(16) + SECRET.encode()[16:],
}


@pytest.fixture(scope="module")
def scan() -> SecretScan:
    """For this secret among many others."""
    return SecretScan([SECRET, *OTHERS])


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_found(scan: SecretScan, form: str):
    (hit,) = scan.in_bytes("here", b"before\x00" + FORMS[form] + b"\xff\nafter")
    assert (hit.secret, hit.place) == (SECRET, "here")
    assert form.lower().startswith(("freed", hit.form))


def test_each_copy_counts(scan: SecretScan):
    places = [("a", FORMS["plain"] + FORMS["hex"]), ("b", b"nothing"), ("c", OTHERS[7].encode())]
    hits = scan.in_pieces(places)
    assert [(hit.secret, hit.form, hit.place) for hit in hits] == [
        (SECRET, "plain", "a"), (SECRET, "hex", "a"), (OTHERS[7], "plain", "c")]


def test_nothing_is_found_where_nothing_is(scan: SecretScan):
    assert scan.in_bytes("here", SECRET.encode()[:-1] + b"?" + SECRET.encode()[-END_LEN + 1:]) == []
    with keeper(b"nothing") as pid:
        assert scan.in_memory(pid) + scan.in_proc(pid) + scan.in_core(pid) == []


@pytest.mark.parametrize("form", ["plain", "base64-1"])
def test_memory(scan: SecretScan, form: str):
    with keeper(FORMS[form]) as pid:
        hits = scan.in_memory(pid)
        assert len(hits) == 1 and hits[0].place.startswith("memory [anonymous]") and " dd" not in hits[0].place
        assert len(scan.in_core(pid)) == 1
        assert scan.in_proc(pid) == []


def test_memory_that_no_core_holds(scan: SecretScan):
    with keeper(FORMS["plain"], "hidden") as pid:
        hits = scan.in_memory(pid)
        assert len(hits) == 1 and " dd" in hits[0].place
        assert scan.in_core(pid) == []


def test_arguments_and_environment(scan: SecretScan):
    with keeper(b"nothing", "plain", SECRET) as pid:
        assert [hit.place for hit in scan.in_proc(pid)] == ["cmdline"]
    with keeper(b"nothing", PLANTED=SECRET) as pid:
        assert [hit.place for hit in scan.in_proc(pid)] == ["environ"]


def test_files(scan: SecretScan, tmp_path: Path):
    planted = tmp_path / "a" / "b" / "planted"
    planted.parent.mkdir(parents=True)
    (planted.parent / "other").write_bytes(b"nothing")
    planted.write_bytes(FORMS["base64-2"])
    assert [hit.place for hit in scan.in_files(tmp_path)] == [str(planted)]

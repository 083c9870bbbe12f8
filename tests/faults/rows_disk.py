# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The state directory and the intents in it: full, read-only, broken, planted; killed at each step."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import Callable

from desktop import wait_until
from row import DEAD, Row, Run, one_create

STATE = "state directory"
PREPARED = "intent prepared"
COMMIT = "commit"
FILES = "intent files corrupt, from the future, 10 000 of them"
MANY = 10_000

WRITING = ("intent-open", "intent-write", "intent-fsync", "intent-rename", "intent-fsync-folder", "intent-sent")
ERRORS = {"intent-open": ("EACCES", "EROFS", "ENOSPC"), "intent-write": ("ENOSPC", "EIO"), "intent-fsync": ("EIO", "ENOSPC"),
          "intent-rename": ("ENOSPC", "EROFS", "EIO"), "intent-fsync-folder": ("EIO",), "intent-sent": ("EIO", "ENOSPC")}
NO_MINT = ("Internal",)
GOOD_INTENT = """[intent]
version={version}
backend={backend}
workspace=acme
database=orders
internal=false
since=1700000000
boot-id=00000000-0000-0000-0000-000000000000
"""
OF_THIS_BOOT = GOOD_INTENT.format(version=1, backend="nile").replace(
    "00000000-0000-0000-0000-000000000000", Path("/proc/sys/kernel/random/boot_id").read_text().strip())
BROKEN: dict[str, bytes] = {
    "empty": b"", "torn": b"[intent]\nversion=1\nbacke", "no key file": b"\x00\x01\x02\xff" * 64, "another group": b"[other]\na=1\n",
    "not UTF-8": GOOD_INTENT.format(version=1, backend="nile").encode().replace(b"acme", b"\xff\xfe"),
    "control characters": GOOD_INTENT.format(version=1, backend="nile").encode().replace(b"acme", b"a\x1b[31mb"),
    "no target": b"[intent]\nversion=1\nbackend=nile\n",
    "from the future": GOOD_INTENT.format(version=2, backend="nile").encode(),
    "a million bytes": b"[intent]\nversion=1\n" + b"x" * 1_000_000,
}


def dead_at_start(run: Run) -> None:
    """The folder is opened when the daemon starts."""
    run.wrong += run.lab.end_daemon(kill=False)
    run.start("intent-open:kill", wait=False)
    run.lab.wait_dead()


def planted(what: Callable[[Run], None], follow: bool = False) -> Callable[[Run], None]:
    """Somebody has put something in our place before the daemon starts."""
    def go(run: Run) -> None:
        run.lab.end_daemon(kill=False)
        run.lab.remove_state()
        elsewhere = run.lab.root / "elsewhere"
        shutil.rmtree(elsewhere, ignore_errors=True)
        elsewhere.mkdir()
        (elsewhere / "kept").write_text("kept")
        what(run)
        run.start()
        run.create()
        run.wait()
        run.expect(follow or sorted(path.name for path in elsewhere.rglob("*")) == ["kept"], "something was written elsewhere")
        run.wrong += run.lab.end_daemon(kill=False)
        run.lab.remove_state()
    return go


def link_intents(run: Run) -> None:
    run.lab.state_folder.mkdir(parents=True)
    run.lab.intents.symlink_to(run.lab.root / "elsewhere")


def link_state(run: Run) -> None:
    run.lab.state_folder.parent.mkdir(exist_ok=True)
    run.lab.state_folder.symlink_to(run.lab.root / "elsewhere")


def file_for_folder(run: Run) -> None:
    run.lab.state_folder.mkdir(parents=True)
    run.lab.intents.write_text("in the way")


def fifo_for_folder(run: Run) -> None:
    run.lab.state_folder.mkdir(parents=True)
    os.mkfifo(run.lab.intents)


def found(*files: tuple[str, bytes], number: int = 1, dropped: bool = False) -> Callable[[Run], None]:
    """Files that are there when the daemon starts: it starts all the same, and mints."""
    def go(run: Run) -> None:
        run.wrong += run.lab.end_daemon(kill=False)
        run.lab.intents.mkdir(parents=True, exist_ok=True)
        run.lab.intents.chmod(0o700)
        for _ in range(number):
            for ending, content in files:
                (run.lab.intents / f"{uuid.uuid4()}.{ending}").write_bytes(content)
        run.start()
        run.create()
        run.wait()
        wait_until(lambda: all(path.suffix == ".broken" for path in run.lab.intents.iterdir()), "all files are dropped or set aside")
        aside = len(list(run.lab.intents.glob("*.broken")))
        run.expect(dropped or aside == number * len(files), f"{aside} of {number * len(files)} files were set aside")
        run.expect(dropped or ".broken" in run.lab.daemon_log() or "intent" in run.lab.daemon_log(), "nobody was told")
    return go


def two_names(run: Run) -> None:
    """A link and a folder where intents are."""
    run.wrong += run.lab.end_daemon(kill=False)
    run.lab.intents.mkdir(parents=True, exist_ok=True)
    (run.lab.intents / f"{uuid.uuid4()}.sent").symlink_to("/etc/passwd")
    (run.lab.intents / f"{uuid.uuid4()}.sent").mkdir()
    os.mkfifo(run.lab.intents / f"{uuid.uuid4()}.prepared")
    run.start()
    run.create()
    run.wait()


STATE_ROWS = [
    *[Row(STATE, f"{error} at {point}", outcomes=NO_MINT, posts=0, ends=("nothing",), failpoint=f"{point}:{error}")
      for point, errors in ERRORS.items() for error in errors],
    *[Row(STATE, case, planted(what), outcomes=NO_MINT, posts=0, ends=("nothing",))
      for case, what in (("the intents' folder is a link", link_intents), ("a file is in its place", file_for_folder),
                         ("a FIFO is in its place", fifo_for_folder))],
    # The user may keep it on another disk; only what is ours alone is not followed.
    Row(STATE, "the folder above it is a link", planted(link_state, follow=True), ("ok",), 1, ("stored",)),
]
PREPARED_ROWS = [
    *[Row(PREPARED, f"killed at {point}", one_create, (DEAD,), 0, ("nothing", "open") if point == "intent-sent" else ("nothing",),
          failpoint=f"{point}:kill") for point in WRITING[1:]],
    Row(PREPARED, "killed when the folder is opened", dead_at_start, posts=0, ends=("nothing",)),
    Row(PREPARED, "a torn file", found(("prepared", BROKEN["torn"])), ("ok",), 1, ("stored",)),
    Row(PREPARED, "an unfinished file", found(("prepared.new", BROKEN["torn"]), ("new", b""), dropped=True), ("ok",), 1, ("stored",)),
    Row(PREPARED, "a prepared one of a daemon that was killed",
        found(("prepared", GOOD_INTENT.format(version=1, backend="nile").encode()), dropped=True), ("ok",), 1, ("stored",)),
]
COMMIT_ROWS = [
    *[Row(COMMIT, f"killed at {point}", one_create, outcomes, 1, ("stored",), failpoint=f"{point}:kill")
      for point, outcomes in (("stored", (DEAD,)), ("commit", (DEAD,)), ("intent-remove", (DEAD, "ok")))],
    *[Row(COMMIT, f"{error} at intent-remove", outcomes=("ok",), posts=1, ends=("stored",), failpoint=f"intent-remove:{error}")
      for error in ("EIO", "EROFS")],
    Row(COMMIT, "killed before the reply", one_create, (DEAD,), 1, ("stored",), failpoint="reply:kill"),
]
FILES_ROWS = [
    *[Row(FILES, f"{ending} file: {case}", found((ending, content)), ("ok",), 1, ("stored",))
      for case, content in BROKEN.items() for ending in ("sent", "minted")],
    Row(FILES, "links, folders, FIFOs", two_names, ("ok",), 1, ("stored",)),
    Row(FILES, "names that are none", found(("sent.sent", b"x"), ("what", b"x"), dropped=True), ("ok",), 1, ("stored",)),
    Row(FILES, "10 000 prepared", found(("prepared", OF_THIS_BOOT.encode()), number=MANY, dropped=True), ("ok",), 1, ("stored",), slow=True),
    Row(FILES, "10 000 broken", found(("sent", b"broken"), number=MANY), ("ok",), 1, ("stored",), slow=True),
]
ROWS = STATE_ROWS + PREPARED_ROWS + COMMIT_ROWS + FILES_ROWS

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mints whose outcome is not known: how they are shown, what becomes of them, and what nobody may do to them."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from pathlib import Path
from typing import Any

import pytest

from bus_calls import CallGroup
from desktop import NAME, Desktop, b, s, wait_until
from keyring_tools import kill_keyring, lock_and_wait, unlock_keyring
from notification_log import NotificationLog
from refusals import fails_with

UUID_LEN = 36
DAY_SEC = 86400
TIMEOUT_SEC = 3
# Twice the time-out and 5 s more: as long the provider may still be at it.
SETTLED_AFTER_SEC = 2 * TIMEOUT_SEC + 5


@pytest.fixture
def quick():
    """A provider that is not waited for long."""
    with Desktop() as session:
        session.reconfigure(timeout=TIMEOUT_SEC)
        yield session


def lose_answer(desktop: Desktop, database: str = "orders", **options: Any) -> str:
    """Mints at the provider, loses the answer; the error's sentence."""
    desktop.nile.rule(on="create", mint_without_answer=True)
    return fails_with("OutcomeUnknown", desktop.create, database=database, **options).message


def unresolved(desktop: Desktop) -> list[dict[str, Any]]:
    return desktop.call("ListUnresolved")


def resolve(desktop: Desktop, intent: str, action: str) -> None:
    desktop.call("ResolveUnresolved", "(ss)", intent, action)


def wait_candidates(desktop: Desktop, number: int = 1) -> dict[str, Any]:
    """The one unresolved intent, when so many candidates are known."""
    def found() -> dict[str, Any] | None:
        (entry,) = unresolved(desktop)
        return entry if len(entry.get("candidates", [])) == number else None

    return wait_until(found, f"{number} candidates")


def wait_settled(desktop: Desktop) -> None:
    wait_until(lambda: unresolved(desktop) == [], "nothing is unresolved")


def intent_files(desktop: Desktop) -> list[Path]:
    return sorted((desktop.root / "state/felucca/intents").glob("*"))


def live_ids(desktop: Desktop) -> list[str]:
    return [one["id"] for one in desktop.nile.live()]


def restart_killed(desktop: Desktop) -> None:
    desktop.kill_daemon()
    desktop.start_daemon()


# What is shown


def test_nothing_is_unresolved_after_a_mint(desktop: Desktop):
    desktop.create()
    assert unresolved(desktop) == []
    wait_until(lambda: intent_files(desktop) == [], "its record is gone")


def test_a_lost_answer_is_listed(desktop: Desktop):
    before = int(time.time())
    sentence = lose_answer(desktop, tenant_id=s("t1"), internal=b(True))
    entry = wait_candidates(desktop)
    assert entry["intent"] in sentence and len(entry["intent"]) == UUID_LEN
    assert {key: entry[key] for key in ("backend", "workspace", "database", "tenant-id", "internal", "state")} == {
        "backend": "nile", "workspace": "acme", "database": "orders", "tenant-id": "t1", "internal": True, "state": "sent"}
    assert before <= entry["since"] <= time.time()
    assert entry["candidates"] == live_ids(desktop)
    assert "id" not in entry and "password" not in entry


def test_it_outlives_the_daemon(desktop: Desktop):
    lose_answer(desktop)
    (entry,) = unresolved(desktop)
    restart_killed(desktop)
    assert wait_candidates(desktop)["intent"] == entry["intent"]
    assert len(live_ids(desktop)) == 1


def test_a_record_holds_no_secret_and_is_for_us_alone(desktop: Desktop):
    lose_answer(desktop)
    (file,) = intent_files(desktop)
    (live,) = live_ids(desktop)
    text = file.read_text()
    assert desktop.nile.password_of(live) not in text and desktop.token["access_token"] not in text
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_user_is_told_once(desktop: Desktop):
    with NotificationLog(desktop) as notifications:
        lose_answer(desktop)
        wait_candidates(desktop)
        (told,) = wait_until(lambda: notifications.seen, "a notification")
        assert "acme/orders" in told["body"]
        restart_reconciler(desktop)
        assert len(notifications.seen) == 1


def restart_reconciler(desktop: Desktop) -> None:
    """Makes it look once more, and waits until it has."""
    before = desktop.nile.count("list")
    desktop.sign_in()
    wait_until(lambda: desktop.nile.count("list") > before, "another look at the provider")
    wait_candidates(desktop)


# What becomes of it


def test_nothing_came_of_it(quick: Desktop):
    quick.nile.rule(on="create", hang=True)
    fails_with("OutcomeUnknown", quick.create)
    assert len(unresolved(quick)) == 1
    assert quick.nile.live() == []
    wait_until(lambda: unresolved(quick) == [], "it is dropped", SETTLED_AFTER_SEC + 20)
    wait_until(lambda: intent_files(quick) == [], "its record is gone")


def test_revoke_ends_the_only_candidate(desktop: Desktop):
    kept = desktop.create()["id"]
    lose_answer(desktop)
    resolve(desktop, wait_candidates(desktop)["intent"], "revoke")
    assert unresolved(desktop) == []
    assert live_ids(desktop) == [kept]
    wait_until(lambda: intent_files(desktop) == [], "its record is gone")


def test_revoke_does_not_lose_what_is_still_being_minted(desktop: Desktop):
    """The daemon has given up; the provider has not."""
    desktop.reconfigure(timeout=TIMEOUT_SEC)
    desktop.nile.rule(on="create", hold="mint")
    fails_with("OutcomeUnknown", desktop.create)
    (entry,) = unresolved(desktop)
    assert "try again in" in fails_with("Conflict", resolve, desktop, entry["intent"], "revoke").message
    desktop.nile.release("mint")
    wait_until(desktop.nile.live, "it is minted after all")
    wait_candidates(desktop)
    resolve(desktop, entry["intent"], "revoke")
    assert desktop.nile.live() == [] and unresolved(desktop) == []


@pytest.mark.parametrize("action", ["keep", "forget"])
def test_keep_and_forget_leave_the_provider_alone(desktop: Desktop, action: str):
    lose_answer(desktop)
    resolve(desktop, wait_candidates(desktop)["intent"], action)
    assert unresolved(desktop) == []
    assert len(live_ids(desktop)) == 1
    desktop.restart_daemon()
    assert unresolved(desktop) == []


def test_several_candidates_are_for_the_user(desktop: Desktop):
    foreign = desktop.nile.mint_foreign("acme", "orders")["id"]
    lose_answer(desktop)
    entry = wait_candidates(desktop, 2)
    assert sorted(entry["candidates"]) == sorted(live_ids(desktop))
    sentence = fails_with("Conflict", resolve, desktop, entry["intent"], "revoke").message
    assert "2 credentials" in sentence and "forget" in sentence
    assert foreign in live_ids(desktop) and len(live_ids(desktop)) == 2
    assert len(unresolved(desktop)) == 1


def test_what_is_far_from_it_in_time_is_no_candidate(desktop: Desktop):
    desktop.nile.mint_foreign("acme", "orders", created=time.time() - 3600)
    desktop.nile.mint_foreign("acme", "orders", created=time.time() - 2 * DAY_SEC)
    lose_answer(desktop)
    (candidate,) = wait_candidates(desktop)["candidates"]
    assert candidate == live_ids(desktop)[-1]


def test_what_is_stored_is_no_candidate(desktop: Desktop):
    stored = desktop.create()["id"]
    lose_answer(desktop)
    assert wait_candidates(desktop)["candidates"] == [one for one in live_ids(desktop) if one != stored]


def test_an_exclusive_instance_revokes_by_itself(desktop: Desktop):
    desktop.reconfigure(timeout=TIMEOUT_SEC, exclusive="true")
    kept = desktop.create()["id"]
    lose_answer(desktop)
    wait_until(lambda: live_ids(desktop) == [kept], "the lost one is revoked")
    wait_until(lambda: unresolved(desktop) == [], "it is settled", SETTLED_AFTER_SEC + 20)
    assert desktop.get()["id"] == kept


def test_an_exclusive_instance_waits_for_other_daemons(desktop: Desktop):
    """What lives there may be one's that has not stored it yet."""
    desktop.reconfigure(timeout=TIMEOUT_SEC, exclusive="true")
    with open(desktop.root / "state/felucca/intents.lock", "rb") as other:
        fcntl.fcntl(other, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 0, 1, 0))
        lose_answer(desktop)
        lists = desktop.nile.count("list")
        wait_until(lambda: desktop.nile.count("list") >= lists + 2, "the daemon has looked again and again")
        assert len(live_ids(desktop)) == 1
    wait_until(lambda: live_ids(desktop) == [], "it is revoked when nobody else is there")


def test_revoke_there_waits_for_what_may_still_come(desktop: Desktop):
    """What lives there and is not stored is ours; what is still being minted would be, too."""
    desktop.reconfigure(exclusive="true")
    desktop.nile.rule(on="delete", status=500)
    lose_answer(desktop)
    wait_until(lambda: desktop.nile.count("delete") == 1, "the daemon has tried")
    (entry,) = unresolved(desktop)
    assert "whether more comes is seen later" in fails_with("Conflict", resolve, desktop, entry["intent"], "revoke").message
    assert desktop.nile.live() == []
    assert [left["intent"] for left in unresolved(desktop)] == [entry["intent"]]


def test_a_known_id_is_revoked_when_the_provider_lets_us(desktop: Desktop):
    desktop.nile.rule(on="create", after_mint=True, body='{"id":"{{id}}"}')
    desktop.nile.rule(on="delete", status=500, times=2)  # the undo, and the first look
    fails_with("OutcomeUnknown", desktop.create)
    (entry,) = unresolved(desktop)
    assert (entry["state"], entry["id"]) == ("minted", live_ids(desktop)[0])
    wait_until(lambda: "500" in unresolved(desktop)[0].get("detail", ""), "it says why")
    restart_killed(desktop)
    wait_settled(desktop)
    assert live_ids(desktop) == []


def test_what_is_stored_is_never_revoked(desktop: Desktop):
    """Killed between the store and the end of the record: it is found in the keyring and stays."""
    credential = desktop.create()
    wait_until(lambda: intent_files(desktop) == [], "its record is gone")
    write_record(desktop, "minted", id=credential["id"])
    restart_killed(desktop)
    wait_settled(desktop)
    assert live_ids(desktop) == [credential["id"]]
    assert desktop.get()["password"] == credential["password"]


def write_record(desktop: Desktop, state: str, uuid: str = "7f6c1f0e-6d3b-4a52-9b7e-2c9a3c1d0001", **fields: str) -> Path:
    folder = desktop.root / "state/felucca/intents"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{uuid}.{state}"
    known = {"version": "1", "backend": "nile", "workspace": "acme", "database": "orders", "internal": "false",
             "since": str(int(time.time()))}
    lines = [f"{key.replace('_', '-')}={value}" for key, value in (known | fields).items()]
    file.write_text("\n".join(["[intent]", *lines, ""]))
    return file


def test_prepared_and_never_sent_is_dropped(desktop: Desktop):
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    write_record(desktop, "prepared", boot_id=boot_id)
    restart_killed(desktop)
    assert unresolved(desktop) == []
    wait_until(lambda: intent_files(desktop) == [], "its record is gone")


def test_prepared_before_the_system_went_down_may_have_been_sent(desktop: Desktop):
    write_record(desktop, "prepared", boot_id="00000000-0000-0000-0000-000000000000")
    restart_killed(desktop)
    assert [entry["state"] for entry in unresolved(desktop)] == ["sent"]


def test_of_a_backend_that_is_gone(desktop: Desktop):
    write_record(desktop, "sent", backend="elsewhere")
    restart_killed(desktop)
    wait_until(lambda: "elsewhere" in unresolved(desktop)[0].get("detail", ""), "it says why")
    resolve(desktop, unresolved(desktop)[0]["intent"], "forget")
    assert unresolved(desktop) == []


# When it is looked at again


def test_when_the_keyring_unlocks(desktop: Desktop):
    lose_answer(desktop)
    wait_candidates(desktop)
    lock_and_wait(desktop)
    restart_killed(desktop)
    assert "candidates" not in unresolved(desktop)[0], "the sign-in is in there"
    unlock_keyring(desktop)
    wait_candidates(desktop)


def test_when_somebody_signs_in(desktop: Desktop):
    desktop.nile.revoke_token(desktop.token["access_token"])
    desktop.nile.revoke_token(desktop.token.get("refresh_token", ""))
    write_record(desktop, "minted", id="01a206fb-a228-7df7-98f5-82ce9018907f")
    restart_killed(desktop)
    wait_until(lambda: "sign-in" in unresolved(desktop)[0].get("detail", ""), "it says why")
    desktop.sign_in()
    wait_settled(desktop)


def test_with_the_keyring_gone_nothing_is_revoked(desktop: Desktop):
    credential = desktop.create()
    wait_until(lambda: intent_files(desktop) == [], "its record is gone")
    write_record(desktop, "minted", id=credential["id"])
    desktop.kill_daemon()
    kill_keyring(desktop)
    desktop.start_daemon()
    assert len(unresolved(desktop)) == 1
    assert live_ids(desktop) == [credential["id"]]
    assert desktop.nile.count("delete") == 0


# Limits and refusals


def test_more_than_five_stop_further_mints_there(desktop: Desktop):
    for number in range(6):
        lose_answer(desktop, database=f"db{number}")
    posts = desktop.nile.count("create")
    assert "felucca unresolved" in fails_with("LimitExceeded", desktop.create).message
    assert desktop.nile.count("create") == posts
    resolve(desktop, unresolved(desktop)[0]["intent"], "forget")
    assert desktop.create()["password"]


def test_the_same_request_id_is_not_minted_again(desktop: Desktop):
    lose_answer(desktop, request_id=s("r1"))
    sentence = fails_with("OutcomeUnknown", desktop.create, request_id=s("r1")).message
    (entry,) = unresolved(desktop)
    assert entry["intent"] in sentence and desktop.nile.count("create") == 1
    restart_killed(desktop)
    fails_with("OutcomeUnknown", desktop.create, request_id=s("r1"))
    assert desktop.nile.count("create") == 1
    wait_candidates(desktop)
    resolve(desktop, entry["intent"], "revoke")
    assert desktop.create(request_id=s("r1"))["password"]


@pytest.mark.parametrize(("intent", "action", "name"), [
    ("7f6c1f0e-6d3b-4a52-9b7e-2c9a3c1d0001", "revoke", "NotFound"),
    ("7f6c1f0e-6d3b-4a52-9b7e-2c9a3c1d0001", "keep", "NotFound"),
    ("7f6c1f0e-6d3b-4a52-9b7e-2c9a3c1d0001", "delete", "InvalidArguments"),
    ("7f6c1f0e-6d3b-4a52-9b7e-2c9a3c1d0001", "", "InvalidArguments"),
    ("", "keep", "InvalidArguments"),
    ("../../x", "keep", "NotFound"),
    ("a\nb", "keep", "InvalidArguments"),
    ("x" * 257, "keep", "InvalidArguments"),
])
def test_what_makes_no_sense(desktop: Desktop, intent: str, action: str, name: str):
    fails_with(name, resolve, desktop, intent, action)


def test_one_under_way_is_not_listed_and_not_to_be_resolved(desktop: Desktop):
    desktop.nile.rule(on="create", hold="door")
    calls = CallGroup(desktop)
    calls.create()
    desktop.nile.wait_for("create")
    assert unresolved(desktop) == []
    (file,) = intent_files(desktop)
    assert file.suffix == ".sent"
    fails_with("Conflict", resolve, desktop, file.stem, "forget")
    desktop.nile.release("door")
    calls.wait()
    assert len(desktop.list()) == 1


def test_a_daemon_that_leaves_keeps_its_mints(desktop: Desktop):
    """The next one is there already, and must not take a mint under way for one that is lost."""
    desktop.nile.rule(on="create", hold="door")
    calls = CallGroup(desktop)
    calls.create()
    desktop.nile.wait_for("create")
    leaving, desktop.daemon_process = desktop.daemon_process, None
    assert leaving is not None
    leaving.terminate()
    wait_until(lambda: not desktop.has_owner(NAME), "the name is free")
    desktop.start_daemon()
    assert unresolved(desktop) == [] and len(intent_files(desktop)) == 1
    desktop.nile.release("door")
    calls.wait()
    assert leaving.wait(30) == 0
    wait_until(lambda: live_ids(desktop) == [one["id"] for one in desktop.list()], "the one that is there has heard of it")
    wait_until(lambda: intent_files(desktop) == [], "its record is gone")
    assert (desktop.nile.count("create"), desktop.nile.count("delete")) == (1, 0)


def test_the_daemon_stays_while_something_is_unresolved(desktop: Desktop):
    desktop.write_config(desktop.config_text() + "\n[daemon]\nidle-timeout=1\n")
    write_record(desktop, "sent", backend="elsewhere")
    restart_killed(desktop)
    assert desktop.daemon_process is not None
    with pytest.raises(Exception, match="timed out"):
        desktop.daemon_process.wait(4)
    resolve(desktop, unresolved(desktop)[0]["intent"], "forget")
    assert desktop.daemon_process.wait(30) == 0
    desktop.start_daemon()


# The folder


@pytest.mark.parametrize("content", ["", "[intent]\nversion=2\n", "junk", "\x00" * 64, "[intent]\nversion=1\nbackend=nile\n"])
def test_a_file_that_is_no_record_is_set_aside(desktop: Desktop, content: str):
    file = write_record(desktop, "sent")
    file.write_text(content)
    restart_killed(desktop)
    assert unresolved(desktop) == []
    assert [one.name for one in intent_files(desktop)] == [file.name + ".broken"]
    assert file.name in desktop.daemon_log()
    assert desktop.create()["password"]


def test_ten_thousand_records(desktop: Desktop):
    desktop.kill_daemon()
    for number in range(10000):
        write_record(desktop, "sent", f"7f6c1f0e-6d3b-4a52-9b7e-{number:012x}", backend="elsewhere")
    desktop.start_daemon()
    assert len(unresolved(desktop)) == 10000
    assert desktop.create()["password"]


def test_a_folder_that_cannot_be_written_mints_nothing(desktop: Desktop):
    desktop.kill_daemon()
    folder = desktop.root / "state/felucca/intents"
    folder.rmdir()
    folder.symlink_to(desktop.root / "home")
    desktop.start_daemon()
    assert "intents" in fails_with("Internal", desktop.create).message
    assert desktop.nile.count("create") == 0
    assert list((desktop.root / "home").iterdir()) == [] and "intents" in desktop.daemon_log()


def test_a_folder_that_was_deleted_is_made_again(desktop: Desktop):
    lose_answer(desktop)
    for file in intent_files(desktop):
        file.unlink()
    (desktop.root / "state/felucca/intents").rmdir()
    lose_answer(desktop)
    assert len(intent_files(desktop)) == 1

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The keyring: absent, locked, asking, failing, lying; before the mint and after it."""

from __future__ import annotations

from typing import Any, Callable

from keyring_tools import Prompter, kill_keyring, lock_and_wait, wait_keyring_state
from desktop import KEYRING_PASSWORD, wait_until
from row import DEAD, Row, Run, one_create
from secret_items import ITEM, find_item, set_attributes
from secret_service import SESSION

from gi.repository import GLib

ABSENT = "keyring absent, locked, default alias missing or `session`"
PROMPT = "unlock prompt"
UNSTORED = "minted, then the keyring locks / dies / hangs / disk full"
READ_BACK = "store done, its reply lost"
ITEMS = "input: keyring"
NOT_UTF8 = b"\xff\xfe"


def without_service(run: Run) -> None:
    kill_keyring(run.lab)
    wait_keyring_state(run.lab, "absent")
    run.create()
    run.wait()


def with_default(path: str) -> Callable[[Run], None]:
    """The default collection is another one, or none, from the start."""
    def go(run: Run) -> None:
        run.lab.service.default = path
        run.restart()
        run.create()
        run.wait()
    return go


def locked(run: Run) -> None:
    lock_and_wait(run.lab)
    run.create(interactive=False)
    run.wait()


def locked_without_prompter(run: Run) -> None:
    lock_and_wait(run.lab)
    run.create()
    run.wait()


def with_prompter(*answers: str, stop: bool = False) -> Callable[[Run], None]:
    """The prompt gets these answers; or none, and the deadline ends it."""
    def go(run: Run) -> None:
        kill_keyring(run.lab)
        prompter = Prompter(run.lab, *answers)
        run.lab.start_keyring(unlock=False, env=run.lab.env | {"GNOME_KEYRING_TEST_PROMPTER": prompter.name})
        wait_keyring_state(run.lab, "locked")
        if stop:
            prompter.stop()
        run.create()
        run.wait(180)
        prompter.go_on()
        prompter.process.terminate()
        prompter.process.wait()
        kill_keyring(run.lab)
    return go


def unlock_fault(fault: str) -> Callable[[Run], None]:
    """The service is locked, and its Unlock fails like this."""
    def go(run: Run) -> None:
        run.lab.service.set_locked(True)
        wait_keyring_state(run.lab, "locked")
        run.lab.service.faults["Unlock"] = fault
        run.create()
        run.wait()
    return go


def between(strike: Callable[[Run], Any]) -> Callable[[Run], None]:
    """Strikes when the provider has minted and has not answered yet."""
    def go(run: Run) -> None:
        run.lab.nile.rule(on="create", hold="mint", after_mint=True)
        run.create()
        run.lab.nile.wait_for("create-run")
        strike(run)
        run.lab.nile.release("mint")
        run.wait()
    return go


def lock(run: Run) -> None:
    lock_and_wait(run.lab)


def kill(run: Run) -> None:
    kill_keyring(run.lab)
    wait_keyring_state(run.lab, "absent")


def no_revoke(strike: Callable[[Run], Any]) -> Callable[[Run], Any]:
    """And the provider does not take it back either."""
    def go(run: Run) -> None:
        run.lab.nile.rule(on="delete", status=500, times=-1)
        strike(run)
    return go


def item_fault(fault: str, **rule: Any) -> Callable[[Run], None]:
    """CreateItem fails like this; with a rule the revoke does, too."""
    def go(run: Run) -> None:
        if rule:
            run.lab.nile.rule(on="delete", times=-1, **rule)
        run.lab.service.faults["CreateItem"] = fault
        run.create()
        run.wait()
    return go


def colliding(run: Run) -> None:
    """An item of somebody else bears the target of ours; nobody's item takes another one's place."""
    theirs = ["xdg:schema", "org.felucca.Credential", "backend", "nile", "workspace", "acme", "database", "orders"]
    run.lab.secret_tool("store", "--label=theirs", *theirs, "note", "mine", input=b"theirs")
    calls = [run.create() for _ in range(2)]
    run.wait()
    run.expect(len({call.value["id"] for call in calls}) == 2, "a second mint is a second credential")
    item = find_item(run.lab, note="mine")
    run.expect(item.secret == b"theirs", "their item was overwritten")
    run.lab.secrets_call(item.path, ITEM, "Delete", GLib.Variant("()", ()))


def vanishing(run: Run) -> None:
    """An item goes away between two calls: it is minted anew, and the first one is the user's own doing."""
    first = run.create()
    run.wait()
    run.lab.forget_credentials()
    run.handed_over.add(first.value["id"])
    wait_until(lambda: not run.lab.list(), "the daemon knows")
    run.create()
    run.wait()


def edited(run: Run) -> None:
    """Seahorse has changed the attributes of an item into nonsense; a mint beside it is not disturbed."""
    first = run.create()
    run.wait()
    set_attributes(run.lab, find_item(run.lab, id=first.value["id"]).path, port="many", created="yesterday", internal="perhaps")
    run.create()
    run.wait()


def garbage(secret: bytes) -> Callable[[Run], None]:
    """The secret of a stored credential is no password."""
    def go(run: Run) -> None:
        first = run.create()
        run.wait()
        key, item = next((key, item) for key, item in run.lab.service.items.items()
                         if item["attributes"].get("id") == first.value["id"])
        kept, item["secret"] = item["secret"], secret
        get = run.callers[0].send("GetCredential", "(ssa{sv})", "acme", "orders", {})
        run.wait()
        run.expect(get.outcome != "ok", f"garbage was handed out: {get.value}")
        run.create("billing")
        run.wait()
        item["secret"] = kept
    return go


def hanging_from_the_start(method: str) -> Callable[[Run], None]:
    """The Secret Service is there and says nothing."""
    def go(run: Run) -> None:
        run.lab.service.faults[method] = "hang"
        run.restart()
        run.create()
        run.wait()
    return go


ABSENT_ROWS = [
    Row(ABSENT, "no Secret Service", without_service, ("KeyringAbsent",), 0, ("nothing",)),
    Row(ABSENT, "no default collection", with_default("/"), ("KeyringAbsent",), 0, ("nothing",), stand_in=True),
    Row(ABSENT, "the default is `session`", with_default(SESSION), ("KeyringAbsent",), 0, ("nothing",), stand_in=True),
    Row(ABSENT, "locked, not interactive", locked, ("KeyringLocked",), 0, ("nothing",)),
    *[Row(ABSENT, f"{method} hangs", hanging_from_the_start(method), ("TimedOut", "KeyringAbsent", "SignInRequired"), 0,
          ("nothing",), stand_in=True, slow=True) for method in ("OpenSession", "ReadAlias", "SearchItems")],
]
PROMPT_ROWS = [
    Row(PROMPT, "no prompter", locked_without_prompter, ("PromptDismissed",), 0, ("nothing",)),
    Row(PROMPT, "dismissed", with_prompter("cancel"), ("PromptDismissed",), 0, ("nothing",)),
    Row(PROMPT, "answered", with_prompter("answer:" + KEYRING_PASSWORD), ("ok",), 1, ("stored",)),
    *[Row(PROMPT, f"the service {name}", unlock_fault(fault), outcomes, 0, ("nothing",), stand_in=True)
      for name, fault, outcomes in (("fails", "error", ("KeyringLocked", "Internal", "KeyringAbsent")),
                                    ("dismisses by itself", "dismiss", ("PromptDismissed",)),
                                    ("leaves", "lose-vanish", ("KeyringAbsent", "KeyringLocked", "TimedOut")))],
    Row(PROMPT, "never answered", with_prompter("cancel", stop=True), ("KeyringLocked", "PromptDismissed"), 0, ("nothing",), slow=True),
]
UNSTORED_ROWS = [
    Row(UNSTORED, "locks", between(lock), ("NotStored",), 1, ("nothing",)),
    Row(UNSTORED, "dies", between(kill), ("NotStored",), 1, ("nothing",)),
    Row(UNSTORED, "locks, and the revoke fails", between(no_revoke(lock)), ("OutcomeUnknown",), 1, ("nothing",)),
    Row(UNSTORED, "dies, and the revoke fails", between(no_revoke(kill)), ("OutcomeUnknown",), 1, ("nothing",)),
    Row(UNSTORED, "CreateItem fails once", item_fault("error*1"), ("ok", "NotStored"), 1, ("nothing", "stored"), stand_in=True),
    Row(UNSTORED, "CreateItem fails", item_fault("error"), ("NotStored",), 1, ("nothing",), stand_in=True),
    Row(UNSTORED, "CreateItem says locked", item_fault("org.freedesktop.Secret.Error.IsLocked"), ("NotStored",), 1,
        ("nothing",), stand_in=True),
    Row(UNSTORED, "CreateItem locks the keyring", item_fault("lock"), ("NotStored",), 1, ("nothing",), stand_in=True),
    Row(UNSTORED, "CreateItem hangs", item_fault("hang"), ("NotStored",), 1, ("nothing", "stale"), stand_in=True, slow=True),
    *[Row(UNSTORED, f"CreateItem fails, the revoke {name}", item_fault("error", **rule), ("OutcomeUnknown",), 1, ("nothing",),
          stand_in=True) for name, rule in (("is answered 500", {"status": 500}), ("is answered 403", {"status": 403}),
                                            ("is cut off", {"reset": True}), ("works and its answer is lost",
                                                                              {"mint_without_answer": True}))],
    Row(UNSTORED, "killed before the store", one_create, (DEAD,), 1, ("nothing", "listed"), failpoint="store:kill"),
    Row(UNSTORED, "killed when the answer is there", one_create, (DEAD,), 1, ("nothing", "listed"),
        failpoint="mint-end:kill"),
    *[Row(UNSTORED, f"CreateItem fails, killed {when} the revoke", item_fault("error"), (DEAD,), 1, ("nothing",),
          stand_in=True, failpoint=f"{point}:kill") for when, point in (("before", "undo"), ("after", "undone"))],
]
READ_BACK_ROWS = [
    Row(READ_BACK, "the reply is lost", item_fault("lose"), ("ok",), 1, ("stored",), stand_in=True),
    Row(READ_BACK, "the service leaves behind the store", item_fault("lose-vanish"), ("NotStored", "OutcomeUnknown", "ok"), 1,
        ("nothing", "stored", "stale"), stand_in=True),
    Row(READ_BACK, "the service is another one behind the store", item_fault("lose-restart"), ("ok", "NotStored"), 1,
        ("stored", "nothing", "stale"), stand_in=True),
    Row(READ_BACK, "the service is slow", item_fault("slow=1"), ("ok",), 1, ("stored",), stand_in=True),
    Row(READ_BACK, "the service says yes and stores nothing", item_fault("lie-store"), ("NotStored", "ok"), 1,
        ("nothing", "stored"), stand_in=True),
    Row(READ_BACK, "killed behind the store", one_create, (DEAD,), 1, ("stored",), failpoint="stored:kill"),
]
ITEM_ROWS = [
    Row(ITEMS, "colliding attributes", colliding, ("ok",), 2, ("stored",)),
    Row(ITEMS, "an item vanishes", vanishing, ("ok",), 2, ("stored",)),
    Row(ITEMS, "attributes that are nonsense", edited, ("ok",), 2, ("stored",)),
    Row(ITEMS, "a secret that is not UTF-8", garbage(NOT_UTF8), ("ok",), 2, ("stored",), stand_in=True),
]
ROWS = ABSENT_ROWS + PROMPT_ROWS + UNSTORED_ROWS + READ_BACK_ROWS + ITEM_ROWS

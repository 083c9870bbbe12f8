# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was left open: found again, revoked or listed; by one that may be killed at each step, beside other people."""

from __future__ import annotations

import time
from typing import Any, Callable

from caller import Answered
from row import DEAD, Row, Run
from desktop import wait_until
from oracle import judge, verdict

RECONCILE = "reconcile"
OTHERS = "someone else mints or deletes meanwhile"
PASSES_MAX = 3
OLD_SEC = 26 * 3600
POINTS = ("reconcile-list", "reconcile-listed", "reconcile-revoke", "reconcile-revoked", "reconcile-drop")
REVOKES: dict[str, dict[str, Any]] = {
    "204": {}, "404": {"status": 404, "after_mint": True}, "401": {"status": 401}, "403": {"status": 403},
    "503": {"status": 503}, "reset": {"reset": True}, "done, and its answer lost": {"mint_without_answer": True},
    "silence": {"hang": True},
}
LISTS: dict[str, dict[str, Any]] = {
    "401": {"status": 401}, "404": {"status": 404}, "503": {"status": 503}, "reset": {"reset": True}, "silence": {"hang": True},
    "nonsense": {"body": "<html>"}, "an empty body": {"body": ""}, "cut": {"cut_body": 30}, "no array": {"body": "{}"},
}
GONE = ("nothing", "open")
LOST = {"on": "create", "mint_without_answer": True}


def lose_one(run: Run, database: str = "orders") -> Answered:
    """A mint whose answer is lost, by a daemon that is killed before it can look."""
    run.lab.nile.rule(on="create", hold=f"lost-{database}", after_mint=True)
    before = run.lab.nile.count("create-run")
    call = run.create(database)
    run.lab.nile.wait_for("create-run", before + 1)
    run.lab.kill_daemon()
    run.lab.nile.release(f"lost-{database}")
    run.wait()
    return call


def lose_known(run: Run) -> None:
    """A mint whose id is known, which could not be revoked; then the daemon is killed."""
    run.lab.nile.rule(on="create", after_mint=True, body='{"id":"{{id}}"}')
    run.lab.nile.rule(on="delete", status=503, times=-1)
    run.create()
    run.wait()
    run.lab.kill_daemon()
    run.lab.nile.clear_rules()


def killed_at(point: str, lose: Callable[[Run], Any]) -> Callable[[Run], None]:
    """The reconciler is killed there; the one after it comes to an end."""
    def go(run: Run) -> None:
        lose(run)
        run.start(f"{point}:kill", wait=False)
        run.lab.wait_dead()
        passes(run, PASSES_MAX - 1)
    return go


def passes(run: Run, limit: int) -> None:
    """So many more daemons may be needed until nothing of ours is left."""
    for _ in range(limit):
        run.lab.kill_daemon()
        run.start()
        facts = run.settle(GONE)
        if verdict(facts) in GONE and not judge(facts):
            return
    run.expect(False, f"not at rest after {limit} more passes: {facts.unresolved}")


def revoke_fails(lose: Callable[[Run], Any], **rule: Any) -> Callable[[Run], None]:
    """The first revoke ends like this."""
    def go(run: Run) -> None:
        lose(run)
        before = run.lab.nile.count("delete")
        if rule:
            run.lab.nile.rule(on="delete", **rule)
        run.start()
        run.lab.nile.wait_for("delete", before + 1)
        passes(run, PASSES_MAX - 1)
    return go


def list_fails(**rule: Any) -> Callable[[Run], None]:
    """The first look ends like this: nothing is forgotten because it was not seen."""
    def go(run: Run) -> None:
        lose_one(run)
        run.lab.nile.rule(on="list", **rule)
        run.start()
        run.lab.nile.wait_for("list")
        run.wrong += judge(run.facts(), strict=False)
        passes(run, PASSES_MAX - 1)
    return go


def list_always_fails(**rule: Any) -> Callable[[Run], None]:
    """The provider shows us nothing through three daemons, then it does."""
    def go(run: Run) -> None:
        lose_one(run)
        run.lab.nile.rule(on="list", times=-1, **rule)
        for number in range(PASSES_MAX):
            run.restart()
            run.lab.nile.wait_for("list", number + 1)
            run.wrong += judge(run.facts(), strict=False)
    return go


def id_known_and_gone(run: Run) -> None:
    """Somebody has deleted what we want to revoke."""
    call = lose_one(run)
    run.expect(call.outcome == DEAD, call.outcome)
    (live,) = run.lab.nile.live()
    run.lab.nile.delete_foreign(live["id"])
    run.start()


def twice(run: Run) -> None:
    """Reconciling a second time changes nothing (I6)."""
    lose_one(run)
    run.start()
    run.settle(run.row.ends)
    first, asked = run.facts(), run.lab.nile.count("delete")
    run.restart()
    run.settle(run.row.ends)
    second = run.facts()
    run.expect([entry["id"] for entry in first.live] == [entry["id"] for entry in second.live], "the second look changed what lives")
    run.expect(run.lab.nile.count("delete") == asked, "the second look revoked something")


def never_sent(run: Run) -> None:
    """An intent without any candidate is dropped, but not before its mint can no longer come."""
    run.create()
    run.wait()
    run.expect(run.lab.unresolved(), "it was dropped before its time")
    age_sec = 2 * run.row.settings["timeout"] + 5
    since = run.lab.unresolved()[0]["since"]
    wait_until(lambda: time.time() > since + age_sec + 1, "it is old enough")
    run.restart()
    run.settle(("nothing",))


def resolved(action: str) -> Callable[[Run], None]:
    """The user decides."""
    def go(run: Run) -> None:
        run.create()
        run.wait()
        (live,) = run.lab.nile.live()
        entry = wait_until(lambda: next((one for one in run.lab.unresolved() if live["id"] in one.get("candidates", [])), None),
                           "the candidate is listed")
        if action != "revoke":
            run.handed_over.add(live["id"])
        run.lab.call("ResolveUnresolved", "(ss)", entry["intent"], action)
        run.expect(run.lab.unresolved() == [], "it is still listed")
        run.expect((run.lab.nile.live() == []) == (action == "revoke"), f"after {action}: {run.lab.nile.live()}")
    return go


def look_again(run: Run) -> None:
    """The reconciler looks once more, since another mint was lost; nobody has asked for the list meanwhile."""
    looks = run.lab.nile.count("list-over")
    run.lab.nile.rule(on="create", close_before=True)
    run.create("billing")
    run.wait()
    run.lab.nile.wait_for("list-over", looks + 2)


def revoked_unseen(run: Run, between: Callable[[Run], None] = lambda run: None) -> None:
    """The user wants to end what came of a lost mint, and was shown nothing: what somebody has made since is not it."""
    run.create()
    run.wait()
    entry = wait_until(lambda: next((one for one in run.lab.unresolved() if "candidates" in one), None), "it was looked at")
    run.expect(entry["candidates"] == [], f"{entry}")
    run.lab.nile.mint_foreign("acme", "orders")
    between(run)
    caller = run.caller()
    call = caller.send("ResolveUnresolved", "(ss)", entry["intent"], "revoke")
    caller.wait(call)
    run.expect(len(run.lab.nile.live()) == 1, f"what was not shown was ended: {call.outcome}")


def too_many(run: Run) -> None:
    """Six unresolved mints: no seventh."""
    run.lab.nile.rule(**LOST | {"times": -1})
    for number in range(8):
        run.create(f"db{number}")
        run.wait()
    ended = [call.outcome for call in run.wishes]
    run.expect(set(ended) == {"OutcomeUnknown", "LimitExceeded"}, f"{ended}")
    run.expect(ended[-1] == "LimitExceeded" and ended[:5] == ["OutcomeUnknown"] * 5, f"{ended}")
    run.expect(run.lab.nile.count("create") == ended.count("OutcomeUnknown"), "what was refused was sent")


# Other people

def foreign_before(run: Run, ago_sec: float, database: str = "orders") -> str:
    return run.lab.nile.mint_foreign("acme", database, created=time.time() - ago_sec)["id"]


def others_mint(run: Run) -> None:
    """Two of somebody else, one before and one behind ours: all three may be it, none is touched."""
    foreign_before(run, 0)
    run.create()
    run.wait()
    run.lab.nile.mint_foreign("acme", "orders")
    foreign_before(run, 3600)


def others_mint_elsewhere(run: Run) -> None:
    """At an instance of ours alone: what is older than the intent by more than clocks can err, or elsewhere, is not ours."""
    for database in ("orders", "billing"):
        foreign_before(run, OLD_SEC, database)
    run.lab.nile.mint_foreign("acme", "billing")
    run.lab.nile.mint_foreign("acme", "orders", tenant="t1", created=time.time() - OLD_SEC)
    run.create()
    run.wait()


def others_delete(run: Run) -> None:
    """Somebody deletes a stored one, and one of their own."""
    call = run.create()
    run.wait()
    run.lab.nile.delete_foreign(call.value["id"])
    theirs = foreign_before(run, 60)
    run.lab.nile.delete_foreign(theirs)
    run.foreign_deleted.add(theirs)


def killed_beside_others(run: Run) -> None:
    """Ours is minted, the daemon is killed, others mint at the same second."""
    lose_one(run)
    run.lab.nile.mint_foreign("acme", "orders")
    run.start()
    run.settle(run.row.ends)


def stored_beside_a_lost_one(run: Run) -> None:
    """A stored credential of the same target and second is no candidate for revocation."""
    first = run.create()
    run.wait()
    lose_one(run)
    run.start()
    run.settle(run.row.ends)
    run.expect(first.value["id"] in run.lab.stored(), "what was stored is gone")
    run.expect(first.value["id"] in [entry["id"] for entry in run.lab.nile.live()], "what is stored was revoked")


ROWS = [
    *[Row(RECONCILE, f"killed at {point}", killed_at(point, lose_one), (DEAD,), 1, GONE, instance="own")
      for point in POINTS[:4]],
    *[Row(RECONCILE, f"id known, killed at {point}", killed_at(point, lose_known), ("OutcomeUnknown",), 1, ("nothing",))
      for point in POINTS[2:]],
    *[Row(RECONCILE, f"id known, revoke: {case}", revoke_fails(lose_known, **rule), ("OutcomeUnknown",), 1, ("nothing",),
          settings={"timeout": 3} if "hang" in rule else {}) for case, rule in REVOKES.items()],
    *[Row(RECONCILE, f"revoke: {case}", revoke_fails(lose_one, **rule), (DEAD,), 1, GONE, instance="own",
          settings={"timeout": 3} if "hang" in rule else {}) for case, rule in REVOKES.items()],
    *[Row(RECONCILE, f"list: {case}", list_fails(**rule), (DEAD,), 1, GONE, instance="own",
          settings={"timeout": 3} if "hang" in rule else {}) for case, rule in LISTS.items()],
    *[Row(RECONCILE, f"list: {case}, again and again", list_always_fails(**rule), (DEAD,), 1, ("listed",))
      for case, rule in (("503", {"status": 503}), ("an empty list", {"body": "[]"}))],
    Row(RECONCILE, "gone before it is revoked", id_known_and_gone, (DEAD,), 1, GONE, instance="own"),
    Row(RECONCILE, "twice", twice, (DEAD,), 1, GONE, instance="own"),
    Row(RECONCILE, "twice", twice, (DEAD,), 1, ("listed",)),
    Row(RECONCILE, "never sent, old enough", never_sent, ("OutcomeUnknown",), 1, ("nothing",), settings={"timeout": 3},
        rules=({"on": "create", "close_before": True},), slow=True),
    *[Row(RECONCILE, f"the user says {action}", resolved(action), ("OutcomeUnknown",), 1, ("nothing",), rules=(LOST,))
      for action in ("revoke", "keep", "forget")],
    Row(OTHERS, "the user revokes what nobody has shown", revoked_unseen, ("OutcomeUnknown",), 1,
        rules=({"on": "create", "close_before": True},)),
    Row(OTHERS, "the user revokes what only the reconciler has seen", lambda run: revoked_unseen(run, look_again),
        ("OutcomeUnknown",), 2, rules=({"on": "create", "close_before": True},)),
    Row(RECONCILE, "more than 5 unresolved", too_many, (), None, ("listed",)),
    Row(OTHERS, "they mint at our target", others_mint, ("OutcomeUnknown",), 1, ("listed",), rules=(LOST,)),
    Row(OTHERS, "they mint elsewhere and minted before", others_mint_elsewhere, ("OutcomeUnknown",), 1, GONE, rules=(LOST,),
        instance="own"),
    Row(OTHERS, "they delete", others_delete, ("ok",), 1, ("stale", "nothing")),
    Row(OTHERS, "they mint, and the daemon is killed", killed_beside_others, (DEAD,), 1, ("listed",)),
    Row(OTHERS, "a stored one beside a lost one", stored_beside_a_lost_one, ("ok", DEAD), 2, ("stored", "open+stored"),
        instance="own"),
    Row(OTHERS, "a stored one beside a lost one", stored_beside_a_lost_one, ("ok", DEAD), 2, ("listed+stored",)),
]

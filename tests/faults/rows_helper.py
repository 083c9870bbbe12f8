# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Helper programs of the module exec that do what they should not, while others mint."""

from __future__ import annotations

from typing import Any, Callable

from desktop import wait_until
from lab import Lab
from row import Row, Run
from tool import ENDS, FAILS, INSTANCE, NAMED, REFUSALS, WORKS, Tool

HELPER = "input: helper program (exec backend)"
NONSENSE = ("prints junk", "prints 10 MB", "prints deep nesting", "prints a cut answer", "prints a NUL", "exits with 0")
# Of those that wait for deadlines or differ only in the verb, some run each time.
ALWAYS = ("hangs, after the mint", "the revoke is killed, after it is done", "the revoke prints junk, before it is done",
          "the list exits with 3", "the list prints 10 MB")
STARTS: dict[str, Callable[[Tool], None]] = {
    "is not there": lambda tool: tool.path.unlink(),
    "may be written by others": lambda tool: tool.path.chmod(0o702),
    "is no program": lambda tool: tool.path.write_text("no program\n"),
    "has no interpreter": lambda tool: tool.path.write_text("#!/nowhere/python\n"),
}
SETTLED = ("stored", "open+stored")  # what nile has minted meanwhile; whether more comes of an intent is seen later


def with_tool(lab: Lab, timeout_sec: int = 10) -> None:
    tool = Tool(lab.root / "tool")
    lab.sites.append(tool)
    lab.extra_config = tool.config(timeout_sec)


def with_hasty_tool(lab: Lab) -> None:
    """Somebody hangs until the deadline, and has to be there before."""
    with_tool(lab, 3)


def tool_of(run: Run) -> Tool:
    (tool,) = run.lab.sites
    assert isinstance(tool, Tool)
    return tool


def beside(run: Run, outcomes: tuple[str, ...], sentence: str = "") -> None:
    """Mints with the helper and, while it is at it, with nile, which does not notice."""
    bad = run.create(workspace=INSTANCE)
    good = run.create("billing", run.caller(), backend="nile")
    run.wait()
    run.expect(bad.outcome in outcomes and sentence in bad.message, f"the helper's mint ended with {bad.outcome}: {bad.message}")
    run.expect("secret-of-" not in bad.message, "the password is in the sentence")
    run.expect(good.outcome == "ok", f"another backend did not go on: {good.outcome} {good.message}")
    wait_until(lambda: not tool_of(run).left_behind(), "no process is left behind")
    run.expect("secret-of-" not in run.lab.daemon_log(), "the password is in the log")


def mint(outcomes: tuple[str, ...], before: str = "", after: str = "") -> Callable[[Run], None]:
    """One mint for which the helper does this."""
    def go(run: Run) -> None:
        tool_of(run).mood("mint", before, after)
        beside(run, outcomes)
    return go


def refuses(code: str, outcome: str) -> Callable[[Run], None]:
    return mint((outcome,), f"answer(error={{'code': {code!r}, 'message': 'no'}}); sys.exit(1)")


def cannot_start(spoil: Callable[[Tool], None]) -> Callable[[Run], None]:
    def go(run: Run) -> None:
        spoil(tool_of(run))
        beside(run, ("BackendFailed",), str(tool_of(run).path))
    return go


def undo_fails(operation: str, **mood: str) -> Callable[[Run], None]:
    """A mint that has to be undone, and the first attempt at that ends like this."""
    def go(run: Run) -> None:
        tool_of(run).mood(operation, **mood)
        tool_of(run).mood("mint", after=NAMED["no password"] if operation == "revoke" else ENDS["exits with 3"])
        beside(run, ("ProtocolViolation", "OutcomeUnknown", "BackendFailed"))
        wait_until(lambda: tool_of(run).is_calm(), "the attempt was made")
    return go


def killed(when: str) -> Callable[[Run], None]:
    """The daemon is killed while the helper is at it; the helper goes on and ends as it likes."""
    def go(run: Run) -> None:
        tool = tool_of(run)
        if when == "before":
            tool.mood("mint", wait="asked")
        else:
            tool.mood("mint", after="(root / 'asked').touch()\nwhile not (root / 'go').exists(): time.sleep(0.01)\nanswer(**full())")
        run.create(workspace=INSTANCE)
        wait_until((tool.root / "asked").exists, "the helper is at it")
        run.lab.kill_daemon()
        (tool.root / "go").touch()
        run.wait()
        wait_until(lambda: not tool.left_behind(), "the helper has ended")
    return go


def row(case: str, run: Callable[[Run], None], ends: tuple[str, ...] = SETTLED, posts: int = 1, **more: Any) -> Row:
    slow = case not in ALWAYS and any(word in case for word in ("hang", "the revoke", "the list"))
    return Row(HELPER, case, run, (), posts, ends, instance=INSTANCE, slow=slow,
               prepare=with_hasty_tool if "hang" in case else with_tool, **more)


def outcome_of(case: str) -> tuple[str, ...]:
    return ("ProtocolViolation",) if case in NONSENSE else ("OutcomeUnknown",)


ROWS = [
    *[row(f"{case}, before the mint", mint(outcome_of(case), before=code)) for case, code in ENDS.items()],
    *[row(f"{case}, after the mint", mint(outcome_of(case), after=code)) for case, code in ENDS.items()],
    *[row(case, mint(("ProtocolViolation", "OutcomeUnknown"), after=code)) for case, code in NAMED.items()],
    *[row(case, mint(("ok",), after=code), ("stored",)) for case, code in WORKS.items()],
    *[row(f"says {code}", refuses(code, outcome), ("stored",)) for code, outcome in REFUSALS.items()],
    *[row(case, cannot_start(spoil), ("stored",)) for case, spoil in STARTS.items()],
    *[row(f"the revoke {case}, {when} it is done", undo_fails("revoke", **{when: ENDS[case]})) for case in FAILS
      for when in ("before", "after")],
    *[row(f"the list {case}", undo_fails("list", before=ENDS[case])) for case in FAILS],
    *[row(f"the daemon is killed {when} the mint", killed(when), ("open", "nothing"), 0) for when in ("before", "after")],
]

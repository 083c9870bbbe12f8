# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One daemon that lives long: creates, lost answers and revokes by the hundred; its memory stays where it was."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from caller import Caller
from desktop import wait_until
from lab import Lab
from memory import anonymous_kib
from site_nile import rules_of_rows

BATCH = 8
SAMPLES = 40
TIMEOUT_SEC = 1
GROWTH_MAX_KIB = 2048


@dataclass
class Steady:
    """Samples of the daemon's own memory, in KiB, the first after a tenth of the creates."""

    creates: int = 0
    samples: list[int] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def before(self) -> int:
        """The least of the second quarter: by then every cache is warm."""
        quarter = len(self.samples) // 4
        return min(self.samples[quarter:2 * quarter])

    @property
    def after(self) -> int:
        """The least of the last quarter: what never goes again."""
        return min(self.samples[-(len(self.samples) // 4):])


def batch(lab: Lab, caller: Caller, dice: random.Random, rules: list[dict], number: int) -> None:
    """Some creates, one of them with a fault; then nothing of it is left."""
    lab.nile.rule(**dice.choice(rules) | {"skip": dice.randrange(BATCH)})
    calls = [caller.create("acme", f"db{one}", interactive=False) for one in range(number)]
    caller.wait(*calls)
    lab.nile.clear_rules()
    kept = [call.value["id"] for call in calls if call.outcome == "ok"]
    caller.wait(*[caller.send("RevokeCredential", "(sa{sv})", id, {}) for id in kept])
    for entry in lab.nile.live():
        lab.nile.delete_foreign(entry["id"])
    wait_until(lambda: not forget(lab, caller), "nothing is unresolved")
    caller.calls.clear()


def forget(lab: Lab, caller: Caller) -> list[dict]:
    """The user has ended it at the provider."""
    entries = lab.unresolved()
    for entry in entries:
        caller.wait(caller.send("ResolveUnresolved", "(ss)", entry["intent"], "forget"))
    return entries


def memory_run(creates: int, seed: int) -> Steady:
    """So many creates by one daemon."""
    steady, dice = Steady(), random.Random(seed)
    rules, _ = rules_of_rows()
    with Lab() as lab:
        lab.clean()
        lab.settings = {"timeout": TIMEOUT_SEC}
        lab.write_config()
        lab.start_daemon()
        pid = lab.daemon_process.pid
        with lab.caller() as caller:
            while steady.creates < creates:
                batch(lab, caller, dice, rules, BATCH)
                steady.creates += BATCH
                if steady.creates * SAMPLES >= creates * (len(steady.samples) + 1):
                    steady.samples.append(anonymous_kib(pid))
        if lab.daemon_process.poll() is not None or lab.daemon_process.pid != pid:
            steady.violations.append("the daemon did not live through it")
    if steady.after - steady.before > GROWTH_MAX_KIB:
        steady.violations.append(f"its memory has grown: {steady.samples} KiB")
    return steady

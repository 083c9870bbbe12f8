# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What other compilers and analyzers say of the code: each step ends without a finding, or fails.

usage: lint.py BUILD REPORT [--all]      the builds are BUILD-clang and so on; REPORT is in the form of JUnit
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JUDGED = ("client", "daemon", "plugins")  # by clang-tidy; the tests are compiled by both compilers
FILES_AT_A_TIME = 4

Problem = str | None


def run(command: list[str], **environment: str) -> Problem:
    """What it printed, if it failed."""
    done = subprocess.run(command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace")
    return None if done.returncode == 0 else done.stdout or f"{command[0]} failed without a word"


def build(folder: str, *options: str, **environment: str) -> Problem:
    """All of it, with warnings as errors."""
    if not Path(folder, "build.ninja").exists():
        problem = run(["meson", "setup", folder, str(ROOT), "-Dwerror=true", "-Ddocs=false", *options], **environment)
        if problem is not None:
            return problem
    return run(["ninja", "-C", folder, "--quiet", "-k", "0"])


def with_clang(base: str) -> Problem:
    """The tests, too."""
    return build(f"{base}-clang", "-Ddeveloper=true", CC="clang")


def with_analyzer(base: str) -> Problem:
    """gcc's own; clang does not know the option."""
    return build(f"{base}-analyzer", "-Ddeveloper=true", "-Dtests=false", CC="gcc", CFLAGS="-fanalyzer")


def as_release(base: str) -> Problem:
    """The compiler sees most when it inlines most. NDEBUG: nothing hangs on what is inside an assert."""
    return build(f"{base}-lto", "-Dbuildtype=release", "-Db_lto=true", "-Db_ndebug=true")


def sources(commands: list[dict[str, str]]) -> list[str]:
    """What clang-tidy is to judge of a list of compile commands."""
    paths = {Path(command["directory"], command["file"]).resolve() for command in commands}
    ours = [path for path in paths if path.is_relative_to(ROOT)]
    return sorted(str(path) for path in ours if path.relative_to(ROOT).parts[0] in JUDGED)


def with_tidy(base: str) -> Problem:
    """By .clang-tidy, on what clang has built."""
    folder = f"{base}-clang"
    files = sources(json.loads(Path(folder, "compile_commands.json").read_text()))
    if not files:
        return "there is nothing to judge"
    groups = [files[at : at + FILES_AT_A_TIME] for at in range(0, len(files), FILES_AT_A_TIME)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda group: run(["clang-tidy", "-quiet", "-p", folder, *group]), groups))
    return "\n".join(problem for problem in found if problem is not None) or None


STEPS: dict[str, Callable[[str], Problem]] = {
    "clang -Werror": with_clang,
    "gcc -fanalyzer -Werror": with_analyzer,
    "gcc -O3 -flto -DNDEBUG -Werror": as_release,
}
SLOW_STEPS: dict[str, Callable[[str], Problem]] = {"clang-tidy": with_tidy}


def main(base: str, report: str, *options: str) -> int:
    suite = ElementTree.Element("testsuite", name="lint")
    failed = 0
    for name, step in (STEPS | (SLOW_STEPS if "--all" in options else {})).items():
        begun = time.monotonic()
        problem = step(base)
        print(f"{name}: {'ok' if problem is None else 'FAILED'}, {time.monotonic() - begun:.0f} s", flush=True)
        case = ElementTree.SubElement(suite, "testcase", classname="lint", name=name)
        if problem is not None:
            failed += 1
            ElementTree.SubElement(case, "failure")
            print(problem, flush=True)
    ElementTree.ElementTree(suite).write(report)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

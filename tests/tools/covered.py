# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints how much of daemon/ and plugins/ has run, from the counts that a build with -Db_coverage=true has left.

usage: covered.py BUILD
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("daemon", "plugins")
LINES_MIN_PERCENT = 90.0

File = dict[str, int | str]


def counts(build: str) -> list[File]:
    """gcovr's, a file each. The example is there to be read and built by others."""
    command = ["gcovr", "--root", str(ROOT), "--object-directory", build, "--json-summary", "--exclude-lines-by-pattern",
               ".*g_assert_not_reached.*", "--exclude", "plugins/example/",
               *(word for folder in FOLDERS for word in ("--filter", f"{ROOT}/{folder}/")), build]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["files"]


def percent(files: list[File], what: str) -> float:
    """Of all of them; `what`: line or branch."""
    total = sum(int(file[f"{what}_total"]) for file in files)
    return 100.0 * sum(int(file[f"{what}_covered"]) for file in files) / total if total else 0.0


def report(files: list[File]) -> list[str]:
    """The files that are below the mark, worst first, then the sums."""
    below = sorted((percent([file], "line"), str(file["filename"])) for file in files
                   if percent([file], "line") < LINES_MIN_PERCENT)
    lines = [f"{share:6.1f} %  {name}" for share, name in below]
    for folder in (*FOLDERS, ""):
        some = [file for file in files if str(file["filename"]).startswith(folder)]
        lines.append(f"coverage of {folder or 'both'}: {percent(some, 'line'):.1f} % of lines, "
                     f"{percent(some, 'branch'):.1f} % of branches")
    return lines


def main(build: str) -> int:
    files = counts(build)
    print("\n".join(report(files)))
    return 0 if percent(files, "line") >= LINES_MIN_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Adds up JUnit reports and ends with the one line `N passed, N failed`.

A report that is missing or holds no test counts as one failure: a run that did not happen is not a green one.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree


def count(path: str) -> tuple[int, int, int]:
    """passed, failed, skipped of one report."""
    try:
        with open(path, encoding="utf-8", errors="replace") as report:
            text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "?", report.read())  # meson copies what tests print as it is
        cases = list(ElementTree.fromstring(text.encode()).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        print(f"tally: {path}: {error}", file=sys.stderr)
        return 0, 1, 0
    if not cases:
        print(f"tally: {path}: no test ran", file=sys.stderr)
        return 0, 1, 0
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return len(cases) - failed - skipped, failed, skipped


def main(runs_failed: int, paths: list[str]) -> int:
    """runs_failed: how many runners ended with a failure; a test that crashed may be in no report."""
    passed, failed, skipped = (sum(column) for column in zip(*(count(path) for path in paths)))
    failed = max(failed, runs_failed)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files of the source, without what was made from them: a folder of a build may change while it is looked at."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path


def git_files(root: Path) -> list[str]:
    """All that is committed or could be."""
    command = ["git", "-c", f"safe.directory={root}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0")
    return [name for name in names if name and (root / name).is_file()]


def unpacked_files(root: Path) -> list[str]:
    """The same without git: all that a tarball has, but not what was made since."""
    made = re.compile(r"build.*|\.cache|.*/?(__pycache__|node_modules)")
    names = []
    for folder, folders, files in os.walk(root):
        inside = Path(folder).relative_to(root)
        folders[:] = [name for name in folders if not made.fullmatch(str(inside / name))]
        names += [str(inside / name) for name in files if not name.endswith(".pyc")]
    return names


def own_files(root: Path) -> list[str]:
    """Their names, from a checkout or a tarball."""
    return git_files(root) if (root / ".git").exists() else unpacked_files(root)

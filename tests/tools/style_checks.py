# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of the house that a program can judge.

Every check is given files as {path: text} and answers with one line for each violation, `path[:line]: rule`.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from c_source import bare, blank, functions

Files = dict[str, str]

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
NESTED_BLOCKS_MAX = 3

C_FOLDERS = ("daemon/", "plugins/", "client/", "examples/")

# docs/architecture.md, "Modules of the daemon", from above; `*` stands for any ending.
ROWS = [
    ["main"],
    ["bus", "bus-call", "bus-object", "caller", "message", "bus-source", "peers", "peer", "peer-frame",
     "peer-socket"],
    ["request", "request-*", "mirror", "verb", "access", "backend-call", "backend-load", "broker", "ledger",
     "reconcile", "settle", "expiry", "endings"],
    ["catalog", "keyring", "keyring-op", "keyring-search", "keyring-item", "keyring-load", "keyring-store", "keyring-unlock",
     "keyring-private", "token-cache", "secret-cache", "registry", "work", "mint-queue", "intent", "intent-folder", "intent-lock",
     "quarantine", "sign-in", "sign-in-listener"],
    ["credential", "token", "secret", "secret-pipe", "locked-memory", "options", "config", "error", "log", "candidate",
     "failpoint", "lifetime", "fork-guard", "file-rules", "file-marks", "landlock", "sandbox", "module", "probe", "callback", "loopback"],
]  # fmt: skip
COUNTERS = 3
LOWEST = len(ROWS) - 1
ROWS_OF_FRIENDS = {1, 2, LOWEST}  # whose modules may include each other
FAMILIES = ["keyring", "intent", "sign-in"]  # counters of several files

# (who, whom): why it may step over a row, or sideways.
INCLUDE_EXCEPTIONS = {
    ("main", "probe"): "a probe is this program in another role, without any of the daemon",
    ("main", "log"): "the log is set up before there is a door",
    ("main", "locked-memory"): "it is taken before there are threads",
    ("main", "file-rules"): "files are given up before there are threads",
    ("main", "mirror"): "main makes the broker's parts and starts the mirror; the door only uses them",
}

# Headers that belong to no module: generated, or one side of an interface.
SHARED_HEADERS = {"felucca-names.h", "felucca-config.h", "felucca-backend.h"}

# header: the files that may include it
LIBRARIES = {
    r"systemd/sd-bus\.h": r"daemon/(bus-source|bus|bus-call|caller|message|peer)\.[ch]|client/.*|tests/.*",
    r"libsecret/.*": r"daemon/keyring[^/]*\.[ch]|tests/.*",
    r"dlfcn\.h": r"daemon/module\.[ch]|tests/.*",
    r"libsoup/.*": r"plugins/.*|tests/.*",
    r"json-glib/.*": r"plugins/.*|tests/.*",
}

# The first that matches: prefix of the functions that others see.
PREFIXES = [("daemon/", "fel_"), ("client/", "fel_"), ("plugins/nile/", "nile_"),
            ("plugins/exec/", "exec_"), ("plugins/vault/", "vault_"), ("plugins/postgres/", "postgres_"),
            ("plugins/mariadb/", "maria_"), ("plugins/common/", "fel_")]

# They have no place for it, or it is somewhere else; debian/copyright and LICENSE speak for them.
NO_HEADER = re.compile(r".*\.(json|png)|tests/fuzz/corpus/.*|tests/nile-openapi\.yaml|(.*/)?\.(gitignore|npmrc)|LICENSE|NEWS"
                       r"|packaging/debian/(changelog|control|copyright|source/format|.*\.(docs|examples|install|lintian-overrides))"
                       r"|packaging/debian/not-installed")
SPDX_TAGS = ["SPDX-FileCopyrightText:", "SPDX-License-Identifier: LGPL-2.1-or-later"]
SPDX_WITHIN_LINES = 6

REGISTRY_HOST = re.compile(
    r"registry\.[\w-]+\.\w+|[\w.-]*(?:artifactory|nexus|verdaccio)[\w-]*\.[\w.-]+"
    r"|(?:files|pypi)\.python(?:hosted)?\.org|(?<![\w-])pypi\.org|proxy\.golang\.org|(?:static\.)?crates\.io"
    r"|(?:deb|security|snapshot)\.debian\.org|(?:archive|security)\.ubuntu\.com|ghcr\.io|docker\.io",
    re.IGNORECASE,
)
MACHINE_PATH = re.compile(r"(?<![\w.}/~-])/(?:work|root)(?![\w-])")
TEST_PATH = re.compile(r"\bg_test_\w+ \(\"[^\"]*\"")  # of GLib: it begins with a slash, too

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]", re.MULTILINE)


def c_files(files: Files, folders: tuple[str, ...] = C_FOLDERS) -> Files:
    """Only those in C, and only below these folders."""
    return {path: text for path, text in files.items() if path.startswith(folders) and path.endswith((".c", ".h"))}


def line_of(text: str, offset: int) -> int:
    """Counted from 1."""
    return text.count("\n", 0, offset) + 1


def row_of(module: str) -> int | None:
    """None: the house does not know it."""
    for index, row in enumerate(ROWS):
        for name in row:
            if module == name or (name.endswith("*") and module.startswith(name[:-1])):
                return index
    return None


def family_of(module: str) -> str:
    """The noun that a file belongs to."""
    return next((name for name in FAMILIES if module == name or module.startswith(name + "-")), module)


def judge_include(module: str, other: str) -> str | None:
    """What is wrong when `module` includes `other`; None: nothing."""
    above, below = row_of(module), row_of(other)
    if above is None:
        return f"{module} is in no row of the house"
    if below is None:
        return f"{other} is in no row of the house"
    if family_of(module) == family_of(other) or (module, other) in INCLUDE_EXCEPTIONS:
        return None
    if above == below:
        return None if above in ROWS_OF_FRIENDS else f"{module} includes its neighbour {other}"
    if below < above:
        return f"{module} includes {other}, which is above it"
    if below not in (above + 1, LOWEST) or (above == 0 and below != 1):
        return f"{module} includes {other} and steps over a row"
    return None


def include_direction(files: Files) -> list[str]:
    """Downwards only, and no further than the next row or the lowest."""
    wrong = []
    for path, text in c_files(files, ("daemon/",)).items():
        module = PurePosixPath(path).stem
        if row_of(module) is None:
            wrong.append(f"{path}: {module} is in no row of the house")
            continue
        for match in INCLUDE.finditer(text):
            if match.group(1) == "<" or match.group(2) in SHARED_HEADERS:
                continue
            why = judge_include(module, PurePosixPath(match.group(2)).stem)
            if why is not None:
                wrong.append(f"{path}:{line_of(text, match.start())}: {why}")
    return wrong


def include_exceptions_used(files: Files) -> list[str]:
    """An exception that nobody needs any more is a hole."""
    used = {
        (PurePosixPath(path).stem, PurePosixPath(match.group(2)).stem)
        for path, text in c_files(files, ("daemon/",)).items()
        for match in INCLUDE.finditer(text)
    }
    return [f"{who} -> {whom}: the exception is not used" for who, whom in INCLUDE_EXCEPTIONS.keys() - used]


def include_home(files: Files) -> list[str]:
    """Clients and plugins know nothing of the daemon's headers, nor it of theirs."""
    wrong = []
    homes = {folder: {PurePosixPath(path).name for path in c_files(files, (folder,))} for folder in C_FOLDERS}
    for path, text in c_files(files).items():
        home = homes[path.split("/")[0] + "/"]
        for match in INCLUDE.finditer(text):
            if match.group(1) == '"' and match.group(2) not in home | SHARED_HEADERS:
                wrong.append(f"{path}:{line_of(text, match.start())}: {match.group(2)} is not of this folder")
    return wrong


def libraries(files: Files) -> list[str]:
    """Each library is known in one place."""
    wrong = []
    for path, text in c_files(files, C_FOLDERS + ("dbus/", "tests/")).items():
        for match in INCLUDE.finditer(text):
            for header, allowed in LIBRARIES.items():
                if re.fullmatch(header, match.group(2)) and not re.fullmatch(allowed, path):
                    wrong.append(f"{path}:{line_of(text, match.start())}: <{match.group(2)}> does not belong here")
    return wrong


def file_length(files: Files) -> list[str]:
    """Lines of a file in C."""
    lengths = {path: len(text.splitlines()) for path, text in c_files(files).items()}
    return [f"{path}: {n} lines, more than {FILE_LINES_MAX}" for path, n in lengths.items() if n > FILE_LINES_MAX]


def function_length(files: Files) -> list[str]:
    """Lines of a function, from its type to its last brace."""
    return [
        f"{path}:{function.line}: {function.name} has {function.length} lines, more than {FUNCTION_LINES_MAX}"
        for path, text in c_files(files).items()
        for function in functions(text)
        if function.length > FUNCTION_LINES_MAX
    ]


def nested_blocks(files: Files) -> list[str]:
    """How deep statements lie in each other, with or without braces."""
    return [
        f"{path}:{function.line}: {function.name} nests {function.depth} blocks, more than {NESTED_BLOCKS_MAX}"
        for path, text in c_files(files).items()
        for function in functions(text)
        if function.depth > NESTED_BLOCKS_MAX
    ]


def function_prefix(files: Files) -> list[str]:
    """What others can see says whose it is."""
    wrong = []
    for path, text in c_files(files).items():
        prefix = next((prefix for folder, prefix in PREFIXES if path.startswith(folder)), None)
        for function in functions(text):
            if prefix and not function.is_static and function.name != "main" and not function.name.startswith(prefix):
                wrong.append(f"{path}:{function.line}: {function.name} is not static and does not begin with {prefix}")
    return wrong


def words(files: Files, folders: tuple[str, ...], pattern: str) -> list[str]:
    """Where the code, not a comment or a literal, has this word."""
    return [
        f"{path}:{line_of(text, match.start())}: {match.group()}"
        for path, text in c_files(files, folders).items()
        for match in re.finditer(pattern, bare(text))
    ]


def no_goto(files: Files) -> list[str]:
    """Owners clean up themselves."""
    return words(files, C_FOLDERS, r"\bgoto\b")


def no_return_if_fail(files: Files) -> list[str]:
    """It fails without setting the GError."""
    return words(files, ("daemon/",), r"\bg_return_(?:val_)?if_(?:fail|reached)\b")


def spdx(files: Files) -> list[str]:
    """Whose it is and under which terms, at the top of the file."""
    wrong = []
    for path, text in files.items():
        top = "\n".join(text.splitlines()[:SPDX_WITHIN_LINES])
        if not NO_HEADER.fullmatch(path):
            wrong += [f"{path}: no {tag}" for tag in SPDX_TAGS if tag not in top]
    return wrong


def header_comment(files: Files) -> list[str]:
    """Each header opens with what its noun stands for: two lines at least."""
    wrong = []
    for path, text in c_files(files).items():
        comments = re.findall(r"/\*.*?\*/", text.split("#pragma once")[0], re.DOTALL)
        lines = [line.strip(" \t*/") for comment in comments for line in comment.splitlines()]
        told = [line for line in lines if line and not line.startswith("SPDX-")]
        if path.endswith(".h") and len(told) < 2:
            wrong.append(f"{path}: {len(told)} lines say what it is for, fewer than 2")
    return wrong


def foreign_places(files: Files) -> list[str]:
    """No registry and no folder of one machine."""
    wrong = []
    for path, text in files.items():
        text = TEST_PATH.sub(blank, text)
        for pattern, what in ((REGISTRY_HOST, "a registry"), (MACHINE_PATH, "a path of one machine")):
            wrong += [
                f"{path}:{line_of(text, match.start())}: {match.group()} is {what}" for match in pattern.finditer(text)
            ]
    return wrong

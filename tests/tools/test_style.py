# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our files keep the rules of the house, and each rule is seen to fail on a sample that breaks it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import c_source
import style_checks
from own_files import own_files, unpacked_files
from style_checks import Files

ROOT = Path(__file__).resolve().parents[2]
CLANG_FORMAT_VERSION = 14

SPDX = "SPDX-FileCopyrightText: The felucca authors\n * SPDX-License-Identifier: LGPL-2.1-or-later"
LONG_FUNCTION = "void\nfel_x (void)\n{\n" + "  fel_y ();\n" * 57 + "}\n"  # 61 lines

CHECKS: list[Callable[[Files], list[str]]] = [
    style_checks.include_direction,
    style_checks.include_exceptions_used,
    style_checks.include_home,
    style_checks.libraries,
    style_checks.file_length,
    style_checks.function_length,
    style_checks.nested_blocks,
    style_checks.function_prefix,
    style_checks.no_goto,
    style_checks.no_return_if_fail,
    style_checks.spdx,
    style_checks.header_comment,
    style_checks.foreign_places,
]


def nest(depth: int, braces: bool) -> str:
    """A function with so many statements in each other."""
    heads = ["if (a)", "for (;;)", "while (b)", "switch (c)", "if (d)"][:depth]
    body = "".join(f"  {head}{' {' if braces else ''}\n" for head in heads) + "  e ();\n" + "  }\n" * (depth * braces)
    return "static void\nf (void)\n{\n" + body + "}\n"


# check, path, text, part of what it has to say
BAD: list[tuple[Callable[[Files], list[str]], str, str, str]] = [
    (style_checks.include_direction, "daemon/catalog.c", '#include "keyring.h"\n', "daemon/catalog.c:1: catalog includes its neighbour keyring"),
    (style_checks.include_direction, "daemon/catalog.h", '\n  #  include "work.h"\n', "daemon/catalog.h:2: catalog includes its neighbour"),
    (style_checks.include_direction, "daemon/keyring-op.c", '#include "registry.h"\n', "its neighbour registry"),
    (style_checks.include_direction, "daemon/keyring.c", '#include "request.h"\n', "request, which is above it"),
    (style_checks.include_direction, "daemon/request-get.c", '#include "bus.h"\n', "bus, which is above it"),
    (style_checks.include_direction, "daemon/error.c", '#include "catalog.h"\n', "catalog, which is above it"),
    (style_checks.include_direction, "daemon/bus.c", '#include "catalog.h"\n', "steps over a row"),
    (style_checks.include_direction, "daemon/main.c", '#include "broker.h"\n', "steps over a row"),
    (style_checks.include_direction, "daemon/main.c", '#include "error.h"\n', "steps over a row"),
    (style_checks.include_direction, "daemon/main.c", '#include "manager.h"\n', "manager is in no row"),
    (style_checks.include_direction, "daemon/manager.c", "", "manager is in no row"),
    (style_checks.include_exceptions_used, "daemon/main.c", '#include "file-rules.h"\n#include "locked-memory.h"\n#include "log.h"\n#include "probe.h"\n',
     "main -> mirror"),
    (style_checks.include_home, "client/main.c", '#include "catalog.h"\n', "client/main.c:1: catalog.h"),
    (style_checks.include_home, "plugins/nile/nile.c", '#include "secret.h"\n', "secret.h"),
    (style_checks.include_home, "daemon/registry.c", '#include "http.h"\n', "http.h"),
    (style_checks.libraries, "daemon/broker.h", "#include <systemd/sd-bus.h>\n", "daemon/broker.h:1"),
    (style_checks.libraries, "plugins/nile/nile.c", "#include <systemd/sd-bus.h>\n", "sd-bus.h"),
    (style_checks.libraries, "daemon/busy.c", "#include <systemd/sd-bus.h>\n", "sd-bus.h"),
    (style_checks.libraries, "daemon/access.c", "#include <libsecret/secret.h>\n", "secret.h"),
    (style_checks.libraries, "client/main.c", "#include <libsecret/secret.h>\n", "secret.h"),
    (style_checks.libraries, "daemon/work.c", "#include <dlfcn.h>\n", "dlfcn.h"),
    (style_checks.libraries, "daemon/registry.c", "#include <libsoup/soup.h>\n", "soup.h"),
    (style_checks.libraries, "client/json.c", "#include <json-glib/json-glib.h>\n", "json-glib.h"),
    (style_checks.file_length, "daemon/x.c", "\n" * 501, "501 lines"),
    (style_checks.file_length, "plugins/nile/x.h", "\n" * 501, "501 lines"),
    (style_checks.function_length, "daemon/x.c", "\n" + LONG_FUNCTION, "daemon/x.c:2: fel_x has 61 lines"),
    (style_checks.function_length, "client/x.c", "int a[] = { 1 };\n\n/* } */\n" + LONG_FUNCTION, "client/x.c:4: fel_x"),
    (style_checks.nested_blocks, "daemon/x.c", nest(4, True), "daemon/x.c:1: f nests 4"),
    (style_checks.nested_blocks, "plugins/x.c", nest(5, False), "f nests 5"),
    (style_checks.nested_blocks, "client/x.c", "void\nf (void)\n{\n  {{{{ }}}}\n}\n", "f nests 4"),
    (style_checks.nested_blocks, "client/x.c", "int f (void) {\n  do for (;;) LOOP (x) { if (a) b; } while (c);\n}\n", "f nests 4"),
    (style_checks.function_prefix, "daemon/x.c", "int\nx_new (void)\n{\n}\n", "daemon/x.c:1: x_new is not static"),
    (style_checks.function_prefix, "client/x.c", "char *\nfelx (const char *a,\n      int b)\n{\n}\n", "felx"),
    (style_checks.function_prefix, "plugins/nile/x.c", "int\nfel_x (void)\n{\n}\n", "begin with nile_"),
    (style_checks.function_prefix, "plugins/common/x.c", "int\nnile_x (void)\n{\n}\n", "begin with fel_"),
    (style_checks.no_goto, "daemon/x.c", "f (void)\n{\n  goto out;\n}\n", "daemon/x.c:3: goto"),
    (style_checks.no_goto, "plugins/common/x.c", "  goto out;\n", "goto"),
    (style_checks.no_goto, "client/x.c", "  goto out;\n", "goto"),
    (style_checks.no_return_if_fail, "daemon/x.c", "  g_return_val_if_fail (a, b);\n", "daemon/x.c:1"),
    (style_checks.no_return_if_fail, "daemon/x.c", "  g_return_if_fail (a);\n", "g_return_if_fail"),
    (style_checks.no_return_if_fail, "daemon/x.c", "  g_return_if_reached ();\n", "g_return_if_reached"),
    (style_checks.header_comment, "daemon/x.h", f"/* {SPDX} */\n#pragma once\n", "0 lines"),
    (style_checks.header_comment, "client/x.h", f"/* {SPDX}\n *\n * One. */\n#pragma once\n", "1 lines"),
    (style_checks.header_comment, "plugins/x.h", f"/* {SPDX} */\n#pragma once\n/* One.\n * Two. */\n", "0 lines"),
    (style_checks.foreign_places, "tests/x.json", '"resolved": "https://' + "registry." + 'npmjs.org/x"', "registry"),
    (style_checks.foreign_places, "dev", "pip install -i https://pypi" + ".org/simple", "registry"),
    (style_checks.foreign_places, "dev", "npm --registry=http://10.0.0.1/" + "artifactory" + ".example.org/", "registry"),
    (style_checks.foreign_places, "dev", "deb http://deb." + "debian.org/debian", "registry"),
    (style_checks.foreign_places, "README.md", "\nsee /" + "work/main", "README.md:2"),
    (style_checks.foreign_places, "README.md", "(/" + "root/.config)", "machine"),
    (style_checks.foreign_places, "x.py", '"/' + 'work"', "machine"),
]  # fmt: skip

# What is right although it looks like the above.
GOOD: list[tuple[Callable[[Files], list[str]], str, str]] = [
    (style_checks.include_direction, "daemon/keyring-item.c", '#include "keyring-private.h"\n#include "error.h"\n'),
    (style_checks.include_direction, "daemon/bus.c", '#include "caller.h"\n#include "request.h"\n#include "log.h"\n'),
    (style_checks.include_direction, "daemon/verb.c", '#include "access.h"\n#include "work.h"\n#include "token.h"\n'),
    (style_checks.include_direction, "daemon/main.c", '#include "bus.h"\n#include "log.h"\n#include "felucca-config.h"\n'),
    (style_checks.include_direction, "daemon/log.c", '#include "error.h"\n#include <catalog.h>\n'),
    (style_checks.include_home, "daemon/x.c", '#include "felucca-names.h"\n#include "felucca-backend.h"\n'),
    (style_checks.libraries, "daemon/bus-call.h", "#include <systemd/sd-bus.h>\n"),
    (style_checks.libraries, "daemon/main.c", "#include <systemd/sd-daemon.h>\n"),
    (style_checks.libraries, "daemon/keyring-private.h", "#include <libsecret/secret.h>\n"),
    (style_checks.libraries, "tests/bench/probe.c", "#include <libsoup/soup.h>\n#include <libsecret/secret.h>\n"),
    (style_checks.file_length, "daemon/x.c", "\n" * 500),
    (style_checks.file_length, "tests/unit/x.c", "\n" * 501),
    (style_checks.function_length, "daemon/x.c", LONG_FUNCTION.replace("  fel_y ();\n", "", 1)),
    (style_checks.nested_blocks, "daemon/x.c", nest(3, True)),
    (style_checks.nested_blocks, "daemon/x.c", nest(3, False)),
    (style_checks.nested_blocks, "daemon/x.c", "int f (void) {\n  if (a) b; else if (c) d; else if (e) f; else if (g) h; else i;\n}\n"),
    (style_checks.nested_blocks, "daemon/x.c", "int f (void) {\n  T t = { { { { { 1 } } } } };\n  g ((T){ { { { 1 } } } });\n}\n"),
    (style_checks.nested_blocks, "daemon/x.c", 'int f (void) {\n  /* {{{{ */ g ("{{{{{", \'{\');\n}\n'),
    (style_checks.function_prefix, "daemon/x.c", "int\nmain (int argc)\n{\n}\n\nstatic int\nx (void)\n{\n}\n"),
    (style_checks.function_prefix, "daemon/x.c", "G_DEFINE_QUARK (a, b)\n\nGQuark\nfel_x (void)\n{\n}\n"),
    (style_checks.function_prefix, "daemon/x.h", "int x (void);\nstruct X\n{\n  int (*y) (void);\n};\n"),
    (style_checks.function_prefix, "plugins/nile/x.c", "const FelBackend felucca_backend_v1 = {\n  .a = b,\n};\n"),
    (style_checks.no_goto, "daemon/x.c", '/* goto */ f ("goto", gotos);\n'),
    (style_checks.no_return_if_fail, "client/x.c", "  g_return_val_if_fail (a, b);\n"),
    (style_checks.header_comment, "daemon/x.h", f"/* {SPDX}\n *\n * One.\n * Two. */\n#pragma once\n"),
    (style_checks.header_comment, "daemon/x.c", f"/* {SPDX} */\n"),
    (style_checks.foreign_places, "x.c", "/workspaces/acme https://example.org/work/x ~/work ${HOME}/work a/root /rooted"),
    (style_checks.foreign_places, "x.c", '  g_test_add_func ("/work/x", f);\n  g_test_add_data_func ("/work/y", a, f);\n'),
    (style_checks.foreign_places, "x.c", "the registry. It holds instances; registry.c\n"),
]  # fmt: skip

LICENSED_NAMES = ["a.c", "b/a.h", "meson.build", "b/meson.build", "a.py", "a.sh", "a.1.scd", "a.xml", "A.md", "a.conf",
                  "a.service.in", "a", "meson_options.txt", "a.catalog"]  # fmt: skip


@pytest.fixture(scope="session")
def tree() -> Files:
    """Our own files."""
    return {name: (ROOT / name).read_text(errors="replace") for name in own_files(ROOT)}


def test_tree_is_whole(tree: Files) -> None:
    """The checks below look at something."""
    found = [function for text in style_checks.c_files(tree).values() for function in c_source.functions(text)]
    assert len(found) > 500
    assert {"main", "create_step", "fel_http_send", "nile_mint"} <= {function.name for function in found}


def test_unpacked_files(tmp_path: Path) -> None:
    for name in ["x.c", "daemon/build.c", "build/x.c", "build-fuzz/x.c", "tests/node_modules/x.c", "tests/__pycache__/x.pyc"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert sorted(unpacked_files(tmp_path)) == ["daemon/build.c", "x.c"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_tree(check: Callable[[Files], list[str]], tree: Files) -> None:
    wrong = check(tree)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("check, path, text, said", BAD, ids=lambda value: getattr(value, "__name__", None))
def test_bad_sample(check: Callable[[Files], list[str]], path: str, text: str, said: str) -> None:
    wrong = check({path: text})
    assert len(wrong) == 1
    assert said in wrong[0]


@pytest.mark.parametrize("check, path, text", GOOD, ids=lambda value: getattr(value, "__name__", None))
def test_good_sample(check: Callable[[Files], list[str]], path: str, text: str) -> None:
    assert check({path: text}) == []


@pytest.mark.parametrize("name", LICENSED_NAMES)
def test_spdx_sample(name: str) -> None:
    assert style_checks.spdx({name: SPDX}) == []
    assert len(style_checks.spdx({name: SPDX.splitlines()[0]})) == 1
    assert len(style_checks.spdx({name: SPDX.replace("2.1", "3.0")})) == 1
    assert len(style_checks.spdx({name: "\n" * 10 + SPDX})) == 2


def test_every_check_has_a_bad_sample() -> None:
    seen = {check for check, *_ in BAD} | {style_checks.spdx}
    assert [check.__name__ for check in CHECKS if check not in seen] == []


def test_rows_are_those_of_the_document() -> None:
    """The drawing in docs/architecture.md, read row by row, names what the checks know."""
    document = (ROOT / "docs/architecture.md").read_text()
    drawing = document.split("## Modules of the daemon")[1].split("```")[1].removeprefix("text")
    labels = re.compile(r" {3,}(the door|those who know an order|the counters)$", re.MULTILINE)
    drawn = set(re.findall(r"(?<![\w-])[a-z][a-z-]*", labels.sub("", drawing)))
    known = {name for row in style_checks.ROWS for name in row}
    assert [name for name in drawn if style_checks.row_of(name) is None] == []
    assert known - drawn == {"request-*", "keyring-op", "keyring-search", "keyring-item", "keyring-load", "keyring-store", "keyring-unlock",
                             "keyring-private"}  # in short


def clang_format() -> list[str]:
    """The command that judges; skips where there is none of our version, as each lays out differently."""
    program = shutil.which(f"clang-format-{CLANG_FORMAT_VERSION}") or shutil.which("clang-format")
    if program is None:
        pytest.skip("there is no clang-format")
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    if not re.search(rf"version {CLANG_FORMAT_VERSION}\.", said):
        pytest.skip(f"{said.strip()}: not {CLANG_FORMAT_VERSION}, which the layout is made with")
    return [program, f"-style=file:{ROOT / '.clang-format'}", "--dry-run", "-Werror"]


def test_layout(tree: Files) -> None:
    done = subprocess.run([*clang_format(), *style_checks.c_files(tree)], cwd=ROOT, capture_output=True, text=True)
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "[-Wclang-format-violations]" in line})
    assert not wrong, "run `./dev format`: " + " ".join(wrong)
    assert done.returncode == 0


def test_layout_bad_sample(tmp_path: Path) -> None:
    sample = tmp_path / "x.c"
    sample.write_text("int f(void) {return 1;}\n")
    assert subprocess.run([*clang_format(), sample], capture_output=True).returncode != 0
    sample.write_text("static int\nx (void)\n{\n  return 1;\n}\n")
    assert subprocess.run([*clang_format(), sample], capture_output=True).returncode == 0

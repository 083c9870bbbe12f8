# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module exec with helpers that do what they should: what they are told, what becomes of what they say."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from gi.repository import GLib

from desktop import BusError, Desktop, b, s, wait_until
from exec_helper import INSTANCE, PASSWORD, ExecDesktop, on_path
from refusals import fails_with

HOUR_SEC = 3600
EXAMPLES = Path(__file__).resolve().parents[2] / "plugins" / "exec" / "examples"
RDS_HOST = "db.123456789012.us-east-1.rds.amazonaws.com"


@pytest.fixture
def tool():
    """A helper that can all that there is."""
    with ExecDesktop() as session:
        yield session


@pytest.fixture
def mint_only():
    """A helper that can do no more than mint."""
    with ExecDesktop(verbs="mint", user="app") as session:
        yield session


# What a helper is told and what it tells


def test_it_mints_what_is_stored(tool: ExecDesktop):
    credential = tool.mint()
    (id,) = tool.helper.live()
    assert {key: credential[key] for key in ("id", "backend", "workspace", "database", "user", "host", "port", "password")} == {
        "id": id, "backend": INSTANCE, "workspace": INSTANCE, "database": "orders", "user": "u-" + id,
        "host": "db.example.org", "port": 5433, "password": PASSWORD}
    assert 0 < credential["not-after"] - time.time() <= HOUR_SEC
    assert tool.lookup(backend=INSTANCE, id=id) == PASSWORD
    assert tool.get(INSTANCE)["id"] == id and len(tool.helper.asked("mint")) == 1


def test_what_a_mint_is_asked(tool: ExecDesktop):
    tool.mint(tenant_id=s("t1"), internal=b(True), label=s("für \"mich\""), ttl=GLib.Variant("t", 900))
    (request,) = tool.helper.requests()
    assert len(request.pop("intent")) == 36
    assert request == {"operation": "mint", "instance": INSTANCE, "database": "orders", "tenantId": "t1", "internal": True,
                       "label": "für \"mich\"", "ttl": 900, "defaults": {}}


def test_settings_are_told_and_fill_what_is_not_said():
    settings = {"user": "app", "host": "db.internal", "port": 6432, "database": "main", "ssl_mode": "verify-full"}
    with ExecDesktop(**settings) as tool:
        tool.helper.write("answer(password=PASSWORD)\n")
        credential = tool.mint()
        (request,) = tool.helper.requests()
    assert request["defaults"] == {"user": "app", "host": "db.internal", "port": 6432, "database": "main", "sslMode": "verify-full"}
    assert credential["id"] == request["intent"], "a helper that revokes and says no id is told the intent"
    assert (credential["user"], credential["host"], credential["port"], credential["ssl-mode"]) == (
        "app", "db.internal", 6432, "verify-full")


def test_revoke_ends_it_there(tool: ExecDesktop):
    id = tool.mint()["id"]
    tool.revoke(id)
    assert tool.helper.live() == [] and tool.list() == []
    assert [request["id"] for request in tool.helper.asked("revoke")] == [id]


def test_what_is_gone_already_counts_as_revoked(tool: ExecDesktop):
    id = tool.mint()["id"]
    (tool.helper.root / "live" / id).unlink()
    tool.revoke(id)
    assert tool.list() == []


def test_list_shows_what_others_have_minted(tool: ExecDesktop):
    id = tool.mint()["id"]
    (tool.helper.root / "live" / "foreign").write_text("")
    listed = {one["id"]: one["stored"] for one in tool.list(workspace=s(INSTANCE), database=s("orders"), provider=b(True))}
    assert listed == {id: True, "foreign": False}


def test_it_is_renewed_before_its_end(tool: ExecDesktop):
    tool.helper.write("if request['operation'] == 'mint':\n"
                      "    answer(id='one', user='u', password=PASSWORD, notAfter=int(time.time()) + 16)\n"
                      "else:\n"
                      "    answer(notAfter='2100-01-01T00:00:00+01:00')\n")
    tool.mint()
    wait_until(lambda: tool.list()[0]["not-after"] == 4102441200, "its end is moved")
    assert [request["id"] for request in tool.helper.asked("renew")] == ["one"]


@pytest.mark.parametrize("code,name", [
    ("conflict", "Conflict"), ("denied", "AccessDenied"), ("failed", "ProviderError"), ("invalid", "InvalidArguments"),
    ("not-found", "NotFound"), ("quota", "QuotaExceeded"), ("rate-limited", "RateLimited"), ("sign-in", "SignInRequired"),
    ("timed-out", "TimedOut"), ("unreachable", "Unreachable"), ("unsupported", "Unsupported")])
@pytest.mark.parametrize("status", [0, 1])
def test_an_error_in_a_known_word_is_certain(tool: ExecDesktop, code: str, name: str, status: int):
    tool.helper.write(f"answer(error={{'code': {code!r}, 'message': 'run: tool login'}})\nsys.exit({status})\n")
    assert "run: tool login" in fails_with(name, tool.mint).message
    assert tool.unresolved() == []


def test_a_message_that_holds_a_token_is_not_shown_whole(tool: ExecDesktop):
    token = "abcDEF0123456789" * 3
    tool.helper.write(f"answer(error={{'code': 'denied', 'message': 'no: {token}'}})\n")
    assert token not in fails_with("AccessDenied", tool.mint).message
    assert token not in tool.daemon_log()


# A helper that cannot revoke


def test_what_cannot_be_revoked_is_told_so(mint_only: ExecDesktop):
    mint_only.helper.write("answer(password=PASSWORD, notAfter=int(time.time()) + 900)\n")
    id = mint_only.mint()["id"]
    sentence = fails_with("Unsupported", mint_only.revoke, id).message
    assert "ends by itself at 20" in sentence and "--local-only" in sentence
    assert [one["id"] for one in mint_only.list()] == [id], "it lives, so it stays"
    mint_only.revoke(id, local_only=b(True))
    assert mint_only.list() == [] and mint_only.helper.asked("revoke") == []


def test_without_an_end_it_is_only_forgotten(mint_only: ExecDesktop):
    mint_only.helper.write("answer(password=PASSWORD)\n")
    credential = mint_only.mint()
    assert "not-after" not in credential
    assert "ends by itself" not in fails_with("Unsupported", mint_only.revoke, credential["id"]).message


def test_at_its_end_it_is_forgotten(mint_only: ExecDesktop):
    mint_only.helper.write("answer(password=PASSWORD, notAfter=int(time.time()) + 3)\n")
    mint_only.mint()
    wait_until(lambda: mint_only.list() == [], "it is not stored any more")
    assert len(mint_only.helper.requests()) == 1


def test_its_own_id_is_not_taken_from_a_helper_that_cannot_revoke(mint_only: ExecDesktop):
    mint_only.helper.write("answer(id='theirs', password=PASSWORD, notAfter=4102444800)\n")
    id = mint_only.mint()["id"]
    assert id == mint_only.helper.requests()[0]["intent"] + ".4102444800"


def test_what_it_cannot_is_not_asked(mint_only: ExecDesktop):
    assert "cannot list" in fails_with("Unsupported", mint_only.list, workspace=s(INSTANCE), database=s("orders"), provider=b(True)).message
    assert mint_only.helper.requests() == []


# Settings


@pytest.mark.parametrize("settings,words", [
    ({"command": ""}, "command: it is missing"),
    ({"command": "helper --x"}, "not an absolute path"),
    ({"command": "/bin/true 'x"}, "quotation mark"),
    ({"verbs": "mint;drop"}, "there are only"),
    ({"verbs": "revoke"}, "mint is missing"),
    ({"verbs": "mint;list"}, "need revoke"),
    ({"env": "1X=2"}, "neither NAME nor NAME=VALUE"),
    ({"env": "LD_BIND_NOW"}, "is not passed on"),
    ({"port": "0"}, "port:"),
    ({"ssl_mode": "maybe"}, "ssl-mode:"),
    ({"host": "a,b"}, "host:"),
    ({"user": "a\\nb"}, "user:"),
    ({"shell": "true"}, "no such key"),
])
def test_a_setting_that_is_wrong_is_named(tool: ExecDesktop, settings: dict[str, str], words: str):
    tool.settings = settings
    tool.write_config()
    tool.restart_daemon()
    assert words in fails_with("BackendFailed", tool.mint).message
    assert tool.helper.requests() == []


# The examples that are installed, with CLIs that print what is documented


def example(name: str, tmp: Any, cli: str, text: str, **settings: Any) -> tuple[dict[str, Any], list[str]]:
    """The credential that the example makes, and the arguments that its CLI got."""
    program = EXAMPLES / name
    log = tmp / "arguments"
    with on_path(tmp / "bin", **{cli: f"#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{log}'\n{text}"}) as path:
        with ExecDesktop(verbs="mint", command=str(program), env=f"PATH={path}", **settings) as desktop:
            return desktop.mint(), log.read_text().splitlines()


def rds_token(signed: float) -> str:
    """As `aws rds generate-db-auth-token` prints it."""
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(signed))
    return (f"{RDS_HOST}:5432/?Action=connect&DBUser=app&X-Amz-Algorithm=AWS4-HMAC-SHA256"
            f"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F{date[:8]}%2Fus-east-1%2Frds-db%2Faws4_request&X-Amz-Date={date}"
            f"&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature={'9a' * 32}")


def test_example_rds_iam(tmp_path: Path):
    signed = int(time.time())
    credential, calls = example("rds-iam", tmp_path, "aws", f"echo '{rds_token(signed)}'\n", user="app", host=RDS_HOST)
    assert calls == [f"rds generate-db-auth-token --hostname {RDS_HOST} --port 5432 --username app"]
    assert credential["password"] == rds_token(signed) and credential["not-after"] == signed + 900
    assert (credential["user"], credential["host"], credential["port"], credential["ssl-mode"]) == (
        "app", RDS_HOST, 5432, "verify-full")
    assert credential["login-only"] is True


def test_example_rds_iam_signed_out(tmp_path: Path):
    with pytest.raises(BusError) as caught:
        example("rds-iam", tmp_path, "aws", "echo 'Token has expired' >&2\nexit 255\n", user="app", host=RDS_HOST)
    assert caught.value.name.endswith("SignInRequired") and "aws sso login" in caught.value.message


def test_example_cloud_sql(tmp_path: Path):
    token = "ya29.a0AfH6SMBx" + "Q7_-" * 50
    text = f'case "$*" in *"config get-value account") echo app@p.iam.gserviceaccount.com;; *) echo {token};; esac\n'
    credential, calls = example("cloud-sql", tmp_path, "gcloud", text, host="10.1.2.3")
    assert calls == ["--quiet config get-value account", "--quiet sql generate-login-token"]
    assert (credential["user"], credential["password"], credential["host"]) == ("app@p.iam", token, "10.1.2.3")
    assert 3200 < credential["not-after"] - time.time() <= 3300 and credential["login-only"] is True


def test_example_teleport(tmp_path: Path):
    status = {"active": {"profile_url": "https://teleport.example.com:443", "username": "alice", "cluster": "example",
                         "roles": ["access"], "valid_until": "2100-01-01T01:00:00+01:00"}, "profiles": []}
    text = f"case \"$1\" in status) echo '{json.dumps(status)}';; *) echo 'Connection information for database';; esac\n"
    credential, calls = example("teleport", tmp_path, "tsh", text, user="app", port=15432)
    assert calls == ["db login --db-user=app --db-name=orders orders", "status --format=json"]
    assert (credential["user"], credential["host"], credential["port"], credential["not-after"]) == (
        "app", "127.0.0.1", 15432, 4102444800)


def test_two_backends_side_by_side():
    nile = "\n[backend nile]\nmodule=nile\nurl={}\n"
    with ExecDesktop() as tool:
        tool.extra_config = nile.format(tool.nile.url)
        tool.write_config()
        tool.restart_daemon()
        Desktop.sign_in(tool, "nile")
        assert tool.create("acme", backend=s("nile"))["backend"] == "nile"
        assert tool.mint()["backend"] == INSTANCE

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the provider may refuse: each status has its error, and how often it was asked is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from desktop import Desktop, b, s
from nile_stand_in import NileStandIn
from refusals import check_sentence, refusal, refused
from signal_log import SignalLog

CONTRACT = Path(__file__).resolve().parents[1] / "nile-openapi.yaml"
CODES = yaml.safe_load(CONTRACT.read_text())["components"]["schemas"]["APIError"]["properties"]["errorCode"]["enum"]
SIGNED_OUT = {"invalid_credentials", "session_state_missing", "session_state_mismatch", "oidc_code_missing"}
MEANINGS = {
    "entity_not_found": "NotFound", "tenant_not_found": "NotFound", "duplicate_entity": "Conflict",
    "forbidden_operation": "AccessDenied", "unauthorized_workspace_access": "AccessDenied", "access_denied": "AccessDenied",
    "invalid_credentials": "SignInRequired", "unsupported_operation": "Unsupported", "bad_request": "InvalidArguments",
    "invalid_request": "InvalidArguments", "threshold_exceeded": "QuotaExceeded", "internal_error": "ProviderError",
    "server_error": "ProviderError", "credential_propagation_failure": "OutcomeUnknown",
}
STATUSES = [
    (400, "InvalidArguments"), (403, "AccessDenied"), (404, "NotFound"), (405, "Unsupported"), (409, "Conflict"),
    (429, "QuotaExceeded"), (500, "ProviderError"), (503, "ProviderError"),
]
BARE_STATUSES = [
    (400, "InvalidArguments"), (402, "ProviderError"), (403, "AccessDenied"), (404, "NotFound"), (405, "Unsupported"),
    (408, "OutcomeUnknown"), (409, "Conflict"), (415, "ProtocolViolation"), (418, "ProviderError"),
    (422, "InvalidArguments"), (429, "RateLimited"), (500, "ProviderError"), (502, "ProviderError"),
    (503, "ProviderError"), (504, "ProviderError"), (599, "ProviderError"), (300, "ProtocolViolation"),
    (304, "ProtocolViolation"),
]
BODIES = {
    "empty": "", "html": "<html>body-in-the-raw</html>", "errors": '{"errors":["try again later"]}',
    "array": '["body-in-the-raw"]', "wrong-types": '{"errorCode":5,"message":{"a":"body-in-the-raw"}}',
}
UGLY_MESSAGES = {
    "lines": "one\r\ntwo\nthree", "escape": "\x1b[31mred\x1b[0m", "c1": "a\x9b31mb\x85c", "long": "x" * 5000,
    "nul": "a\0b", "not-ascii": "données 数据", "format": "%s%n%d",
}


@pytest.mark.parametrize("status,name", STATUSES)
def test_a_status_with_its_usual_code(desktop: Desktop, status: int, name: str):
    desktop.nile.rule(on="create", status=status, message="said the provider")
    sentence = refused(desktop, name, desktop.create)
    assert str(status) in sentence and "said the provider" in sentence
    assert desktop.nile.count("create") == 1
    assert desktop.nile.count("token") == 0


@pytest.mark.parametrize("status,name", BARE_STATUSES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_status_without_a_code(desktop: Desktop, status: int, name: str, body: str):
    desktop.nile.rule(on="create", status=status, body=body)
    sentence = refused(desktop, name, desktop.create)
    assert str(status) in sentence
    assert "body-in-the-raw" not in sentence
    assert desktop.nile.count("create") == 1


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_specification(desktop: Desktop, code: str):
    desktop.nile.rule(on="create", status=400, errorCode=code, times=-1)
    name, sentence = refusal(desktop, desktop.create)
    assert name == MEANINGS.get(code, name)
    assert name not in ("Internal", "BackendFailed")
    assert code in sentence
    assert desktop.nile.count("create") == (2 if code in SIGNED_OUT else 1)


def test_the_specification_has_41_codes():
    assert len(set(CODES)) == 41


def test_an_unknown_code_leaves_the_status_to_decide(desktop: Desktop):
    desktop.nile.rule(on="create", status=409, errorCode="something_new")
    assert "something_new" in refused(desktop, "Conflict", desktop.create)


@pytest.mark.parametrize("message", UGLY_MESSAGES.values(), ids=UGLY_MESSAGES)
def test_what_the_provider_says_fits_one_line(desktop: Desktop, message: str):
    desktop.nile.rule(on="create", status=403, message=message)
    refused(desktop, "AccessDenied", desktop.create)


@pytest.mark.parametrize("field", ["message", "errorCode"])
@pytest.mark.parametrize("around", ["{}", "no: Bearer {} is not good enough", "{}" + "x" * 300, "y" * 190 + " {}"])
def test_an_echoed_token_is_not_repeated(desktop: Desktop, field: str, around: str):
    text = around.format(desktop.token["access_token"])
    desktop.nile.rule(on="create", status=403, **{field: text})
    sentence = refused(desktop, "AccessDenied", desktop.create)
    assert desktop.token["access_token"][:40] not in sentence


def test_nobody_is_signed_in(bare: Desktop):
    sentence = refused(bare, "SignInRequired", bare.create)
    assert "felucca sign-in nile" in sentence
    assert bare.nile.requests == []


def test_401_is_answered_with_one_refresh(desktop: Desktop):
    signals = SignalLog(desktop)
    desktop.nile.revoke_token(desktop.token["access_token"])
    desktop.create()
    signals.wait_for("CredentialAdded")
    assert signals.names() == ["CredentialAdded"]
    assert (desktop.nile.count("create"), desktop.nile.count("token"), len(desktop.nile.live())) == (2, 1, 1)


def test_401_again_needs_a_sign_in(desktop: Desktop):
    signals = SignalLog(desktop)
    desktop.nile.rule(on="create", status=401, times=-1)
    assert "felucca sign-in nile" in refused(desktop, "SignInRequired", desktop.create)
    assert signals.wait_for("SignInRequired") == ["nile"]
    assert (desktop.nile.count("create"), desktop.nile.count("token")) == (2, 1)


def test_after_that_the_provider_is_left_alone(desktop: Desktop):
    desktop.nile.rule(on="create", status=401, times=-1)
    refused(desktop, "SignInRequired", desktop.create)
    asked = len(desktop.nile.requests)
    refused(desktop, "SignInRequired", desktop.create)
    assert len(desktop.nile.requests) == asked


def test_401_without_a_refresh_token(bare: Desktop):
    bare.sign_in(token=bare.nile.issue_token(refresh=False))
    bare.nile.revoke_token(bare.token["access_token"])
    refused(bare, "SignInRequired", bare.create)
    assert (bare.nile.count("create"), bare.nile.count("token")) == (1, 0)


def test_a_refused_refresh_needs_a_sign_in(desktop: Desktop):
    signals = SignalLog(desktop)
    for key in ("access_token", "refresh_token"):
        desktop.nile.revoke_token(desktop.token[key])
    refused(desktop, "SignInRequired", desktop.create)
    assert signals.wait_for("SignInRequired") == ["nile"]
    assert (desktop.nile.count("create"), desktop.nile.count("token")) == (1, 1)


def test_a_token_for_other_workspaces(bare: Desktop):
    bare.sign_in(token=bare.nile.issue_token(workspaces=["other"]))
    assert "unauthorized_workspace_access" in refused(bare, "AccessDenied", bare.create)


def test_a_database_that_does_not_exist(desktop: Desktop):
    refused(desktop, "NotFound", desktop.create, "acme", "nowhere")
    refused(desktop, "NotFound", desktop.create, "nowhere", "orders")
    refused(desktop, "NotFound", desktop.get, "acme", "nowhere", create=b(True))
    assert desktop.list() == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(desktop: Desktop, status: int):
    with NileStandIn() as elsewhere:
        location = f"{elsewhere.url}/workspaces/acme/databases/orders/credentials"
        desktop.nile.rule(on="create", status=status, body="", headers={"Location": location})
        refused(desktop, "ProtocolViolation", desktop.create)
        assert elsewhere.count("connect") == 0
    assert desktop.nile.count("create") == 1


@pytest.mark.parametrize("on,call", [("list", "list"), ("delete", "revoke"), ("me", "sign_in")])
def test_redirects_are_not_followed_by_other_calls(desktop: Desktop, on: str, call: str):
    id = desktop.create()["id"]
    calls = {
        "list": lambda: desktop.list(workspace=s("acme"), database=s("orders"), provider=b(True)),
        "revoke": lambda: desktop.revoke(id),
        "sign_in": desktop.sign_in,
    }
    with NileStandIn() as elsewhere:
        desktop.nile.rule(on=on, status=307, body="", headers={"Location": elsewhere.url + "/developers/me"})
        refused(desktop, "ProtocolViolation", calls[call])
        assert elsewhere.count("connect") == 0


def test_421_is_not_repeated(desktop: Desktop):
    desktop.nile.rule(on="create", status=421, times=-1)
    name, _ = refusal(desktop, desktop.create)
    assert name in ("ProviderError", "OutcomeUnknown")
    assert desktop.nile.count("create") == 1


def test_a_flood_of_1xx_is_not_an_answer(desktop: Desktop):
    desktop.nile.rule(on="create", raw="", flood=["HTTP/1.1 100 Continue\r\n\r\n", -1])
    refused(desktop, "ProtocolViolation", desktop.create)
    assert desktop.nile.count("create") == 1


@pytest.mark.parametrize("fields,name", [
    ({"status": 503}, "ProviderError"), ({"status": 429}, "QuotaExceeded"), ({"status": 404}, "NotFound"),
    ({"body": "{}"}, "ProtocolViolation"), ({"body": "nothing"}, "ProtocolViolation"), ({"reset": True}, "Unreachable"),
])
def test_a_list_that_fails(desktop: Desktop, fields: dict[str, Any], name: str):
    desktop.create()
    desktop.nile.rule(on="list", **fields)
    refused(desktop, name, desktop.list, workspace=s("acme"), database=s("orders"), provider=b(True))
    assert len(desktop.list()) == 1


def test_a_failure_does_not_hide_in_the_next_answer(desktop: Desktop):
    desktop.nile.rule(on="create", status=403, message="only this once")
    refused(desktop, "AccessDenied", desktop.create)
    credential = desktop.create()
    assert desktop.get()["id"] == credential["id"]
    check_sentence(desktop, desktop.list()[0]["label"])

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What goes over the wire: connections that are kept, and never a second POST for one wish."""

import pytest

from desktop import BusError, Desktop


def test_connection_is_kept_between_calls(desktop: Desktop):
    before = desktop.nile.count("connect")
    for database in ("db1", "db2", "db3"):
        desktop.create(database=database)
    assert desktop.nile.count("create") == 3
    assert desktop.nile.count("connect") == before, "sign-in has opened the one connection"


@pytest.mark.parametrize("fault", [{"reset": True}, {"mint_without_answer": True}, {"close_before": True}, {"cut": 5}])
def test_broken_connection_that_was_reused_brings_no_second_post(desktop: Desktop, fault: dict):
    desktop.create(database="db1")
    desktop.nile.rule(on="create", **fault)
    with pytest.raises(BusError) as caught:
        desktop.create(database="db2")
    assert caught.value.name == "org.felucca.Error.OutcomeUnknown"
    assert desktop.nile.count("create") == 2


@pytest.mark.parametrize("reused", [False, True], ids=["new-connection", "reused"])
@pytest.mark.parametrize("headers", [{}, {"Connection": "close"}], ids=["keep", "close"])
def test_misdirected_request_is_not_repeated(desktop: Desktop, reused: bool, headers: dict):
    if reused:
        desktop.create(database="db1")
    else:
        desktop.restart_daemon()
    before = desktop.nile.count("create")
    desktop.nile.rule(on="create", status=421, headers=headers, after_mint=True, times=-1)
    with pytest.raises(BusError) as caught:
        desktop.create()
    assert caught.value.name == "org.felucca.Error.OutcomeUnknown"
    assert desktop.nile.count("create") == before + 1


def test_connection_that_the_provider_closed_while_idle_is_replaced(desktop: Desktop):
    desktop.create(database="db1")
    desktop.nile.rule(on="create", headers={"Connection": "close"})
    desktop.create(database="db2")
    desktop.create(database="db3")
    assert desktop.nile.count("create") == 3


@pytest.mark.parametrize("code", ["invalid_credentials", "session_state_missing", "oidc_code_missing"])
def test_a_refusal_that_may_have_minted_brings_no_second_post(desktop: Desktop, code: str):
    desktop.nile.rule(on="create", status=500, errorCode=code, message="m", after_mint=True)
    with pytest.raises(BusError) as caught:
        desktop.create()
    assert caught.value.name == "org.felucca.Error.ProviderError"
    assert desktop.call("ListUnresolved")[0]["intent"] in caught.value.message
    assert (desktop.nile.count("create"), desktop.nile.count("token")) == (1, 0)

# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Credentials from Vault, through the daemon. The Vault is a stand-in written from the published API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from gi.repository import GLib

from bus_calls import CallGroup
from certificates import Authority
from desktop import ACCOUNTS, BusError, s, wait_until
from refusals import refused
from vault_desktop import LIFE_SEC, VaultDesktop, group, vault_desktop
from vault_stand_in import VaultStandIn
from vault_world import DEFAULT_POLICY, USER_POLICY, Role


@pytest.fixture
def desktop() -> Iterator[VaultDesktop]:
    with vault_desktop(host="db.example.org", port=6432, ssl_mode="verify-full") as session:
        yield session


def refused_quietly(desktop: VaultDesktop, name: str, *target: str) -> str:
    """A create that must fail with this error and leaves nothing behind, at Vault, on the disk or in a sentence."""
    sentence = refused(desktop, name, desktop.create, *target)
    assert desktop.vault.live() == [] and desktop.unresolved() == []
    return sentence


# The main path


def test_create_keeps_and_revokes(desktop: VaultDesktop):
    before = int(time.time())
    credential = desktop.create()
    (lease,) = desktop.vault.live()
    assert credential["id"] == lease["id"] and credential["user"] == lease["user"]
    assert credential["password"] == desktop.vault.password_of(lease["id"]) == desktop.lookup(id=lease["id"])
    assert before + 3590 <= credential["not-after"] <= time.time() + 3600
    assert (credential["host"], credential["port"], credential["ssl-mode"]) == ("db.example.org", 6432, "verify-full")
    assert desktop.vault.count("creds") == 1
    desktop.revoke(credential["id"], backend=s("vault"))
    assert desktop.vault.live() == [] and desktop.lookup(id=lease["id"]) is None


def test_the_command_takes_a_lease_for_an_id(desktop: VaultDesktop):
    credential = desktop.create("team/db")
    by_target = desktop.cli("get", "team/db/readonly", "--backend", "vault", "--format", "password")
    by_id = desktop.cli("get", credential["id"], "--format", "password")
    assert by_target.stdout == by_id.stdout == credential["password"] + "\n", by_target.stderr + by_id.stderr
    assert desktop.cli("revoke", credential["id"]).returncode == 0
    assert desktop.vault.live() == []


def test_an_engine_at_a_deeper_path(desktop: VaultDesktop):
    assert desktop.create("team/db")["id"].startswith("team/db/creds/readonly/")


def test_get_needs_no_second_lease(desktop: VaultDesktop):
    first = desktop.create()
    assert desktop.get("database", "readonly", backend=s("vault"))["password"] == first["password"]
    assert desktop.vault.count("creds") == 1


def test_what_ended_at_vault_is_revoked_all_the_same(desktop: VaultDesktop):
    credential = desktop.create()
    desktop.vault.delete_foreign(credential["id"])
    desktop.revoke(credential["id"], backend=s("vault"))
    assert desktop.lookup(id=credential["id"]) is None


def test_a_database_that_does_not_let_go_keeps_the_credential(desktop: VaultDesktop):
    credential = desktop.create()
    desktop.vault.rule(on="revoke", status=400, body='{"errors":["failed to revoke entry: some objects depend on it"]}')
    assert "objects depend" in refused(desktop, "ProviderError", desktop.revoke, credential["id"], backend=s("vault"))
    assert desktop.lookup(id=credential["id"]) == credential["password"]
    desktop.revoke(credential["id"], backend=s("vault"))
    assert desktop.vault.live() == []


def test_a_static_role_is_read_not_minted():
    with vault_desktop(role_type="static") as desktop:
        first, second = desktop.create(database="nightly"), desktop.create(database="nightly")
        assert first["password"] == second["password"] and first["user"] == "app-nightly"
        assert first["id"] != second["id"] and first["id"].startswith("database/static-creds/nightly/")
        assert time.time() < first["not-after"] <= time.time() + 86400
        desktop.revoke(first["id"], backend=s("vault"))
        assert desktop.lookup(id=second["id"]) == second["password"]
        assert desktop.vault.minted() == [] and desktop.vault.count("revoke") == 0


def test_a_static_role_that_does_not_answer_leaves_nothing_open():
    with vault_desktop(role_type="static") as desktop:
        desktop.vault.rule(on="static-creds", close_before=True)
        refused_quietly(desktop, "Unreachable", "database", "nightly")


# Lifetimes


def test_renewed_past_its_first_end_capped_and_over():
    mounts = {"": {"database": {"brief": Role(default_ttl=12, max_ttl=26)}}}
    with vault_desktop(mounts=mounts) as desktop:
        credential = desktop.create(database="brief")
        issued = desktop.vault.minted()[0]["issued"]
        assert credential["not-after"] <= issued + 13
        changed = wait_until(lambda: [one for one in desktop.list() if one["not-after"] > credential["not-after"]], "renewed")
        assert changed[0]["id"] == credential["id"] and desktop.vault.count("renew") >= 1
        wait_until(lambda: time.time() > credential["not-after"], "its first end")
        assert desktop.live_ids() == [credential["id"]]
        ends: set[int] = set()

        def is_over() -> bool:
            known = desktop.list()
            ends.update(one["not-after"] for one in known)
            return not known

        wait_until(is_over, "its end")
        assert max(ends) <= issued + 27 and desktop.live_ids() == []


def test_a_wished_lifetime(desktop: VaultDesktop):
    before = int(time.time())
    credential = desktop.create(ttl=GLib.Variant("t", 600))
    assert before + 590 <= credential["not-after"] <= time.time() + 600
    (lease,) = desktop.vault.live()
    assert lease["expires"] - lease["issued"] < 610


def test_the_roles_limit_is_believed(desktop: VaultDesktop):
    credential = desktop.create(database="short", ttl=GLib.Variant("t", 7200))
    assert credential["not-after"] <= time.time() + 100


# The sign-in


def test_sign_in_tells_who(desktop: VaultDesktop):
    before = int(time.time())
    account = desktop.sign_in_vault(display_name="ldap2-tesla", ttl=600)
    assert account["account"] == "ldap2-tesla" and before + 590 <= account["expires"] <= time.time() + 600


def test_a_token_that_never_was():
    with vault_desktop(sign_in=False) as desktop:
        refused(desktop, "SignInRequired", desktop.sign_in, "vault", {"access_token": "hvs.unknown"})
        refused(desktop, "SignInRequired", desktop.create)
        assert desktop.vault.count("creds") == 0


def test_a_token_that_ends_in_between(desktop: VaultDesktop):
    desktop.create()
    desktop.vault.advance(LIFE_SEC)
    refused_quietly(desktop, "SignInRequired")
    assert desktop.vault.count("creds") == 2  # asked once, and not again with the same token
    assert desktop.property("Backends")["vault"]["state"] == "sign-in-required"
    desktop.sign_in_vault()
    desktop.create()


def test_an_unused_token_is_not_prolonged(desktop: VaultDesktop):
    desktop.create()
    assert desktop.vault.count("renew-self") == 0


def test_a_token_is_prolonged_in_good_time(desktop: VaultDesktop):
    desktop.age_token()
    desktop.create()
    assert desktop.vault.count("renew-self") == 1
    desktop.create()
    desktop.restart_daemon()  # the keyring knows the new end: there is no reason to ask again
    desktop.create()
    assert desktop.vault.count("renew-self") == 1
    assert len({entry["bearer"] for entry in desktop.vault.requests[-4:]}) == 1
    accounts = desktop.call("ListAccounts", interface=ACCOUNTS)
    assert [one["account"] for one in accounts if one["backend"] == "vault"] == ["token-ada"]


def test_one_renewal_for_many(desktop: VaultDesktop):
    desktop.age_token()
    desktop.vault.rule(on="renew-self", hold="renewal")
    calls = CallGroup(desktop)
    for _ in range(8):
        calls.create("readonly", "database", backend=s("vault"))
    desktop.vault.wait_for("renew-self")
    desktop.vault.release("renewal")
    assert [call.error_name for call in calls.wait()] == [None] * 8
    assert desktop.vault.count("renew-self") == 1


@pytest.mark.parametrize("token", [{"renewable": False}, {"policy": tuple({*USER_POLICY} - {"renew-self"})}])
def test_a_token_that_cannot_be_prolonged_runs_out(desktop: VaultDesktop, token: dict[str, Any]):
    desktop.age_token(**token)
    desktop.create()
    desktop.create()
    assert (desktop.vault.count("renew-self"), desktop.vault.count("creds")) == (1, 2)
    desktop.vault.advance(LIFE_SEC)
    refused(desktop, "SignInRequired", desktop.create)
    assert desktop.property("Backends")["vault"]["state"] == "sign-in-required"


@pytest.mark.parametrize("fault", [{"status": 500, "body": '{"errors":["internal error"]}'}, {"close_before": True},
                                   {"body": "x"}])
def test_a_renewal_that_fails_is_tried_with_the_next_call(desktop: VaultDesktop, fault: dict[str, Any]):
    desktop.age_token()
    desktop.vault.rule(on="renew-self", **fault)
    desktop.create()
    assert (desktop.vault.count("renew-self"), desktop.vault.count("creds")) == (1, 1)
    desktop.create()
    assert (desktop.vault.count("renew-self"), desktop.vault.count("creds")) == (2, 2)


def test_a_token_that_ended_before_its_renewal(desktop: VaultDesktop):
    desktop.age_token()
    desktop.vault.advance(LIFE_SEC)
    refused_quietly(desktop, "SignInRequired")
    assert desktop.vault.count("creds") == 0


# Refusals


def test_sealed(desktop: VaultDesktop):
    desktop.vault.sealed = True
    assert "Vault is sealed" in refused_quietly(desktop, "Unreachable")
    desktop.vault.sealed = False
    desktop.create()


def test_standby(desktop: VaultDesktop):
    """It may have passed the request on and lost the answer, so that the mint is open until the list is asked."""
    with VaultStandIn() as active:
        desktop.vault.standby = active.url
        sentence = refused(desktop, "Unreachable", desktop.create)
        assert "active node" in sentence and active.requests == []
        desktop.vault.standby = None
        (entry,) = desktop.unresolved()
        desktop.resolve(entry["intent"], "revoke")
        desktop.wait_settled()


@pytest.mark.parametrize("target,name,words", [
    (("database", "nobody"), "NotFound", "unknown role: nobody"),
    (("database", "nightly"), "NotFound", "unknown role: nightly"),
    (("elsewhere", "readonly"), "NotFound", "no handler for route"),
    (("a/../sys", "readonly"), "InvalidArguments", "secrets engine"),
    (("database", "a/b"), "InvalidArguments", "role"),
])
def test_no_such_role(desktop: VaultDesktop, target: tuple[str, str], name: str, words: str):
    assert words in refused_quietly(desktop, name, *target)


def test_tenants_are_not_vaults(desktop: VaultDesktop):
    with pytest.raises(BusError, match="InvalidArguments"):
        desktop.create(tenant_id=s("t1"))
    assert desktop.vault.count("creds") == 0


def test_no_permission_is_not_a_bad_token(desktop: VaultDesktop):
    desktop.sign_in_vault(policy=DEFAULT_POLICY)
    assert "permission denied" in refused_quietly(desktop, "AccessDenied")
    assert desktop.property("Backends")["vault"]["state"] == "ready"


def test_namespaces():
    with vault_desktop(sign_in=False, namespace="team") as desktop:
        refused(desktop, "SignInRequired", desktop.sign_in_vault)
        desktop.sign_in_vault(namespace="team")
        assert [lease["namespace"] for lease in desktop.vault.live()] == []
        id = desktop.create()["id"]
        assert [(lease["id"], lease["namespace"]) for lease in desktop.vault.live()] == [(id, "team")]
        desktop.revoke(id, backend=s("vault"))
        assert desktop.vault.live() == []


def test_another_namespace_does_not_make_leases_vanish(desktop: VaultDesktop):
    """A path that is not there is no proof that a lease has ended."""
    credential = desktop.create()
    desktop.extra_config = group("vault", desktop.vault.url, namespace="nowhere")
    desktop.write_config()
    desktop.restart_daemon()
    refused(desktop, "ProtocolViolation", desktop.revoke, credential["id"], backend=s("vault"))
    assert desktop.lookup(id=credential["id"]) == credential["password"]


def test_bad_settings_name_the_key():
    for settings, words in (({"role_type": "both"}, "role-type"), ({"port": 0}, "port"), ({"unheard": 1}, "unheard")):
        with vault_desktop(sign_in=False, **settings) as desktop:
            assert words in refused(desktop, "BackendFailed", desktop.create)


# Lost answers


LOSSES = [{"mint_without_answer": True}, {"cut": -1}, {"reset": True, "after_mint": True},
          {"after_mint": True, "status": 500, "body": '{"errors":["internal error"]}'}]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_answer_has_candidates(desktop: VaultDesktop, loss: dict[str, Any]):
    desktop.vault.rule(on="creds", **loss)
    with pytest.raises(BusError):
        desktop.create()
    desktop.vault.mint_foreign(role="short")  # another role: never looked at
    (live,) = [id for id in desktop.live_ids() if "/readonly/" in id]
    entry = wait_until(lambda: next((one for one in desktop.unresolved() if one.get("candidates")), None), "a candidate")
    assert entry["candidates"] == [live]
    assert desktop.vault.count("creds") == 1
    desktop.resolve(entry["intent"], "revoke")
    desktop.wait_settled()
    assert [id for id in desktop.live_ids() if "/readonly/" in id] == []


def test_old_leases_of_others_are_no_candidates(desktop: VaultDesktop):
    desktop.vault.world.issue_token(86400 * 9, "", "old", None, False, 0, False)
    old = desktop.vault.mint_foreign()
    for lease in desktop.vault.world.live():
        lease.issued -= 3 * 86400
    desktop.vault.rule(on="creds", mint_without_answer=True)
    refused(desktop, "OutcomeUnknown", desktop.create)
    entry = wait_until(lambda: next((one for one in desktop.unresolved() if one.get("candidates")), None), "a candidate")
    assert entry["candidates"] == [id for id in desktop.live_ids() if id != old["id"]]


def test_without_the_right_to_list_it_stays_listed(desktop: VaultDesktop):
    desktop.sign_in_vault(policy=USER_POLICY)
    desktop.vault.rule(on="creds", mint_without_answer=True)
    refused(desktop, "OutcomeUnknown", desktop.create)
    entry = wait_until(lambda: next((one for one in desktop.unresolved() if one.get("detail")), None), "why not")
    assert "permission denied" in entry["detail"] and "candidates" not in entry
    assert len(desktop.live_ids()) == 1
    desktop.sign_in_vault()  # with more rights it is found
    wait_until(lambda: desktop.unresolved()[0].get("candidates") == desktop.live_ids(), "a candidate")


def test_an_answer_without_a_password_is_revoked_again(desktop: VaultDesktop):
    desktop.vault.rule(on="creds", after_mint=True, body='{"lease_id":"{{id}}","data":{"username":"u"}}')
    refused_quietly(desktop, "ProtocolViolation")
    assert desktop.vault.count("revoke") == 1


def test_an_answer_that_is_cut_behind_the_lease_is_revoked_at_once(desktop: VaultDesktop):
    """Also for those who may not list."""
    desktop.sign_in_vault(policy=USER_POLICY)
    desktop.vault.rule(on="creds", cut_body=140)
    refused_quietly(desktop, "OutcomeUnknown")
    assert (desktop.vault.count("revoke"), desktop.vault.count("list"), len(desktop.vault.minted())) == (1, 0, 1)


def test_no_get_is_repeated_by_the_library(desktop: VaultDesktop):
    """A kept connection that breaks is where it would be; here a repeat would be a second login."""
    desktop.create()
    desktop.vault.rule(on="creds", reset=True, after_mint=True)
    refused(desktop, "OutcomeUnknown", desktop.create)
    assert desktop.vault.count("creds") == 2 and len(desktop.live_ids()) == 2


# TLS, and two of them


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_tls(authority: Authority):
    with vault_desktop(tls=authority.issue(), ca_file=authority.ca_file) as desktop:
        desktop.revoke(desktop.create()["id"], backend=s("vault"))
        assert desktop.vault.live() == []
    with vault_desktop(sign_in=False, tls=authority.issue()) as desktop:
        refused(desktop, "Unreachable", desktop.sign_in_vault)
        assert desktop.vault.requests == []


def test_two_side_by_side(desktop: VaultDesktop):
    with VaultStandIn() as other:
        desktop.extra_config += group("second", other.url)
        desktop.write_config()
        desktop.restart_daemon()
        desktop.sign_in_vault("second", other, display_name="token-bob")
        mine, theirs = desktop.create(), desktop.create(backend=s("second"))
        assert desktop.live_ids() == [mine["id"]] and [one["id"] for one in other.live()] == [theirs["id"]]
        bearers = [{entry["bearer"] for entry in vault.requests} for vault in (desktop.vault, other)]
        assert len(bearers[0]) == len(bearers[1]) == 1 and bearers[0] != bearers[1]
        accounts = {one["backend"]: one["account"] for one in desktop.call("ListAccounts", interface=ACCOUNTS)}
        assert (accounts["vault"], accounts["second"]) == ("token-ada", "token-bob")
        other.revoke_token(desktop.token["access_token"])
        refused(desktop, "SignInRequired", desktop.create, backend=s("second"))
        desktop.create()

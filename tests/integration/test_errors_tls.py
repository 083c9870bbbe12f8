# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates: the bearer goes to nobody who has not shown a good one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from certificates import Authority
from desktop import Desktop
from nile_stand_in import NileStandIn
from refusals import refused

FAULTS = ["self-signed", "wrong-host", "expired", "unknown-authority"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def faulty(request: pytest.FixtureRequest, authority: Authority,
           tmp_path_factory: pytest.TempPathFactory) -> Iterator[NileStandIn]:
    """A provider whose certificate has one fault."""
    makers = {
        "self-signed": authority.issue_self_signed,
        "wrong-host": lambda: authority.issue("wrong-host", "DNS:elsewhere.example,IP:127.0.0.2"),
        "expired": lambda: authority.issue("expired", days=-1),
        "unknown-authority": lambda: Authority(tmp_path_factory.mktemp("stranger")).issue(),
    }
    with NileStandIn(**makers[request.param]()) as nile:
        assert nile.url.startswith("https://127.0.0.1:")
        yield nile


@pytest.mark.parametrize("faulty", FAULTS, indirect=True)
def test_nothing_is_sent_to_a_bad_certificate(desktop: Desktop, faulty: NileStandIn, authority: Authority):
    desktop.reconfigure(faulty.url, ca_file=authority.ca_file)
    sentence = refused(desktop, "Unreachable", desktop.create)
    assert "certificate" in sentence.lower()
    assert faulty.count("connect") > 0
    assert faulty.requests == []


@pytest.mark.parametrize("faulty", FAULTS, indirect=True)
def test_no_token_is_probed_at_a_bad_certificate(bare: Desktop, faulty: NileStandIn, authority: Authority):
    bare.reconfigure(faulty.url, ca_file=authority.ca_file)
    refused(bare, "Unreachable", bare.sign_in)
    assert faulty.requests == []


def test_a_good_certificate_of_a_given_authority(authority: Authority):
    with Desktop(**authority.issue(), config=f"ca-file={authority.ca_file}\n") as desktop:
        assert desktop.nile.url.startswith("https://")
        credential = desktop.create()
        assert desktop.lookup(id=credential["id"]) == credential["password"]
        desktop.revoke(credential["id"])
        assert desktop.nile.live() == []


def test_without_the_setting_that_authority_is_a_stranger(desktop: Desktop, authority: Authority):
    with NileStandIn(**authority.issue()) as nile:
        desktop.reconfigure(nile.url)
        refused(desktop, "Unreachable", desktop.create)
        assert nile.requests == []


def test_the_setting_holds_for_its_backend_alone(authority: Authority):
    with Desktop(**authority.issue(), config=f"ca-file={authority.ca_file}\n") as desktop, \
            NileStandIn(**authority.issue("other")) as other:
        desktop.extra_config += f"[backend second]\nmodule=nile\nurl={other.url}\n"
        desktop.reconfigure()
        desktop.create()
        refused(desktop, "Unreachable", desktop.sign_in, "second")
        assert other.requests == []


def test_a_provider_that_speaks_no_tls(desktop: Desktop):
    desktop.reconfigure(desktop.nile.url.replace("http:", "https:"))
    refused(desktop, "Unreachable", desktop.create)
    assert desktop.nile.count("create") == 0

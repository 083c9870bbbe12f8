# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a refusal must look, whatever its cause: the right name, one sentence, and nothing secret in it."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Callable

import pytest

from desktop import ERROR, BusError, Desktop

SENTENCE_LEN_MAX = 700
NAMES = {
    "InvalidArguments", "SignInRequired", "AccessDenied", "NotFound", "Conflict", "QuotaExceeded", "RateLimited",
    "LimitExceeded", "KeyringLocked", "KeyringAbsent", "PromptDismissed", "NotStored", "OutcomeUnknown", "Unreachable",
    "TimedOut", "Cancelled", "ProviderError", "ProtocolViolation", "Unsupported", "BackendFailed", "Internal",
}


def refusal(desktop: Desktop, call: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[str, str]:
    """The short name and the sentence of a call that must fail."""
    with pytest.raises(BusError) as caught:
        call(*arguments, **options)
    name = caught.value.name.removeprefix(ERROR)
    assert name in NAMES, caught.value
    check_sentence(desktop, caught.value.message)
    return name, caught.value.message


def fails_with(name: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> BusError:
    """The error of a call that must fail with this one; refused() looks at its sentence, too."""
    with pytest.raises(BusError) as caught:
        call(*arguments, **options)
    assert caught.value.name == ERROR + name, caught.value
    return caught.value


def refused(desktop: Desktop, name: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """The sentence of a call that must fail with this error."""
    got, sentence = refusal(desktop, call, *arguments, **options)
    assert got == name, sentence
    return sentence


def check_sentence(desktop: Desktop, sentence: str) -> None:
    """One sentence for one line, without a secret; nor is there one in the daemon's log."""
    assert 0 < len(sentence) <= SENTENCE_LEN_MAX
    assert not [c for c in sentence if unicodedata.category(c) == "Cc"], repr(sentence)
    assert not re.search(r"[.!?]\s+[A-Z]", sentence), sentence
    for secret in secrets_of(desktop):
        assert secret not in sentence
        assert secret not in desktop.daemon_log()


def secrets_of(desktop: Desktop) -> list[str]:
    """Everything that must not be said: tokens and passwords."""
    tokens = [desktop.token[key] for key in ("access_token", "refresh_token") if desktop.token.get(key)]
    return tokens + [desktop.nile.password_of(one["id"]) for one in desktop.nile.minted()]

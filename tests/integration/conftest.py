# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fixtures of the integration tests: each test has a desktop of its own."""

import os
import signal
import sys
from pathlib import Path

import pytest

os.environ.setdefault("LSAN_OPTIONS", f"suppressions={Path(__file__).with_name('lsan.supp')}:print_suppressions=0")
# Who starts us in the background of a script has these ignored, and so would have all that we start.
for number in (signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / name) for name in ("integration", "provider", "system")]

from desktop import Desktop  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402


@pytest.fixture
def desktop():
    """Keyring unlocked, signed in, daemon running."""
    with Desktop() as session:
        yield session


@pytest.fixture
def bare():
    """Daemon and keyring run, nobody is signed in."""
    with Desktop(sign_in=False) as session:
        yield session


@pytest.fixture(scope="session")
def postgres():
    """A server with the database `orders` and its group `app`; `maker` may create roles and is no superuser."""
    with PostgresServer() as server:
        server.set_up_orders()
        yield server

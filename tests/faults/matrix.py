# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""All rows, in the order of the table."""

from __future__ import annotations

import rows_backends
import rows_disk
import rows_helper
import rows_keyring
import rows_life
import rows_reconcile
import rows_reply
import rows_tls
import rows_token
import rows_wire
from row import Row

# In the order of docs/reliability.md.
POINTS = [
    rows_keyring.ABSENT, rows_keyring.PROMPT, rows_token.TOKEN, rows_token.MANY, rows_disk.STATE, rows_disk.PREPARED,
    rows_wire.CONNECT, rows_wire.LOST, rows_wire.CUT, rows_wire.MALFORMED, rows_token.REFUSED, rows_wire.STATUS,
    rows_keyring.UNSTORED, rows_keyring.READ_BACK, rows_disk.COMMIT, rows_reply.REPLY, rows_life.END, rows_life.SUSPEND,
    rows_reply.EQUAL, rows_reconcile.RECONCILE, rows_reconcile.OTHERS, rows_disk.FILES,
    rows_backends.BACKEND,
    rows_reply.STRINGS, rows_reply.DESCRIPTORS, rows_reply.FLOW, rows_wire.FRAMING, rows_tls.TLS, rows_wire.JSON,
    rows_token.JWT, rows_keyring.ITEMS, rows_life.CONFIG, rows_helper.HELPER, rows_life.CLI,
]
MODULES = [rows_keyring, rows_token, rows_disk, rows_wire, rows_tls, rows_reply, rows_life, rows_reconcile,
           rows_backends, rows_helper]


def all_rows() -> list[Row]:
    """Every case; each belongs to a point of the table, and no two have one name."""
    rows = [row for module in MODULES for row in module.ROWS]
    assert len({row.name for row in rows}) == len(rows), "two cases have one name"
    assert {row.matrix for row in rows} == set(POINTS), "a point without a case, or a case without a point"
    return sorted(rows, key=lambda row: POINTS.index(row.matrix))

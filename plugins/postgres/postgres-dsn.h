/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The setting `dsn`: what libpq is told, as two arrays of the same length. Names of hosts are looked up here, because
 * libpq would do so without a deadline. Owned by who opens a connection. */
#pragma once

#include <gio/gio.h>

typedef struct
{
  GPtrArray *keywords; /* of char *, NULL at the end once it is ready */
  GPtrArray *values;
} PostgresDsn;

/* Never blocks, opens nothing: can libpq read it, and is there no secret in it? */
gboolean postgres_dsn_check (const char *dsn, GError **error);

/* May block until it is cancelled. database: instead of the dsn's (nullable). */
PostgresDsn *postgres_dsn_resolve (const char *dsn, const char *database, GCancellable *cancellable, GError **error);

void postgres_dsn_free (PostgresDsn *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PostgresDsn, postgres_dsn_free)

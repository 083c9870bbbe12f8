/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection to the server for one call of a verb. Every wait ends at the request's deadline or when the request is
 * cancelled; the server is told the same deadline, so that nothing goes on there after we have left. Owned by the verb,
 * used on its worker alone. Errors are of POSTGRES_ERROR. */
#pragma once

#include <gio/gio.h>
#include <libpq-fe.h>

#include "felucca-backend.h"

typedef struct
{
  PGconn *conn;              /* owned */
  GCancellable *cancellable; /* the request's; (nullable) */
  gint64 deadline_usec;      /* monotonic */
  char sqlstate[6];          /* of the last error; empty: none of the server's */
  gboolean is_definite;      /* the last error is the server's word that the statement had no effect */
} PostgresLink;

typedef PGresult PostgresResult;

/* database: another one than the dsn's (nullable). deadline_usec: from postgres_link_deadline(). */
PostgresLink *postgres_link_open (const FelVerbRequest *request, const char *database, gint64 deadline_usec,
                                  GError **error);
gint64 postgres_link_deadline (const FelVerbRequest *request);
void postgres_link_free (PostgresLink *self);

/* Runs one or several statements and gives the result of the last; NULL when one of them failed. */
PostgresResult *postgres_link_query (PostgresLink *self, const char *sql, GError **error);

/* The same where no result is awaited. */
gboolean postgres_link_run (PostgresLink *self, const char *sql, GError **error);

/* Waits a little; FALSE: that is all the time there was. */
gboolean postgres_link_pause (PostgresLink *self, guint msec, GError **error);

/* Quoted for SQL (transfer full); NULL only for what is not UTF-8. */
char *postgres_link_identifier (PostgresLink *self, const char *name);
char *postgres_link_literal (PostgresLink *self, const char *text);

/* What libpq made of its settings in the end. (nullable) (transfer full) */
char *postgres_link_option (PostgresLink *self, const char *keyword);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PostgresLink, postgres_link_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PostgresResult, PQclear)

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection to the server for one call of a verb, by libmariadb's non-blocking calls: every wait ends at the
 * request's deadline or when the request is cancelled. Owned by the verb, used on its worker alone. Errors are of
 * MARIA_ERROR. */
#pragma once

#include <gio/gio.h>
#include <mysql.h>

#include "felucca-backend.h"

typedef struct
{
  MYSQL *mysql;              /* owned */
  GCancellable *cancellable; /* the request's; (nullable) */
  gint64 deadline_usec;      /* monotonic */
  gboolean is_late;          /* what runs is being ended */
  guint code;                /* of the last error; 0: there was none, or none that has one */
} MariaLink;

typedef MYSQL_RES MariaResult;

MariaLink *maria_link_open (const FelVerbRequest *request, GError **error);
void maria_link_free (MariaLink *self);

/* One statement whose result does not matter. */
gboolean maria_link_run (MariaLink *self, const char *sql, GError **error);

/* One statement that has a result. */
MariaResult *maria_link_query (MariaLink *self, const char *sql, GError **error);

/* Waits a little; FALSE: that is all the time there was. */
gboolean maria_link_pause (MariaLink *self, guint msec, GError **error);

/* Seconds that are left, at least one. */
guint maria_link_left_sec (const MariaLink *self);

/* As a string of SQL (transfer full), and as a name between backticks. */
char *maria_link_literal (MariaLink *self, const char *text);
char *maria_link_identifier (const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MariaLink, maria_link_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MariaResult, mysql_free_result)

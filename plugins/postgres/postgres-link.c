/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postgres-link.h"

#include <string.h>

#include "postgres-dsn.h"
#include "postgres-failure.h"
#include "setting.h"

#define MSEC_PER_SEC 1000

static void
ignore_notice (void *data, const PGresult *result)
{
}

static gint64
link_left_msec (const PostgresLink *self)
{
  gint64 left_usec = self->deadline_usec - g_get_monotonic_time ();

  return MAX (left_usec, 0) / MSEC_PER_SEC;
}

static void
set_late (GError **error)
{
  g_set_error_literal (error, POSTGRES_ERROR, FEL_FAILURE_TIMED_OUT, "the PostgreSQL server did not answer in time");
}

/* One g_poll() on the connection (fd < 0: none) and the cancellable. FALSE: late or cancelled. */
static gboolean
link_poll (PostgresLink *self, int fd, gushort events, gint64 until_msec, GError **error)
{
  gint64 left_msec = MIN (link_left_msec (self), until_msec);
  GPollFD fds[2] = { { .fd = fd, .events = events } };
  guint n = 1;

  if (g_cancellable_make_pollfd (self->cancellable, &fds[1]))
    n++;
  if (link_left_msec (self) > 0 && !g_cancellable_is_cancelled (self->cancellable))
    g_poll (fds, n, (int) MIN (left_msec, G_MAXINT)); /* a signal: the caller comes back */
  if (n > 1)
    g_cancellable_release_fd (self->cancellable);
  if (link_left_msec (self) > 0 && !g_cancellable_is_cancelled (self->cancellable))
    return TRUE;
  set_late (error);
  return FALSE;
}

gboolean
postgres_link_pause (PostgresLink *self, guint msec, GError **error)
{
  return link_poll (self, -1, 0, msec, error);
}

/* What libpq says when the server did not: its first line. */
static void
link_set_error (PostgresLink *self, GError **error)
{
  const char *said = PQerrorMessage (self->conn);
  g_autofree char *line = g_strndup (said, strcspn (said, "\n"));

  self->is_definite = FALSE;
  self->sqlstate[0] = '\0';
  if (postgres_failure_find_sqlstate (said, self->sqlstate))
    g_set_error (error, POSTGRES_ERROR, postgres_failure_of (self->sqlstate), "PostgreSQL: %s", line);
  else if (PQconnectionNeedsPassword (self->conn))
    g_set_error_literal (error, POSTGRES_ERROR, FEL_FAILURE_DENIED,
                         "the PostgreSQL server asks for a password, and neither the dsn's passfile nor ~/.pgpass has "
                         "one for it");
  else
    g_set_error (error, POSTGRES_ERROR, FEL_FAILURE_UNREACHABLE, "PostgreSQL: %s",
                 *line != '\0' ? line : "the connection is gone");
}

/* The server's own word. Not with what surrounds it: that could be the statement. */
static void
link_take_result_error (PostgresLink *self, const PGresult *result, GError **error)
{
  const char *sqlstate = PQresultErrorField (result, PG_DIAG_SQLSTATE);
  const char *severity = PQresultErrorField (result, PG_DIAG_SEVERITY_NONLOCALIZED);
  const char *message = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);

  if (sqlstate == NULL)
    {
      link_set_error (self, error);
      return;
    }
  g_strlcpy (self->sqlstate, sqlstate, sizeof self->sqlstate);
  self->is_definite = g_strcmp0 (severity, "ERROR") == 0;
  g_set_error (error, POSTGRES_ERROR, postgres_failure_of (sqlstate), "PostgreSQL: %s (%s)",
               message != NULL ? message : "it gave no reason", sqlstate);
}

static gboolean
link_connect (PostgresLink *self, GError **error)
{
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;

  if (self->conn == NULL || PQstatus (self->conn) == CONNECTION_BAD)
    status = PGRES_POLLING_FAILED;
  while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED)
    {
      gushort events = status == PGRES_POLLING_READING ? G_IO_IN : G_IO_OUT;

      /* The socket is another one for each address that is tried. */
      if (!link_poll (self, PQsocket (self->conn), events, G_MAXINT, error))
        return FALSE;
      status = PQconnectPoll (self->conn);
    }
  if (status == PGRES_POLLING_OK)
    return TRUE;
  link_set_error (self, error);
  return FALSE;
}

/* Nothing of ours is to be found anywhere but in pg_catalog, and nothing goes on at the server when we have left. */
static gboolean
link_set_up (PostgresLink *self, GError **error)
{
  gint64 left_msec = MAX (link_left_msec (self), 1);
  g_autofree char *sql = g_strdup_printf (
      "SET search_path = ''; SET default_transaction_read_only = off; SET statement_timeout = %" G_GINT64_FORMAT
      "; SET lock_timeout = %" G_GINT64_FORMAT "; SET idle_in_transaction_session_timeout = %" G_GINT64_FORMAT,
      left_msec, left_msec, left_msec);

  return postgres_link_run (self, sql, error);
}

gint64
postgres_link_deadline (const FelVerbRequest *request)
{
  return g_get_monotonic_time () + (gint64) request->timeout_sec * G_USEC_PER_SEC;
}

PostgresLink *
postgres_link_open (const FelVerbRequest *request, const char *database, gint64 deadline_usec, GError **error)
{
  g_autoptr (PostgresLink) self = g_new0 (PostgresLink, 1);
  g_autoptr (PostgresDsn) dsn = NULL;

  self->cancellable = request->cancellable;
  self->deadline_usec = deadline_usec;
  dsn = postgres_dsn_resolve (fel_setting (request, "dsn", ""), database, self->cancellable, error);
  if (dsn == NULL)
    return NULL;
  self->conn = PQconnectStartParams ((const char *const *) dsn->keywords->pdata,
                                     (const char *const *) dsn->values->pdata, 0);
  if (self->conn != NULL)
    {
      PQsetNoticeReceiver (self->conn, ignore_notice, NULL);
      PQsetErrorVerbosity (self->conn, PQERRORS_VERBOSE);
    }
  if (!link_connect (self, error))
    return NULL;
  /* Else what is sent at the end could block. */
  PQsetnonblocking (self->conn, 1);
  return link_set_up (self, error) ? g_steal_pointer (&self) : NULL;
}

void
postgres_link_free (PostgresLink *self)
{
  if (self == NULL)
    return;
  PQfinish (self->conn);
  g_free (self);
}

static gboolean
link_flush (PostgresLink *self, GError **error)
{
  int left;

  while ((left = PQflush (self->conn)) > 0)
    if (!link_poll (self, PQsocket (self->conn), G_IO_IN | G_IO_OUT, G_MAXINT, error))
      return FALSE;
    else if (!PQconsumeInput (self->conn))
      break;
  if (left == 0)
    return TRUE;
  link_set_error (self, error);
  return FALSE;
}

/* The next result, or NULL at the end. FALSE: the connection failed. */
static gboolean
link_next_result (PostgresLink *self, PGresult **ret_result, GError **error)
{
  while (PQisBusy (self->conn))
    {
      if (!link_poll (self, PQsocket (self->conn), G_IO_IN, G_MAXINT, error))
        return FALSE;
      if (!PQconsumeInput (self->conn))
        {
          link_set_error (self, error);
          return FALSE;
        }
    }
  *ret_result = PQgetResult (self->conn);
  return TRUE;
}

static gboolean
is_good (const PGresult *result)
{
  ExecStatusType status = PQresultStatus (result);

  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

PostgresResult *
postgres_link_query (PostgresLink *self, const char *sql, GError **error)
{
  g_autoptr (PostgresResult) last = NULL;
  PGresult *result = NULL;

  self->sqlstate[0] = '\0';
  self->is_definite = FALSE;
  if (!PQsendQuery (self->conn, sql))
    {
      link_set_error (self, error);
      return NULL;
    }
  if (!link_flush (self, error))
    return NULL;
  for (;;)
    {
      if (!link_next_result (self, &result, error))
        return NULL;
      if (result == NULL)
        break;
      /* The first error says why; behind it comes that the connection is closed. */
      if (last != NULL && !is_good (last))
        {
          PQclear (result);
          continue;
        }
      PQclear (last);
      last = result;
    }
  if (last != NULL && is_good (last))
    return g_steal_pointer (&last);
  link_take_result_error (self, last, error);
  return NULL;
}

gboolean
postgres_link_run (PostgresLink *self, const char *sql, GError **error)
{
  g_autoptr (PostgresResult) result = postgres_link_query (self, sql, error);

  return result != NULL;
}

static char *
take (char *quoted)
{
  char *copy = g_strdup (quoted);

  PQfreemem (quoted);
  return copy;
}

char *
postgres_link_identifier (PostgresLink *self, const char *name)
{
  return take (PQescapeIdentifier (self->conn, name, strlen (name)));
}

char *
postgres_link_literal (PostgresLink *self, const char *text)
{
  return take (PQescapeLiteral (self->conn, text, strlen (text)));
}

char *
postgres_link_option (PostgresLink *self, const char *keyword)
{
  PQconninfoOption *options = PQconninfo (self->conn);
  char *value = NULL;

  for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
    if (g_str_equal (o->keyword, keyword))
      value = g_strdup (o->val);
  PQconninfoFree (options);
  return value;
}

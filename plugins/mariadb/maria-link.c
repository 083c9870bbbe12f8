/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "maria-link.h"

#include <string.h>
#include <sys/socket.h>

#include "maria-failure.h"
#include "setting.h"

#define OPTION_GROUP "felucca"
#define MSEC_PER_SEC 1000

static gint64
link_left_msec (const MariaLink *self)
{
  return MAX (self->deadline_usec - g_get_monotonic_time (), 0) / MSEC_PER_SEC;
}

static gboolean
link_is_over (const MariaLink *self)
{
  return link_left_msec (self) == 0 || g_cancellable_is_cancelled (self->cancellable);
}

guint
maria_link_left_sec (const MariaLink *self)
{
  return (guint) MAX (link_left_msec (self) / MSEC_PER_SEC, 1);
}

static void
set_late (GError **error)
{
  g_set_error_literal (error, MARIA_ERROR, FEL_FAILURE_TIMED_OUT, "the MariaDB server did not answer in time");
}

static void
link_set_error (MariaLink *self, GError **error)
{
  self->code = mysql_errno (self->mysql);
  if (self->is_late)
    set_late (error);
  else
    g_set_error (error, MARIA_ERROR, maria_failure_of (self->code), "MariaDB: %s (%u)", mysql_error (self->mysql),
                 self->code);
}

/* What has happened of what libmariadb waits for; nothing: a signal came in between. */
static int
link_poll (MariaLink *self, int status, gint64 wait_msec)
{
  GPollFD fds[2] = { { .fd = status != 0 ? mysql_get_socket (self->mysql) : -1 } };
  int happened = 0;
  guint n = 1;

  fds[0].events = (gushort) (((status & MYSQL_WAIT_READ) != 0 ? G_IO_IN : 0)
                             | ((status & MYSQL_WAIT_WRITE) != 0 ? G_IO_OUT : 0)
                             | ((status & MYSQL_WAIT_EXCEPT) != 0 ? G_IO_PRI : 0));
  if (g_cancellable_make_pollfd (self->cancellable, &fds[1]))
    n++;
  g_poll (fds, n, (int) MIN (wait_msec, G_MAXINT));
  if (n > 1)
    g_cancellable_release_fd (self->cancellable);
  if ((fds[0].revents & (G_IO_HUP | G_IO_ERR)) != 0)
    return status & ~MYSQL_WAIT_TIMEOUT;
  if ((fds[0].revents & G_IO_IN) != 0)
    happened |= MYSQL_WAIT_READ;
  if ((fds[0].revents & G_IO_OUT) != 0)
    happened |= MYSQL_WAIT_WRITE;
  if ((fds[0].revents & G_IO_PRI) != 0)
    happened |= MYSQL_WAIT_EXCEPT;
  return happened;
}

/* status: what libmariadb waits for. Once we are late, everything that it still waits for has timed out, so that it
 * comes to an end and frees what it holds. */
static int
link_wait (MariaLink *self, int status)
{
  int happened = 0;

  while (happened == 0 && !link_is_over (self))
    happened = link_poll (self, status, link_left_msec (self));
  if (happened != 0)
    return happened;
  self->is_late = TRUE;
  return MYSQL_WAIT_TIMEOUT;
}

gboolean
maria_link_pause (MariaLink *self, guint msec, GError **error)
{
  if (!link_is_over (self))
    link_poll (self, 0, MIN (msec, link_left_msec (self)));
  if (!link_is_over (self))
    return TRUE;
  set_late (error);
  return FALSE;
}

static gboolean
link_connect (MariaLink *self, GError **error)
{
  MYSQL *connected = NULL;
  int status = mysql_real_connect_start (&connected, self->mysql, NULL, NULL, NULL, NULL, 0, NULL, 0);

  while (status != 0)
    status = mysql_real_connect_cont (&connected, self->mysql, link_wait (self, status));
  if (connected != NULL)
    return TRUE;
  link_set_error (self, error);
  return FALSE;
}

/* What we leave must not go on there for long, and our quoting must mean what it says. */
static gboolean
link_set_up (MariaLink *self, GError **error)
{
  guint left_sec = maria_link_left_sec (self);
  g_autofree char *sql = g_strdup_printf (
      "SET SESSION sql_mode = '', max_statement_time = %u, lock_wait_timeout = %u, wait_timeout = %u", left_sec,
      left_sec, left_sec);

  return maria_link_run (self, sql, error);
}

/* Not safe in two threads at once, so not left to the first mysql_init(). */
static void
library_set_up (void)
{
  static gsize done = 0;

  if (g_once_init_enter (&done))
    {
      mysql_library_init (0, NULL, NULL);
      g_once_init_leave (&done, 1);
    }
}

MariaLink *
maria_link_open (const FelVerbRequest *request, GError **error)
{
  g_autoptr (MariaLink) self = g_new0 (MariaLink, 1);
  const char *file = fel_setting (request, "defaults-file", NULL);
  my_bool no = 0;
  guint none = 0;

  self->cancellable = request->cancellable;
  self->deadline_usec = g_get_monotonic_time () + (gint64) request->timeout_sec * G_USEC_PER_SEC;
  library_set_up ();
  self->mysql = mysql_init (NULL);
  mysql_options (self->mysql, MYSQL_OPT_NONBLOCK, NULL);
  if (file != NULL)
    mysql_options (self->mysql, MYSQL_READ_DEFAULT_FILE, file);
  mysql_options (self->mysql, MYSQL_READ_DEFAULT_GROUP, OPTION_GROUP);
  mysql_options (self->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options (self->mysql, MYSQL_OPT_RECONNECT, &no);
  mysql_options (self->mysql, MYSQL_OPT_LOCAL_INFILE, &none);
  return link_connect (self, error) && link_set_up (self, error) ? g_steal_pointer (&self) : NULL;
}

void
maria_link_free (MariaLink *self)
{
  if (self == NULL)
    return;
  /* Then the farewell cannot block. */
  if (self->is_late && mysql_get_socket (self->mysql) != MARIADB_INVALID_SOCKET)
    shutdown (mysql_get_socket (self->mysql), SHUT_RDWR);
  mysql_close (self->mysql);
  g_free (self);
}

gboolean
maria_link_run (MariaLink *self, const char *sql, GError **error)
{
  int failed = 0;
  int status;

  self->code = 0;
  if (self->is_late)
    {
      set_late (error);
      return FALSE;
    }
  status = mysql_real_query_start (&failed, self->mysql, sql, strlen (sql));
  while (status != 0)
    status = mysql_real_query_cont (&failed, self->mysql, link_wait (self, status));
  if (failed == 0)
    return TRUE;
  link_set_error (self, error);
  return FALSE;
}

MariaResult *
maria_link_query (MariaLink *self, const char *sql, GError **error)
{
  MYSQL_RES *result = NULL;
  int status;

  if (!maria_link_run (self, sql, error))
    return NULL;
  status = mysql_store_result_start (&result, self->mysql);
  while (status != 0)
    status = mysql_store_result_cont (&result, self->mysql, link_wait (self, status));
  if (result == NULL)
    link_set_error (self, error);
  return result;
}

char *
maria_link_literal (MariaLink *self, const char *text)
{
  gsize len = strlen (text);
  char *quoted = g_malloc (2 * len + 3);
  gulong escaped_len = mysql_real_escape_string (self->mysql, quoted + 1, text, len);

  quoted[0] = '\'';
  quoted[escaped_len + 1] = '\'';
  quoted[escaped_len + 2] = '\0';
  return quoted;
}

char *
maria_link_identifier (const char *name)
{
  GString *quoted = g_string_new (NULL);

  g_string_append (quoted, name);
  g_string_replace (quoted, "`", "``", 0);
  g_string_prepend_c (quoted, '`');
  g_string_append_c (quoted, '`');
  return g_string_free (quoted, FALSE);
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "secret-pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include "error.h"
#include "locked-memory.h"

#define DEADLINE_SEC 10
#define EXTRA_LEN 2 /* one newline, and one byte that tells of too many */

struct FelSecretPipe
{
  int fd;
  char *what;
  gsize max_len;
  gsize len;
  guint watch_id;
  guint deadline_id;
  FelSecretPipeDone done;
  gpointer user_data;
  char *buffer; /* max_len and EXTRA_LEN; locked memory */
};

void
fel_secret_pipe_free (FelSecretPipe *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->watch_id, g_source_remove);
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  explicit_bzero (self->buffer, self->len);
  fel_locked_memory_free (self->buffer, self->max_len + EXTRA_LEN);
  g_free (self->what);
  g_free (self);
}

static void
reader_end (FelSecretPipe *self, const GError *error)
{
  g_autoptr (FelSecret) secret = NULL;

  g_clear_handle_id (&self->watch_id, g_source_remove);
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  if (error == NULL)
    secret = fel_secret_new (self->buffer, self->len);
  explicit_bzero (self->buffer, self->max_len + EXTRA_LEN);
  self->len = 0;
  self->done (secret, error, self->user_data);
}

static void
reader_fail (FelSecretPipe *self, FelError code, const char *why)
{
  g_autoptr (GError) error = g_error_new (FEL_ERROR, (int) code, "%s: %s", self->what, why);

  reader_end (self, error);
}

static gboolean
on_deadline (gpointer user_data)
{
  FelSecretPipe *self = user_data;

  self->deadline_id = 0;
  reader_fail (self, FEL_ERROR_TIMED_OUT, "the pipe was not closed in time");
  return G_SOURCE_REMOVE;
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  FelSecretPipe *self = user_data;
  ssize_t n = read (fd, self->buffer + self->len, self->max_len + EXTRA_LEN - self->len);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n > 0)
    {
      self->len += (gsize) n;
      if (self->len < self->max_len + EXTRA_LEN)
        return G_SOURCE_CONTINUE;
    }
  self->watch_id = 0;
  if (n == 0 && self->len > 0 && self->buffer[self->len - 1] == '\n')
    self->len--;
  if (n < 0)
    reader_fail (self, FEL_ERROR_INVALID_ARGUMENTS, g_strerror (errno));
  else if (self->len > self->max_len)
    reader_fail (self, FEL_ERROR_INVALID_ARGUMENTS, "that is too long");
  else
    reader_end (self, NULL);
  return G_SOURCE_REMOVE;
}

FelSecretPipe *
fel_secret_pipe_read (int fd, const char *what, gsize max_len, FelSecretPipeDone done, gpointer user_data)
{
  FelSecretPipe *self = g_new0 (FelSecretPipe, 1);

  self->fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  self->what = g_strdup (what);
  self->max_len = max_len;
  self->buffer = fel_locked_memory_alloc (max_len + EXTRA_LEN);
  self->done = done;
  self->user_data = user_data;
  /* The caller's other copies of this end become non-blocking too; it has given it away. */
  g_unix_set_fd_nonblocking (self->fd, TRUE, NULL);
  self->watch_id = g_unix_fd_add (self->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, self);
  self->deadline_id = g_timeout_add_seconds (DEADLINE_SEC, on_deadline, self);
  return self;
}

gboolean
fel_secret_pipe_write (int fd, const FelSecret *secret, GError **error)
{
  const char *why = NULL;
  ssize_t n;

  /* A write of up to PIPE_BUF bytes happens whole or not at all (POSIX, write()). */
  if (secret->len > PIPE_BUF)
    why = "the secret does not fit a pipe";
  else if (!g_unix_set_fd_nonblocking (fd, TRUE, NULL))
    why = g_strerror (errno);
  else
    {
      n = write (fd, secret->bytes, secret->len);
      if (n < 0)
        why = errno == EAGAIN ? "the pipe is full" : errno == EPIPE ? "nobody reads the pipe" : g_strerror (errno);
      else if ((gsize) n != secret->len)
        why = "the pipe took only a part";
    }
  if (why == NULL)
    return TRUE;
  g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "option 'secret-fd': %s", why);
  return FALSE;
}

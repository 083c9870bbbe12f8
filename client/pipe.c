/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "exit.h"

static void
close_end (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

gboolean
fel_pipe_open (FelPipe *self, GError **error)
{
  int fds[2];

  if (!fel_exit_check (pipe2 (fds, O_CLOEXEC) < 0 ? -errno : 0, "cannot make a pipe", error))
    return FALSE;
  self->read_fd = fds[0];
  self->write_fd = fds[1];
  return TRUE;
}

void
fel_pipe_close (FelPipe *self)
{
  close_end (&self->read_fd);
  close_end (&self->write_fd);
}

void
fel_pipe_close_write (FelPipe *self)
{
  close_end (&self->write_fd);
}

gboolean
fel_pipe_write (FelPipe *self, const FelBuffer *secret, GError **error)
{
  gssize written;

  /* Nobody reads yet. A user with many pipes gets short ones, and we would wait for ourselves. */
  if (!fel_exit_check (fcntl (self->write_fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0, "cannot set up a pipe", error))
    return FALSE;
  written = write (self->write_fd, secret->bytes, secret->len);
  if (!fel_exit_check (written < 0 ? -errno : 0, "cannot write to a pipe", error))
    return FALSE;
  if ((gsize) written == secret->len)
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_FAILED, "a pipe takes only %zd of %zu bytes", written, secret->len);
  return FALSE;
}

static gboolean
wait_readable (int fd, int timeout_ms, GError **error)
{
  struct pollfd pollfd = { .fd = fd, .events = POLLIN };
  int n = TEMP_FAILURE_RETRY (poll (&pollfd, 1, timeout_ms));

  if (!fel_exit_check (n < 0 ? -errno : 0, "cannot wait for a pipe", error))
    return FALSE;
  if (n > 0)
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_UNREACHABLE, "nothing arrived through the pipe within %d s",
               timeout_ms / 1000);
  return FALSE;
}

FelBuffer *
fel_pipe_drain (int fd, gsize max, int timeout_ms, GError **error)
{
  g_autoptr (FelBuffer) all = fel_buffer_new ();
  char piece[512];
  gssize n = 1;

  while (n > 0 && all->len <= max)
    {
      if (!wait_readable (fd, timeout_ms, error))
        return NULL;
      n = TEMP_FAILURE_RETRY (read (fd, piece, sizeof piece));
      if (!fel_exit_check (n < 0 ? -errno : 0, "cannot read", error))
        return NULL;
      fel_buffer_append_bytes (all, piece, (gsize) n);
      explicit_bzero (piece, sizeof piece);
    }
  if (all->len <= max)
    return g_steal_pointer (&all);
  g_set_error (error, FEL_EXIT, FEL_EXIT_FAILED, "more than %zu bytes arrived where one secret was expected", max);
  return NULL;
}

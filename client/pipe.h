/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pipe that carries one secret between us and the daemon, so that it is never part of a message on the bus.
 * Both ends are closed on exec. Closed by fel_pipe_close, which takes ends that are closed already. */
#pragma once

#include <glib.h>

#include "buffer.h"

typedef struct FelPipe
{
  int read_fd;  /* owned; -1 when closed */
  int write_fd; /* owned; -1 when closed */
} FelPipe;

#define FEL_PIPE_CLOSED ((FelPipe){ -1, -1 })

gboolean fel_pipe_open (FelPipe *self, GError **error);
void fel_pipe_close (FelPipe *self);
void fel_pipe_close_write (FelPipe *self);

/* Never blocks: a secret that the pipe cannot hold is an error. */
gboolean fel_pipe_write (FelPipe *self, const FelBuffer *secret, GError **error);

/* All up to end of file; more than max bytes, or nothing for timeout_ms (-1: no limit), is an error. */
FelBuffer *fel_pipe_drain (int fd, gsize max, int timeout_ms, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FelPipe, fel_pipe_close)

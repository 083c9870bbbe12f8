/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Secrets through a caller's pipe: reads one to its end, or writes one, without ever blocking.
 * Reading has a limit and a deadline.
 * Main thread only. */
#pragma once

#include "secret.h"

typedef struct FelSecretPipe FelSecretPipe;

/* secret: lent; NULL with an error. One newline at the end is dropped. */
typedef void (*FelSecretPipeDone) (FelSecret *secret, const GError *error, gpointer user_data);

/* fd: borrowed, duplicated. what: for messages. */
FelSecretPipe *fel_secret_pipe_read (int fd, const char *what, gsize max_len, FelSecretPipeDone done,
                                     gpointer user_data);
void fel_secret_pipe_free (FelSecretPipe *self); /* (nullable) done is not called any more */

/* Writes all of the secret into a pipe that may be full, closed or never read, or fails at once. */
gboolean fel_secret_pipe_write (int fd, const FelSecret *secret, GError **error);

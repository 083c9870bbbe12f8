/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file that is in memory only and has no name: for programs that read a password from a file and from nothing else.
 * Sealed, so that nobody changes it, and open to its owner alone, which libpq insists on. */
#pragma once

#include <sys/types.h>

#include <glib.h>

#include "buffer.h"

/* A descriptor that is closed on exec until fel_secret_file_pass_on; negative on failure. */
int fel_secret_file_new (const char *name, const FelBuffer *text, GError **error);

gboolean fel_secret_file_pass_on (int fd, GError **error);

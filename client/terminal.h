/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The terminal on standard input, while it takes a line that must not be seen.
 * However it ends (signals and job control too), the terminal is left as it was. */
#pragma once

#include <glib.h>

#include "buffer.h"

gboolean fel_terminal_is_there (void);
FelBuffer *fel_terminal_read_hidden (const char *prompt, gsize max, GError **error);

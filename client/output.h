/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Standard output: carries what was asked for and nothing else.
 * Not stdio, which would keep a copy of the password. */
#pragma once

#include <glib.h>

#include "buffer.h"

gboolean fel_output_has_colour (void); /* a terminal, and neither NO_COLOR nor a dumb one */
guint fel_output_width (void);         /* 0: not a terminal */

/* Refuses text that would steer a terminal. */
gboolean fel_output_write (const FelBuffer *text, GError **error);

/* The same for text that came from us; its own colours may steer. */
gboolean fel_output_write_own (const FelBuffer *text, GError **error);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Text that a terminal may show: one line, no control characters, measured in columns.
 * For people only; JSON and passwords go another way. */
#pragma once

#include <glib.h>

char *fel_text_printable (const char *text);              /* anything that could steer a terminal becomes U+FFFD */
gboolean fel_text_is_safe (const char *bytes, gsize len); /* lines of it can go to a terminal as they are */
guint fel_text_width (const char *text);
char *fel_text_cut (const char *text, guint width); /* ends in an ellipsis when something was cut */

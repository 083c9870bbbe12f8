/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A span of time as people type it: "90s", "15m", "8h", "7d". One number and one unit; what a number without a unit
 * would mean differs from program to program, so only 0 goes without. */
#pragma once

#include <glib.h>

#define FEL_SPAN_MAX_SEC (G_GUINT64_CONSTANT (36500) * 86400) /* a sum with a date stays a date */

/* An error names the option; min_sec and FEL_SPAN_MAX_SEC are allowed. */
gboolean fel_span_parse (const char *option, const char *text, guint64 min_sec, guint64 *ret_sec, GError **error);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON as text, written piece by piece; commas come by themselves. Our own, because a library with GObject would
 * take longer to start than the whole command runs, and would leave copies of the password in freed memory. */
#pragma once

#include <glib.h>

#include "buffer.h"

void fel_json_open (FelBuffer *out, char bracket);
void fel_json_close (FelBuffer *out, char bracket);
void fel_json_key (FelBuffer *out, const char *key);
void fel_json_string (FelBuffer *out, const char *text);
void fel_json_bytes (FelBuffer *out, const char *bytes, gsize len); /* what is not UTF-8 becomes U+FFFD */
void fel_json_number (FelBuffer *out, gint64 number);
void fel_json_bool (FelBuffer *out, gboolean value);

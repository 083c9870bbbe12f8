/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Decides whether bytes that a stranger sent may be given to a JSON parser: exactly one JSON text (RFC 8259) and nothing
 * that parsers read differently. Allocates nothing, never recurses. */
#pragma once

#include <glib.h>

#define FEL_JSON_DEPTH_MAX 16
#define FEL_JSON_OPEN_KEYS_MAX 256 /* keys of all objects that are open at one point */
#define FEL_JSON_NUMBER_LEN_MAX 32

/* FALSE: ret_why says, as part of a sentence, which rule is broken; a constant. */
gboolean fel_json_gate (const char *text, gsize len, const char **ret_why);

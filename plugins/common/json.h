/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading JSON that a stranger sent: a member of another type than expected counts as absent.
 * Strings are lent by the tree. */
#pragma once

#include <json-glib/json-glib.h>

/* NULL: not one complete JSON text, or one that the gate (json-gate.h) does not let through. */
JsonNode *fel_json_parse (const char *text, gsize len);

/* (transfer none) (nullable) */
JsonObject *fel_json_as_object (JsonNode *node);
JsonArray *fel_json_as_array (JsonNode *node);
const char *fel_json_as_string (JsonNode *node);

/* object: (nullable), then everything is absent. */
const char *fel_json_string (JsonObject *object, const char *member);
JsonObject *fel_json_object (JsonObject *object, const char *member);
JsonArray *fel_json_array (JsonObject *object, const char *member);
gboolean fel_json_boolean (JsonObject *object, const char *member, gboolean *ret_value);
gboolean fel_json_integer (JsonObject *object, const char *member, gint64 *ret_value);

/* Is it there, 1 to max bytes long, and without an ASCII control character? text: (nullable) */
gboolean fel_json_is_printable (const char *text, gsize max);

/* Overwrites the string that the tree holds. */
void fel_json_erase_string (JsonObject *object, const char *member);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

#include <string.h>

#include "json-gate.h"

JsonNode *
fel_json_parse (const char *text, gsize len)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  const char *why;

  if (!fel_json_gate (text, len, &why) || !json_parser_load_from_data (parser, text, (gssize) len, NULL))
    return NULL;
  return json_parser_steal_root (parser);
}

JsonObject *
fel_json_as_object (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonArray *
fel_json_as_array (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

const char *
fel_json_as_string (JsonNode *node)
{
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

static JsonNode *
member_of (JsonObject *object, const char *member)
{
  return object != NULL ? json_object_get_member (object, member) : NULL;
}

const char *
fel_json_string (JsonObject *object, const char *member)
{
  return fel_json_as_string (member_of (object, member));
}

JsonObject *
fel_json_object (JsonObject *object, const char *member)
{
  return fel_json_as_object (member_of (object, member));
}

JsonArray *
fel_json_array (JsonObject *object, const char *member)
{
  return fel_json_as_array (member_of (object, member));
}

gboolean
fel_json_boolean (JsonObject *object, const char *member, gboolean *ret_value)
{
  JsonNode *node = member_of (object, member);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return FALSE;
  *ret_value = json_node_get_boolean (node);
  return TRUE;
}

gboolean
fel_json_integer (JsonObject *object, const char *member, gint64 *ret_value)
{
  JsonNode *node = member_of (object, member);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *ret_value = json_node_get_int (node);
  return TRUE;
}

gboolean
fel_json_is_printable (const char *text, gsize max)
{
  gsize len = text != NULL ? strlen (text) : 0;

  if (len < 1 || len > max)
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      return FALSE;
  return TRUE;
}

void
fel_json_erase_string (JsonObject *object, const char *member)
{
  const char *string = fel_json_string (object, member);

  if (string != NULL)
    explicit_bzero ((char *) string, strlen (string));
}

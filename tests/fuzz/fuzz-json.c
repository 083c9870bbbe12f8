/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The input is a JSON text. What the gate lets through, the parser takes; the rest never reaches it. */
#include "fuzz.h"

#include "json-gate.h"
#include "json.h"

static guint n_reached;

/* Stands in for json-glib's (linked with --wrap). */
gboolean __real_json_parser_load_from_data (JsonParser *parser, const char *text, gssize len, GError **error);
gboolean __wrap_json_parser_load_from_data (JsonParser *parser, const char *text, gssize len, GError **error);

gboolean
__wrap_json_parser_load_from_data (JsonParser *parser, const char *text, gssize len, GError **error)
{
  n_reached++;
  return __real_json_parser_load_from_data (parser, text, len, error);
}

static void check_tree (JsonNode *node, guint depth);

static void
check_member (JsonObject *object, const char *name, JsonNode *node, gpointer depth)
{
  g_assert_true (g_utf8_validate (name, -1, NULL));
  check_tree (node, GPOINTER_TO_UINT (depth));
}

static void
check_element (JsonArray *array, guint i, JsonNode *node, gpointer depth)
{
  check_tree (node, GPOINTER_TO_UINT (depth));
}

static void
check_tree (JsonNode *node, guint depth)
{
  const char *string = fel_json_as_string (node);

  g_assert_cmpuint (depth, <=, FEL_JSON_DEPTH_MAX);
  g_assert_true (string == NULL || g_utf8_validate (string, -1, NULL));
  if (fel_json_as_object (node) != NULL)
    json_object_foreach_member (fel_json_as_object (node), check_member, GUINT_TO_POINTER (depth + 1));
  if (fel_json_as_array (node) != NULL)
    json_array_foreach_element (fel_json_as_array (node), check_element, GUINT_TO_POINTER (depth + 1));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *why = NULL;
  gboolean passes = fel_json_gate ((const char *) data, size, &why);
  g_autoptr (JsonNode) root = NULL;

  n_reached = 0;
  root = fel_json_parse ((const char *) data, size);
  g_assert_true (passes == (why == NULL));
  g_assert_cmpuint (n_reached, ==, passes ? 1 : 0);
  g_assert_true (passes == (root != NULL));
  if (root != NULL)
    check_tree (root, 0);
  return 0;
}

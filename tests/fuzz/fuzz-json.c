/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The input is a JSON text. What the gate lets through, the parser takes; the rest never reaches it; and the parser
 * finds all of it. */
#include "fuzz.h"

#include <string.h>

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

/* What a parser that reads the text as it stands has to find in it: no key twice, no string cut. */
typedef struct
{
  guint n_members;
  gsize strings_len; /* of all keys and strings, decoded */
} Census;

static gsize
escaped_len (const char **at)
{
  guint code = 0;

  if (*++*at != 'u')
    return 1;
  for (guint i = 0; i < 4; i++)
    code = code * 16 + (guint) g_ascii_xdigit_value (*++*at);
  if (code >= 0xd800 && code <= 0xdfff)
    return 2; /* half of four */
  return code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
}

/* Only of a text that the gate lets through. */
static Census
census_of_text (const char *text, gsize len)
{
  Census census = { 0 };
  gboolean in_string = FALSE;

  for (const char *at = text; at < text + len; at++)
    {
      if (*at == '"')
        in_string = !in_string;
      else if (in_string)
        census.strings_len += *at == '\\' ? escaped_len (&at) : 1;
      else if (*at == ':')
        census.n_members++;
    }
  return census;
}

static void add_tree (Census *census, JsonNode *node, guint depth);

static void
add_object (Census *census, JsonObject *object, guint depth)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &node))
    {
      g_assert_true (g_utf8_validate (name, -1, NULL));
      census->n_members++;
      census->strings_len += strlen (name);
      add_tree (census, node, depth);
    }
}

static void
add_tree (Census *census, JsonNode *node, guint depth)
{
  const char *string = fel_json_as_string (node);
  JsonArray *array = fel_json_as_array (node);

  g_assert_cmpuint (depth, <=, FEL_JSON_DEPTH_MAX);
  if (string != NULL)
    {
      g_assert_true (g_utf8_validate (string, -1, NULL));
      census->strings_len += strlen (string);
    }
  if (fel_json_as_object (node) != NULL)
    add_object (census, fel_json_as_object (node), depth + 1);
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    add_tree (census, json_array_get_element (array, i), depth + 1);
}

static void
check_tree (JsonNode *root, const char *text, gsize len)
{
  Census of_text = census_of_text (text, len);
  Census of_tree = { 0 };

  add_tree (&of_tree, root, 0);
  g_assert_cmpuint (of_tree.n_members, ==, of_text.n_members);
  g_assert_cmpuint (of_tree.strings_len, ==, of_text.strings_len);
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
    check_tree (root, (const char *) data, size);
  return 0;
}

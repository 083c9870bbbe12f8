/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The input is an answer, whole or cut. What is salvaged out of it gets deleted, so it must be the "id" of the one
 * object wherever a parser finds one: json-glib without the gate, which is far from strict. */
#include "fuzz.h"

#include <sanitizer/lsan_interface.h>
#include <string.h>

#include "json.h"
#include "nile-salvage.h"

static gboolean
is_uuid (const char *id)
{
  static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

  if (strlen (id) != NILE_SALVAGED_LEN)
    return FALSE;
  for (gsize i = 0; i < NILE_SALVAGED_LEN; i++)
    if (form[i] == '-' ? id[i] != '-' : !g_ascii_isxdigit (id[i]))
      return FALSE;
  return TRUE;
}

/* Without the gate in front of it, json-glib 1.6 leaks what it had of a string that does not end. */
static gboolean
parse_leniently (JsonParser *parser, const char *text, gsize len)
{
  gboolean parsed;

  __lsan_disable ();
  parsed = json_parser_load_from_data (parser, text, (gssize) len, NULL);
  __lsan_enable ();
  return parsed;
}

static void
check_member (const char *id, const char *text, gsize len)
{
  g_autoptr (JsonParser) parser = json_parser_new ();

  if (len == 0 || !g_utf8_validate_len (text, len, NULL) || !parse_leniently (parser, text, len))
    return;
  g_assert_cmpstr (fel_json_string (fel_json_as_object (json_parser_get_root (parser)), "id"), ==, id);
}

/* What a cut loses cannot turn one id into another. */
static void
check_prefixes (const char *id, const char *text, gsize len)
{
  char other[NILE_SALVAGED_LEN + 1];

  for (gsize cut = len; cut-- > 0;)
    if (nile_salvage_id (text, cut, other))
      g_assert_cmpstr (other, ==, id);
}

/* What the strict reader takes for the id is found here too, if it is one of Nile's and written plainly. */
static void
check_complete (gboolean found, const char *text, gsize len)
{
  g_autoptr (JsonNode) root = fel_json_parse (text, len);
  const char *id = fel_json_string (fel_json_as_object (root), "id");

  if (id != NULL && is_uuid (id) && strchr (text, '\\') == NULL)
    g_assert_true (found);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_malloc (size + 1);
  char id[NILE_SALVAGED_LEN + 1] = "untouched";
  gboolean found;

  if (size > 0)
    memcpy (text, data, size);
  text[size] = '\0';
  found = nile_salvage_id ((const char *) data, size, id);
  check_complete (found, text, size);
  if (!found)
    {
      g_assert_cmpstr (id, ==, "untouched");
      return 0;
    }
  g_assert_true (is_uuid (id));
  g_assert_nonnull (memmem (text, size, id, NILE_SALVAGED_LEN));
  check_member (id, text, size);
  check_prefixes (id, text, size);
  return 0;
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json-gate.h"

#include <string.h>

#include "json.h"

typedef struct
{
  const char *text;
  const char *why; /* NULL: it passes */
} GateCase;

static const GateCase cases[] = {
  { "{}", NULL },
  { "[]", NULL },
  { " \t\r\n{\"a\": [1, -0.5e+3, true, false, null, \"\\u00e9\\n\", {}]} \n", NULL },
  { "\"x\"", NULL },
  { "0", NULL },
  { "{\"a\":{\"x\":1},\"b\":{\"x\":1}}", NULL }, /* the same key in two objects */
  { "\"\\ud83d\\ude00\"", NULL },
  { "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", NULL }, /* 16 deep */
  { "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "nested too deep" },
  { "", "a value is broken" },
  { " ", "a value is broken" },
  { "\xef\xbb\xbf{}", "byte order mark" },
  { "{\"a\":1,\"a\":2}", "a key twice" },
  { "{\"a\":{\"b\":1},\"a\":2}", "a key twice" },
  { "{\"password\":1,\"pass\\u0077ord\":2}", "a key has an escape" },
  { "\"\\u0000\"", "\\u0000" },
  { "\"\\ud800\"", "surrogate" },
  { "\"\\udc00\"", "surrogate" },
  { "\"\\ud800\\u0041\"", "surrogate" },
  { "\"\\x\"", "escape is broken" },
  { "\"\\u12g4\"", "escape is broken" },
  { "\"\\", "escape is broken" },
  { "\"a\nb\"", "control character" },
  { "\"abc", "no end" },
  { "{} {}", "behind its end" },
  { "{}x", "behind its end" },
  { "/* c */ {}", "a value is broken" },
  { "{} // c", "behind its end" },
  { "{\"a\":1,}", "a string is missing" },
  { "[1,]", "a value is broken" },
  { "[1 2]", "comma" },
  { "{\"a\" 1}", "colon" },
  { "{a:1}", "a string is missing" },
  { "{'a':1}", "a string is missing" },
  { "[1", "comma" },
  { "[", "a value is broken" },
  { "{", "a string is missing" },
  { "]", "a value is broken" },
  { "01", "behind its end" },
  { "-", "a value is broken" },
  { "1.", "a value is broken" },
  { "1e", "a value is broken" },
  { "+1", "a value is broken" },
  { "NaN", "a value is broken" },
  { "truee", "behind its end" },
  { "12345678901234567890123456789012", NULL },
  { "123456789012345678901234567890123", "too long" },
  { "\"\xff\"", "not UTF-8" },
  { "\"\xc0\x80\"", "not UTF-8" },
};

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *why = "untouched";
      gboolean passes = fel_json_gate (cases[i].text, strlen (cases[i].text), &why);
      g_autoptr (JsonNode) root = fel_json_parse (cases[i].text, strlen (cases[i].text));

      g_test_message ("%zu: %s", i, why);
      g_assert_true (passes == (cases[i].why == NULL));
      g_assert_nonnull (strstr (why, cases[i].why != NULL ? cases[i].why : "untouched"));
      g_assert_true ((root != NULL) == passes); /* what passes, the parser takes */
    }
}

static void
test_nul (void)
{
  const char *why = NULL;

  g_assert_false (fel_json_gate ("{}\0", 3, &why));
  g_assert_cmpstr (why, ==, "it is not UTF-8");
}

/* An exact length is respected: no byte behind it is looked at. */
static void
test_every_prefix (void)
{
  static const char text[] = "{\"id\":\"a\\u00e9\",\"database\":{\"n\":[1,2.5e3,true,null]},\"password\":\"p\"}";

  for (gsize len = 0; len < strlen (text); len++)
    {
      g_autofree char *exact = g_memdup2 (text, len);
      const char *why = NULL;

      g_assert_false (fel_json_gate (exact, len, &why));
      g_assert_nonnull (why);
    }
}

static char *
object_with_keys (guint n)
{
  g_autoptr (GString) text = g_string_new ("{");

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s\"k%u\":0", i > 0 ? "," : "", i);
  g_string_append_c (text, '}');
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_limit_of_keys (void)
{
  g_autofree char *at = object_with_keys (FEL_JSON_OPEN_KEYS_MAX);
  g_autofree char *past = object_with_keys (FEL_JSON_OPEN_KEYS_MAX + 1);
  const char *why = NULL;

  g_assert_true (fel_json_gate (at, strlen (at), &why));
  g_assert_null (why);
  g_assert_false (fel_json_gate (past, strlen (past), &why));
  g_assert_cmpstr (why, ==, "an object has too many keys");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json-gate/cases", test_cases);
  g_test_add_func ("/json-gate/nul", test_nul);
  g_test_add_func ("/json-gate/every-prefix", test_every_prefix);
  g_test_add_func ("/json-gate/limit-of-keys", test_limit_of_keys);
  return g_test_run ();
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nile-salvage.h"

#include <string.h>

#define A "018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e"
#define B "018f2f2e-0000-7000-8000-000000000001"
#define ID_A "\"id\":\"" A "\""
#define ID_B "\"id\":\"" B "\""
#define FULL "{" ID_A ",\"database\":{" ID_B ",\"name\":\"orders\"},\"password\":\"p\"}"

static const char *const found[] = {
  /* cut behind it */
  "{" ID_A,
  "{" ID_A ",",
  "{" ID_A ",\"pass",
  "{" ID_A ",\"password\"",
  "{" ID_A ",\"password\":\"p",
  "{" ID_A ",\"password\":\"p\\",
  "{" ID_A ",\"password\":\"p\\u00",
  "{" ID_A ",\"database\":{" ID_B,
  "{" ID_A ",\"database\":{" ID_B ",\"list\":[{" ID_B "}",
  "{\"password\":\"p\",\"n\":-1.5e+3,\"t\":true,\"z\":null,\"e\":{},\"l\":[]," ID_A ",\"x",
  " \r\n\t{ \"id\" : \"" A "\" ",
  FULL,

  /* complete, and refused for another reason */
  "{" ID_A ",\"password\":\"p\",\"password\":\"q\"}",
  "{" ID_A ",\"password\":\"p\\u0000q\"}",
  "{" ID_A ",\"password\":\"p\\ud800\"}",
  "{" ID_A "," ID_A "}",
  "{" ID_A ",}",
  "{" ID_A "}x",
  "{" ID_A "}{}",
  "{" ID_A "x",
  "{" ID_A ",\"password\":\"p\nq\"}",
  "{" ID_A ",\"password\":\"p\x01q\"}",
  "{" ID_A ",\"password\":\"\xff\"}",
  "{" ID_A ",\"x\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}",
  "{" ID_A ",\"x\":[}",
  "{" ID_A ",\"x\":{]",
  "{\"database\":{" ID_B "}," ID_A "}",
  "{\"s\":\"}\"," ID_A "}",
  "{\"s\":\"\\\"\"," ID_A "}",
  "{\"s\":\"\\\\\"," ID_A "}",
};

static const char *const not_found[] = {
  "",
  "{",
  "{}",
  "null",
  "\"" A "\"",
  "[" ID_A "]",
  "[{" ID_A "}]",
  "\xef\xbb\xbf{" ID_A "}",
  "/**/{" ID_A "}",
  "<html>{" ID_A "}",
  "{{" ID_A "}}",

  /* cut before its end */
  "{\"id",
  "{\"id\"",
  "{\"id\":",
  "{\"id\":\"",
  "{\"id\":\"018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6",
  "{\"id\":\"" A,

  /* not ours to take: at another depth, within a string, another name */
  "{\"database\":{" ID_A "}}",
  "{\"database\":{" ID_A,
  "{\"list\":[{" ID_A "}]}",
  "{\"list\":[\"id\",\"" A "\"]}",
  "{\"s\":\"{\\\"id\\\":\\\"" A "\\\"}\"}",
  "{\"s\":\"id\",\"t\":\"" A "\"}",
  "{\"ID\":\"" A "\"}",
  "{\"id2\":\"" A "\"}",
  "{\"i\":\"" A "\"}",
  "{'id':'" A "'}",
  "{id:\"" A "\"}",

  /* no UUID */
  "{\"id\":\"\"}",
  "{\"id\":\"1\"}",
  "{\"id\":null}",
  "{\"id\":7}",
  "{\"id\":true," ID_A "}",
  "{\"id\":[\"" A "\"]}",
  "{\"id\":{" ID_A "}}",
  "{\"id\":\"018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6\"}",
  "{\"id\":\"018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e0\"}",
  "{\"id\":\"018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6g\"}",
  "{\"id\":\"018f2f2e07d3a-7b1c-8d2e-1f2a3b4c5d6e\"}",
  "{\"id\":\"../../../../../../../../../../../x\"}",
  "{\"id\":\" 18f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e\"}",
  "{\"id\":\"\\u0030"
  "18f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e\"}",
  "{\"id\":\"018f2f2e-7d3a-7b1c-8d2e-1\\u0000b4c5d6e\"}",
  "{\"id\":\"018f2f2e-7d3a-7b1c-8d2e-\n1f2a3b4c5d6\"}",

  /* it could be another */
  "{" ID_A "," ID_B "}",
  "{" ID_A "," ID_B,
  "{" ID_A ",\"id\":\"018f",
  "{" ID_A ",\"id\":",
  "{" ID_A ",\"id\"",
  "{" ID_A ",\"id\":null}",
  "{" ID_A ",\"id\":{}}",
  "{" ID_A ",\"id\":}",
  "{" ID_A ",\"\\u0069d\":\"" B "\"}",
  "{\"\\u0069d\":\"" B "\"," ID_A "}",
  "{" ID_A "}{" ID_B "}",
  "{" ID_A "}{" ID_A "}",
  "{" ID_A ",}{" ID_B "}",
  "{" ID_A ",'id':'" B "'}",
  "{" ID_A ",/**/" ID_B "}",
  "{" ID_A ",,\"\\u0069\\u0064\":\"" B "\"}",
  "{" ID_A "]," ID_B "}",
  "{" ID_A ",\"x\":[}," ID_B "}",
  "{" ID_A ",\"p\":\"a\nb\"," ID_B "}",
};

static void
check (const char *text, gsize len, gboolean expected)
{
  /* Exactly as long, so that a read behind it is seen. */
  g_autofree char *exact = g_memdup2 (text, len);
  g_autofree char *terminated = g_strndup (text, len);
  g_autofree char *shown = g_strescape (terminated, NULL);
  char id[NILE_SALVAGED_LEN + 1] = "untouched";

  g_test_message ("%s", shown);
  g_assert_true (nile_salvage_id (exact, len, id) == expected);
  g_assert_cmpstr (id, ==, expected ? A : "untouched");
}

static void
test_found (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (found); i++)
    check (found[i], strlen (found[i]), TRUE);
}

static void
test_not_found (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (not_found); i++)
    check (not_found[i], strlen (not_found[i]), FALSE);
}

/* From the quotation mark on, and never before. */
static void
test_cut_everywhere (void)
{
  gsize complete = strlen ("{" ID_A);

  for (gsize len = 0; len <= strlen (FULL); len++)
    check (FULL, len, len >= complete);
}

static void
test_nul (void)
{
  static const char in_text[] = "{" ID_A ",\"password\":\"p\0q\"}";
  static const char before[] = "{\0" ID_A "}";
  static const char behind[] = "{" ID_A "}\0\0";
  static const char hides[] = "{" ID_A "}\0{" ID_B "}";

  check (in_text, sizeof in_text - 1, TRUE);
  check (before, sizeof before - 1, FALSE);
  check (behind, sizeof behind - 1, TRUE);
  check (hides, sizeof hides - 1, FALSE);
}

static void
check_nested (guint depth, const char *behind, gboolean expected)
{
  g_autofree char *open = g_strnfill (depth, '[');
  g_autofree char *close = g_strnfill (depth, ']');
  g_autofree char *text = g_strdup_printf ("{" ID_A ",\"x\":%s%s%s}", open, close, behind);

  check (text, strlen (text), expected);
}

static void
test_depth (void)
{
  check_nested (63, "", TRUE);
  check_nested (63, "," ID_B, FALSE);
  check_nested (64, "", TRUE);
  check_nested (64, "," ID_B, FALSE);
  check_nested (5000, "," ID_B, FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nile-salvage/found", test_found);
  g_test_add_func ("/nile-salvage/not-found", test_not_found);
  g_test_add_func ("/nile-salvage/cut-everywhere", test_cut_everywhere);
  g_test_add_func ("/nile-salvage/nul", test_nul);
  g_test_add_func ("/nile-salvage/depth", test_depth);
  return g_test_run ();
}

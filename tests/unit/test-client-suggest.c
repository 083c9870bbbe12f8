/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "suggest.h"

static const char *const words[]
    = { "create", "get", "list", "revoke", "rotate", "sign-in", "sign-out", "acme/orders" };

static const struct
{
  const char *typed;
  const char *meant; /* NULL: nothing */
} cases[] = {
  { "crate", "create" },   /* one left out */
  { "creaate", "create" }, /* one added */
  { "craete", "create" },  /* two swapped */
  { "lost", "list" },      /* one changed */
  { "gte", "get" },        /* a third of three may be wrong, and swapped ones are one */
  { "signin", "sign-in" },
  { "acm/ordres", "acme/orders" },
  { "rotte", "rotate" },
  { "go", NULL },
  { "", NULL },
  { "x", NULL },
  { "password", NULL },
  { "acme", NULL },
};

static void
test_words (void)
{
  g_autofree char *long_one = g_strnfill (5000, 'c');
  FelSuggestion none = fel_suggestion_for (long_one);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      FelSuggestion suggestion = fel_suggestion_for (cases[i].typed);

      for (gsize k = 0; k < G_N_ELEMENTS (words); k++)
        fel_suggestion_offer (&suggestion, words[k]);
      g_assert_cmpstr (suggestion.nearest, ==, cases[i].meant);
    }
  fel_suggestion_offer (&none, long_one);
  g_assert_null (none.nearest);
}

static void
test_options (void)
{
  static const GOptionEntry some[] = { { "create", 'c', 0, G_OPTION_ARG_NONE, NULL, NULL, NULL }, { 0 } };
  static const GOptionEntry others[] = { { "format", 'f', 0, G_OPTION_ARG_STRING, NULL, NULL, NULL }, { 0 } };
  static const struct
  {
    const char *argv[4];
    const char *meant;
  } lines[] = {
    { { "felucca", "--create", "--fromat=url" }, "format" },
    { { "felucca", "--crete" }, "create" },
    { { "felucca", "--format", "x" }, NULL },
    { { "felucca", "--", "x" }, NULL },
    { { "felucca", "--unheard-of" }, NULL },
    { { "felucca" }, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      FelSuggestion suggestion = fel_suggestion_for_option ((char **) lines[i].argv, some, others);

      g_assert_cmpstr (suggestion.nearest, ==, lines[i].meant);
    }
  g_assert_null (fel_suggestion_for_option ((char **) lines[4].argv, NULL, NULL).nearest);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/suggest/words", test_words);
  g_test_add_func ("/client/suggest/options", test_options);
  return g_test_run ();
}

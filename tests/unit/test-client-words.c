/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "exit.h"
#include "target.h"
#include "text.h"
#include "when.h"

#define REPLACEMENT "\357\277\275"

static const struct
{
  const char *operand;
  const char *workspace; /* NULL: refused */
  const char *database;
} targets[] = {
  { "acme/orders", "acme", "orders" },
  { "team/db/readonly", "team/db", "readonly" },
  { "acme//b", "acme/", "b" },
  { "0192aa", "0192aa", NULL },
  { "", NULL, NULL },
  { "/", NULL, NULL },
  { "acme/", NULL, NULL },
  { "/orders", NULL, NULL },
};

static void
test_ids (void)
{
  static const struct
  {
    const char *operand;
    gboolean is_id;
  } cases[] = {
    { "0192aa", TRUE }, { "acme/orders", TRUE }, { "team/db/readonly", TRUE }, { "database/creds/readonly/abc", TRUE },
    { "", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (fel_target_check_id (cases[i].operand, &error), ==, cases[i].is_id);
      g_assert_true (cases[i].is_id == (error == NULL));
    }
}

static void
test_targets (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (FelTarget) target = fel_target_parse (targets[i].operand, &error);
      g_autoptr (FelTarget) database = fel_target_parse_database (targets[i].operand, NULL);

      g_assert_cmpint (target != NULL, ==, targets[i].workspace != NULL);
      g_assert_cmpint (database != NULL, ==, targets[i].database != NULL);
      if (target == NULL)
        {
          g_assert_error (error, FEL_EXIT, FEL_EXIT_USAGE);
          continue;
        }
      g_assert_cmpstr (target->workspace, ==, targets[i].workspace);
      g_assert_cmpstr (target->database, ==, targets[i].database);
    }
}

#define NOW 1000000000

static const struct
{
  gint64 then_sec;
  const char *text;
} times[] = {
  { NOW, "now" },
  { NOW - 4, "now" },
  { NOW + 4, "now" },
  { NOW - 5, "5 s ago" },
  { NOW + 59, "in 59 s" },
  { NOW - 60, "1 min ago" },
  { NOW - 3599, "59 min ago" },
  { NOW + 3600, "in 1 h" },
  { NOW - 2 * 86400 + 1, "47 h ago" },
  { NOW - 2 * 86400, "2 d ago" },
  { NOW + 2 * 365 * 86400 - 1, "in 729 d" },
  { NOW + 2 * 365 * 86400, "in 2 y" },
  { G_MAXINT64, "in 292471208645 y" },
  { G_MININT64, "292471208709 y ago" },
};

static void
test_times (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autofree char *text = fel_when_say (times[i].then_sec, NOW);

      g_assert_cmpstr (text, ==, times[i].text);
    }
}

static const struct
{
  const char *text;
  const char *printable;
  guint width;
} texts[] = {
  { "plain", "plain", 5 },
  { "gr\303\266\303\237e", "gr\303\266\303\237e", 5 },
  { "\345\257\277\345\217\270", "\345\257\277\345\217\270", 4 },
  { "e\314\201", "e\314\201", 1 },
  { "a\033[31m\nb", "a" REPLACEMENT "[31m" REPLACEMENT "b", 8 },
  { "\302\233", REPLACEMENT, 1 },          /* a C1 control */
  { "\342\200\256x", REPLACEMENT "x", 2 }, /* right-to-left override */
  { "\351", REPLACEMENT, 1 },
};

static void
test_printable (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *printable = fel_text_printable (texts[i].text);

      g_assert_cmpstr (printable, ==, texts[i].printable);
      g_assert_cmpuint (fel_text_width (printable), ==, texts[i].width);
      g_assert_cmpint (fel_text_is_safe (texts[i].text, strlen (texts[i].text)), ==,
                       g_str_equal (texts[i].text, texts[i].printable));
    }
  g_assert_true (fel_text_is_safe ("a\nb", 3));
  g_assert_false (fel_text_is_safe ("a\0b", 3));
}

static const struct
{
  const char *text;
  guint width;
  const char *cut;
} cuts[] = {
  { "abcdef", 6, "abcdef" },
  { "abcdef", 5, "abcd\342\200\246" },
  { "abcdef", 1, "\342\200\246" },
  { "\345\257\277\345\217\270", 3, "\345\257\277\342\200\246" },
  { "\345\257\277\345\217\270", 2, "\342\200\246" },
};

static void
test_cut (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cuts); i++)
    {
      g_autofree char *cut = fel_text_cut (cuts[i].text, cuts[i].width);

      g_assert_cmpstr (cut, ==, cuts[i].cut);
      g_assert_cmpuint (fel_text_width (cut), <=, cuts[i].width);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/words/targets", test_targets);
  g_test_add_func ("/client/words/ids", test_ids);
  g_test_add_func ("/client/words/times", test_times);
  g_test_add_func ("/client/words/printable", test_printable);
  g_test_add_func ("/client/words/cut", test_cut);
  return g_test_run ();
}

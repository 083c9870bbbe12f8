/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unresolved.h"

#include "exit.h"
#include "felucca-names.h"
#include "view.h"

static const char *const intents[] = { "3f2a9c1b-5d44", "3f2a9c1b-0000", "B0b0b0b0-5d44", "abcd", "abcd1", NULL };

static GPtrArray *
mints_new (const char *const *names)
{
  GPtrArray *mints = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_record_free);

  g_ptr_array_add (mints, fel_record_new ()); /* one without a name is never meant */
  for (gsize i = 0; names[i] != NULL; i++)
    {
      FelRecord *mint = fel_record_new ();

      fel_record_set_text (mint, FEL_KEY_INTENT, names[i]);
      g_ptr_array_add (mints, mint);
    }
  return mints;
}

static const struct
{
  const char *typed;
  const char *found; /* NULL: status says why */
  FelExit status;
} cases[] = {
  { "3f2a9c1b-5d44", "3f2a9c1b-5d44", FEL_EXIT_DONE },
  { "3f2a9c1b-5", "3f2a9c1b-5d44", FEL_EXIT_DONE },
  { "3F2A9C1B-5", "3f2a9c1b-5d44", FEL_EXIT_DONE },
  { "b0b0", "B0b0b0b0-5d44", FEL_EXIT_DONE },
  { "abcd", "abcd", FEL_EXIT_DONE },
  { "abcd1", "abcd1", FEL_EXIT_DONE },
  { "3f2a", NULL, FEL_EXIT_USAGE }, /* two */
  { "3f2a9c1b-", NULL, FEL_EXIT_USAGE },
  { "b0b", NULL, FEL_EXIT_USAGE }, /* too short, though it is the only one */
  { "", NULL, FEL_EXIT_USAGE },
  { "3f2a9c1b-5d44-", NULL, FEL_EXIT_NOT_FOUND },
  { "2a9c1b", NULL, FEL_EXIT_NOT_FOUND },
};

static void
test_find (void)
{
  g_autoptr (GPtrArray) mints = mints_new (intents);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("'%s'", cases[i].typed);
      g_assert_cmpstr (fel_unresolved_find (mints, cases[i].typed, &error), ==, cases[i].found);
      if (cases[i].found == NULL)
        g_assert_error (error, FEL_EXIT, (int) cases[i].status);
      else
        g_assert_no_error (error);
    }
}

static void
test_find_names_a_few (void)
{
  static const char *const many[] = { "aaaa1", "aaaa2", "aaaa3", "aaaa4", "aaaa5", "aaaa6", "aaaa7", NULL };
  static const struct
  {
    guint n;
    const char *said;
  } sentences[] = {
    { 2, "'aaaa' may mean any of 2: aaaa1, aaaa2" },
    { 5, "'aaaa' may mean any of 5: aaaa1, aaaa2, aaaa3, aaaa4, aaaa5" },
    { 6, "'aaaa' may mean any of 6: aaaa1, aaaa2, aaaa3, aaaa4, aaaa5 and 1 more" },
    { 7, "'aaaa' may mean any of 7: aaaa1, aaaa2, aaaa3, aaaa4, aaaa5 and 2 more" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (sentences); i++)
    {
      g_autoptr (GPtrArray) mints = mints_new (many);
      g_autoptr (GError) error = NULL;

      g_ptr_array_set_size (mints, (int) sentences[i].n + 1);
      g_assert_null (fel_unresolved_find (mints, "aaaa", &error));
      g_assert_cmpstr (error->message, ==, sentences[i].said);
    }
}

static void
test_oldest (void)
{
  static const char *const names[] = { "aaaa", "bbbb", NULL };
  g_autoptr (GPtrArray) mints = mints_new (names);
  gint64 since_sec = 7;

  g_assert_false (fel_unresolved_oldest (mints, &since_sec));
  g_assert_cmpint (since_sec, ==, 7);
  fel_record_set_number (g_ptr_array_index (mints, 1), FEL_KEY_SINCE, G_MAXINT64);
  g_assert_true (fel_unresolved_oldest (mints, &since_sec));
  g_assert_cmpint (since_sec, ==, G_MAXINT64);
  fel_record_set_number (g_ptr_array_index (mints, 2), FEL_KEY_SINCE, -5);
  g_assert_true (fel_unresolved_oldest (mints, &since_sec));
  g_assert_cmpint (since_sec, ==, -5);
}

static void
test_view (void)
{
  static const char *const names[] = { "3f2a9c1b", "b0b0b0b0", NULL };
  g_autoptr (GPtrArray) mints = mints_new (names);
  g_autoptr (FelTable) table = NULL;
  g_autoptr (FelBuffer) out = fel_buffer_new ();
  FelRecord *sent = g_ptr_array_index (mints, 1), *minted = g_ptr_array_index (mints, 2);

  g_ptr_array_remove_index (mints, 0);
  fel_record_set_text (sent, FEL_KEY_WORKSPACE, "acme");
  fel_record_set_text (sent, FEL_KEY_DATABASE, "orders");
  fel_record_set_text (sent, FEL_KEY_STATE, "sent");
  fel_record_set_number (sent, FEL_KEY_SINCE, 1000);
  fel_record_set_text (sent, FEL_KEY_DETAIL, "a detail that is wider\033than the table is");
  fel_record_set_text (minted, FEL_KEY_STATE, "minted");
  fel_record_set_text (minted, FEL_KEY_ID, "id-1");

  table = fel_view_unresolved (mints, 1180);
  fel_table_render (table, FALSE, 50, out);
  g_assert_cmpstr (out->bytes, ==,
                   "INTENT    DATABASE     STATE   SINCE\n"
                   "3f2a9c1b  acme/orders  sent    3 min ago\n"
                   "  perhaps one was minted; the provider was not asked yet\n"
                   "  last try: a detail that is wider\357\277\275than the table is\n"
                   "b0b0b0b0  /            minted\n"
                   "  minted as id-1, which is to be ended\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/unresolved/find", test_find);
  g_test_add_func ("/client/unresolved/find-names-a-few", test_find_names_a_few);
  g_test_add_func ("/client/unresolved/oldest", test_oldest);
  g_test_add_func ("/client/unresolved/view", test_view);
  return g_test_run ();
}

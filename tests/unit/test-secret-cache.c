/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "secret-cache.h"

#include <string.h>

#include "locked-memory.h"

#define REST_USEC (300 * G_USEC_PER_SEC)

static gboolean
put (FelSecretCache *cache, const char *path, const char *password, gint64 now_usec)
{
  g_autoptr (FelSecret) secret = fel_secret_new (password, strlen (password));

  return fel_secret_cache_put (cache, path, secret, 7, fel_secret_cache_epoch (cache), now_usec);
}

static void
assert_held (FelSecretCache *cache, const char *path, gint64 now_usec, const char *password)
{
  gboolean is_good;
  const FelSecret *held = fel_secret_cache_find (cache, path, now_usec, &is_good);

  g_assert_cmpstr (held != NULL ? held->bytes : NULL, ==, password);
}

static void
test_find (void)
{
  g_autoptr (FelSecretCache) cache = fel_secret_cache_new ();

  assert_held (cache, "/1", 0, NULL);
  g_assert_true (put (cache, "/1", "one", 0));
  g_assert_true (put (cache, "/2", "two", 0));
  assert_held (cache, "/1", 1, "one");
  assert_held (cache, "/2", 1, "two");
  g_assert_true (put (cache, "/1", "other", 2));
  assert_held (cache, "/1", 3, "other");
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 2);
  fel_secret_cache_free (NULL);
}

static void
test_drop (void)
{
  g_autoptr (FelSecretCache) cache = fel_secret_cache_new ();

  put (cache, "/1", "one", 0);
  put (cache, "/2", "two", 0);
  put (cache, "/3", "three", 0);
  fel_secret_cache_drop (cache, "/1");
  fel_secret_cache_drop (cache, "/9");
  assert_held (cache, "/1", 0, NULL);
  assert_held (cache, "/2", 0, "two");
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 2);
  fel_secret_cache_drop (cache, NULL);
  assert_held (cache, "/2", 0, NULL);
  assert_held (cache, "/3", 0, NULL);
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 0);
}

/* What a read brings that something has overtaken is of no use. */
static void
test_overtaken (void)
{
  static const char *const dropped[] = { "/1", "/2", NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (dropped); i++)
    {
      g_autoptr (FelSecretCache) cache = fel_secret_cache_new ();
      g_autoptr (FelSecret) secret = fel_secret_new ("one", 3);
      guint64 epoch = fel_secret_cache_epoch (cache);

      fel_secret_cache_drop (cache, dropped[i]);
      g_assert_false (fel_secret_cache_put (cache, "/1", secret, 7, epoch, 0));
      assert_held (cache, "/1", 0, NULL);
      g_assert_true (put (cache, "/1", "one", 0));
    }
}

static void
test_rest (void)
{
  g_autoptr (FelSecretCache) cache = fel_secret_cache_new ();

  g_assert_cmpint (fel_secret_cache_expire (cache, 0), ==, G_MAXINT64);
  put (cache, "/1", "one", 0);
  put (cache, "/2", "two", 10);
  g_assert_cmpint (fel_secret_cache_expire (cache, 20), ==, REST_USEC);
  assert_held (cache, "/1", 100, "one"); /* a use */
  g_assert_cmpint (fel_secret_cache_expire (cache, 100), ==, REST_USEC + 10);
  assert_held (cache, "/2", REST_USEC + 10, NULL); /* however late the timer is */
  g_assert_cmpint (fel_secret_cache_expire (cache, REST_USEC + 99), ==, REST_USEC + 100);
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 1);
  g_assert_cmpint (fel_secret_cache_expire (cache, REST_USEC + 100), ==, G_MAXINT64);
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 0);
}

static void
test_limit (void)
{
  g_autoptr (FelSecretCache) cache = fel_secret_cache_new ();

  for (guint i = 0; i < FEL_SECRET_CACHE_MAX; i++)
    {
      g_autofree char *path = g_strdup_printf ("/%u", i);

      g_assert_true (put (cache, path, "x", i));
    }
  assert_held (cache, "/0", 1000, "x"); /* used last, so /1 rests the longest */
  put (cache, "/0", "again", 1000);     /* no more of them than before */
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, FEL_SECRET_CACHE_MAX);
  put (cache, "/more", "x", 1001);
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, FEL_SECRET_CACHE_MAX);
  assert_held (cache, "/1", 1002, NULL);
  assert_held (cache, "/0", 1002, "again");
  assert_held (cache, "/2", 1002, "x");
  assert_held (cache, "/more", 1002, "x");
}

static gboolean
is_good (FelSecretCache *cache, const char *path, gint64 now_usec)
{
  gboolean good = FALSE;

  g_assert_nonnull (fel_secret_cache_find (cache, path, now_usec, &good));
  return good;
}

/* For a second by itself, for another one after each look that found the item as it was. */
static void
test_confirm (void)
{
  static const gint64 others[] = { 0, 6, 8 };

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (FelSecretCache) cache = fel_secret_cache_new ();
      guint64 epoch;

      put (cache, "/1", "one", 0);
      g_assert_true (is_good (cache, "/1", G_USEC_PER_SEC - 1));
      g_assert_false (is_good (cache, "/1", G_USEC_PER_SEC));
      fel_secret_cache_confirm (cache, "/1", 7, G_USEC_PER_SEC);
      fel_secret_cache_confirm (cache, "/2", 7, G_USEC_PER_SEC);
      g_assert_true (is_good (cache, "/1", 2 * G_USEC_PER_SEC - 1));
      epoch = fel_secret_cache_epoch (cache);
      fel_secret_cache_confirm (cache, "/1", others[i], 2 * G_USEC_PER_SEC);
      assert_held (cache, "/1", 2 * G_USEC_PER_SEC, NULL);
      g_assert_cmpuint (fel_secret_cache_epoch (cache), !=, epoch);
    }
}

/* Two times that nobody knows are not the same. */
static void
test_confirm_without_time (void)
{
  g_autoptr (FelSecretCache) cache = fel_secret_cache_new ();
  g_autoptr (FelSecret) secret = fel_secret_new ("one", 3);

  g_assert_true (fel_secret_cache_put (cache, "/1", secret, 0, fel_secret_cache_epoch (cache), 0));
  g_assert_true (is_good (cache, "/1", 1));
  fel_secret_cache_confirm (cache, "/1", 0, 1);
  assert_held (cache, "/1", 1, NULL);
}

/* Of a size that does not fit the locked memory: it comes from the heap. */
static void
test_only_locked (void)
{
  g_autoptr (FelSecretCache) cache = fel_secret_cache_new ();
  g_autofree char *bytes = g_malloc0 (100000);
  g_autoptr (FelSecret) secret = fel_secret_new (bytes, 100000);

  g_assert_false (fel_locked_memory_has (secret));
  g_assert_false (fel_secret_cache_put (cache, "/1", secret, 7, fel_secret_cache_epoch (cache), 0));
  assert_held (cache, "/1", 0, NULL);
}

static GLogWriterOutput
on_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  return G_LOG_WRITER_HANDLED; /* that something did not fit */
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (on_log, NULL, NULL);
  if (!fel_locked_memory_open (&error))
    {
      g_print ("1..0 # SKIP %s\n", error->message);
      return 0;
    }
  g_test_add_func ("/secret-cache/find", test_find);
  g_test_add_func ("/secret-cache/drop", test_drop);
  g_test_add_func ("/secret-cache/overtaken", test_overtaken);
  g_test_add_func ("/secret-cache/rest", test_rest);
  g_test_add_func ("/secret-cache/confirm", test_confirm);
  g_test_add_func ("/secret-cache/confirm-without-time", test_confirm_without_time);
  g_test_add_func ("/secret-cache/limit", test_limit);
  g_test_add_func ("/secret-cache/only-locked", test_only_locked);
  return g_test_run ();
}

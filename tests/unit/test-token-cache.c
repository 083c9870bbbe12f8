/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "token-cache.h"

#include <string.h>

static FelToken *
make_token (const char *access)
{
  g_autoptr (FelSecret) secret = fel_secret_new (access, strlen (access));

  return fel_token_new (secret, NULL, 0, "me", NULL);
}

static void
set (FelTokenSlot *slot, const char *access, gboolean unsaved)
{
  g_autoptr (FelToken) token = make_token (access);

  fel_token_slot_set (slot, token, unsaved);
}

static void
assert_slot (const FelTokenSlot *slot, const char *path, const char *account, const char *access, gboolean ready)
{
  g_assert_cmpstr (slot->path, ==, path);
  g_assert_cmpstr (slot->account, ==, account);
  g_assert_cmpstr (slot->token != NULL ? slot->token->access->bytes : NULL, ==, access);
  g_assert_cmpint (fel_token_slot_is_ready (slot, 0), ==, ready);
}

static void
test_slots (void)
{
  g_autoptr (FelTokenCache) cache = fel_token_cache_new ();
  FelTokenSlot *a = fel_token_cache_slot (cache, "a");

  assert_slot (a, NULL, NULL, NULL, FALSE);
  g_assert_true (fel_token_cache_slot (cache, "a") == a);
  g_assert_true (fel_token_cache_slot (cache, "b") != a);
  for (guint i = 0; i < 100; i++) /* it stays where it is */
    {
      g_autofree char *name = g_strdup_printf ("n%u", i);

      fel_token_cache_slot (cache, name);
    }
  g_assert_true (fel_token_cache_slot (cache, "a") == a);
  fel_token_cache_free (NULL);
}

static void
test_found (void)
{
  g_autoptr (FelTokenCache) cache = fel_token_cache_new ();
  FelTokenSlot *slot = fel_token_cache_slot (cache, "a");

  fel_token_cache_found (cache, "a", "me", "/1");
  assert_slot (slot, "/1", "me", NULL, TRUE);
  set (slot, "t1", FALSE);
  fel_token_cache_found (cache, "a", "me", "/1"); /* the same item: what was loaded stays */
  assert_slot (slot, "/1", "me", "t1", TRUE);
  slot->refused = TRUE;
  slot->final = TRUE;
  fel_token_cache_found (cache, "a", "me", "/1");
  assert_slot (slot, "/1", "me", "t1", FALSE);
  g_assert_true (slot->final);
  fel_token_cache_found (cache, "a", "you", "/2"); /* another item: somebody has signed in anew */
  assert_slot (slot, "/2", "you", NULL, TRUE);
  g_assert_false (slot->refused);
  g_assert_false (slot->final);
  slot->final = TRUE;
  set (slot, "t2", FALSE);
  g_assert_false (slot->final);
}

static void
test_lost (void)
{
  g_autoptr (FelTokenCache) cache = fel_token_cache_new ();
  FelTokenSlot *a = fel_token_cache_slot (cache, "a");
  FelTokenSlot *b = fel_token_cache_slot (cache, "b");
  FelTokenSlot *c = fel_token_cache_slot (cache, "c");

  fel_token_cache_found (cache, "a", "me", "/1");
  fel_token_cache_found (cache, "b", "me", "/2");
  set (a, "ta", FALSE);
  set (b, "tb", FALSE);
  set (c, "tc", TRUE); /* in memory alone */
  fel_token_cache_lost (cache, "/3");
  assert_slot (a, "/1", "me", "ta", TRUE);
  fel_token_cache_lost (cache, "/1");
  assert_slot (a, NULL, NULL, NULL, FALSE);
  assert_slot (b, "/2", "me", "tb", TRUE);
  assert_slot (c, NULL, NULL, "tc", TRUE);
  g_assert_true (c->unsaved);
}

static void
test_load (void)
{
  g_autoptr (FelTokenCache) cache = fel_token_cache_new ();
  FelTokenSlot *a = fel_token_cache_slot (cache, "a");
  FelTokenSlot *b = fel_token_cache_slot (cache, "b");
  FelTokenSlot *c = fel_token_cache_slot (cache, "c");

  fel_token_cache_found (cache, "a", "me", "/1");
  fel_token_cache_found (cache, "b", "me", "/2");
  set (a, "ta", FALSE);
  set (b, "tb", FALSE);
  set (c, "tc", TRUE);
  fel_token_cache_begin_load (cache);
  fel_token_cache_found (cache, "b", "me", "/2");
  assert_slot (a, "/1", "me", "ta", TRUE); /* nothing goes before the end */
  fel_token_cache_end_load (cache);
  assert_slot (a, NULL, NULL, NULL, FALSE);
  assert_slot (b, "/2", "me", "tb", TRUE);
  assert_slot (c, NULL, NULL, "tc", TRUE);
  fel_token_cache_found (cache, "a", "me", "/3"); /* between two loads */
  fel_token_cache_begin_load (cache);
  fel_token_cache_found (cache, "a", "me", "/3");
  fel_token_cache_end_load (cache);
  assert_slot (a, "/3", "me", NULL, TRUE);
  assert_slot (b, NULL, NULL, NULL, FALSE);
}

static void
test_set (void)
{
  g_autoptr (FelTokenCache) cache = fel_token_cache_new ();
  FelTokenSlot *slot = fel_token_cache_slot (cache, "a");
  g_autoptr (FelToken) token = make_token ("t1");

  slot->refused = TRUE;
  fel_token_slot_set (slot, token, TRUE);
  assert_slot (slot, NULL, NULL, "t1", TRUE);
  g_assert_true (slot->unsaved);
  fel_token_slot_set (slot, slot->token, FALSE); /* the very same one */
  assert_slot (slot, NULL, NULL, "t1", TRUE);
  g_assert_false (slot->unsaved);
  set (slot, "t2", FALSE);
  assert_slot (slot, NULL, NULL, "t2", TRUE);
  g_assert_cmpstr (token->access->bytes, ==, "t1"); /* ours lives on */
  slot->refused = slot->unsaved = TRUE;
  fel_token_slot_clear (slot);
  assert_slot (slot, NULL, NULL, NULL, FALSE);
  g_assert_false (slot->refused || slot->unsaved);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token-cache/slots", test_slots);
  g_test_add_func ("/token-cache/found", test_found);
  g_test_add_func ("/token-cache/lost", test_lost);
  g_test_add_func ("/token-cache/load", test_load);
  g_test_add_func ("/token-cache/set", test_set);
  return g_test_run ();
}

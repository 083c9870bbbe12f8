/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "secret.h"

#include <string.h>

void __wrap_explicit_bzero (void *bytes, size_t len);
void __wrap___explicit_bzero_chk (void *bytes, size_t len, size_t room);
void __real_explicit_bzero (void *bytes, size_t len);

static struct
{
  guint n;
  gsize len;
  const void *at;
} erased;

void
__wrap_explicit_bzero (void *bytes, size_t len)
{
  __real_explicit_bzero (bytes, len);
  erased.n++;
  erased.len = len;
  erased.at = bytes;
}

void
__wrap___explicit_bzero_chk (void *bytes, size_t len, size_t room)
{
  g_assert_cmpuint (len, <=, room);
  __wrap_explicit_bzero (bytes, len);
}

static void
test_copies (void)
{
  char bytes[] = "a\0b";
  g_autoptr (FelSecret) secret = fel_secret_new (bytes, 3);
  g_autoptr (FelSecret) empty = fel_secret_new ("", 0);

  memset (bytes, 'x', sizeof bytes);
  g_assert_cmpmem (secret->bytes, secret->len, "a\0b", 3);
  g_assert_cmpint (secret->bytes[3], ==, '\0');
  g_assert_cmpuint (empty->len, ==, 0);
  g_assert_cmpint (empty->bytes[0], ==, '\0');
}

static void
test_erased_by_the_last_unref (void)
{
  FelSecret *secret = fel_secret_new ("hunter2", 7);
  const void *at = secret->bytes;

  erased.n = 0;
  g_assert_true (fel_secret_ref (secret) == secret);
  fel_secret_unref (secret);
  g_assert_cmpuint (erased.n, ==, 0);
  g_assert_cmpmem (secret->bytes, secret->len, "hunter2", 7);
  fel_secret_unref (secret);
  g_assert_cmpuint (erased.n, ==, 1);
  g_assert_cmpuint (erased.len, ==, 7);
  g_assert_true (erased.at == at);
  fel_secret_unref (NULL);
  g_assert_cmpuint (erased.n, ==, 1);
}

static const struct
{
  const char *a;
  gsize a_len;
  const char *b;
  gsize b_len;
  gboolean equal;
} pairs[] = {
  { "", 0, "", 0, TRUE },
  { "abc", 3, "abc", 3, TRUE },
  { "abc", 3, "abd", 3, FALSE },
  { "abc", 3, "bbc", 3, FALSE },
  { "abc", 3, "ab", 2, FALSE },
  { "ab\0c", 4, "ab\0d", 4, FALSE },
  { "ab\0c", 4, "ab\0c", 4, TRUE },
  { "\x01\x02", 2, "\x02\x01", 2, FALSE },
  { "a\xff", 2, "a\x7f", 2, FALSE },
};

static void
test_equal (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr (FelSecret) a = fel_secret_new (pairs[i].a, pairs[i].a_len);
      g_autoptr (FelSecret) b = fel_secret_new (pairs[i].b, pairs[i].b_len);

      g_assert_cmpint (fel_secret_equal (a, b), ==, pairs[i].equal);
      g_assert_cmpint (fel_secret_equal (b, a), ==, pairs[i].equal);
    }
}

static const struct
{
  const char *bytes;
  gsize len;
  gsize min;
  gsize max;
  gboolean printable;
} texts[] = {
  { "", 0, 0, 4, TRUE },       { "", 0, 1, 4, FALSE },     { "a", 1, 1, 4, TRUE },     { "abcd", 4, 1, 4, TRUE },
  { "abcde", 5, 1, 4, FALSE }, { "a b~", 4, 1, 4, TRUE },  { "a\nb", 3, 1, 4, FALSE }, { "ab\0", 3, 1, 4, FALSE },
  { "\x1f", 1, 1, 4, FALSE },  { "\x7f", 1, 1, 4, FALSE }, { "\t", 1, 1, 4, FALSE },   { "\xc3\xa9", 2, 1, 4, TRUE },
};

static void
test_printable (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (FelSecret) secret = fel_secret_new (texts[i].bytes, texts[i].len);

      g_assert_cmpint (fel_secret_is_printable (secret, texts[i].min, texts[i].max), ==, texts[i].printable);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/secret/copies", test_copies);
  g_test_add_func ("/secret/erased-by-the-last-unref", test_erased_by_the_last_unref);
  g_test_add_func ("/secret/equal", test_equal);
  g_test_add_func ("/secret/printable", test_printable);
  return g_test_run ();
}

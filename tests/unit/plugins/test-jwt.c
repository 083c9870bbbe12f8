/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jwt.h"

#include <string.h>

#define NOW_SEC G_GINT64_CONSTANT (1800000000)
#define HEADER "eyJhbGciOiJSUzI1NiJ9" /* {"alg":"RS256"} */
#define JUNK_LEN 8192

/* padded: with the `=` that RFC 7515 leaves out. */
static char *
segment_of (const char *json, gboolean padded)
{
  char *text = g_base64_encode ((const guchar *) json, strlen (json));

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  if (!padded)
    text[strcspn (text, "=")] = '\0';
  return text;
}

static char *
token_of (const char *json)
{
  g_autofree char *payload = segment_of (json, FALSE);

  return g_strdup_printf (HEADER ".%s.c2ln", payload);
}

static void
test_claims (void)
{
  static const struct
  {
    const char *json;
    gint64 expires_sec;
  } cases[] = {
    { "{\"exp\":1800003600}", 1800003600 },
    { "{\"exp\":1800000001}", 1800000001 },
    { "{\"sub\":\"me\",\"exp\":1800003600,\"iat\":1800000000,\"nested\":{\"exp\":1}}", 1800003600 },
    { " {\"exp\" : 1800003600 } ", 1800003600 },
    { "{\"exp\":1831622400}", 1831622400 }, /* 366 days */
    { "{\"exp\":1831622401}", 0 },
    { "{\"exp\":1800003600.5}", 0 },
    { "{\"exp\":1.8000036e9}", 0 },
    { "{\"exp\":\"1800003600\"}", 0 },
    { "{\"exp\":-1}", 0 },
    { "{\"exp\":0}", 0 },
    { "{\"exp\":1800003600000}", 0 }, /* milliseconds */
    { "{\"exp\":9223372036854775807}", 0 },
    { "{\"exp\":9223372036854775808}", 0 },
    { "{\"exp\":-9223372036854775808}", 0 },
    { "{\"exp\":18446744073709551615}", 0 },
    { "{\"exp\":18446744075509555216}", 0 }, /* 2^64 + 1800003600 */
    { "{\"exp\":99999999999999999999999999999999}", 0 },
    { "{\"exp\":1e400}", 0 },
    { "{\"exp\":true}", 0 },
    { "{\"exp\":null}", 0 },
    { "{\"exp\":[1800003600]}", 0 },
    { "{\"exp\":{\"exp\":1800003600}}", 0 },
    { "{\"exp\":1800003600,\"exp\":1800000001}", 0 },
    { "{\"EXP\":1800003600}", 0 },
    { "{\"sub\":\"me\"}", 0 },
    { "{}", 0 },
    { "[1800003600]", 0 },
    { "1800003600", 0 },
    { "null", 0 },
    { "{\"exp\":1800003600", 0 },
    { "{\"exp\":1800003600}}", 0 },
    { "", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *token = token_of (cases[i].json);

      g_test_message ("%s", cases[i].json);
      g_assert_cmpint (fel_jwt_expiry (token, NOW_SEC), ==, cases[i].expires_sec);
    }
}

static void
test_segments (void)
{
  static const struct
  {
    const char *before;
    const char *after; /* NULL: no payload in between either */
    gint64 expires_sec;
  } cases[] = {
    { HEADER ".", ".c2ln", 1800003600 },
    { HEADER ".", ".", 1800003600 }, /* not signed; we do not judge */
    { ".", ".c2ln", 1800003600 },
    { ".", ".", 1800003600 },
    { "", "", 0 },
    { HEADER ".", "", 0 },
    { "", ".c2ln", 0 },
    { HEADER ".", ".c2ln.", 0 },
    { HEADER ".", ".iv.text.tag", 0 }, /* encrypted, RFC 7516 */
    { HEADER "..", ".c2ln", 0 },
    { HEADER "..c2ln", NULL, 0 },
    { "", NULL, 0 },
    { ".", NULL, 0 },
    { "..", NULL, 0 },
    { "...", NULL, 0 },
    { "opaque", NULL, 0 },
    { "npg_a1b2.c3d4", NULL, 0 },
  };
  g_autofree char *payload = segment_of ("{\"exp\":1800003600}", FALSE);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *after = cases[i].after;
      g_autofree char *token = g_strconcat (cases[i].before, after != NULL ? payload : "", after != NULL ? after : "",
                                            NULL);

      g_test_message ("%s", token);
      g_assert_cmpint (fel_jwt_expiry (token, NOW_SEC), ==, cases[i].expires_sec);
    }
}

/* One payload for each remainder of its length by three, and the letters in which base64url differs. */
static void
test_padding (void)
{
  static const char *const payloads[] = {
    "{\"exp\":1800003600}",
    "{\"exp\":1800003600 }",
    "{\"exp\":1800003600  }",
    "{\"exp\":1800003600,\"name\":\"\xc3\xbf\xc3\xbe\xc3\xbf~~~?>~?>>>\"}",
    "{\"exp\":1800003600,\"name\":\"x\xc3\xbf\xc3\xbe\xc3\xbf~~~?>~?>>>\"}",
    "{\"exp\":1800003600,\"name\":\"xx\xc3\xbf\xc3\xbe\xc3\xbf~~~?>~?>>>\"}",
  };
  guint n_url_letters = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (payloads) * 2; i++)
    {
      g_autofree char *payload = segment_of (payloads[i / 2], i % 2 == 1);
      g_autofree char *token = g_strdup_printf (HEADER ".%s.c2ln", payload);

      n_url_letters += strpbrk (payload, "-_") != NULL;
      g_test_message ("%s", token);
      g_assert_cmpint (fel_jwt_expiry (token, NOW_SEC), ==, 1800003600);
    }
  g_assert_cmpuint (n_url_letters, >, 0);
}

/* Cut anywhere, the token has no end, or the same one: never another, never a read behind it. */
static void
test_every_prefix (void)
{
  g_autofree char *whole = token_of ("{\"sub\":\"me\",\"exp\":1800003600}");

  for (gsize len = 0; len < strlen (whole); len++)
    {
      g_autofree char *token = g_strndup (whole, len);
      gint64 expires_sec = fel_jwt_expiry (token, NOW_SEC);

      g_assert_true (expires_sec == 0 || expires_sec == 1800003600);
    }
}

static void
test_junk (void)
{
  static const char letters[] = "ABCxyz019-_.=+/ {}\"\xc3\xbf";
  g_autoptr (GRand) rand = g_rand_new_with_seed (20240607);

  for (guint round = 0; round < 200; round++)
    {
      g_autofree char *token = g_malloc0 (JUNK_LEN + 1);

      for (gsize i = 0; i < JUNK_LEN; i++)
        token[i] = letters[g_rand_int_range (rand, 0, sizeof letters - 1)];
      /* Most of it would have too many segments to get anywhere. */
      if (round % 2 == 0)
        {
          g_strdelimit (token, ".", 'A');
          token[round] = token[JUNK_LEN - 1 - round] = '.';
        }
      g_assert_cmpint (fel_jwt_expiry (token, NOW_SEC), ==, 0);
    }
}

static void
test_long_payloads (void)
{
  g_autofree char *filler = g_strnfill (JUNK_LEN, 'x');
  g_autofree char *brackets = g_strnfill (JUNK_LEN, '[');
  g_autofree char *json = g_strdup_printf ("{\"filler\":\"%s\",\"exp\":1800003600}", filler);
  g_autofree char *token = token_of (json);
  g_autofree char *nested = token_of (brackets);

  g_assert_cmpint (fel_jwt_expiry (token, NOW_SEC), ==, 1800003600);
  g_assert_cmpint (fel_jwt_expiry (nested, NOW_SEC), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/jwt/claims", test_claims);
  g_test_add_func ("/jwt/segments", test_segments);
  g_test_add_func ("/jwt/padding", test_padding);
  g_test_add_func ("/jwt/every-prefix", test_every_prefix);
  g_test_add_func ("/jwt/junk", test_junk);
  g_test_add_func ("/jwt/long-payloads", test_long_payloads);
  return g_test_run ();
}

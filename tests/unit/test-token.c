/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "token.h"

#include <string.h>

#include "error.h"

#define NOW 1700000000

static FelToken *
make_token (const char *access, const char *refresh, gint64 expires_sec, const char *const *workspaces)
{
  g_autoptr (FelSecret) access_secret = fel_secret_new (access, strlen (access));
  g_autoptr (FelSecret) refresh_secret = refresh != NULL ? fel_secret_new (refresh, strlen (refresh)) : NULL;

  return fel_token_new (access_secret, refresh_secret, expires_sec, "me@example.com", workspaces);
}

typedef struct
{
  gint64 expires_sec;
  gboolean has_refresh;
  gboolean rejected;
  gint64 now_sec;
  FelTokenVerdict verdict;
} JudgeCase;

static const JudgeCase judgements[] = {
  { 0, FALSE, FALSE, NOW, FEL_TOKEN_GOOD }, /* unknown end: good until it is refused */
  { 0, TRUE, FALSE, NOW, FEL_TOKEN_GOOD },
  { 0, FALSE, TRUE, NOW, FEL_TOKEN_DEAD },
  { 0, TRUE, TRUE, NOW, FEL_TOKEN_REFRESH },
  { NOW + 3600, FALSE, FALSE, NOW, FEL_TOKEN_GOOD },
  { NOW + 3600, TRUE, FALSE, NOW, FEL_TOKEN_GOOD },
  { NOW + 3600, FALSE, TRUE, NOW, FEL_TOKEN_DEAD },
  { NOW + 3600, TRUE, TRUE, NOW, FEL_TOKEN_REFRESH },
  { NOW + 60, TRUE, FALSE, NOW, FEL_TOKEN_GOOD },
  { NOW + 59, TRUE, FALSE, NOW, FEL_TOKEN_REFRESH },
  { NOW + 59, FALSE, FALSE, NOW, FEL_TOKEN_GOOD }, /* nothing better is to be had */
  { NOW + 1, FALSE, FALSE, NOW, FEL_TOKEN_GOOD },
  { NOW, FALSE, FALSE, NOW, FEL_TOKEN_DEAD },
  { NOW, TRUE, FALSE, NOW, FEL_TOKEN_REFRESH },
  { NOW - 1, FALSE, FALSE, NOW, FEL_TOKEN_DEAD },
  { NOW - 1, TRUE, FALSE, NOW, FEL_TOKEN_REFRESH },
  /* A clock that is wrong: far behind, at its start, far ahead. A refusal by the provider always counts. */
  { NOW + 3600, TRUE, FALSE, NOW - 86400, FEL_TOKEN_GOOD },
  { NOW + 3600, TRUE, TRUE, NOW - 86400, FEL_TOKEN_REFRESH },
  { NOW + 3600, FALSE, TRUE, 0, FEL_TOKEN_DEAD },
  { NOW + 3600, TRUE, FALSE, 0, FEL_TOKEN_GOOD },
  { NOW + 3600, TRUE, FALSE, NOW + 86400, FEL_TOKEN_REFRESH },
  { NOW + 3600, FALSE, FALSE, NOW + 86400, FEL_TOKEN_DEAD },
  { G_MAXINT64, TRUE, FALSE, 0, FEL_TOKEN_GOOD },
  { 1, TRUE, FALSE, G_MAXINT64, FEL_TOKEN_REFRESH },
};

static void
test_judge (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (judgements); i++)
    {
      const JudgeCase *c = &judgements[i];
      g_autoptr (FelToken) token = make_token ("a", c->has_refresh ? "r" : NULL, c->expires_sec, NULL);

      g_test_message ("%zu", i);
      g_assert_cmpint (fel_token_judge (token, c->rejected, c->now_sec), ==, c->verdict);
    }
}

/* Prolonged from the middle of its life on, while it lives. */
static const struct
{
  gint64 renewed_sec;
  gint64 expires_sec;
  gboolean rejected;
  gint64 now_sec;
  FelTokenVerdict verdict;
} renewals[] = {
  { NOW, NOW + 100, FALSE, NOW, FEL_TOKEN_GOOD },
  { NOW, NOW + 100, FALSE, NOW + 50, FEL_TOKEN_GOOD },
  { NOW, NOW + 100, FALSE, NOW + 51, FEL_TOKEN_REFRESH },
  { NOW, NOW + 100, FALSE, NOW + 99, FEL_TOKEN_REFRESH },
  { NOW, NOW + 100, FALSE, NOW + 100, FEL_TOKEN_DEAD }, /* what has ended cannot be prolonged */
  { NOW, NOW + 100, TRUE, NOW, FEL_TOKEN_DEAD },
  { NOW, NOW + 100, TRUE, NOW + 99, FEL_TOKEN_DEAD },
  { NOW, 0, FALSE, NOW + 86400, FEL_TOKEN_GOOD }, /* without an end */
  { NOW, 0, TRUE, NOW, FEL_TOKEN_DEAD },
  { 0, NOW + 100, FALSE, NOW + 99, FEL_TOKEN_GOOD }, /* cannot be prolonged */
  /* A clock that is wrong: far behind, or set back since. */
  { NOW, NOW + 100, FALSE, 0, FEL_TOKEN_GOOD },
  { NOW + 100, NOW + 50, FALSE, NOW, FEL_TOKEN_GOOD },
  { 1, G_MAXINT64, FALSE, NOW, FEL_TOKEN_GOOD },
};

static void
test_judge_renewable (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (renewals); i++)
    {
      g_autoptr (FelSecret) access = fel_secret_new ("a", 1);
      g_autoptr (FelToken) token = fel_token_new_renewable (access, renewals[i].expires_sec, renewals[i].renewed_sec,
                                                            "me", NULL);

      g_test_message ("%zu", i);
      g_assert_cmpint (fel_token_judge (token, renewals[i].rejected, renewals[i].now_sec), ==, renewals[i].verdict);
    }
}

static void
test_round_trip_renewable (void)
{
  static const char text[] = "access-token a\nexpires 1700000100\nrenewed 1700000000\nworkspace acme\n";
  static const char *const workspaces[] = { "acme", NULL };
  g_autoptr (FelSecret) access = fel_secret_new ("a", 1);
  g_autoptr (FelToken) token = fel_token_new_renewable (access, NOW + 100, NOW, "me", workspaces);
  g_autoptr (FelSecret) kept = fel_token_serialize (token);
  g_autoptr (FelToken) back = fel_token_parse (kept, "me", NULL);

  g_assert_cmpmem (kept->bytes, kept->len, text, strlen (text));
  g_assert_cmpint (back->expires_sec, ==, NOW + 100);
  g_assert_cmpint (back->renewed_sec, ==, NOW);
  g_assert_null (back->refresh);
}

static const struct
{
  gint64 expires_sec;
  gint64 now_sec;
  gint64 end_sec;
} plausible_ends[] = {
  { 0, NOW, 0 },        { NOW + 3600, NOW, NOW + 3600 }, { NOW, NOW, NOW }, { NOW - 59, NOW, NOW - 59 },
  { NOW - 60, NOW, 0 }, { NOW - 3600, NOW, 0 },          { NOW, 0, NOW },   { G_MAXINT64, NOW, G_MAXINT64 },
};

static void
test_plausible_end (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (plausible_ends); i++)
    g_assert_cmpint (fel_token_plausible_end (plausible_ends[i].expires_sec, plausible_ends[i].now_sec), ==,
                     plausible_ends[i].end_sec);
}

static const char *const two[] = { "acme", "gr\303\266\303\237e", NULL };
static const char *const none[] = { NULL };

static const struct
{
  const char *access;
  const char *refresh;
  gint64 expires_sec;
  const char *const *workspaces;
  const char *text;
} tokens[] = {
  { "a", NULL, 0, NULL, "access-token a\nexpires 0\n" },
  { "a.b-c_d~e+f/g==", NULL, NOW, none, "access-token a.b-c_d~e+f/g==\nexpires 1700000000\n" },
  { "a", "r!#\\", 5, NULL, "access-token a\nrefresh-token r!#\\\nexpires 5\n" },
  { "a", "r", G_MAXINT64, two,
    "access-token a\nrefresh-token r\nexpires 9223372036854775807\nworkspace acme\nworkspace gr\303\266\303\237e\n" },
  { "%s%n", NULL, 1, NULL, "access-token %s%n\nexpires 1\n" }, /* not good, but no format either */
};

static void
test_round_trip (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (tokens); i++)
    {
      g_autoptr (FelToken) token = make_token (tokens[i].access, tokens[i].refresh, tokens[i].expires_sec,
                                               tokens[i].workspaces);
      g_autoptr (FelSecret) text = fel_token_serialize (token);
      g_autoptr (FelToken) back = NULL;
      const char *const *workspaces = tokens[i].workspaces != NULL ? tokens[i].workspaces : none;

      g_assert_cmpmem (text->bytes, text->len, tokens[i].text, strlen (tokens[i].text));
      if (!fel_token_check_access (token->access, NULL))
        continue;
      back = fel_token_parse (text, "you@example.com", NULL);
      g_assert_nonnull (back);
      g_assert_cmpstr (back->access->bytes, ==, tokens[i].access);
      g_assert_cmpstr (back->refresh != NULL ? back->refresh->bytes : NULL, ==, tokens[i].refresh);
      g_assert_cmpint (back->expires_sec, ==, tokens[i].expires_sec);
      g_assert_cmpstr (back->account, ==, "you@example.com");
      g_assert_cmpstrv (back->workspaces, workspaces);
    }
}

#define TEXT(text) text, sizeof text - 1

typedef struct
{
  const char *text;
  gsize len;
  const char *access; /* NULL: it cannot be read */
  const char *refresh;
  gint64 expires_sec;
  guint n_workspaces;
} ParseCase;

static const ParseCase texts[] = {
  { TEXT (""), NULL },
  { TEXT ("\n\n\n"), NULL },
  { TEXT (" "), NULL },
  { TEXT ("\0"), NULL },
  { TEXT ("access-token"), NULL },
  { TEXT ("access-token\n"), NULL },
  { TEXT ("access-token \n"), NULL },
  { TEXT ("access-token a b\n"), NULL },
  { TEXT ("access-token a\r\n"), NULL },
  { TEXT ("access-token a\0b\n"), NULL },
  { TEXT ("access-token a\0"), NULL },
  { TEXT ("access-token \xff\n"), NULL },
  { TEXT (" access-token a\n"), NULL },
  { TEXT ("Access-Token a\n"), NULL },
  { TEXT ("access-tokena\n"), NULL },
  { TEXT ("access-token-2 a\n"), NULL },
  { TEXT ("refresh-token r\nexpires 5\n"), NULL },
  { TEXT ("access-token a\nrefresh-token\n"), NULL },
  { TEXT ("access-token a\nrefresh-token \n"), NULL },
  { TEXT ("access-token a\nrefresh-token r\x7f\n"), NULL },
  { TEXT ("access-token a\nrefresh-token r\xc3\xa9\n"), NULL },
  { TEXT ("access-token a"), "a" },
  { TEXT ("access-token a\n"), "a" },
  { TEXT ("expires 7\nrefresh-token r\naccess-token a"), "a", "r", 7 },
  { TEXT ("access-token a\naccess-token b\n"), "a" }, /* the first one counts */
  { TEXT ("access-token a\nrefresh-token r\nrefresh-token s\n"), "a", "r" },
  { TEXT ("junk\n\nx y z\naccess-token a\n"), "a" },
  { TEXT ("access-token a\nexpires -5\n"), "a" },
  { TEXT ("access-token a\nexpires x\n"), "a" },
  { TEXT ("access-token a\nexpires"), "a" },
  { TEXT ("access-token a\nexpires 99999999999999999999\n"), "a" },
  { TEXT ("access-token a\nworkspace acme\nworkspace \xff\nworkspace a\0b\nworkspace b c\n"), "a", NULL, 0, 2 },
};

static void
check_parse (const ParseCase *c)
{
  g_autofree char *shown = g_strescape (c->text, NULL);
  g_autoptr (FelSecret) text = fel_secret_new (c->text, c->len);
  g_autoptr (GError) error = NULL;
  g_autoptr (FelToken) token = fel_token_parse (text, NULL, &error);

  g_test_message ("%s", shown);
  g_assert_true ((token != NULL) == (c->access != NULL));
  g_assert_true ((token != NULL) == (error == NULL));
  if (token == NULL)
    {
      g_assert_error (error, FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED);
      return;
    }
  g_assert_cmpmem (token->access->bytes, token->access->len, c->access, strlen (c->access));
  g_assert_cmpstr (token->refresh != NULL ? token->refresh->bytes : NULL, ==, c->refresh);
  g_assert_cmpint (token->expires_sec, ==, c->expires_sec);
  g_assert_cmpuint (g_strv_length (token->workspaces), ==, c->n_workspaces);
  g_assert_null (token->account);
}

static void
test_hostile_texts (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    check_parse (&texts[i]);
}

/* A line without a value has none, whatever stands in the next line. */
static void
test_value_of_the_next_line (void)
{
  const ParseCase c = { TEXT ("access-token a\nexpires\n7\n"), "a" };

  check_parse (&c);
}

/* Any cut of a good text is read within its bounds; what comes out is good. */
static void
test_every_prefix (void)
{
  static const char text[] = "access-token abc\nrefresh-token def\nexpires 1700000000\nworkspace acme\n";

  for (gsize len = 0; len < strlen (text); len++)
    {
      g_autoptr (FelSecret) cut = fel_secret_new (text, len);
      g_autoptr (FelToken) token = fel_token_parse (cut, NULL, NULL);

      if (token != NULL)
        g_assert_true (fel_token_check_access (token->access, NULL));
    }
}

static void
check_length (gboolean (*check) (const FelSecret *, GError **), gsize len, gboolean good)
{
  g_autofree char *bytes = g_strnfill (len, 'a');
  g_autoptr (FelSecret) secret = fel_secret_new (bytes, len);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (check (secret, &error), ==, good);
  if (good)
    g_assert_no_error (error);
  else
    g_assert_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS);
}

static const struct
{
  gsize len;
  gboolean good;
} lengths[] = { { 0, FALSE }, { 1, TRUE }, { 8192, TRUE }, { 8193, FALSE } };

static void
test_lengths (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      check_length (fel_token_check_access, lengths[i].len, lengths[i].good);
      check_length (fel_token_check_refresh, lengths[i].len, lengths[i].good);
    }
}

static void
test_length_in_a_text (void)
{
  for (gsize i = 1; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *bytes = g_strnfill (lengths[i].len, 'a');
      g_autoptr (FelToken) token = make_token (bytes, bytes, 0, NULL);
      g_autoptr (FelSecret) text = fel_token_serialize (token);
      g_autoptr (FelToken) back = fel_token_parse (text, NULL, NULL);

      g_assert_cmpint (back != NULL, ==, lengths[i].good);
      g_assert_true (back == NULL || fel_secret_equal (back->refresh, token->refresh));
    }
}

static gboolean
takes (gboolean (*check) (const FelSecret *, GError **), char c)
{
  const char bytes[] = { 'a', c, 'a' };
  g_autoptr (FelSecret) at_the_end = fel_secret_new (bytes, 2);
  g_autoptr (FelSecret) inside = fel_secret_new (bytes, 3);

  if (c != '=')
    g_assert_cmpint (check (at_the_end, NULL), ==, check (inside, NULL));
  return check (at_the_end, NULL);
}

/* RFC 6750, section 2.1; RFC 6749, appendix A. */
static void
test_characters (void)
{
  static const char b64token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";

  for (int c = 0; c < 256; c++)
    {
      g_test_message ("%d", c);
      g_assert_cmpint (takes (fel_token_check_access, (char) c), ==, c != 0 && strchr (b64token, c) != NULL);
      if (c != ' ')
        g_assert_cmpint (takes (fel_token_check_refresh, (char) c), ==, c > 0x20 && c <= 0x7e);
    }
}

/* VSCHAR = %x20-7E: a space is one. */
static void
test_space_in_a_refresh_token (void)
{
  g_assert_true (takes (fel_token_check_refresh, ' '));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token/judge", test_judge);
  g_test_add_func ("/token/judge-renewable", test_judge_renewable);
  g_test_add_func ("/token/plausible-end", test_plausible_end);
  g_test_add_func ("/token/round-trip", test_round_trip);
  g_test_add_func ("/token/round-trip-renewable", test_round_trip_renewable);
  g_test_add_func ("/token/hostile-texts", test_hostile_texts);
  g_test_add_func ("/token/every-prefix", test_every_prefix);
  g_test_add_func ("/token/lengths", test_lengths);
  g_test_add_func ("/token/length-in-a-text", test_length_in_a_text);
  g_test_add_func ("/token/characters", test_characters);
  g_test_add_func ("/token/value-of-the-next-line", test_value_of_the_next_line);
  g_test_add_func ("/token/space-in-a-refresh-token", test_space_in_a_refresh_token);
  return g_test_run ();
}

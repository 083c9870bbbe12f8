/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nile-answer.h"

#include <string.h>

#include "fake-host.h"

#define TOKEN "eyJ0.secret.c2ln"
#define MAYBE FEL_FAILURE_MAYBE_MINTED

typedef struct
{
  guint status;
  const char *body;
  int failure;       /* of a verb that cannot mint */
  int mint;          /* of one that can */
  const char *shown; /* behind the colon */
} ErrorCase;

static const ErrorCase error_cases[] = {
  /* 1. Nile's own */
  { 400, "{\"errorCode\":\"bad_request\",\"message\":\"no such name\",\"statusCode\":400}", FEL_FAILURE_INVALID,
    FEL_FAILURE_INVALID, "no such name (bad_request)" },
  { 401, "{\"errorCode\":\"invalid_credentials\",\"message\":\"expired\",\"statusCode\":401}",
    FEL_FAILURE_UNAUTHENTICATED, FEL_FAILURE_UNAUTHENTICATED, "expired (invalid_credentials)" },
  { 401, "{\"errorCode\":\"forbidden_operation\",\"message\":\"m\",\"statusCode\":401}", FEL_FAILURE_UNAUTHENTICATED,
    FEL_FAILURE_UNAUTHENTICATED, "m (forbidden_operation)" },
  { 403, "{\"errorCode\":\"forbidden_operation\",\"message\":\"m\",\"statusCode\":403}", FEL_FAILURE_DENIED,
    FEL_FAILURE_DENIED, "m (forbidden_operation)" },
  { 403, "{\"errorCode\":\"threshold_exceeded\",\"message\":\"m\",\"statusCode\":403}", FEL_FAILURE_QUOTA,
    FEL_FAILURE_QUOTA, "m (threshold_exceeded)" },
  { 404, "{\"errorCode\":\"entity_not_found\",\"message\":\"m\",\"statusCode\":404}", FEL_FAILURE_NOT_FOUND,
    FEL_FAILURE_NOT_FOUND, "m (entity_not_found)" },
  { 500, "{\"errorCode\":\"credential_creation_failure\",\"message\":\"m\",\"statusCode\":500}", FEL_FAILURE_PROVIDER,
    FEL_FAILURE_PROVIDER | MAYBE, "m (credential_creation_failure)" },
  { 500, "{\"errorCode\":\"credential_propagation_failure\",\"message\":\"m\",\"statusCode\":500}",
    FEL_FAILURE_PROVIDER, FEL_FAILURE_NO_ANSWER | MAYBE, "m (credential_propagation_failure)" },
  { 503, "{\"errorCode\":\"bad_request\",\"message\":\"m\",\"statusCode\":400}", FEL_FAILURE_INVALID,
    FEL_FAILURE_INVALID | MAYBE, "m (bad_request)" },
  { 409, "{\"errorCode\":\"code_of_next_year\",\"message\":\"m\",\"statusCode\":409}", FEL_FAILURE_CONFLICT,
    FEL_FAILURE_CONFLICT, "m (code_of_next_year)" },
  { 418, "{\"errorCode\":\"code_of_next_year\",\"message\":\"m\",\"statusCode\":418}", FEL_FAILURE_PROVIDER,
    FEL_FAILURE_PROVIDER | MAYBE, "m (code_of_next_year)" },
  { 400, "{\"message\":\"only a message\"}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID, "only a message" },
  { 400, "{\"errorCode\":\"bad_request\"}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID,
    "it gave no reason (bad_request)" },
  { 400, "{\"errorCode\":7,\"message\":[]}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID | MAYBE, "it gave no reason" },

  /* 2. a list of sentences */
  { 400, "{\"errors\":[\"the name is taken\",\"more\"]}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID,
    "the name is taken" },
  { 500, "{\"errors\":[\"oh\"]}", FEL_FAILURE_PROVIDER, FEL_FAILURE_PROVIDER | MAYBE, "oh" },
  { 400, "{\"errors\":[]}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID | MAYBE, "it gave no reason" },
  { 400, "{\"errors\":[{\"message\":\"m\"}]}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID | MAYBE, "it gave no reason" },
  { 400, "{\"errors\":\"m\"}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID | MAYBE, "it gave no reason" },

  /* 3. RFC 6749, section 5.2 */
  { 400, "{\"error\":\"invalid_grant\",\"error_description\":\"it was revoked\"}", FEL_FAILURE_UNAUTHENTICATED,
    FEL_FAILURE_UNAUTHENTICATED, "it was revoked (invalid_grant)" },
  { 400, "{\"error\":\"invalid_grant\"}", FEL_FAILURE_UNAUTHENTICATED, FEL_FAILURE_UNAUTHENTICATED,
    "it gave no reason (invalid_grant)" },
  { 400, "{\"error\":\"unauthorized_client\"}", FEL_FAILURE_DENIED, FEL_FAILURE_DENIED,
    "it gave no reason (unauthorized_client)" },
  { 401, "{\"error\":\"invalid_client\"}", FEL_FAILURE_UNAUTHENTICATED, FEL_FAILURE_UNAUTHENTICATED,
    "it gave no reason (invalid_client)" },
  { 400, "{\"error\":\"invalid_scope\"}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID,
    "it gave no reason (invalid_scope)" },
  { 400, "{\"error\":{\"code\":\"x\"}}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID | MAYBE, "it gave no reason" },

  /* What cannot be read proves nothing, whatever the status. */
  { 401, "", FEL_FAILURE_UNAUTHENTICATED, FEL_FAILURE_UNAUTHENTICATED | MAYBE, "it gave no reason" },
  { 403, "<html>no</html>", FEL_FAILURE_DENIED, FEL_FAILURE_DENIED | MAYBE, "it gave no reason" },
  { 404, "{}", FEL_FAILURE_NOT_FOUND, FEL_FAILURE_NOT_FOUND | MAYBE, "it gave no reason" },
  { 404, "[\"m\"]", FEL_FAILURE_NOT_FOUND, FEL_FAILURE_NOT_FOUND | MAYBE, "it gave no reason" },
  { 429, "\xff", FEL_FAILURE_RATE_LIMITED, FEL_FAILURE_RATE_LIMITED | MAYBE, "it gave no reason" },
  { 302, "", FEL_FAILURE_PROTOCOL, FEL_FAILURE_PROTOCOL | MAYBE, "it gave no reason" },
  { 302, "{\"message\":\"over there\"}", FEL_FAILURE_PROTOCOL, FEL_FAILURE_PROTOCOL | MAYBE, "over there" },
  { 502, "Bad Gateway", FEL_FAILURE_PROVIDER, FEL_FAILURE_PROVIDER | MAYBE, "it gave no reason" },
  { 408, "{\"message\":\"slow\"}", FEL_FAILURE_TIMED_OUT, FEL_FAILURE_NO_ANSWER | MAYBE, "slow" },

  /* The token is not shown, nor what stands around it. */
  { 401, "{\"errorCode\":\"invalid_credentials\",\"message\":\"bad token " TOKEN "!\"}", FEL_FAILURE_UNAUTHENTICATED,
    FEL_FAILURE_UNAUTHENTICATED, "it gave no reason (invalid_credentials)" },
  { 401, "{\"errors\":[\"" TOKEN "\"]}", FEL_FAILURE_UNAUTHENTICATED, FEL_FAILURE_UNAUTHENTICATED | MAYBE,
    "it gave no reason" },
  { 400, "{\"error\":\"" TOKEN "\",\"error_description\":\"m\"}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID, "m" },

  /* Nothing is taken for a format or for an end; the host makes one line of it. */
  { 400, "{\"message\":\"a\\nb\\u001b[31m\"}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID, "a\nb\033[31m" },
  { 400, "{\"errors\":[\"a\\u0000b\"]}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID | MAYBE, "it gave no reason" },
  { 400, "{\"message\":\"100 %s %n\"}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID, "100 %s %n" },
};

static void
check_error (const ErrorCase *expected, bool mint)
{
  g_autoptr (FelHttpAnswer) answer = fake_answer_new (expected->status, expected->body);
  g_autoptr (FelOut) out = fake_out_new ();
  g_autofree char *sentence = g_strdup_printf ("Nile answered %u: %s", expected->status, expected->shown);
  g_autofree char *body = g_strescape (expected->body, NULL);

  g_test_message ("%u %s%s", expected->status, body, mint ? " to a mint" : "");
  g_assert_false (nile_answer_fail (&fake_host, out, answer, mint, TOKEN));
  g_assert_cmpuint (out->n_fails, ==, 1);
  g_assert_cmphex ((guint) out->failure, ==, (guint) (mint ? expected->mint : expected->failure));
  g_assert_cmpstr (out->sentence, ==, sentence);
  g_assert_cmpstr (out->said->str, ==, "");
}

static void
test_errors (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (error_cases); i++)
    {
      check_error (&error_cases[i], false);
      check_error (&error_cases[i], true);
    }
}

/* "Perhaps made": the code says the contrary of what the status would prove. */
static void
test_error_propagation_is_no_proof (void)
{
  static const guint statuses[] = { 400, 404, 409, 422, 429 };

  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      ErrorCase expected = { statuses[i], "{\"errorCode\":\"credential_propagation_failure\",\"message\":\"m\"}",
                             FEL_FAILURE_NO_ANSWER, FEL_FAILURE_NO_ANSWER | MAYBE,
                             "m (credential_propagation_failure)" };

      check_error (&expected, true);
    }
}

/* After 200 bytes, behind a whole letter and a whole word. */
static void
test_error_is_cut (void)
{
  static const struct
  {
    const char *unit;
    guint n;
    guint n_shown;
  } cases[] = {
    { "x ", 100, 100 },       { "x ", 101, 100 },         { "x ", 20000, 100 },       { "\xc3\xa4", 100, 100 },
    { "\xc3\xa4", 101, 100 }, { "\xe2\x82\xac", 67, 67 }, { "\xe2\x82\xac", 68, 67 }, { "nine more ", 40, 20 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autofree char *shown = NULL;
      g_autofree char *body = NULL;
      ErrorCase expected = { .status = 400, .failure = FEL_FAILURE_INVALID, .mint = FEL_FAILURE_INVALID };

      for (guint n = 0; n < cases[i].n; n++)
        g_string_append (text, cases[i].unit);
      shown = g_strndup (text->str, cases[i].n_shown * strlen (cases[i].unit));
      body = g_strdup_printf ("{\"message\":\"%s\"}", text->str);
      expected.body = body;
      expected.shown = shown;
      check_error (&expected, true);
    }
}

/* Somebody's token, password or key, ours or not. */
static void
test_error_hides_what_looks_like_a_secret (void)
{
  static const ErrorCase cases[] = {
    { 400, "{\"message\":\"a 1234567890123456789012345678901 b\"}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID,
      "a 1234567890123456789012345678901 b" },
    { 400, "{\"message\":\"a 12345678901234567890123456789012 b\"}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID,
      "a […] b" },
    { 400, "{\"message\":\"7c0b9d5e-9a3f-4a51-b7a5-0d6f4c1f2a3b\"}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID, "[…]" },
    { 400,
      "{\"message\":\"Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2ln_-x, twice: "
      "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2ln_-x\"}",
      FEL_FAILURE_INVALID, FEL_FAILURE_INVALID, "Bearer […], twice: […]" },
    { 400, "{\"errorCode\":\"7c0b9d5e-9a3f-4a51-b7a5-0d6f4c1f2a3b\",\"message\":\"m\"}", FEL_FAILURE_INVALID,
      FEL_FAILURE_INVALID, "m ([…])" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    check_error (&cases[i], true);
}

/* None of the codes that we know is so long that it would be hidden. */
static void
test_error_shows_the_longest_code (void)
{
  static const ErrorCase expected = { 500, "{\"errorCode\":\"credential_propagation_failure\"}", FEL_FAILURE_NO_ANSWER,
                                      FEL_FAILURE_NO_ANSWER | MAYBE,
                                      "it gave no reason (credential_propagation_failure)" };

  check_error (&expected, true);
}

/* The token is looked for before the cut, else the half of it in front of the cut would show. */
static void
test_error_hides_token_at_the_cut (void)
{
  g_autofree char *filler = g_strnfill (195, ' ');
  g_autofree char *body = g_strdup_printf ("{\"message\":\"%s" TOKEN "\"}", filler);
  ErrorCase expected = { 400, body, FEL_FAILURE_INVALID, FEL_FAILURE_INVALID | MAYBE, "it gave no reason" };

  check_error (&expected, true);
}

static void
test_error_without_token (void)
{
  g_autoptr (FelHttpAnswer) answer = fake_answer_new (400, "{\"message\":\"m\"}");
  g_autoptr (FelOut) out = fake_out_new ();

  g_assert_false (nile_answer_fail (&fake_host, out, answer, false, NULL));
  g_assert_cmpstr (out->sentence, ==, "Nile answered 400: m");
}

static void
test_no_answer (void)
{
  static const struct
  {
    FelHttpOutcome outcome;
    gboolean timed_out;
    int failure;
    int mint;
  } cases[] = {
    { FEL_HTTP_UNREACHABLE, FALSE, FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE },
    { FEL_HTTP_TIMED_OUT, FALSE, FEL_FAILURE_TIMED_OUT, FEL_FAILURE_TIMED_OUT },
    { FEL_HTTP_NO_ANSWER, FALSE, FEL_FAILURE_UNREACHABLE, FEL_FAILURE_NO_ANSWER | MAYBE },
    { FEL_HTTP_NO_ANSWER, TRUE, FEL_FAILURE_TIMED_OUT, FEL_FAILURE_NO_ANSWER | MAYBE },
    { FEL_HTTP_BAD_ANSWER, FALSE, FEL_FAILURE_PROTOCOL, FEL_FAILURE_PROTOCOL | MAYBE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases) * 2; i++)
    {
      bool mint = i % 2 == 1;
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, "");
      g_autoptr (FelOut) out = fake_out_new ();

      answer->outcome = cases[i / 2].outcome;
      answer->timed_out = cases[i / 2].timed_out;
      answer->why = g_strdup ("the line is cut");
      g_test_message ("outcome %d%s", (int) answer->outcome, mint ? " of a mint" : "");
      g_assert_false (nile_answer_fail (&fake_host, out, answer, mint, TOKEN));
      g_assert_cmphex ((guint) out->failure, ==, (guint) (mint ? cases[i / 2].mint : cases[i / 2].failure));
      g_assert_cmpuint (out->n_fails, ==, 1);
      g_assert_nonnull (strstr (out->sentence, "the line is cut"));
      g_assert_cmpstr (out->said->str, ==, "");
    }
}

/* What came before the line was cut says what to revoke; only a mint's, and only of a success. */
static void
test_no_answer_salvages (void)
{
  static const char body[] = "{\"id\":\"018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e\",\"passw";
  static const struct
  {
    FelHttpOutcome outcome;
    guint status;
    bool mint;
    bool salvaged;
  } cases[] = {
    { FEL_HTTP_NO_ANSWER, 200, true, true },   { FEL_HTTP_BAD_ANSWER, 200, true, true },
    { FEL_HTTP_NO_ANSWER, 201, true, true },   { FEL_HTTP_NO_ANSWER, 299, true, true },
    { FEL_HTTP_NO_ANSWER, 0, true, false },    { FEL_HTTP_NO_ANSWER, 199, true, false },
    { FEL_HTTP_NO_ANSWER, 300, true, false },  { FEL_HTTP_NO_ANSWER, 404, true, false },
    { FEL_HTTP_BAD_ANSWER, 500, true, false }, { FEL_HTTP_ANSWERED, 500, true, false },
    { FEL_HTTP_NO_ANSWER, 200, false, false }, { FEL_HTTP_BAD_ANSWER, 200, false, false },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (cases[i].status, body);
      g_autoptr (FelOut) out = fake_out_new ();

      answer->outcome = cases[i].outcome;
      answer->why = g_strdup ("the line is cut");
      g_test_message ("outcome %d, status %u%s", (int) answer->outcome, answer->status,
                      cases[i].mint ? ", a mint" : "");
      g_assert_false (nile_answer_fail (&fake_host, out, answer, cases[i].mint, TOKEN));
      g_assert_true (((out->failure & MAYBE) != 0) == cases[i].mint);
      g_assert_cmpstr (out->said->str, ==, cases[i].salvaged ? "id=018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e\n" : "");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nile-failure/cases", test_errors);
  g_test_add_func ("/nile-failure/cut", test_error_is_cut);
  g_test_add_func ("/nile-failure/looks-like-a-secret", test_error_hides_what_looks_like_a_secret);
  g_test_add_func ("/nile-failure/longest-code", test_error_shows_the_longest_code);
  g_test_add_func ("/nile-failure/token-at-the-cut", test_error_hides_token_at_the_cut);
  g_test_add_func ("/nile-failure/without-token", test_error_without_token);
  g_test_add_func ("/nile-failure/no-answer", test_no_answer);
  g_test_add_func ("/nile-failure/no-answer-salvages", test_no_answer_salvages);
  g_test_add_func ("/nile-failure/propagation-is-no-proof", test_error_propagation_is_no_proof);
  return g_test_run ();
}

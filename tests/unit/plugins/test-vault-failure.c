/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vault-answer.h"

#include <string.h>

#include "fake-host.h"

#define TOKEN "hvs.CAESIJ"
#define MAYBE FEL_FAILURE_MAYBE_MINTED
#define TEXT(text) "{\"errors\":[\"" text "\"]}"
#define SILENT "it gave no reason"
#define ELSEWHERE "it points to another address, and redirects are not followed; is its url that of the active node?"

static const struct
{
  guint status;
  const char *body;
  int failure; /* of a verb that cannot mint */
  int mint;    /* of one that can */
  bool lease_gone;
  const char *shown; /* behind the colon */
} cases[] = {
  /* The seal: told before the request is looked at, or from the middle of it */
  { 503, TEXT ("Vault is sealed"), FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE, false, "Vault is sealed" },
  { 503, TEXT ("Namespace is sealed"), FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE, false, "Namespace is sealed" },
  { 503, TEXT ("1 error occurred: * Vault is sealed"), FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE | MAYBE, false,
    "1 error occurred: * Vault is sealed" },
  { 500, TEXT ("Vault is sealed"), FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE | MAYBE, false, "Vault is sealed" },

  /* A standby: it may have passed the request on */
  { 307, "", FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE | MAYBE, false, ELSEWHERE },
  { 302, "", FEL_FAILURE_PROTOCOL, FEL_FAILURE_PROTOCOL | MAYBE, false, ELSEWHERE },
  { 503, TEXT ("no active Vault instance found"), FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE | MAYBE, false,
    "no active Vault instance found" },
  { 503, TEXT ("node is not active"), FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE | MAYBE, false,
    "node is not active" },
  { 429, TEXT ("Vault is in standby mode"), FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE | MAYBE, false,
    "Vault is in standby mode" },
  { 429, TEXT ("request path \\\"x\\\": rate limit quota exceeded"), FEL_FAILURE_RATE_LIMITED, FEL_FAILURE_RATE_LIMITED,
    false, "request path \"x\": rate limit quota exceeded" },
  { 472, "{\"errors\":[]}", FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE | MAYBE, false, SILENT },
  { 473, "", FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE | MAYBE, false, SILENT },
  { 412, TEXT ("required index state not present"), FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE | MAYBE, false,
    "required index state not present" },

  /* The token and what it may do */
  { 403, TEXT ("permission denied"), FEL_FAILURE_DENIED, FEL_FAILURE_DENIED, false, "permission denied" },
  { 403, TEXT ("2 errors occurred: * permission denied * invalid token"), FEL_FAILURE_UNAUTHENTICATED,
    FEL_FAILURE_UNAUTHENTICATED, false, "2 errors occurred: * permission denied * invalid token" },
  { 403, TEXT ("bad token"), FEL_FAILURE_UNAUTHENTICATED, FEL_FAILURE_UNAUTHENTICATED, false, "bad token" },
  { 500, TEXT ("invalid token"), FEL_FAILURE_PROVIDER, FEL_FAILURE_PROVIDER | MAYBE, false, "invalid token" },
  { 401, TEXT ("no"), FEL_FAILURE_UNAUTHENTICATED, FEL_FAILURE_UNAUTHENTICATED, false, "no" },
  { 401, "", FEL_FAILURE_UNAUTHENTICATED, FEL_FAILURE_PROVIDER | MAYBE, false, SILENT },
  { 403, "<html>no</html>", FEL_FAILURE_DENIED, FEL_FAILURE_DENIED | MAYBE, false, SILENT },
  { 423, TEXT ("API access to this namespace has been locked"), FEL_FAILURE_DENIED, FEL_FAILURE_DENIED | MAYBE, false,
    "API access to this namespace has been locked" },

  /* Mounts and roles */
  { 400, TEXT ("unknown role: x"), FEL_FAILURE_NOT_FOUND, FEL_FAILURE_NOT_FOUND, false, "unknown role: x" },
  { 500, TEXT ("pq: unknown role type"), FEL_FAILURE_PROVIDER, FEL_FAILURE_PROVIDER | MAYBE, false,
    "pq: unknown role type" },
  { 500, TEXT ("1 error occurred: * \\\"x\\\" is not an allowed role"), FEL_FAILURE_DENIED, FEL_FAILURE_DENIED, false,
    "1 error occurred: * \"x\" is not an allowed role" },
  { 404, "{\"errors\":[]}", FEL_FAILURE_NOT_FOUND, FEL_FAILURE_NOT_FOUND, false, "there is nothing at this path" },
  { 404, TEXT ("no handler for route \\\"x\\\". route entry not found."), FEL_FAILURE_NOT_FOUND, FEL_FAILURE_NOT_FOUND,
    false, "no handler for route \"x\". route entry not found." },
  { 404, "", FEL_FAILURE_NOT_FOUND, FEL_FAILURE_NOT_FOUND | MAYBE, false, "there is nothing at this path" },

  /* Leases */
  { 400, TEXT ("lease not found"), FEL_FAILURE_NOT_FOUND, FEL_FAILURE_NOT_FOUND | MAYBE, true, "lease not found" },
  { 400, TEXT ("lease not found or lease is not renewable"), FEL_FAILURE_NOT_FOUND, FEL_FAILURE_NOT_FOUND | MAYBE, true,
    "lease not found or lease is not renewable" },
  { 400, TEXT ("lease expired"), FEL_FAILURE_NOT_FOUND, FEL_FAILURE_NOT_FOUND | MAYBE, true, "lease expired" },
  { 400, TEXT ("invalid lease"), FEL_FAILURE_NOT_FOUND, FEL_FAILURE_NOT_FOUND | MAYBE, true, "invalid lease" },
  { 500, TEXT ("past the max TTL, cannot renew"), FEL_FAILURE_NOT_FOUND, FEL_FAILURE_NOT_FOUND | MAYBE, true,
    "past the max TTL, cannot renew" },
  { 400, TEXT ("lease is not renewable"), FEL_FAILURE_UNSUPPORTED, FEL_FAILURE_UNSUPPORTED | MAYBE, false,
    "lease is not renewable" },
  { 400, TEXT ("failed to revoke entry: resp: (*logical.Response)(nil) err: refused"), FEL_FAILURE_PROVIDER,
    FEL_FAILURE_PROVIDER | MAYBE, false, "failed to revoke entry: resp: (*logical.Response)(nil) err: refused" },

  /* The rest */
  { 400, TEXT ("failed to parse JSON input"), FEL_FAILURE_INVALID, FEL_FAILURE_INVALID, false,
    "failed to parse JSON input" },
  { 405, TEXT ("unsupported operation"), FEL_FAILURE_UNSUPPORTED, FEL_FAILURE_UNSUPPORTED, false,
    "unsupported operation" },
  { 408, "", FEL_FAILURE_TIMED_OUT, FEL_FAILURE_NO_ANSWER | MAYBE, false, SILENT },
  { 500, TEXT ("1 error occurred:\\n\\t* connection refused\\n\\n"), FEL_FAILURE_PROVIDER, FEL_FAILURE_PROVIDER | MAYBE,
    false, "1 error occurred:\n\t* connection refused\n\n" },
  { 502, "Bad Gateway", FEL_FAILURE_PROVIDER, FEL_FAILURE_PROVIDER | MAYBE, false, SILENT },
  { 503, "", FEL_FAILURE_UNREACHABLE, FEL_FAILURE_UNREACHABLE | MAYBE, false, SILENT },
  { 400, "{\"errors\":[7]}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID, false, SILENT },
  { 400, "{\"errors\":\"x\"}", FEL_FAILURE_INVALID, FEL_FAILURE_INVALID | MAYBE, false, SILENT },

  /* No token is shown, ours or another's. */
  { 400, TEXT ("bad " TOKEN), FEL_FAILURE_INVALID, FEL_FAILURE_INVALID, false, SILENT },
  { 400, TEXT ("bad hvs.12345678901234567890123456789012345"), FEL_FAILURE_INVALID, FEL_FAILURE_INVALID, false,
    "bad […]" },
};

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases) * 2; i++)
    {
      bool mint = i % 2 == 1;
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (cases[i / 2].status, cases[i / 2].body);
      g_autoptr (FelOut) out = fake_out_new ();
      g_autofree char *sentence = g_strdup_printf ("Vault answered %u: %s", cases[i / 2].status, cases[i / 2].shown);

      g_test_message ("%u %s%s", cases[i / 2].status, cases[i / 2].shown, mint ? ", of a mint" : "");
      g_assert_false (vault_answer_fail (&fake_host, out, answer, mint, TOKEN));
      g_assert_cmpuint (out->n_fails, ==, 1);
      g_assert_cmphex ((guint) out->failure, ==, (guint) (mint ? cases[i / 2].mint : cases[i / 2].failure));
      g_assert_cmpstr (out->sentence, ==, sentence);
      g_assert_cmpstr (out->said->str, ==, "");
      g_assert_true (vault_answer_judge (answer, NULL).lease_gone == cases[i / 2].lease_gone);
    }
}

static void
test_no_answer (void)
{
  g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, "");
  g_autoptr (FelOut) out = fake_out_new ();

  answer->outcome = FEL_HTTP_NO_ANSWER;
  answer->why = g_strdup ("the line is cut");
  g_assert_false (vault_answer_fail (&fake_host, out, answer, true, TOKEN));
  g_assert_cmphex ((guint) out->failure, ==, FEL_FAILURE_NO_ANSWER | MAYBE);
  g_assert_nonnull (strstr (out->sentence, "Vault was asked"));
}

/* Only Vault's own words say that nothing lives. */
static void
test_empty_list (void)
{
  static const struct
  {
    guint status;
    const char *body;
    gboolean is_empty;
  } lists[] = {
    { 404, "{\"errors\":[]}", TRUE },
    { 404, "", FALSE },
    { 404, "{}", FALSE },
    { 404, "<html>", FALSE },
    { 404, TEXT ("no handler for route"), FALSE },
    { 403, "{\"errors\":[]}", FALSE },
    { 200, "{\"errors\":[]}", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (lists[i].status, lists[i].body);

      g_assert_cmpint (vault_answer_is_empty_list (answer), ==, lists[i].is_empty);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vault-failure/cases", test_cases);
  g_test_add_func ("/vault-failure/no-answer", test_no_answer);
  g_test_add_func ("/vault-failure/empty-list", test_empty_list);
  return g_test_run ();
}

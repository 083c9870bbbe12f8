/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vault-answer.h"

#include <string.h>

#include "fake-host.h"

#define NOW_SEC G_GINT64_CONSTANT (1800000000)
#define NO_LEASE (FEL_FAILURE_PROTOCOL | FEL_FAILURE_MAYBE_MINTED)
#define TOKEN "hvs.CAESIJ"

typedef enum
{
  READ_MINTED,
  READ_STATIC,
  READ_RENEWED,
  READ_ISSUED,
  READ_ACCOUNT,
  READ_TOKEN,
} Reader;

/* What a reader made of an answer. */
typedef struct
{
  Reader reader;
  const char *name;
  const char *body;
  int failure;      /* 0: success */
  const char *said; /* all of it */
} ReadCase;

#define LEASE "\"lease_id\":\"database/creds/r/x\""
#define LOGIN "\"data\":{\"username\":\"v-r-1\",\"password\":\"A1a-p\"}"
#define STATIC_LOGIN "\"username\":\"app\",\"password\":\"A1a-p\""
#define LOGIN_SAID "user=v-r-1\nsecret=A1a-p\n"
#define STATIC_SAID "user=app\nsecret=A1a-p\nid=the-id\n"
#define NOT_RENEWABLE "renewable=false\n"

static const char full_answer[]
    = "{\"request_id\":\"1a2b\",\"lease_id\":\"database/creds/readonly/2f6a614c\",\"renewable\":true,"
      "\"lease_duration\":3600,\"data\":{\"password\":\"SsnoaA-8Tv4t34f41baD\",\"username\":\"v-root-readonly-x\"},"
      "\"wrap_info\":null,\"warnings\":null,\"auth\":null,\"mount_type\":\"database\"}";

static const ReadCase cases[] = {
  { READ_MINTED, "all of it", full_answer, 0,
    "id=database/creds/readonly/2f6a614c\nnot-after=1800003600\nrenewable=true\nuser=v-root-readonly-x\n"
    "secret=SsnoaA-8Tv4t34f41baD\n" },
  { READ_MINTED, "no more than is needed", "{" LEASE "," LOGIN "}", 0, "id=database/creds/r/x\n" LOGIN_SAID },
  { READ_MINTED, "a role that cannot be renewed", "{" LEASE ",\"renewable\":false,\"lease_duration\":60," LOGIN "}", 0,
    "id=database/creds/r/x\nnot-after=1800000060\n" NOT_RENEWABLE LOGIN_SAID },
  { READ_MINTED, "no duration", "{" LEASE ",\"lease_duration\":0," LOGIN "}", 0, "id=database/creds/r/x\n" LOGIN_SAID },
  { READ_MINTED, "durations that cannot be meant", "{" LEASE ",\"lease_duration\":-5," LOGIN "}", 0,
    "id=database/creds/r/x\n" LOGIN_SAID },
  { READ_MINTED, "a duration without an end", "{" LEASE ",\"lease_duration\":9223372036854775807," LOGIN "}", 0,
    "id=database/creds/r/x\n" LOGIN_SAID },
  { READ_MINTED, "a duration as a string", "{" LEASE ",\"lease_duration\":\"60\",\"renewable\":\"true\"," LOGIN "}", 0,
    "id=database/creds/r/x\n" LOGIN_SAID },
  { READ_MINTED, "no lease", "{" LOGIN "}", NO_LEASE, "" },
  { READ_MINTED, "an empty lease: another engine than the database's", "{\"lease_id\":\"\"," LOGIN "}", NO_LEASE, "" },
  { READ_MINTED, "a lease that is a number", "{\"lease_id\":7," LOGIN "}", NO_LEASE, "" },
  { READ_MINTED, "a lease of two lines", "{\"lease_id\":\"a\\nb\"," LOGIN "}", NO_LEASE, "" },
  /* The id is known, so that it can be revoked. */
  { READ_MINTED, "no data", "{" LEASE "}", NO_LEASE, "id=database/creds/r/x\n" },
  { READ_MINTED, "no password", "{" LEASE ",\"data\":{\"username\":\"u\"}}", NO_LEASE, "id=database/creds/r/x\n" },
  { READ_MINTED, "a key instead of a password",
    "{" LEASE ",\"data\":{\"username\":\"u\",\"rsa_private_key\":\"-----BEGIN\"}}", NO_LEASE,
    "id=database/creds/r/x\n" },
  { READ_MINTED, "no user name", "{" LEASE ",\"data\":{\"password\":\"p\"}}", NO_LEASE, "id=database/creds/r/x\n" },
  { READ_MINTED, "a password of two lines", "{" LEASE ",\"data\":{\"username\":\"u\",\"password\":\"p\\n\"}}", NO_LEASE,
    "id=database/creds/r/x\n" },
  { READ_MINTED, "bytes behind the end", "{" LEASE "," LOGIN "}}", NO_LEASE, "id=database/creds/r/x\n" },
  { READ_MINTED, "cut", "{\"request_id\":\"1\"," LEASE ",\"data\":{\"us", NO_LEASE, "id=database/creds/r/x\n" },
  { READ_MINTED, "cut in the lease", "{\"lease_id\":\"database/creds/r/x", NO_LEASE, "" },
  { READ_MINTED, "cut, of another role", "{\"lease_id\":\"database/creds/other/x\",", NO_LEASE, "" },
  { READ_MINTED, "cut, of a deeper path", "{\"lease_id\":\"database/creds/r/x/y\",", NO_LEASE, "" },
  { READ_MINTED, "cut, of no word", "{\"lease_id\":\"database/creds/r/\",", NO_LEASE, "" },
  { READ_MINTED, "cut, of two leases", "{" LEASE ",\"lease_id\":\"database/creds/r/y\",", NO_LEASE, "" },
  { READ_MINTED, "a list", "[]", NO_LEASE, "" },
  { READ_MINTED, "the same lease twice", "{" LEASE "," LEASE "," LOGIN "}", NO_LEASE, "id=database/creds/r/x\n" },
  { READ_MINTED, "nothing", "", NO_LEASE, "" },
  { READ_MINTED, "a page", "<html>", NO_LEASE, "" },

  { READ_STATIC, "what is left",
    "{\"data\":{" STATIC_LOGIN ",\"ttl\":3599,\"rotation_period\":86400,"
    "\"last_vault_rotation\":\"2024-05-04T12:34:56.123456789Z\"}}",
    0, STATIC_SAID "not-after=1800003599\n" NOT_RENEWABLE },
  { READ_STATIC, "a fraction", "{\"data\":{" STATIC_LOGIN ",\"ttl\":59.9}}", 0,
    STATIC_SAID "not-after=1800000059\n" NOT_RENEWABLE },
  { READ_STATIC, "now", "{\"data\":{" STATIC_LOGIN ",\"ttl\":0}}", 0,
    STATIC_SAID "not-after=1800000000\n" NOT_RENEWABLE },
  { READ_STATIC, "by the period",
    "{\"data\":{" STATIC_LOGIN ",\"rotation_period\":60,\"last_vault_rotation\":\"2024-05-04T12:34:56-04:00\"}}", 0,
    STATIC_SAID "not-after=1714840556\n" NOT_RENEWABLE },
  { READ_STATIC, "no end", "{\"data\":{" STATIC_LOGIN ",\"ttl\":\"60\",\"last_vault_rotation\":\"yesterday\"}}", 0,
    STATIC_SAID NOT_RENEWABLE },
  { READ_STATIC, "no password", "{\"data\":{\"username\":\"u\"}}", FEL_FAILURE_PROTOCOL, "" },
  { READ_STATIC, "no data", "{}", FEL_FAILURE_PROTOCOL, "" },
  { READ_STATIC, "nothing", "", FEL_FAILURE_PROTOCOL, "" },

  { READ_RENEWED, "capped",
    "{" LEASE ",\"renewable\":true,\"lease_duration\":7,\"warnings\":[\"capped\"],\"data\":null}", 0,
    "not-after=1800000007\nrenewable=true\n" },
  { READ_RENEWED, "no duration", "{" LEASE ",\"renewable\":true}", FEL_FAILURE_PROTOCOL, "" },
  { READ_RENEWED, "duration 0", "{" LEASE ",\"lease_duration\":0}", FEL_FAILURE_PROTOCOL, "" },
  { READ_RENEWED, "nothing", "", FEL_FAILURE_PROTOCOL, "" },

  { READ_ISSUED, "with data", "{\"data\":{\"id\":\"x\",\"issue_time\":\"2024-05-04T12:34:56.005663311Z\",\"ttl\":5}}",
    0, "created=1714826096\n" },
  { READ_ISSUED, "as older documentation has it", "{\"issue_time\":\"2024-05-04T14:34:56.5+02:00\"}", 0,
    "created=1714826096\n" },
  { READ_ISSUED, "not said", "{\"data\":{}}", 0, "" },
  { READ_ISSUED, "nothing", "", FEL_FAILURE_PROTOCOL, "" },

  { READ_ACCOUNT, "a token with an end",
    "{\"data\":{\"accessor\":\"acc\",\"display_name\":\"ldap2-tesla\",\"entity_id\":\"e-1\",\"id\":\"" TOKEN
    "\",\"ttl\":2764790,\"renewable\":true}}",
    0, "id=e-1\naccount=ldap2-tesla\nexpires=1802764790\n" },
  { READ_ACCOUNT, "a root token",
    "{\"data\":{\"display_name\":\"root\",\"entity_id\":\"\",\"expire_time\":null,\"ttl\":0}}", 0, "account=root\n" },
  { READ_ACCOUNT, "no data", "{\"auth\":null}", FEL_FAILURE_PROTOCOL, "" },
  { READ_ACCOUNT, "a list", "[]", FEL_FAILURE_PROTOCOL, "" },

  { READ_TOKEN, "prolonged", "{\"auth\":{\"client_token\":\"ABCD\",\"lease_duration\":3600,\"renewable\":true}}", 0,
    "secret=" TOKEN "\nexpires=1800003600\n" },
  { READ_TOKEN, "no duration", "{\"auth\":{\"client_token\":\"ABCD\"}}", FEL_FAILURE_PROTOCOL, "" },
  { READ_TOKEN, "no auth", "{\"lease_duration\":3600}", FEL_FAILURE_PROTOCOL, "" },
  { READ_TOKEN, "nothing", "", FEL_FAILURE_PROTOCOL, "" },
};

static bool
read_answer (FelOut *out, Reader reader, const FelHttpAnswer *answer)
{
  g_auto (VaultLease) lease = { NULL };

  switch (reader)
    {
    case READ_MINTED:
      return vault_answer_read_minted (&fake_host, out, answer, "database/creds/r/", NOW_SEC, &lease);
    case READ_STATIC:
      return vault_answer_read_static (&fake_host, out, answer, "the-id", NOW_SEC);
    case READ_RENEWED:
      return vault_answer_read_renewed (&fake_host, out, answer, NOW_SEC);
    case READ_ISSUED:
      return vault_answer_read_issued (&fake_host, out, answer);
    case READ_ACCOUNT:
      return vault_answer_read_account (&fake_host, out, answer, NOW_SEC);
    case READ_TOKEN:
      return vault_answer_read_token (&fake_host, out, answer, TOKEN, NOW_SEC);
    default:
      g_assert_not_reached ();
    }
}

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, cases[i].body);
      g_autoptr (FelOut) out = fake_out_new ();
      bool ok = read_answer (out, cases[i].reader, answer);

      g_test_message ("%d, %s: %s", (int) cases[i].reader, cases[i].name,
                      out->sentence != NULL ? out->sentence : "success");
      g_assert_true (ok == (cases[i].failure == 0));
      g_assert_cmpuint (out->n_fails, ==, ok ? 0 : 1);
      g_assert_cmpint (out->failure, ==, cases[i].failure);
      g_assert_cmpstr (out->said->str, ==, cases[i].said);
    }
}

static void
test_lease (void)
{
  g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, full_answer);
  g_autoptr (FelOut) out = fake_out_new ();
  g_auto (VaultLease) lease = { NULL };

  g_assert_true (vault_answer_read_minted (&fake_host, out, answer, "database/creds/r/", NOW_SEC, &lease));
  g_assert_cmpstr (lease.id, ==, "database/creds/readonly/2f6a614c");
  g_assert_cmpint (lease.duration_sec, ==, 3600);
  g_assert_true (lease.renewable);
  g_assert_cmpint (vault_answer_duration (answer), ==, 3600);
}

static void
test_limits (void)
{
  static const struct
  {
    gsize id_len;
    gsize user_len;
    gsize password_len;
    bool ok;
  } limits[] = {
    { 256, 256, 1024, true }, { 257, 1, 1, false }, { 1, 257, 1, false }, { 1, 1, 1025, false }, { 1, 1, 1, true },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_autofree char *id = g_strnfill (limits[i].id_len, 'i');
      g_autofree char *user = g_strnfill (limits[i].user_len, 'u');
      g_autofree char *password = g_strnfill (limits[i].password_len, 'p');
      g_autofree char *body = g_strdup_printf (
          "{\"lease_id\":\"%s\",\"data\":{\"username\":\"%s\",\"password\":\"%s\"}}", id, user, password);
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, body);
      g_autoptr (FelOut) out = fake_out_new ();

      g_assert_true (read_answer (out, READ_MINTED, answer) == limits[i].ok);
      g_assert_cmpint (out->failure, ==, limits[i].ok ? 0 : NO_LEASE);
    }
}

/* Every prefix of a good answer is a failure that may have minted; as soon as the whole lease is in it, it is known. */
static void
test_every_prefix (void)
{
  const char *behind = strstr (full_answer, "\",\"renewable") + 1;

  for (gsize len = 0; len < strlen (full_answer); len++)
    {
      g_autofree char *body = g_strndup (full_answer, len);
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, body);
      g_autoptr (FelOut) out = fake_out_new ();
      g_auto (VaultLease) lease = { NULL };

      g_assert_false (vault_answer_read_minted (&fake_host, out, answer, "database/creds/readonly/", NOW_SEC, &lease));
      g_assert_cmpint (out->failure, ==, NO_LEASE);
      g_assert_cmpstr (out->said->str, ==, full_answer + len < behind ? "" : "id=database/creds/readonly/2f6a614c\n");
    }
}

static void
test_sentences_hold_no_secret (void)
{
  static const char *const bodies[] = {
    "{\"lease_id\":\"\",\"data\":{\"password\":\"geheim\"}}",
    "{" LEASE ",\"data\":{\"username\":\"u\",\"password\":\"geheim\\n\"}}",
    "{\"auth\":{\"client_token\":\"geheim\"}}",
    "geheim",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies) * (READ_TOKEN + 1); i++)
    {
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, bodies[i % G_N_ELEMENTS (bodies)]);
      g_autoptr (FelOut) out = fake_out_new ();

      if (!read_answer (out, i / G_N_ELEMENTS (bodies), answer))
        g_assert_null (strstr (out->sentence, "geheim"));
      g_assert_null (strstr (out->said->str, "geheim"));
    }
}

static void
test_keys (void)
{
  static const struct
  {
    const char *body;
    const char *keys; /* NULL: it is refused */
  } lists[] = {
    { "{\"data\":{\"keys\":[\"a\",\"b.ns1\"]}}", "a b.ns1" },
    { "{\"data\":{\"keys\":[]}}", "" },
    { "{\"data\":{\"keys\":[\"a\",\"folder/\",7,null,\"\",\"x\\ny\",[\"b\"],\"c\"]}}", "a c" },
    { "{\"data\":{\"keys\":\"a\"}}", NULL },
    { "{\"data\":null}", NULL },
    { "{\"keys\":[\"a\"]}", NULL },
    { "[]", NULL },
    { "", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, lists[i].body);
      g_autoptr (FelOut) out = fake_out_new ();
      g_autoptr (GPtrArray) keys = vault_answer_read_keys (&fake_host, out, answer);
      g_autofree char *joined = NULL;

      g_assert_true ((keys == NULL) == (lists[i].keys == NULL));
      g_assert_cmpint (out->failure, ==, keys != NULL ? 0 : FEL_FAILURE_PROTOCOL);
      if (keys == NULL)
        continue;
      g_ptr_array_add (keys, NULL);
      joined = g_strjoinv (" ", (char **) keys->pdata);
      g_assert_cmpstr (joined, ==, lists[i].keys);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vault-answer/cases", test_cases);
  g_test_add_func ("/vault-answer/lease", test_lease);
  g_test_add_func ("/vault-answer/limits", test_limits);
  g_test_add_func ("/vault-answer/every-prefix", test_every_prefix);
  g_test_add_func ("/vault-answer/sentences-hold-no-secret", test_sentences_hold_no_secret);
  g_test_add_func ("/vault-answer/keys", test_keys);
  return g_test_run ();
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nile-answer.h"

#include <string.h>

#include "fake-host.h"

#define NOW_SEC G_GINT64_CONSTANT (1800000000)
#define NO_ID (FEL_FAILURE_PROTOCOL | FEL_FAILURE_MAYBE_MINTED)
#define JWT_GOOD "x.eyJleHAiOjE4MDAwMDM2MDB9.x" /* {"exp":1800003600} */

#define UUID_MEMBER "\"id\":\"018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e\""
#define UUID_SAID "id=018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e\n"

/* What a reader made of an answer. */
typedef struct
{
  const char *name;
  const char *body;
  int failure;      /* 0: success */
  const char *said; /* all of it */
} ReadCase;

static void
check_case (const ReadCase *expected, bool ok, const FelOut *out)
{
  g_test_message ("%s: %s", expected->name, out->sentence != NULL ? out->sentence : "success");
  g_assert_true (ok == (expected->failure == 0));
  g_assert_cmpuint (out->n_fails, ==, ok ? 0 : 1);
  g_assert_cmpint (out->failure, ==, expected->failure);
  g_assert_cmpstr (out->said->str, ==, expected->said);
}

/* createCredential */

static const char full_answer[] = "{\"id\":\"018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e\","
                                  "\"database\":{"
                                  "\"id\":\"018f2f2e-0000-7000-8000-000000000001\",\"name\":\"orders\","
                                  "\"workspace\":{\"id\":\"w-1\",\"name\":\"Acme\",\"slug\":\"acme\","
                                  "\"stripe_customer_id\":\"cus_1\",\"created\":\"2024-05-01T10:00:00Z\"},"
                                  "\"status\":\"READY\",\"region\":\"AWS_EU_CENTRAL_1\",\"expandable\":true,"
                                  "\"created\":\"2024-05-02T10:00:00Z\",\"deleted\":\"2024-05-03T10:00:00Z\","
                                  "\"apiHost\":\"https://api.example.org/v2/databases/1\","
                                  "\"dbHost\":\"postgres://db.example.org:5432/orders\",\"sharded\":false},"
                                  "\"tenant\":\"t-1\",\"internal\":true,"
                                  "\"password\":\"7c0b9d5e-9a3f-4a51-b7a5-0d6f4c1f2a3b\","
                                  "\"created\":\"2024-05-04T12:34:56.789Z\"}";

static const ReadCase minted_cases[] = {
  { "the full answer", full_answer, 0,
    "id=018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e\ntenant-id=t-1\ninternal=true\ncreated=1714826096\n"
    "database-id=018f2f2e-0000-7000-8000-000000000001\nregion=AWS_EU_CENTRAL_1\nstatus=READY\n"
    "api-host=api.example.org\nsharded=false\nexpandable=true\n"
    "host=db.example.org\nport=5432\nssl-mode=require\nsecret=7c0b9d5e-9a3f-4a51-b7a5-0d6f4c1f2a3b\n" },
  { "no more than the required members", "{\"id\":\"1\",\"password\":\"p\",\"database\":{}}", 0, "id=1\nsecret=p\n" },
  { "no database", "{\"id\":\"1\",\"password\":\"p\"}", 0, "id=1\nsecret=p\n" },
  { "unknown members and values",
    "{\"id\":\"1\",\"password\":\"p\",\"new\":[1],\"database\":{\"status\":\"PAUSED\",\"region\":\"GCP_X\",\"y\":{}}}",
    0, "id=1\nregion=GCP_X\nstatus=PAUSED\nsecret=p\n" },
  { "white space around it", " \r\n\t{\"id\":\"1\",\"password\":\"p\"}\n", 0, "id=1\nsecret=p\n" },
  { "letters beyond ASCII", "{\"id\":\"1\",\"password\":\"p\\u00e4\xc3\xa4\"}", 0, "id=1\nsecret=p\xc3\xa4\xc3\xa4\n" },
  { "a password full of signs", "{\"id\":\"1\",\"password\":\" '\\\"\\\\%@:/?# \"}", 0,
    "id=1\nsecret= '\"\\%@:/?# \n" },

  { "bare hosts", "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"dbHost\":\"db.x\",\"apiHost\":\"api.x\"}}", 0,
    "id=1\napi-host=api.x\nhost=db.x\nport=5432\nssl-mode=require\nsecret=p\n" },
  { "a host before the region",
    "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"dbHost\":\"db.x\",\"region\":\"AWS_US_WEST_2\"}}", 0,
    "id=1\nregion=AWS_US_WEST_2\nhost=db.x\nport=5432\nssl-mode=require\nsecret=p\n" },
  { "region us-west-2", "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"region\":\"AWS_US_WEST_2\"}}", 0,
    "id=1\nregion=AWS_US_WEST_2\nhost=us-west-2.db.thenile.dev\nport=5432\nssl-mode=require\nsecret=p\n" },
  { "region eu-central-1", "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"region\":\"AWS_EU_CENTRAL_1\"}}", 0,
    "id=1\nregion=AWS_EU_CENTRAL_1\nhost=eu-central-1.db.thenile.dev\nport=5432\nssl-mode=require\nsecret=p\n" },
  { "region eastus", "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"region\":\"AZURE_EASTUS\"}}", 0,
    "id=1\nregion=AZURE_EASTUS\nhost=db.eastus.azure.thenile.dev\nport=5432\nssl-mode=require\nsecret=p\n" },
  { "a host of the wrong type",
    "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"dbHost\":[\"db.x\"],\"region\":\"AZURE_EASTUS\"}}", 0,
    "id=1\nregion=AZURE_EASTUS\nhost=db.eastus.azure.thenile.dev\nport=5432\nssl-mode=require\nsecret=p\n" },
  { "a host that is no URI",
    "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"dbHost\":\"://\",\"region\":\"AZURE_EASTUS\"}}", 0,
    "id=1\nregion=AZURE_EASTUS\nhost=db.eastus.azure.thenile.dev\nport=5432\nssl-mode=require\nsecret=p\n" },
  { "an IPv6 host", "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"dbHost\":\"postgres://[2001:db8::1]:5432\"}}", 0,
    "id=1\nhost=2001:db8::1\nport=5432\nssl-mode=require\nsecret=p\n" },
  { "nobody's name in a host URI",
    "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"dbHost\":\"postgres://me:pw@db.x/orders\"}}", 0,
    "id=1\nhost=db.x\nport=5432\nssl-mode=require\nsecret=p\n" },

  { "every optional member of a wrong type",
    "{\"id\":\"1\",\"password\":\"p\",\"tenant\":7,\"internal\":\"true\",\"created\":1714826096,\"database\":"
    "{\"id\":1,\"status\":null,\"region\":3,\"expandable\":1,\"apiHost\":false,\"dbHost\":{},\"sharded\":\"no\"}}",
    0, "id=1\nsecret=p\n" },
  { "null for every optional member",
    "{\"id\":\"1\",\"password\":\"p\",\"tenant\":null,\"internal\":null,\"created\":null,\"database\":null}", 0,
    "id=1\nsecret=p\n" },
  { "a database that is a string", "{\"id\":\"1\",\"password\":\"p\",\"database\":\"orders\"}", 0, "id=1\nsecret=p\n" },
  { "a time with an offset", "{\"id\":\"1\",\"password\":\"p\",\"created\":\"2024-05-04T14:34:56+02:00\"}", 0,
    "id=1\ncreated=1714826096\nsecret=p\n" },
  { "no time at all", "{\"id\":\"1\",\"password\":\"p\",\"created\":\"yesterday\"}", 0, "id=1\nsecret=p\n" },

  /* The id goes out first wherever there is one, so that the host can revoke. */
  { "no id", "{\"password\":\"p\"}", NO_ID, "" },
  { "an empty id", "{\"id\":\"\",\"password\":\"p\"}", NO_ID, "" },
  { "an id that is a number", "{\"id\":1,\"password\":\"p\"}", NO_ID, "" },
  { "no password", "{\"id\":\"1\"}", NO_ID, "id=1\n" },
  { "an empty password", "{\"id\":\"1\",\"password\":\"\"}", NO_ID, "id=1\n" },
  { "a password that is null", "{\"id\":\"1\",\"password\":null}", NO_ID, "id=1\n" },
  { "a password that is a number", "{\"id\":\"1\",\"password\":1234}", NO_ID, "id=1\n" },
  { "a password with a line break", "{\"id\":\"1\",\"password\":\"p\\nq\"}", NO_ID, "id=1\n" },
  { "a password with a carriage return", "{\"id\":\"1\",\"password\":\"p\\r\"}", NO_ID, "id=1\n" },
  { "a password with an escape sequence", "{\"id\":\"1\",\"password\":\"\\u001b[2J\"}", NO_ID, "id=1\n" },
  { "a password with a delete", "{\"id\":\"1\",\"password\":\"p\\u007f\"}", NO_ID, "id=1\n" },
  { "a password with a NUL", "{\"id\":\"1\",\"password\":\"p\\u0000q\"}", NO_ID, "" },
  { "two passwords", "{\"id\":\"1\",\"password\":\"p\",\"password\":\"q\"}", NO_ID, "" },

  /* The same where the rest cannot be read, if it is a UUID. */
  { "half an answer with a UUID", "{" UUID_MEMBER ",\"password\":\"p", NO_ID, UUID_SAID },
  { "a password with a NUL, and a UUID", "{" UUID_MEMBER ",\"password\":\"p\\u0000q\"}", NO_ID, UUID_SAID },
  { "two passwords and a UUID", "{" UUID_MEMBER ",\"password\":\"p\",\"password\":\"q\"}", NO_ID, UUID_SAID },
  { "a UUID and something behind", "{" UUID_MEMBER ",\"password\":\"p\"}x", NO_ID, UUID_SAID },
  { "a UUID in a list", "[{" UUID_MEMBER "}]", NO_ID, "" },
  { "two UUIDs", "{" UUID_MEMBER ",\"id\":\"018f2f2e-0000-7000-8000-000000000001\"}", NO_ID, "" },

  { "nothing", "", NO_ID, "" },
  { "a page", "<html><body>502 Bad Gateway</body></html>", NO_ID, "" },
  { "half an answer", "{\"id\":\"1\",\"password\":\"p", NO_ID, "" },
  { "two answers", "{\"id\":\"1\",\"password\":\"p\"}{}", NO_ID, "" },
  { "a list", "[{\"id\":\"1\",\"password\":\"p\"}]", NO_ID, "" },
  { "null", "null", NO_ID, "" },
  { "a string", "\"p\"", NO_ID, "" },
  { "an empty object", "{}", NO_ID, "" },
  { "bytes that are not UTF-8", "{\"id\":\"1\",\"password\":\"\xff\"}", NO_ID, "" },
};

static void
test_minted (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (minted_cases); i++)
    {
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, minted_cases[i].body);
      g_autoptr (FelOut) out = fake_out_new ();
      bool ok = nile_answer_read_minted (&fake_host, out, answer, "require");

      check_case (&minted_cases[i], ok, out);
    }
}

/* Where the region is all that is known, a host that is there but empty is no better than none. */
static void
test_minted_with_empty_host (void)
{
  static const ReadCase cases[] = {
    { "an empty host", "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"dbHost\":\"\",\"region\":\"AZURE_EASTUS\"}}",
      0, "id=1\nregion=AZURE_EASTUS\nhost=db.eastus.azure.thenile.dev\nport=5432\nssl-mode=require\nsecret=p\n" },
    { "a URI without a host",
      "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"dbHost\":\"postgres:///x\",\"region\":\"AZURE_EASTUS\"}}", 0,
      "id=1\nregion=AZURE_EASTUS\nhost=db.eastus.azure.thenile.dev\nport=5432\nssl-mode=require\nsecret=p\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, cases[i].body);
      g_autoptr (FelOut) out = fake_out_new ();
      bool ok = nile_answer_read_minted (&fake_host, out, answer, "require");

      check_case (&cases[i], ok, out);
    }
}

/* FEL_FIELD_HOST is a bare name; the port has a field of its own. */
static void
test_minted_with_port_in_bare_host (void)
{
  static const ReadCase expected = { "host:port",
                                     "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"dbHost\":\"db.x:5432\"}}", 0,
                                     "id=1\nhost=db.x\nport=5432\nssl-mode=require\nsecret=p\n" };
  g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, expected.body);
  g_autoptr (FelOut) out = fake_out_new ();
  bool ok = nile_answer_read_minted (&fake_host, out, answer, "require");

  check_case (&expected, ok, out);
}

static void
test_minted_limits (void)
{
  static const struct
  {
    gsize id_len;
    gsize password_len;
    bool ok;
  } cases[] = {
    { 256, 1024, true }, { 257, 1024, false }, { 256, 1025, false }, { 1, 1, true }, { 256, 60000, false },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *id = g_strnfill (cases[i].id_len, 'i');
      g_autofree char *password = g_strnfill (cases[i].password_len, 'p');
      g_autofree char *body = g_strdup_printf ("{\"id\":\"%s\",\"password\":\"%s\"}", id, password);
      g_autofree char *secret = g_strdup_printf ("secret=%s\n", password);
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (201, body);
      g_autoptr (FelOut) out = fake_out_new ();
      bool ok = nile_answer_read_minted (&fake_host, out, answer, "require");

      g_test_message ("id %zu, password %zu", cases[i].id_len, cases[i].password_len);
      g_assert_true (ok == cases[i].ok);
      g_assert_cmpint (out->failure, ==, cases[i].ok ? 0 : NO_ID);
      g_assert_true (g_str_has_suffix (out->said->str, secret) == cases[i].ok);
    }
}

static void
test_minted_ssl_mode (void)
{
  static const char body[] = "{\"id\":\"1\",\"password\":\"p\",\"database\":{\"dbHost\":\"db.x\"}}";
  g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, body);
  g_autoptr (FelOut) out = fake_out_new ();

  g_assert_true (nile_answer_read_minted (&fake_host, out, answer, "verify-full"));
  g_assert_cmpstr (out->said->str, ==, "id=1\nhost=db.x\nport=5432\nssl-mode=verify-full\nsecret=p\n");
}

/* Whatever is wrong with it, the sentence never quotes a password. */
static void
test_minted_sentence_holds_no_password (void)
{
  static const char *const bodies[] = {
    "{\"password\":\"geheim\"}",
    "{\"id\":\"1\",\"password\":\"geheim\\n\"}",
    "{\"id\":\"1\",\"password\":\"geheim",
    "[\"geheim\"]",
    "geheim",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, bodies[i]);
      g_autoptr (FelOut) out = fake_out_new ();

      g_assert_false (nile_answer_read_minted (&fake_host, out, answer, "require"));
      g_assert_null (strstr (out->sentence, "geheim"));
      g_assert_null (strstr (out->said->str, "geheim"));
    }
}

/* Every prefix of a good answer is a failure that may have minted; it names the id as soon as that is whole. */
static void
test_minted_every_prefix (void)
{
  gsize whole = strlen ("{" UUID_MEMBER);

  for (gsize len = 0; len < strlen (full_answer); len++)
    {
      g_autofree char *body = g_strndup (full_answer, len);
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, body);
      g_autoptr (FelOut) out = fake_out_new ();

      g_assert_false (nile_answer_read_minted (&fake_host, out, answer, "require"));
      g_assert_cmpint (out->failure, ==, NO_ID);
      g_assert_cmpstr (out->said->str, ==, len < whole ? "" : UUID_SAID);
    }
}

/* The other answers */

static void
test_list (void)
{
  static const ReadCase cases[] = {
    { "none", "[]", 0, "" },
    { "two",
      "[{\"id\":\"1\",\"database\":{\"id\":\"d\",\"name\":\"orders\",\"regionId\":3}},"
      "{\"id\":\"2\",\"tenant\":\"t\",\"internal\":false,\"created\":\"2024-05-04T12:34:56Z\",\"database\":{}}]",
      0, "id=1\ndatabase-id=d\n--\nid=2\ntenant-id=t\ninternal=false\ncreated=1714826096\n--\n" },
    { "a password that should not be there", "[{\"id\":\"1\",\"password\":\"p\"}]", 0, "id=1\n--\n" },
    { "items without an id", "[{},{\"id\":7},null,\"1\",[\"1\"],7]", 0, "--\n--\n--\n--\n--\n--\n" },
    { "a database that is a string", "[{\"id\":\"1\",\"database\":\"d\"}]", 0, "id=1\n--\n" },
    { "an object", "{\"id\":\"1\"}", FEL_FAILURE_PROTOCOL, "" },
    { "null", "null", FEL_FAILURE_PROTOCOL, "" },
    { "nothing", "", FEL_FAILURE_PROTOCOL, "" },
    { "garbage", "[{\"id\":\"1\"},", FEL_FAILURE_PROTOCOL, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, cases[i].body);
      g_autoptr (FelOut) out = fake_out_new ();
      bool ok = nile_answer_read_list (&fake_host, out, answer);

      check_case (&cases[i], ok, out);
    }
}

static void
test_account (void)
{
  static const ReadCase cases[] = {
    { "workspaces as strings", "{\"id\":\"u\",\"email\":\"me@x\",\"workspaces\":[\"acme\",\"lab\"],\"kind\":\"HUMAN\"}",
      0, "id=u\naccount=me@x\nworkspace=acme\nworkspace=lab\n" },
    { "workspaces as objects",
      "{\"id\":\"u\",\"email\":\"me@x\",\"workspaces\":[{\"id\":\"w\",\"name\":\"Acme\",\"slug\":\"acme\"}],"
      "\"databases\":[\"d\"]}",
      0, "id=u\naccount=me@x\nworkspace=acme\n" },
    { "both, and worse", "{\"id\":\"u\",\"workspaces\":[\"acme\",{\"slug\":\"lab\"},{\"slug\":1},{},null,7,[],\"\"]}",
      0, "id=u\nworkspace=acme\nworkspace=lab\n" },
    { "an API key", "{\"id\":\"k\",\"kind\":\"API\"}", 0, "id=k\n" },
    { "wrong types", "{\"id\":1,\"email\":[],\"workspaces\":\"acme\"}", 0, "" },
    { "workspaces null", "{\"id\":\"u\",\"workspaces\":null}", 0, "id=u\n" },
    { "an empty object", "{}", 0, "" },
    { "a list", "[]", FEL_FAILURE_PROTOCOL, "" },
    { "nothing", "", FEL_FAILURE_PROTOCOL, "" },
    { "garbage", "<html>", FEL_FAILURE_PROTOCOL, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, cases[i].body);
      g_autoptr (FelOut) out = fake_out_new ();
      bool ok = nile_answer_read_account (&fake_host, out, answer);

      check_case (&cases[i], ok, out);
    }
}

static void
test_token (void)
{
  static const ReadCase cases[] = {
    { "all of it",
      "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":3600,\"refresh_token\":\"r\",\"scope\":\"s\"}",
      0, "secret=a\nrefresh-secret=r\nexpires=1800003600\n" },
    { "without expires_in", "{\"access_token\":\"a\"}", 0, "secret=a\nexpires=0\n" },
    { "expires_in before exp", "{\"access_token\":\"" JWT_GOOD "\",\"expires_in\":60}", 0,
      "secret=" JWT_GOOD "\nexpires=1800000060\n" },
    { "exp alone", "{\"access_token\":\"" JWT_GOOD "\"}", 0, "secret=" JWT_GOOD "\nexpires=1800003600\n" },
    { "expires_in 0", "{\"access_token\":\"" JWT_GOOD "\",\"expires_in\":0}", 0,
      "secret=" JWT_GOOD "\nexpires=1800003600\n" },
    { "expires_in below 0", "{\"access_token\":\"a\",\"expires_in\":-5}", 0, "secret=a\nexpires=0\n" },
    { "expires_in as a string", "{\"access_token\":\"a\",\"expires_in\":\"3600\"}", 0, "secret=a\nexpires=0\n" },
    { "expires_in as a fraction", "{\"access_token\":\"a\",\"expires_in\":3600.5}", 0, "secret=a\nexpires=0\n" },
    { "expires_in without an end", "{\"access_token\":\"a\",\"expires_in\":9223372036854775807}", 0,
      "secret=a\nexpires=0\n" },
    { "an empty refresh token", "{\"access_token\":\"a\",\"refresh_token\":\"\"}", 0, "secret=a\nexpires=0\n" },
    { "a refresh token that is null", "{\"access_token\":\"a\",\"refresh_token\":null}", 0, "secret=a\nexpires=0\n" },
    { "no access token", "{\"token_type\":\"Bearer\",\"refresh_token\":\"r\"}", FEL_FAILURE_PROTOCOL, "" },
    { "an empty access token", "{\"access_token\":\"\"}", FEL_FAILURE_PROTOCOL, "" },
    { "an access token that is a number", "{\"access_token\":1}", FEL_FAILURE_PROTOCOL, "" },
    { "two access tokens", "{\"access_token\":\"a\",\"access_token\":\"b\"}", FEL_FAILURE_PROTOCOL, "" },
    { "a list", "[\"a\"]", FEL_FAILURE_PROTOCOL, "" },
    { "a form", "access_token=a&token_type=bearer", FEL_FAILURE_PROTOCOL, "" },
    { "nothing", "", FEL_FAILURE_PROTOCOL, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (FelHttpAnswer) answer = fake_answer_new (200, cases[i].body);
      g_autoptr (FelOut) out = fake_out_new ();
      bool ok = nile_answer_read_token (&fake_host, out, answer, NOW_SEC);

      check_case (&cases[i], ok, out);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nile-answer/minted/cases", test_minted);
  g_test_add_func ("/nile-answer/minted/limits", test_minted_limits);
  g_test_add_func ("/nile-answer/minted/ssl-mode", test_minted_ssl_mode);
  g_test_add_func ("/nile-answer/minted/sentence-holds-no-password", test_minted_sentence_holds_no_password);
  g_test_add_func ("/nile-answer/minted/every-prefix", test_minted_every_prefix);
  g_test_add_func ("/nile-answer/list", test_list);
  g_test_add_func ("/nile-answer/account", test_account);
  g_test_add_func ("/nile-answer/token", test_token);
  g_test_add_func ("/nile-answer/minted/empty-host", test_minted_with_empty_host);
  g_test_add_func ("/nile-answer/minted/port-in-bare-host", test_minted_with_port_in_bare_host);
  return g_test_run ();
}

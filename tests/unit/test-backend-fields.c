/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a backend says through the host: which field goes where, what counts as not sent, what a sentence may be. */
#include "backend-call.h"

#include <string.h>

#include "error.h"

typedef void (*Speech) (const FelHost *host, FelOut *out);

static Speech speech; /* what the backend says */
static bool fails;    /* and then */

static bool
speak (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  fails = false;
  speech (host, out);
  return !fails;
}

static const FelConfigInstance config = { .name = (char *) "fake", .module = (char *) "fake", .timeout_sec = 30 };
static FelInstance instance = {
  .config = &config,
  .name = "fake",
  .loaded = TRUE,
  .backend = { .struct_size = sizeof (FelBackend), .mint = speak, .list = speak, .probe = speak },
};

static void
on_done (FelBackendCall *call, const GError *error, gpointer user_data)
{
  g_main_loop_quit (user_data);
}

/* The call of a backend that says this; it may well fail for want of an id. */
static FelBackendCall *
call_that_says (FelVerbKind verb, Speech what)
{
  g_autoptr (FelWork) work = fel_work_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  FelBackendCall *call = fel_backend_call_new (&instance, verb);

  speech = what;
  fel_backend_call_run (call, work, on_done, loop);
  g_main_loop_run (loop);
  return call;
}

static const struct
{
  FelField field;
  gsize offset;
} string_fields[] = {
  { FEL_FIELD_ID, G_STRUCT_OFFSET (FelCredential, id) },
  { FEL_FIELD_USER, G_STRUCT_OFFSET (FelCredential, user) },
  { FEL_FIELD_HOST, G_STRUCT_OFFSET (FelCredential, host) },
  { FEL_FIELD_SSL_MODE, G_STRUCT_OFFSET (FelCredential, ssl_mode) },
  { FEL_FIELD_DATABASE_ID, G_STRUCT_OFFSET (FelCredential, database_id) },
  { FEL_FIELD_TENANT_ID, G_STRUCT_OFFSET (FelCredential, tenant_id) },
  { FEL_FIELD_REGION, G_STRUCT_OFFSET (FelCredential, region) },
  { FEL_FIELD_STATUS, G_STRUCT_OFFSET (FelCredential, status) },
  { FEL_FIELD_API_HOST, G_STRUCT_OFFSET (FelCredential, api_host) },
  { FEL_FIELD_DATABASE_NAME, G_STRUCT_OFFSET (FelCredential, database_name) },
  { FEL_FIELD_INTENT, G_STRUCT_OFFSET (FelCredential, intent) },
  { FEL_FIELD_PROTOCOL, G_STRUCT_OFFSET (FelCredential, protocol) },
};

static const struct
{
  FelField field;
  gsize offset;
} number_fields[] = {
  { FEL_FIELD_PORT, G_STRUCT_OFFSET (FelCredential, port) },
  { FEL_FIELD_CREATED, G_STRUCT_OFFSET (FelCredential, created_sec) },
  { FEL_FIELD_NOT_AFTER, G_STRUCT_OFFSET (FelCredential, not_after_sec) },
};

static const struct
{
  FelField field;
  gsize offset;
} boolean_fields[] = {
  { FEL_FIELD_INTERNAL, G_STRUCT_OFFSET (FelCredential, internal) },
  { FEL_FIELD_SHARDED, G_STRUCT_OFFSET (FelCredential, sharded) },
  { FEL_FIELD_EXPANDABLE, G_STRUCT_OFFSET (FelCredential, expandable) },
  { FEL_FIELD_RENEWABLE, G_STRUCT_OFFSET (FelCredential, renewable) },
  { FEL_FIELD_LOGIN_ONLY, G_STRUCT_OFFSET (FelCredential, login_only) },
};

static void
say_everything (const FelHost *host, FelOut *out)
{
  for (gsize i = 0; i < G_N_ELEMENTS (string_fields); i++)
    {
      g_autofree char *value = g_strdup_printf ("value %d", (int) string_fields[i].field);

      host->set_string (out, string_fields[i].field, "replaced");
      host->set_string (out, string_fields[i].field, value);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (number_fields); i++)
    host->set_int64 (out, number_fields[i].field, 1000 + (int) number_fields[i].field);
  for (gsize i = 0; i < G_N_ELEMENTS (boolean_fields); i++)
    host->set_bool (out, boolean_fields[i].field, i % 2 == 0);
  host->set_int64 (out, FEL_FIELD_EXPIRES, 77);
  host->set_secret (out, "secret", 6);
}

static void
test_every_field (void)
{
  g_autoptr (FelBackendCall) call = call_that_says (FEL_VERB_MINT, say_everything);

  g_assert_no_error (call->error);
  for (gsize i = 0; i < G_N_ELEMENTS (string_fields); i++)
    {
      g_autofree char *value = g_strdup_printf ("value %d", (int) string_fields[i].field);

      g_assert_cmpstr (G_STRUCT_MEMBER (char *, call->credential, string_fields[i].offset), ==, value);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (number_fields); i++)
    g_assert_cmpint (G_STRUCT_MEMBER (gint64, call->credential, number_fields[i].offset), ==,
                     1000 + (int) number_fields[i].field);
  for (gsize i = 0; i < G_N_ELEMENTS (boolean_fields); i++)
    g_assert_cmpint (G_STRUCT_MEMBER (FelTristate, call->credential, boolean_fields[i].offset), ==,
                     i % 2 == 0 ? FEL_TRUE : FEL_FALSE);
  g_assert_cmpint (call->expires_sec, ==, 77);
}

/* Setters of the wrong type, fields that do not exist and those of other verbs. */
static void
say_nonsense (const FelHost *host, FelOut *out)
{
  static const int fields[] = { G_MININT, -1, 0, FEL_FIELD_INTENT + 1, G_MAXINT };

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      host->set_string (out, (FelField) fields[i], "x");
      host->set_int64 (out, (FelField) fields[i], 1);
      host->set_bool (out, (FelField) fields[i], true);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (string_fields); i++)
    {
      host->set_int64 (out, string_fields[i].field, 1);
      host->set_bool (out, string_fields[i].field, true);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (number_fields); i++)
    {
      host->set_string (out, number_fields[i].field, "1");
      host->set_bool (out, number_fields[i].field, true);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (boolean_fields); i++)
    {
      host->set_string (out, boolean_fields[i].field, "true");
      host->set_int64 (out, boolean_fields[i].field, 1);
    }
}

static void
test_nonsense (void)
{
  g_autoptr (FelBackendCall) call = call_that_says (FEL_VERB_LIST, say_nonsense);

  g_assert_no_error (call->error);
  g_assert_null (call->credential);
  g_assert_null (call->list);
  g_assert_null (call->account);
  g_assert_null (call->workspaces);
  g_assert_cmpint (call->expires_sec, ==, 0);
}

#define N64 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define N256 N64 N64 N64 N64

static const struct
{
  const char *value;
  gboolean sent;
} strings[] = {
  { "a", TRUE },     { "gr\303\266\303\237e", TRUE },
  { N256, TRUE },    { N256 "n", FALSE },
  { NULL, FALSE },   { "", FALSE },
  { "\xff", FALSE }, { "\xc0\x80", FALSE },
  { "a\nb", FALSE }, { "\033[31m", FALSE },
  { "\177", FALSE }, { "a\302\205", FALSE }, /* U+0085, a control of the second block */
};

static gsize nth; /* case that is said */

static void
say_string (const FelHost *host, FelOut *out)
{
  host->set_string (out, FEL_FIELD_USER, "earlier");
  host->set_string (out, FEL_FIELD_USER, strings[nth].value);
  host->set_string (out, FEL_FIELD_ACCOUNT, strings[nth].value);
  host->set_string (out, FEL_FIELD_WORKSPACE, strings[nth].value);
}

static void
test_strings (void)
{
  for (nth = 0; nth < G_N_ELEMENTS (strings); nth++)
    {
      g_autoptr (FelBackendCall) call = call_that_says (FEL_VERB_PROBE, say_string);
      const char *value = strings[nth].value;

      g_test_message ("%zu", nth);
      g_assert_cmpstr (call->credential->user, ==, strings[nth].sent ? value : "earlier");
      g_assert_cmpstr (call->account, ==, strings[nth].sent ? value : NULL);
      g_assert_cmpint (call->workspaces != NULL, ==, strings[nth].sent);
    }
}

static const struct
{
  FelField field;
  gint64 value;
  gboolean sent;
} numbers[] = {
  { FEL_FIELD_PORT, 1, TRUE },
  { FEL_FIELD_PORT, 65535, TRUE },
  { FEL_FIELD_PORT, 65536, FALSE },
  { FEL_FIELD_PORT, 0, FALSE },
  { FEL_FIELD_PORT, -1, FALSE },
  { FEL_FIELD_PORT, G_MAXINT64, FALSE },
  { FEL_FIELD_PORT, 0x100000001, FALSE }, /* 1 in 32 bits */
  { FEL_FIELD_CREATED, 1, TRUE },
  { FEL_FIELD_CREATED, 65536, TRUE },
  { FEL_FIELD_CREATED, G_MAXINT64, TRUE },
  { FEL_FIELD_CREATED, 0, FALSE },
  { FEL_FIELD_CREATED, -1, FALSE },
  { FEL_FIELD_NOT_AFTER, G_MAXINT64, TRUE },
  { FEL_FIELD_NOT_AFTER, G_MININT64, FALSE },
  { FEL_FIELD_EXPIRES, G_MAXINT64, TRUE },
  { FEL_FIELD_EXPIRES, 0, FALSE },
  { FEL_FIELD_EXPIRES, -1, FALSE },
};

static void
say_number (const FelHost *host, FelOut *out)
{
  host->set_int64 (out, numbers[nth].field, 22);
  host->set_int64 (out, numbers[nth].field, numbers[nth].value);
}

static gint64
number_of (const FelBackendCall *call, FelField field)
{
  for (gsize i = 0; i < G_N_ELEMENTS (number_fields); i++)
    if (number_fields[i].field == field)
      return G_STRUCT_MEMBER (gint64, call->credential, number_fields[i].offset);
  return call->expires_sec;
}

static void
test_numbers (void)
{
  for (nth = 0; nth < G_N_ELEMENTS (numbers); nth++)
    {
      g_autoptr (FelBackendCall) call = call_that_says (FEL_VERB_LIST, say_number);

      g_test_message ("%zu", nth);
      g_assert_cmpint (number_of (call, numbers[nth].field), ==, numbers[nth].sent ? numbers[nth].value : 22);
    }
}

static void
say_list (const FelHost *host, FelOut *out)
{
  host->next (out); /* nothing was said yet */
  host->set_string (out, FEL_FIELD_ID, "1");
  host->set_int64 (out, FEL_FIELD_CREATED, 5);
  host->set_bool (out, FEL_FIELD_INTERNAL, true);
  host->next (out);
  host->next (out);
  host->set_string (out, FEL_FIELD_TENANT_ID, "t"); /* one without an id */
  host->next (out);
  host->set_string (out, FEL_FIELD_ID, "2");
  host->next (out);
  host->set_string (out, FEL_FIELD_ID, "3"); /* not ended */
}

static void
test_list (void)
{
  g_autoptr (FelBackendCall) call = call_that_says (FEL_VERB_LIST, say_list);
  const FelCredential *first, *second;

  g_assert_no_error (call->error);
  g_assert_cmpuint (call->list->len, ==, 2);
  first = call->list->pdata[0];
  second = call->list->pdata[1];
  g_assert_cmpstr (first->id, ==, "1");
  g_assert_cmpint (first->created_sec, ==, 5);
  g_assert_cmpint (first->internal, ==, FEL_TRUE);
  g_assert_null (first->tenant_id);
  g_assert_cmpstr (second->id, ==, "2"); /* and nothing of the ones before */
  g_assert_cmpint (second->created_sec, ==, 0);
  g_assert_cmpint (second->internal, ==, FEL_UNSET);
  g_assert_null (second->tenant_id);
}

static void
say_long_list (const FelHost *host, FelOut *out)
{
  for (guint i = 0; i < nth; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u", i);

      host->set_string (out, FEL_FIELD_ID, id);
      host->set_string (out, FEL_FIELD_WORKSPACE, id);
      host->next (out);
    }
}

static const struct
{
  guint said;
  guint listed;
  guint workspaces;
} long_lists[] = { { 256, 256, 256 }, { 257, 257, 256 }, { 10000, 10000, 256 }, { 10001, 10000, 256 } };

static void
test_long_lists (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (long_lists); i++)
    {
      g_autoptr (FelBackendCall) call = NULL;

      nth = long_lists[i].said;
      call = call_that_says (FEL_VERB_LIST, say_long_list);
      g_assert_cmpuint (call->list->len, ==, long_lists[i].listed);
      g_assert_cmpuint (g_strv_length ((char **) call->workspaces->pdata), ==, long_lists[i].workspaces);
    }
}

static void
say_account (const FelHost *host, FelOut *out)
{
  host->set_string (out, FEL_FIELD_ID, "account-1");
  host->set_string (out, FEL_FIELD_ACCOUNT, "me@example.com");
  host->set_string (out, FEL_FIELD_WORKSPACE, "acme");
  host->set_string (out, FEL_FIELD_WORKSPACE, "other");
  host->set_int64 (out, FEL_FIELD_EXPIRES, 99);
}

static void
test_account (void)
{
  g_autoptr (FelBackendCall) call = call_that_says (FEL_VERB_PROBE, say_account);
  const char *const workspaces[] = { "acme", "other", NULL };

  g_assert_no_error (call->error);
  g_assert_cmpstr (call->account_id, ==, "account-1");
  g_assert_cmpstr (call->account, ==, "me@example.com");
  g_assert_cmpstrv (call->workspaces->pdata, workspaces);
  g_assert_cmpint (call->expires_sec, ==, 99);
  g_assert_null (call->credential);
}

static const char *sentence;

static void
say_why (const FelHost *host, FelOut *out)
{
  fails = true;
  host->fail (out, FEL_FAILURE_DENIED, "replaced");
  host->fail (out, FEL_FAILURE_CONFLICT, sentence); /* the last one counts */
}

static void
check_sentence (const char *said, const char *shown)
{
  g_autoptr (FelBackendCall) call = NULL;

  sentence = said;
  call = call_that_says (FEL_VERB_PROBE, say_why);
  g_assert_error (call->error, FEL_ERROR, FEL_ERROR_CONFLICT);
  g_assert_cmpstr (call->error->message, ==, shown);
}

static void
test_sentences (void)
{
  g_autofree char *at = g_strnfill (512, 'a');
  g_autofree char *past = g_strnfill (513, 'a');
  g_autofree char *ends_wide = g_strconcat (at + 2, "\303\266", NULL); /* 512 bytes */

  check_sentence (NULL, "it gave no reason");
  check_sentence ("", "it gave no reason");
  check_sentence ("100%s", "100%s");
  check_sentence ("a\xff", "a\357\277\275");
  check_sentence ("a\nb\033[m\302\205", "a b [m "); /* one line, nothing for a terminal */
  check_sentence (at, at);
  check_sentence (past, at);
  check_sentence (ends_wide, ends_wide);
}

/* A character that does not fit as a whole is left out: 512 bytes are 512 bytes. */
static void
test_sentence_cut_in_a_character (void)
{
  g_autofree char *text = g_strnfill (511, 'a');
  g_autofree char *wide = g_strconcat (text, "\303\266", NULL);

  check_sentence (wide, text);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_true (g_main_context_acquire (NULL)); /* all the time, as the daemon's loop does */
  g_test_add_func ("/backend-fields/every-field", test_every_field);
  g_test_add_func ("/backend-fields/nonsense", test_nonsense);
  g_test_add_func ("/backend-fields/strings", test_strings);
  g_test_add_func ("/backend-fields/numbers", test_numbers);
  g_test_add_func ("/backend-fields/list", test_list);
  g_test_add_func ("/backend-fields/long-lists", test_long_lists);
  g_test_add_func ("/backend-fields/account", test_account);
  g_test_add_func ("/backend-fields/sentences", test_sentences);
  g_test_add_func ("/backend-fields/sentence-cut-in-a-character", test_sentence_cut_in_a_character);
  status = g_test_run ();
  g_main_context_release (NULL);
  return status;
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first byte says what was asked, what the helper can and how it ended; the rest is what it printed. A host that
 * holds the backend to its side of felucca-backend.h takes what the reader says. */
#include "fuzz.h"

#include <string.h>

#include "exec-answer.h"
#include "exec-failure.h"
#include "json.h"

#define INTENT "018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e"
#define TIME_MAX_SEC G_GINT64_CONSTANT (253402300799)

struct FelOut
{
  const ExecCall *call;
  guint n_fails;
  int failure;
  char *sentence;
  char *id;
  guint n_secrets;
  guint n_next;
};

/* felucca-backend.h, FelField: the letters of the verbs that may report it. */
static const struct
{
  char type;
  const char *verbs;
} fields[] = {
  [FEL_FIELD_ID] = { 's', "ml" },           [FEL_FIELD_USER] = { 's', "m" },
  [FEL_FIELD_HOST] = { 's', "m" },          [FEL_FIELD_PORT] = { 'x', "m" },
  [FEL_FIELD_SSL_MODE] = { 's', "m" },      [FEL_FIELD_CREATED] = { 'x', "ml" },
  [FEL_FIELD_NOT_AFTER] = { 'x', "mn" },    [FEL_FIELD_RENEWABLE] = { 'b', "mn" },
  [FEL_FIELD_DATABASE_NAME] = { 's', "m" }, [FEL_FIELD_LOGIN_ONLY] = { 'b', "m" },
  [FEL_FIELD_INTENT] = { 's', "l" },
};

static const char verb_letters[N_EXEC_OPERATIONS] = {
  [EXEC_MINT] = 'm',
  [EXEC_REVOKE] = 'r',
  [EXEC_LIST] = 'l',
  [EXEC_RENEW] = 'n',
};

static const ExecAnswer endings[] = {
  { .outcome = EXEC_EXITED },
  { .outcome = EXEC_EXITED, .status = 1 },
  { .outcome = EXEC_EXITED, .stopped = TRUE },
  { .outcome = EXEC_SIGNALLED, .status = 9 },
  { .outcome = EXEC_SIGNALLED, .status = 15, .stopped = TRUE },
  { .outcome = EXEC_TOO_LONG },
};

static void
check_field (const FelOut *out, FelField field, char type)
{
  g_assert_cmpuint (out->n_fails, ==, 0);
  g_assert_cmpuint (field, <, G_N_ELEMENTS (fields));
  g_assert_cmpint (fields[field].type, ==, type);
  g_assert_nonnull (strchr (fields[field].verbs, verb_letters[out->call->operation]));
}

static bool
on_fail (FelOut *out, int failure, const char *sentence)
{
  fuzz_check_failure (failure, sentence);
  g_assert_cmpuint (out->n_fails++, ==, 0);
  out->failure = failure;
  out->sentence = g_strdup (sentence);
  return false;
}

static void
on_string (FelOut *out, FelField field, const char *value)
{
  check_field (out, field, 's');
  if (value == NULL)
    return;
  g_assert_true (g_utf8_validate (value, -1, NULL));
  g_assert_cmpuint (strlen (value), >=, 1);
  g_assert_cmpuint (strlen (value), <=, 256);
  for (const char *p = value; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_false (g_unichar_iscntrl (g_utf8_get_char (p)));
  if (field != FEL_FIELD_ID)
    return;
  g_assert_cmpstr (value, !=, ".");
  g_assert_cmpstr (value, !=, "..");
  g_free (out->id);
  out->id = g_strdup (value);
}

static void
on_int64 (FelOut *out, FelField field, int64_t value)
{
  check_field (out, field, 'x');
  g_assert_cmpint (value, >=, 1);
  g_assert_cmpint (value, <=, field == FEL_FIELD_PORT ? G_MAXUINT16 : TIME_MAX_SEC);
}

static void
on_bool (FelOut *out, FelField field, bool value)
{
  check_field (out, field, 'b');
}

static void
on_secret (FelOut *out, const char *bytes, size_t len)
{
  g_assert_cmpuint (out->n_fails, ==, 0);
  g_assert_cmpint (out->call->operation, ==, EXEC_MINT);
  g_assert_cmpuint (len, >=, 1);
  g_assert_cmpuint (len, <=, 1024);
  g_assert_cmpuint (strnlen (bytes, len), ==, len);
  for (size_t i = 0; i < len; i++)
    g_assert_false (g_ascii_iscntrl (bytes[i]));
  out->n_secrets++;
}

static void
on_next (FelOut *out)
{
  g_assert_cmpuint (out->n_fails, ==, 0);
  g_assert_cmpint (out->call->operation, ==, EXEC_LIST);
  out->n_next++;
}

static const FelHost host = {
  .struct_size = sizeof (FelHost),
  .fail = on_fail,
  .set_string = on_string,
  .set_int64 = on_int64,
  .set_bool = on_bool,
  .set_secret = on_secret,
  .next = on_next,
};

/* A helper that cannot revoke has no say in ids. */
static void
check_id (const FelOut *out)
{
  if (out->id != NULL && out->call->operation == EXEC_MINT && !out->call->plan->can[EXEC_REVOKE])
    g_assert_true (g_str_has_prefix (out->id, INTENT));
}

static void
check_success (const FelOut *out, const ExecAnswer *answer, JsonObject *object)
{
  g_assert_cmpuint (out->n_fails, ==, 0);
  g_assert_cmpint (answer->outcome, ==, EXEC_EXITED);
  g_assert_cmpint (answer->status, ==, 0);
  g_assert_nonnull (object);
  g_assert_cmpuint (out->n_secrets, ==, out->call->operation == EXEC_MINT ? 1 : 0);
  g_assert_true (out->id != NULL || out->call->operation != EXEC_MINT);
  if (out->call->operation == EXEC_LIST)
    g_assert_cmpuint (out->n_next, ==, json_array_get_length (fel_json_array (object, "credentials")));
}

static void
check_failure (const FelOut *out, const ExecAnswer *answer, JsonObject *object)
{
  gboolean maybe = (out->failure & FEL_FAILURE_MAYBE_MINTED) != 0;
  const char *password = fel_json_string (object, "password");

  g_assert_cmpuint (out->n_fails, ==, 1);
  g_assert_cmpuint (out->n_secrets + out->n_next, ==, 0);
  /* Only its own word, alone, at a normal end, is believed. */
  if (out->call->operation != EXEC_MINT)
    g_assert_false (maybe);
  else if (!maybe)
    {
      g_assert_cmpint (answer->outcome, ==, EXEC_EXITED);
      g_assert_cmpuint (json_object_get_size (object), ==, 1);
      g_assert_nonnull (fel_json_string (fel_json_object (object, "error"), "code"));
    }
  /* Our words are shorter than that, and have other letters than what is long and a secret. */
  if (password != NULL && strlen (password) >= 32 && fel_json_object (object, "error") == NULL)
    g_assert_null (strstr (out->sentence, password));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, data + size };
  guint8 choice = fuzz_take_byte (&input);
  char *argv[] = { (char *) "/usr/bin/tool", NULL };
  ExecPlan plan = { .argv = argv, .instance = (char *) "tool", .can[EXEC_MINT] = TRUE };
  ExecCall call = { &plan, choice % N_EXEC_OPERATIONS, INTENT };
  FelOut out = { .call = &call };
  g_autoptr (ExecAnswer) answer = g_memdup2 (&endings[choice / N_EXEC_OPERATIONS / 4 % G_N_ELEMENTS (endings)],
                                             sizeof *answer);
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object;

  plan.can[EXEC_REVOKE] = plan.can[EXEC_LIST] = plan.can[EXEC_RENEW] = (choice / N_EXEC_OPERATIONS & 1) != 0;
  plan.user = (choice / N_EXEC_OPERATIONS & 2) != 0 ? (char *) "app" : NULL;
  answer->len = MIN ((gsize) (input.end - input.at), sizeof answer->body);
  if (answer->len > 0)
    memcpy (answer->body, input.at, answer->len);
  root = answer->outcome != EXEC_TOO_LONG ? fel_json_parse (answer->body, answer->len) : NULL;
  object = fel_json_as_object (root);
  if (exec_answer_read (&host, &out, &call, answer))
    check_success (&out, answer, object);
  else
    check_failure (&out, answer, object);
  check_id (&out);
  g_free (out.sentence);
  g_free (out.id);
  return 0;
}

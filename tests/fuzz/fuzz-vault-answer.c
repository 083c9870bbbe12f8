/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first byte says who reads and how the exchange ended; the rest is the body. A host that holds the backend to its
 * side of felucca-backend.h takes what the reader says. */
#include "fuzz.h"

#include <string.h>

#include "json.h"
#include "vault-answer.h"

#define NOW_SEC G_GINT64_CONSTANT (1800000000)
#define TOKEN "fuzz-token.0123456789" /* shorter than what is hidden for its length alone */
#define PREFIX "database/creds/readonly/"
#define LONG_WORD_LEN 32

typedef enum
{
  READ_MINTED,
  READ_STATIC,
  READ_RENEWED,
  READ_KEYS,
  READ_ISSUED,
  READ_ACCOUNT,
  READ_TOKEN,
  READ_FAILURE,
  READ_FAILURE_OF_MINT,
  N_READERS,
} Reader;

struct FelOut
{
  Reader reader;
  guint n_fails;
  int failure;
  char *sentence;
  gboolean has_id;
  gboolean has_user;
  guint n_secrets;
};

/* felucca-backend.h, FelField: the readers that may report it, by their letters below. */
static const struct
{
  FelField field;
  char type;
  const char *readers;
} fields[] = {
  { FEL_FIELD_ID, 's', "msp" },        { FEL_FIELD_USER, 's', "ms" },   { FEL_FIELD_NOT_AFTER, 'x', "msr" },
  { FEL_FIELD_RENEWABLE, 'b', "msr" }, { FEL_FIELD_CREATED, 'x', "i" }, { FEL_FIELD_ACCOUNT, 's', "p" },
  { FEL_FIELD_EXPIRES, 'x', "pt" },
};

static const char reader_letters[N_READERS] = { 'm', 's', 'r', 'k', 'i', 'p', 't', '-', '-' };

static const FelHttpAnswer endings[] = {
  { .status = 400 },
  { .status = 403 },
  { .status = 404 },
  { .status = 408 },
  { .status = 429 },
  { .status = 473 },
  { .status = 500 },
  { .status = 503 },
  { .status = 307 },
  { .status = 401 },
  { .outcome = FEL_HTTP_UNREACHABLE },
  { .outcome = FEL_HTTP_TIMED_OUT },
  { .outcome = FEL_HTTP_NO_ANSWER },
  { .outcome = FEL_HTTP_BAD_ANSWER },
};

static void
check_field (const FelOut *out, FelField field, char type)
{
  g_assert_cmpuint (out->n_fails, ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (fields[i].field == field && fields[i].type == type
        && strchr (fields[i].readers, reader_letters[out->reader]) != NULL)
      return;
  g_assert_not_reached ();
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
  if (value == NULL || *value == '\0')
    return;
  g_assert_true (g_utf8_validate (value, -1, NULL));
  out->has_id = out->has_id || (field == FEL_FIELD_ID && strlen (value) <= 256);
  out->has_user = out->has_user || (field == FEL_FIELD_USER && strlen (value) <= 256);
}

static void
on_int64 (FelOut *out, FelField field, int64_t value)
{
  check_field (out, field, 'x');
  if (field == FEL_FIELD_EXPIRES || (field == FEL_FIELD_NOT_AFTER && out->reader != READ_STATIC))
    g_assert_true (value > NOW_SEC && value < NOW_SEC + G_MAXINT32);
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
  g_assert_true (out->reader == READ_MINTED || out->reader == READ_STATIC || out->reader == READ_TOKEN);
  g_assert_cmpuint (len, >=, 1);
  g_assert_cmpuint (len, <=, 1024);
  for (size_t i = 0; i < len; i++)
    g_assert_false (g_ascii_iscntrl (bytes[i]));
  if (out->reader == READ_TOKEN)
    g_assert_cmpmem (bytes, len, TOKEN, strlen (TOKEN)); /* never another one */
  out->n_secrets++;
}

static void
on_unexpected_secret (FelOut *out, const char *bytes, size_t len)
{
  g_assert_not_reached ();
}

static void
on_next (FelOut *out)
{
  g_assert_not_reached ();
}

static const FelHost host = {
  .struct_size = sizeof (FelHost),
  .fail = on_fail,
  .set_string = on_string,
  .set_int64 = on_int64,
  .set_bool = on_bool,
  .set_secret = on_secret,
  .set_refresh_secret = on_unexpected_secret,
  .next = on_next,
};

static bool
read_keys (FelOut *out, const FelHttpAnswer *answer)
{
  g_autoptr (GPtrArray) keys = vault_answer_read_keys (&host, out, answer);

  for (guint i = 0; keys != NULL && i < keys->len; i++)
    g_assert_true (*(const char *) keys->pdata[i] != '\0' && !g_str_has_suffix (keys->pdata[i], "/"));
  return keys != NULL;
}

static bool
read_answer (FelOut *out, const FelHttpAnswer *answer)
{
  g_auto (VaultLease) lease = { NULL };

  switch (out->reader)
    {
    case READ_MINTED:
      return vault_answer_read_minted (&host, out, answer, PREFIX, NOW_SEC, &lease);
    case READ_STATIC:
      return vault_answer_read_static (&host, out, answer, "the-id", NOW_SEC);
    case READ_RENEWED:
      return vault_answer_read_renewed (&host, out, answer, NOW_SEC);
    case READ_KEYS:
      return read_keys (out, answer);
    case READ_ISSUED:
      return vault_answer_read_issued (&host, out, answer);
    case READ_ACCOUNT:
      return vault_answer_read_account (&host, out, answer, NOW_SEC);
    case READ_TOKEN:
      return vault_answer_read_token (&host, out, answer, TOKEN, NOW_SEC);
    default:
      return vault_answer_fail (&host, out, answer, out->reader == READ_FAILURE_OF_MINT, TOKEN);
    }
}

static void
check_success (const FelOut *out)
{
  gboolean is_login = out->reader == READ_MINTED || out->reader == READ_STATIC;

  g_assert_cmpuint (out->n_fails, ==, 0);
  g_assert_cmpint (out->reader, <, READ_FAILURE);
  g_assert_cmpuint (out->n_secrets, ==, is_login || out->reader == READ_TOKEN ? 1 : 0);
  g_assert_true (!is_login || (out->has_id && out->has_user));
}

/* A word as long as a token must not be shown, whosever it is. */
static void
check_words (const char *sentence)
{
  gsize len = 0;

  for (; *sentence != '\0'; sentence++)
    {
      len = g_ascii_isalnum (*sentence) || strchr ("-._~+/=", *sentence) != NULL ? len + 1 : 0;
      g_assert_cmpuint (len, <, LONG_WORD_LEN);
    }
}

/* Does the answer prove that nothing was minted? */
static gboolean
is_proof (const FelHttpAnswer *answer)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonArray *errors = fel_json_array (fel_json_as_object (root), "errors");
  JsonNode *first = errors != NULL && json_array_get_length (errors) > 0 ? json_array_get_element (errors, 0) : NULL;
  const char *text = fel_json_as_string (first);

  if (errors == NULL)
    return FALSE;
  if (text != NULL && strstr (text, "is not an allowed role") != NULL)
    return TRUE;
  if (answer->status == 503)
    return g_strcmp0 (text, "Vault is sealed") == 0 || g_strcmp0 (text, "Namespace is sealed") == 0;
  return answer->status >= 400 && answer->status <= 499 && answer->status != 408 && answer->status != 473;
}

static void
check_failure (const FelOut *out, const FelHttpAnswer *answer)
{
  gboolean maybe = (out->failure & FEL_FAILURE_MAYBE_MINTED) != 0;
  int bare = out->failure & ~FEL_FAILURE_MAYBE_MINTED;
  gboolean was_sent = answer->outcome != FEL_HTTP_UNREACHABLE && answer->outcome != FEL_HTTP_TIMED_OUT;

  g_assert_cmpuint (out->n_fails, ==, 1);
  g_assert_cmpuint (out->n_secrets, ==, 0);
  g_assert_null (strstr (out->sentence, TOKEN));
  check_words (out->sentence);
  if (bare == FEL_FAILURE_UNAUTHENTICATED)
    g_assert_false (maybe); /* the host would ask once more */
  if (out->reader == READ_MINTED)
    g_assert_true (maybe);
  else if (out->reader != READ_FAILURE_OF_MINT)
    g_assert_false (maybe);
  else if (answer->outcome == FEL_HTTP_ANSWERED ? !is_proof (answer) : was_sent)
    g_assert_true (maybe);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, data + size };
  guint8 choice = fuzz_take_byte (&input);
  FelOut out = { .reader = choice % N_READERS };
  g_autofree FelHttpAnswer *answer = g_memdup2 (&endings[choice / N_READERS % G_N_ELEMENTS (endings)], sizeof *answer);

  answer->len = MIN ((gsize) (input.end - input.at), FEL_HTTP_BODY_MAX);
  if (answer->len > 0)
    memcpy (answer->body, input.at, answer->len);
  answer->why = (char *) "the line is cut";
  if (read_answer (&out, answer))
    check_success (&out);
  else
    check_failure (&out, answer);
  vault_answer_is_empty_list (answer);
  g_free (out.sentence);
  return 0;
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first byte says who reads and how the exchange ended; the rest is the body. A host that holds the backend to its
 * side of felucca-backend.h takes what the reader says. */
#include "fuzz.h"

#include <string.h>

#include "json.h"
#include "nile-answer.h"
#include "nile-error.h"

#define NOW_SEC G_GINT64_CONSTANT (1800000000)
#define TOKEN "fuzz-token.0123456789" /* shorter than what is hidden for its length alone */
/* "A bare host name or address"; with a slash in front it would be a socket, with a comma two hosts. */
#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:%"
#define LONG_WORD_LEN 32

typedef enum
{
  READ_MINTED,
  READ_LIST,
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
  guint n_secrets;
  guint n_refresh_secrets;
  guint n_next;
};

/* felucca-backend.h, FelField: the letters of the readers that may report it. */
static const struct
{
  char type;
  const char *readers;
} fields[] = {
  [FEL_FIELD_ID] = { 's', "mlpf" },      [FEL_FIELD_USER] = { 's', "m" },      [FEL_FIELD_HOST] = { 's', "m" },
  [FEL_FIELD_PORT] = { 'x', "m" },       [FEL_FIELD_SSL_MODE] = { 's', "m" },  [FEL_FIELD_DATABASE_ID] = { 's', "ml" },
  [FEL_FIELD_TENANT_ID] = { 's', "ml" }, [FEL_FIELD_INTERNAL] = { 'b', "ml" }, [FEL_FIELD_CREATED] = { 'x', "ml" },
  [FEL_FIELD_NOT_AFTER] = { 'x', "m" },  [FEL_FIELD_REGION] = { 's', "m" },    [FEL_FIELD_STATUS] = { 's', "m" },
  [FEL_FIELD_API_HOST] = { 's', "m" },   [FEL_FIELD_SHARDED] = { 'b', "m" },   [FEL_FIELD_EXPANDABLE] = { 'b', "m" },
  [FEL_FIELD_ACCOUNT] = { 's', "p" },    [FEL_FIELD_WORKSPACE] = { 's', "p" }, [FEL_FIELD_EXPIRES] = { 'x', "pr" },
};

static const char reader_letters[N_READERS] = { 'm', 'l', 'p', 'r', '-', 'f' };

static const FelHttpAnswer endings[] = {
  { .status = 400 },
  { .status = 401 },
  { .status = 403 },
  { .status = 404 },
  { .status = 408 },
  { .status = 409 },
  { .status = 429 },
  { .status = 500 },
  { .status = 503 },
  { .status = 302 },
  { .outcome = FEL_HTTP_UNREACHABLE },
  { .outcome = FEL_HTTP_TIMED_OUT },
  { .outcome = FEL_HTTP_NO_ANSWER },
  { .outcome = FEL_HTTP_NO_ANSWER, .timed_out = TRUE },
  { .outcome = FEL_HTTP_BAD_ANSWER },
  { .outcome = FEL_HTTP_NO_ANSWER, .status = 200 },
  { .outcome = FEL_HTTP_BAD_ANSWER, .status = 200 },
};

static void
check_field (const FelOut *out, FelField field, char type)
{
  g_assert_cmpuint (out->n_fails, ==, 0);
  g_assert_cmpuint (field, >, 0);
  g_assert_cmpuint (field, <, G_N_ELEMENTS (fields));
  g_assert_cmpint (fields[field].type, ==, type);
  g_assert_nonnull (strchr (fields[field].readers, reader_letters[out->reader]));
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
  if (field == FEL_FIELD_HOST || field == FEL_FIELD_API_HOST)
    g_assert_cmpuint (strspn (value, HOST_CHARACTERS), ==, strlen (value));
  if (field == FEL_FIELD_ID)
    out->has_id = strlen (value) <= 256;
}

static void
on_int64 (FelOut *out, FelField field, int64_t value)
{
  check_field (out, field, 'x');
  if (field == FEL_FIELD_PORT)
    g_assert_true (value >= 1 && value <= G_MAXUINT16);
  if (field == FEL_FIELD_EXPIRES)
    g_assert_true (value >= 0 && value <= NOW_SEC + G_MAXINT32);
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
  g_assert_true (out->reader == READ_MINTED || out->reader == READ_TOKEN);
  g_assert_cmpuint (len, >=, 1);
  g_assert_cmpuint (strnlen (bytes, len), ==, len);
  if (out->reader == READ_MINTED)
    g_assert_cmpuint (len, <=, 1024);
  for (size_t i = 0; out->reader == READ_MINTED && i < len; i++)
    g_assert_false (g_ascii_iscntrl (bytes[i]));
  out->n_secrets++;
}

static void
on_refresh_secret (FelOut *out, const char *bytes, size_t len)
{
  g_assert_cmpuint (out->n_fails, ==, 0);
  g_assert_cmpint (out->reader, ==, READ_TOKEN);
  g_assert_cmpuint (len, >=, 1);
  g_assert_cmpuint (strnlen (bytes, len), ==, len);
  out->n_refresh_secrets++;
}

static void
on_next (FelOut *out)
{
  g_assert_cmpuint (out->n_fails, ==, 0);
  g_assert_cmpint (out->reader, ==, READ_LIST);
  out->n_next++;
}

static const FelHost host = {
  .struct_size = sizeof (FelHost),
  .fail = on_fail,
  .set_string = on_string,
  .set_int64 = on_int64,
  .set_bool = on_bool,
  .set_secret = on_secret,
  .set_refresh_secret = on_refresh_secret,
  .next = on_next,
};

static bool
read_answer (FelOut *out, const FelHttpAnswer *answer)
{
  switch (out->reader)
    {
    case READ_MINTED:
      return nile_answer_read_minted (&host, out, answer, "require");
    case READ_LIST:
      return nile_answer_read_list (&host, out, answer);
    case READ_ACCOUNT:
      return nile_answer_read_account (&host, out, answer);
    case READ_TOKEN:
      return nile_answer_read_token (&host, out, answer, NOW_SEC);
    default:
      return nile_answer_fail (&host, out, answer, out->reader == READ_FAILURE_OF_MINT, TOKEN);
    }
}

static void
check_success (const FelOut *out)
{
  g_assert_cmpuint (out->n_fails, ==, 0);
  g_assert_cmpint (out->reader, <, READ_FAILURE);
  g_assert_cmpuint (out->n_secrets, ==, out->reader == READ_MINTED || out->reader == READ_TOKEN ? 1 : 0);
  g_assert_cmpuint (out->n_refresh_secrets, <=, 1);
  g_assert_true (out->has_id || out->reader != READ_MINTED);
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

static void
check_failure (const FelOut *out, const FelHttpAnswer *answer)
{
  gboolean maybe = (out->failure & FEL_FAILURE_MAYBE_MINTED) != 0;
  int bare = out->failure & ~FEL_FAILURE_MAYBE_MINTED;

  g_assert_cmpuint (out->n_fails, ==, 1);
  g_assert_cmpuint (out->n_secrets + out->n_refresh_secrets, ==, 0);
  g_assert_null (strstr (out->sentence, TOKEN));
  check_words (out->sentence);
  /* The daemon refreshes the token and asks once more. */
  if (bare == FEL_FAILURE_UNAUTHENTICATED && out->reader == READ_FAILURE_OF_MINT)
    g_assert_true (nile_status_proves_nothing_minted (answer->status));
  if (out->reader == READ_MINTED)
    g_assert_true (maybe);
  else if (out->reader != READ_FAILURE_OF_MINT)
    g_assert_false (maybe);
  else if (bare == FEL_FAILURE_NO_ANSWER || answer->outcome == FEL_HTTP_NO_ANSWER
           || answer->outcome == FEL_HTTP_BAD_ANSWER
           || (answer->outcome == FEL_HTTP_ANSWERED && (answer->status < 400 || answer->status > 499)))
    g_assert_true (maybe);
}

/* A reader's own sentence has no part of the body. Our words have no digit, so that one tells a secret from them. */
static void
check_no_secret (const FelOut *out, JsonNode *root)
{
  static const char *const members[] = { "password", "access_token", "refresh_token" };

  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    {
      const char *secret = fel_json_string (fel_json_as_object (root), members[i]);

      if (secret != NULL && strpbrk (secret, "0123456789") != NULL && out->reader < READ_FAILURE)
        g_assert_null (strstr (out->sentence, secret));
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, data + size };
  guint8 choice = fuzz_take_byte (&input);
  FelOut out = { .reader = choice % N_READERS };
  g_autofree FelHttpAnswer *answer = g_memdup2 (&endings[choice / N_READERS % G_N_ELEMENTS (endings)], sizeof *answer);
  g_autoptr (JsonNode) root = NULL;

  if (out.reader < READ_FAILURE)
    answer->status = 200;
  answer->len = MIN ((gsize) (input.end - input.at), FEL_HTTP_BODY_MAX);
  if (answer->len > 0)
    memcpy (answer->body, input.at, answer->len);
  answer->why = (char *) "the line is cut";
  root = fel_json_parse (answer->body, answer->len);
  if (read_answer (&out, answer))
    check_success (&out);
  else
    {
      check_failure (&out, answer);
      check_no_secret (&out, root);
    }
  if (out.reader == READ_LIST && out.n_fails == 0)
    g_assert_cmpuint (out.n_next, ==, json_array_get_length (fel_json_as_array (root)));
  g_free (out.sentence);
  return 0;
}

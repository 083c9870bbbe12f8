/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first byte says which call; then options follow: a name with a NUL behind it, the letter of a type, and a value
 * with a NUL behind it. Nothing is taken that the call has not, and what is refused leaves no trace. */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "options.h"

#define VALIDITY_MAX_SEC (366 * 24 * 3600)
#define TTL_MAX_SEC (10 * 366 * 24 * 3600)
#define N_CALLS 7

#define C FEL_CALL_CREATE
#define G FEL_CALL_GET
#define L FEL_CALL_LIST
#define R FEL_CALL_REVOKE
#define I FEL_CALL_SIGN_IN
#define O FEL_CALL_SIGN_OUT
#define T FEL_CALL_ROTATE

/* The bus interface: what is written there, not what options.c makes of it. */
static const struct
{
  const char *name;
  char type;
  guint calls;
} table[] = {
  { "backend", 's', C | G | L | R | T },
  { "workspace", 's', L },
  { "database", 's', L },
  { "tenant-id", 's', C | G | L },
  { "internal", 'b', C | G },
  { "label", 's', C | G | T },
  { "request-id", 's', C | G },
  { "interactive", 'b', C | G | L | R | I | O | T },
  { "secret-fd", 'h', C | G | T },
  { "id", 's', G },
  { "create", 'b', G },
  { "min-validity", 't', G },
  { "ttl", 't', C | G | T },
  { "overlap", 't', T },
  { "provider", 'b', L },
  { "local-only", 'b', R },
  { "token-fd", 'h', I },
  { "token", 's', I },
  { "refresh-token-fd", 'h', I },
  { "revoke-credentials", 'b', O },
};

typedef struct
{
  int read_end;
  int write_end;
  int all[6];
} Descriptors;

static const Descriptors *
descriptors (void)
{
  static Descriptors self;
  static gboolean open_already;
  int ends[2];

  if (open_already)
    return &self;
  g_assert_cmpint (pipe (ends), ==, 0);
  self = (Descriptors){ ends[0],
                        ends[1],
                        { -1, ends[0], ends[1], open ("/dev/null", O_RDWR | O_CLOEXEC),
                          memfd_create ("fuzz", MFD_CLOEXEC), G_MAXINT } };
  open_already = TRUE;
  return &self;
}

static FelOptionValue
value_of (char type, const char *text)
{
  FelOptionValue value = { .type = type };

  switch (type)
    {
    case 's':
      value.string = text;
      return value;
    case 'b':
      value.boolean = *text == '1';
      return value;
    case 'h':
      value.fd = descriptors ()->all[(guint8) *text % G_N_ELEMENTS (((Descriptors *) NULL)->all)];
      return value;
    default:
      value.number = g_ascii_strtoull (text, NULL, 10);
      return value;
    }
}

/* 0: there is none. */
static char
type_of (FelCall call, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if ((table[i].calls & call) != 0 && g_str_equal (table[i].name, name))
      return table[i].type;
  return 0;
}

/* The rules that the bus interface names, for the values that were taken. */
static void
check_taken (const FelOptions *options, const char *name, const FelOptionValue *value)
{
  if (g_str_equal (name, "token"))
    g_assert_cmpmem (options->token->bytes, options->token->len, value->string, strlen (value->string));
  else if (value->type == 's')
    g_assert_true (fel_name_check ("it", value->string, NULL));
  else if (g_str_equal (name, "ttl"))
    g_assert_true (value->number >= 1 && value->number <= TTL_MAX_SEC);
  else if (value->type == 't')
    g_assert_cmpuint (value->number, <=, VALIDITY_MAX_SEC);
  else if (value->type == 'h')
    g_assert_cmpint (value->fd, ==,
                     g_str_equal (name, "secret-fd") ? descriptors ()->write_end : descriptors ()->read_end);
}

static void
check_set (FelOptions *options, FelCall call, const char *name, const FelOptionValue *value)
{
  g_autoptr (GError) error = NULL;
  FelOptions before = *options;
  gboolean taken = fel_options_set (options, call, name, value, &error);
  guint64 fresh = options->seen ^ before.seen;

  g_assert_true (taken == (error == NULL));
  if (!taken)
    {
      g_assert_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_cmpmem (options, sizeof *options, &before, sizeof before);
      return;
    }
  g_assert_cmpint (type_of (call, name), ==, value->type);
  g_assert_true (fresh != 0 && (fresh & (fresh - 1)) == 0 && (before.seen & fresh) == 0);
  check_taken (options, name, value);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, data + size };
  FelCall call = 1 << (fuzz_take_byte (&input) % N_CALLS);
  g_autoptr (FelOptions) options = fel_options_new ();

  while (!fuzz_is_over (&input))
    {
      g_autofree char *bytes = fuzz_take_string (&input);
      g_autofree char *name = g_utf8_make_valid (bytes, -1); /* sd-bus lets no other pass */
      char type = (char) fuzz_take_byte (&input);
      g_autofree char *text = fuzz_take_string (&input);
      FelOptionValue value = value_of (type, text);

      check_set (options, call, name, &value);
    }
  return 0;
}

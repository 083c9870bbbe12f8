/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first byte says what the rest is: a token as it is, or a payload to make one of, with or without padding. */
#include "fuzz.h"

#include <string.h>

#include "json.h"
#include "jwt.h"

#define NOW_SEC G_GINT64_CONSTANT (1800000000)
#define YEAR_SEC (366 * 24 * 3600)

static guint
count_dots (const char *text)
{
  guint n = 0;

  for (; *text != '\0'; text++)
    n += *text == '.';
  return n;
}

static void
check_token (const char *token)
{
  gint64 expires_sec = fel_jwt_expiry (token, NOW_SEC);

  g_assert_cmpint (expires_sec, >=, 0);
  g_assert_cmpint (expires_sec, <=, NOW_SEC + YEAR_SEC);
  if (expires_sec != 0)
    g_assert_cmpuint (count_dots (token), ==, 2);
}

/* What the reader says is what the payload says. */
static void
check_payload (const char *payload, gsize len, gboolean padded)
{
  g_autofree char *segment = g_base64_encode ((const guchar *) payload, len);
  g_autofree char *token = NULL;
  g_autoptr (JsonNode) root = fel_json_parse (payload, len);
  gint64 claimed_sec = 0;

  g_strdelimit (segment, "+", '-');
  g_strdelimit (segment, "/", '_');
  if (!padded)
    segment[strcspn (segment, "=")] = '\0';
  token = g_strconcat ("e30.", segment, ".c2ln", NULL);
  fel_json_integer (fel_json_as_object (root), "exp", &claimed_sec);
  if (claimed_sec < 0 || claimed_sec > NOW_SEC + YEAR_SEC)
    claimed_sec = 0;
  g_assert_cmpint (fel_jwt_expiry (token, NOW_SEC), ==, claimed_sec);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, data + size };
  guint8 kind = fuzz_take_byte (&input) % 3;

  if (kind == 0)
    {
      g_autofree char *token = fuzz_take_string (&input);

      check_token (token);
    }
  else
    check_payload ((const char *) input.at, (gsize) (input.end - input.at), kind == 1);
  return 0;
}

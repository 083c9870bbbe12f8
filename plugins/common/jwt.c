/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jwt.h"

#include <string.h>

#include "json.h"

#define LIFETIME_MAX_SEC (366 * 24 * 3600)

/* base64url without padding (RFC 7515, section 2) */
static guchar *
decode_segment (const char *segment, gsize len, gsize *ret_len)
{
  g_autofree char *text = g_malloc (len + 4);

  for (gsize i = 0; i < len; i++)
    text[i] = segment[i] == '-' ? '+' : segment[i] == '_' ? '/' : segment[i];
  while (len % 4 != 0)
    text[len++] = '=';
  text[len] = '\0';
  return g_base64_decode (text, ret_len);
}

gint64
fel_jwt_expiry (const char *token, gint64 now_sec)
{
  const char *first = strchr (token, '.');
  const char *second = first != NULL ? strchr (first + 1, '.') : NULL;
  g_autofree guchar *payload = NULL;
  g_autoptr (JsonNode) root = NULL;
  gsize len;
  gint64 expires_sec;

  if (second == NULL || strchr (second + 1, '.') != NULL)
    return 0;
  payload = decode_segment (first + 1, (gsize) (second - first - 1), &len);
  root = fel_json_parse ((const char *) payload, len);
  if (!fel_json_integer (fel_json_as_object (root), "exp", &expires_sec) || expires_sec <= 0
      || expires_sec > now_sec + LIFETIME_MAX_SEC)
    return 0;
  return expires_sec;
}

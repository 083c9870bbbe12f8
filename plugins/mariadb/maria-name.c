/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "maria-name.h"

#include <string.h>

#define INTENT_DIGITS 32
#define NUMBER_DIGITS 8
#define SHA1_LEN 20

guint32
maria_name_hash (const char *database)
{
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, database, -1);

  sum[NUMBER_DIGITS] = '\0';
  return (guint32) g_ascii_strtoull (sum, NULL, 16);
}

char *
maria_name_format (const char *prefix, const char *intent, gint64 created_sec, const char *database)
{
  g_autofree char *random = intent == NULL ? g_uuid_string_random () : NULL;
  GString *name = g_string_new (prefix);

  for (const char *p = intent != NULL ? intent : random; *p != '\0'; p++)
    if (*p != '-')
      g_string_append_c (name, g_ascii_tolower (*p));
  g_string_append_printf (name, "_%08x_%08x", (guint32) created_sec, maria_name_hash (database));
  return g_string_free (name, FALSE);
}

static gboolean
are_digits (const char *text, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (!g_ascii_isdigit (text[i]) && (text[i] < 'a' || text[i] > 'f'))
      return FALSE;
  return TRUE;
}

gboolean
maria_name_parse (const char *name, const char *prefix, MariaName *ret_name)
{
  const char *digits = name + strlen (prefix);
  const char *created = digits + INTENT_DIGITS + 1;
  const char *database = created + NUMBER_DIGITS + 1;

  if (!g_str_has_prefix (name, prefix) || strlen (digits) != INTENT_DIGITS + 2 * (1 + NUMBER_DIGITS)
      || !are_digits (digits, INTENT_DIGITS) || created[-1] != '_' || !are_digits (created, NUMBER_DIGITS)
      || database[-1] != '_' || !are_digits (database, NUMBER_DIGITS))
    return FALSE;
  g_snprintf (ret_name->intent, sizeof ret_name->intent, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12,
              digits + 16, digits + 20);
  ret_name->created_sec = (gint64) g_ascii_strtoull (created, NULL, 16);
  ret_name->database_hash = (guint32) g_ascii_strtoull (database, NULL, 16);
  return TRUE;
}

char *
maria_name_hash_password (const char *password)
{
  g_autoptr (GChecksum) first = g_checksum_new (G_CHECKSUM_SHA1);
  g_autoptr (GChecksum) second = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[SHA1_LEN];
  gsize len = sizeof digest;
  g_autofree char *upper = NULL;

  g_checksum_update (first, (const guchar *) password, -1);
  g_checksum_get_digest (first, digest, &len);
  g_checksum_update (second, digest, (gssize) len);
  /* Who has this one can log in. */
  explicit_bzero (digest, sizeof digest);
  upper = g_ascii_strup (g_checksum_get_string (second), -1);
  return g_strconcat ("*", upper, NULL);
}

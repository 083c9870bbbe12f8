/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postgres-role.h"

#include <string.h>

#define BY_LEN_MAX 64

enum
{
  MARK_INTENT,
  MARK_CREATED,
  MARK_BY,
  MARK_DATABASE,
  N_MARKS,
};

static const char *const mark_keys[N_MARKS] = {
  [MARK_INTENT] = "intent=",
  [MARK_CREATED] = "created=",
  [MARK_BY] = "by=",
  [MARK_DATABASE] = "database=",
};

char *
postgres_role_name (const char *prefix, const char *intent)
{
  g_autofree char *random = intent == NULL ? g_uuid_string_random () : NULL;
  GString *name = g_string_new (prefix);

  for (const char *p = intent != NULL ? intent : random; *p != '\0'; p++)
    if (*p != '-')
      g_string_append_c (name, *p);
  return g_string_free (name, FALSE);
}

char *
postgres_role_by (void)
{
  char *by = g_strdup_printf ("%.*s@%.*s", BY_LEN_MAX, g_get_user_name (), BY_LEN_MAX, g_get_host_name ());

  return g_strcanon (by, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "@._-", '_');
}

char *
postgres_mark_format (const char *intent, gint64 created_sec, const char *by, const char *database)
{
  g_autofree char *escaped = g_uri_escape_string (database, NULL, TRUE);

  return g_strdup_printf (POSTGRES_MARK_START "intent=%s created=%" G_GINT64_FORMAT " by=%s database=%s",
                          intent != NULL ? intent : "none", created_sec, by, escaped);
}

PostgresMark *
postgres_mark_parse (const char *comment)
{
  g_autoptr (PostgresMark) self = NULL;
  g_auto (GStrv) words = NULL;

  if (comment == NULL || !g_str_has_prefix (comment, POSTGRES_MARK_START))
    return NULL;
  words = g_strsplit (comment + strlen (POSTGRES_MARK_START), " ", N_MARKS + 1);
  if (g_strv_length (words) != N_MARKS)
    return NULL;
  for (guint i = 0; i < N_MARKS; i++)
    if (!g_str_has_prefix (words[i], mark_keys[i]))
      return NULL;
  self = g_new0 (PostgresMark, 1);
  self->intent = g_strdup (words[MARK_INTENT] + strlen (mark_keys[MARK_INTENT]));
  self->by = g_strdup (words[MARK_BY] + strlen (mark_keys[MARK_BY]));
  self->database = g_uri_unescape_string (words[MARK_DATABASE] + strlen (mark_keys[MARK_DATABASE]), NULL);
  if (self->database == NULL
      || !g_ascii_string_to_signed (words[MARK_CREATED] + strlen (mark_keys[MARK_CREATED]), 10, 0, G_MAXINT64,
                                    &self->created_sec, NULL))
    return NULL;
  return g_steal_pointer (&self);
}

void
postgres_mark_free (PostgresMark *self)
{
  if (self == NULL)
    return;
  g_free (self->intent);
  g_free (self->by);
  g_free (self->database);
  g_free (self);
}

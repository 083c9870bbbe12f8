/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wish.h"

#include <string.h>

#include "exit.h"

#define WISHES_MAX 64

static void
wish_free (gpointer data)
{
  FelWish *self = data;

  g_free (self->name);
  g_free (self);
}

static gboolean
is_name (const char *text, gsize len)
{
  gsize i = 0;

  while (i < len && (g_ascii_isalpha (text[i]) || text[i] == '_' || (i > 0 && g_ascii_isdigit (text[i]))))
    i++;
  return len > 0 && i == len;
}

/* The others are a table, or lines that a shell has to read. */
static gboolean
is_one_value (FelFormat format)
{
  return format == FEL_FORMAT_PASSWORD || format == FEL_FORMAT_URL || format == FEL_FORMAT_JSON
         || format == FEL_FORMAT_CONNINFO;
}

static gboolean
wish_parse (FelWish *self, const char *typed, GError **error)
{
  const char *equals = strchr (typed, '=');

  if (equals == NULL || !is_name (typed, (gsize) (equals - typed)))
    {
      /* What is behind the sign is not repeated: somebody may take this for a way to set a variable. */
      g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "--env '%.*s' is not NAME=FORMAT, such as DATABASE_URL=url",
                   (int) strcspn (typed, "="), typed);
      return FALSE;
    }
  self->name = g_strndup (typed, (gsize) (equals - typed));
  if (fel_format_parse (equals + 1, &self->format, NULL) && is_one_value (self->format))
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "--env %s takes one of these formats: password, url, json, conninfo",
               self->name);
  return FALSE;
}

static gboolean
is_new (GPtrArray *wishes, const FelWish *wish, GError **error)
{
  for (guint i = 0; i < wishes->len; i++)
    if (g_str_equal (((const FelWish *) wishes->pdata[i])->name, wish->name))
      {
        g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "--env %s is there twice", wish->name);
        return FALSE;
      }
  if (wishes->len < WISHES_MAX)
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "--env is there more than %d times", WISHES_MAX);
  return FALSE;
}

GPtrArray *
fel_wish_parse_all (char **typed, GError **error)
{
  g_autoptr (GPtrArray) wishes = g_ptr_array_new_with_free_func (wish_free);

  for (gsize i = 0; typed != NULL && typed[i] != NULL; i++)
    {
      FelWish parsed = { 0 };
      gboolean fine = wish_parse (&parsed, typed[i], error) && is_new (wishes, &parsed, error);

      g_ptr_array_add (wishes, g_memdup2 (&parsed, sizeof parsed));
      if (!fine)
        return NULL;
    }
  return g_steal_pointer (&wishes);
}

gboolean
fel_wish_fulfil (const FelWish *self, const FelCredential *credential, FelEnvironment *environment, GError **error)
{
  g_autoptr (FelBuffer) value = fel_buffer_new ();

  if (!fel_format_credential (self->format, credential, value, error))
    return FALSE;
  fel_buffer_truncate (value, value->len - 1); /* the end of the line */
  fel_environment_set (environment, self->name, value->bytes);
  return TRUE;
}

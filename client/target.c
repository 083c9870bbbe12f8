/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "target.h"

#include <string.h>

#include "exit.h"

FelTarget *
fel_target_parse (const char *operand, GError **error)
{
  g_autoptr (FelTarget) self = g_new0 (FelTarget, 1);
  const char *slash = strrchr (operand, '/');

  if (*operand == '\0' || *operand == '/' || (slash != NULL && slash[1] == '\0'))
    {
      g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "'%s' lacks a name beside the slash", operand);
      return NULL;
    }
  self->workspace = slash != NULL ? g_strndup (operand, (gsize) (slash - operand)) : g_strdup (operand);
  self->database = slash != NULL ? g_strdup (slash + 1) : NULL;
  return g_steal_pointer (&self);
}

FelTarget *
fel_target_parse_database (const char *operand, GError **error)
{
  g_autoptr (FelTarget) self = fel_target_parse (operand, error);

  if (self == NULL || self->database != NULL)
    return g_steal_pointer (&self);
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE,
               "'%s' is not WORKSPACE/DATABASE, such as acme/orders" FEL_EXIT_NEXT "felucca list", operand);
  return NULL;
}

gboolean
fel_target_check_id (const char *operand, GError **error)
{
  if (*operand != '\0')
    return TRUE;
  g_set_error_literal (error, FEL_EXIT, FEL_EXIT_USAGE, "an id is empty");
  return FALSE;
}

void
fel_target_explain_unfound (const char *operand, GError *error)
{
  if (g_error_matches (error, FEL_EXIT, FEL_EXIT_NOT_FOUND) && strchr (operand, '/') != NULL)
    fel_exit_append (error, "; if a database is meant: `felucca list %s` shows its ids", operand);
  else
    fel_exit_hint_unfound (error);
}

void
fel_target_free (FelTarget *self)
{
  if (self == NULL)
    return;
  g_free (self->workspace);
  g_free (self->database);
  g_free (self);
}

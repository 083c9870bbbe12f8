/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "suggest.h"

#include <string.h>

#define WORD_MAX 128 /* longer ones are no typing errors */

static FelSuggestion
suggestion_for (const char *typed, gsize len)
{
  return (FelSuggestion){ .typed = typed, .typed_len = len, .distance = (guint) (len / 3) + 1 };
}

FelSuggestion
fel_suggestion_for (const char *typed)
{
  return suggestion_for (typed, strlen (typed));
}

/* Optimal string alignment, with three rows of its table. */
static guint
distance (const char *a, gsize a_len, const char *b, gsize b_len)
{
  guint rows[3][WORD_MAX + 1];

  for (gsize j = 0; j <= b_len; j++)
    rows[0][j] = (guint) j;
  for (gsize i = 1; i <= a_len; i++)
    {
      guint *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

      row[0] = (guint) i;
      for (gsize j = 1; j <= b_len; j++)
        {
          row[j] = MIN (above[j - 1] + (a[i - 1] != b[j - 1]), MIN (above[j], row[j - 1]) + 1);
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            row[j] = MIN (row[j], before[j - 2] + 1);
        }
    }
  return rows[a_len % 3][b_len];
}

void
fel_suggestion_offer (FelSuggestion *self, const char *word)
{
  gsize word_len = strlen (word);
  guint found;

  if (self->typed_len > WORD_MAX || word_len > WORD_MAX)
    return;
  found = distance (self->typed, self->typed_len, word, word_len);
  if (found >= self->distance)
    return;
  self->distance = found;
  self->nearest = word;
}

char *
fel_suggestion_say (const char *before, const char *word, const char *after)
{
  return word != NULL ? g_strdup_printf ("; did you mean %s%s%s?", before, word, after) : g_strdup ("");
}

static gboolean
is_known (const char *name, gsize len, const GOptionEntry *options)
{
  for (gsize i = 0; options != NULL && options[i].long_name != NULL; i++)
    if (strlen (options[i].long_name) == len && strncmp (options[i].long_name, name, len) == 0)
      return TRUE;
  return FALSE;
}

FelSuggestion
fel_suggestion_for_option (char **arguments, const GOptionEntry *some, const GOptionEntry *others)
{
  const GOptionEntry *tables[] = { some, others };
  FelSuggestion suggestion = { NULL };
  gsize i = 1;

  while (arguments[i] != NULL
         && (!g_str_has_prefix (arguments[i], "--") || arguments[i][2] == '\0'
             || is_known (arguments[i] + 2, strcspn (arguments[i] + 2, "="), some)
             || is_known (arguments[i] + 2, strcspn (arguments[i] + 2, "="), others)))
    i++;
  if (arguments[i] == NULL)
    return suggestion;
  suggestion = suggestion_for (arguments[i] + 2, strcspn (arguments[i] + 2, "="));
  for (gsize t = 0; t < G_N_ELEMENTS (tables); t++)
    for (gsize k = 0; tables[t] != NULL && tables[t][k].long_name != NULL; k++)
      fel_suggestion_offer (&suggestion, tables[t][k].long_name);
  return suggestion;
}

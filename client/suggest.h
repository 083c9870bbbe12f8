/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What somebody meant who mistyped a word: the nearest of the words that there are, if one is near enough. Letters
 * that were left out, added, changed or swapped count one each; a third of the word may be wrong. */
#pragma once

#include <glib.h>

typedef struct FelSuggestion
{
  const char *typed;
  gsize typed_len;
  const char *nearest; /* borrowed; NULL: none is near enough so far */
  guint distance;
} FelSuggestion;

FelSuggestion fel_suggestion_for (const char *typed);
void fel_suggestion_offer (FelSuggestion *self, const char *word);

/* "; did you mean WORD?" with what stands before and after the word. word NULL: nothing. */
char *fel_suggestion_say (const char *before, const char *word, const char *after);

/* The first argument that looks like an option and is in none of the tables (each may be NULL), and what it may have
 * been. */
FelSuggestion fel_suggestion_for_option (char **arguments, const GOptionEntry *some, const GOptionEntry *others);

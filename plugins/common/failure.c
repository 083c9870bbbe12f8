/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "failure.h"

#include <string.h>

#define MESSAGE_LEN_MAX 200
#define SECRET_LEN_MIN 32 /* a word that long, of the characters that tokens are made of, could be one */

static size_t
token_word_len (const char *text)
{
  size_t len = 0;

  while (g_ascii_isalnum (text[len]) || (text[len] != '\0' && strchr ("-._~+/=", text[len]) != NULL))
    len++;
  return len;
}

char *
fel_presentable (const char *message, const char *token)
{
  g_autoptr (GString) shown = g_string_new (NULL);

  if (message == NULL || *message == '\0' || (token != NULL && strstr (message, token) != NULL))
    return NULL;
  for (const char *p = message; *p != '\0' && shown->len < MESSAGE_LEN_MAX;)
    {
      size_t word_len = token_word_len (p);
      size_t step = word_len > 0 ? word_len : (size_t) (g_utf8_next_char (p) - p);

      if (word_len >= SECRET_LEN_MIN)
        g_string_append (shown, "[…]");
      else
        g_string_append_len (shown, p, (gssize) step);
      p += step;
    }
  return g_string_free (g_steal_pointer (&shown), FALSE);
}

bool
fel_fail_unanswered (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, const char *provider, bool mint)
{
  int maybe = mint ? FEL_FAILURE_MAYBE_MINTED : 0;
  g_autofree char *sentence = g_strdup_printf ("%s cannot be asked: %s", provider, answer->why);
  g_autofree char *nonsense = g_strdup_printf ("%s's answer makes no sense: %s", provider, answer->why);
  g_autofree char *lost = g_strdup_printf ("%s was asked and its answer was lost (%s): a credential may have been made",
                                           provider, answer->why);

  switch (answer->outcome)
    {
    case FEL_HTTP_UNREACHABLE:
      return host->fail (out, FEL_FAILURE_UNREACHABLE, sentence);
    case FEL_HTTP_TIMED_OUT:
      return host->fail (out, FEL_FAILURE_TIMED_OUT, sentence);
    case FEL_HTTP_BAD_ANSWER:
      return host->fail (out, FEL_FAILURE_PROTOCOL | maybe, nonsense);
    default:
      if (mint)
        return host->fail (out, FEL_FAILURE_NO_ANSWER | maybe, lost);
      return host->fail (out, answer->timed_out ? FEL_FAILURE_TIMED_OUT : FEL_FAILURE_UNREACHABLE, sentence);
    }
}

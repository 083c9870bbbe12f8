/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <string.h>

#include "felucca-backend.h"

#define SENTENCE_LEN_MAX 600

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  return 0;
}

gboolean
fuzz_is_over (const FuzzInput *self)
{
  return self->at == self->end;
}

guint8
fuzz_take_byte (FuzzInput *self)
{
  return fuzz_is_over (self) ? 0 : *self->at++;
}

char *
fuzz_take_until (FuzzInput *self, char end, gsize *ret_len)
{
  gsize left = (gsize) (self->end - self->at);
  const uint8_t *stop = left > 0 ? memchr (self->at, end, left) : NULL;
  gsize len = stop != NULL ? (gsize) (stop - self->at) : left;
  char *text = g_malloc (len + 1); /* exactly, so that a read behind it is seen */

  if (len > 0)
    memcpy (text, self->at, len);
  text[len] = '\0';
  self->at += stop != NULL ? len + 1 : len;
  *ret_len = len;
  return text;
}

char *
fuzz_take_string (FuzzInput *self)
{
  gsize len;

  return fuzz_take_until (self, '\0', &len);
}

void
fuzz_check_failure (int failure, const char *sentence)
{
  int bare = failure & ~FEL_FAILURE_MAYBE_MINTED;

  g_assert_cmpint (bare, >=, FEL_FAILURE_INTERNAL);
  g_assert_cmpint (bare, <=, FEL_FAILURE_NO_ANSWER);
  g_assert_nonnull (sentence);
  g_assert_true (g_utf8_validate (sentence, -1, NULL));
  g_assert_cmpuint (strlen (sentence), <=, SENTENCE_LEN_MAX);
}

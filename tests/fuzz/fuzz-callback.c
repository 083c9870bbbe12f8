/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What anybody on the machine sends to the door of a sign-in. The first byte says whether the right state is put in
 * where the input has a `$`. Without it, nothing may count as an answer. */
#include "fuzz.h"

#include <string.h>

#include "callback.h"
#include "error.h"

#define PORT 43210
#define STATE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"

static void
check_answer (FelCallbackKind kind, const FelCallback *callback, gboolean knows_state)
{
  switch (kind)
    {
    case FEL_CALLBACK_PARTIAL:
      break;
    case FEL_CALLBACK_REFUSED:
      {
        GString *page = fel_callback_page (callback->status, "Title", "Sentence.");

        g_string_free (page, TRUE);
        break;
      }
    case FEL_CALLBACK_CODE:
      g_assert_true (knows_state);
      g_assert_true (fel_secret_is_printable (callback->code, 1, 4096));
      break;
    case FEL_CALLBACK_ERROR:
      g_assert_true (knows_state);
      g_assert_true (callback->error != NULL && callback->error->domain == FEL_ERROR);
      for (const char *p = callback->error->message; *p != '\0'; p++)
        g_assert_true (g_ascii_isprint (*p));
      break;
    }
  g_assert_true ((kind == FEL_CALLBACK_CODE) == (callback->code != NULL));
  g_assert_true ((kind == FEL_CALLBACK_ERROR) == (callback->error != NULL));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, data + size };
  gboolean knows_state = (fuzz_take_byte (&input) & 1) != 0;
  g_autoptr (GString) head = g_string_new (NULL);
  g_autofree char *exact = NULL;
  g_auto (FelCallback) callback = { 0 };

  while (!fuzz_is_over (&input))
    {
      char c = (char) fuzz_take_byte (&input);

      if (c == '$' && knows_state)
        g_string_append (head, STATE);
      else
        g_string_append_c (head, c);
    }
  if (head->len > FEL_CALLBACK_HEAD_MAX || (!knows_state && strstr (head->str, STATE) != NULL))
    return 0;
  exact = g_memdup2 (head->str, head->len);
  check_answer (fel_callback_read (exact, head->len, PORT, STATE, &callback), &callback, knows_state);
  return 0;
}

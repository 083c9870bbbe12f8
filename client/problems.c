/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "problems.h"

#include <string.h>

#include "felucca-names.h"
#include "say.h"
#include "unresolved.h"

GPtrArray *
fel_problems_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) fel_record_free);
}

void
fel_problems_add (GPtrArray *problems, FelExit status, const char *what, const char *next)
{
  FelRecord *problem = fel_record_new ();

  fel_record_set_text (problem, "what", what);
  if (next != NULL)
    fel_record_set_text (problem, "try", next);
  fel_record_set_number (problem, "exit-status", status);
  g_ptr_array_add (problems, problem);
}

void
fel_problems_add_failure (GPtrArray *problems, const GError *failure)
{
  const char *next = strstr (failure->message, FEL_EXIT_NEXT);
  g_autofree char *what = next != NULL ? g_strndup (failure->message, (gsize) (next - failure->message))
                                       : g_strdup (failure->message);

  fel_problems_add (problems, (FelExit) failure->code, what, next != NULL ? next + strlen (FEL_EXIT_NEXT) : NULL);
}

void
fel_problems_judge_keyring (GPtrArray *problems, const char *state)
{
  if (g_strcmp0 (state, "locked") == 0)
    fel_problems_add (problems, FEL_EXIT_KEYRING, "the keyring is locked; what needs it asks you to unlock it",
                      "felucca get WORKSPACE/DATABASE");
  else if (g_strcmp0 (state, "absent") == 0)
    fel_problems_add (
        problems, FEL_EXIT_KEYRING,
        "there is no keyring: a Secret Service with a default collection has to run, such as gnome-keyring, "
        "KeePassXC or KWallet; start one, then look again",
        "felucca status");
  else if (g_strcmp0 (state, "unlocked") != 0)
    fel_problems_add (problems, FEL_EXIT_KEYRING, "the keyring is in an unknown state", NULL);
}

void
fel_problems_judge_backend (GPtrArray *problems, const char *name, const FelRecord *backend)
{
  const char *state = fel_record_text (backend, FEL_KEY_STATE);
  const char *detail = fel_record_text (backend, FEL_KEY_DETAIL);
  g_autofree char *what = NULL;
  g_autofree char *next = NULL;

  if (g_strcmp0 (state, "ready") == 0)
    return;
  if (g_strcmp0 (state, "sign-in-required") == 0)
    {
      what = g_strdup_printf ("%s needs a sign-in", name);
      next = g_strdup_printf ("felucca sign-in %s", name);
      fel_problems_add (problems, FEL_EXIT_SIGN_IN, what, next);
      return;
    }
  what = g_strdup_printf ("backend %s: %s", name, detail != NULL ? detail : state != NULL ? state : "no state");
  next = g_strdup_printf ("felucca backends reset %s", name);
  /* What is wrong with it often names its own remedy. */
  fel_problems_add (problems, FEL_EXIT_FAILED, what, strstr (what, "felucca ") == NULL ? next : NULL);
}

FelExit
fel_problems_say (GPtrArray *problems)
{
  FelExit status = FEL_EXIT_DONE;

  for (guint i = 0; i < problems->len; i++)
    {
      const FelRecord *problem = g_ptr_array_index (problems, i);
      const char *next = fel_record_text (problem, "try");
      gint64 number = 0;
      g_autoptr (GError) line = NULL;

      fel_record_number (problem, "exit-status", &number);
      line = g_error_new (FEL_EXIT, (int) number, "%s%s%s", fel_record_text (problem, "what"),
                          next != NULL ? FEL_EXIT_NEXT : "", next != NULL ? next : "");
      fel_say_error (line);
      if (status == FEL_EXIT_DONE)
        status = (FelExit) number;
    }
  return status;
}

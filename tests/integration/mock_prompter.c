/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers the prompts of gnome-keyring without a display: gcr's mock prompter as a program. Each argument is one
 * prompt: `cancel`, or `answer:PASSWORD`. Prints the bus name to give to gnome-keyring in GNOME_KEYRING_TEST_PROMPTER
 * and lives until it is told to end. */
#define GCR_API_SUBJECT_TO_CHANGE
#include <gcr/gcr-base.h>

#include <stdio.h>
#include <string.h>

#define ANSWER "answer:"

int
main (int argc, char **argv)
{
  const char *name = gcr_mock_prompter_start ();

  for (int i = 1; i < argc; i++)
    {
      if (strcmp (argv[i], "cancel") == 0)
        gcr_mock_prompter_expect_password_cancel ();
      else if (g_str_has_prefix (argv[i], ANSWER))
        gcr_mock_prompter_expect_password_ok (argv[i] + strlen (ANSWER), NULL);
      else
        return 2;
    }
  printf ("%s\n", name);
  fflush (stdout);
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  return 0;
}

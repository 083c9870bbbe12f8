/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"

static const char *
missing (const FelSandbox *sandbox, const char *name)
{
  for (gsize i = 0; i < sandbox->n_parts; i++)
    if (g_str_equal (sandbox->parts[i].name, name))
      return sandbox->parts[i].missing;
  g_assert_not_reached ();
}

static void
test_what_is_known_already (void)
{
  g_autoptr (GError) files = g_error_new_literal (FEL_ERROR, FEL_ERROR_UNSUPPORTED, "no rules");
  g_autoptr (FelSandbox) sandbox = fel_sandbox_look (files, FALSE);
  g_autoptr (FelSandbox) other = fel_sandbox_look (NULL, TRUE);
  g_autofree char *text = fel_sandbox_missing (sandbox);

  g_assert_cmpstr (missing (sandbox, "files"), ==, "no rules");
  g_assert_nonnull (missing (sandbox, "locked-memory"));
  g_assert_nonnull (strstr (text, "files (no rules), "));
  g_assert_cmpstr (missing (other, "files"), !=, NULL); /* it was said to be in force, and the root could be read */
  g_assert_cmpstr (missing (other, "files"), !=, "no rules");
  g_assert_null (missing (other, "locked-memory"));
  fel_sandbox_free (NULL);
}

static void
test_complete (void)
{
  FelSandboxPart parts[] = { { "a", NULL }, { "b", NULL } };
  const FelSandbox complete = { parts, 2 };
  const FelSandbox incomplete = { parts, 2 };

  g_assert_null (fel_sandbox_missing (&complete));
  parts[0].missing = (char *) "not there";
  parts[1].missing = (char *) "neither";
  {
    g_autofree char *text = fel_sandbox_missing (&incomplete);

    g_assert_cmpstr (text, ==, "a (not there), b (neither)");
  }
}

/* What a process can only give up is given up in one of its own. */
static void
test_what_is_tried (void)
{
  int status = 0;
  pid_t pid = fork ();

  if (pid == 0)
    {
      const struct rlimit no_core = { 0, 0 };
      FelSandbox *before = fel_sandbox_look (NULL, TRUE);
      FelSandbox *after;

      g_assert_nonnull (missing (before, "core-dumps"));
      prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      prctl (PR_SET_DUMPABLE, 0);
      setrlimit (RLIMIT_CORE, &no_core);
      after = fel_sandbox_look (NULL, TRUE);
      g_assert_null (missing (after, "no-new-privileges"));
      g_assert_null (missing (after, "core-dumps"));
      fel_sandbox_free (before);
      fel_sandbox_free (after);
      _exit (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/what-is-known-already", test_what_is_known_already);
  g_test_add_func ("/sandbox/complete", test_complete);
  g_test_add_func ("/sandbox/what-is-tried", test_what_is_tried);
  return g_test_run ();
}

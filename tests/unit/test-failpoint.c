/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "failpoint.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#define PASSES 4

/* The variable is read once in a process: each case has a child of its own. */
static const struct
{
  const char *text;
  const char *passes_of_a; /* the errnos of PASSES passes */
  const char *passes_of_b;
  const char *complaint; /* a pattern; (nullable) nothing is said */
} cases[] = {
  { "", "0 0 0 0", "0 0 0 0", NULL },
  { "a:EIO", "5 5 5 5", "0 0 0 0", NULL },
  { "a:ENOSPC", "28 28 28 28", "0 0 0 0", NULL },
  { "a:EROFS", "30 30 30 30", "0 0 0 0", NULL },
  { "a:EACCES", "13 13 13 13", "0 0 0 0", NULL },
  { "a:ENOENT", "2 2 2 2", "0 0 0 0", NULL },
  { "a:EIO@1", "5 0 0 0", "0 0 0 0", NULL },
  { "a:EIO@3", "0 0 5 0", "0 0 0 0", NULL },
  { "a:EIO@5", "0 0 0 0", "0 0 0 0", NULL },
  { "a:EIO,b:ENOSPC@2", "5 5 5 5", "0 28 0 0", NULL },
  { "a:EIO@1,a:ENOSPC@3", "5 0 28 0", "0 0 0 0", NULL },
  { "aa:EIO", "0 0 0 0", "0 0 0 0", NULL },
  { "a:EVIL,b:EIO", "0 0 0 0", "5 5 5 5", "*'a:EVIL' is not NAME:ACTION*" },
  { "a:,b:EIO", "0 0 0 0", "5 5 5 5", "*'a:' is not NAME:ACTION*" },
  { "a", "0 0 0 0", "0 0 0 0", "*'a' is not NAME:ACTION*" },
  { ":EIO", "0 0 0 0", "0 0 0 0", "*':EIO' is not NAME:ACTION*" },
  { "a:EIO@0", "0 0 0 0", "0 0 0 0", "*'a:EIO@0' is not NAME:ACTION*" },
  { "a:EIO@", "0 0 0 0", "0 0 0 0", "*'a:EIO@' is not NAME:ACTION*" },
  { "a:EIO@x", "0 0 0 0", "0 0 0 0", "*'a:EIO@x' is not NAME:ACTION*" },
  { "a:EIO@-1", "0 0 0 0", "0 0 0 0", "*'a:EIO@-1' is not NAME:ACTION*" },
  { "a@1:EIO", "0 0 0 0", "0 0 0 0", NULL }, /* a name like another */
  { "a:EIO,,", "5 5 5 5", "0 0 0 0", "*'' is not NAME:ACTION*" },
};

static char *
passes_of (const char *name)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < PASSES; i++)
    g_string_append_printf (text, "%s%d", i > 0 ? " " : "", fel_failpoint (name));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
child_of_case (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autofree char *of_a = NULL;
  g_autofree char *of_b = NULL;

  g_setenv ("FELUCCA_FAILPOINT", cases[i].text, TRUE);
  of_a = passes_of ("a");
  of_b = passes_of ("b");
  g_assert_cmpstr (of_a, ==, cases[i].passes_of_a);
  g_assert_cmpstr (of_b, ==, cases[i].passes_of_b);
}

static void
test_case (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);

  if (g_test_subprocess ())
    {
      child_of_case (data);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  if (cases[i].complaint != NULL)
    g_test_trap_assert_stderr (cases[i].complaint);
  else
    g_test_trap_assert_stderr_unmatched ("*FELUCCA_FAILPOINT*");
}

static void
test_not_set (void)
{
  g_unsetenv ("FELUCCA_FAILPOINT");
  g_assert_cmpint (fel_failpoint ("a"), ==, 0);
}

/* At the second pass, by the signal that nobody can catch. */
static void
test_kill (void)
{
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "FELUCCA_FAILPOINT", "a:kill@2", TRUE);
  g_autofree char *path = g_file_read_link ("/proc/self/exe", NULL);
  char *argv[] = { path, (char *) "--pass-twice", NULL };
  g_autofree char *said = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, argv, environment, G_SPAWN_DEFAULT, NULL, NULL, &said, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (said, ==, "first\n");
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
}

static int
pass_twice (void)
{
  fel_failpoint ("a");
  g_print ("first\n");
  fel_failpoint ("a");
  g_print ("second\n");
  return 0;
}

int
main (int argc, char **argv)
{
  if (argc > 1 && g_str_equal (argv[1], "--pass-twice"))
    return pass_twice ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/failpoint/not-set", test_not_set);
  if (FEL_DEVELOPER)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
        {
          g_autofree char *path = g_strdup_printf ("/failpoint/case/%" G_GSIZE_FORMAT, i);

          g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_case);
        }
      g_test_add_func ("/failpoint/kill", test_kill);
    }
  return g_test_run ();
}

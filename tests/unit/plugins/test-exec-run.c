/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec-run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONG_SEC 60
#define SHORT_SEC 2 /* passes, after a shell has set its traps */

static gboolean no_pidfd;

long __real_syscall (long number, ...);
long __wrap_syscall (long number, long a, long b, long c, long d, long e, long f);

/* A kernel, or a filter of one, that has no descriptors for processes. */
long
__wrap_syscall (long number, long a, long b, long c, long d, long e, long f)
{
  if (number == SYS_pidfd_open && no_pidfd)
    {
      errno = EPERM;
      return -1;
    }
  return __real_syscall (number, a, b, c, d, e, f);
}

static ExecAnswer *
run_script (const char *script, const char *input, guint timeout_sec, GCancellable *cancellable)
{
  char *argv[] = { (char *) "/bin/sh", (char *) "-c", (char *) script, NULL };
  char *env[] = { (char *) "PATH=/usr/bin:/bin", NULL };
  ExecPlan plan = { .argv = argv, .env = env };

  return exec_run (&plan, input, timeout_sec, cancellable);
}

static void
check_body (const ExecAnswer *answer, const char *body)
{
  g_assert_cmpmem (answer->body, answer->len, body, strlen (body));
}

/* Nobody is left to be waited for. */
static void
check_no_children (void)
{
  errno = 0;
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
}

static void
test_ends (gconstpointer data)
{
  static const struct
  {
    const char *script;
    ExecOutcome outcome;
    int status;
    const char *body;
  } cases[] = {
    { "cat", EXEC_EXITED, 0, "in" },
    { "exec <&-; printf out", EXEC_EXITED, 0, "out" },
    { "printf out; printf err >&2; exit 7", EXEC_EXITED, 7, "out" },
    { "printf out; kill -9 $$", EXEC_SIGNALLED, SIGKILL, "out" },
    { "printf out; exec >&-; exit 0", EXEC_EXITED, 0, "out" },
    { "sleep 600 & printf out", EXEC_EXITED, 0, "out" },
    { "kill -PIPE $$; printf alive", EXEC_SIGNALLED, SIGPIPE, "" }, /* which we ignore */
    { "pwd", EXEC_EXITED, 0, "/\n" },
    { "env | grep -v -e ^PWD= -e ^SHLVL= -e ^_=", EXEC_EXITED, 0, "PATH=/usr/bin:/bin\n" },
  };

  no_pidfd = GPOINTER_TO_INT (data);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (ExecAnswer) answer = run_script (cases[i].script, "in", LONG_SEC, NULL);

      g_test_message ("%s: %d, %d", cases[i].script, answer->outcome, answer->status);
      g_assert_cmpint (answer->outcome, ==, cases[i].outcome);
      g_assert_cmpint (answer->status, ==, cases[i].status);
      g_assert_false (answer->stopped);
      check_body (answer, cases[i].body);
      check_no_children ();
    }
  no_pidfd = FALSE;
}

static void
test_output_max (void)
{
  g_autoptr (ExecAnswer) most = run_script ("head -c 65536 /dev/zero", "", LONG_SEC, NULL);
  g_autoptr (ExecAnswer) more = run_script ("head -c 65537 /dev/zero", "", LONG_SEC, NULL);
  g_autoptr (ExecAnswer) endless = run_script ("cat /dev/zero", "", LONG_SEC, NULL);

  g_assert_cmpint (most->outcome, ==, EXEC_EXITED);
  g_assert_cmpuint (most->len, ==, EXEC_OUTPUT_MAX);
  g_assert_cmpint (more->outcome, ==, EXEC_TOO_LONG);
  g_assert_cmpint (endless->outcome, ==, EXEC_TOO_LONG);
  check_no_children ();
}

static void
test_deadline (gconstpointer data)
{
  g_autoptr (ExecAnswer) polite = NULL;
  g_autoptr (ExecAnswer) deaf = NULL;
  g_autoptr (ExecAnswer) done = NULL;

  no_pidfd = GPOINTER_TO_INT (data);
  polite = run_script ("printf out; exec sleep 600", "", SHORT_SEC, NULL);
  g_assert_true (polite->stopped);
  g_assert_cmpint (polite->outcome, ==, EXEC_SIGNALLED);
  g_assert_cmpint (polite->status, ==, SIGTERM);
  check_body (polite, "out");
  deaf = run_script ("trap '' TERM; while :; do sleep 1; done", "", SHORT_SEC, NULL);
  g_assert_true (deaf->stopped);
  g_assert_cmpint (deaf->status, ==, SIGKILL);
  done = run_script ("trap 'printf out; exit 0' TERM; while :; do sleep 1; done", "", SHORT_SEC, NULL);
  g_assert_true (done->stopped);
  g_assert_cmpint (done->outcome, ==, EXEC_EXITED);
  check_body (done, "out");
  check_no_children ();
  no_pidfd = FALSE;
}

static gpointer
cancel_when_it_runs (gpointer data)
{
  gpointer *both = data;

  while (access (both[1], F_OK) != 0)
    g_usleep (1000);
  g_cancellable_cancel (both[0]);
  return NULL;
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *folder = g_dir_make_tmp ("felucca-exec-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (folder, "runs", NULL);
  g_autofree char *script = g_strdup_printf ("touch '%s'; exec sleep 600", file);
  gpointer both[] = { cancellable, file };
  GThread *thread = g_thread_new ("cancel", cancel_when_it_runs, both);
  g_autoptr (ExecAnswer) answer = run_script (script, "", LONG_SEC, cancellable);
  g_autoptr (ExecAnswer) late = NULL;

  g_thread_join (thread);
  g_assert_true (answer->stopped);
  g_assert_cmpint (answer->status, ==, SIGTERM);
  late = run_script ("printf out", "", LONG_SEC, cancellable);
  g_assert_cmpint (late->outcome, ==, EXEC_NOT_STARTED);
  g_assert_nonnull (late->why);
  unlink (file);
  rmdir (folder);
}

/* None of ours gets there, whatever its flags. */
static void
test_descriptors (void)
{
  int leaky = open ("/dev/null", O_RDONLY);
  g_autofree char *script = g_strdup_printf ("test -e /proc/self/fd/%d && printf leaked; printf done", leaky);
  g_autoptr (ExecAnswer) answer = run_script (script, "", LONG_SEC, NULL);

  g_assert_cmpint (leaky, >, 2);
  check_body (answer, "done");
  close (leaky);
}

/* Every run gives back what it took. */
static void
test_nothing_stays_open (void)
{
  int before = dup (0), after;

  close (before);
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (ExecAnswer) answer = run_script (i % 2 == 0 ? "exit 0" : "cat /dev/zero", "", LONG_SEC, NULL);

      g_assert_cmpint (answer->outcome, !=, EXEC_NOT_STARTED);
    }
  after = dup (0);
  close (after);
  g_assert_cmpint (after, ==, before);
}

static void
test_not_started (void)
{
  static const char *const paths[] = { "/nowhere/x", "/", "/etc/passwd", "/dev/null" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      char *argv[] = { (char *) paths[i], NULL };
      char *env[] = { NULL };
      ExecPlan plan = { .argv = argv, .env = env };
      g_autoptr (ExecAnswer) answer = exec_run (&plan, "", LONG_SEC, NULL);

      g_test_message ("%s: %s", paths[i], answer->why);
      g_assert_cmpint (answer->outcome, ==, EXEC_NOT_STARTED);
      g_assert_nonnull (answer->why);
    }
  check_no_children ();
}

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN); /* as the daemon does */
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/exec-run/ends", GINT_TO_POINTER (FALSE), test_ends);
  g_test_add_data_func ("/exec-run/ends-without-pidfd", GINT_TO_POINTER (TRUE), test_ends);
  g_test_add_func ("/exec-run/output-max", test_output_max);
  g_test_add_data_func ("/exec-run/deadline", GINT_TO_POINTER (FALSE), test_deadline);
  g_test_add_data_func ("/exec-run/deadline-without-pidfd", GINT_TO_POINTER (TRUE), test_deadline);
  g_test_add_func ("/exec-run/cancelled", test_cancelled);
  g_test_add_func ("/exec-run/descriptors", test_descriptors);
  g_test_add_func ("/exec-run/nothing-stays-open", test_nothing_stays_open);
  g_test_add_func ("/exec-run/not-started", test_not_started);
  return g_test_run ();
}

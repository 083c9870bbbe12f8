/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quarantine.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "fork-guard.h"

typedef struct
{
  char *folder;
  FelQuarantine *quarantine;
} Fixture;

static void
fixture_init (Fixture *self)
{
  self->folder = g_dir_make_tmp (NULL, NULL);
  self->quarantine = fel_quarantine_new (self->folder);
}

static void
fixture_clear (Fixture *self)
{
  g_rmdir (self->folder);
  fel_quarantine_free (self->quarantine);
  g_free (self->folder);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* How a process ends, what of it is recorded, and how it has to end all the same. */
static const struct
{
  const char *how;
  const char *recorded; /* NULL: nothing */
  int by_signal;
} ends[] = {
  { "abort", "mint SIGABRT", SIGABRT },
  { "illegal", "mint SIGILL", SIGILL },
  { "exit", "mint exit()", 0 },
  { "outside", NULL, SIGABRT },
  { "elsewhere", NULL, SIGABRT },
  { "left", NULL, SIGABRT },
  { "forked", NULL, 0 },
  { "killed", NULL, SIGKILL },
};

static gpointer
abort_elsewhere (gpointer data)
{
  abort ();
}

static void
end_as (const char *how)
{
  fel_quarantine_enter ("x", "mint");
  if (g_str_equal (how, "abort"))
    abort ();
  if (g_str_equal (how, "illegal"))
    __builtin_trap ();
  if (g_str_equal (how, "outside") && fork () == 0)
    {
      kill (getppid (), SIGABRT);
      _exit (0);
    }
  if (g_str_equal (how, "outside"))
    pause ();
  if (g_str_equal (how, "elsewhere"))
    g_thread_join (g_thread_new (NULL, abort_elsewhere, NULL));
  if (g_str_equal (how, "killed"))
    raise (SIGKILL);
  if (g_str_equal (how, "forked") && fork () == 0)
    abort ();
  if (g_str_equal (how, "forked"))
    _exit (0);
  if (g_str_equal (how, "left"))
    {
      fel_quarantine_leave ();
      abort ();
    }
  exit (0);
}

/* The other half of test_ends(): a process that may die. */
static int
child_main (const char *folder, const char *how)
{
  g_autoptr (FelQuarantine) quarantine = fel_quarantine_new (folder);

  if (!fel_quarantine_arm (quarantine, NULL))
    return 99;
  end_as (how);
  return 98;
}

static void
check_end (const Fixture *f, gsize i, guint before)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  char *argv[] = { self, (char *) "--end-as", f->folder, (char *) ends[i].how, NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *last = NULL;
  int status;

  g_test_message ("%s", ends[i].how);
  g_assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpint (WIFSIGNALED (status) ? WTERMSIG (status) : 0, ==, ends[i].by_signal);
  g_assert_cmpuint (fel_quarantine_count (f->quarantine, "x", &last), ==, before + (ends[i].recorded != NULL));
  if (ends[i].recorded != NULL)
    g_assert_cmpstr (last, ==, ends[i].recorded);
}

static void
test_ends (void)
{
  g_auto (Fixture) f;
  guint n = 0;

  fixture_init (&f);
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      check_end (&f, i, n);
      n += ends[i].recorded != NULL;
    }
  g_assert_cmpuint (n, ==, 3);
  g_assert_true (fel_quarantine_reset (f.quarantine, "x", NULL));
}

static const struct
{
  const char *text;
  guint n;
  const char *last;
} records[] = {
  { "", 0, NULL },
  { "mint SIGSEGV\n", 1, "mint SIGSEGV" },
  { "mint SIGSEGV\nlist exit()\n", 2, "list exit()" },
  { "mint SIGSEGV\nlist", 1, "mint SIGSEGV" }, /* torn */
  { "\xff\x1b[31m\n", 1, "?????m" },
};

static void
test_records (void)
{
  g_auto (Fixture) f;
  g_autofree char *file = NULL;

  fixture_init (&f);
  file = g_build_filename (f.folder, "x", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (records); i++)
    {
      g_autofree char *last = NULL;

      g_assert_true (g_file_set_contents (file, records[i].text, -1, NULL));
      g_assert_cmpuint (fel_quarantine_count (f.quarantine, "x", &last), ==, records[i].n);
      g_assert_cmpstr (last, ==, records[i].last);
    }
  for (guint i = 0; i < 2; i++) /* nothing to forget is fine, too */
    {
      g_autofree char *last = NULL;

      g_assert_true (fel_quarantine_reset (f.quarantine, "x", NULL));
      g_assert_cmpuint (fel_quarantine_count (f.quarantine, "x", &last), ==, 0);
      g_assert_null (last);
    }
}

/* What is guarded is closed in a process that is forked, and only there. */
static void
test_fork_guard (void)
{
  int fds[2], others[2], status;
  pid_t pid;

  g_assert_cmpint (pipe (fds), ==, 0);
  g_assert_cmpint (pipe (others), ==, 0);
  fel_fork_guard_add (fds[1]);
  fel_fork_guard_add (others[1]);
  fel_fork_guard_remove (others[1]);
  pid = fork ();
  if (pid == 0)
    _exit (write (fds[1], "x", 1) < 0 && write (others[1], "x", 1) == 1 ? 0 : 1);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpint (write (fds[1], "x", 1), ==, 1);
  fel_fork_guard_remove (fds[1]);
  for (gsize i = 0; i < 2; i++)
    {
      close (fds[i]);
      close (others[i]);
    }
}

int
main (int argc, char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "--end-as"))
    return child_main (argv[2], argv[3]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quarantine/ends", test_ends);
  g_test_add_func ("/quarantine/records", test_records);
  g_test_add_func ("/quarantine/fork-guard", test_fork_guard);
  return g_test_run ();
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define ALL (FEL_LANDLOCK_READ | FEL_LANDLOCK_EXECUTE | FEL_LANDLOCK_WRITE | FEL_LANDLOCK_CHANGE)

typedef struct
{
  const char *path; /* below the scratch folder */
  FelLandlockAccess allowed;
} Rule;

typedef struct
{
  const char *name;
  int (*act) (void); /* in the scratch folder; -1: see errno */
  Rule rule;
  int errnum; /* 0: it is done */
} Case;

static int
open_file (const char *path, int flags)
{
  return open (path, flags | O_CLOEXEC, 0600);
}

static int
read_it (void)
{
  return open_file ("in/file", O_RDONLY);
}

static int
read_other (void)
{
  return open_file ("out/file", O_RDONLY);
}

static int
read_through_link (void)
{
  return open_file ("in/link", O_RDONLY);
}

static int
read_folder (void)
{
  return open_file ("in", O_RDONLY | O_DIRECTORY);
}

static int
write_it (void)
{
  return open_file ("in/file", O_WRONLY);
}

static int
truncate_it (void)
{
  return truncate ("in/file", 0);
}

static int
make_it (void)
{
  return open_file ("in/new", O_WRONLY | O_CREAT);
}

static int
make_folder (void)
{
  return mkdir ("in/folder", 0700);
}

static int
move_within (void)
{
  return rename ("in/file", "in/moved");
}

static int
move_out (void)
{
  return rename ("in/file", "out/moved");
}

static int
remove_it (void)
{
  return unlink ("in/file");
}

static int
remove_other (void)
{
  return unlink ("out/file");
}

static int
run_it (void)
{
  char *const argv[] = { (char *) "in/program", NULL };

  return execv ("in/program", argv);
}

static int
signal_parent (void)
{
  return kill (getppid (), 0);
}

static const Case cases[] = {
  { "read", read_it, { "in", FEL_LANDLOCK_READ }, 0 },
  { "read-the-file-alone", read_it, { "in/file", FEL_LANDLOCK_READ }, 0 },
  { "read-without", read_it, { "in", FEL_LANDLOCK_WRITE }, EACCES },
  { "read-other", read_other, { "in", ALL }, EACCES },
  { "read-through-link", read_through_link, { "in", ALL }, EACCES },
  { "read-folder", read_folder, { "in", FEL_LANDLOCK_READ }, 0 },
  { "read-folder-of-file", read_folder, { "in/file", ALL }, EACCES },
  { "absent-is-no-rule", read_it, { "absent", ALL }, EACCES },
  { "write", write_it, { "in", FEL_LANDLOCK_WRITE }, 0 },
  { "write-without", write_it, { "in", FEL_LANDLOCK_READ | FEL_LANDLOCK_EXECUTE }, EACCES },
  { "truncate-without", truncate_it, { "in", FEL_LANDLOCK_READ | FEL_LANDLOCK_CHANGE }, EACCES },
  { "make", make_it, { "in", FEL_LANDLOCK_WRITE | FEL_LANDLOCK_CHANGE }, 0 },
  { "make-without", make_it, { "in", FEL_LANDLOCK_READ | FEL_LANDLOCK_WRITE }, EACCES },
  { "make-folder", make_folder, { "in", FEL_LANDLOCK_CHANGE }, 0 },
  { "make-folder-without", make_folder, { "in", FEL_LANDLOCK_READ | FEL_LANDLOCK_WRITE }, EACCES },
  { "move-within", move_within, { "in", FEL_LANDLOCK_CHANGE }, 0 },
  { "move-out", move_out, { "in", ALL }, EACCES },
  { "remove", remove_it, { "in", FEL_LANDLOCK_CHANGE }, 0 },
  { "remove-other", remove_other, { "in", ALL }, EACCES },
  { "run-without", run_it, { "in", FEL_LANDLOCK_READ | FEL_LANDLOCK_WRITE }, EACCES },
  { "signal-others", signal_parent, { "in", ALL }, EPERM },
};

static char *
make_scratch (void)
{
  char *scratch = g_dir_make_tmp ("felucca-test-XXXXXX", NULL);

  g_assert_nonnull (scratch);
  g_assert_cmpint (g_chdir (scratch), ==, 0);
  g_assert_cmpint (mkdir ("in", 0700) + mkdir ("out", 0700), ==, 0);
  g_assert_true (g_file_set_contents ("in/file", "x", 1, NULL));
  g_assert_true (g_file_set_contents ("out/file", "x", 1, NULL));
  g_assert_true (g_file_set_contents ("in/program", "x", 1, NULL));
  g_assert_cmpint (chmod ("in/program", 0700), ==, 0);
  g_assert_cmpint (symlink ("../out/file", "in/link"), ==, 0);
  return scratch;
}

static void
remove_scratch (char *scratch)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", scratch);

  g_assert_cmpint (g_chdir ("/"), ==, 0);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (scratch);
}

/* It cannot be taken back, so a process of its own does it. Returns what it failed with. */
static int
act_confined (const Case *test)
{
  int status = 0;
  pid_t pid = fork ();

  if (pid == 0)
    {
      FelLandlock *landlock = fel_landlock_new (NULL);

      if (landlock == NULL)
        _exit (254);
      fel_landlock_allow (landlock, test->rule.path, test->rule.allowed);
      if (!fel_landlock_enforce (landlock, NULL))
        _exit (255);
      _exit (test->act () < 0 ? errno : 0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (FelLandlock) landlock = fel_landlock_new (&error);
  char *scratch;

  if (landlock == NULL)
    {
      g_test_skip (error->message);
      return;
    }
  scratch = make_scratch ();
  g_assert_cmpint (act_confined (test), ==, test->errnum);
  remove_scratch (scratch);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/landlock/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  return g_test_run ();
}

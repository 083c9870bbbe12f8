/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "felucca-config.h"

#include "error.h"
#include "module.h"

#define REPORT_LEN_MAX 16384
#define ASK_MSEC 10
#define KEPT "ok: "
#define BROKEN "not ok: "
#define END "end\n"

typedef struct
{
  pid_t pid;
  int pidfd;  /* readable once it has ended; -1: it is asked */
  int report; /* read end */
  guint deadline_id;
  gboolean late;
  FelProbeDone done;
  gpointer user_data;
} Probe;

#if FEL_COVERAGE
void __gcov_dump (void); /* gcc's; in no header */
#endif

/* The process of its own */

static void
tell (int fd, const char *what, const char *text)
{
  g_autofree char *line = g_strconcat (what, text, text[0] != '\0' ? "\n" : "", NULL);

  if (write (fd, line, strlen (line)) < 0)
    _exit (EXIT_FAILURE);
}

static void
on_kept (const char *kept, gpointer user_data)
{
  tell (GPOINTER_TO_INT (user_data), KEPT, kept);
}

int
fel_probe_main (const char *path)
{
  /* What the file itself prints is not part of the report. */
  int report = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  g_autofree char *base = g_path_get_basename (path);
  g_autoptr (GError) error = NULL;
  FelBackend backend;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (report < 0 || dup2 (STDERR_FILENO, STDOUT_FILENO) < 0)
    return EXIT_FAILURE;
  if (g_str_has_suffix (base, ".so"))
    base[strlen (base) - 3] = '\0';
  if (fel_module_check_owner (path, &error))
    {
      tell (report, KEPT, "nobody else can write to it");
      fel_module_open (path, base, &backend, on_kept, GINT_TO_POINTER (report), &error);
    }
  if (error != NULL)
    tell (report, BROKEN, error->message);
  tell (report, END, "");
#if FEL_COVERAGE
  __gcov_dump ();
#endif
  _exit (error != NULL ? EXIT_FAILURE : EXIT_SUCCESS); /* nothing of the file runs any more */
}

/* Our side */

static void
probe_free (Probe *self)
{
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  if (self->pidfd >= 0)
    close (self->pidfd);
  close (self->report);
  g_free (self);
}

/* What it has said so far. A process that it has left behind may hold the other end: its end is not waited for. */
static char *
probe_read_report (const Probe *self)
{
  g_autofree char *report = g_malloc (REPORT_LEN_MAX + 1);
  gsize len = 0;
  ssize_t n = 1;

  while (n > 0 && len < REPORT_LEN_MAX)
    {
      n = TEMP_FAILURE_RETRY (read (self->report, report + len, REPORT_LEN_MAX - len));
      if (n > 0)
        len += (gsize) n;
    }
  report[len] = '\0';
  return g_utf8_make_valid (report, -1);
}

static char *
describe_end (const siginfo_t *end, gboolean late)
{
  if (late)
    return g_strdup_printf ("it did not come back from being loaded within %d s", FEL_PROBE_SEC);
  if (end->si_code == CLD_EXITED)
    return g_strdup_printf ("it ended the process that loaded it, with status %d", end->si_status);
  return g_strdup_printf ("it crashed while it was loaded, with SIG%s", sigabbrev_np (end->si_status) ?: "?");
}

/* NULL: it is usable. Takes the report apart: without the lines that are for us. */
static char *
judge_report (char *report, const siginfo_t *end, gboolean late)
{
  char *broken = strstr (report, BROKEN);
  gboolean complete = g_str_has_suffix (report, END);
  g_autofree char *line = NULL;

  if (complete)
    report[strlen (report) - strlen (END)] = '\0';
  if (!complete || late)
    return describe_end (end, late);
  if (broken == NULL)
    return NULL;
  line = g_strndup (broken + strlen (BROKEN), strcspn (broken + strlen (BROKEN), "\n"));
  *broken = '\0';
  return g_steal_pointer (&line);
}

static void
probe_end (Probe *self)
{
  FelProbeResult result = { .late = self->late };
  siginfo_t end = { 0 };

  /* Before it is reaped: until then its number belongs to it and to what it has left behind. */
  kill (-self->pid, SIGKILL);
  TEMP_FAILURE_RETRY (waitid (P_PID, (id_t) self->pid, &end, WEXITED));
  result.report = probe_read_report (self);
  result.refusal = judge_report (result.report, &end, self->late);
  self->done (&result, self->user_data);
  g_free (result.report);
  g_free (result.refusal);
  probe_free (self);
}

static gboolean
on_ended (int fd, GIOCondition condition, gpointer user_data)
{
  probe_end (user_data);
  return G_SOURCE_REMOVE;
}

/* Below valgrind, for one, there are no pidfds. */
static gboolean
on_ask (gpointer user_data)
{
  Probe *self = user_data;
  siginfo_t end = { 0 };

  if (waitid (P_PID, (id_t) self->pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_pid == 0)
    return G_SOURCE_CONTINUE;
  probe_end (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_deadline (gpointer user_data)
{
  Probe *self = user_data;

  self->deadline_id = 0;
  self->late = TRUE;
  kill (-self->pid, SIGKILL);
  return G_SOURCE_REMOVE;
}

/* No address of a bus, no token of an agent; what decides how libraries are found is as for us. */
static char **
probe_environment (void)
{
  static const char *const kept[] = { "PATH",       "HOME",         "LANG",          "LC_ALL",       "LD_LIBRARY_PATH",
                                      "LD_PRELOAD", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "GLIBC_TUNABLES" };
  char **environment = g_new0 (char *, 1);

  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    if (g_getenv (kept[i]) != NULL)
      environment = g_environ_setenv (environment, kept[i], g_getenv (kept[i]), TRUE);
  return environment;
}

/* By its name, if it still has one; else by its file, which an upgrade may have replaced. */
static char *
own_program (void)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);

  if (program != NULL && access (program, X_OK) == 0)
    return g_steal_pointer (&program);
  return g_strdup ("/proc/self/exe");
}

/* 0, or an errno. posix_spawn() and not fork(): nothing of our memory is in the child, not even for a moment that a
 * library could use. */
static int
spawn (const char *path, gboolean loud, int report, pid_t *ret_pid)
{
  g_autofree char *program = own_program ();
  g_auto (GStrv) environment = probe_environment ();
  char *argv[] = { program, (char *) FEL_PROBE_OPTION, (char *) path, NULL };
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  int r;

  sigemptyset (&none);
  sigfillset (&all);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setsigdefault (&attributes, &all);
  posix_spawn_file_actions_init (&files);
  posix_spawn_file_actions_adddup2 (&files, report, STDOUT_FILENO);
  posix_spawn_file_actions_addopen (&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (!loud)
    posix_spawn_file_actions_addopen (&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np (&files, STDERR_FILENO + 1);
  r = posix_spawn (ret_pid, program, &files, &attributes, argv, environment);
  posix_spawn_file_actions_destroy (&files);
  posix_spawnattr_destroy (&attributes);
  return r;
}

static gboolean
fail (const char *doing, int errnum, GError **error)
{
  g_set_error (error, FEL_ERROR, FEL_ERROR_INTERNAL, "%s: %s", doing, g_strerror (errnum));
  return FALSE;
}

gboolean
fel_probe_start (const char *path, gboolean loud, FelProbeDone done, gpointer user_data, GError **error)
{
  Probe *self;
  int fds[2], r;
  pid_t pid;

  if (pipe2 (fds, O_CLOEXEC | O_NONBLOCK) < 0)
    return fail ("no pipe for a probe", errno, error);
  r = spawn (path, loud, fds[1], &pid);
  close (fds[1]);
  if (r != 0)
    {
      close (fds[0]);
      return fail ("a probe cannot be started", r, error);
    }
  self = g_new0 (Probe, 1);
  self->pid = pid;
  self->pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  self->report = fds[0];
  self->done = done;
  self->user_data = user_data;
  self->deadline_id = g_timeout_add_seconds (FEL_PROBE_SEC, on_deadline, self);
  if (self->pidfd >= 0)
    g_unix_fd_add (self->pidfd, G_IO_IN, on_ended, self);
  else
    g_timeout_add (ASK_MSEC, on_ask, self);
  return TRUE;
}

/* For authors */

typedef struct
{
  GMainLoop *loop;
  int status;
} Check;

static void
on_checked (const FelProbeResult *result, gpointer user_data)
{
  Check *self = user_data;

  g_print ("%s", result->report);
  if (result->refusal != NULL)
    g_print (BROKEN "%s\n", result->refusal);
  self->status = result->refusal != NULL ? EXIT_FAILURE : EXIT_SUCCESS;
  g_main_loop_quit (self->loop);
}

int
fel_probe_check_main (const char *path)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autofree char *absolute = g_canonicalize_filename (path, NULL); /* without a slash dlopen() would search for it */
  g_autoptr (GError) error = NULL;
  Check self = { loop, EXIT_FAILURE };

  if (!fel_probe_start (absolute, TRUE, on_checked, &self, &error))
    {
      g_printerr ("felucca-daemon: %s\n", error->message);
      return EXIT_FAILURE;
    }
  g_main_loop_run (loop);
  return self.status;
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec-run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MSEC 20 /* how often we look whether it has ended, where the kernel cannot tell */

typedef struct
{
  ExecAnswer *answer;
  pid_t pid;  /* and its process group */
  int output; /* -1: at its end */
  int ended;  /* pidfd; -1: none to be had */
  GPollFD cancelled;
  gint64 due_usec; /* monotonic; of the next harder measure */
  gboolean killed;
} Run;

enum
{
  POLL_ENDED,
  POLL_OUTPUT,
  POLL_CANCELLED,
  N_POLLS,
};

void
exec_answer_free (ExecAnswer *self)
{
  if (self == NULL)
    return;
  explicit_bzero (self->body, sizeof self->body);
  g_free (self->why);
  g_free (self);
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* The program */

/* Only root, or whoever runs us, may be able to change what runs. */
static gboolean
check_owner (const char *path, mode_t type, char **ret_why)
{
  struct stat st;

  if (stat (path, &st) < 0)
    *ret_why = g_strdup (g_strerror (errno));
  else if ((st.st_mode & S_IFMT) != type)
    *ret_why = g_strdup ("it is not a program");
  else if ((st.st_uid != 0 && st.st_uid != getuid ()) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    *ret_why = g_strdup (type == S_IFDIR ? "others can write to its folder" : "others can write to it");
  return *ret_why == NULL;
}

/* What the path leads to; NULL: it must not or cannot be run. */
static char *
find_program (const char *path, char **ret_why)
{
  g_autofree char *program = NULL;
  g_autofree char *folder = NULL;
  char *found = realpath (path, NULL);

  if (found == NULL)
    {
      *ret_why = g_strdup (g_strerror (errno));
      return NULL;
    }
  program = g_strdup (found);
  free (found);
  folder = g_path_get_dirname (program);
  if (!check_owner (folder, S_IFDIR, ret_why) || !check_owner (program, S_IFREG, ret_why))
    return NULL;
  return g_steal_pointer (&program);
}

/* The start */

/* Not a pipe: there is nobody who has to write, so a helper that does not read cannot hold us up. */
static int
input_file (const char *input)
{
  size_t len = strlen (input);
  int fd = memfd_create ("felucca-request", MFD_CLOEXEC);

  if (fd >= 0 && write (fd, input, len) == (ssize_t) len && lseek (fd, 0, SEEK_SET) == 0)
    return fd;
  close_fd (&fd);
  return -1;
}

static void
prepare_actions (posix_spawn_file_actions_t *actions, int input, int output)
{
  posix_spawn_file_actions_init (actions);
  posix_spawn_file_actions_adddup2 (actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2 (actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen (actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np (actions, STDERR_FILENO + 1);
  posix_spawn_file_actions_addchdir_np (actions, "/");
}

/* A session of its own, which is a process group, too; no signal blocked or ignored. */
static void
prepare_attributes (posix_spawnattr_t *attributes)
{
  sigset_t all, none;

  sigfillset (&all);
  sigemptyset (&none);
  posix_spawnattr_init (attributes);
  posix_spawnattr_setsigdefault (attributes, &all);
  posix_spawnattr_setsigmask (attributes, &none);
  posix_spawnattr_setflags (attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

/* 0 or an errno. posix_spawn() shares our memory until the program is there: nothing of it is copied. */
static int
spawn (const ExecPlan *plan, const char *program, int input, int output, pid_t *ret_pid)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int code;

  prepare_actions (&actions, input, output);
  prepare_attributes (&attributes);
  code = posix_spawn (ret_pid, program, &actions, &attributes, plan->argv, plan->env);
  posix_spawnattr_destroy (&attributes);
  posix_spawn_file_actions_destroy (&actions);
  return code;
}

static gboolean
run_start (Run *self, const ExecPlan *plan, const char *program, const char *input_text)
{
  int input = input_file (input_text);
  int ends[2] = { -1, -1 };
  int code = 0;

  if (input < 0 || pipe2 (ends, O_CLOEXEC) < 0 || fcntl (ends[0], F_SETFL, O_NONBLOCK) < 0)
    code = errno;
  else
    code = spawn (plan, program, input, ends[1], &self->pid);
  close_fd (&input);
  close_fd (&ends[1]);
  self->output = ends[0];
  if (code == 0)
    {
      self->ended = (int) syscall (SYS_pidfd_open, self->pid, 0);
      return TRUE;
    }
  close_fd (&self->output);
  self->answer->why = g_strdup (g_strerror (code));
  return FALSE;
}

/* The run */

/* Its number stays taken until it is waited for, so the group that is hit is the helper's. */
static void
run_signal (Run *self, int number)
{
  kill (-self->pid, number);
}

static void
run_kill (Run *self)
{
  self->killed = TRUE;
  self->due_usec = G_MAXINT64;
  run_signal (self, SIGKILL);
}

static void
run_stop (Run *self)
{
  self->answer->stopped = TRUE;
  self->due_usec = g_get_monotonic_time () + EXEC_GRACE_SEC * G_USEC_PER_SEC;
  run_signal (self, SIGTERM);
}

/* All that is there now. */
static void
run_read (Run *self)
{
  ExecAnswer *answer = self->answer;
  char more;

  while (self->output >= 0)
    {
      gsize room = sizeof answer->body - answer->len;
      ssize_t n = read (self->output, room > 0 ? answer->body + answer->len : &more, room > 0 ? room : 1);

      if (n > 0 && room > 0)
        answer->len += (gsize) n;
      else if (n > 0)
        {
          answer->outcome = EXEC_TOO_LONG;
          explicit_bzero (&more, sizeof more);
          close_fd (&self->output);
        }
      else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_fd (&self->output);
      else if (errno == EAGAIN)
        return;
    }
}

/* Looks without waiting for it: as long as it is a zombie its number is nobody else's. */
static gboolean
run_has_ended (const Run *self)
{
  siginfo_t info = { 0 };

  return waitid (P_PID, (id_t) self->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0;
}

static int
run_wait_msec (const Run *self)
{
  gint64 left_msec = (self->due_usec - g_get_monotonic_time ()) / 1000 + 1;

  if (self->ended < 0)
    return LOOK_MSEC;
  return self->due_usec == G_MAXINT64 ? -1 : (int) CLAMP (left_msec, 0, INT_MAX);
}

static void
run_poll (Run *self)
{
  struct pollfd polls[N_POLLS] = {
    [POLL_ENDED] = { self->ended, POLLIN, 0 },
    [POLL_OUTPUT] = { self->output, POLLIN, 0 },
    [POLL_CANCELLED] = { self->answer->stopped ? -1 : self->cancelled.fd, POLLIN, 0 },
  };

  poll (polls, N_POLLS, run_wait_msec (self));
  run_read (self);
  if (self->answer->outcome == EXEC_TOO_LONG && !self->killed)
    run_kill (self);
  else if (polls[POLL_CANCELLED].revents != 0 && !self->answer->stopped)
    run_stop (self);
  else if (g_get_monotonic_time () >= self->due_usec && !self->answer->stopped)
    run_stop (self);
  else if (g_get_monotonic_time () >= self->due_usec)
    run_kill (self);
}

/* What the helper has left behind may hold the pipe: it is not waited for, it is ended. */
static void
run_finish (Run *self)
{
  int status = 0;

  run_read (self);
  close_fd (&self->output);
  run_signal (self, SIGKILL);
  while (waitpid (self->pid, &status, 0) < 0 && errno == EINTR)
    ;
  close_fd (&self->ended);
  if (self->answer->outcome == EXEC_TOO_LONG)
    return;
  self->answer->outcome = WIFEXITED (status) ? EXEC_EXITED : EXEC_SIGNALLED;
  self->answer->status = WIFEXITED (status) ? WEXITSTATUS (status) : WTERMSIG (status);
}

ExecAnswer *
exec_run (const ExecPlan *plan, const char *input, guint timeout_sec, GCancellable *cancellable)
{
  g_autoptr (ExecAnswer) answer = g_new0 (ExecAnswer, 1);
  g_autofree char *program = find_program (plan->argv[0], &answer->why);
  Run self = {
    .answer = answer,
    .due_usec = g_get_monotonic_time () + (gint64) timeout_sec * G_USEC_PER_SEC,
    .cancelled.fd = -1,
  };

  if (program == NULL)
    return g_steal_pointer (&answer);
  if (g_cancellable_is_cancelled (cancellable))
    answer->why = g_strdup ("its time was over");
  else if (run_start (&self, plan, program, input))
    {
      gboolean can_cancel = g_cancellable_make_pollfd (cancellable, &self.cancelled);

      while (!run_has_ended (&self))
        run_poll (&self);
      if (can_cancel)
        g_cancellable_release_fd (cancellable);
      run_finish (&self);
    }
  return g_steal_pointer (&answer);
}

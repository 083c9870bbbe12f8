/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "warden.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exit.h"
#include "felucca-names.h"

#define TOLD_MAX 4096

/* A bug of ours is not to be passed on to the command. */
static const int not_watched[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };

static const char *const told_keys[] = { FEL_KEY_ID, FEL_KEY_BACKEND };

gboolean
fel_warden_fork (FelWarden *self, GError **error)
{
  const struct sigaction by_default = { .sa_handler = SIG_DFL };
  struct sigaction on_child;
  sigset_t mask;

  self->wait_status = 0;
  if (!fel_pipe_open (&self->told, error))
    return FALSE;
  sigfillset (&self->watched);
  for (gsize i = 0; i < G_N_ELEMENTS (not_watched); i++)
    sigdelset (&self->watched, not_watched[i]);
  /* Whoever starts us may ignore it, and then there would be nothing to wait for. */
  sigaction (SIGCHLD, &by_default, &on_child);
  sigprocmask (SIG_BLOCK, &self->watched, &mask);

  self->pid = fork ();
  if (self->pid <= 0)
    {
      int number = errno;

      sigaction (SIGCHLD, &on_child, NULL);
      sigprocmask (SIG_SETMASK, &mask, NULL);
      return fel_exit_check (self->pid < 0 ? -number : 0, "cannot start a process", error);
    }
  fel_pipe_close_write (&self->told);
  return TRUE;
}

gboolean
fel_warden_tell (FelWarden *self, const FelCredential *credential, GError **error)
{
  g_autoptr (FelBuffer) text = fel_buffer_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (told_keys); i++)
    {
      const char *value = fel_record_text (credential->record, told_keys[i]);

      fel_buffer_append (text, value != NULL ? value : "");
      fel_buffer_append_c (text, '\0');
    }
  return fel_pipe_write (&self->told, text, error);
}

/* A shell continues the whole process group, anybody else us alone. Only what is still stopped as we saw it is continued
 * by us: what went on by itself may since have been stopped anew. That it went on is never read, so it stays to be seen
 * until the next stop. */
static void
continue_too (const FelWarden *self)
{
  siginfo_t info = { 0 };

  if (!WIFSTOPPED (self->wait_status))
    return;
  if (waitid (P_PID, (id_t) self->pid, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT) == 0
      && info.si_pid == 0)
    kill (self->pid, SIGCONT);
}

/* With SIGTSTP whatever has stopped the command: the kernel drops it where no shell could ever continue us, and then
 * there is no SIGCONT either. */
static void
stop_too (const FelWarden *self)
{
  const struct timespec now = { 0 };
  sigset_t stop, go_on;

  sigemptyset (&stop);
  sigaddset (&stop, SIGTSTP);
  sigemptyset (&go_on);
  sigaddset (&go_on, SIGCONT);
  raise (SIGTSTP);
  sigprocmask (SIG_UNBLOCK, &stop, NULL);
  sigprocmask (SIG_BLOCK, &stop, NULL);
  if (sigtimedwait (&go_on, NULL, &now) == SIGCONT)
    continue_too (self);
}

static void
pass_on (const FelWarden *self, const siginfo_t *info)
{
  gboolean from_kernel = info->si_code > 0; /* which signals the whole process group, but for this one: */
  gboolean hang_up = info->si_signo == SIGHUP && getsid (0) == getpid ();

  /* Where the kernel drops SIGTSTP we do not stop with the command. One from before its stop is gone: the kernel drops
   * it for SIGTSTP. */
  if (info->si_signo == SIGCONT)
    {
      continue_too (self);
      return;
    }
  if (info->si_signo == SIGCHLD || (from_kernel && !hang_up) || info->si_pid == self->pid)
    return;
  kill (self->pid, info->si_signo);
}

static void
wait_for_end (FelWarden *self)
{
  for (;;)
    {
      pid_t pid = waitpid (self->pid, &self->wait_status, WUNTRACED | WNOHANG);
      siginfo_t info;

      if (pid == self->pid && !WIFSTOPPED (self->wait_status))
        return;
      if (pid == self->pid)
        stop_too (self);
      else if (sigwaitinfo (&self->watched, &info) > 0)
        pass_on (self, &info);
    }
}

FelRecord *
fel_warden_wait (FelWarden *self, GError **error)
{
  g_autoptr (FelRecord) record = fel_record_new ();
  g_autoptr (FelBuffer) text = NULL;
  const char *p;

  wait_for_end (self);
  text = fel_pipe_drain (self->told.read_fd, TOLD_MAX, 0, error);
  fel_pipe_close (&self->told);
  if (text == NULL)
    return NULL;
  p = text->bytes;
  for (gsize i = 0; i < G_N_ELEMENTS (told_keys) && p < text->bytes + text->len; i++)
    {
      if (*p != '\0')
        fel_record_set_text (record, told_keys[i], p);
      p += strlen (p) + 1;
    }
  return g_steal_pointer (&record);
}

int
fel_warden_end (FelWarden *self)
{
  sigset_t one;
  int number;

  if (WIFEXITED (self->wait_status))
    return WEXITSTATUS (self->wait_status);
  number = WTERMSIG (self->wait_status);
  sigemptyset (&one);
  sigaddset (&one, number);
  signal (number, SIG_DFL);
  raise (number);
  sigprocmask (SIG_UNBLOCK, &one, NULL);
  return 128 + number; /* for SIGKILL and SIGSTOP the mask is of no matter, so this is never reached */
}

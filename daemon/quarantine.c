/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

#define RECORD_LEN_MAX 4096
#define LINE_LEN_MAX 64
#define STACK_LEN (64 * 1024) /* of the handler: the thread's own one may be what ran out */

struct FelQuarantine
{
  char *path;
};

static struct
{
  int number;
  const char *name;
  struct sigaction before;
} signals[] = {
  { .number = SIGSEGV, .name = "SIGSEGV" }, { .number = SIGABRT, .name = "SIGABRT" },
  { .number = SIGBUS, .name = "SIGBUS" },   { .number = SIGFPE, .name = "SIGFPE" },
  { .number = SIGILL, .name = "SIGILL" },   { .number = SIGTRAP, .name = "SIGTRAP" },
  { .number = SIGSYS, .name = "SIGSYS" },
};

/* For the handler: set before any instance's code runs, then left alone. */
static int armed_folder = -1;
static pid_t armed_pid;

static _Thread_local const char *volatile running_instance; /* NULL: our own code */
static _Thread_local const char *volatile running_verb;

/* On the way down: nothing here but what is allowed in a signal handler. */

static gsize
line_add (char *line, gsize len, const char *text)
{
  while (*text != '\0' && len < LINE_LEN_MAX - 1)
    line[len++] = *text++;
  return len;
}

static void
record (const char *how)
{
  char line[LINE_LEN_MAX];
  gsize len = line_add (line, 0, running_verb);
  int fd = openat (armed_folder, running_instance, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

  len = line_add (line, len, " ");
  len = line_add (line, len, how);
  line[len++] = '\n';
  if (fd < 0 || write (fd, line, len) < 0)
    return; /* then it is not counted */
  close (fd);
}

/* A process that the backend has forked is not us, whatever becomes of it. */
static gboolean
is_ours (void)
{
  return running_instance != NULL && getpid () == armed_pid;
}

static void
on_crash (int number, siginfo_t *info, void *context)
{
  gboolean from_within = info->si_code > 0 || info->si_pid == armed_pid; /* not a watchdog's */

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    if (signals[i].number == number)
      {
        if (from_within && is_ours ())
          record (signals[i].name);
        sigaction (number, &signals[i].before, NULL);
      }
  /* One that the kernel raised comes again by itself. */
  if (info->si_code <= 0)
    raise (number);
}

static void
on_exit_called (void)
{
  if (is_ours ())
    record ("exit()");
}

/* Around an instance's code */

static void
stack_free (gpointer stack)
{
  const stack_t none = { .ss_flags = SS_DISABLE };

  sigaltstack (&none, NULL);
  g_free (stack);
}

static void
ensure_stack (void)
{
  static GPrivate key = G_PRIVATE_INIT (stack_free);
  stack_t stack = { 0 };

  if (g_private_get (&key) != NULL)
    return;
  if (sigaltstack (NULL, &stack) < 0 || (stack.ss_flags & SS_DISABLE) == 0)
    return; /* somebody else's, a sanitizer's for one */
  stack = (stack_t){ .ss_sp = g_malloc (STACK_LEN), .ss_size = STACK_LEN };
  sigaltstack (&stack, NULL);
  g_private_set (&key, stack.ss_sp);
}

void
fel_quarantine_enter (const char *instance, const char *verb)
{
  ensure_stack ();
  running_verb = verb;
  running_instance = instance;
}

void
fel_quarantine_leave (void)
{
  running_instance = NULL;
}

/* Main thread */

FelQuarantine *
fel_quarantine_new (const char *folder)
{
  FelQuarantine *self = g_new0 (FelQuarantine, 1);

  self->path = g_strdup (folder);
  return self;
}

void
fel_quarantine_free (FelQuarantine *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self);
}

static gboolean
fail (const FelQuarantine *self, const char *doing, GError **error)
{
  g_set_error (error, FEL_ERROR, FEL_ERROR_INTERNAL, "%s: %s: %s", self->path, doing, g_strerror (errno));
  return FALSE;
}

gboolean
fel_quarantine_arm (FelQuarantine *self, GError **error)
{
  struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };

  if (armed_folder >= 0)
    return TRUE;
  if (g_mkdir_with_parents (self->path, 0700) < 0
      || (armed_folder = open (self->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
    return fail (self, "crashes of backends cannot be recorded", error);
  armed_pid = getpid ();
  sigemptyset (&action.sa_mask);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i].number, &action, &signals[i].before);
  if (atexit (on_exit_called) != 0 || at_quick_exit (on_exit_called) != 0)
    return fail (self, "backends that end the daemon cannot be recorded", error);
  return TRUE;
}

guint
fel_quarantine_count (const FelQuarantine *self, const char *instance, char **ret_last)
{
  g_autofree char *path = g_build_filename (self->path, instance, NULL);
  int fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  char text[RECORD_LEN_MAX + 1];
  ssize_t len = fd >= 0 ? read (fd, text, RECORD_LEN_MAX) : 0;
  const char *last = NULL;
  guint n = 0;

  if (fd >= 0)
    close (fd);
  text[MAX (len, 0)] = '\0';
  for (char *line = text, *end; (end = strchr (line, '\n')) != NULL; line = end + 1)
    {
      *end = '\0';
      last = line;
      n++;
    }
  *ret_last = last != NULL
                  ? g_strcanon (g_strdup (last), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ() ", '?')
                  : NULL;
  return n;
}

gboolean
fel_quarantine_reset (FelQuarantine *self, const char *instance, GError **error)
{
  g_autofree char *path = g_build_filename (self->path, instance, NULL);

  if (unlink (path) == 0 || errno == ENOENT)
    return TRUE;
  return fail (self, "the crashes of a backend cannot be forgotten", error);
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "exit.h"

#define CTRL_D 0x04
#define CTRL_U 0x15
#define DELETE 0x7f

static const int watched_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

typedef struct Terminal
{
  struct termios before;
  sigset_t mask_before;
  int signal_fd;
} Terminal;

typedef enum LineEnd
{
  LINE_DONE,
  LINE_TOO_LONG,
  LINE_BROKEN,
  LINE_SIGNAL,
} LineEnd;

gboolean
fel_terminal_is_there (void)
{
  return isatty (STDIN_FILENO) == 1;
}

static void
say (const char *text)
{
  /* A prompt that cannot be shown is no reason to stop. */
  if (write (STDERR_FILENO, text, strlen (text)) < 0)
    return;
}

/* Lines are put together here and not by the kernel, which would cut a long token at 4095 bytes. */
static gboolean
terminal_hide (Terminal *self, const char *prompt, GError **error)
{
  struct termios hidden;
  sigset_t mask;

  sigemptyset (&mask);
  for (gsize i = 0; i < G_N_ELEMENTS (watched_signals); i++)
    sigaddset (&mask, watched_signals[i]);
  self->signal_fd = signalfd (-1, &mask, SFD_CLOEXEC);
  if (!fel_exit_check (self->signal_fd < 0 ? -errno : 0, "cannot watch for signals", error))
    return FALSE;
  sigprocmask (SIG_BLOCK, &mask, &self->mask_before);

  tcgetattr (STDIN_FILENO, &self->before);
  hidden = self->before;
  hidden.c_lflag &= ~(tcflag_t) (ECHO | ECHONL | ICANON);
  hidden.c_cc[VMIN] = 1;
  hidden.c_cc[VTIME] = 0;
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &hidden);
  say (prompt);
  return TRUE;
}

static void
terminal_show (Terminal *self)
{
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &self->before);
  say ("\n");
  close (self->signal_fd);
  sigprocmask (SIG_SETMASK, &self->mask_before, NULL);
}

/* Returns whether the line goes on. */
static gboolean
line_take (FelBuffer *line, char c, gsize max, LineEnd *ret_end)
{
  *ret_end = LINE_DONE;
  switch (c)
    {
    case '\n':
    case '\r':
    case CTRL_D:
      return FALSE;
    case '\b':
    case DELETE:
      fel_buffer_truncate (line, line->len - MIN (line->len, 1));
      return TRUE;
    case CTRL_U:
      fel_buffer_truncate (line, 0);
      return TRUE;
    default:
      fel_buffer_append_c (line, c);
      *ret_end = LINE_TOO_LONG;
      return line->len <= max;
    }
}

static LineEnd
line_read (Terminal *self, FelBuffer *line, gsize max, int *ret_signal)
{
  struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = self->signal_fd, .events = POLLIN } };
  LineEnd end = LINE_BROKEN;
  char c;

  do
    {
      struct signalfd_siginfo info;

      if (TEMP_FAILURE_RETRY (poll (fds, G_N_ELEMENTS (fds), -1)) < 0)
        return LINE_BROKEN;
      if (fds[1].revents != 0 && read (self->signal_fd, &info, sizeof info) == sizeof info)
        {
          *ret_signal = (int) info.ssi_signo;
          return LINE_SIGNAL;
        }
      if (TEMP_FAILURE_RETRY (read (STDIN_FILENO, &c, 1)) != 1)
        return LINE_BROKEN;
    }
  while (line_take (line, c, max, &end));
  explicit_bzero (&c, sizeof c);
  return end;
}

FelBuffer *
fel_terminal_read_hidden (const char *prompt, gsize max, GError **error)
{
  g_autoptr (FelBuffer) line = fel_buffer_new ();
  LineEnd end = LINE_SIGNAL;

  while (end == LINE_SIGNAL)
    {
      Terminal terminal;
      int signal_number = 0;

      if (!terminal_hide (&terminal, prompt, error))
        return NULL;
      end = line_read (&terminal, line, max, &signal_number);
      terminal_show (&terminal);
      if (end == LINE_SIGNAL)
        {
          fel_buffer_truncate (line, 0);
          raise (signal_number); /* ends us, or stops us until we are in the foreground again */
        }
    }
  if (end == LINE_DONE)
    return g_steal_pointer (&line);
  if (end == LINE_TOO_LONG)
    g_set_error (error, FEL_EXIT, FEL_EXIT_FAILED, "what was typed is longer than %zu bytes", max);
  else
    g_set_error_literal (error, FEL_EXIT, FEL_EXIT_FAILED, "the terminal went away");
  return NULL;
}

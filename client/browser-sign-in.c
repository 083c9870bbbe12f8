/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "browser-sign-in.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "browser.h"
#include "exit.h"
#include "felucca-names.h"
#include "redirect.h"
#include "say.h"

#define WAIT_SECONDS 480 /* the daemon's 300, the exchange, and the keyring asking */
#define PASTED_MAX 16384

typedef struct SignIn
{
  const FelCli *cli;
  FelDaemon *daemon; /* owned */
  char *handle;      /* owned */
  char *url;         /* owned */
  guint16 port;
  FelBuffer *pasted; /* owned; a line that is not whole yet; NULL: nothing is to be pasted */
} SignIn;

static void
sign_in_clear (SignIn *self)
{
  fel_daemon_free (self->daemon);
  g_free (self->handle);
  g_free (self->url);
  fel_buffer_free (self->pasted);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SignIn, sign_in_clear)

static gboolean
sign_in_start (SignIn *self, gboolean *ret_unsupported, GError **error)
{
  g_autoptr (FelCall) call = fel_call_new (self->daemon, FEL_IFACE_ACCOUNTS, "StartSignIn");
  g_autoptr (sd_bus_message) reply = NULL;
  const char *handle, *url;

  fel_call_string (call, self->cli->backend != NULL ? self->cli->backend : "");
  reply = fel_call_send (call, FEL_CALL_SECONDS_LONG, error);
  if (reply == NULL)
    {
      *ret_unsupported = call->unsupported;
      return FALSE;
    }
  if (!fel_exit_check (sd_bus_message_read (reply, "ss", &handle, &url), "cannot read the daemon's answer", error))
    return FALSE;
  if (!fel_browser_is_url (url))
    {
      g_set_error_literal (error, FEL_EXIT, FEL_EXIT_FAILED,
                           "what the daemon wants opened is not the address of a page");
      return FALSE;
    }
  self->handle = g_strdup (handle);
  self->url = g_strdup (url);
  self->port = fel_redirect_port (url);
  return TRUE;
}

static void
sign_in_show (SignIn *self)
{
  gboolean opened = !self->cli->no_browser && fel_browser_open (self->url);
  FelCli aloud = *self->cli;

  aloud.quiet = self->cli->quiet && opened; /* without it nobody could go on */
  fel_say_note (&aloud, opened ? "your browser is asked to open this page; if it does not, open it yourself:"
                               : "open this page in a browser and sign in there:");
  fel_say_note (&aloud, "%s", self->url);
  if (opened || self->port == 0)
    fel_say_note (&aloud, "waiting for the browser; Ctrl-C cancels");
  else
    {
      self->pasted = fel_buffer_new ();
      fel_say_note (&aloud, "if that browser is on another machine, it ends at an address that it cannot open: "
                            "paste that address here; Ctrl-C cancels");
    }
}

static void
sign_in_take_line (SignIn *self)
{
  g_autofree char *target = fel_redirect_target (self->pasted->bytes, self->port);

  fel_buffer_truncate (self->pasted, 0);
  if (target == NULL)
    fel_say_note (self->cli,
                  "that is not where this sign-in ends: the address begins with http://localhost:%u/callback?",
                  self->port);
  else if (!fel_redirect_deliver (target, self->port))
    fel_say_note (self->cli, "the daemon does not take this address: is it of this sign-in, and whole?");
}

/* At its end, or when it is no text, nothing more is pasted; the browser may come all the same. */
static void
sign_in_read_pasted (SignIn *self)
{
  char bytes[1024];
  ssize_t n = TEMP_FAILURE_RETRY (read (STDIN_FILENO, bytes, sizeof bytes));
  gboolean over = n <= 0;

  g_assert (self->pasted != NULL);
  for (ssize_t i = 0; i < n && !over; i++)
    {
      gboolean is_end = bytes[i] == '\n' || bytes[i] == '\r';

      if (!is_end)
        fel_buffer_append_c (self->pasted, bytes[i]);
      else if (self->pasted->len > 0)
        sign_in_take_line (self);
      over = self->pasted->len > PASTED_MAX || bytes[i] == '\0';
    }
  explicit_bzero (bytes, sizeof bytes);
  if (over)
    g_clear_pointer (&self->pasted, fel_buffer_free);
}

/* Sleeps until the bus or the user has something to say. */
static gboolean
sign_in_wait (SignIn *self, GError **error)
{
  struct pollfd fds[2] = { { .fd = sd_bus_get_fd (self->daemon->bus),
                             .events = (short) sd_bus_get_events (self->daemon->bus) },
                           { .fd = self->pasted != NULL ? STDIN_FILENO : -1, .events = POLLIN } };
  guint64 due_usec = G_MAXUINT64;
  gint64 left_usec;
  int wait_ms = -1, r;

  sd_bus_get_timeout (self->daemon->bus, &due_usec);
  if (due_usec != G_MAXUINT64)
    {
      left_usec = (gint64) due_usec - g_get_monotonic_time ();
      wait_ms = (int) CLAMP (left_usec / 1000 + 1, 0, G_MAXINT);
    }
  r = TEMP_FAILURE_RETRY (poll (fds, G_N_ELEMENTS (fds), wait_ms));
  if (!fel_exit_check (r < 0 ? -errno : 0, "cannot wait", error))
    return FALSE;
  if (fds[1].revents != 0)
    sign_in_read_pasted (self);
  return TRUE;
}

static FelRecord *
sign_in_finish (SignIn *self, GError **error)
{
  g_autoptr (FelCall) call = fel_call_new (self->daemon, FEL_IFACE_ACCOUNTS, "FinishSignIn");
  g_autoptr (sd_bus_message) reply = NULL;
  int r = 1;

  fel_call_string (call, self->handle);
  /* Before the page is shown: from now on the sign-in ends with us. */
  if (!fel_call_begin (call, WAIT_SECONDS, error))
    return NULL;
  sign_in_show (self);
  while (!fel_call_is_done (call) && r >= 0)
    {
      r = sd_bus_process (self->daemon->bus, NULL);
      if (r == 0 && !sign_in_wait (self, error))
        return NULL;
    }
  if (!fel_exit_check (r, "the connection to the daemon broke", error))
    return NULL;
  reply = fel_call_take_reply (call, error);
  return reply != NULL ? fel_record_read (reply, error) : NULL;
}

FelRecord *
fel_browser_sign_in (const FelCli *cli, gboolean *ret_unsupported, GError **error)
{
  g_auto (SignIn) self = { .cli = cli };

  self.daemon = fel_daemon_open (error);
  /* A page that somebody else has chosen could ask for the user's password. */
  if (self.daemon == NULL || !fel_daemon_pin (self.daemon, error) || !sign_in_start (&self, ret_unsupported, error))
    return NULL;
  return sign_in_finish (&self, error);
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "secret-pipe.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <gmodule.h>

#include "error.h"

void __wrap_explicit_bzero (void *bytes, size_t len);
void __wrap___explicit_bzero_chk (void *bytes, size_t len, size_t room);
void __real_explicit_bzero (void *bytes, size_t len);
G_MODULE_EXPORT guint __wrap_g_timeout_add_seconds (guint interval_sec, GSourceFunc func, gpointer data);

static gsize most_erased;     /* at one time */
static guint deadline_sec;    /* that was asked for */
static gboolean is_impatient; /* deadlines come at once */

void
__wrap_explicit_bzero (void *bytes, size_t len)
{
  __real_explicit_bzero (bytes, len);
  most_erased = MAX (most_erased, len);
}

void
__wrap___explicit_bzero_chk (void *bytes, size_t len, size_t room)
{
  g_assert_cmpuint (len, <=, room);
  __wrap_explicit_bzero (bytes, len);
}

guint
__wrap_g_timeout_add_seconds (guint interval_sec, GSourceFunc func, gpointer data)
{
  deadline_sec = interval_sec;
  return g_timeout_add (is_impatient ? 1 : interval_sec * 1000, func, data);
}

typedef struct
{
  FelSecretPipe *pipe;
  guint n;
  FelSecret *secret;
  GError *error;
} Read;

static void
on_read (FelSecret *secret, const GError *error, gpointer user_data)
{
  Read *self = user_data;

  self->n++;
  self->secret = secret != NULL ? fel_secret_ref (secret) : NULL;
  self->error = error != NULL ? g_error_copy (error) : NULL;
  fel_secret_pipe_free (g_steal_pointer (&self->pipe)); /* as a request does */
}

static void
read_clear (Read *self)
{
  g_clear_pointer (&self->secret, fel_secret_unref);
  g_clear_error (&self->error);
}

static void
make_pipe (int fds[2])
{
  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
}

static void
turn_until_answered (Read *self)
{
  while (self->n == 0)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < 5; i++) /* no second answer comes */
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (self->n, ==, 1);
  g_assert_null (self->pipe);
}

#define LIMIT 4
#define BYTES(text) text, sizeof text - 1

typedef struct
{
  const char *sent;
  gsize sent_len;
  const char *got; /* NULL: refused */
  gsize got_len;
} ReadCase;

static const ReadCase reads[] = {
  { BYTES (""), BYTES ("") },           { BYTES ("\n"), BYTES ("") },
  { BYTES ("a"), BYTES ("a") },         { BYTES ("a\n"), BYTES ("a") },
  { BYTES ("a\n\n"), BYTES ("a\n") }, /* one newline, not more */
  { BYTES ("\na"), BYTES ("\na") },     { BYTES ("a\r\n"), BYTES ("a\r") },
  { BYTES ("a\0b"), BYTES ("a\0b") },   { BYTES ("abcd"), BYTES ("abcd") },
  { BYTES ("abcd\n"), BYTES ("abcd") }, { BYTES ("abcde\n"), NULL },
  { BYTES ("abcdef"), NULL },           { BYTES ("abcdefghijklmnopqrstuvwxyz"), NULL },
};

static void
check_read (const ReadCase *c, gboolean in_pieces)
{
  g_autofree char *shown = g_strescape (c->sent, NULL);
  Read self = { 0 };
  int fds[2];

  make_pipe (fds);
  self.pipe = fel_secret_pipe_read (fds[0], "the token", LIMIT, on_read, &self);
  close (fds[0]); /* it has one of its own */
  for (gsize i = 0; i < c->sent_len && self.n == 0; i += in_pieces ? 1 : c->sent_len)
    {
      g_assert_cmpint (write (fds[1], c->sent + i, in_pieces ? 1 : c->sent_len), >, 0);
      if (in_pieces)
        g_main_context_iteration (NULL, FALSE);
    }
  close (fds[1]);
  turn_until_answered (&self);
  g_test_message ("%s%s", shown, in_pieces ? " in pieces" : "");
  if (c->got != NULL)
    {
      g_assert_no_error (self.error);
      g_assert_cmpmem (self.secret->bytes, self.secret->len, c->got, c->got_len);
    }
  else
    {
      g_assert_error (self.error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS);
      g_assert_true (g_str_has_prefix (self.error->message, "the token: "));
      g_assert_null (self.secret);
    }
  read_clear (&self);
}

static void
test_reads (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (reads); i++)
    {
      check_read (&reads[i], FALSE);
      check_read (&reads[i], TRUE);
    }
}

static void
test_one_byte_past_the_limit (void)
{
  static const ReadCase past = { BYTES ("abcde"), NULL };

  check_read (&past, FALSE);
}

/* What a token may have: its limit and a newline. */
static void
test_large (void)
{
  g_autofree char *bytes = g_strnfill (8192, 'a');
  Read self = { 0 };
  int fds[2];

  make_pipe (fds);
  self.pipe = fel_secret_pipe_read (fds[0], "the token", 8192, on_read, &self);
  g_assert_cmpint (write (fds[1], bytes, 8192), ==, 8192);
  g_assert_cmpint (write (fds[1], "\n", 1), ==, 1);
  close (fds[1]);
  most_erased = 0;
  turn_until_answered (&self);
  g_assert_cmpmem (self.secret->bytes, self.secret->len, bytes, 8192);
  g_assert_cmpuint (most_erased, >=, 8192); /* the buffer that it was read into */
  read_clear (&self);
  close (fds[0]);
}

static void
test_deadline (void)
{
  Read self = { 0 };
  int fds[2];

  make_pipe (fds);
  g_assert_cmpint (write (fds[1], "abc", 3), ==, 3);
  is_impatient = TRUE;
  self.pipe = fel_secret_pipe_read (fds[0], "the token", LIMIT, on_read, &self);
  is_impatient = FALSE;
  turn_until_answered (&self);
  g_assert_cmpuint (deadline_sec, ==, 10);
  g_assert_error (self.error, FEL_ERROR, FEL_ERROR_TIMED_OUT);
  g_assert_null (self.secret);
  read_clear (&self);
  close (fds[0]);
  close (fds[1]);
}

/* Freed before its answer: there is none, and what was read is erased. */
static void
test_freed_while_reading (void)
{
  Read self = { 0 };
  int fds[2];

  make_pipe (fds);
  self.pipe = fel_secret_pipe_read (fds[0], "the token", LIMIT, on_read, &self);
  g_assert_cmpint (write (fds[1], "abc", 3), ==, 3);
  g_main_context_iteration (NULL, FALSE);
  most_erased = 0;
  fel_secret_pipe_free (g_steal_pointer (&self.pipe));
  fel_secret_pipe_free (NULL);
  g_assert_cmpuint (most_erased, >=, 3);
  close (fds[1]);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (self.n, ==, 0);
  close (fds[0]);
}

static void
check_write (int fd, gsize len, const char *why)
{
  g_autofree char *bytes = g_strnfill (len, 'p');
  g_autoptr (FelSecret) secret = fel_secret_new (bytes, len);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (fel_secret_pipe_write (fd, secret, &error), ==, why == NULL);
  if (why == NULL)
    {
      g_assert_no_error (error);
      return;
    }
  g_assert_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS);
  g_assert_nonnull (strstr (error->message, "secret-fd"));
  g_assert_nonnull (strstr (error->message, why));
  g_assert_null (strstr (error->message, "pppp"));
}

static void
assert_in_pipe (int fd, gsize len)
{
  char buffer[PIPE_BUF + 2];
  ssize_t n;

  g_assert_cmpint (fcntl (fd, F_SETFL, O_NONBLOCK), ==, 0);
  n = read (fd, buffer, sizeof buffer);
  g_assert_cmpint (MAX (n, 0), ==, (gssize) len);
  for (gsize i = 0; i < len; i++)
    g_assert_cmpint (buffer[i], ==, 'p');
}

static const struct
{
  gsize len;
  const char *why; /* NULL: it is written */
} writes[] = { { 0, NULL }, { 1, NULL }, { 1024, NULL }, { PIPE_BUF, NULL }, { PIPE_BUF + 1, "does not fit" } };

static void
test_writes (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (writes); i++)
    {
      int fds[2];

      make_pipe (fds);
      check_write (fds[1], writes[i].len, writes[i].why);
      assert_in_pipe (fds[0], writes[i].why == NULL ? writes[i].len : 0);
      close (fds[0]);
      close (fds[1]); /* borrowed: still ours */
    }
}

static void
test_closed_reader (void)
{
  int fds[2];

  make_pipe (fds);
  close (fds[0]);
  check_write (fds[1], 8, "nobody reads");
  close (fds[1]);
}

/* Not even a part goes into a pipe that has no room for all of it. */
static void
test_full_pipe (void)
{
  g_autofree char *junk = g_strnfill (PIPE_BUF, 'j');
  int fds[2];
  int capacity;

  make_pipe (fds);
  capacity = fcntl (fds[1], F_SETPIPE_SZ, 2 * PIPE_BUF);
  for (int filled = 0; filled < capacity; filled += PIPE_BUF)
    g_assert_cmpint (write (fds[1], junk, PIPE_BUF), ==, PIPE_BUF);
  check_write (fds[1], 1, "full");
  g_assert_cmpint (read (fds[0], junk, PIPE_BUF), ==, PIPE_BUF);
  check_write (fds[1], PIPE_BUF, NULL);
  check_write (fds[1], 1, "full");
  close (fds[0]);
  close (fds[1]);
}

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN); /* as main does */
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/secret-pipe/reads", test_reads);
  g_test_add_func ("/secret-pipe/large", test_large);
  g_test_add_func ("/secret-pipe/deadline", test_deadline);
  g_test_add_func ("/secret-pipe/freed-while-reading", test_freed_while_reading);
  g_test_add_func ("/secret-pipe/writes", test_writes);
  g_test_add_func ("/secret-pipe/closed-reader", test_closed_reader);
  g_test_add_func ("/secret-pipe/full-pipe", test_full_pipe);
  g_test_add_func ("/secret-pipe/one-byte-past-the-limit", test_one_byte_past_the_limit);
  return g_test_run ();
}

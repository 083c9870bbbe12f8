/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The input is what a peer sends, in pieces whose lengths its first byte decides. Each piece that comes out whole is
 * bounded, and together they are the input, in its order, up to where it ends or breaks off. */
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer-frame.h"

#define INPUT_MAX (32 * 1024) /* goes into a socket whole */

typedef struct
{
  FelPeerFrame frame;
  int peer[2]; /* theirs, ours */
  int feed[2]; /* ours, that of the one who reads messages */
  const uint8_t *expected;
  size_t left;
} Fixture;

static void
check_whole (Fixture *self, gboolean had_begun)
{
  static uint8_t passed[FEL_PEER_MESSAGE_MAX + 1];
  gsize len = self->frame.len;
  ssize_t n;

  g_assert_cmpuint (len, ==, self->frame.need);
  g_assert_cmpuint (len, >=, had_begun ? 16 : 2);
  g_assert_cmpuint (len, <=, had_begun ? FEL_PEER_MESSAGE_MAX : FEL_PEER_LINE_MAX);
  g_assert_cmpuint (self->frame.n_lines, <=, FEL_PEER_LINES_MAX);
  g_assert_cmpint (fel_peer_frame_pass (&self->frame, self->feed[0]), ==, 0);
  n = recv (self->feed[1], passed, sizeof passed, MSG_DONTWAIT);
  g_assert_cmpint (n, ==, (ssize_t) len);
  g_assert_cmpuint (len, <=, self->left);
  g_assert_cmpint (memcmp (passed, self->expected, len), ==, 0);
  self->expected += len;
  self->left -= len;
}

/* FALSE: it broke off. */
static gboolean
read_all (Fixture *self)
{
  for (;;)
    {
      gboolean had_begun = self->frame.begun;
      int r = fel_peer_frame_read (&self->frame, self->peer[1]);

      if (r <= 0)
        return r == 0;
      check_whole (self, had_begun);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Fixture self = { .expected = data + 1, .left = size - 1 };
  size_t step, at = 1;

  if (size < 2 || size > INPUT_MAX)
    return 0;
  step = data[0] == 0 ? size : data[0];
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, self.peer), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, self.feed), ==, 0);
  do
    {
      size_t n = MIN (step, size - at);

      g_assert_cmpint (write (self.peer[0], data + at, n), ==, (ssize_t) n);
      at += n;
    }
  while (read_all (&self) && at < size);
  fel_peer_frame_clear (&self.frame);
  for (guint i = 0; i < 2; i++)
    {
      close (self.peer[i]);
      close (self.feed[i]);
    }
  return 0;
}

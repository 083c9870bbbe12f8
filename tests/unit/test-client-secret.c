/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "buffer.h"
#include "exit.h"
#include "pipe.h"
#include "credential.h"

static void
test_buffer (void)
{
  g_autoptr (FelBuffer) buffer = fel_buffer_new ();

  for (guint i = 0; i < 5000; i++)
    fel_buffer_append_c (buffer, 'x');
  g_assert_cmpuint (buffer->len, ==, 5000);
  g_assert_cmpuint (strlen (buffer->bytes), ==, 5000);
  fel_buffer_truncate (buffer, 2);
  g_assert_cmpstr (buffer->bytes, ==, "xx");
  g_assert_cmpint (buffer->bytes[4999], ==, '\0'); /* erased, not only hidden */
}

static const struct
{
  gsize len;
  gboolean ok;
} lengths[] = { { 0, TRUE }, { 1, TRUE }, { FEL_PASSWORD_MAX, TRUE }, { FEL_PASSWORD_MAX + 1, FALSE } };

static void
test_pipe (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_auto (FelPipe) pipe = FEL_PIPE_CLOSED;
      g_autoptr (FelBuffer) in = fel_buffer_new ();
      g_autoptr (FelBuffer) out = NULL;
      g_autoptr (GError) error = NULL;

      while (in->len < lengths[i].len)
        fel_buffer_append_c (in, 'x');
      g_assert_true (fel_pipe_open (&pipe, NULL));
      g_assert_true (fel_pipe_write (&pipe, in, NULL));
      fel_pipe_close_write (&pipe);
      out = fel_pipe_drain (pipe.read_fd, FEL_PASSWORD_MAX, 1000, &error);
      g_assert_cmpint (out != NULL, ==, lengths[i].ok);
      if (lengths[i].ok)
        g_assert_cmpstr (out->bytes, ==, in->bytes);
      else
        g_assert_error (error, FEL_EXIT, FEL_EXIT_FAILED);
    }
}

static void
test_pipe_without_end (void)
{
  g_auto (FelPipe) pipe = FEL_PIPE_CLOSED;
  g_autoptr (GError) error = NULL;

  g_assert_true (fel_pipe_open (&pipe, NULL));
  g_assert_null (fel_pipe_drain (pipe.read_fd, FEL_PASSWORD_MAX, 10, &error));
  g_assert_error (error, FEL_EXIT, FEL_EXIT_UNREACHABLE);
}

static void
test_pipe_too_full (void)
{
  g_auto (FelPipe) pipe = FEL_PIPE_CLOSED;
  g_autoptr (FelBuffer) in = fel_buffer_new ();
  g_autoptr (GError) error = NULL;

  while (in->len < 2 * 1024 * 1024)
    fel_buffer_append (in, "0123456789abcdef0123456789abcdef");
  g_assert_true (fel_pipe_open (&pipe, NULL));
  g_assert_false (fel_pipe_write (&pipe, in, &error));
  g_assert_error (error, FEL_EXIT, FEL_EXIT_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/secret/buffer", test_buffer);
  g_test_add_func ("/client/secret/pipe", test_pipe);
  g_test_add_func ("/client/secret/pipe-without-end", test_pipe_without_end);
  g_test_add_func ("/client/secret/pipe-too-full", test_pipe_too_full);
  return g_test_run ();
}

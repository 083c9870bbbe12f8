/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "exit.h"
#include "text.h"

gboolean
fel_output_has_colour (void)
{
  const char *no_color = g_getenv ("NO_COLOR");

  return isatty (STDOUT_FILENO) && (no_color == NULL || *no_color == '\0')
         && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

guint
fel_output_width (void)
{
  struct winsize size = { 0 };

  if (!isatty (STDOUT_FILENO) || ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
    return 0;
  return size.ws_col;
}

gboolean
fel_output_write_own (const FelBuffer *text, GError **error)
{
  gsize done = 0;

  while (done < text->len)
    {
      gssize n = TEMP_FAILURE_RETRY (write (STDOUT_FILENO, text->bytes + done, text->len - done));

      if (!fel_exit_check (n < 0 ? -errno : 0, "cannot write to standard output", error))
        return FALSE;
      done += (gsize) n;
    }
  return TRUE;
}

gboolean
fel_output_write (const FelBuffer *text, GError **error)
{
  if (!isatty (STDOUT_FILENO) || fel_text_is_safe (text->bytes, text->len))
    return fel_output_write_own (text, error);
  g_set_error_literal (error, FEL_EXIT, FEL_EXIT_FAILED,
                       "this holds control characters and is not shown on a terminal; use a pipe, or --format json");
  return FALSE;
}

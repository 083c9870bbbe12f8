/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#define PATIENCE_USEC (G_USEC_PER_SEC / 2)
#define ERASE_LINE "\r\033[K"

static gboolean is_silent;

void
fel_progress_silence (void)
{
  is_silent = TRUE;
}

void
fel_progress_begin (FelProgress *self, gint64 now_usec)
{
  const char *term = g_getenv ("TERM");
  gboolean is_wanted = !is_silent && isatty (STDERR_FILENO) == 1;

  *self = (FelProgress){ .begun_usec = now_usec, .due_usec = is_wanted ? now_usec + PATIENCE_USEC : G_MAXINT64 };
  self->is_dumb = term == NULL || g_str_equal (term, "dumb");
}

void
fel_progress_show (FelProgress *self, const char *what, gint64 now_usec)
{
  gint64 sec = (now_usec - self->begun_usec) / G_USEC_PER_SEC;

  if (self->is_dumb)
    {
      fprintf (stderr, "felucca: %s\n", what);
      self->due_usec = G_MAXINT64;
      return;
    }
  fprintf (stderr, ERASE_LINE "felucca: %s", what);
  if (sec > 0)
    fprintf (stderr, ", %" G_GINT64_FORMAT " s", sec);
  self->is_shown = TRUE;
  self->due_usec = self->begun_usec + (sec + 1) * G_USEC_PER_SEC;
}

void
fel_progress_end (FelProgress *self)
{
  if (self->is_shown)
    fprintf (stderr, ERASE_LINE);
  self->is_shown = FALSE;
  self->due_usec = G_MAXINT64;
}

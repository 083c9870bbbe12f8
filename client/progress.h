/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One line on the terminal while something takes longer than half a second: what is waited for, and how long already.
 * It is gone when the wait is over. Never in a pipe, nor with --quiet. */
#pragma once

#include <glib.h>

typedef struct FelProgress
{
  gint64 begun_usec;
  gint64 due_usec; /* when there is something to show next; G_MAXINT64: never */
  gboolean is_shown;
  gboolean is_dumb; /* lines cannot be taken back */
} FelProgress;

void fel_progress_silence (void); /* for the rest of this run */

void fel_progress_begin (FelProgress *self, gint64 now_usec);
void fel_progress_show (FelProgress *self, const char *what, gint64 now_usec);
void fel_progress_end (FelProgress *self);

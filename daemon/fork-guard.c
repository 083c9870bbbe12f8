/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fork-guard.h"

#include <pthread.h>
#include <unistd.h>

#include <glib.h>

#define GUARDED_MAX 512

static int guarded[GUARDED_MAX]; /* atomic; descriptor + 1, 0: free */

/* In the new process, before fork() returns there: other threads have left everything as it was. */
static void
close_guarded (void)
{
  for (gsize i = 0; i < GUARDED_MAX; i++)
    {
      int entry = g_atomic_int_get (&guarded[i]);

      if (entry > 0)
        close (entry - 1);
    }
}

static void
replace (int from, int to)
{
  for (gsize i = 0; i < GUARDED_MAX; i++)
    if (g_atomic_int_compare_and_exchange (&guarded[i], from, to))
      return;
}

void
fel_fork_guard_add (int fd)
{
  static gsize registered = 0;

  if (g_once_init_enter (&registered))
    {
      pthread_atfork (NULL, NULL, close_guarded);
      g_once_init_leave (&registered, 1);
    }
  if (fd >= 0)
    replace (0, fd + 1);
}

void
fel_fork_guard_remove (int fd)
{
  if (fd >= 0)
    replace (fd + 1, 0);
}

void
fel_fork_guard_close (int fd)
{
  fel_fork_guard_remove (fd);
  if (fd >= 0)
    close (fd);
}

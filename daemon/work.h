/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Blocking work off the main thread: one small thread pool for each backend instance, so that a slow provider delays
 * nobody else. A job is cancelled at its deadline, and given up a little later if it does not listen. */
#pragma once

#include <gio/gio.h>

typedef struct FelWork FelWork;

/* Runs on a worker. */
typedef void (*FelWorkFunc) (gpointer data, GCancellable *cancellable);

typedef enum
{
  FEL_WORK_DONE,
  FEL_WORK_SKIPPED,  /* its deadline passed before a thread was free: func was not and will not be called */
  FEL_WORK_GIVEN_UP, /* it does not come back: data is still in use by it */
} FelWorkOutcome;

/* On the main thread, exactly once. */
typedef void (*FelWorkDone) (gpointer data, FelWorkOutcome outcome, gpointer user_data);

FelWork *fel_work_new (void);
void fel_work_free (FelWork *self); /* (nullable) */

/* data: (transfer full), freed by free_data once the worker is done with it and `done` has returned. */
void fel_work_run (FelWork *self, const char *pool, guint timeout_sec, FelWorkFunc func, gpointer data,
                   GDestroyNotify free_data, FelWorkDone done, gpointer user_data);

/* Is there a job that was neither answered nor given up? */
gboolean fel_work_is_busy (const FelWork *self);

/* Is a job that was given up still running? Then what it uses must not be freed. */
gboolean fel_work_is_stuck (const FelWork *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelWork, fel_work_free)

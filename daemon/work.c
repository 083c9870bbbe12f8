/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "work.h"

#define THREADS_PER_POOL_MAX 8
#define GRACE_SEC 5 /* between the cancellation and giving up */

enum
{
  JOB_WAITING,
  JOB_STARTED,
  JOB_SKIPPED,
};

struct FelWork
{
  GHashTable *pools; /* name → GThreadPool */
  guint open;        /* jobs that were not answered */
  guint stuck;       /* jobs that were given up and have not come back */
};

typedef struct
{
  gatomicrefcount refs; /* the main thread's and the worker's */
  FelWorkFunc func;
  gpointer data;
  GDestroyNotify free_data;
  FelWorkDone done; /* main thread; NULL: answered */
  gpointer user_data;
  GCancellable *cancellable;
  guint deadline_id;
  int state; /* atomic; JOB_ */
  FelWork *work;
  gboolean given_up;
} Job;

static void
job_unref (gpointer data)
{
  Job *job = data;

  if (!g_atomic_ref_count_dec (&job->refs))
    return;
  job->free_data (job->data);
  g_object_unref (job->cancellable);
  g_free (job);
}

static void
job_answer (Job *job, FelWorkOutcome outcome)
{
  FelWorkDone done = g_steal_pointer (&job->done);

  g_clear_handle_id (&job->deadline_id, g_source_remove);
  if (done != NULL)
    {
      job->work->open--;
      done (job->data, outcome, job->user_data);
      job_unref (job);
    }
}

static gboolean
on_given_up (gpointer user_data)
{
  Job *job = user_data;

  job->deadline_id = 0;
  job->given_up = TRUE;
  job->work->stuck++;
  job_answer (job, FEL_WORK_GIVEN_UP);
  return G_SOURCE_REMOVE;
}

static gboolean
on_deadline (gpointer user_data)
{
  Job *job = user_data;

  if (g_atomic_int_compare_and_exchange (&job->state, JOB_WAITING, JOB_SKIPPED))
    {
      job->deadline_id = 0;
      job_answer (job, FEL_WORK_SKIPPED);
      return G_SOURCE_REMOVE;
    }
  g_cancellable_cancel (job->cancellable);
  job->deadline_id = g_timeout_add_seconds (GRACE_SEC, on_given_up, job);
  return G_SOURCE_REMOVE;
}

static gboolean
on_job_done (gpointer user_data)
{
  Job *job = user_data;

  if (job->given_up)
    job->work->stuck--;
  job_answer (job, FEL_WORK_DONE);
  return G_SOURCE_REMOVE;
}

static void
job_run (gpointer data, gpointer user_data)
{
  Job *job = data;

  GSource *answer = g_idle_source_new ();

  if (g_atomic_int_compare_and_exchange (&job->state, JOB_WAITING, JOB_STARTED))
    job->func (job->data, job->cancellable);
  /* Not g_main_context_invoke(): while nobody runs the main context, that would answer on this thread. */
  g_source_set_priority (answer, G_PRIORITY_DEFAULT);
  g_source_set_callback (answer, on_job_done, job, job_unref);
  g_source_attach (answer, NULL);
  g_source_unref (answer);
}

static void
pool_free (gpointer data)
{
  g_thread_pool_free (data, FALSE, FALSE);
}

FelWork *
fel_work_new (void)
{
  FelWork *self = g_new0 (FelWork, 1);

  /* A thread without work would keep what its last job left in registers, for 15 s. */
  g_thread_pool_set_max_unused_threads (0);
  self->pools = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, pool_free);
  return self;
}

void
fel_work_free (FelWork *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->pools);
  g_free (self);
}

gboolean
fel_work_is_busy (const FelWork *self)
{
  return self->open > 0;
}

gboolean
fel_work_is_stuck (const FelWork *self)
{
  return self->stuck > 0;
}

void
fel_work_run (FelWork *self, const char *pool, guint timeout_sec, FelWorkFunc func, gpointer data,
              GDestroyNotify free_data, FelWorkDone done, gpointer user_data)
{
  GThreadPool *threads = g_hash_table_lookup (self->pools, pool);
  Job *job = g_new0 (Job, 1);

  g_atomic_ref_count_init (&job->refs);
  g_atomic_ref_count_inc (&job->refs);
  job->func = func;
  job->data = data;
  job->free_data = free_data;
  job->done = done;
  job->user_data = user_data;
  job->work = self;
  self->open++;
  job->cancellable = g_cancellable_new ();
  job->deadline_id = g_timeout_add_seconds (timeout_sec, on_deadline, job);
  if (threads == NULL)
    {
      threads = g_thread_pool_new (job_run, NULL, THREADS_PER_POOL_MAX, FALSE, NULL);
      g_hash_table_insert (self->pools, g_strdup (pool), threads);
    }
  g_thread_pool_push (threads, job, NULL);
}

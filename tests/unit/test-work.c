/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "work.h"

#include <gmodule.h>

#define THREADS_PER_POOL 8

G_MODULE_EXPORT guint __wrap_g_timeout_add_seconds (guint interval_sec, GSourceFunc func, gpointer data);

#define DEADLINE_SEC 3600 /* passes when a test lets it */

static GArray *deadlines_sec; /* as they were asked for */
static guint last_deadline_id;

guint
__wrap_g_timeout_add_seconds (guint interval_sec, GSourceFunc func, gpointer data)
{
  if (deadlines_sec != NULL)
    g_array_append_val (deadlines_sec, interval_sec);
  last_deadline_id = g_timeout_add (interval_sec * 1000, func, data);
  return last_deadline_id;
}

/* The last deadline that was set is over now. */
static void
let_pass (void)
{
  g_source_set_ready_time (g_main_context_find_source_by_id (NULL, last_deadline_id), 0);
}

/* What jobs and the test tell each other. */
typedef struct
{
  GMutex mutex;
  GCond changed;
  guint started;
  guint ended;
  gboolean may_end;
} Gate;

static Gate gate;

typedef struct
{
  GThread *worker;
  GThread *answered_on;
  GThread *freed_on;
  gboolean was_cancelled;
  FelWorkOutcome outcome;
  guint answers;
  guint frees;
  GMainLoop *loop;
} Job;

static void
gate_wait_started (guint n)
{
  g_mutex_lock (&gate.mutex);
  while (gate.started < n)
    g_cond_wait (&gate.changed, &gate.mutex);
  g_mutex_unlock (&gate.mutex);
}

static void
gate_wait_ended (guint n)
{
  g_mutex_lock (&gate.mutex);
  while (gate.ended < n)
    g_cond_wait (&gate.changed, &gate.mutex);
  g_mutex_unlock (&gate.mutex);
}

static guint
gate_started (void)
{
  guint started;

  g_mutex_lock (&gate.mutex);
  started = gate.started;
  g_mutex_unlock (&gate.mutex);
  return started;
}

static void
gate_set (gboolean may_end)
{
  g_mutex_lock (&gate.mutex);
  gate.may_end = may_end;
  if (!may_end)
    gate.started = gate.ended = 0;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.mutex);
}

static void
func_at_once (gpointer data, GCancellable *cancellable)
{
  Job *job = data;

  job->worker = g_thread_self ();
  job->was_cancelled = g_cancellable_is_cancelled (cancellable);
  g_mutex_lock (&gate.mutex);
  gate.ended++;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.mutex);
}

static void
gate_enter (void)
{
  g_mutex_lock (&gate.mutex);
  gate.started++;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.mutex);
}

/* Does not listen to its cancellable. */
static void
func_behind_the_gate (gpointer data, GCancellable *cancellable)
{
  gate_enter ();
  g_mutex_lock (&gate.mutex);
  while (!gate.may_end)
    g_cond_wait (&gate.changed, &gate.mutex);
  g_mutex_unlock (&gate.mutex);
  func_at_once (data, cancellable);
}

static void
func_until_cancelled (gpointer data, GCancellable *cancellable)
{
  GPollFD poll_fd;

  gate_enter ();
  g_assert_true (g_cancellable_make_pollfd (cancellable, &poll_fd));
  while (!g_cancellable_is_cancelled (cancellable))
    g_poll (&poll_fd, 1, -1);
  g_cancellable_release_fd (cancellable);
  func_at_once (data, cancellable);
}

static void
on_done (gpointer data, FelWorkOutcome outcome, gpointer user_data)
{
  Job *job = data;

  g_assert_true (user_data == &gate);
  g_assert_cmpuint (job->frees, ==, 0);
  job->answers++;
  job->outcome = outcome;
  job->answered_on = g_thread_self ();
  if (job->loop != NULL)
    g_main_loop_quit (job->loop);
}

static void
free_job (gpointer data)
{
  Job *job = data;

  job->freed_on = g_thread_self ();
  g_atomic_int_inc ((int *) &job->frees);
}

static void
start (FelWork *work, const char *pool, FelWorkFunc func, Job *job)
{
  fel_work_run (work, pool, DEADLINE_SEC, func, job, free_job, on_done, &gate);
}

static void
run_until_answered (Job *job)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  job->loop = loop;
  if (job->answers == 0)
    g_main_loop_run (loop);
  job->loop = NULL;
}

static void
turn_until_freed (Job *job)
{
  while (g_atomic_int_get ((int *) &job->frees) == 0)
    {
      g_main_context_iteration (NULL, FALSE);
      g_thread_yield ();
    }
}

static void
test_off_and_on_the_main_thread (void)
{
  g_autoptr (FelWork) work = fel_work_new ();
  Job job = { 0 };

  deadlines_sec = g_array_new (FALSE, FALSE, sizeof (guint));
  start (work, "a", func_at_once, &job);
  run_until_answered (&job);
  turn_until_freed (&job);
  g_assert_true (job.worker != NULL && job.worker != g_thread_self ());
  g_assert_true (job.answered_on == g_thread_self ());
  g_assert_cmpint (job.outcome, ==, FEL_WORK_DONE);
  g_assert_false (job.was_cancelled);
  g_assert_cmpuint (job.answers, ==, 1);
  g_assert_cmpuint (job.frees, ==, 1);
  g_assert_cmpuint (deadlines_sec->len, ==, 1);
  g_assert_cmpuint (g_array_index (deadlines_sec, guint, 0), ==, DEADLINE_SEC);
  g_clear_pointer (&deadlines_sec, g_array_unref);
}

/* Nobody runs the main context when the job ends: before the loop has started, or after it has. */
static void
test_main_thread_without_a_loop (void)
{
  g_autoptr (FelWork) work = fel_work_new ();
  Job job = { 0 };

  gate_set (FALSE);
  g_main_context_release (NULL);
  start (work, "a", func_at_once, &job);
  gate_wait_ended (1);
  g_usleep (50 * 1000); /* time to do the wrong thing */
  g_assert_true (g_main_context_acquire (NULL));
  run_until_answered (&job);
  turn_until_freed (&job);
  g_assert_true (job.answered_on == g_thread_self ());
}

static void
test_cancelled_at_its_deadline (void)
{
  g_autoptr (FelWork) work = fel_work_new ();
  Job job = { 0 };

  deadlines_sec = g_array_new (FALSE, FALSE, sizeof (guint));
  gate_set (FALSE);
  start (work, "a", func_until_cancelled, &job);
  gate_wait_started (1);
  let_pass ();
  run_until_answered (&job);
  turn_until_freed (&job);
  g_assert_true (job.was_cancelled);
  g_assert_cmpint (job.outcome, ==, FEL_WORK_DONE);
  g_assert_cmpuint (job.answers, ==, 1);
  g_assert_cmpuint (deadlines_sec->len, ==, 2);
  g_assert_cmpuint (g_array_index (deadlines_sec, guint, 0), ==, DEADLINE_SEC);
  g_assert_cmpuint (g_array_index (deadlines_sec, guint, 1), ==, 5);
  g_clear_pointer (&deadlines_sec, g_array_unref);
}

static void
test_given_up (void)
{
  g_autoptr (FelWork) work = fel_work_new ();
  Job job = { 0 };
  guint deadline_id;

  gate_set (FALSE);
  start (work, "a", func_behind_the_gate, &job);
  gate_wait_started (1);
  deadline_id = last_deadline_id;
  let_pass ();
  while (last_deadline_id == deadline_id)
    g_main_context_iteration (NULL, TRUE);
  let_pass ();
  run_until_answered (&job);
  g_assert_cmpint (job.outcome, ==, FEL_WORK_GIVEN_UP);
  g_assert_cmpuint (job.answers, ==, 1);
  g_assert_cmpuint (job.frees, ==, 0); /* the worker still has it */
  g_assert_true (fel_work_is_stuck (work));
  gate_set (TRUE);
  turn_until_freed (&job);
  g_assert_true (job.was_cancelled);
  g_assert_false (fel_work_is_stuck (work));
  g_assert_cmpuint (job.answers, ==, 1);
  g_assert_cmpuint (job.frees, ==, 1);
}

/* A job whose deadline passes before a thread was free is not run any more. */
static void
test_skipped (void)
{
  g_autoptr (FelWork) work = fel_work_new ();
  Job slow[THREADS_PER_POOL] = { 0 };
  Job late = { 0 };

  gate_set (FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (slow); i++)
    start (work, "a", func_behind_the_gate, &slow[i]);
  gate_wait_started (THREADS_PER_POOL);
  start (work, "a", func_behind_the_gate, &late);
  let_pass ();
  run_until_answered (&late);
  g_assert_cmpint (late.outcome, ==, FEL_WORK_SKIPPED);
  g_assert_false (fel_work_is_stuck (work));
  gate_set (TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (slow); i++)
    {
      run_until_answered (&slow[i]);
      turn_until_freed (&slow[i]);
    }
  turn_until_freed (&late);
  g_assert_cmpuint (gate_started (), ==, THREADS_PER_POOL); /* not one more */
  g_assert_cmpuint (late.answers, ==, 1);
}

/* A full pool keeps its own jobs waiting, nobody else's. */
static void
test_pools_do_not_wait_for_each_other (void)
{
  g_autoptr (FelWork) work = fel_work_new ();
  Job slow[THREADS_PER_POOL + 1] = { 0 };
  Job other = { 0 };

  gate_set (FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (slow); i++)
    start (work, "slow", func_behind_the_gate, &slow[i]);
  gate_wait_started (THREADS_PER_POOL);
  start (work, "other", func_at_once, &other);
  run_until_answered (&other);
  turn_until_freed (&other);
  g_assert_cmpint (other.outcome, ==, FEL_WORK_DONE);
  g_assert_cmpuint (gate_started (), ==, THREADS_PER_POOL);
  gate_set (TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (slow); i++)
    {
      run_until_answered (&slow[i]);
      turn_until_freed (&slow[i]);
      g_assert_cmpint (slow[i].outcome, ==, FEL_WORK_DONE);
      g_assert_cmpuint (slow[i].answers, ==, 1);
    }
  g_assert_cmpuint (gate_started (), ==, G_N_ELEMENTS (slow));
}

static void
test_no_worker_stays_without_work (void)
{
  FelWork *work = fel_work_new ();

  g_assert_cmpint (g_thread_pool_get_max_unused_threads (), ==, 0);
  fel_work_free (work);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_true (g_main_context_acquire (NULL)); /* all the time, as the daemon's loop does */
  g_test_add_func ("/work/off-and-on-the-main-thread", test_off_and_on_the_main_thread);
  g_test_add_func ("/work/cancelled-at-its-deadline", test_cancelled_at_its_deadline);
  g_test_add_func ("/work/given-up", test_given_up);
  g_test_add_func ("/work/skipped", test_skipped);
  g_test_add_func ("/work/pools-do-not-wait-for-each-other", test_pools_do_not_wait_for_each_other);
  g_test_add_func ("/work/main-thread-without-a-loop", test_main_thread_without_a_loop);
  g_test_add_func ("/work/no-worker-stays-without-work", test_no_worker_stays_without_work);
  status = g_test_run ();
  g_main_context_release (NULL);
  return status;
}

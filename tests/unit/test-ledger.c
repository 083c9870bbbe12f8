/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <gmodule.h>

#include "error.h"
#include "scratch.h"

#define WORKERS 8 /* of one pool */

G_MODULE_EXPORT guint __wrap_g_timeout_add_seconds (guint interval_sec, GSourceFunc func, gpointer data);
int __wrap_fsync (int fd);
int __real_fsync (int fd);

static guint last_deadline_id;

/* The disk: it hangs while the gate is closed. */
static struct
{
  GMutex mutex;
  GCond changed;
  gboolean closed;
  guint waiting;
  int errnum; /* what it fails with; 0: it does not */
} disk;

guint
__wrap_g_timeout_add_seconds (guint interval_sec, GSourceFunc func, gpointer data)
{
  last_deadline_id = g_timeout_add (interval_sec * 1000, func, data);
  return last_deadline_id;
}

/* The last deadline that was set is over now. */
static void
let_pass (void)
{
  g_source_set_ready_time (g_main_context_find_source_by_id (NULL, last_deadline_id), 0);
}

int
__wrap_fsync (int fd)
{
  int errnum;

  g_mutex_lock (&disk.mutex);
  disk.waiting++;
  g_cond_broadcast (&disk.changed);
  while (disk.closed)
    g_cond_wait (&disk.changed, &disk.mutex);
  disk.waiting--;
  errnum = disk.errnum;
  g_mutex_unlock (&disk.mutex);
  if (errnum == 0)
    return __real_fsync (fd);
  errno = errnum;
  return -1;
}

static void
disk_set (gboolean closed, int errnum)
{
  g_mutex_lock (&disk.mutex);
  disk.closed = closed;
  disk.errnum = errnum;
  g_cond_broadcast (&disk.changed);
  g_mutex_unlock (&disk.mutex);
}

static void
disk_await (guint n)
{
  g_mutex_lock (&disk.mutex);
  while (disk.waiting < n)
    g_cond_wait (&disk.changed, &disk.mutex);
  g_mutex_unlock (&disk.mutex);
}

typedef struct
{
  char *scratch;
  char *path;
  FelWork *work;
  FelLedger *ledger;
} Fixture;

static void
fixture_init (Fixture *self)
{
  self->scratch = scratch_new ();
  self->path = g_build_filename (self->scratch, "intents", NULL);
  self->work = fel_work_new ();
  self->ledger = fel_ledger_new (self->path, self->work);
}

/* Until every job has been answered, and those that were given up have come back. */
static void
turn_until_idle (Fixture *self)
{
  while (fel_work_is_busy (self->work) || fel_work_is_stuck (self->work))
    g_main_context_iteration (NULL, TRUE);
}

static void
fixture_clear (Fixture *self)
{
  disk_set (FALSE, 0);
  turn_until_idle (self);
  fel_ledger_free (self->ledger);
  fel_work_free (self->work);
  scratch_remove (self->scratch);
  g_free (self->scratch);
  g_free (self->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

typedef struct
{
  const Fixture *fixture;
  guint n;
  FelLedgerEntry *entry; /* owned */
  GError *error;
  char *files; /* that were there when it came */
} Answer;

static void
answer_clear (Answer *self)
{
  fel_ledger_entry_unref (self->entry);
  g_clear_error (&self->error);
  g_free (self->files);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static void
on_answer (FelLedgerEntry *entry, const GError *error, gpointer user_data)
{
  Answer *self = user_data;

  g_assert_true ((entry == NULL) == (error != NULL));
  g_assert_cmpuint (self->n++, ==, 0);
  self->entry = entry != NULL ? fel_ledger_entry_ref (entry) : NULL;
  self->error = error != NULL ? g_error_copy (error) : NULL;
  self->files = scratch_list (self->fixture->path);
}

static void
turn_until_answered (const Answer *self)
{
  while (self->n == 0)
    g_main_context_iteration (NULL, TRUE);
}

/* Past its deadline, and past the grace that it is given then. */
static void
give_up (const Answer *answer)
{
  guint deadline_id = last_deadline_id;

  let_pass ();
  while (last_deadline_id == deadline_id)
    g_main_context_iteration (NULL, TRUE);
  let_pass ();
  turn_until_answered (answer);
}

static FelIntent *
new_intent (const char *backend, const char *request_id, gint64 since_sec)
{
  return fel_intent_new (backend, "acme", "orders", NULL, FALSE, request_id, since_sec);
}

/* (transfer full) */
static FelLedgerEntry *
prepare (Fixture *self, const char *backend, const char *request_id, gint64 since_sec)
{
  g_auto (Answer) answer = { .fixture = self };

  fel_ledger_prepare (self->ledger, new_intent (backend, request_id, since_sec), on_answer, &answer);
  turn_until_answered (&answer);
  g_assert_no_error (answer.error);
  return g_steal_pointer (&answer.entry);
}

static void
put_id (Fixture *self, FelLedgerEntry *entry, const char *id)
{
  g_auto (Answer) answer = { .fixture = self };

  fel_ledger_put_id (self->ledger, entry, id, on_answer, &answer);
  turn_until_answered (&answer);
  g_assert_no_error (answer.error);
}

/* state: NULL is no file at all. */
static void
assert_file (const Fixture *self, const char *uuid, const char *state)
{
  g_autofree char *files = scratch_list (self->path);
  g_autofree char *expected = state != NULL ? g_strconcat (uuid, ".", state, NULL) : g_strdup ("");

  g_assert_cmpstr (files, ==, expected);
}

/* The steps */

static void
test_steps (void)
{
  g_auto (Fixture) self = { 0 };
  g_auto (Answer) prepared = { .fixture = &self };
  g_auto (Answer) minted = { .fixture = &self };
  FelIntent *intent = new_intent ("nile", NULL, 1);
  g_autofree char *uuid = g_strdup (intent->uuid);
  g_autofree char *first = g_strconcat (uuid, ".prepared", NULL);
  g_autofree char *second = g_strconcat (uuid, ".minted", NULL);
  FelLedgerEntry *entry;

  fixture_init (&self);
  g_assert_cmpuint (fel_ledger_begun (self.ledger), ==, 0);
  fel_ledger_prepare (self.ledger, intent, on_answer, &prepared);
  g_assert_cmpuint (prepared.n, ==, 0);
  g_assert_cmpuint (fel_ledger_begun (self.ledger), ==, 1);
  entry = fel_ledger_find (self.ledger, uuid);
  g_assert_nonnull (entry);
  turn_until_answered (&prepared);
  g_assert_true (prepared.entry == entry);
  g_assert_cmpstr (prepared.files, ==, first); /* before it was said */
  g_assert_cmpint (entry->state, ==, FEL_LEDGER_MINTING);
  fel_ledger_put_id (self.ledger, entry, "cred-1", on_answer, &minted);
  g_assert_cmpstr (entry->intent->id, ==, "cred-1"); /* at once */
  g_assert_cmpint (entry->intent->state, ==, FEL_INTENT_MINTED);
  turn_until_answered (&minted);
  g_assert_true (minted.entry == entry);
  g_assert_cmpstr (minted.files, ==, second);
  fel_ledger_end (self.ledger, entry);
  g_assert_null (fel_ledger_find (self.ledger, uuid));
  g_assert_true (minted.entry->ended);
  turn_until_idle (&self);
  assert_file (&self, uuid, NULL);
}

/* Nothing is said before the file and its folder are flushed. */
static void
test_prepare_waits_for_the_disk (void)
{
  g_auto (Fixture) self = { 0 };
  g_auto (Answer) answer = { .fixture = &self };

  fixture_init (&self);
  disk_set (TRUE, 0);
  fel_ledger_prepare (self.ledger, new_intent ("nile", NULL, 1), on_answer, &answer);
  disk_await (1);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (answer.n, ==, 0);
  disk_set (FALSE, 0);
  turn_until_answered (&answer);
  g_assert_no_error (answer.error);
}

/* The file goes after the write that is under way, or it would come back. */
static void
test_end_while_writing (void)
{
  g_auto (Fixture) self = { 0 };
  g_auto (Answer) answer = { .fixture = &self };
  g_autoptr (FelLedgerEntry) entry = NULL;

  fixture_init (&self);
  entry = prepare (&self, "nile", NULL, 1);
  disk_set (TRUE, 0);
  fel_ledger_put_id (self.ledger, entry, "cred-1", on_answer, &answer);
  disk_await (1);
  fel_ledger_end (self.ledger, entry);
  g_assert_null (fel_ledger_find (self.ledger, entry->intent->uuid));
  disk_set (FALSE, 0);
  turn_until_idle (&self);
  g_assert_cmpuint (answer.n, ==, 1);
  g_assert_true (answer.entry == entry);
  assert_file (&self, entry->intent->uuid, NULL);
}

static void
test_leave_open (void)
{
  for (int with_id = FALSE; with_id <= TRUE; with_id++)
    {
      g_auto (Fixture) self = { 0 };
      g_autoptr (FelLedgerEntry) entry = NULL;

      fixture_init (&self);
      entry = prepare (&self, "nile", "r-1", 1);
      g_assert_null (fel_ledger_find_request (self.ledger, "r-1")); /* its own request is at work on it */
      g_assert_true (fel_ledger_is_minting (self.ledger, "nile"));
      g_assert_cmpuint (fel_ledger_count_unresolved (self.ledger, "nile"), ==, 0);
      if (with_id)
        put_id (&self, entry, "cred-1");
      fel_ledger_leave_open (self.ledger, entry);
      g_assert_cmpint (entry->state, ==, FEL_LEDGER_UNRESOLVED);
      g_assert_cmpint (entry->intent->state, ==, with_id ? FEL_INTENT_MINTED : FEL_INTENT_SENT);
      g_assert_false (entry->ended);
      g_assert_true (fel_ledger_find (self.ledger, entry->intent->uuid) == entry);
      g_assert_true (fel_ledger_find_request (self.ledger, "r-1") == entry);
      g_assert_false (fel_ledger_is_minting (self.ledger, "nile"));
      g_assert_cmpuint (fel_ledger_count_unresolved (self.ledger, "nile"), ==, 1);
    }
}

/* What the disk does to it */

static void
test_disk_fails (void)
{
  g_auto (Fixture) self = { 0 };
  g_auto (Answer) answer = { .fixture = &self };
  FelIntent *intent = new_intent ("nile", "r-1", 1);
  g_autofree char *uuid = g_strdup (intent->uuid);

  fixture_init (&self);
  disk_set (FALSE, EIO);
  fel_ledger_prepare (self.ledger, intent, on_answer, &answer);
  turn_until_answered (&answer);
  g_assert_error (answer.error, FEL_ERROR, FEL_ERROR_INTERNAL);
  g_assert_nonnull (strstr (answer.error->message, g_strerror (EIO)));
  g_assert_null (fel_ledger_find (self.ledger, uuid));
  g_assert_false (fel_ledger_is_minting (self.ledger, "nile"));
  g_assert_cmpuint (fel_ledger_count_unresolved (self.ledger, NULL), ==, 0);
  turn_until_idle (&self);
  assert_file (&self, uuid, NULL);
}

/* The id stays in memory, and the record says what it said before. */
static void
test_disk_fails_later (void)
{
  g_auto (Fixture) self = { 0 };
  g_auto (Answer) answer = { .fixture = &self };
  g_autoptr (FelLedgerEntry) entry = NULL;

  fixture_init (&self);
  entry = prepare (&self, "nile", NULL, 1);
  disk_set (FALSE, ENOSPC);
  fel_ledger_put_id (self.ledger, entry, "cred-1", on_answer, &answer);
  turn_until_answered (&answer);
  g_assert_error (answer.error, FEL_ERROR, FEL_ERROR_INTERNAL);
  g_assert_true (fel_ledger_find (self.ledger, entry->intent->uuid) == entry);
  g_assert_cmpstr (entry->intent->id, ==, "cred-1");
  g_assert_false (entry->ended);
  assert_file (&self, entry->intent->uuid, "prepared");
  fel_ledger_end (self.ledger, entry);
  turn_until_idle (&self);
  assert_file (&self, entry->intent->uuid, NULL);
}

/* Nobody else touches the file of a write that was given up; what it leaves says that nothing was sent. */
static void
test_prepare_never_comes_back (void)
{
  g_auto (Fixture) self = { 0 };
  g_auto (Answer) answer = { .fixture = &self };
  FelIntent *intent = new_intent ("nile", NULL, 1);
  g_autofree char *uuid = g_strdup (intent->uuid);

  fixture_init (&self);
  disk_set (TRUE, 0);
  fel_ledger_prepare (self.ledger, intent, on_answer, &answer);
  disk_await (1);
  give_up (&answer);
  g_assert_error (answer.error, FEL_ERROR, FEL_ERROR_TIMED_OUT);
  g_assert_null (fel_ledger_find (self.ledger, uuid));
  g_assert_false (fel_ledger_is_minting (self.ledger, "nile"));
  g_assert_false (fel_work_is_busy (self.work));
  g_assert_true (fel_work_is_stuck (self.work));
  disk_set (FALSE, 0);
  turn_until_idle (&self);
  assert_file (&self, uuid, "prepared");
}

static void
test_put_id_never_comes_back (void)
{
  g_auto (Fixture) self = { 0 };
  g_auto (Answer) answer = { .fixture = &self };
  g_autoptr (FelLedgerEntry) entry = NULL;

  fixture_init (&self);
  entry = prepare (&self, "nile", NULL, 1);
  disk_set (TRUE, 0);
  fel_ledger_put_id (self.ledger, entry, "cred-1", on_answer, &answer);
  disk_await (1);
  give_up (&answer);
  g_assert_error (answer.error, FEL_ERROR, FEL_ERROR_TIMED_OUT);
  g_assert_true (fel_ledger_find (self.ledger, entry->intent->uuid) == entry);
  g_assert_cmpstr (entry->intent->id, ==, "cred-1");
  fel_ledger_end (self.ledger, entry);
  g_assert_null (fel_ledger_find (self.ledger, entry->intent->uuid));
  g_assert_false (fel_work_is_busy (self.work)); /* the file is the stuck worker's */
  disk_set (FALSE, 0);
  turn_until_idle (&self);
  assert_file (&self, entry->intent->uuid, "minted"); /* the next daemon finds that it is stored */
}

/* As many as there are workers hang: the next one is given up before it has begun. */
static void
test_no_worker (void)
{
  g_auto (Fixture) self = { 0 };
  g_auto (Answer) answer = { .fixture = &self };
  FelIntent *intent = new_intent ("late", NULL, 1);
  g_autofree char *uuid = g_strdup (intent->uuid);

  fixture_init (&self);
  disk_set (TRUE, 0);
  for (guint i = 0; i < WORKERS; i++)
    fel_ledger_prepare (self.ledger, new_intent ("nile", NULL, 1), NULL, NULL);
  disk_await (WORKERS);
  fel_ledger_prepare (self.ledger, intent, on_answer, &answer);
  let_pass ();
  turn_until_answered (&answer);
  g_assert_error (answer.error, FEL_ERROR, FEL_ERROR_TIMED_OUT);
  g_assert_null (fel_ledger_find (self.ledger, uuid));
  disk_set (FALSE, 0);
  turn_until_idle (&self);
  g_assert_false (fel_ledger_is_minting (self.ledger, "late"));
  g_free (answer.files);
  answer.files = scratch_list (self.path);
  g_assert_null (strstr (answer.files, uuid));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_true (g_main_context_acquire (NULL)); /* all the time, as the daemon's loop does */
  g_test_add_func ("/ledger/steps", test_steps);
  g_test_add_func ("/ledger/prepare-waits-for-the-disk", test_prepare_waits_for_the_disk);
  g_test_add_func ("/ledger/end-while-writing", test_end_while_writing);
  g_test_add_func ("/ledger/leave-open", test_leave_open);
  g_test_add_func ("/ledger/disk-fails", test_disk_fails);
  g_test_add_func ("/ledger/disk-fails-later", test_disk_fails_later);
  g_test_add_func ("/ledger/prepare-never-comes-back", test_prepare_never_comes_back);
  g_test_add_func ("/ledger/put-id-never-comes-back", test_put_id_never_comes_back);
  g_test_add_func ("/ledger/no-worker", test_no_worker);
  status = g_test_run ();
  g_main_context_release (NULL);
  return status;
}

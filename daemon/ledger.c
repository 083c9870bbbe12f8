/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger.h"

#include "error.h"

#define POOL " intents" /* the space: no instance is called so */
#define DISK_DEADLINE_SEC 10

struct FelLedger
{
  FelIntentFolder *folder;
  FelWork *work;
  GHashTable *entries; /* uuid → FelLedgerEntry */
  GHashTable *ours;    /* set of uuids: begun before the rest was taken over; their files may be on their way out */
  guint64 begun;
  gboolean taken_over;
};

/* One write or removal of an intent's file. */
typedef struct
{
  FelLedger *ledger;
  FelLedgerEntry *entry; /* owned; the main thread's */
  FelIntent *intent;     /* owned; the worker's */
  gboolean remove;
  GError *error;
  FelLedgerDone done; /* (nullable) */
  gpointer user_data;
} Job;

static void
entry_free (FelLedgerEntry *self)
{
  fel_intent_unref (self->intent);
  g_clear_pointer (&self->candidates, g_ptr_array_unref);
  g_clear_pointer (&self->listed, g_ptr_array_unref);
  g_free (self->detail);
  g_free (self);
}

FelLedgerEntry *
fel_ledger_entry_ref (FelLedgerEntry *self)
{
  g_ref_count_inc (&self->refs);
  return self;
}

void
fel_ledger_entry_unref (FelLedgerEntry *self)
{
  if (self != NULL && g_ref_count_dec (&self->refs))
    entry_free (self);
}

static FelLedgerEntry *
entry_new (FelIntent *intent /* (transfer full) */, FelLedgerState state)
{
  FelLedgerEntry *self = g_new0 (FelLedgerEntry, 1);

  g_ref_count_init (&self->refs);
  self->intent = intent;
  self->state = state;
  self->seen_usec = g_get_monotonic_time ();
  return self;
}

FelLedger *
fel_ledger_new (const char *folder, FelWork *work)
{
  FelLedger *self = g_new0 (FelLedger, 1);

  self->folder = fel_intent_folder_new (folder);
  self->work = work;
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) fel_ledger_entry_unref);
  self->ours = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
fel_ledger_free (FelLedger *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->entries);
  g_hash_table_unref (self->ours);
  fel_intent_folder_free (self->folder);
  g_free (self);
}

FelIntentFolder *
fel_ledger_folder (FelLedger *self)
{
  return self->folder;
}

/* On the disk */

static void
run_on_worker (gpointer data, GCancellable *cancellable)
{
  Job *job = data;

  if (job->remove)
    fel_intent_folder_remove (job->ledger->folder, job->intent->uuid, &job->error);
  else
    fel_intent_folder_write (job->ledger->folder, job->intent, &job->error);
}

static void
job_free (gpointer data)
{
  Job *job = data;

  fel_ledger_entry_unref (job->entry);
  fel_intent_unref (job->intent);
  g_clear_error (&job->error);
  g_free (job);
}

static void ledger_run (FelLedger *self, FelLedgerEntry *entry, gboolean remove, FelLedgerDone done,
                        gpointer user_data);

static void
on_job_done (gpointer data, FelWorkOutcome outcome, gpointer user_data)
{
  Job *job = data;
  g_autoptr (FelLedgerEntry) entry = fel_ledger_entry_ref (job->entry);
  g_autoptr (GError) late = NULL;
  const GError *error = outcome == FEL_WORK_DONE ? job->error : NULL;

  if (outcome != FEL_WORK_DONE)
    late = g_error_new (FEL_ERROR, FEL_ERROR_TIMED_OUT, "the disk with the mints under way does not answer");
  if (late != NULL)
    error = late;
  /* One that is given up may still touch the file: then nobody else does. */
  entry->writing = outcome == FEL_WORK_GIVEN_UP;
  if (error != NULL && !job->remove && job->intent->state == FEL_INTENT_PREPARED)
    fel_ledger_end (job->ledger, entry); /* it was never begun */
  if (job->done != NULL)
    job->done (error == NULL ? entry : NULL, error, job->user_data);
  if (entry->ended && !entry->writing && !job->remove)
    ledger_run (job->ledger, entry, TRUE, NULL, NULL); /* it ended meanwhile */
}

static void
ledger_run (FelLedger *self, FelLedgerEntry *entry, gboolean remove, FelLedgerDone done, gpointer user_data)
{
  Job *job = g_new0 (Job, 1);

  job->ledger = self;
  job->entry = fel_ledger_entry_ref (entry);
  job->intent = fel_intent_ref (entry->intent);
  job->remove = remove;
  job->done = done;
  job->user_data = user_data;
  entry->writing = TRUE;
  fel_work_run (self->work, POOL, DISK_DEADLINE_SEC, run_on_worker, job, job_free, on_job_done, NULL);
}

/* The steps */

void
fel_ledger_prepare (FelLedger *self, FelIntent *intent, FelLedgerDone done, gpointer user_data)
{
  FelLedgerEntry *entry = entry_new (intent, FEL_LEDGER_MINTING);

  self->begun++;
  if (!self->taken_over)
    g_hash_table_add (self->ours, g_strdup (intent->uuid));
  g_hash_table_insert (self->entries, g_strdup (intent->uuid), entry);
  ledger_run (self, entry, FALSE, done, user_data);
}

static void
entry_advance (FelLedgerEntry *self, FelIntentState state, const char *id)
{
  FelIntent *next = fel_intent_advance (self->intent, state, id);

  fel_intent_unref (self->intent);
  self->intent = next;
}

void
fel_ledger_put_id (FelLedger *self, FelLedgerEntry *entry, const char *id, FelLedgerDone done, gpointer user_data)
{
  entry_advance (entry, FEL_INTENT_MINTED, id);
  ledger_run (self, entry, FALSE, done, user_data);
}

void
fel_ledger_end (FelLedger *self, FelLedgerEntry *entry)
{
  G_GNUC_UNUSED g_autoptr (FelLedgerEntry) held = fel_ledger_entry_ref (entry);

  entry->ended = TRUE;
  g_hash_table_remove (self->entries, entry->intent->uuid);
  if (!entry->writing)
    ledger_run (self, entry, TRUE, NULL, NULL);
}

void
fel_ledger_leave_open (FelLedger *self, FelLedgerEntry *entry)
{
  if (entry->intent->state == FEL_INTENT_PREPARED)
    entry_advance (entry, FEL_INTENT_SENT, NULL);
  entry->state = FEL_LEDGER_UNRESOLVED;
}

/* What an earlier daemon has left */

/* Of intents: nothing came of them. */
typedef struct
{
  FelLedger *ledger;
  GPtrArray *unsent;
} Sweep;

static void
sweep_on_worker (gpointer data, GCancellable *cancellable)
{
  Sweep *sweep = data;

  /* One that cannot be removed is seen again by the next daemon. */
  for (guint i = 0; i < sweep->unsent->len; i++)
    fel_intent_folder_remove (sweep->ledger->folder, ((FelIntent *) sweep->unsent->pdata[i])->uuid, NULL);
}

static void
sweep_free (gpointer data)
{
  g_ptr_array_unref (((Sweep *) data)->unsent);
  g_free (data);
}

static void
on_swept (gpointer data, FelWorkOutcome outcome, gpointer user_data)
{
}

static void
ledger_adopt (FelLedger *self, FelIntent *intent, GPtrArray *unsent)
{
  FelLedgerEntry *entry;

  if (fel_intent_was_never_sent (intent))
    {
      g_ptr_array_add (unsent, fel_intent_ref (intent));
      return;
    }
  entry = entry_new (fel_intent_ref (intent), FEL_LEDGER_UNRESOLVED);
  if (intent->state == FEL_INTENT_PREPARED)
    entry_advance (entry, FEL_INTENT_SENT, NULL);
  g_hash_table_replace (self->entries, g_strdup (intent->uuid), entry);
}

gboolean
fel_ledger_take_over (FelLedger *self, GPtrArray **ret_broken, GError **error)
{
  g_autoptr (GPtrArray) left = NULL;
  Sweep *sweep;

  *ret_broken = NULL;
  if (self->taken_over)
    return TRUE;
  if ((left = fel_intent_folder_take_over (self->folder, self->ours, ret_broken, error)) == NULL)
    return FALSE;
  self->taken_over = TRUE;
  g_hash_table_remove_all (self->ours);
  sweep = g_new (Sweep, 1);
  *sweep = (Sweep){ self, g_ptr_array_new_with_free_func ((GDestroyNotify) fel_intent_unref) };
  for (guint i = 0; i < left->len; i++)
    ledger_adopt (self, left->pdata[i], sweep->unsent);
  if (sweep->unsent->len > 0)
    fel_work_run (self->work, POOL, DISK_DEADLINE_SEC, sweep_on_worker, sweep, sweep_free, on_swept, NULL);
  else
    sweep_free (sweep);
  return TRUE;
}

/* Questions */

FelLedgerEntry *
fel_ledger_find (FelLedger *self, const char *uuid)
{
  return g_hash_table_lookup (self->entries, uuid);
}

FelLedgerEntry *
fel_ledger_find_request (FelLedger *self, const char *request_id)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      FelLedgerEntry *entry = value;

      if (entry->state != FEL_LEDGER_MINTING && g_strcmp0 (entry->intent->request_id, request_id) == 0)
        return entry;
    }
  return NULL;
}

static int
compare_age (gconstpointer a, gconstpointer b)
{
  const FelLedgerEntry *one = *(FelLedgerEntry *const *) a;
  const FelLedgerEntry *other = *(FelLedgerEntry *const *) b;

  if (one->intent->since_sec != other->intent->since_sec)
    return one->intent->since_sec < other->intent->since_sec ? -1 : 1;
  return g_strcmp0 (one->intent->uuid, other->intent->uuid);
}

GPtrArray *
fel_ledger_unresolved (FelLedger *self)
{
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_ledger_entry_unref);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((FelLedgerEntry *) value)->state != FEL_LEDGER_MINTING)
      g_ptr_array_add (found, fel_ledger_entry_ref (value));
  g_ptr_array_sort (found, compare_age);
  return found;
}

static guint
count (FelLedger *self, const char *backend, gboolean minting)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const FelLedgerEntry *entry = value;

      if ((entry->state == FEL_LEDGER_MINTING) == minting
          && (backend == NULL || g_str_equal (entry->intent->backend, backend)))
        n++;
    }
  return n;
}

guint
fel_ledger_count_unresolved (FelLedger *self, const char *backend)
{
  return count (self, backend, FALSE);
}

gboolean
fel_ledger_is_minting (FelLedger *self, const char *backend)
{
  return count (self, backend, TRUE) > 0;
}

gboolean
fel_ledger_is_alone (FelLedger *self)
{
  return fel_intent_folder_is_alone (self->folder);
}

guint64
fel_ledger_begun (const FelLedger *self)
{
  return self->begun;
}

GHashTable *
fel_ledger_ids (FelLedger *self, const FelLedgerEntry *except)
{
  GHashTable *ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const FelLedgerEntry *entry = value;

      if (entry != except && entry->intent->id != NULL && g_str_equal (entry->intent->backend, except->intent->backend))
        g_hash_table_add (ids, g_strdup (entry->intent->id));
    }
  return ids;
}

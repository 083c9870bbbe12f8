/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settle.h"

#include "felucca-names.h"

#include "backend-load.h"
#include "candidate.h"
#include "error.h"
#include "failpoint.h"
#include "log.h"
#include "mirror.h"
#include "verb.h"

#define RACED_RETRY_SEC 5
#define GRACE_SEC 5

enum
{
  SETTLE_START,
  SETTLE_OPENED,
  SETTLE_READY,
  SETTLE_PREPARED,
  SETTLE_LISTED,
  SETTLE_NEXT,
  SETTLE_SEARCHED,
  SETTLE_REVOKED,
};

typedef struct
{
  FelSettleDone done;
  gpointer user_data;
} Waiter;

typedef struct FelSettle
{
  FelBroker *broker;
  FelLedgerEntry *entry; /* owned */
  gboolean by_user;
  GArray *waiters; /* of Waiter */
  guint state;
  FelInstance *instance;
  FelBackendCall *call; /* owned */
  guint64 begun;        /* mints, when the list was asked for */
  GPtrArray *ids;       /* of char *: to be ended */
  guint n_done;
  gboolean is_stored; /* the id that was searched for */
  gboolean revoked;   /* at least one was */
  gboolean is_open;   /* what was found is neither proven nor the user's guess: more may come */
  GError *error;      /* what the last completion left */
} FelSettle;

static void settle_step (FelSettle *self);

static void
settle_free (FelSettle *self)
{
  fel_ledger_entry_unref (self->entry);
  g_array_unref (self->waiters);
  fel_backend_call_unref (self->call);
  g_clear_pointer (&self->ids, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_free (self);
}

/* detail: (nullable) */
static void
settle_finish (FelSettle *self, const char *detail, const GError *error)
{
  FelLedgerEntry *entry = self->entry;
  char *said = g_strdup (error != NULL ? error->message : detail); /* which may be the old one */

  g_free (entry->detail);
  entry->detail = said;
  entry->settle = NULL;
  if (!entry->ended)
    entry->state = FEL_LEDGER_UNRESOLVED;
  for (guint i = 0; i < self->waiters->len; i++)
    {
      const Waiter *waiter = &g_array_index (self->waiters, Waiter, i);

      waiter->done (entry, error, waiter->user_data);
    }
  settle_free (self);
}

void
fel_settle_end (FelBroker *broker, FelLedgerEntry *entry, const char *what)
{
  FelLogSettled line = {
    .intent = entry->intent->uuid,
    .backend = entry->intent->backend,
    .workspace = entry->intent->workspace,
    .database = entry->intent->database,
    .id = entry->intent->id,
    .what = what,
  };

  fel_failpoint ("reconcile-drop");
  fel_ledger_end (broker->ledger, entry);
  fel_log_settled (&line);
}

static void
settle_end (FelSettle *self, const char *what)
{
  fel_settle_end (self->broker, self->entry, what);
  settle_finish (self, NULL, NULL);
}

/* The provider may still be at it for that long after we have stopped waiting. */
static gint64
settle_age_sec (const FelSettle *self)
{
  return 2 * (gint64) self->instance->config->timeout_sec + GRACE_SEC;
}

/* Seconds until nothing can come of it any more; 0: that time is over. A clock that was set tells too little: then what
 * we have seen ourselves counts. */
static guint
settle_wait_sec (const FelSettle *self)
{
  gint64 by_clock_sec = g_get_real_time () / G_USEC_PER_SEC - self->entry->intent->since_sec;
  gint64 seen_sec = (g_get_monotonic_time () - self->entry->seen_usec) / G_USEC_PER_SEC;

  return (guint) MAX (settle_age_sec (self) - MAX (by_clock_sec, seen_sec), 0);
}

static FelBackendCall *
settle_new_call (FelSettle *self, FelVerbKind verb)
{
  const FelIntent *intent = self->entry->intent;
  FelBackendCall *call = fel_backend_call_new (self->instance, verb);

  call->workspace = g_strdup (intent->workspace);
  call->database = g_strdup (intent->database);
  call->tenant_id = g_strdup (intent->tenant_id);
  call->internal = intent->internal;
  return call;
}

/* Completions */

static void
settle_take (FelSettle *self, const GError *error)
{
  g_clear_error (&self->error);
  if (error != NULL)
    self->error = g_error_copy (error);
  settle_step (self);
}

static void
on_opened (gpointer result, const GError *error, gpointer user_data)
{
  settle_take (user_data, error);
}

static void
on_ready (gpointer user_data)
{
  settle_take (user_data, NULL);
}

static void
on_called (FelBackendCall *call, const GError *error, gpointer user_data)
{
  settle_take (user_data, error);
}

/* Where there is no such database, nothing lives in it. */
static void
on_listed (FelBackendCall *call, const GError *error, gpointer user_data)
{
  gboolean is_gone = g_error_matches (error, FEL_ERROR, FEL_ERROR_NOT_FOUND);

  settle_take (user_data, is_gone ? NULL : error);
}

static void
on_searched (gpointer result, const GError *error, gpointer user_data)
{
  FelSettle *self = user_data;

  self->is_stored = result != NULL;
  settle_take (self, error);
}

/* Steps */

static void
settle_begin (FelSettle *self)
{
  const FelIntent *intent = self->entry->intent;
  g_autoptr (GError) error = NULL;

  self->instance = fel_registry_resolve (self->broker->registry, intent->backend, intent->workspace, NULL, &error);
  self->state = SETTLE_PREPARED;
  if (self->instance == NULL)
    settle_finish (self, NULL, error);
  else if (fel_backend_prepare (self->broker, self->instance, on_ready, self))
    settle_step (self);
}

static void
settle_go_on (FelSettle *self)
{
  const FelIntent *intent = self->entry->intent;
  g_autoptr (GError) error = NULL;

  if (!fel_instance_check (self->instance, &error))
    settle_finish (self, NULL, error);
  else if (intent->id != NULL)
    {
      self->ids = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (self->ids, g_strdup (intent->id));
      self->state = SETTLE_NEXT;
      settle_step (self);
    }
  else
    {
      fel_failpoint ("reconcile-list");
      self->begun = fel_ledger_begun (self->broker->ledger);
      self->call = settle_new_call (self, FEL_VERB_LIST);
      self->state = SETTLE_LISTED;
      fel_verb_run (self->broker, self->call, on_listed, self);
    }
}

/* What lives there and is neither stored nor another intent's. */
static GPtrArray *
settle_candidates (FelSettle *self)
{
  const FelIntent *intent = self->entry->intent;
  FelCatalogQuery query = { .backend = intent->backend };
  g_autoptr (GPtrArray) stored = fel_catalog_select (self->broker->catalog, &query);
  g_autoptr (GHashTable) known = fel_ledger_ids (self->broker->ledger, self->entry);

  for (guint i = 0; i < stored->len; i++)
    g_hash_table_add (known, g_strdup (((FelCatalogEntry *) stored->pdata[i])->credential->id));
  return fel_candidates_select (self->call->list, known, intent->since_sec, intent->since_sec + settle_age_sec (self),
                                self->instance->config->exclusive);
}

static void
settle_finish_ambiguous (FelSettle *self)
{
  g_autofree char *uuid = g_strdup (self->entry->intent->uuid);
  g_autoptr (GError) error
      = g_error_new (FEL_ERROR, FEL_ERROR_CONFLICT,
                     "%u credentials could be the one of intent %s; end the right one at the provider, then run "
                     "`felucca unresolved forget %s`",
                     self->ids->len, uuid, uuid);

  settle_finish (self, NULL, error);
}

/* Where the provider keeps our intents, what bears this one is ours; where it does not, there are candidates. */
static GPtrArray *
settle_find_own (FelSettle *self, gboolean *ret_is_proven)
{
  g_autoptr (GPtrArray) own = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; self->call->list != NULL && i < self->call->list->len; i++)
    {
      const FelCredential *credential = self->call->list->pdata[i];

      if (g_strcmp0 (credential->intent, self->entry->intent->uuid) == 0)
        g_ptr_array_add (own, g_strdup (credential->id));
    }
  *ret_is_proven = own->len > 0;
  if (own->len > 0 || (self->instance->backend.flags & FEL_BACKEND_LISTS_INTENTS) != 0)
    return g_steal_pointer (&own);
  return settle_candidates (self);
}

/* A decision of the user holds for what was shown. */
static gboolean
has_unseen (GPtrArray *ids, GPtrArray *shown)
{
  for (guint i = 0; i < ids->len; i++)
    if (shown == NULL || !g_ptr_array_find_with_equal_func (shown, ids->pdata[i], g_str_equal, NULL))
      return TRUE;
  return FALSE;
}

static void
settle_finish_unseen (FelSettle *self)
{
  g_autoptr (GError) error
      = g_error_new (FEL_ERROR, FEL_ERROR_CONFLICT,
                     "what could be the one of intent %s was not shown before; look at `felucca unresolved`, then "
                     "decide again",
                     self->entry->intent->uuid);

  settle_finish (self, NULL, error);
}

static void
settle_judge_list (FelSettle *self)
{
  gboolean is_proven, is_unseen, is_guess;
  FelLedger *ledger = self->broker->ledger;
  FelLedgerEntry *entry = self->entry;

  entry->retry_sec = settle_wait_sec (self);
  if (self->begun != fel_ledger_begun (ledger) || fel_ledger_is_minting (ledger, entry->intent->backend))
    {
      /* What was listed may be a mint of ours that is not stored yet. */
      entry->retry_sec = RACED_RETRY_SEC;
      settle_finish (self, entry->detail, NULL);
      return;
    }
  g_clear_pointer (&self->ids, g_ptr_array_unref);
  self->ids = settle_find_own (self, &is_proven);
  is_guess = !is_proven && !self->instance->config->exclusive;
  self->is_open = !is_proven && !is_guess;
  is_unseen = has_unseen (self->ids, entry->listed);
  g_clear_pointer (&entry->candidates, g_ptr_array_unref);
  entry->candidates = g_ptr_array_ref (self->ids);
  if (self->ids->len == 0 && entry->retry_sec == 0)
    settle_end (self, "nothing came of it");
  else if (self->ids->len == 0) /* for the user, too: what may still be minted would be lost */
    settle_finish (self, "nothing that could be it lives at the provider so far", NULL);
  else if (self->by_user && is_guess && self->ids->len > 1)
    settle_finish_ambiguous (self);
  else if (self->by_user && is_guess && is_unseen)
    settle_finish_unseen (self);
  else if (self->is_open && !self->by_user && !fel_ledger_is_alone (ledger))
    {
      /* Or one of a daemon that is leaving, or that has come after us. */
      entry->retry_sec = RACED_RETRY_SEC;
      settle_finish (self, entry->detail, NULL);
    }
  else if (self->by_user || !is_guess)
    {
      self->state = SETTLE_NEXT;
      settle_step (self);
    }
  else
    settle_finish (self, NULL, NULL); /* the user decides */
}

/* The catalog could have missed it: nothing is revoked unless the keyring itself says that it does not have it. */
static void
settle_search (FelSettle *self, const char *id)
{
  g_autoptr (GHashTable) attributes = g_hash_table_new (g_str_hash, g_str_equal);

  g_hash_table_insert (attributes, (char *) "xdg:schema", (char *) FEL_SCHEMA_CREDENTIAL);
  g_hash_table_insert (attributes, (char *) FEL_KEY_BACKEND, self->entry->intent->backend);
  g_hash_table_insert (attributes, (char *) FEL_KEY_ID, (char *) id);
  self->state = SETTLE_SEARCHED;
  fel_keyring_find (self->broker->keyring, attributes, on_searched, self);
}

static void
settle_revoke (FelSettle *self, const char *id)
{
  fel_failpoint ("reconcile-revoke");
  fel_backend_call_unref (self->call);
  self->call = settle_new_call (self, FEL_VERB_REVOKE);
  self->call->id = g_strdup (id);
  self->state = SETTLE_REVOKED;
  fel_verb_run (self->broker, self->call, on_called, self);
}

/* One id after the other; when all are done, so is the intent, unless another one could still come of it. */
static void
settle_next (FelSettle *self)
{
  FelLedgerEntry *entry = self->entry;

  if (self->n_done < self->ids->len)
    settle_search (self, self->ids->pdata[self->n_done]);
  else if (entry->intent->id != NULL || (self->by_user && !self->is_open) || entry->retry_sec == 0)
    settle_end (self, self->revoked ? "what came of it was revoked" : "what came of it is stored");
  else
    settle_finish (self, "what could be it was revoked; whether more comes is seen later", NULL);
}

static void
settle_step (FelSettle *self)
{
  if (self->error != NULL || self->entry->ended)
    {
      settle_finish (self, NULL, self->error);
      return;
    }
  switch (self->state)
    {
    case SETTLE_START:
      self->state = SETTLE_OPENED;
      fel_keyring_unlock (self->broker->keyring, FALSE, on_opened, self);
      return;

    case SETTLE_OPENED:
      self->state = SETTLE_READY;
      fel_mirror_when_ready (self->broker->mirror, on_ready, self);
      return;

    case SETTLE_READY:
      settle_begin (self);
      return;

    case SETTLE_PREPARED:
      settle_go_on (self);
      return;

    case SETTLE_LISTED:
      fel_failpoint ("reconcile-listed");
      settle_judge_list (self);
      return;

    case SETTLE_NEXT:
      settle_next (self);
      return;

    case SETTLE_SEARCHED:
      if (!self->is_stored)
        {
          settle_revoke (self, self->ids->pdata[self->n_done]);
          return;
        }
      self->n_done++;
      settle_next (self);
      return;

    case SETTLE_REVOKED:
      fel_failpoint ("reconcile-revoked");
      fel_mirror_bury (self->broker->mirror, self->entry->intent->backend, self->ids->pdata[self->n_done]);
      self->revoked = TRUE;
      self->n_done++;
      settle_next (self);
      return;

    default:
      g_assert_not_reached ();
    }
}

void
fel_settle_run (FelBroker *broker, FelLedgerEntry *entry, gboolean by_user, FelSettleDone done, gpointer user_data)
{
  FelSettle *self = entry->settle;
  Waiter waiter = { done, user_data };

  g_assert (entry->state != FEL_LEDGER_MINTING && !entry->ended);
  if (self != NULL)
    {
      self->by_user = self->by_user || by_user;
      g_array_append_val (self->waiters, waiter);
      return;
    }
  self = g_new0 (FelSettle, 1);
  entry->settle = self;
  entry->state = FEL_LEDGER_SETTLING;
  entry->retry_sec = 0;
  self->broker = broker;
  self->entry = fel_ledger_entry_ref (entry);
  self->by_user = by_user;
  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  g_array_append_val (self->waiters, waiter);
  settle_step (self);
}

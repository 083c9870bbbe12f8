/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include "access.h"
#include "error.h"
#include "failpoint.h"
#include "mirror.h"
#include "reconcile.h"
#include "verb.h"

enum
{
  CREATE_START,
  CREATE_ACCESS,
  CREATE_QUEUE,
  CREATE_PREPARE,
  CREATE_MINT,
  CREATE_MINTED,
  CREATE_STORED,
  CREATE_UNDONE,
};

static gboolean
is_same_target (const FelCredential *credential, const FelRequest *self)
{
  return g_str_equal (credential->backend, self->instance->name) && g_str_equal (credential->workspace, self->workspace)
         && g_str_equal (credential->database, self->database)
         && g_strcmp0 (credential->tenant_id, self->options->tenant_id) == 0
         && (credential->internal == FEL_TRUE) == self->options->internal;
}

static gboolean
is_same_wish (const FelRequest *a, const FelRequest *b)
{
  return a->instance == b->instance && g_str_equal (a->workspace, b->workspace)
         && g_str_equal (a->database, b->database) && a->options->internal == b->options->internal
         && g_strcmp0 (a->options->tenant_id, b->options->tenant_id) == 0;
}

static void
fail_reused_request_id (FelRequest *self)
{
  g_autoptr (GError) error = g_error_new (FEL_ERROR, FEL_ERROR_CONFLICT,
                                          "request-id '%s' was already used for another target",
                                          self->options->request_id);

  fel_request_fail (self, error);
}

/* Nobody knows yet what became of the first: another mint could be the second one for the same wish. */
static void
fail_unsettled_request_id (FelRequest *self, const FelLedgerEntry *entry)
{
  g_autoptr (GError) error = g_error_new (FEL_ERROR, FEL_ERROR_OUTCOME_UNKNOWN,
                                          "the outcome of an earlier call with request-id '%s' is not known (intent "
                                          "%s); see `felucca unresolved`",
                                          self->options->request_id, entry->intent->uuid);

  fel_request_fail (self, error);
}

/* Is this a repeat of a call that is done or under way? Then it gets its answer and this returns TRUE. */
static gboolean
create_is_repeat (FelRequest *self)
{
  FelCatalogQuery query = {
    .request_id = self->options->request_id,
    .usable_until_sec = g_get_real_time () / G_USEC_PER_SEC,
  };
  FelCatalogEntry *entry;
  FelLedgerEntry *unsettled;
  FelRequest *leader;
  g_autofree char *key = NULL;

  if (self->options->request_id == NULL)
    return FALSE;
  entry = fel_catalog_newest (self->broker->catalog, &query);
  if (entry != NULL && is_same_target (entry->credential, self))
    {
      g_free (self->options->id);
      self->options->id = g_strdup (entry->credential->id);
      fel_request_become (self, &fel_request_get);
      return TRUE;
    }
  unsettled = fel_ledger_find_request (self->broker->ledger, self->options->request_id);
  if (entry == NULL && unsettled != NULL)
    {
      fail_unsettled_request_id (self, unsettled);
      return TRUE;
    }
  key = g_strconcat ("request\n", self->options->request_id, NULL);
  leader = g_hash_table_lookup (self->broker->flights, key);
  if (entry != NULL || (leader != NULL && !is_same_wish (leader, self)))
    {
      fail_reused_request_id (self);
      return TRUE;
    }
  return fel_request_join (self, g_steal_pointer (&key));
}

static void
on_access (FelToken *token, const GError *error, gpointer user_data)
{
  FelRequest *self = user_data;

  self->token = token != NULL ? fel_token_ref (token) : NULL;
  fel_request_on_outcome (NULL, error, self);
}

static void
on_turn (gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;

  self->in_mint_queue = TRUE;
  fel_request_step (self);
}

/* What the provider said, completed by what only we know. */
static FelCredential *
create_complete (const FelRequest *self)
{
  FelCredential *credential = fel_credential_copy (self->call->credential);

  credential->backend = g_strdup (self->instance->name);
  credential->workspace = g_strdup (self->workspace);
  credential->database = g_strdup (self->database);
  credential->request_id = g_strdup (self->options->request_id);
  credential->stored_sec = g_get_real_time () / G_USEC_PER_SEC;
  if (credential->user == NULL)
    credential->user = g_strdup (credential->id);
  /* As it was asked for, however the provider spells it: so it is found again. */
  if (self->options->tenant_id != NULL)
    {
      g_free (credential->tenant_id);
      credential->tenant_id = g_strdup (self->options->tenant_id);
    }
  /* An end that the provider does not see to is ours to see to. */
  if (credential->not_after_sec == 0 && self->options->ttl_sec != 0
      && fel_backend_has (self->instance, FEL_VERB_REVOKE))
    credential->not_after_sec = credential->stored_sec + self->options->ttl_sec;
  if (self->options->ttl_sec != 0)
    credential->renewable = FEL_UNSET; /* it was wished to end then */
  if (credential->internal == FEL_UNSET && self->options->internal)
    credential->internal = FEL_TRUE;
  credential->label = self->options->label != NULL ? g_strdup (self->options->label)
                                                   : fel_credential_default_label (credential);
  return credential;
}

/* Steps on when the last of those that were started together is done. */
static void
create_joined (FelRequest *self)
{
  if (--self->pending == 0)
    fel_request_step (self);
}

static void
on_stored (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;

  fel_failpoint ("stored");
  if (error == NULL)
    self->path = g_strdup (result);
  else
    self->error = g_error_copy (error);
  create_joined (self);
}

/* Where the id could not be put on the disk, memory has it, and the record there still says that it was sent. */
static void
on_id_put (FelLedgerEntry *entry, const GError *error, gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;

  create_joined (self);
}

static void
create_store (FelRequest *self)
{
  g_autoptr (GHashTable) attributes = NULL;

  self->credential = create_complete (self);
  self->secret = fel_secret_ref (self->call->secret);
  attributes = fel_credential_to_attributes (self->credential);
  self->pending = 2;
  fel_ledger_put_id (self->broker->ledger, self->entry, self->credential->id, on_id_put, fel_request_ref (self));
  fel_failpoint ("store");
  fel_keyring_store (self->broker->keyring, self->credential->label, attributes, self->secret, FALSE, on_stored,
                     fel_request_ref (self));
}

/* The catalog holds what the keyring holds, no more: the same whether or not the daemon was restarted meanwhile. */
static void
create_catalogue (FelRequest *self)
{
  g_autoptr (GHashTable) attributes = fel_credential_to_attributes (self->credential);
  g_autoptr (FelCredential) kept = fel_credential_from_attributes (attributes, self->credential->label,
                                                                   self->credential->stored_sec);

  fel_catalog_put (self->broker->catalog, self->path, kept);
}

/* From now on the reconciler has it. */
static void
create_leave_open (FelRequest *self)
{
  fel_ledger_leave_open (self->broker->ledger, self->entry);
  fel_reconcile_kick (self->broker->reconcile);
}

static void
on_undone (FelBackendCall *call, const GError *error, gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;

  fel_failpoint ("undone");
  if (error != NULL)
    self->error = g_error_copy (error);
  create_joined (self);
}

/* Ends what was minted, since nobody can hold it. why: becomes the answer. */
static void
create_undo (FelRequest *self, GError *why /* (transfer full) */, const char *id)
{
  g_autoptr (FelBackendCall) call = NULL;

  g_free (self->id);
  self->id = g_strdup (id);
  call = fel_request_new_call (self, FEL_VERB_REVOKE);
  g_clear_pointer (&self->credential, fel_credential_unref);
  g_clear_pointer (&self->secret, fel_secret_unref);
  self->undo_reason = why;
  self->state = CREATE_UNDONE;
  self->pending = 1;
  if (self->entry->intent->id == NULL)
    {
      self->pending++;
      fel_ledger_put_id (self->broker->ledger, self->entry, id, on_id_put, fel_request_ref (self));
    }
  fel_failpoint ("undo");
  fel_verb_run (self->broker, call, on_undone, fel_request_ref (self));
}

static void
create_finish_undone (FelRequest *self)
{
  g_autoptr (GError) outcome = fel_request_take_outcome (self);
  g_autoptr (GError) why = g_steal_pointer (&self->undo_reason);
  g_autoptr (GError) error = NULL;

  if (outcome == NULL)
    {
      error = g_error_new (why->domain, why->code, "%s; it was revoked again", why->message);
      fel_mirror_bury (self->broker->mirror, self->instance->name, self->id);
      fel_ledger_end (self->broker->ledger, self->entry);
    }
  else
    {
      error = g_error_new (FEL_ERROR, FEL_ERROR_OUTCOME_UNKNOWN,
                           "%s; revoking credential '%s' again failed too: %s (intent %s, see `felucca unresolved`)",
                           why->message, self->id, outcome->message, self->entry->intent->uuid);
      create_leave_open (self);
    }
  fel_request_fail (self, error);
}

static void
create_fail_unknown (FelRequest *self, const GError *error)
{
  g_autoptr (GError) told = g_error_new (error->domain, error->code, "%s (intent %s, see `felucca unresolved`)",
                                         error->message, self->entry->intent->uuid);

  create_leave_open (self);
  fel_request_fail (self, told);
}

/* The mint failed; perhaps something lives all the same. */
static void
create_end_unminted (FelRequest *self, const GError *error)
{
  const FelCredential *said = self->call->given_up ? NULL : self->call->credential;

  if (said != NULL && said->id != NULL && self->call->maybe_minted)
    create_undo (self, g_error_copy (error), said->id);
  else if (self->call->given_up || self->call->maybe_minted)
    create_fail_unknown (self, error);
  else
    {
      fel_ledger_end (self->broker->ledger, self->entry);
      fel_request_fail (self, error);
    }
}

static void
create_end_unstored (FelRequest *self, const GError *reason)
{
  GError *why = g_error_new (FEL_ERROR, FEL_ERROR_NOT_STORED, "a credential was minted and could not be kept: %s",
                             reason->message);

  create_undo (self, why, self->call->credential->id);
}

static void
create_after_mint (FelRequest *self)
{
  g_autoptr (GError) error = fel_request_take_outcome (self);

  if (error != NULL)
    create_end_unminted (self, error);
  else
    {
      self->state = CREATE_STORED;
      create_store (self);
    }
}

static void
create_after_store (FelRequest *self)
{
  g_autoptr (GError) error = fel_request_take_outcome (self);

  if (error != NULL)
    create_end_unstored (self, error);
  else
    {
      create_catalogue (self);
      fel_failpoint ("commit");
      fel_ledger_end (self->broker->ledger, self->entry);
      fel_failpoint ("reply");
      fel_request_finish (self);
    }
}

static void
on_prepared (FelLedgerEntry *entry, const GError *error, gpointer user_data)
{
  FelRequest *self = user_data;

  if (entry != NULL)
    self->entry = fel_ledger_entry_ref (entry);
  fel_request_on_outcome (NULL, error, self);
}

/* NULL: nothing speaks against it. */
static GError *
create_obstacle (const FelRequest *self)
{
  guint n = fel_ledger_count_unresolved (self->broker->ledger, self->instance->name);

  if (self->orphaned && (self->followers == NULL || self->followers->len == 0))
    return g_error_new (FEL_ERROR, FEL_ERROR_CANCELLED, "the caller left before anything was minted");
  if (n > FEL_UNRESOLVED_MAX)
    return g_error_new (FEL_ERROR, FEL_ERROR_LIMIT_EXCEEDED,
                        "the outcome of %u mints of backend '%s' is not known; settle them first: run `felucca "
                        "unresolved`",
                        n, self->instance->name);
  return NULL;
}

static void
create_prepare (FelRequest *self)
{
  g_autoptr (GError) obstacle = create_obstacle (self);

  if (obstacle != NULL)
    fel_request_fail (self, obstacle);
  else
    fel_ledger_prepare (self->broker->ledger,
                        fel_intent_new (self->instance->name, self->workspace, self->database, self->options->tenant_id,
                                        self->options->internal, self->options->request_id,
                                        g_get_real_time () / G_USEC_PER_SEC),
                        on_prepared, fel_request_ref (self));
}

static void
create_mint (FelRequest *self)
{
  self->call = fel_request_new_call (self, FEL_VERB_MINT);
  self->call->token = g_steal_pointer (&self->token);
  self->call->intents = fel_ledger_folder (self->broker->ledger);
  self->call->intent = fel_intent_ref (self->entry->intent);
  fel_verb_run (self->broker, self->call, fel_request_on_call, fel_request_ref (self));
}

static void
create_get_access (FelRequest *self)
{
  fel_access_get (self->broker, self->instance, NULL, self->options->interactive, on_access, fel_request_ref (self));
}

static void
create_step (FelRequest *self)
{
  for (;;)
    switch (self->state)
      {
      case CREATE_START:
        if (!fel_request_resolve (self) || create_is_repeat (self))
          return;
        self->state = CREATE_ACCESS;
        break;

      case CREATE_ACCESS:
        self->state = CREATE_QUEUE;
        if ((self->instance->backend.flags & FEL_BACKEND_NEEDS_TOKEN) == 0)
          break;
        create_get_access (self);
        return;

      case CREATE_QUEUE:
        if (self->error != NULL)
          {
            fel_request_finish (self);
            return;
          }
        self->state = CREATE_PREPARE;
        fel_mint_queue_enter (self->broker->mint_queue, on_turn, fel_request_ref (self));
        return;

      case CREATE_PREPARE:
        self->state = CREATE_MINT;
        create_prepare (self);
        return;

      case CREATE_MINT:
        if (self->error != NULL)
          {
            fel_request_finish (self);
            return;
          }
        self->state = CREATE_MINTED;
        create_mint (self);
        return;

      case CREATE_MINTED:
        create_after_mint (self);
        return;

      case CREATE_STORED:
        create_after_store (self);
        return;

      case CREATE_UNDONE:
        create_finish_undone (self);
        return;

      default:
        g_assert_not_reached ();
      }
}

const FelRequestKind fel_request_create = {
  .name = "CreateCredential",
  .call = FEL_CALL_CREATE,
  .unlocks = TRUE,
  .step = create_step,
};

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include "error.h"
#include "settle.h"

enum
{
  RESOLVE_START,
  RESOLVE_UNLOCKED,
  RESOLVE_JOINED,
  RESOLVE_SETTLED,
};

/* What is told here is what a later decision of the user can be about. */
static void
list_unresolved_step (FelRequest *self)
{
  self->list = fel_ledger_unresolved (self->broker->ledger);
  for (guint i = 0; i < self->list->len; i++)
    {
      FelLedgerEntry *entry = self->list->pdata[i];

      g_clear_pointer (&entry->listed, g_ptr_array_unref);
      entry->listed = entry->candidates != NULL ? g_ptr_array_ref (entry->candidates) : NULL;
    }
  fel_request_finish (self);
}

const FelRequestKind fel_request_list_unresolved = {
  .name = "ListUnresolved",
  .step = list_unresolved_step,
};

/* NULL: what is asked makes no sense, or not now. */
static FelLedgerEntry *
resolve_find (FelRequest *self, GError **error)
{
  FelLedgerEntry *entry = fel_ledger_find (self->broker->ledger, self->intent);

  if (!g_str_equal (self->action, "revoke") && !g_str_equal (self->action, "keep")
      && !g_str_equal (self->action, "forget"))
    g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "action '%s' is none of revoke, keep and forget",
                 self->action);
  else if (entry == NULL)
    g_set_error (error, FEL_ERROR, FEL_ERROR_NOT_FOUND, "there is no unresolved intent '%s'", self->intent);
  else if (entry->state == FEL_LEDGER_MINTING)
    g_set_error (error, FEL_ERROR, FEL_ERROR_CONFLICT, "intent '%s' is still under way", self->intent);
  else
    return entry;
  return NULL;
}

static void
resolve_begin (FelRequest *self)
{
  g_autoptr (GError) error = NULL;
  FelLedgerEntry *entry = resolve_find (self, &error);

  if (entry == NULL)
    {
      fel_request_fail (self, error);
      return;
    }
  if (self->entry == NULL)
    {
      self->entry = fel_ledger_entry_ref (entry);
      self->workspace = g_strdup (entry->intent->workspace);
      self->database = g_strdup (entry->intent->database);
      self->id = g_strdup (entry->intent->id);
    }
  if (g_str_equal (self->action, "revoke"))
    {
      self->state = RESOLVE_UNLOCKED;
      fel_keyring_unlock (self->broker->keyring, self->options->interactive, fel_request_on_outcome,
                          fel_request_ref (self));
      return;
    }
  fel_settle_end (self->broker, entry,
                  g_str_equal (self->action, "keep") ? "the user keeps what came of it" : "the user has dropped it");
  fel_request_finish (self);
}

static void
on_settled (FelLedgerEntry *entry, const GError *error, gpointer user_data)
{
  fel_request_on_outcome (NULL, error, user_data);
}

static void
resolve_settle (FelRequest *self)
{
  gboolean joins = self->entry->state == FEL_LEDGER_SETTLING;

  self->state = joins ? RESOLVE_JOINED : RESOLVE_SETTLED;
  fel_settle_run (self->broker, self->entry, TRUE, on_settled, fel_request_ref (self));
}

/* The prompt may have taken long. */
static void
resolve_unlocked (FelRequest *self)
{
  g_autoptr (GError) error = NULL;

  if (self->error != NULL)
    fel_request_finish (self);
  else if (resolve_find (self, &error) == NULL)
    fel_request_fail (self, error);
  else
    resolve_settle (self);
}

/* What was under way may have been past the point where the user's word counts. */
static void
resolve_joined (FelRequest *self)
{
  g_clear_error (&self->error);
  if (self->entry->ended)
    fel_request_finish (self);
  else
    resolve_settle (self);
}

static void
resolve_finish (FelRequest *self)
{
  const char *detail = self->entry->detail;

  if (self->error == NULL && !self->entry->ended)
    self->error = g_error_new (FEL_ERROR, FEL_ERROR_CONFLICT, "intent '%s' is not settled yet: %s; try again in %u s",
                               self->intent, detail != NULL ? detail : "mints are under way there",
                               self->entry->retry_sec);
  fel_request_finish (self);
}

static void
resolve_step (FelRequest *self)
{
  switch (self->state)
    {
    case RESOLVE_START:
      resolve_begin (self);
      return;

    case RESOLVE_UNLOCKED:
      resolve_unlocked (self);
      return;

    case RESOLVE_JOINED:
      resolve_joined (self);
      return;

    case RESOLVE_SETTLED:
      resolve_finish (self);
      return;

    default:
      g_assert_not_reached ();
    }
}

const FelRequestKind fel_request_resolve_unresolved = {
  .name = "ResolveUnresolved",
  .step = resolve_step,
};

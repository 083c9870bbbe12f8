/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include "error.h"
#include "verb.h"

enum
{
  RENEW_FIND,
  RENEW_ASK,
  RENEW_ASKED,
  RENEW_KEPT,
};

static void
renew_begin (FelRequest *self)
{
  FelCatalogQuery query = { .id = self->id, .backend = self->backend };
  FelCatalogEntry *entry = fel_catalog_newest (self->broker->catalog, &query);
  g_autoptr (GError) error = NULL;

  if (entry == NULL)
    {
      error = g_error_new (FEL_ERROR, FEL_ERROR_NOT_FOUND, "no credential '%s' is stored", self->id);
      fel_request_fail (self, error);
      return;
    }
  self->path = g_strdup (entry->path);
  self->credential = fel_credential_ref (entry->credential);
  self->workspace = g_strdup (entry->credential->workspace);
  self->database = g_strdup (entry->credential->database);
  self->state = RENEW_ASK;
  fel_request_step (self);
}

static void
renew_ask_provider (FelRequest *self)
{
  self->state = RENEW_ASKED;
  self->call = fel_request_new_call (self, FEL_VERB_RENEW);
  fel_verb_run (self->broker, self->call, fel_request_on_call, fel_request_ref (self));
}

/* The provider's answer counts, not the wish: a lease at its limit moves no further. */
static void
renew_keep (FelRequest *self)
{
  const FelCredential *said = self->call->credential;
  FelCredential *renewed = fel_credential_copy (self->credential);

  if (said != NULL && said->not_after_sec != 0)
    renewed->not_after_sec = said->not_after_sec;
  if (said != NULL && said->renewable != FEL_UNSET)
    renewed->renewable = said->renewable;
  fel_credential_unref (self->credential);
  self->credential = renewed;
  self->state = RENEW_KEPT;
  fel_request_change (self, self->path, renewed);
}

static void
renew_step (FelRequest *self)
{
  switch (self->state)
    {
    case RENEW_FIND:
      renew_begin (self);
      return;

    case RENEW_ASK:
      if (fel_request_resolve (self))
        renew_ask_provider (self);
      return;

    case RENEW_ASKED:
      if (self->error != NULL)
        fel_request_finish (self);
      else
        renew_keep (self);
      return;

    case RENEW_KEPT:
      fel_request_finish (self);
      return;

    default:
      g_assert_not_reached ();
    }
}

const FelRequestKind fel_request_renew = {
  .name = "Renew",
  .unlocks = TRUE,
  .step = renew_step,
};

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include "error.h"
#include "mirror.h"
#include "verb.h"

enum
{
  LIST_START,
  LIST_OPENED,
  LIST_READY,
  LIST_ASK,
  LIST_ASKED,
};

static void
list_stored (FelRequest *self)
{
  FelCatalogQuery query = {
    .backend = self->options->backend,
    .workspace = self->options->workspace,
    .database = self->options->database,
    .tenant_id = self->options->tenant_id,
  };
  g_autoptr (GPtrArray) found = fel_catalog_select (self->broker->catalog, &query);

  self->list = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_listed_free);
  for (guint i = 0; i < found->len; i++)
    {
      const FelCatalogEntry *entry = found->pdata[i];

      g_ptr_array_add (self->list, fel_listed_new (entry->credential, TRUE, entry->revoking));
    }
}

/* FALSE: the request has failed. */
static gboolean
list_aim (FelRequest *self)
{
  g_autoptr (GError) error = NULL;

  if (self->options->workspace == NULL || self->options->database == NULL)
    {
      error = g_error_new (FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS,
                           "option 'provider' needs a workspace and a database: providers list one at a time");
      fel_request_fail (self, error);
      return FALSE;
    }
  self->workspace = g_strdup (self->options->workspace);
  self->database = g_strdup (self->options->database);
  return TRUE;
}

static void
list_ask_provider (FelRequest *self)
{
  self->state = LIST_ASKED;
  self->call = fel_request_new_call (self, FEL_VERB_LIST);
  fel_verb_run (self->broker, self->call, fel_request_on_call, fel_request_ref (self));
}

/* Adds what lives at the provider and is not ours. */
static void
list_add_foreign (FelRequest *self)
{
  for (guint i = 0; self->call->list != NULL && i < self->call->list->len; i++)
    {
      const FelCredential *said = self->call->list->pdata[i];
      FelCatalogQuery query = { .backend = self->instance->name, .id = said->id };
      g_autoptr (FelCredential) foreign = NULL;

      if (fel_catalog_newest (self->broker->catalog, &query) != NULL)
        continue;
      foreign = fel_credential_copy (said);
      foreign->backend = g_strdup (self->instance->name);
      foreign->workspace = g_strdup (self->workspace);
      foreign->database = g_strdup (self->database);
      g_ptr_array_add (self->list, fel_listed_new (foreign, FALSE, FALSE));
    }
}

static void
list_step (FelRequest *self)
{
  for (;;)
    switch (self->state)
      {
      case LIST_START:
        self->state = LIST_OPENED;
        if (self->options->provider) /* the sign-in is in the keyring */
          fel_keyring_unlock (self->broker->keyring, self->options->interactive, fel_request_on_outcome,
                              fel_request_ref (self));
        else
          fel_keyring_open (self->broker->keyring, fel_request_on_outcome, fel_request_ref (self));
        return;

      case LIST_OPENED:
        if (self->error != NULL)
          {
            fel_request_finish (self);
            return;
          }
        self->state = LIST_READY;
        fel_request_load (self);
        return;

      case LIST_READY:
        list_stored (self);
        self->state = self->options->provider ? LIST_ASK : LIST_ASKED;
        if (self->options->provider && !list_aim (self))
          return;
        break;

      case LIST_ASK:
        if (fel_request_resolve (self))
          list_ask_provider (self);
        return;

      case LIST_ASKED:
        if (self->error == NULL && self->call != NULL)
          list_add_foreign (self);
        fel_request_finish (self);
        return;

      default:
        g_assert_not_reached ();
      }
}

const FelRequestKind fel_request_list = {
  .name = "ListCredentials",
  .call = FEL_CALL_LIST,
  .step = list_step,
};

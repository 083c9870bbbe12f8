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
  LIST_AIM,
  LIST_ASK,
  LIST_ASKED,
};

/* The sign-in, without which no provider can be asked, is in the keyring. */
static void
list_open (FelRequest *self)
{
  FelKeyring *keyring = self->broker->keyring;

  if (self->options->provider)
    fel_keyring_unlock (keyring, self->options->interactive, fel_request_on_outcome, fel_request_ref (self));
  else
    fel_keyring_open (keyring, fel_request_on_outcome, fel_request_ref (self));
}

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

/* Providers list one database at a time, and do not tell which there are: without a name, those are meant of which
 * something is stored. */
static void
list_find_targets (FelRequest *self)
{
  const FelOptions *options = self->options;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  self->targets = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_credential_unref);
  if (!options->provider)
    return;
  if (options->workspace != NULL && options->database != NULL)
    {
      FelCredential *named = fel_credential_new ();

      named->backend = g_strdup (options->backend);
      named->workspace = g_strdup (options->workspace);
      named->database = g_strdup (options->database);
      g_ptr_array_add (self->targets, named);
      return;
    }
  for (guint i = 0; i < self->list->len; i++)
    {
      FelCredential *stored = ((FelListed *) self->list->pdata[i])->credential;

      if (fel_registry_find (self->broker->registry, stored->backend) != NULL
          && g_hash_table_add (seen, g_strjoin ("\n", stored->backend, stored->workspace, stored->database, NULL)))
        g_ptr_array_add (self->targets, fel_credential_ref (stored));
    }
}

static void
set (char **text, const char *value)
{
  g_free (*text);
  *text = g_strdup (value);
}

/* FALSE: there is none left. */
static gboolean
list_aim (FelRequest *self)
{
  g_autoptr (FelCredential) target = NULL;

  if (self->targets->len == 0)
    return FALSE;
  target = g_ptr_array_steal_index (self->targets, 0);
  set (&self->backend, target->backend);
  set (&self->workspace, target->workspace);
  set (&self->database, target->database);
  self->instance = NULL;
  return TRUE;
}

/* FALSE: it goes on later, or has come to its end. Where one database was named, that it cannot be listed is an error; of
 * several, those are listed that can be. */
static gboolean
list_ask_provider (FelRequest *self)
{
  if (!fel_request_resolve (self))
    return FALSE;
  self->state = LIST_AIM;
  if ((self->options->workspace == NULL || self->options->database == NULL)
      && !fel_backend_has (self->instance, FEL_VERB_LIST))
    return TRUE;
  self->state = LIST_ASKED;
  g_clear_pointer (&self->call, fel_backend_call_unref);
  self->call = fel_request_new_call (self, FEL_VERB_LIST);
  fel_verb_run (self->broker, self->call, fel_request_on_call, fel_request_ref (self));
  return FALSE;
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
        list_open (self);
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
        list_find_targets (self);
        self->state = LIST_AIM;
        break;

      case LIST_AIM:
        if (!list_aim (self))
          {
            fel_request_finish (self);
            return;
          }
        self->state = LIST_ASK;
        break;

      case LIST_ASK:
        if (!list_ask_provider (self))
          return;
        break;

      case LIST_ASKED:
        if (self->error != NULL)
          {
            fel_request_finish (self);
            return;
          }
        list_add_foreign (self);
        self->state = LIST_AIM;
        break;

      default:
        g_assert_not_reached ();
      }
}

const FelRequestKind fel_request_list = {
  .name = "ListCredentials",
  .call = FEL_CALL_LIST,
  .step = list_step,
};

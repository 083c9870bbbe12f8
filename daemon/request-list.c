/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include "error.h"
#include "mirror.h"
#include "verb.h"

#define TARGETS_MAX 64 /* one after the other, each with the deadline of its instance */

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

static GPtrArray *
list_select (const FelRequest *self)
{
  FelCatalogQuery query = {
    .backend = self->options->backend,
    .workspace = self->options->workspace,
    .database = self->options->database,
    .tenant_id = self->options->tenant_id,
  };

  return fel_catalog_select (self->broker->catalog, &query);
}

static gboolean
list_is_of_one (const FelRequest *self)
{
  return self->options->workspace != NULL && self->options->database != NULL;
}

/* As things are now: while providers were asked, some were stored and some have gone. */
static void
list_end (FelRequest *self)
{
  g_autoptr (GPtrArray) found = list_select (self);
  g_autoptr (GPtrArray) foreign = g_steal_pointer (&self->list);

  self->list = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_listed_free);
  for (guint i = 0; i < found->len; i++)
    {
      const FelCatalogEntry *entry = found->pdata[i];

      g_ptr_array_add (self->list, fel_listed_new (entry->credential, TRUE, entry->revoking));
    }
  for (guint i = 0; i < foreign->len; i++)
    {
      FelCredential *credential = ((FelListed *) foreign->pdata[i])->credential;
      FelCatalogQuery query = { .backend = credential->backend, .id = credential->id };

      if (fel_catalog_newest (self->broker->catalog, &query) == NULL)
        g_ptr_array_add (self->list, fel_listed_new (credential, FALSE, FALSE));
    }
  if (!list_is_of_one (self)) /* the journal's line is about none of them */
    {
      g_clear_pointer (&self->workspace, g_free);
      g_clear_pointer (&self->database, g_free);
    }
  fel_request_finish (self);
}

/* Providers list one database at a time, and do not tell which there are: without a name, those are meant of which
 * something is stored. FALSE: the request has failed. */
static gboolean
list_find_targets (FelRequest *self)
{
  const FelOptions *options = self->options;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) found = options->provider && !list_is_of_one (self) ? list_select (self) : NULL;
  g_autoptr (GError) error = NULL;

  if (options->provider && list_is_of_one (self))
    {
      FelCredential *named = fel_credential_new ();

      named->backend = g_strdup (options->backend);
      named->workspace = g_strdup (options->workspace);
      named->database = g_strdup (options->database);
      g_ptr_array_add (self->targets, named);
    }
  for (guint i = 0; found != NULL && i < found->len; i++)
    {
      FelCredential *stored = ((FelCatalogEntry *) found->pdata[i])->credential;

      if (fel_registry_find (self->broker->registry, stored->backend) != NULL
          && g_hash_table_add (seen, g_strjoin ("\n", stored->backend, stored->workspace, stored->database, NULL)))
        g_ptr_array_add (self->targets, fel_credential_ref (stored));
    }
  if (self->targets->len <= TARGETS_MAX)
    return TRUE;
  error
      = g_error_new (FEL_ERROR, FEL_ERROR_LIMIT_EXCEEDED,
                     "with option 'provider', %u databases are to be asked about, more than %d; name a workspace or a "
                     "database",
                     self->targets->len, TARGETS_MAX);
  fel_request_fail (self, error);
  return FALSE;
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

  if (self->targets->len == 0 || self->orphaned)
    return FALSE;
  target = g_ptr_array_steal_index (self->targets, 0);
  set (&self->backend, target->backend);
  set (&self->workspace, target->workspace);
  set (&self->database, target->database);
  self->instance = NULL;
  return TRUE;
}

/* FALSE: it goes on later, or has come to its end. One of several whose backend has no such verb is passed over. */
static gboolean
list_ask_provider (FelRequest *self)
{
  if (!fel_request_resolve (self))
    return FALSE;
  self->state = LIST_AIM;
  if (!list_is_of_one (self) && !fel_backend_has (self->instance, FEL_VERB_LIST))
    return TRUE;
  self->state = LIST_ASKED;
  g_clear_pointer (&self->call, fel_backend_call_unref);
  self->call = fel_request_new_call (self, FEL_VERB_LIST);
  fel_verb_run (self->broker, self->call, fel_request_on_call, fel_request_ref (self));
  return FALSE;
}

/* An instance may call each of its databases by one name, and then says the same of each. */
static gboolean
list_has (const FelRequest *self, const char *id)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      const FelCredential *listed = ((FelListed *) self->list->pdata[i])->credential;

      if (g_str_equal (listed->id, id) && g_str_equal (listed->backend, self->instance->name))
        return TRUE;
    }
  return FALSE;
}

static void
list_add_foreign (FelRequest *self)
{
  for (guint i = 0; self->call->list != NULL && i < self->call->list->len; i++)
    {
      const FelCredential *said = self->call->list->pdata[i];
      g_autoptr (FelCredential) foreign = NULL;

      if (list_has (self, said->id))
        continue;
      foreign = fel_credential_copy (said);
      foreign->backend = g_strdup (self->instance->name);
      foreign->workspace = g_strdup (self->workspace);
      foreign->database = g_strdup (self->database);
      g_ptr_array_add (self->list, fel_listed_new (foreign, FALSE, FALSE));
    }
}

/* Of several, one that the provider no longer knows has nothing to list. TRUE: the list goes on. */
static gboolean
list_take_answer (FelRequest *self)
{
  if (self->error == NULL)
    list_add_foreign (self);
  else if (list_is_of_one (self))
    return FALSE;
  else if (g_error_matches (self->error, FEL_ERROR, FEL_ERROR_NOT_FOUND))
    g_clear_error (&self->error);
  else
    g_prefix_error (&self->error, "%s/%s at %s: ", self->workspace, self->database, self->instance->name);
  return self->error == NULL;
}

static void
list_step (FelRequest *self)
{
  for (;;)
    switch (self->state)
      {
      case LIST_START:
        self->list = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_listed_free);
        self->targets = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_credential_unref);
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
        if (!list_find_targets (self))
          return;
        self->state = LIST_AIM;
        break;

      case LIST_AIM:
        if (!list_aim (self))
          {
            list_end (self);
            return;
          }
        self->state = LIST_ASK;
        break;

      case LIST_ASK:
        if (!list_ask_provider (self))
          return;
        break;

      case LIST_ASKED:
        if (!list_take_answer (self))
          {
            fel_request_finish (self);
            return;
          }
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

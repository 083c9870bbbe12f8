/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include "backend-load.h"
#include "error.h"
#include "log.h"
#include "mirror.h"
#include "secret-pipe.h"

FelRequest *
fel_request_new (FelBroker *broker, const FelRequestKind *kind, FelOptions *options)
{
  FelRequest *self = g_new0 (FelRequest, 1);

  g_ref_count_init (&self->refs);
  self->broker = broker;
  self->kind = self->asked = kind;
  self->options = options;
  self->started_usec = g_get_monotonic_time ();
  return self;
}

FelRequest *
fel_request_ref (FelRequest *self)
{
  g_ref_count_inc (&self->refs);
  return self;
}

void
fel_request_unref (FelRequest *self)
{
  if (self == NULL || !g_ref_count_dec (&self->refs))
    return;
  g_assert (self->followers == NULL);
  g_free (self->caller);
  g_free (self->workspace);
  g_free (self->database);
  g_free (self->id);
  g_free (self->backend);
  g_free (self->intent);
  g_free (self->action);
  g_free (self->handle);
  g_free (self->url);
  fel_sign_in_end (self->sign_in);
  fel_ledger_entry_unref (self->entry);
  fel_options_free (self->options);
  fel_backend_call_unref (self->call);
  g_free (self->path);
  g_free (self->flight);
  fel_token_unref (self->token);
  fel_secret_unref (self->refresh_token);
  fel_secret_pipe_free (self->pipe);
  g_clear_error (&self->undo_reason);
  fel_credential_unref (self->credential);
  fel_secret_unref (self->secret);
  g_clear_pointer (&self->list, g_ptr_array_unref);
  g_clear_pointer (&self->targets, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_clear_error (&self->reply_error);
  g_free (self);
}

void
fel_request_step (FelRequest *self)
{
  self->kind->step (self);
}

void
fel_request_on_ready (gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;

  fel_request_step (self);
}

static void
on_loaded (gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;
  g_autoptr (GError) error = NULL;

  if (fel_mirror_check (self->broker->mirror, &error))
    fel_request_step (self);
  else
    fel_request_fail (self, error);
}

void
fel_request_load (FelRequest *self)
{
  fel_mirror_when_ready (self->broker->mirror, on_loaded, fel_request_ref (self));
}

static void
on_unlocked (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;

  if (error != NULL)
    fel_request_fail (self, error);
  else
    fel_request_load (self);
}

void
fel_request_enter (FelRequest *self)
{
  if (self->kind->unlocks)
    fel_keyring_unlock (self->broker->keyring, self->options->interactive, on_unlocked, fel_request_ref (self));
  else
    fel_request_step (self);
}

void
fel_request_start (FelRequest *self, FelRequestDone done, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  fel_request_ref (self); /* until it is finished */
  self->broker->open_requests++;
  self->done = done;
  self->done_data = user_data;
  if (self->kind == &fel_request_create && !fel_mint_queue_admits (self->broker->mint_queue, &error))
    fel_request_fail (self, error);
  else if (self->kind->at_once == NULL || !self->kind->at_once (self))
    fel_request_enter (self);
}

void
fel_request_orphan (FelRequest *self)
{
  self->orphaned = TRUE;
  if (self->kind->abandon != NULL)
    self->kind->abandon (self);
}

void
fel_request_become (FelRequest *self, const FelRequestKind *kind)
{
  g_clear_pointer (&self->credential, fel_credential_unref);
  g_clear_pointer (&self->path, g_free);
  self->kind = kind;
  self->state = 0;
  fel_request_step (self);
}

/* Equal calls */

gboolean
fel_request_join (FelRequest *self, char *key)
{
  g_autofree char *owned = key;
  FelRequest *leader = g_hash_table_lookup (self->broker->flights, key);

  if (self->flight != NULL)
    return FALSE;
  if (leader != NULL)
    {
      g_ptr_array_add (leader->followers, fel_request_ref (self));
      return TRUE;
    }
  self->flight = g_steal_pointer (&owned);
  self->followers = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_request_unref);
  g_hash_table_insert (self->broker->flights, self->flight, self);
  return FALSE;
}

static void
request_answer_follower (FelRequest *self, FelRequest *follower)
{
  g_clear_error (&follower->error);
  g_clear_pointer (&follower->credential, fel_credential_unref);
  g_clear_pointer (&follower->secret, fel_secret_unref);
  if (self->error != NULL)
    follower->error = g_error_copy (self->error);
  if (self->credential != NULL)
    follower->credential = fel_credential_ref (self->credential);
  if (self->secret != NULL)
    follower->secret = fel_secret_ref (self->secret);
  fel_request_finish (follower);
}

static void
request_land (FelRequest *self)
{
  g_autoptr (GPtrArray) followers = g_steal_pointer (&self->followers);

  if (self->flight == NULL)
    return;
  g_hash_table_remove (self->broker->flights, self->flight);
  for (guint i = 0; i < followers->len; i++)
    request_answer_follower (self, followers->pdata[i]);
}

static void
request_log (const FelRequest *self)
{
  FelLogRequest line = {
    .caller = self->caller,
    .method = self->asked->name,
    .backend = self->instance != NULL ? self->instance->name : NULL,
    .workspace = self->workspace,
    .database = self->database,
    .id = self->credential != NULL ? self->credential->id : self->id,
    .error = self->error != NULL ? self->error : self->reply_error,
    .duration_usec = g_get_monotonic_time () - self->started_usec,
  };

  fel_log_request (&line);
}

void
fel_request_log_refusal (FelRequest *self, const char *caller, const GError *error)
{
  g_free (self->caller);
  self->caller = g_strdup (caller);
  self->error = g_error_copy (error);
  request_log (self);
}

void
fel_request_finish (FelRequest *self)
{
  FelBroker *broker = self->broker;

  g_assert (!self->finished); /* two answers to one call */
  self->finished = TRUE;
  if (self->in_mint_queue)
    {
      self->in_mint_queue = FALSE;
      fel_mint_queue_leave (broker->mint_queue);
    }
  self->done (self, self->done_data);
  request_log (self);
  request_land (self);
  fel_request_unref (self);
  if (--broker->open_requests == 0 && broker->listener.became_idle != NULL)
    broker->listener.became_idle (broker->listener_data);
}

void
fel_request_fail (FelRequest *self, const GError *error)
{
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  fel_request_finish (self);
}

/* Targets */

static gboolean
instance_knows (FelBroker *broker, const FelInstance *instance, const char *workspace)
{
  const FelTokenSlot *slot = fel_token_cache_slot (broker->token_cache, instance->name);

  return slot->token != NULL && slot->token->workspaces != NULL
         && g_strv_contains ((const char *const *) slot->token->workspaces, workspace);
}

/* The only instance whose sign-in may use this workspace; NULL: none, or more than one. */
static FelInstance *
find_knower (FelBroker *broker, const char *workspace)
{
  FelInstance *knower = NULL;

  for (guint i = 0; workspace != NULL && i < fel_registry_size (broker->registry); i++)
    {
      FelInstance *instance = fel_registry_nth (broker->registry, i);

      if (!instance_knows (broker, instance, workspace))
        continue;
      if (knower != NULL)
        return NULL;
      knower = instance;
    }
  return knower;
}

FelInstance *
fel_request_find_instance (FelRequest *self, GError **error)
{
  const char *backend = self->options->backend != NULL ? self->options->backend : self->backend;

  return fel_registry_resolve (self->broker->registry, backend, self->workspace,
                               find_knower (self->broker, self->workspace), error);
}

/* Where the provider has no workspaces, the instance's name stands in for one. */
static gboolean
check_workspace (const FelRequest *self, GError **error)
{
  const FelInstance *instance = self->instance;

  if ((instance->backend.flags & FEL_BACKEND_NO_WORKSPACES) == 0 || self->workspace == NULL
      || g_str_equal (self->workspace, instance->name))
    return TRUE;
  g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS,
               "backend '%s' has no workspaces: its databases are named %s/DATABASE", instance->name, instance->name);
  return FALSE;
}

gboolean
fel_request_resolve (FelRequest *self)
{
  g_autoptr (GError) error = NULL;

  if (self->instance == NULL)
    self->instance = fel_request_find_instance (self, &error);
  if (self->instance != NULL && !fel_backend_prepare (self->broker, self->instance, fel_request_on_ready, self))
    {
      fel_request_ref (self); /* until it is ready */
      return FALSE;
    }
  if (self->instance != NULL && fel_instance_check (self->instance, &error) && check_workspace (self, &error))
    return TRUE;
  fel_request_fail (self, error);
  return FALSE;
}

/* A keyring that carried out a store twice has two items of the same credential. */
static gboolean
is_one_credential (GPtrArray *found)
{
  for (guint i = 1; i < found->len; i++)
    {
      const FelCatalogEntry *first = found->pdata[0], *other = found->pdata[i];

      if (!g_str_equal (first->credential->backend, other->credential->backend))
        return FALSE;
    }
  return found->len > 0;
}

FelCatalogEntry *
fel_request_find_stored (FelRequest *self)
{
  FelCatalogQuery query = {
    .id = self->id,
    .backend = self->options->backend != NULL ? self->options->backend : self->backend,
  };
  g_autoptr (GPtrArray) found = fel_catalog_select (self->broker->catalog, &query);
  g_autoptr (GError) error = NULL;

  if (is_one_credential (found))
    return found->pdata[0];
  if (found->len == 0)
    error = g_error_new (FEL_ERROR, FEL_ERROR_NOT_FOUND, "no credential '%s' is stored", self->id);
  else
    error = g_error_new (FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS,
                         "%u stored credentials have the id '%s'; name the backend with the option 'backend'",
                         found->len, self->id);
  fel_request_fail (self, error);
  return NULL;
}

static void
on_changed (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;
  g_autofree char *line = NULL;

  if (error != NULL)
    {
      line = g_strdup_printf ("what has changed about a credential for %s/%s is not in the keyring: %s",
                              self->workspace, self->database, error->message);
      fel_log_problem (line);
    }
  fel_request_step (self);
}

void
fel_request_change (FelRequest *self, const char *path, FelCredential *credential)
{
  g_autoptr (GHashTable) attributes = fel_credential_to_attributes (credential);

  fel_catalog_put (self->broker->catalog, path, credential);
  fel_keyring_change (self->broker->keyring, path, attributes, on_changed, fel_request_ref (self));
}

FelBackendCall *
fel_request_new_call (FelRequest *self, FelVerbKind verb)
{
  FelBackendCall *call = fel_backend_call_new (self->instance, verb);

  call->workspace = g_strdup (self->workspace);
  call->database = g_strdup (self->database);
  call->tenant_id = g_strdup (self->options->tenant_id);
  call->internal = self->options->internal;
  call->id = g_strdup (self->id);
  call->label = g_strdup (self->options->label);
  call->ttl_sec = (guint64) self->options->ttl_sec;
  call->interactive = self->options->interactive;
  return call;
}

/* Completions */

static void
request_keep_outcome (FelRequest *self, const GError *error)
{
  g_clear_error (&self->error);
  if (error != NULL)
    self->error = g_error_copy (error);
}

void
fel_request_on_outcome (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;

  request_keep_outcome (self, error);
  fel_request_step (self);
}

void
fel_request_on_call (FelBackendCall *call, const GError *error, gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;

  request_keep_outcome (self, error);
  fel_request_step (self);
}

GError *
fel_request_take_outcome (FelRequest *self)
{
  return g_steal_pointer (&self->error);
}

void
fel_listed_free (FelListed *self)
{
  if (self == NULL)
    return;
  fel_credential_unref (self->credential);
  g_free (self);
}

FelListed *
fel_listed_new (FelCredential *credential, gboolean stored, gboolean revoking)
{
  FelListed *self = g_new (FelListed, 1);

  self->credential = fel_credential_ref (credential);
  self->stored = stored;
  self->revoking = revoking;
  return self;
}

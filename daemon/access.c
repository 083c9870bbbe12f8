/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "access.h"

#include "felucca-names.h"

#include "backend-call.h"
#include "error.h"

typedef struct
{
  FelAccessDone done;
  gpointer user_data;
  FelToken *rejected; /* (nullable) */
  gboolean interactive;
} Waiter;

/* One walk for an instance: load, refresh, persist; those who come meanwhile wait with the first. */
typedef struct FelAccess
{
  FelBroker *broker;
  FelInstance *instance;
  FelTokenSlot *slot;
  GPtrArray *waiters;   /* of Waiter */
  FelToken *refreshing; /* the token whose refresh token is being spent */
  char *loading;        /* path of the item that is being read */
} FelAccess;

static void access_step (FelAccess *self);

static void
waiter_free (gpointer data)
{
  Waiter *waiter = data;

  fel_token_unref (waiter->rejected);
  g_free (waiter);
}

static void
access_finish (FelAccess *self, FelToken *token, const GError *error)
{
  g_autoptr (FelToken) held = token != NULL ? fel_token_ref (token) : NULL;

  g_hash_table_remove (self->broker->accesses, self->instance->name);
  for (guint i = 0; i < self->waiters->len; i++)
    {
      Waiter *waiter = self->waiters->pdata[i];

      waiter->done (held, error, waiter->user_data);
    }
  g_ptr_array_unref (self->waiters);
  fel_token_unref (self->refreshing);
  g_free (self->loading);
  g_free (self);
}

GError *
fel_access_error (const FelInstance *instance, const GError *reason)
{
  return g_error_new (FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED,
                      "backend '%s' needs a sign-in: run `felucca sign-in %s`%s%s%s", instance->name, instance->name,
                      reason != NULL ? " (" : "", reason != NULL ? reason->message : "", reason != NULL ? ")" : "");
}

void
fel_access_refuse (FelBroker *broker, FelInstance *instance, const FelToken *token)
{
  FelTokenSlot *slot = fel_token_cache_slot (broker->token_cache, instance->name);

  if (slot->refused || (token != NULL && slot->token != token))
    return;
  slot->refused = TRUE;
  if (broker->listener.sign_in_required != NULL)
    broker->listener.sign_in_required (instance->name, broker->listener_data);
}

/* reason: (nullable) what the provider said */
static void
access_finish_refused (FelAccess *self, const GError *reason)
{
  g_autoptr (GError) error = fel_access_error (self->instance, reason);

  fel_access_refuse (self->broker, self->instance, NULL);
  access_finish (self, NULL, error);
}

/* Persisting */

typedef struct
{
  FelBroker *broker;
  FelInstance *instance;
  FelToken *token;
  char *old_path;      /* (nullable) item that this one replaces */
  gboolean is_refresh; /* of the sign-in in the slot, which may have changed meanwhile */
  FelAccessDone done;
  gpointer user_data;
} Keep;

static void
on_kept (gpointer result, const GError *error, gpointer user_data)
{
  g_autofree Keep *keep = user_data;
  g_autofree char *old_path = keep->old_path;
  g_autoptr (FelToken) token = keep->token;
  FelTokenSlot *slot = fel_token_cache_slot (keep->broker->token_cache, keep->instance->name);

  if (error == NULL && keep->is_refresh && slot->token != token)
    {
      /* Somebody has signed out, or in anew: what they did counts. */
      if (g_strcmp0 (slot->path, result) != 0)
        fel_keyring_delete (keep->broker->keyring, result, fel_keyring_no_answer, NULL);
      keep->done (NULL, NULL, keep->user_data);
      return;
    }
  if (error == NULL)
    {
      fel_token_cache_found (keep->broker->token_cache, keep->instance->name, token->account, result);
      fel_token_slot_set (slot, token, FALSE);
      if (old_path != NULL && g_strcmp0 (old_path, result) != 0)
        fel_keyring_delete (keep->broker->keyring, old_path, fel_keyring_no_answer, NULL);
    }
  keep->done (error == NULL ? token : NULL, error, keep->user_data);
}

static void
access_keep (FelBroker *broker, FelInstance *instance, FelToken *token, gboolean is_refresh, FelAccessDone done,
             gpointer user_data)
{
  FelTokenSlot *slot = fel_token_cache_slot (broker->token_cache, instance->name);
  g_autoptr (GHashTable) attributes = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (FelSecret) text = fel_token_serialize (token);
  g_autofree char *label = g_strdup_printf ("felucca sign-in: %s (%s)", token->account, instance->name);
  Keep *keep = g_new0 (Keep, 1);

  keep->broker = broker;
  keep->instance = instance;
  keep->token = fel_token_ref (token);
  keep->is_refresh = is_refresh;
  keep->old_path = g_strdup (slot->path);
  keep->done = done;
  keep->user_data = user_data;
  g_hash_table_insert (attributes, (char *) "xdg:schema", (char *) FEL_SCHEMA_TOKEN);
  g_hash_table_insert (attributes, (char *) FEL_KEY_BACKEND, (char *) instance->name);
  g_hash_table_insert (attributes, (char *) "account", token->account);
  fel_keyring_store (broker->keyring, label, attributes, text, TRUE, on_kept, keep);
}

void
fel_access_keep (FelBroker *broker, FelInstance *instance, FelToken *token, FelAccessDone done, gpointer user_data)
{
  access_keep (broker, instance, token, FALSE, done, user_data);
}

static void
on_refreshed_kept (FelToken *token, const GError *error, gpointer user_data)
{
  if (token == NULL && error == NULL)
    access_step (user_data);
  else
    access_finish (user_data, token, error);
}

/* The walk */

static void
on_loaded (gpointer result, const GError *error, gpointer user_data)
{
  FelAccess *self = user_data;
  g_autoptr (FelToken) token = NULL;
  g_autoptr (GError) unreadable = NULL;

  if (self->slot->token != NULL || g_strcmp0 (self->slot->path, self->loading) != 0)
    {
      access_step (self); /* somebody has signed in or out meanwhile */
      return;
    }
  if (error != NULL && !g_error_matches (error, FEL_ERROR, FEL_ERROR_NOT_FOUND))
    {
      access_finish (self, NULL, error);
      return;
    }
  if (error == NULL)
    token = fel_token_parse (result, self->slot->account, &unreadable);
  if (token == NULL)
    access_finish_refused (self, unreadable);
  else
    {
      fel_token_slot_set (self->slot, token, FALSE);
      access_step (self);
    }
}

/* Whatever the provider dislikes about a refresh, another sign-in is what mends it (RFC 6749, section 5.2). */
static gboolean
is_refusal (const GError *error)
{
  return g_error_matches (error, FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED)
         || g_error_matches (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS)
         || g_error_matches (error, FEL_ERROR, FEL_ERROR_ACCESS_DENIED);
}

/* What a refresh has made of a token. */
static FelToken *
refreshed_token (const FelBackendCall *call, const FelToken *old)
{
  const char *const *workspaces = (const char *const *) old->workspaces;
  gint64 now_sec = g_get_real_time () / G_USEC_PER_SEC;
  gint64 expires_sec = fel_token_plausible_end (call->expires_sec, now_sec);

  if (old->refresh == NULL)
    return fel_token_new_renewable (call->secret, expires_sec, now_sec, old->account, workspaces);
  return fel_token_new (call->secret, call->refresh_secret != NULL ? call->refresh_secret : old->refresh, expires_sec,
                        old->account, workspaces);
}

/* A token that could not be prolonged is as good as before: it runs out. */
static gboolean
access_goes_on_as_before (FelAccess *self, const GError *error)
{
  gint64 now_sec = g_get_real_time () / G_USEC_PER_SEC;

  if (error == NULL || self->refreshing->refresh != NULL
      || g_error_matches (error, FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED))
    return FALSE;
  self->slot->final = is_refusal (error) || g_error_matches (error, FEL_ERROR, FEL_ERROR_UNSUPPORTED);
  return fel_token_judge (self->refreshing, FALSE, now_sec) != FEL_TOKEN_DEAD;
}

static void
on_refreshed (FelBackendCall *call, const GError *error, gpointer user_data)
{
  FelAccess *self = user_data;
  FelToken *old = self->refreshing;
  g_autoptr (FelToken) token = NULL;

  if (self->slot->token != old)
    access_step (self); /* somebody has signed in or out meanwhile */
  else if (access_goes_on_as_before (self, error))
    access_finish (self, old, NULL);
  else if (is_refusal (error))
    access_finish_refused (self, error);
  else if (error != NULL)
    access_finish (self, NULL, error);
  else
    {
      token = refreshed_token (call, old);
      fel_token_slot_set (self->slot, token, TRUE);
      access_keep (self->broker, self->instance, token, TRUE, on_refreshed_kept, self);
    }
}

static void
access_refresh (FelAccess *self)
{
  g_autoptr (FelBackendCall) call = fel_backend_call_new (self->instance, FEL_VERB_REFRESH);

  g_clear_pointer (&self->refreshing, fel_token_unref);
  self->refreshing = fel_token_ref (self->slot->token);
  call->token = fel_token_ref (self->slot->token);
  fel_backend_call_run (call, self->broker->work, on_refreshed, self);
}

/* Was the token that we have the one that any of the waiters saw refused? */
static gboolean
access_is_rejected (const FelAccess *self)
{
  for (guint i = 0; i < self->waiters->len; i++)
    {
      FelToken *rejected = ((Waiter *) self->waiters->pdata[i])->rejected;

      if (rejected != NULL && fel_secret_equal (rejected->access, self->slot->token->access))
        return TRUE;
    }
  return FALSE;
}

static gboolean
access_may_ask (const FelAccess *self)
{
  gboolean may = FALSE;

  for (guint i = 0; i < self->waiters->len; i++)
    may |= ((Waiter *) self->waiters->pdata[i])->interactive;
  return may;
}

static void
access_step (FelAccess *self)
{
  FelTokenSlot *slot = self->slot;
  gint64 now_sec = g_get_real_time () / G_USEC_PER_SEC;

  if (slot->refused || (slot->token == NULL && slot->path == NULL))
    access_finish_refused (self, NULL);
  else if (slot->token == NULL)
    {
      g_free (self->loading);
      self->loading = g_strdup (slot->path);
      fel_keyring_read (self->broker->keyring, self->loading, access_may_ask (self), on_loaded, self);
    }
  else if (slot->unsaved)
    access_keep (self->broker, self->instance, slot->token, TRUE, on_refreshed_kept, self);
  else
    switch (fel_token_judge (slot->token, access_is_rejected (self), now_sec))
      {
      case FEL_TOKEN_GOOD:
        access_finish (self, slot->token, NULL);
        return;
      case FEL_TOKEN_REFRESH:
        if (slot->final)
          access_finish (self, slot->token, NULL);
        else
          access_refresh (self);
        return;
      case FEL_TOKEN_DEAD:
        access_finish_refused (self, NULL);
        return;
      }
}

void
fel_access_get (FelBroker *broker, FelInstance *instance, FelToken *rejected, gboolean interactive, FelAccessDone done,
                gpointer user_data)
{
  FelAccess *self = g_hash_table_lookup (broker->accesses, instance->name);
  gboolean first = self == NULL;
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->done = done;
  waiter->user_data = user_data;
  waiter->interactive = interactive;
  waiter->rejected = rejected != NULL ? fel_token_ref (rejected) : NULL;
  if (first)
    {
      self = g_new0 (FelAccess, 1);
      self->broker = broker;
      self->instance = instance;
      self->slot = fel_token_cache_slot (broker->token_cache, instance->name);
      self->waiters = g_ptr_array_new_with_free_func (waiter_free);
      g_hash_table_insert (broker->accesses, (char *) instance->name, self);
    }
  g_ptr_array_add (self->waiters, waiter);
  if (first)
    access_step (self);
}

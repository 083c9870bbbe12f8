/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SignIn, SignOut and ListAccounts. */
#include "request.h"

#include "felucca-names.h"

#include "access.h"
#include "error.h"
#include "expiry.h"
#include "mirror.h"
#include "reconcile.h"
#include "secret-pipe.h"

/* SignIn: token from the caller → probe → keyring */

enum
{
  SIGN_IN_START,
  SIGN_IN_TOKEN,
  SIGN_IN_REFRESH_TOKEN,
  SIGN_IN_PROBED,
  SIGN_IN_KEPT,
};

static void
on_pipe_read (FelSecret *secret, const GError *error, gpointer user_data)
{
  FelRequest *self = user_data;

  if (secret != NULL && self->state == SIGN_IN_TOKEN)
    {
      fel_secret_unref (self->options->token);
      self->options->token = fel_secret_ref (secret);
    }
  else if (secret != NULL)
    self->refresh_token = fel_secret_ref (secret);
  fel_request_on_outcome (NULL, error, self);
}

static void
sign_in_read_pipe (FelRequest *self, int fd, const char *what)
{
  fel_secret_pipe_free (self->pipe);
  self->pipe = fel_secret_pipe_read (fd, what, FEL_TOKEN_LEN_MAX, on_pipe_read, fel_request_ref (self));
}

/* FALSE: the request has failed. */
static gboolean
sign_in_check_backend (FelRequest *self)
{
  g_autoptr (GError) error = NULL;

  if (!fel_request_resolve (self))
    return FALSE;
  if ((self->options->token != NULL) == (self->options->token_fd >= 0))
    error = g_error_new (FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "one of the options 'token-fd' and 'token' is needed");
  else if ((self->instance->backend.flags & FEL_BACKEND_NEEDS_TOKEN) == 0
           || !fel_backend_has (self->instance, FEL_VERB_PROBE))
    error = g_error_new (FEL_ERROR, FEL_ERROR_UNSUPPORTED, "backend '%s' has no sign-in", self->instance->name);
  if (error == NULL)
    return TRUE;
  fel_request_fail (self, error);
  return FALSE;
}

static void
sign_in_probe (FelRequest *self)
{
  g_autoptr (GError) error = NULL;

  if (!fel_token_check_access (self->options->token, &error)
      || (self->refresh_token != NULL && !fel_token_check_refresh (self->refresh_token, &error)))
    {
      fel_request_fail (self, error);
      return;
    }
  self->call = fel_request_new_call (self, FEL_VERB_PROBE);
  self->call->token = fel_token_new (self->options->token, self->refresh_token, 0, NULL, NULL);
  fel_backend_call_run (self->call, self->broker->work, fel_request_on_call, fel_request_ref (self));
}

static void
on_kept (FelToken *token, const GError *error, gpointer user_data)
{
  FelRequest *self = user_data;

  if (error == NULL)
    {
      fel_reconcile_kick (self->broker->reconcile);
      fel_expiry_kick (self->broker->expiry);
    }
  fel_request_on_outcome (NULL, error, self);
}

static void
sign_in_keep (FelRequest *self)
{
  const FelBackendCall *call = self->call;
  const char *account = call->account != NULL ? call->account : call->account_id;
  const char *const *workspaces = call->workspaces != NULL ? (const char *const *) call->workspaces->pdata : NULL;
  gint64 now_sec = g_get_real_time () / G_USEC_PER_SEC;
  gint64 expires_sec = fel_token_plausible_end (call->expires_sec, now_sec);
  gboolean renews = (self->instance->backend.flags & FEL_BACKEND_RENEWS_TOKEN) != 0;

  if (account == NULL)
    account = "unknown";
  if (renews && self->refresh_token == NULL)
    self->token = fel_token_new_renewable (self->options->token, expires_sec, now_sec, account, workspaces);
  else
    self->token = fel_token_new (self->options->token, self->refresh_token, expires_sec, account, workspaces);
  fel_access_keep (self->broker, self->instance, self->token, on_kept, fel_request_ref (self));
}

static void
sign_in_end_refused (FelRequest *self)
{
  g_autoptr (GError) error = g_error_new (FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED,
                                          "the provider of backend '%s' does not accept this token: %s",
                                          self->instance->name, self->error->message);

  fel_request_fail (self, error);
}

static void
sign_in_step (FelRequest *self)
{
  for (;;)
    {
      if (g_error_matches (self->error, FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED) && self->state == SIGN_IN_PROBED)
        {
          sign_in_end_refused (self);
          return;
        }
      if (self->error != NULL)
        {
          fel_request_finish (self);
          return;
        }
      switch (self->state)
        {
        case SIGN_IN_START:
          if (!sign_in_check_backend (self))
            return;
          self->state = SIGN_IN_TOKEN;
          if (self->options->token_fd < 0)
            break;
          sign_in_read_pipe (self, self->options->token_fd, "option 'token-fd'");
          return;

        case SIGN_IN_TOKEN:
          self->state = SIGN_IN_REFRESH_TOKEN;
          if (self->options->refresh_token_fd < 0)
            break;
          sign_in_read_pipe (self, self->options->refresh_token_fd, "option 'refresh-token-fd'");
          return;

        case SIGN_IN_REFRESH_TOKEN:
          self->state = SIGN_IN_PROBED;
          sign_in_probe (self);
          return;

        case SIGN_IN_PROBED:
          self->state = SIGN_IN_KEPT;
          sign_in_keep (self);
          return;

        case SIGN_IN_KEPT:
          fel_request_finish (self);
          return;

        default:
          g_assert_not_reached ();
        }
    }
}

const FelRequestKind fel_request_sign_in = {
  .name = "SignIn",
  .call = FEL_CALL_SIGN_IN,
  .unlocks = TRUE,
  .step = sign_in_step,
};

/* SignOut: perhaps revoke what this sign-in made, one after the other → forget the tokens */

enum
{
  SIGN_OUT_START,
  SIGN_OUT_REVOKE,
  SIGN_OUT_FIND,
  SIGN_OUT_FORGET,
};

static void
sign_out_begin (FelRequest *self)
{
  g_autoptr (GError) error = NULL;
  FelTokenSlot *slot;

  self->instance = fel_registry_resolve (self->broker->registry, self->backend, NULL, NULL, &error);
  if (self->instance != NULL)
    {
      slot = fel_token_cache_slot (self->broker->token_cache, self->instance->name);
      if (slot->path == NULL)
        error = g_error_new (FEL_ERROR, FEL_ERROR_NOT_FOUND, "nobody is signed in to backend '%s'",
                             self->instance->name);
    }
  if (error != NULL)
    fel_request_fail (self, error);
  else
    {
      self->state = self->options->revoke_credentials ? SIGN_OUT_REVOKE : SIGN_OUT_FIND;
      fel_request_step (self);
    }
}

static void
on_revoked (FelRequest *revoke, gpointer user_data)
{
  gboolean gone = g_error_matches (revoke->error, FEL_ERROR, FEL_ERROR_NOT_FOUND);

  fel_request_on_outcome (NULL, gone ? NULL : revoke->error, user_data);
}

/* One more; the next state when none is left. */
static void
sign_out_revoke (FelRequest *self)
{
  FelCatalogQuery query = { .backend = self->instance->name };
  const FelCatalogEntry *entry = fel_catalog_newest (self->broker->catalog, &query);
  g_autoptr (FelRequest) revoke = NULL;

  if (entry == NULL)
    {
      self->state = SIGN_OUT_FIND;
      fel_request_step (self);
      return;
    }
  revoke = fel_request_new (self->broker, &fel_request_revoke, fel_options_new ());
  revoke->id = g_strdup (entry->credential->id);
  revoke->backend = g_strdup (self->instance->name);
  revoke->caller = g_strdup (self->caller);
  revoke->options->interactive = self->options->interactive;
  fel_request_start (revoke, on_revoked, fel_request_ref (self));
}

/* All of this backend's, not only the one in use: an older one could be left from a replacement that failed. */
static void
on_token_items (gpointer result, const GError *error, gpointer user_data)
{
  FelRequest *self = user_data;
  GPtrArray *items = result;

  self->list = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; items != NULL && i < items->len; i++)
    {
      const FelKeyringItem *item = items->pdata[i];

      if (g_strcmp0 (g_hash_table_lookup (item->attributes, FEL_KEY_BACKEND), self->instance->name) == 0)
        g_ptr_array_add (self->list, g_strdup (item->path));
    }
  fel_request_on_outcome (NULL, error, self);
}

/* One more; done when none is left. */
static void
sign_out_forget (FelRequest *self)
{
  g_autofree char *path = NULL;

  if (self->list->len == 0)
    {
      fel_token_slot_clear (fel_token_cache_slot (self->broker->token_cache, self->instance->name));
      fel_request_finish (self);
      return;
    }
  path = g_ptr_array_steal_index (self->list, self->list->len - 1);
  fel_keyring_delete (self->broker->keyring, path, fel_request_on_outcome, fel_request_ref (self));
}

static void
sign_out_step (FelRequest *self)
{
  if (self->error != NULL)
    {
      fel_request_finish (self);
      return;
    }
  switch (self->state)
    {
    case SIGN_OUT_START:
      sign_out_begin (self);
      return;

    case SIGN_OUT_REVOKE:
      sign_out_revoke (self);
      return;

    case SIGN_OUT_FIND:
      self->state = SIGN_OUT_FORGET;
      fel_keyring_load (self->broker->keyring, FEL_SCHEMA_TOKEN, on_token_items, fel_request_ref (self));
      return;

    case SIGN_OUT_FORGET:
      sign_out_forget (self);
      return;

    default:
      g_assert_not_reached ();
    }
}

const FelRequestKind fel_request_sign_out = {
  .name = "SignOut",
  .call = FEL_CALL_SIGN_OUT,
  .unlocks = TRUE,
  .step = sign_out_step,
};

/* ListAccounts: what is in memory, after reading what is not there yet */

enum
{
  ACCOUNTS_START,
  ACCOUNTS_OPENED,
  ACCOUNTS_LOAD,
};

static void
on_token_read (gpointer result, const GError *error, gpointer user_data)
{
  FelRequest *self = user_data;
  FelTokenSlot *slot = fel_token_cache_slot (self->broker->token_cache, self->instance->name);
  g_autoptr (FelToken) token = error == NULL ? fel_token_parse (result, slot->account, NULL) : NULL;

  if (error == NULL && token == NULL && g_strcmp0 (slot->path, self->path) == 0)
    slot->refused = TRUE;
  if (token != NULL && slot->token == NULL && g_strcmp0 (slot->path, self->path) == 0)
    fel_token_slot_set (slot, token, FALSE);
  fel_request_on_outcome (NULL, NULL, self);
}

/* Goes on with the next sign-in whose token has not been read; TRUE when it waits for one. */
static gboolean
accounts_load_next (FelRequest *self)
{
  FelRegistry *registry = self->broker->registry;

  while (self->list->len < fel_registry_size (registry))
    {
      FelInstance *instance = fel_registry_nth (registry, self->list->len);
      FelTokenSlot *slot = fel_token_cache_slot (self->broker->token_cache, instance->name);

      g_ptr_array_add (self->list, instance);
      self->instance = instance;
      if (slot->path != NULL && slot->token == NULL
          && fel_keyring_state (self->broker->keyring) == FEL_KEYRING_UNLOCKED)
        {
          g_free (self->path);
          self->path = g_strdup (slot->path);
          fel_keyring_read (self->broker->keyring, self->path, on_token_read, fel_request_ref (self));
          return TRUE;
        }
    }
  return FALSE;
}

static void
accounts_step (FelRequest *self)
{
  if (self->error != NULL)
    {
      fel_request_finish (self);
      return;
    }
  switch (self->state)
    {
    case ACCOUNTS_START:
      self->state = ACCOUNTS_OPENED;
      fel_keyring_open (self->broker->keyring, fel_request_on_outcome, fel_request_ref (self));
      return;

    case ACCOUNTS_OPENED:
      self->state = ACCOUNTS_LOAD;
      self->list = g_ptr_array_new ();
      fel_mirror_when_ready (self->broker->mirror, fel_request_on_ready, fel_request_ref (self));
      return;

    case ACCOUNTS_LOAD:
      if (!accounts_load_next (self))
        fel_request_finish (self);
      return;

    default:
      g_assert_not_reached ();
    }
}

const FelRequestKind fel_request_list_accounts = {
  .name = "ListAccounts",
  .step = accounts_step,
};

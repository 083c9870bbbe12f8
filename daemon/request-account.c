/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SignOut and ListAccounts. */
#include "request.h"

#include "felucca-names.h"

#include "access.h"
#include "error.h"
#include "mirror.h"

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
          fel_keyring_read (self->broker->keyring, self->path, FALSE, on_token_read, fel_request_ref (self));
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
      fel_request_load (self);
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

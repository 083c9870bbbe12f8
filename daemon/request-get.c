/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include "error.h"
#include "mirror.h"

enum
{
  GET_FIND,
  GET_FOUND,
  GET_READ,
};

static void
get_joined (FelRequest *self)
{
  if (--self->pending == 0)
    fel_request_step (self);
}

/* A change within the second of the look would leave the same time. */
static void
on_looked (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;
  const FelKeyringLook *look = result;

  if (error == NULL && look->modified_sec < self->looked_sec)
    self->modified_sec = look->modified_sec;
  get_joined (self);
}

static void
on_read (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;

  if (error == NULL)
    self->secret = fel_secret_ref (result);
  else
    self->error = g_error_copy (error);
  get_joined (self);
}

/* Looks at the item first: what is read then is at least as new. */
static void
get_read (FelRequest *self)
{
  FelKeyring *keyring = self->broker->keyring;

  self->state = GET_READ;
  self->pending = 2;
  self->epoch = fel_secret_cache_epoch (self->broker->secret_cache);
  self->modified_sec = 0;
  self->looked_sec = g_get_real_time () / G_USEC_PER_SEC;
  fel_keyring_look (keyring, self->path, on_looked, fel_request_ref (self));
  fel_keyring_read (keyring, self->path, self->options->interactive, on_read, fel_request_ref (self));
}

static gboolean
get_query (FelRequest *self, FelCatalogQuery *query, GError **error)
{
  const FelOptions *options = self->options;
  gboolean by_id = options->id != NULL;

  *query = (FelCatalogQuery){
    .id = options->id,
    .backend = options->backend,
    .workspace = *self->workspace != '\0' ? self->workspace : NULL,
    .database = *self->database != '\0' ? self->database : NULL,
    .tenant_id = options->tenant_id,
    .internal = options->internal,
    .exact = !by_id,
    .usable_until_sec = g_get_real_time () / G_USEC_PER_SEC + options->min_validity_sec,
  };
  if (by_id)
    return TRUE;
  self->instance = fel_request_find_instance (self, error);
  if (self->instance == NULL)
    return FALSE;
  query->backend = self->instance->name;
  return TRUE;
}

static void
get_mint (FelRequest *self)
{
  g_autoptr (GError) error = NULL;

  if (fel_mint_queue_admits (self->broker->mint_queue, &error))
    fel_request_become (self, &fel_request_create);
  else
    fel_request_fail (self, error);
}

/* There is none: mint one if that was asked for. Equal calls of one time mint once. */
static void
get_end_unfound (FelRequest *self)
{
  const FelOptions *options = self->options;
  g_autoptr (GError) error = NULL;

  if (self->asked == &fel_request_create)
    {
      /* A repeat of a request-id whose credential has gone just now: it is free again. */
      g_clear_pointer (&self->options->id, g_free);
      fel_request_become (self, &fel_request_create);
      return;
    }
  if (options->id != NULL)
    error = g_error_new (FEL_ERROR, FEL_ERROR_NOT_FOUND, "no usable credential '%s' is stored", options->id);
  else if (!options->create)
    error = g_error_new (FEL_ERROR, FEL_ERROR_NOT_FOUND,
                         "no usable credential for %s/%s%s%s%s is stored; `felucca create %s/%s` mints one",
                         self->workspace, self->database, options->tenant_id != NULL ? ", tenant " : "",
                         options->tenant_id != NULL ? options->tenant_id : "", options->internal ? ", internal" : "",
                         self->workspace, self->database);
  if (error != NULL)
    fel_request_fail (self, error);
  else if (options->request_id != NULL
           || !fel_request_join (self, g_strdup_printf ("mint\n%s\n%s\n%s\n%s\n%d\n%" G_GINT64_FORMAT "\n%s",
                                                        self->instance->name, self->workspace, self->database,
                                                        options->tenant_id ?: "", options->internal, options->ttl_sec,
                                                        options->label ?: "")))
    get_mint (self);
}

static gboolean get_at_once (FelRequest *self);

static void
on_confirmed (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;
  const FelKeyringLook *look = result;

  fel_secret_cache_confirm (self->broker->secret_cache, self->path,
                            error == NULL && !look->locked ? look->modified_sec : 0, g_get_monotonic_time ());
  g_clear_pointer (&self->path, g_free);
  self->confirmed = TRUE;
  if (!get_at_once (self))
    fel_request_enter (self);
}

/* The password is held: perhaps nobody has to be asked, at most the item is looked at. */
static gboolean
get_at_once (FelRequest *self)
{
  FelBroker *broker = self->broker;
  gint64 now_usec = g_get_monotonic_time ();
  FelCatalogQuery query;
  const FelCatalogEntry *entry;
  FelSecret *held;
  gboolean is_good = FALSE;

  if (fel_keyring_state (broker->keyring) != FEL_KEYRING_UNLOCKED || !fel_mirror_is_ready (broker->mirror)
      || !get_query (self, &query, NULL))
    return FALSE;
  entry = fel_catalog_newest (broker->catalog, &query);
  held = entry != NULL ? fel_secret_cache_find (broker->secret_cache, entry->path, now_usec, &is_good) : NULL;
  if (held == NULL)
    return FALSE;
  if (is_good && fel_keyring_was_seen_unlocked (broker->keyring, now_usec))
    {
      self->credential = fel_credential_ref (entry->credential);
      self->secret = fel_secret_ref (held);
      fel_request_finish (self);
      return TRUE;
    }
  if (self->confirmed)
    return FALSE; /* and something has come since */
  self->path = g_strdup (entry->path);
  fel_keyring_look (broker->keyring, self->path, on_confirmed, fel_request_ref (self));
  return TRUE;
}

static void
get_find (FelRequest *self)
{
  FelCatalogQuery query;
  FelCatalogEntry *entry;
  g_autoptr (GError) error = NULL;

  if (!get_query (self, &query, &error))
    {
      fel_request_fail (self, error);
      return;
    }
  entry = fel_catalog_newest (self->broker->catalog, &query);
  if (entry == NULL)
    {
      get_end_unfound (self);
      return;
    }
  g_free (self->path);
  self->path = g_strdup (entry->path);
  g_clear_pointer (&self->credential, fel_credential_unref);
  self->credential = fel_credential_ref (entry->credential);
  self->state = GET_FOUND;
  fel_request_step (self);
}

/* The item went away after we looked: look again, without it. */
static gboolean
get_has_vanished (FelRequest *self)
{
  if (!g_error_matches (self->error, FEL_ERROR, FEL_ERROR_NOT_FOUND))
    return FALSE;
  g_clear_error (&self->error);
  fel_mirror_forget (self->broker->mirror, self->path);
  return TRUE;
}

/* Not the item alone: what happens when it is gone depends on what was asked. */
static char *
get_key (const FelRequest *self)
{
  const FelOptions *options = self->options;

  return g_strdup_printf ("read\n%s\n%d%d\n%" G_GINT64_FORMAT "\n%s", self->path, options->id != NULL, options->create,
                          options->create ? options->ttl_sec : 0,
                          options->create && options->label != NULL ? options->label : "");
}

static void
get_step (FelRequest *self)
{
  for (;;)
    switch (self->state)
      {
      case GET_FIND:
        get_find (self);
        return;

      case GET_FOUND:
        if (fel_request_join (self, get_key (self)))
          return;
        get_read (self);
        return;

      case GET_READ:
        if (get_has_vanished (self))
          {
            self->state = GET_FIND;
            break;
          }
        if (self->secret != NULL)
          fel_mirror_keep_secret (self->broker->mirror, self->path, self->secret, self->modified_sec, self->epoch);
        fel_request_finish (self);
        return;

      default:
        g_assert_not_reached ();
      }
}

const FelRequestKind fel_request_get = {
  .name = "GetCredential",
  .call = FEL_CALL_GET,
  .unlocks = TRUE,
  .step = get_step,
  .at_once = get_at_once,
};

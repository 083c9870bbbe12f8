/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mirror.h"

#include "felucca-names.h"

#include "error.h"
#include "expiry.h"
#include "lifetime.h"
#include "reconcile.h"

struct FelMirror
{
  FelBroker *broker;
  guint loading;      /* loads under way: credentials and tokens */
  gboolean seen;      /* what is in the keyring: a load has succeeded */
  GError *failure;    /* of the load under way */
  GError *unseen;     /* why no load has succeeded yet; NULL: one has, or none has ended */
  gboolean stale;     /* something happened that needs another load after this one */
  GPtrArray *waiters; /* of Waiter */
  GHashTable *buried; /* set of "backend\nid" */
  guint rest_id;      /* when secrets have rested long enough */
  GHashTable *gone;   /* set of paths that went away while a load was collecting them */
};

typedef struct
{
  FelMirrorReady ready;
  gpointer user_data;
} Waiter;

static void mirror_load (FelMirror *self);

FelMirror *
fel_mirror_new (FelBroker *broker)
{
  FelMirror *self = g_new0 (FelMirror, 1);

  self->broker = broker;
  self->waiters = g_ptr_array_new_with_free_func (g_free);
  self->buried = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
fel_mirror_free (FelMirror *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->rest_id, g_source_remove);
  g_ptr_array_unref (self->waiters);
  g_hash_table_unref (self->buried);
  g_hash_table_unref (self->gone);
  g_clear_error (&self->failure);
  g_clear_error (&self->unseen);
  g_free (self);
}

/* The catalog has the end that was decided on, whatever the item says. The keyring is asked once for each load to take it:
 * a signal may be the answer to having asked. */
static void
mirror_put_ending (FelMirror *self, const char *path, const FelCredential *credential, gint64 end_sec, gboolean ask)
{
  FelKeyring *keyring = self->broker->keyring;
  g_autoptr (FelCredential) ending = fel_lifetime_with_end (credential, end_sec);
  g_autoptr (GHashTable) attributes = NULL;

  fel_catalog_put (self->broker->catalog, path, ending);
  if (!ask || fel_keyring_state (keyring) != FEL_KEYRING_UNLOCKED)
    return;
  attributes = fel_credential_to_attributes (ending);
  fel_keyring_change (keyring, path, attributes, fel_keyring_no_answer, NULL);
}

static void
mirror_put_credential (FelMirror *self, const char *path, FelCredential *credential)
{
  FelBroker *broker = self->broker;
  g_autofree char *key = g_strconcat (credential->backend, "\n", credential->id, NULL);
  gint64 end_sec = fel_endings_find (broker->endings, credential->backend, credential->id);

  if (g_hash_table_contains (self->buried, key))
    fel_keyring_delete (broker->keyring, path, fel_keyring_no_answer, NULL);
  else if (end_sec != 0 && (credential->not_after_sec == 0 || credential->not_after_sec > end_sec))
    mirror_put_ending (self, path, credential, end_sec, self->loading > 0);
  else
    {
      /* Seen in the keyring, not only said by it. */
      fel_endings_drop (broker->endings, credential->backend, credential->id);
      fel_catalog_put (broker->catalog, path, credential);
    }
}

static void
on_ending (const char *backend, const char *id, gint64 end_sec, gpointer user_data)
{
  FelMirror *self = user_data;
  FelCatalogQuery query = { .backend = backend, .id = id };
  g_autoptr (GPtrArray) found = fel_catalog_select (self->broker->catalog, &query);

  for (guint i = 0; i < found->len; i++)
    {
      const FelCatalogEntry *entry = found->pdata[i];
      g_autoptr (FelCredential) credential = fel_credential_ref (entry->credential);
      g_autofree char *path = g_strdup (entry->path);

      if (credential->not_after_sec == 0 || credential->not_after_sec > end_sec)
        mirror_put_ending (self, path, credential, end_sec, TRUE);
    }
}

void
fel_mirror_apply_endings (FelMirror *self)
{
  fel_endings_foreach (self->broker->endings, on_ending, self);
}

gboolean
fel_mirror_check (const FelMirror *self, GError **error)
{
  if (self->unseen == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (self->unseen));
  return FALSE;
}

void
fel_mirror_bury (FelMirror *self, const char *backend, const char *id)
{
  FelCatalogQuery query = { .backend = backend, .id = id };
  FelCatalogEntry *entry;

  g_hash_table_add (self->buried, g_strconcat (backend, "\n", id, NULL));
  while ((entry = fel_catalog_newest (self->broker->catalog, &query)) != NULL)
    {
      fel_keyring_delete (self->broker->keyring, entry->path, fel_keyring_no_answer, NULL);
      fel_mirror_forget (self, entry->path);
    }
}

void
fel_mirror_forget (FelMirror *self, const char *path)
{
  if (self->loading > 0)
    g_hash_table_add (self->gone, g_strdup (path));
  fel_secret_cache_drop (self->broker->secret_cache, path);
  fel_catalog_remove (self->broker->catalog, path);
}

static void mirror_watch_rest (FelMirror *self, gint64 now_usec);

static gboolean
on_rested (gpointer user_data)
{
  FelMirror *self = user_data;

  self->rest_id = 0;
  mirror_watch_rest (self, g_get_monotonic_time ());
  return G_SOURCE_REMOVE;
}

/* One timer while anything is held, not one for each use. */
static void
mirror_watch_rest (FelMirror *self, gint64 now_usec)
{
  gint64 next_usec = fel_secret_cache_expire (self->broker->secret_cache, now_usec);

  if (next_usec != G_MAXINT64 && self->rest_id == 0)
    self->rest_id = g_timeout_add ((guint) ((next_usec - now_usec) / 1000 + 1), on_rested, self);
}

void
fel_mirror_keep_secret (FelMirror *self, const char *path, FelSecret *secret, gint64 modified_sec, guint64 epoch)
{
  gint64 now_usec = g_get_monotonic_time ();

  if (fel_secret_cache_put (self->broker->secret_cache, path, secret, modified_sec, epoch, now_usec))
    mirror_watch_rest (self, now_usec);
}

gboolean
fel_mirror_is_ready (const FelMirror *self)
{
  return self->loading == 0;
}

void
fel_mirror_when_ready (FelMirror *self, FelMirrorReady ready, gpointer user_data)
{
  Waiter *waiter;

  /* The next one who asks tries again. What a locked keyring hides, the unlocking shows. */
  if (self->loading == 0 && self->unseen != NULL && !g_error_matches (self->unseen, FEL_ERROR, FEL_ERROR_KEYRING_LOCKED)
      && fel_keyring_state (self->broker->keyring) != FEL_KEYRING_ABSENT)
    mirror_load (self);
  if (self->loading == 0)
    {
      ready (user_data);
      return;
    }
  waiter = g_new (Waiter, 1);
  waiter->ready = ready;
  waiter->user_data = user_data;
  g_ptr_array_add (self->waiters, waiter);
}

static void
mirror_load_ended (FelMirror *self)
{
  g_autoptr (GPtrArray) now = NULL;

  if (--self->loading > 0)
    return;
  self->seen |= self->failure == NULL;
  g_clear_error (&self->unseen);
  if (!self->seen)
    self->unseen = g_steal_pointer (&self->failure);
  g_clear_error (&self->failure);
  if (self->stale)
    {
      mirror_load (self);
      return;
    }
  now = g_steal_pointer (&self->waiters);
  self->waiters = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < now->len; i++)
    {
      Waiter *waiter = now->pdata[i];

      waiter->ready (waiter->user_data);
    }
}

static void
mirror_put (FelMirror *self, const FelKeyringItem *item)
{
  const char *schema = g_hash_table_lookup (item->attributes, "xdg:schema");
  const char *backend = g_hash_table_lookup (item->attributes, FEL_KEY_BACKEND);

  if (g_strcmp0 (schema, FEL_SCHEMA_CREDENTIAL) == 0)
    {
      g_autoptr (FelCredential) credential = fel_credential_from_attributes (item->attributes, item->label,
                                                                             item->created_sec);

      if (credential != NULL)
        mirror_put_credential (self, item->path, credential);
    }
  else if (g_strcmp0 (schema, FEL_SCHEMA_TOKEN) == 0 && backend != NULL)
    fel_token_cache_found (self->broker->token_cache, backend, g_hash_table_lookup (item->attributes, "account"),
                           item->path);
}

static void
mirror_put_all (FelMirror *self, GPtrArray *items)
{
  for (guint i = 0; i < items->len; i++)
    {
      const FelKeyringItem *item = items->pdata[i];

      if (!g_hash_table_contains (self->gone, item->path))
        mirror_put (self, item);
    }
}

static void
mirror_note (FelMirror *self, const GError *error)
{
  if (error != NULL && self->failure == NULL)
    self->failure = g_error_copy (error);
}

/* A load that fails leaves what is known as it is: an unreachable keyring has not lost its items. */
static void
on_credentials (gpointer result, const GError *error, gpointer user_data)
{
  FelMirror *self = user_data;

  if (error == NULL)
    {
      mirror_put_all (self, result);
      fel_catalog_end_load (self->broker->catalog);
    }
  mirror_note (self, error);
  mirror_load_ended (self);
}

typedef struct
{
  FelMirror *mirror;
  FelTokenSlot *slot;
  char *path;
} TokenRead;

static void
on_token_read (gpointer result, const GError *error, gpointer user_data)
{
  g_autofree TokenRead *read = user_data;
  g_autofree char *path = read->path;
  g_autoptr (FelToken) token = NULL;

  if (error == NULL && read->slot->token == NULL && g_strcmp0 (read->slot->path, path) == 0)
    token = fel_token_parse (result, read->slot->account, NULL);
  if (token != NULL)
    fel_token_slot_set (read->slot, token, FALSE);
  mirror_load_ended (read->mirror);
}

/* With several instances, which one is meant can hang on whose sign-in knows a workspace. That is in the secrets. */
static void
mirror_read_tokens (FelMirror *self)
{
  FelBroker *broker = self->broker;
  guint n = fel_registry_size (broker->registry);

  if (n < 2 || fel_keyring_state (broker->keyring) != FEL_KEYRING_UNLOCKED)
    return;
  for (guint i = 0; i < n; i++)
    {
      FelTokenSlot *slot = fel_token_cache_slot (broker->token_cache, fel_registry_nth (broker->registry, i)->name);
      TokenRead *read;

      if (slot->path == NULL || slot->token != NULL)
        continue;
      read = g_new (TokenRead, 1);
      *read = (TokenRead){ self, slot, g_strdup (slot->path) };
      self->loading++;
      fel_keyring_read (broker->keyring, read->path, FALSE, on_token_read, read);
    }
}

static void
on_tokens (gpointer result, const GError *error, gpointer user_data)
{
  FelMirror *self = user_data;

  if (error == NULL)
    {
      mirror_put_all (self, result);
      fel_token_cache_end_load (self->broker->token_cache);
      mirror_read_tokens (self);
    }
  mirror_note (self, error);
  mirror_load_ended (self);
}

static void
mirror_load (FelMirror *self)
{
  if (self->loading > 0)
    {
      self->stale = TRUE;
      return;
    }
  self->stale = FALSE;
  self->loading = 2;
  g_hash_table_remove_all (self->gone);
  fel_catalog_begin_load (self->broker->catalog);
  fel_token_cache_begin_load (self->broker->token_cache);
  fel_keyring_load (self->broker->keyring, FEL_SCHEMA_CREDENTIAL, on_credentials, self);
  fel_keyring_load (self->broker->keyring, FEL_SCHEMA_TOKEN, on_tokens, self);
}

static void
on_state_changed (FelKeyringState state, gpointer user_data)
{
  FelMirror *self = user_data;
  FelBroker *broker = self->broker;

  if (state != FEL_KEYRING_ABSENT)
    mirror_load (self);
  if (state == FEL_KEYRING_UNLOCKED)
    {
      fel_reconcile_kick (broker->reconcile);
      fel_expiry_kick (broker->expiry);
    }
  if (broker->listener.keyring_changed != NULL)
    broker->listener.keyring_changed (broker->listener_data);
}

static void
on_item_put (const FelKeyringItem *item, gpointer user_data)
{
  mirror_put (user_data, item);
}

static void
on_item_removed (const char *path, gpointer user_data)
{
  FelMirror *self = user_data;

  fel_mirror_forget (self, path);
  fel_token_cache_lost (self->broker->token_cache, path);
}

static void
on_secret_stale (const char *path, gpointer user_data)
{
  fel_secret_cache_drop (((FelMirror *) user_data)->broker->secret_cache, path);
}

const FelKeyringListener *
fel_mirror_keyring_listener (void)
{
  static const FelKeyringListener listener = {
    .state_changed = on_state_changed,
    .item_put = on_item_put,
    .item_removed = on_item_removed,
    .secret_stale = on_secret_stale,
  };

  return &listener;
}

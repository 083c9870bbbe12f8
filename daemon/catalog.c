/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog.h"

struct FelCatalog
{
  GHashTable *by_path;    /* path → FelCatalogEntry, owned */
  GHashTable *by_id;      /* id → GPtrArray of entries */
  GHashTable *by_target;  /* workspace NUL-free joined with database → GPtrArray of entries */
  GHashTable *by_request; /* request-id → GPtrArray of entries */
  guint generation;
  FelCatalogListener listener;
  gpointer user_data;
};

static void
entry_free (gpointer data)
{
  FelCatalogEntry *entry = data;

  fel_credential_unref (entry->credential);
  g_free (entry->path);
  g_free (entry);
}

static GHashTable *
index_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
}

FelCatalog *
fel_catalog_new (FelCatalogListener listener, gpointer user_data)
{
  FelCatalog *self = g_new0 (FelCatalog, 1);

  self->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  self->by_id = index_new ();
  self->by_target = index_new ();
  self->by_request = index_new ();
  self->listener = listener;
  self->user_data = user_data;
  return self;
}

void
fel_catalog_free (FelCatalog *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_id);
  g_hash_table_unref (self->by_target);
  g_hash_table_unref (self->by_request);
  g_hash_table_unref (self->by_path);
  g_free (self);
}

/* Control characters cannot be in either name, so a newline keeps them apart. */
static char *
target_key (const char *workspace, const char *database)
{
  return g_strconcat (workspace, "\n", database, NULL);
}

static void
index_add (GHashTable *index, const char *key, FelCatalogEntry *entry)
{
  GPtrArray *entries = g_hash_table_lookup (index, key);

  if (entries == NULL)
    {
      entries = g_ptr_array_new ();
      g_hash_table_insert (index, g_strdup (key), entries);
    }
  g_ptr_array_add (entries, entry);
}

static void
index_drop (GHashTable *index, const char *key, FelCatalogEntry *entry)
{
  GPtrArray *entries = g_hash_table_lookup (index, key);

  g_ptr_array_remove_fast (entries, entry);
  if (entries->len == 0)
    g_hash_table_remove (index, key);
}

static void
catalog_index (FelCatalog *self, FelCatalogEntry *entry, void (*change) (GHashTable *, const char *, FelCatalogEntry *))
{
  const FelCredential *credential = entry->credential;
  g_autofree char *target = target_key (credential->workspace, credential->database);

  change (self->by_id, credential->id, entry);
  change (self->by_target, target, entry);
  if (credential->request_id != NULL)
    change (self->by_request, credential->request_id, entry);
}

static void
catalog_tell (FelCatalog *self, FelCatalogEvent event, FelCredential *credential)
{
  if (self->listener != NULL)
    self->listener (event, credential, self->user_data);
}

void
fel_catalog_put (FelCatalog *self, const char *path, FelCredential *credential)
{
  FelCatalogEntry *entry = g_hash_table_lookup (self->by_path, path);

  if (entry == NULL)
    {
      entry = g_new0 (FelCatalogEntry, 1);
      entry->path = g_strdup (path);
      entry->credential = fel_credential_ref (credential);
      entry->generation = self->generation;
      g_hash_table_insert (self->by_path, entry->path, entry);
      catalog_index (self, entry, index_add);
      catalog_tell (self, FEL_CATALOG_ADDED, credential);
      return;
    }
  entry->generation = self->generation;
  if (fel_credential_equal (entry->credential, credential))
    return;
  catalog_index (self, entry, index_drop);
  fel_credential_unref (entry->credential);
  entry->credential = fel_credential_ref (credential);
  catalog_index (self, entry, index_add);
  catalog_tell (self, FEL_CATALOG_CHANGED, credential);
}

void
fel_catalog_remove (FelCatalog *self, const char *path)
{
  FelCatalogEntry *entry = g_hash_table_lookup (self->by_path, path);
  g_autoptr (FelCredential) credential = NULL;

  if (entry == NULL)
    return;
  credential = fel_credential_ref (entry->credential);
  catalog_index (self, entry, index_drop);
  g_hash_table_remove (self->by_path, path);
  catalog_tell (self, FEL_CATALOG_REMOVED, credential);
}

void
fel_catalog_begin_load (FelCatalog *self)
{
  self->generation++;
}

void
fel_catalog_end_load (FelCatalog *self)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->by_path);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((FelCatalogEntry *) value)->generation != self->generation)
      g_ptr_array_add (gone, g_strdup (((FelCatalogEntry *) value)->path));
  for (guint i = 0; i < gone->len; i++)
    fel_catalog_remove (self, gone->pdata[i]);
}

static gboolean
text_matches (const char *wanted, const char *have)
{
  return wanted == NULL || g_strcmp0 (wanted, have) == 0;
}

static gboolean
entry_matches (const FelCatalogEntry *entry, const FelCatalogQuery *query)
{
  const FelCredential *c = entry->credential;

  if (!text_matches (query->backend, c->backend) || !text_matches (query->workspace, c->workspace)
      || !text_matches (query->database, c->database) || !text_matches (query->id, c->id)
      || !text_matches (query->request_id, c->request_id) || !text_matches (query->tenant_id, c->tenant_id))
    return FALSE;
  if (query->exact
      && (query->internal != (c->internal == FEL_TRUE) || (query->tenant_id == NULL && c->tenant_id != NULL)))
    return FALSE;
  if (query->ends && c->not_after_sec == 0)
    return FALSE;
  if (query->usable_until_sec != 0 && (entry->revoking || fel_credential_is_expired (c, query->usable_until_sec)))
    return FALSE;
  return TRUE;
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const FelCatalogEntry *first = *(FelCatalogEntry *const *) a, *second = *(FelCatalogEntry *const *) b;

  return fel_credential_compare_age (first->credential, second->credential);
}

/* The smallest set of entries that can hold the answer; FALSE: all of them. */
static gboolean
catalog_candidates (FelCatalog *self, const FelCatalogQuery *query, GPtrArray **ret_entries)
{
  if (query->id != NULL)
    *ret_entries = g_hash_table_lookup (self->by_id, query->id);
  else if (query->request_id != NULL)
    *ret_entries = g_hash_table_lookup (self->by_request, query->request_id);
  else if (query->workspace != NULL && query->database != NULL)
    {
      g_autofree char *target = target_key (query->workspace, query->database);

      *ret_entries = g_hash_table_lookup (self->by_target, target);
    }
  else
    return FALSE;
  return TRUE;
}

GPtrArray *
fel_catalog_select (FelCatalog *self, const FelCatalogQuery *query)
{
  GPtrArray *found = g_ptr_array_new ();
  GPtrArray *candidates = NULL;
  GHashTableIter iter;
  gpointer value;

  if (catalog_candidates (self, query, &candidates))
    {
      for (guint i = 0; candidates != NULL && i < candidates->len; i++)
        if (entry_matches (candidates->pdata[i], query))
          g_ptr_array_add (found, candidates->pdata[i]);
    }
  else
    {
      g_hash_table_iter_init (&iter, self->by_path);
      while (g_hash_table_iter_next (&iter, NULL, &value))
        if (entry_matches (value, query))
          g_ptr_array_add (found, value);
    }
  g_ptr_array_sort (found, compare_entries);
  return found;
}

FelCatalogEntry *
fel_catalog_at (FelCatalog *self, const char *path)
{
  return g_hash_table_lookup (self->by_path, path);
}

FelCatalogEntry *
fel_catalog_newest (FelCatalog *self, const FelCatalogQuery *query)
{
  g_autoptr (GPtrArray) found = fel_catalog_select (self, query);

  return found->len > 0 ? found->pdata[0] : NULL;
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "token-cache.h"

struct FelTokenCache
{
  GHashTable *slots; /* instance name → FelTokenSlot */
  guint generation;
};

void
fel_token_slot_clear (FelTokenSlot *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->account, g_free);
  g_clear_pointer (&self->token, fel_token_unref);
  self->unsaved = FALSE;
  self->refused = FALSE;
  self->final = FALSE;
}

static void
slot_free (gpointer data)
{
  fel_token_slot_clear (data);
  g_free (data);
}

FelTokenCache *
fel_token_cache_new (void)
{
  FelTokenCache *self = g_new0 (FelTokenCache, 1);

  self->slots = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, slot_free);
  return self;
}

void
fel_token_cache_free (FelTokenCache *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->slots);
  g_free (self);
}

FelTokenSlot *
fel_token_cache_slot (FelTokenCache *self, const char *backend)
{
  FelTokenSlot *slot = g_hash_table_lookup (self->slots, backend);

  if (slot == NULL)
    {
      slot = g_new0 (FelTokenSlot, 1);
      g_hash_table_insert (self->slots, g_strdup (backend), slot);
    }
  return slot;
}

void
fel_token_cache_found (FelTokenCache *self, const char *backend, const char *account, const char *path)
{
  FelTokenSlot *slot = fel_token_cache_slot (self, backend);

  slot->generation = self->generation;
  if (g_strcmp0 (slot->path, path) == 0)
    return;
  fel_token_slot_clear (slot);
  slot->path = g_strdup (path);
  slot->account = g_strdup (account);
}

void
fel_token_cache_lost (FelTokenCache *self, const char *path)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->slots);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (g_strcmp0 (((FelTokenSlot *) value)->path, path) == 0)
      fel_token_slot_clear (value);
}

void
fel_token_cache_begin_load (FelTokenCache *self)
{
  self->generation++;
}

void
fel_token_cache_end_load (FelTokenCache *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->slots);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      FelTokenSlot *slot = value;

      if (slot->path != NULL && slot->generation != self->generation)
        fel_token_slot_clear (slot);
    }
}

void
fel_token_slot_set (FelTokenSlot *self, FelToken *token, gboolean unsaved)
{
  FelToken *old = self->token;

  self->token = fel_token_ref (token);
  self->unsaved = unsaved;
  self->refused = FALSE;
  self->final = FALSE;
  fel_token_unref (old);
}

gboolean
fel_token_slot_is_ready (const FelTokenSlot *self, gint64 now_sec)
{
  if (self->refused || (self->token == NULL && self->path == NULL))
    return FALSE;
  return self->token == NULL || fel_token_judge (self->token, FALSE, now_sec) != FEL_TOKEN_DEAD;
}

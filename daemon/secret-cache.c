/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "secret-cache.h"

#include "locked-memory.h"

#define GOOD_USEC ((gint64) G_USEC_PER_SEC)
#define REST_USEC (5 * 60 * (gint64) G_USEC_PER_SEC)

typedef struct
{
  FelSecret *secret;
  gint64 modified_sec;
  gint64 seen_usec; /* that the keyring would hand it out */
  gint64 used_usec;
} Held;

struct FelSecretCache
{
  GHashTable *by_path; /* char * → Held */
  guint64 epoch;       /* counts what was dropped */
};

static void
held_free (gpointer data)
{
  Held *held = data;

  fel_secret_unref (held->secret);
  g_free (held);
}

FelSecretCache *
fel_secret_cache_new (void)
{
  FelSecretCache *self = g_new0 (FelSecretCache, 1);

  self->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, held_free);
  return self;
}

void
fel_secret_cache_free (FelSecretCache *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_path);
  g_free (self);
}

guint64
fel_secret_cache_epoch (const FelSecretCache *self)
{
  return self->epoch;
}

static void
cache_make_room (FelSecretCache *self)
{
  const char *oldest = NULL;
  gint64 oldest_usec = G_MAXINT64;
  GHashTableIter iter;
  gpointer path, value;

  if (g_hash_table_size (self->by_path) < FEL_SECRET_CACHE_MAX)
    return;
  g_hash_table_iter_init (&iter, self->by_path);
  while (g_hash_table_iter_next (&iter, &path, &value))
    if (((Held *) value)->used_usec < oldest_usec)
      {
        oldest = path;
        oldest_usec = ((Held *) value)->used_usec;
      }
  g_hash_table_remove (self->by_path, oldest);
}

gboolean
fel_secret_cache_put (FelSecretCache *self, const char *path, FelSecret *secret, gint64 modified_sec, guint64 epoch,
                      gint64 now_usec)
{
  Held *held;

  /* What could be swapped is not kept for longer than a call needs it. */
  if (epoch != self->epoch || !fel_locked_memory_has (secret))
    return FALSE;
  g_hash_table_remove (self->by_path, path);
  cache_make_room (self);
  held = g_new (Held, 1);
  held->secret = fel_secret_ref (secret);
  held->modified_sec = modified_sec;
  held->seen_usec = held->used_usec = now_usec;
  g_hash_table_insert (self->by_path, g_strdup (path), held);
  return TRUE;
}

FelSecret *
fel_secret_cache_find (FelSecretCache *self, const char *path, gint64 now_usec, gboolean *ret_is_good)
{
  Held *held = g_hash_table_lookup (self->by_path, path);

  if (held == NULL || now_usec - held->used_usec >= REST_USEC)
    return NULL;
  held->used_usec = now_usec;
  *ret_is_good = now_usec - held->seen_usec < GOOD_USEC;
  return held->secret;
}

void
fel_secret_cache_confirm (FelSecretCache *self, const char *path, gint64 modified_sec, gint64 now_usec)
{
  Held *held = g_hash_table_lookup (self->by_path, path);

  if (held == NULL)
    return;
  if (modified_sec != 0 && modified_sec == held->modified_sec)
    held->seen_usec = now_usec;
  else
    fel_secret_cache_drop (self, path);
}

void
fel_secret_cache_drop (FelSecretCache *self, const char *path)
{
  self->epoch++;
  if (path != NULL)
    g_hash_table_remove (self->by_path, path);
  else
    g_hash_table_remove_all (self->by_path);
}

gint64
fel_secret_cache_expire (FelSecretCache *self, gint64 now_usec)
{
  gint64 next_usec = G_MAXINT64;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->by_path);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      gint64 end_usec = ((Held *) value)->used_usec + REST_USEC;

      if (end_usec <= now_usec)
        g_hash_table_iter_remove (&iter);
      else
        next_usec = MIN (next_usec, end_usec);
    }
  return next_usec;
}

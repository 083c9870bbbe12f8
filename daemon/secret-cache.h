/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Passwords that were read from the keyring a short while ago, by keyring item. It holds a few, in locked memory only,
 * and no longer than five minutes after their last use. `mirror` drops them when the keyring signals anything against
 * it. For what no keyring signals, one is good by itself for a second; after that somebody has to look at the item.
 * Main thread only. */
#pragma once

#include <glib.h>

#include "secret.h"

#define FEL_SECRET_CACHE_MAX 64

typedef struct FelSecretCache FelSecretCache;

FelSecretCache *fel_secret_cache_new (void);
void fel_secret_cache_free (FelSecretCache *self); /* (nullable) */

/* Ask before a read begins; `put` takes what it brought only if nothing was dropped in between.
 * modified_sec: of the item, looked at before its secret was read; 0: it cannot be told from a later time. */
guint64 fel_secret_cache_epoch (const FelSecretCache *self);
gboolean fel_secret_cache_put (FelSecretCache *self, const char *path, FelSecret *secret, gint64 modified_sec,
                               guint64 epoch, gint64 now_usec);

/* A find is a use. (transfer none) (nullable) ret_is_good: as it is, without a look at the item */
FelSecret *fel_secret_cache_find (FelSecretCache *self, const char *path, gint64 now_usec, gboolean *ret_is_good);

/* The item was looked at: good for another second if it was not modified since, dropped otherwise. */
void fel_secret_cache_confirm (FelSecretCache *self, const char *path, gint64 modified_sec, gint64 now_usec);

/* path: (nullable) everything */
void fel_secret_cache_drop (FelSecretCache *self, const char *path);

/* Drops what has rested too long; when to come again, or G_MAXINT64. */
gint64 fel_secret_cache_expire (FelSecretCache *self, gint64 now_usec);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelSecretCache, fel_secret_cache_free)

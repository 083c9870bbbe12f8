/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sign-ins in memory, one slot for each backend instance: the token itself once somebody needed it, and before
 * that only where the keyring keeps it. It neither reads the keyring nor asks a provider: `access` does. */
#pragma once

#include <glib.h>

#include "token.h"

typedef struct FelTokenCache FelTokenCache;

typedef struct FelTokenSlot
{
  char *path;       /* of the keyring item; NULL: nothing is kept */
  char *account;    /* as the item's attribute says; NULL with path */
  FelToken *token;  /* NULL: not loaded */
  gboolean unsaved; /* token is newer than what the keyring has */
  gboolean refused; /* the provider wants a new sign-in */
  gboolean final;   /* the provider does not prolong this token */
  guint generation; /* of the load that saw it */
} FelTokenSlot;

FelTokenCache *fel_token_cache_new (void);
void fel_token_cache_free (FelTokenCache *self); /* (nullable) */

/* Never NULL; made when it is not there yet. Lives as long as the cache. */
FelTokenSlot *fel_token_cache_slot (FelTokenCache *self, const char *backend);

/* A sign-in is in the keyring. What was loaded from another item is dropped. */
void fel_token_cache_found (FelTokenCache *self, const char *backend, const char *account, const char *path);

/* This item is gone from the keyring; with it goes the sign-in. */
void fel_token_cache_lost (FelTokenCache *self, const char *path);

/* Between the two, everything that is in the keyring is found; what was not is lost. */
void fel_token_cache_begin_load (FelTokenCache *self);
void fel_token_cache_end_load (FelTokenCache *self);

void fel_token_slot_set (FelTokenSlot *self, FelToken *token, gboolean unsaved);
void fel_token_slot_clear (FelTokenSlot *self);

/* Is somebody signed in, as far as is known? */
gboolean fel_token_slot_is_ready (const FelTokenSlot *self, gint64 now_sec);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelTokenCache, fel_token_cache_free)

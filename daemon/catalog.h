/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What we hold: the metadata of every stored credential, in memory, by keyring item, by id and by target.
 * Main thread only. It is told of every change by `mirror` and tells its one listener. */
#pragma once

#include <glib.h>

#include "credential.h"

typedef struct FelCatalog FelCatalog;

typedef enum
{
  FEL_CATALOG_ADDED,
  FEL_CATALOG_CHANGED,
  FEL_CATALOG_REMOVED,
} FelCatalogEvent;

typedef void (*FelCatalogListener) (FelCatalogEvent event, FelCredential *credential, gpointer user_data);

typedef struct FelCatalogEntry
{
  FelCredential *credential; /* owned */
  char *path;                /* owned; object path of the keyring item */
  gboolean revoking;         /* a call is about to end it */
  guint generation;
} FelCatalogEntry;

/* A question; NULL means any, except that in exact ones tenant_id and internal must be the same. */
typedef struct FelCatalogQuery
{
  const char *backend;
  const char *workspace;
  const char *database;
  const char *tenant_id;
  const char *id;
  const char *request_id;
  gboolean exact;
  gboolean internal;
  gboolean ends;           /* only those that have an end */
  gint64 usable_until_sec; /* 0: expired ones and those being revoked count too */
} FelCatalogQuery;

FelCatalog *fel_catalog_new (FelCatalogListener listener, gpointer user_data);
void fel_catalog_free (FelCatalog *self); /* (nullable) */

/* Adds the item or replaces what was known of it; says so to the listener only if something changed. */
void fel_catalog_put (FelCatalog *self, const char *path, FelCredential *credential);
void fel_catalog_remove (FelCatalog *self, const char *path);

/* Between the two, everything that is in the keyring is put; what was not is removed. */
void fel_catalog_begin_load (FelCatalog *self);
void fel_catalog_end_load (FelCatalog *self);

FelCatalogEntry *fel_catalog_at (FelCatalog *self, const char *path);                 /* (transfer none) (nullable) */
FelCatalogEntry *fel_catalog_newest (FelCatalog *self, const FelCatalogQuery *query); /* (transfer none) (nullable) */
GPtrArray *fel_catalog_select (FelCatalog *self, const FelCatalogQuery *query); /* of FelCatalogEntry, newest first */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelCatalog, fel_catalog_free)

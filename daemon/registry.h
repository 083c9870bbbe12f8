/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The backend instances of the configuration and the modules behind them. A module is opened when an instance of it is
 * first needed, from one directory, and stays open for good. A broken one fails alone. */
#pragma once

#include <glib.h>

#include "felucca-backend.h"

#include "config.h"

typedef struct FelRegistry FelRegistry;

typedef struct FelInstance
{
  const FelConfigInstance *config; /* name, settings, deadline */
  const char *name;
  FelBackend backend; /* our copy, sized to what we know; zero before it is loaded */
  gboolean loaded;
  char *failure;        /* (nullable) why it cannot be used */
  FelSetting *settings; /* for the verbs */
  gsize n_settings;
} FelInstance;

/* config must live longer. */
FelRegistry *fel_registry_new (const FelConfig *config, const char *directory);
void fel_registry_free (FelRegistry *self); /* (nullable) */

guint fel_registry_size (const FelRegistry *self);
FelInstance *fel_registry_nth (FelRegistry *self, guint i);

/* The one of this name; (nullable) */
FelInstance *fel_registry_find (FelRegistry *self, const char *name);

/* The instance that is meant: the named one, else the one named like the workspace, else the one that knows it, else the
 * default one. knower: (nullable) */
FelInstance *fel_registry_resolve (FelRegistry *self, const char *backend, const char *workspace, FelInstance *knower,
                                   GError **error);

/* Opens the module when it is not open yet. */
gboolean fel_registry_load (FelRegistry *self, FelInstance *instance, GError **error);

/* Where modules are looked for. */
const char *fel_registry_default_directory (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelRegistry, fel_registry_free)

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The backend instances of the configuration: which one is meant, and whether it can be used. The modules behind them are
 * opened by `backend-load` when an instance is first needed. A broken one fails alone. */
#pragma once

#include <glib.h>

#include "felucca-backend.h"

#include "config.h"
#include "module.h"

typedef struct FelRegistry FelRegistry;

typedef struct FelInstance
{
  const FelConfigInstance *config; /* name, settings, deadline */
  const char *name;
  FelBackend backend; /* our copy, sized to what we know; zero before it is loaded */
  gboolean loaded;
  char *failure;         /* (nullable) why it cannot be used */
  FelModuleStamp failed; /* the file that failed; another one in its place is a new chance */
  gint64 retry_usec;     /* monotonic; when even the same file is one; 0: never */
  FelSetting *settings;  /* for the verbs */
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

const char *fel_registry_directory (const FelRegistry *self);

/* FALSE: it was found out that the instance cannot be used, and why. */
gboolean fel_instance_check (const FelInstance *self, GError **error);

/* Does the module know all settings of the instance? */
gboolean fel_instance_check_settings (const FelInstance *self, const FelBackend *backend, GError **error);

/* Where modules are looked for. */
const char *fel_registry_default_directory (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelRegistry, fel_registry_free)

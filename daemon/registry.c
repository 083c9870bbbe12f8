/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "registry.h"

#include <string.h>

#include "felucca-config.h"

#include "error.h"

#define SHOWN_NAME_LEN_MAX 24

struct FelRegistry
{
  char *directory;
  char *default_backend; /* (nullable) */
  GPtrArray *instances;  /* of FelInstance */
};

static void
instance_free (gpointer data)
{
  FelInstance *instance = data;

  g_free (instance->failure);
  g_free (instance->settings);
  g_free (instance);
}

static FelInstance *
instance_new (const FelConfigInstance *config)
{
  FelInstance *instance = g_new0 (FelInstance, 1);

  instance->config = config;
  instance->name = config->name;
  instance->failure = g_strdup (config->problem);
  instance->n_settings = config->settings->len;
  instance->settings = g_new0 (FelSetting, instance->n_settings + 1);
  for (gsize i = 0; i < instance->n_settings; i++)
    {
      const FelConfigSetting *setting = config->settings->pdata[i];

      instance->settings[i].key = setting->key;
      instance->settings[i].value = setting->value;
    }
  return instance;
}

FelRegistry *
fel_registry_new (const FelConfig *config, const char *directory)
{
  FelRegistry *self = g_new0 (FelRegistry, 1);

  self->directory = g_strdup (directory);
  self->default_backend = g_strdup (config->default_backend);
  self->instances = g_ptr_array_new_with_free_func (instance_free);
  for (guint i = 0; i < config->instances->len; i++)
    g_ptr_array_add (self->instances, instance_new (config->instances->pdata[i]));
  return self;
}

void
fel_registry_free (FelRegistry *self)
{
  if (self == NULL)
    return;
  g_free (self->directory);
  g_free (self->default_backend);
  g_ptr_array_unref (self->instances);
  g_free (self);
}

guint
fel_registry_size (const FelRegistry *self)
{
  return self->instances->len;
}

FelInstance *
fel_registry_nth (FelRegistry *self, guint i)
{
  return self->instances->pdata[i];
}

FelInstance *
fel_registry_find (FelRegistry *self, const char *name)
{
  for (guint i = 0; name != NULL && i < self->instances->len; i++)
    if (g_str_equal (fel_registry_nth (self, i)->name, name))
      return fel_registry_nth (self, i);
  return NULL;
}

/* NULL for what cannot be a name: a token that was typed in its place must not get into a journal. */
static char *
quoted_name (const char *name)
{
  gsize len = strlen (name);

  if (len > SHOWN_NAME_LEN_MAX || strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != len)
    return NULL;
  return g_strdup_printf ("'%s'", name);
}

FelInstance *
fel_registry_resolve (FelRegistry *self, const char *backend, const char *workspace, FelInstance *knower,
                      GError **error)
{
  FelInstance *instance = NULL;
  g_autofree char *shown = backend != NULL ? quoted_name (backend) : NULL;

  if (backend == NULL || *backend == '\0')
    {
      instance = fel_registry_find (self, workspace);
      if (instance == NULL)
        instance = knower;
      if (instance == NULL)
        instance = fel_registry_find (self, self->default_backend);
      if (instance == NULL && self->default_backend == NULL && self->instances->len == 1)
        instance = fel_registry_nth (self, 0);
    }
  else
    instance = fel_registry_find (self, backend);
  if (instance == NULL && backend != NULL && *backend != '\0')
    g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "there is no backend %s; `felucca backends` lists them",
                 shown != NULL ? shown : "of this name");
  else if (instance == NULL && self->default_backend != NULL)
    g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS,
                 "no backend was named, and the default-backend '%s' of felucca.conf does not exist",
                 self->default_backend);
  else if (instance == NULL)
    g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS,
                 "no backend was named and there is no default one; name it or set default-backend in felucca.conf");
  return instance;
}

static gboolean
backend_knows_setting (const FelBackend *backend, const char *key)
{
  return backend->settings != NULL && g_strv_contains (backend->settings, key);
}

gboolean
fel_instance_check_settings (const FelInstance *self, const FelBackend *backend, GError **error)
{
  for (gsize i = 0; i < self->n_settings; i++)
    {
      const FelConfigSetting *setting = self->config->settings->pdata[i];

      if (!backend_knows_setting (backend, setting->key))
        {
          g_set_error (error, FEL_ERROR, FEL_ERROR_BACKEND_FAILED, "%s: [backend %s] %s: module '%s' has no such key",
                       setting->file, self->name, setting->key, self->config->module);
          return FALSE;
        }
    }
  return TRUE;
}

const char *
fel_registry_directory (const FelRegistry *self)
{
  return self->directory;
}

gboolean
fel_instance_check (const FelInstance *self, GError **error)
{
  if (self->failure == NULL)
    return TRUE;
  g_set_error (error, FEL_ERROR, FEL_ERROR_BACKEND_FAILED, "backend '%s' cannot be used: %s", self->name,
               self->failure);
  return FALSE;
}

const char *
fel_registry_default_directory (void)
{
#if FEL_DEVELOPER
  const char *directory = g_getenv ("FELUCCA_BACKEND_DIR");

  if (directory != NULL)
    return directory;
#endif
  return FEL_BACKEND_DIR;
}

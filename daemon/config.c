/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "felucca-config.h"

#define IDLE_TIMEOUT_DEFAULT_SEC 600
#define IDLE_TIMEOUT_MAX_SEC (7 * 24 * 3600)
#define BACKEND_TIMEOUT_DEFAULT_SEC 30
#define BACKEND_TIMEOUT_MAX_SEC 300
#define BACKEND_GROUP "backend "
#define NAME_LEN_MAX 64

static void
setting_free (gpointer data)
{
  FelConfigSetting *setting = data;

  g_free (setting->key);
  g_free (setting->value);
  g_free (setting->file);
  g_free (setting);
}

static void
instance_free (gpointer data)
{
  FelConfigInstance *instance = data;

  g_free (instance->name);
  g_free (instance->module);
  g_ptr_array_unref (instance->settings);
  g_free (instance->file);
  g_free (instance->problem);
  g_clear_pointer (&instance->bad, g_hash_table_unref);
  g_free (instance);
}

void
fel_config_free (FelConfig *self)
{
  if (self == NULL)
    return;
  g_free (self->default_file);
  g_free (self->default_backend);
  g_free (self->unreadable);
  g_ptr_array_unref (self->instances);
  g_ptr_array_unref (self->problems);
  g_free (self);
}

static FelConfigInstance *
config_instance (FelConfig *self, const char *name, const char *file)
{
  FelConfigInstance *instance = NULL;

  for (guint i = 0; i < self->instances->len && instance == NULL; i++)
    if (g_str_equal (((FelConfigInstance *) self->instances->pdata[i])->name, name))
      instance = self->instances->pdata[i];
  if (instance == NULL)
    {
      instance = g_new0 (FelConfigInstance, 1);
      instance->name = g_strdup (name);
      instance->timeout_sec = BACKEND_TIMEOUT_DEFAULT_SEC;
      instance->settings = g_ptr_array_new_with_free_func (setting_free);
      instance->bad = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      g_ptr_array_add (self->instances, instance);
    }
  g_free (instance->file);
  instance->file = g_strdup (file);
  return instance;
}

/* A name of an instance or a module: lower-case letters, digits, '-' and '_'; a module's becomes a file name. */
static gboolean
is_plain_name (const char *name)
{
  gsize len = strlen (name);

  return len >= 1 && len <= NAME_LEN_MAX && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

static gboolean
parse_seconds (const char *text, guint64 min, guint64 max, guint *ret_seconds, char **ret_problem)
{
  guint64 seconds;

  if (!g_ascii_string_to_unsigned (text, 10, min, max, &seconds, NULL))
    {
      *ret_problem = g_strdup_printf ("'%s' is not in %" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT " seconds", text, min,
                                      max);
      return FALSE;
    }
  *ret_seconds = (guint) seconds;
  return TRUE;
}

static gboolean
parse_boolean (const char *text, gboolean *ret_value, char **ret_problem)
{
  if (!g_str_equal (text, "true") && !g_str_equal (text, "false"))
    {
      *ret_problem = g_strdup_printf ("'%s' is neither true nor false", text);
      return FALSE;
    }
  *ret_value = g_str_equal (text, "true");
  return TRUE;
}

/* NULL: fine. Else what is wrong with it. */
static char *
config_set_daemon (FelConfig *self, const char *key, const char *value, const char *file)
{
  char *problem = NULL;
  gboolean confine = FALSE;

  if (g_str_equal (key, "default-backend") && !is_plain_name (value))
    problem = g_strdup_printf ("'%s' is not a backend's name", value);
  else if (g_str_equal (key, "default-backend"))
    {
      g_free (self->default_backend);
      g_free (self->default_file);
      self->default_backend = g_strdup (value);
      self->default_file = g_strdup (file);
    }
  else if (g_str_equal (key, "idle-timeout"))
    parse_seconds (value, 0, IDLE_TIMEOUT_MAX_SEC, &self->idle_timeout_sec, &problem);
  else if (g_str_equal (key, "confine-files") && parse_boolean (value, &confine, &problem))
    self->confine_files = confine ? FEL_CONFINE_YES : FEL_CONFINE_NO;
  else if (problem == NULL)
    problem = g_strdup ("there is no such key");
  return problem;
}

static void
instance_set (FelConfigInstance *instance, const char *key, const char *value, const char *file)
{
  FelConfigSetting *setting;

  for (guint i = 0; i < instance->settings->len; i++)
    if (g_str_equal (((FelConfigSetting *) instance->settings->pdata[i])->key, key))
      {
        g_ptr_array_remove_index (instance->settings, i);
        break;
      }
  setting = g_new0 (FelConfigSetting, 1);
  setting->key = g_strdup (key);
  setting->value = g_strdup (value);
  setting->file = g_strdup (file);
  g_ptr_array_add (instance->settings, setting);
}

static char *
config_set_backend (FelConfigInstance *instance, const char *key, const char *value, const char *file)
{
  char *problem = NULL;

  if (g_str_equal (key, "timeout"))
    parse_seconds (value, 1, BACKEND_TIMEOUT_MAX_SEC, &instance->timeout_sec, &problem);
  else if (g_str_equal (key, "exclusive"))
    parse_boolean (value, &instance->exclusive, &problem);
  else if (!g_str_equal (key, "module"))
    instance_set (instance, key, value, file);
  else if (!is_plain_name (value))
    problem = g_strdup_printf ("'%s' is not a module's name", value);
  else
    {
      g_free (instance->module);
      instance->module = g_strdup (value);
    }
  return problem;
}

/* A value may hold line ends; what is said of it is one line. */
static char *
one_line (char *line /* (transfer full) */)
{
  for (char *p = line; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';
  return line;
}

static void
config_add_problem (FelConfig *self, char *line /* (transfer full) */)
{
  g_ptr_array_add (self->problems, line);
}

/* problem: (nullable) what this file says wrong; a later file that says it right makes it good. */
static void
instance_judge_key (FelConfigInstance *instance, const char *key, const char *problem)
{
  if (problem != NULL)
    g_hash_table_insert (instance->bad, g_strdup (key), g_strdup (problem));
  else
    g_hash_table_remove (instance->bad, key);
}

static void
config_read_group (FelConfig *self, GKeyFile *keys, const char *group, const char *file)
{
  FelConfigInstance *instance = NULL;
  g_auto (GStrv) names = g_key_file_get_keys (keys, group, NULL, NULL);

  if (g_str_has_prefix (group, BACKEND_GROUP) && is_plain_name (group + strlen (BACKEND_GROUP)))
    instance = config_instance (self, group + strlen (BACKEND_GROUP), file);
  else if (!g_str_equal (group, "daemon"))
    {
      config_add_problem (self, one_line (g_strdup_printf ("%s: [%s]: there is no such group", file, group)));
      return;
    }
  for (char **name = names; name != NULL && *name != NULL; name++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *value = g_key_file_get_string (keys, group, *name, &error);
      g_autofree char *problem = NULL;
      g_autofree char *line = NULL;

      if (error != NULL)
        problem = g_strdup (error->message);
      else if (instance != NULL)
        problem = config_set_backend (instance, *name, value, file);
      else
        problem = config_set_daemon (self, *name, value, file);
      if (problem != NULL)
        line = one_line (g_strdup_printf ("%s: [%s] %s: %s", file, group, *name, problem));
      if (instance != NULL)
        instance_judge_key (instance, *name, line);
      if (line != NULL)
        config_add_problem (self, g_steal_pointer (&line));
    }
}

static void
config_read_file (FelConfig *self, const char *file)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) groups = NULL;
  gsize len;

  if (!g_file_get_contents (file, &text, &len, &error) && g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return;
  /* GKeyFile would stop at a NUL and take what is before it for the whole. */
  if (text != NULL && !g_utf8_validate_len (text, len, NULL))
    g_set_error (&error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_UNKNOWN_ENCODING, "it is not a text in UTF-8");
  if (error != NULL || !g_key_file_load_from_data (keys, text, len, G_KEY_FILE_NONE, &error))
    {
      config_add_problem (self, one_line (g_strdup_printf ("%s: %s", file, error->message)));
      if (self->unreadable == NULL)
        self->unreadable = g_strdup (self->problems->pdata[self->problems->len - 1]);
      return;
    }
  groups = g_key_file_get_groups (keys, NULL);
  for (char **group = groups; *group != NULL; group++)
    config_read_group (self, keys, *group, file);
}

static void
config_finish_instance (FelConfig *self, FelConfigInstance *instance)
{
  g_autoptr (GList) lines = g_hash_table_get_values (instance->bad);

  for (guint i = 0; i < self->problems->len && instance->problem == NULL; i++)
    if (g_list_find_custom (lines, self->problems->pdata[i], (GCompareFunc) g_strcmp0) != NULL)
      instance->problem = g_strdup (self->problems->pdata[i]);
  /* It may have said where this instance's tokens belong. */
  if (instance->problem == NULL && self->unreadable != NULL)
    instance->problem = g_strdup (self->unreadable);
  if (instance->problem == NULL && instance->module == NULL)
    {
      instance->problem = g_strdup_printf ("%s: [backend %s] module: it is missing", instance->file, instance->name);
      config_add_problem (self, g_strdup (instance->problem));
    }
}

FelConfig *
fel_config_load (const char *const *files)
{
  FelConfig *self = g_new0 (FelConfig, 1);
  gboolean default_exists = FALSE;

  self->idle_timeout_sec = IDLE_TIMEOUT_DEFAULT_SEC;
  self->instances = g_ptr_array_new_with_free_func (instance_free);
  self->problems = g_ptr_array_new_with_free_func (g_free);
  for (; *files != NULL; files++)
    config_read_file (self, *files);
  for (guint i = 0; i < self->instances->len; i++)
    {
      FelConfigInstance *instance = self->instances->pdata[i];

      config_finish_instance (self, instance);
      default_exists = default_exists || g_strcmp0 (instance->name, self->default_backend) == 0;
    }
  if (self->default_backend != NULL && !default_exists)
    config_add_problem (self, g_strdup_printf ("%s: [daemon] default-backend: there is no [backend %s]",
                                               self->default_file, self->default_backend));
  return self;
}

const char *
fel_config_file_of (const FelConfigInstance *instance, const char *problem)
{
  for (guint i = 0; i < instance->settings->len; i++)
    {
      const FelConfigSetting *setting = instance->settings->pdata[i];
      gsize len = strlen (setting->key);

      if (strncmp (problem, setting->key, len) == 0 && problem[len] == ':')
        return setting->file;
    }
  return instance->file;
}

char **
fel_config_default_files (void)
{
  g_autoptr (GStrvBuilder) files = g_strv_builder_new ();
  g_autofree char *user = g_build_filename (g_get_user_config_dir (), "felucca", "felucca.conf", NULL);

  g_strv_builder_add_many (files, FEL_VENDOR_CONFIG, FEL_SYSTEM_CONFIG, user, NULL);
  return g_strv_builder_end (files);
}

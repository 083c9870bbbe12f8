/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The input is the text of up to three key files, one behind the other, with RS (0x1e) between them. */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"

#define FILES_MAX 3
#define FILE_END '\x1e'

static int memfds[FILES_MAX];

static int
memfd_of (guint i)
{
  if (memfds[i] == 0)
    memfds[i] = memfd_create ("felucca.conf", MFD_CLOEXEC);
  g_assert_cmpint (memfds[i], >, 0);
  return memfds[i];
}

static char *
write_file (guint i, const char *text, gsize len)
{
  int fd = memfd_of (i);

  g_assert_cmpint (ftruncate (fd, 0), ==, 0);
  g_assert_cmpint (pwrite (fd, text, len, 0), ==, (gssize) len);
  return g_strdup_printf ("/proc/self/fd/%d", fd);
}

static gboolean
is_plain_name (const char *name)
{
  gsize len = strlen (name);

  return len >= 1 && len <= 64 && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

static gboolean
is_listed (const FelConfig *config, const char *problem)
{
  for (guint i = 0; i < config->problems->len; i++)
    if (g_str_equal (config->problems->pdata[i], problem))
      return TRUE;
  return FALSE;
}

static void
check_settings (const FelConfigInstance *instance)
{
  for (guint i = 0; i < instance->settings->len; i++)
    {
      const FelConfigSetting *setting = instance->settings->pdata[i];

      g_assert_true (g_utf8_validate (setting->key, -1, NULL) && g_utf8_validate (setting->value, -1, NULL));
      g_assert_nonnull (setting->file);
      for (guint k = 0; k < i; k++)
        g_assert_cmpstr (((FelConfigSetting *) instance->settings->pdata[k])->key, !=, setting->key);
    }
}

static void
check_instance (const FelConfig *config, guint i)
{
  const FelConfigInstance *instance = config->instances->pdata[i];

  g_assert_true (is_plain_name (instance->name));
  g_assert_true (instance->module == NULL ? instance->problem != NULL : is_plain_name (instance->module));
  g_assert_true (instance->problem == NULL || is_listed (config, instance->problem));
  g_assert_cmpuint (instance->timeout_sec, >=, 1);
  g_assert_cmpuint (instance->timeout_sec, <=, 300);
  for (guint k = 0; k < i; k++)
    g_assert_cmpstr (((FelConfigInstance *) config->instances->pdata[k])->name, !=, instance->name);
  check_settings (instance);
}

/* One line each, that the journal and a bus message take. */
static void
check_problem (const char *problem)
{
  g_assert_true (g_str_has_prefix (problem, "/proc/self/fd/"));
  g_assert_true (g_utf8_validate (problem, -1, NULL));
  g_assert_null (strpbrk (problem, "\n\r"));
}

/* GLib 2.74 reports a value with two kinds of bad escapes twice, in one GError. Ours would be findings. */
static void
on_glib_warning (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  g_assert_nonnull (strstr (message, "Key file contains escape character at end of line"));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, data + size };
  char *files[FILES_MAX + 1] = { NULL };
  g_autoptr (FelConfig) config = NULL;
  guint handler = g_log_set_handler ("GLib", G_LOG_LEVEL_WARNING, on_glib_warning, NULL);

  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  for (guint i = 0; i < FILES_MAX; i++)
    {
      gsize len;
      g_autofree char *text = fuzz_take_until (&input, FILE_END, &len);

      files[i] = write_file (i, text, len);
    }
  config = fel_config_load ((const char *const *) files);
  g_assert_cmpuint (config->idle_timeout_sec, <=, 7 * 24 * 3600);
  g_assert_true (config->default_backend == NULL || is_plain_name (config->default_backend));
  for (guint i = 0; i < config->instances->len; i++)
    check_instance (config, i);
  for (guint i = 0; i < config->problems->len; i++)
    check_problem (config->problems->pdata[i]);
  for (guint i = 0; i < FILES_MAX; i++)
    g_free (files[i]);
  g_log_remove_handler ("GLib", handler);
  return 0;
}

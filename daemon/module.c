/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "module.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "options.h"

#define TEXT_LEN_MAX 256
#define SETTINGS_MAX 64
#define SETTING_LEN_MAX 64
#define LATER_MAJOR_MAX 9

/* One rule. NULL: it is kept, and *ret_kept says so; else what is wrong. */
typedef char *(*Rule) (const FelBackend *backend, const char *name, char **ret_kept);

char *
fel_module_path (const char *directory, const char *name)
{
  g_autofree char *file = g_strconcat (name, ".so", NULL);

  return g_build_filename (directory, file, NULL);
}

FelModuleStamp
fel_module_stamp (const char *path)
{
  FelModuleStamp stamp;
  struct stat st;

  memset (&stamp, 0, sizeof stamp);
  if (stat (path, &st) == 0)
    {
      stamp.device = st.st_dev;
      stamp.inode = st.st_ino;
      stamp.size = st.st_size;
      stamp.changed = st.st_ctim; /* of the inode: neither a copy nor touch(1) can set it back */
    }
  return stamp;
}

gboolean
fel_module_stamp_equal (const FelModuleStamp *a, const FelModuleStamp *b)
{
  return a->device == b->device && a->inode == b->inode && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec
         && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* In a user namespace that root has no number in, as that of PrivateUsers=, its files bear the number of all whom the
 * namespace does not know. */
static gboolean
root_is_unknown (void)
{
  g_autofree char *map = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents ("/proc/self/uid_map", &map, NULL, NULL))
    return FALSE;
  lines = g_strsplit (g_strchomp (map), "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (g_ascii_strtoull (*line, NULL, 10) == 0)
      return FALSE;
  return TRUE;
}

/* Whom a file may belong to: root, us; where root cannot be told, whoever owns the program that we are. */
static gboolean
is_trusted (uid_t owner)
{
  struct stat st;

  if (owner == 0 || owner == getuid ())
    return TRUE;
  return root_is_unknown () && stat ("/proc/self/exe", &st) == 0 && owner == st.st_uid;
}

gboolean
fel_module_check_owner (const char *path, GError **error)
{
  struct stat st;

  if (stat (path, &st) < 0)
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_BACKEND_FAILED, "%s: %s", path, g_strerror (errno));
      return FALSE;
    }
  if (!is_trusted (st.st_uid) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_BACKEND_FAILED, "%s: others can write to it, so it is not loaded", path);
      return FALSE;
    }
  return TRUE;
}

/* The rules for what is exported */

static gboolean
text_is_fine (const char *text)
{
  return strnlen (text, TEXT_LEN_MAX + 1) <= TEXT_LEN_MAX && g_utf8_validate (text, -1, NULL)
         && !fel_has_control_character (text);
}

static char *
judge_name (const FelBackend *backend, const char *name, char **ret_kept)
{
  if (backend->name == NULL || !text_is_fine (backend->name) || !g_str_equal (backend->name, name))
    return g_strdup_printf ("module '%s' calls itself by another name", name);
  *ret_kept = g_strdup_printf ("its name is that of its file: %s", name);
  return NULL;
}

static char *
judge_texts (const FelBackend *backend, const char *name, char **ret_kept)
{
  const char *description = backend->description != NULL ? backend->description : "";
  const char *version = backend->version != NULL ? backend->version : "";

  if (!text_is_fine (description) || !text_is_fine (version))
    return g_strdup_printf (
        "module '%s' has a description or a version that is not one line of UTF-8 of up to %d bytes", name,
        TEXT_LEN_MAX);
  *ret_kept = g_strdup_printf ("it describes itself: %s, version %s", *description != '\0' ? description : "nothing",
                               *version != '\0' ? version : "unknown");
  return NULL;
}

static gboolean
setting_is_fine (const char *key)
{
  gsize len = strnlen (key, SETTING_LEN_MAX + 1);

  return len >= 1 && len <= SETTING_LEN_MAX && strspn (key, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static char *
judge_settings (const FelBackend *backend, const char *name, char **ret_kept)
{
  static const char *const of_the_host[] = { "module", "timeout", "exclusive", NULL };
  gsize n = 0;

  for (; backend->settings != NULL && n <= SETTINGS_MAX && backend->settings[n] != NULL; n++)
    if (!setting_is_fine (backend->settings[n]))
      return g_strdup_printf ("module '%s' has a setting whose name is not 1 to %d of a-z, 0-9 and '-'", name,
                              SETTING_LEN_MAX);
    else if (g_strv_contains (of_the_host, backend->settings[n]))
      return g_strdup_printf ("module '%s' has the setting '%s', which the host keeps to itself", name,
                              backend->settings[n]);
  if (n > SETTINGS_MAX)
    return g_strdup_printf ("module '%s' has more than %d settings, or no NULL behind them", name, SETTINGS_MAX);
  *ret_kept = g_strdup_printf ("its settings are sound: %zu", n);
  return NULL;
}

static char *
judge_verbs (const FelBackend *backend, const char *name, char **ret_kept)
{
  if (backend->mint == NULL)
    return g_strdup_printf ("module '%s' cannot mint", name);
  if ((backend->flags & FEL_BACKEND_NEEDS_TOKEN) != 0 && backend->probe == NULL)
    return g_strdup_printf ("module '%s' needs a token and has no verb probe: nobody could sign in", name);
  if ((backend->flags & FEL_BACKEND_LISTS_INTENTS) != 0 && backend->list == NULL)
    return g_strdup_printf ("module '%s' says that it lists intents and has no verb list", name);
  if ((backend->flags & FEL_BACKEND_RENEWS_TOKEN) != 0 && backend->refresh == NULL)
    return g_strdup_printf ("module '%s' says that it renews tokens and has no verb refresh", name);
  if ((backend->authorize_url != NULL) != (backend->exchange != NULL))
    return g_strdup_printf ("module '%s' has one of the verbs authorize_url and exchange: a sign-in needs both", name);
  *ret_kept = g_strdup_printf ("its verbs fit its flags: mint%s%s%s%s%s%s", backend->revoke != NULL ? " revoke" : "",
                               backend->list != NULL ? " list" : "", backend->probe != NULL ? " probe" : "",
                               backend->refresh != NULL ? " refresh" : "", backend->renew != NULL ? " renew" : "",
                               backend->exchange != NULL ? " authorize_url exchange" : "");
  return NULL;
}

static const Rule rules[] = { judge_name, judge_texts, judge_settings, judge_verbs };

/* Opening */

static gboolean
refuse (GError **error, char *why /* (transfer full) */)
{
  g_autofree char *owned = why;

  g_set_error_literal (error, FEL_ERROR, FEL_ERROR_BACKEND_FAILED, owned);
  return FALSE;
}

static gboolean
refuse_other_major (void *handle, const char *name, GError **error)
{
  for (guint major = 2; major <= LATER_MAJOR_MAX; major++)
    {
      g_autofree char *symbol = g_strdup_printf ("felucca_backend_v%u", major);

      if (dlsym (handle, symbol) != NULL)
        return refuse (error, g_strdup_printf ("module '%s' does not export " FEL_BACKEND_SYMBOL
                                               ": it is made for version %u of the interface",
                                               name, major));
    }
  return refuse (error, g_strdup_printf ("module '%s' does not export " FEL_BACKEND_SYMBOL, name));
}

/* The symbol's size is what the linker saw: whoever claims more of it would have us read what lies behind. */
static gboolean
check_symbol (const FelBackend *exported, const char *name, GError **error)
{
  const ElfW (Sym) *symbol = NULL;
  gsize required = G_STRUCT_OFFSET (FelBackend, mint) + sizeof exported->mint;
  Dl_info info;

  if (dladdr1 (exported, &info, (void **) &symbol, RTLD_DL_SYMENT) == 0 || symbol == NULL
      || ELF64_ST_TYPE (symbol->st_info) != STT_OBJECT)
    return refuse (error, g_strdup_printf ("module '%s' exports a " FEL_BACKEND_SYMBOL " that is no constant", name));
  if (symbol->st_size < required || exported->struct_size < required)
    return refuse (error, g_strdup_printf ("module '%s' exports a struct that is too short", name));
  if (exported->struct_size > symbol->st_size)
    return refuse (error, g_strdup_printf ("module '%s' exports a struct of %zu bytes that claims to have %zu", name,
                                           (gsize) symbol->st_size, exported->struct_size));
  return TRUE;
}

gboolean
fel_module_open (const char *path, const char *name, FelBackend *ret_backend, FelModuleSay say, gpointer user_data,
                 GError **error)
{
  void *handle = dlopen (path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  FelBackend backend = { 0 };
  const FelBackend *exported;

  if (handle == NULL)
    return refuse (error, g_strdup_printf ("module '%s' cannot be loaded: %s", name, dlerror ()));
  exported = dlsym (handle, FEL_BACKEND_SYMBOL);
  if (exported == NULL)
    return refuse_other_major (handle, name, error);
  if (say != NULL)
    say ("it can be loaded and exports " FEL_BACKEND_SYMBOL, user_data);
  if (!check_symbol (exported, name, error))
    return FALSE;
  if (say != NULL)
    say ("its struct is as long as it says", user_data);
  memcpy (&backend, exported, MIN (exported->struct_size, sizeof backend));
  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      g_autofree char *kept = NULL;
      char *broken = rules[i](&backend, name, &kept);

      if (broken != NULL)
        return refuse (error, broken);
      if (say != NULL)
        say (kept, user_data);
    }
  *ret_backend = backend;
  return TRUE;
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file-rules.h"

#include <string.h>
#include <unistd.h>

#include "felucca-config.h"

#include "error.h"
#include "landlock.h"

#define READ FEL_LANDLOCK_READ
#define RUN (FEL_LANDLOCK_READ | FEL_LANDLOCK_EXECUTE)
#define USE (FEL_LANDLOCK_READ | FEL_LANDLOCK_WRITE)
#define OWN (FEL_LANDLOCK_READ | FEL_LANDLOCK_WRITE | FEL_LANDLOCK_CHANGE)
#define ALL (OWN | FEL_LANDLOCK_EXECUTE)

typedef struct
{
  const char *path;
  FelLandlockAccess access;
} Rule;

/* The system's: what libraries open when they resolve names, look for certificates, time zones and modules. None of it
 * is the user's own. */
static const Rule system_rules[] = {
  { "/usr", RUN },
  { "/bin", RUN },
  { "/lib", RUN },
  { "/lib32", RUN },
  { "/lib64", RUN },
  { "/nix/store", RUN },
  { "/gnu/store", RUN },
  { "/etc", READ },
  { "/proc", READ },
  { "/sys/devices/system/cpu", READ },
  { "/run/systemd/resolve", READ },
  { "/run/systemd/userdb", READ },
  { "/run/NetworkManager", READ },
  { "/run/resolvconf", READ },
  { "/run/connman", READ },
  { "/run/netconfig", READ },
  { "/run/nscd", READ },
  { "/var/cache/nscd", READ },
  { "/var/lib/ca-certificates", READ },
  { "/var/lib/extrausers", READ },
  { "/var/lib/sss", READ },
  { "/dev/null", USE },
  { "/dev/zero", USE },
  { "/dev/full", USE },
  { "/dev/random", READ },
  { "/dev/urandom", READ },
};

/* Links that may lead somewhere else; what they lead to is replaced as a whole, so its folder is meant. */
static const char *const system_links[] = { "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/localtime" };

/* In the user's home: what the libraries of databases read to log in. */
static const char *const home_files[] = { ".pgpass", ".pg_service.conf", ".postgresql", ".my.cnf", ".mylogin.cnf",
                                          ".krb5",   ".pkcs11" };

/* In the user's folder of configuration; dconf knows the proxy of the desktop. */
static const char *const config_files[] = { "felucca", "dconf", "pkcs11" };

/* Variables that say where such a file, or a library, is: one path, or several. */
static const char *const variables[] = {
  "PGPASSFILE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGSSLCERT",       "PGSSLKEY",    "PGSSLROOTCERT",
  "PGSSLCRL",   "MARIADB_HOME",  "MYSQL_HOME",   "KRB5CCNAME",      "KRB5_CONFIG", "KRB5_KTNAME",
  "LOCPATH",    "TZDIR",         "LD_PRELOAD",   "LD_LIBRARY_PATH", "LD_AUDIT",    "GSETTINGS_SCHEMA_DIR",
};

/* Everything, the root, is meant by nobody. */
static gboolean
is_path (const char *text)
{
  return text[0] == '/' && text[strspn (text, "/")] != '\0';
}

/* A value that does not begin with a path may still hold some: "host=/run/postgresql sslrootcert=/home/a/ca.pem",
 * "postgres://h/db?sslkey=%2Fhome%2Fa%2Fkey". */
char **
fel_file_rules_paths_in (const char *value)
{
  g_autofree char *plain = strstr (value, "://") != NULL ? g_uri_unescape_string (value, NULL) : NULL;
  g_auto (GStrv) words = g_strsplit_set (plain != NULL ? plain : value, " \t='\",;&?", -1);
  GPtrArray *paths = g_ptr_array_new ();

  if (is_path (value))
    g_ptr_array_add (paths, g_strdup (value)); /* with its spaces */
  for (char **word = words; *word != NULL; word++)
    if (is_path (*word) && !g_str_equal (*word, value))
      g_ptr_array_add (paths, g_strdup (*word));
  g_ptr_array_add (paths, NULL);
  return (char **) g_ptr_array_free (paths, FALSE);
}

typedef struct
{
  FelLandlock *landlock;
  FelFileMarks *marks;
} UserRules;

/* One that may be made or replaced at any time. */
static void
allow_marked (const UserRules *self, const char *path, FelLandlockAccess access)
{
  fel_file_marks_add (self->marks, path);
  fel_landlock_allow (self->landlock, path, access);
}

static void
allow_below (const UserRules *self, const char *folder, const char *const *names, gsize n_names)
{
  for (gsize i = 0; i < n_names; i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      allow_marked (self, path, READ);
    }
}

static void
allow_folder_of (FelLandlock *landlock, const char *path, FelLandlockAccess access)
{
  char resolved[PATH_MAX];
  g_autofree char *folder = realpath (path, resolved) != NULL ? g_path_get_dirname (resolved) : NULL;

  /* A link that leads to a file right below the root or in a home says nothing of the files beside it. */
  if (folder != NULL && !g_str_equal (folder, "/") && !g_str_equal (folder, g_get_home_dir ()))
    fel_landlock_allow (landlock, folder, access);
  else if (folder != NULL)
    fel_landlock_allow (landlock, resolved, access);
}

static void
allow_system (FelLandlock *landlock)
{
  for (gsize i = 0; i < G_N_ELEMENTS (system_rules); i++)
    fel_landlock_allow (landlock, system_rules[i].path, system_rules[i].access);
  for (gsize i = 0; i < G_N_ELEMENTS (system_links); i++)
    allow_folder_of (landlock, system_links[i], READ);
}

/* What this build brings with it, wherever it was put. */
static void
allow_backends (FelLandlock *landlock, const char *folder)
{
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  const char *name;

  fel_landlock_allow (landlock, folder, READ);
  while (files != NULL && (name = g_dir_read_name (files)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      fel_landlock_allow (landlock, path, READ); /* it may be a link out of the folder */
    }
}

static void
allow_installation (FelLandlock *landlock, const char *backend_folder)
{
  allow_folder_of (landlock, "/proc/self/exe", RUN); /* a probe is us once more, or what an update has put there */
  allow_backends (landlock, backend_folder);
#if FEL_DEVELOPER
  fel_landlock_allow (landlock, FEL_BUILD_DIR, OWN);
#endif
}

/* A folder that is named in the settings of a backend is its own; a file is there to be read. */
static void
allow_named (const UserRules *self, const char *value)
{
  g_auto (GStrv) paths = fel_file_rules_paths_in (value);

  for (char **path = paths; *path != NULL; path++)
    allow_marked (self, *path, g_file_test (*path, G_FILE_TEST_IS_DIR) ? ALL : RUN);
}

static void
allow_user (const UserRules *self)
{
  g_autofree char *tickets = g_strdup_printf ("/tmp/krb5cc_%u", (unsigned int) getuid ());

  allow_below (self, g_get_home_dir (), home_files, G_N_ELEMENTS (home_files));
  allow_below (self, g_get_user_config_dir (), config_files, G_N_ELEMENTS (config_files));
  allow_marked (self, tickets, READ);
  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      g_auto (GStrv) words = g_strsplit (g_getenv (variables[i]) ?: "", ":", -1);

      for (char **word = words; *word != NULL; word++)
        if (is_path (*word))
          allow_marked (self, *word, READ);
    }
}

/* They have to be there: a rule is about a folder, and not about its name. */
static void
allow_own (FelLandlock *landlock, const char *state_folder)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *own = runtime != NULL ? g_build_filename (runtime, "felucca", NULL) : NULL;
  g_autofree char *dconf = runtime != NULL ? g_build_filename (runtime, "dconf", NULL) : NULL;

  g_mkdir_with_parents (state_folder, 0700);
  fel_landlock_allow (landlock, state_folder, OWN);
  if (own == NULL)
    return;
  g_mkdir_with_parents (own, 0700);
  g_mkdir_with_parents (dconf, 0700); /* as dconf would when it is first asked for the proxy */
  fel_landlock_allow (landlock, own, OWN);
  fel_landlock_allow (landlock, dconf, OWN);
}

static void
allow_settings (const UserRules *self, const FelConfig *config)
{
  for (guint i = 0; i < config->instances->len; i++)
    {
      const FelConfigInstance *instance = config->instances->pdata[i];

      for (guint j = 0; j < instance->settings->len; j++)
        allow_named (self, ((const FelConfigSetting *) instance->settings->pdata[j])->value);
    }
}

/* Programs of the user inherit the rules, and what they need nobody can know: they have files of their own to read and,
 * most of them, tokens and logs to write. */
static gboolean
may_confine (const FelConfig *config, GError **error)
{
  if (config->confine_files == FEL_CONFINE_NO)
    {
      g_set_error_literal (error, FEL_ERROR, FEL_ERROR_UNSUPPORTED, "confine-files is false in felucca.conf");
      return FALSE;
    }
  for (guint i = 0; i < config->instances->len && config->confine_files == FEL_CONFINE_AUTO; i++)
    {
      const FelConfigInstance *instance = config->instances->pdata[i];

      if (g_strcmp0 (instance->module, "exec") != 0)
        continue;
      g_set_error (error, FEL_ERROR, FEL_ERROR_UNSUPPORTED, "backend %s runs a program of yours, which needs its own",
                   instance->name);
      return FALSE;
    }
  return TRUE;
}

FelFileMarks *
fel_file_rules_enforce (const FelConfig *config, const char *state_folder, const char *backend_folder, GError **error)
{
  g_autoptr (FelLandlock) landlock = may_confine (config, error) ? fel_landlock_new (error) : NULL;
  g_autoptr (FelFileMarks) marks = fel_file_marks_new ();
  UserRules user = { landlock, marks };

  if (landlock == NULL)
    return NULL;
  allow_system (landlock);
  allow_installation (landlock, backend_folder);
  allow_user (&user);
  allow_own (landlock, state_folder);
  allow_settings (&user, config);
  return fel_landlock_enforce (landlock, error) ? g_steal_pointer (&marks) : NULL;
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "registry.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <gmodule.h>

#include "felucca-config.h"

#include "backend-call.h"
#include "backend-load.h"
#include "error.h"
#include "probe.h"

/* A directory of modules that is ours alone: the build's own one may be writable by a group. */
typedef struct
{
  char *directory;
  char *conf;
  FelBroker *broker;
  FelRegistry *registry; /* the broker's */
} Fixture;

static const char *const modules[] = { "good.so",      "grown.so",        "minimal.so", "no-mint.so",
                                       "no-symbol.so", "short-struct.so", "text.so" };

static void
fixture_add_file (Fixture *self, const char *name, const char *bytes, gsize len)
{
  g_autofree char *path = g_build_filename (self->directory, name, NULL);

  g_assert_true (g_file_set_contents (path, bytes, (gssize) len, NULL));
  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
}

static void
fixture_add_modules (Fixture *self)
{
  const char *built = g_getenv ("FELUCCA_TEST_MODULES");

  g_assert_nonnull (built);
  for (gsize i = 0; i + 1 < G_N_ELEMENTS (modules); i++)
    {
      g_autofree char *path = g_build_filename (built, modules[i], NULL);
      g_autofree char *bytes = NULL;
      gsize len;

      g_assert_true (g_file_get_contents (path, &bytes, &len, NULL));
      fixture_add_file (self, modules[i], bytes, len);
    }
  fixture_add_file (self, "text.so", "no ELF", 6);
}

static void
fixture_init (Fixture *self, const char *conf)
{
  const char *files[2] = { NULL };

  self->directory = g_dir_make_tmp (NULL, NULL);
  self->conf = g_build_filename (self->directory, "felucca.conf", NULL);
  fixture_add_file (self, "felucca.conf", conf, strlen (conf));
  files[0] = self->conf;
  self->broker = fel_broker_new (fel_config_load (files), self->directory, self->directory);
  self->registry = self->broker->registry;
}

static void
fixture_clear (Fixture *self)
{
  g_autofree char *crashes = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (modules); i++)
    {
      g_autofree char *path = g_build_filename (self->directory, modules[i], NULL);

      g_unlink (path);
    }
  g_unlink (self->conf);
  crashes = g_build_filename (self->directory, "crashes", NULL);
  g_rmdir (crashes);
  g_rmdir (self->directory);
  fel_broker_free (self->broker);
  g_free (self->conf);
  g_free (self->directory);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* 0: as it is. */
static guint shortest_sec = 0;

G_MODULE_EXPORT guint __wrap_g_timeout_add_seconds (guint sec, GSourceFunc func, gpointer data);

guint
__wrap_g_timeout_add_seconds (guint sec, GSourceFunc func, gpointer data)
{
  return g_timeout_add (1000 * (shortest_sec > 0 ? shortest_sec : sec), func, data);
}

static void
on_ready (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

/* Waits until it is known whether the instance can be used. */
static gboolean
load (FelBroker *broker, FelInstance *instance, GError **error)
{
  gboolean ready = FALSE;

  ready = fel_backend_prepare (broker, instance, on_ready, &ready);
  while (!ready || fel_work_is_busy (broker->work))
    g_main_context_iteration (NULL, TRUE);
  return fel_instance_check (instance, error);
}

#define TWO "[backend a]\nmodule=good\n[backend b]\nmodule=good\n"
#define WITH_DEF "[daemon]\ndefault-backend=b\n" TWO

static const struct
{
  const char *conf;
  const char *backend;
  const char *workspace;
  const char *name; /* NULL: InvalidArguments */
  const char *why;
} resolutions[] = {
  { WITH_DEF, "a", "w", "a" },
  { WITH_DEF, "a", "b", "a" },  /* the named one first */
  { WITH_DEF, NULL, "a", "a" }, /* then the one named like the workspace */
  { WITH_DEF, "", "a", "a" },
  { WITH_DEF, NULL, "w", "b" }, /* then the default one */
  { WITH_DEF, NULL, NULL, "b" },
  { WITH_DEF, "c", "a", NULL, "'c'" }, /* a wrong name is no question for the others */
  { WITH_DEF, "A", "a", NULL, "of this name" },
  { WITH_DEF, "0123456789abcdefghijklmno", "a", NULL, "of this name" }, /* perhaps a token: not repeated */
  { TWO, NULL, "w", NULL, "no backend was named" },
  { TWO, NULL, NULL, NULL, "no backend was named" },
  { TWO, NULL, "b", "b" },
  { "[backend a]\nmodule=good\n", NULL, "w", "a" }, /* the only one */
  { "[backend a]\nmodule=good\n", "b", NULL, NULL, "'b'" },
  { "[daemon]\ndefault-backend=c\n" TWO, NULL, "w", NULL, "the default-backend 'c'" },
  { "[daemon]\ndefault-backend=c\n[backend a]\nmodule=good\n", NULL, "w", NULL, "the default-backend 'c'" },
  { "", NULL, "w", NULL, "no backend was named" },
  { "", "a", "w", NULL, "'a'" },
};

static void
test_resolve (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (resolutions); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f;
      const FelInstance *found;

      fixture_init (&f, resolutions[i].conf);
      found = fel_registry_resolve (f.registry, resolutions[i].backend, resolutions[i].workspace, NULL, &error);
      g_test_message ("%zu", i);
      g_assert_cmpstr (found != NULL ? found->name : NULL, ==, resolutions[i].name);
      g_assert_true ((found != NULL) == (error == NULL));
      if (found != NULL)
        continue;
      g_assert_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS);
      g_assert_nonnull (strstr (error->message, resolutions[i].why));
    }
}

/* The instance that knows the workspace comes after a name that says it, and before the default. */
static void
test_resolve_knower (void)
{
  static const struct
  {
    const char *backend;
    const char *workspace;
    const char *name;
  } cases[] = { { NULL, "w", "a" }, { NULL, "b", "b" }, { "b", "w", "b" } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f;
      FelInstance *knower;

      fixture_init (&f, WITH_DEF);
      knower = fel_registry_find (f.registry, "a");
      g_assert_cmpstr (fel_registry_resolve (f.registry, cases[i].backend, cases[i].workspace, knower, &error)->name,
                       ==, cases[i].name);
      g_assert_no_error (error);
    }
}

static const struct
{
  const char *group; /* of the instance x */
  const char *why;   /* NULL: it can be used */
} loads[] = {
  { "module=good\n", NULL },
  { "module=good\ncolor=blue\nurl=u\n", NULL },
  { "module=grown\n", NULL },
  { "module=minimal\n", NULL },
  { "module=good\nshape=round\n", "[backend x] shape: module 'good' has no such key" },
  { "module=minimal\ncolor=blue\n", "[backend x] color: module 'minimal' has no such key" },
  { "module=no-mint\n", "cannot mint" },
  { "module=no-symbol\n", "does not export felucca_backend_v1" },
  { "module=short-struct\n", "too short" },
  { "module=text\n", "cannot be loaded" },
  { "module=absent\n", "absent.so: No such file" },
  { "module=../x\n", "'../x' is not a module's name" }, /* the configuration's problem */
  { "timeout=9\n", "module: it is missing" },
};

static void
check_load (const char *group, const char *why)
{
  g_autofree char *conf = g_strconcat ("[backend x]\n", group, NULL);
  g_auto (Fixture) f;

  fixture_init (&f, conf);
  fixture_add_modules (&f);
  g_test_message ("%s", group);
  g_assert_cmpuint (fel_registry_size (f.registry), ==, 1);
  for (guint i = 0; i < 2; i++) /* the second time it is the same */
    {
      g_autoptr (GError) error = NULL;
      FelInstance *x = fel_registry_nth (f.registry, 0);

      g_assert_cmpint (load (f.broker, x, &error), ==, why == NULL);
      g_assert_cmpint (x->loaded, ==, why == NULL);
      if (why == NULL)
        {
          g_assert_no_error (error);
          g_assert_true (fel_backend_has (x, FEL_VERB_MINT));
          continue;
        }
      g_assert_error (error, FEL_ERROR, FEL_ERROR_BACKEND_FAILED);
      g_assert_nonnull (strstr (error->message, "backend 'x' cannot be used"));
      g_assert_nonnull (strstr (error->message, why));
      g_assert_false (fel_backend_has (x, FEL_VERB_MINT));
    }
}

static void
test_loads (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (loads); i++)
    check_load (loads[i].group, loads[i].why);
}

/* Whatever is wrong with an instance, its failure says where to mend it. */
static void
test_failures_name_the_place (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (loads); i++)
    {
      g_autofree char *conf = g_strconcat ("[backend x]\n", loads[i].group, NULL);
      g_auto (Fixture) f;
      FelInstance *x;

      fixture_init (&f, conf);
      fixture_add_modules (&f);
      x = fel_registry_nth (f.registry, 0);
      g_test_message ("%s", loads[i].group);
      if (load (f.broker, x, NULL))
        continue;
      g_assert_true (g_str_has_prefix (x->failure, f.conf));
      g_assert_nonnull (strstr (x->failure, "[backend x] "));
    }
}

/* What lies behind the end of the backend's struct, or of ours, is not there. */
static void
test_struct_sizes (void)
{
  g_auto (Fixture) f;
  FelInstance *minimal, *grown;

  fixture_init (&f, "[backend minimal]\nmodule=minimal\n[backend grown]\nmodule=grown\n");
  fixture_add_modules (&f);
  minimal = fel_registry_nth (f.registry, 0);
  grown = fel_registry_nth (f.registry, 1);
  g_assert_true (load (f.broker, minimal, NULL));
  g_assert_true (load (f.broker, grown, NULL));
  g_assert_false (fel_backend_has (minimal, FEL_VERB_REVOKE));
  g_assert_false (fel_backend_has (minimal, FEL_VERB_REFRESH));
  g_assert_true (fel_backend_has (grown, FEL_VERB_REVOKE));
  g_assert_false (fel_backend_has (grown, FEL_VERB_LIST));
}

static void
test_a_broken_one_fails_alone (void)
{
  g_auto (Fixture) f;

  fixture_init (&f, "[backend a]\nmodule=no-mint\n[backend b]\nmodule=good\n[backend c]\nmodule=good\ncolor=blue\n");
  fixture_add_modules (&f);
  g_assert_false (load (f.broker, fel_registry_nth (f.registry, 0), NULL));
  g_assert_true (load (f.broker, fel_registry_nth (f.registry, 1), NULL));
  g_assert_true (load (f.broker, fel_registry_nth (f.registry, 2), NULL));
  g_assert_cmpuint (fel_registry_nth (f.registry, 1)->n_settings, ==, 0);
  g_assert_cmpuint (fel_registry_nth (f.registry, 2)->n_settings, ==, 1);
  g_assert_cmpstr (fel_registry_nth (f.registry, 2)->settings[0].value, ==, "blue");
}

static const struct
{
  guint directory_mode;
  guint module_mode;
  gboolean loads;
} modes[] = {
  { 0700, 0644, TRUE },  { 0755, 0755, TRUE },  { 0500, 0400, TRUE },  { 0770, 0644, FALSE },
  { 0702, 0644, FALSE }, { 0777, 0644, FALSE }, { 0700, 0664, FALSE }, { 0700, 0646, FALSE },
};

static void
check_access (guint directory_mode, guint module_mode, uid_t owner, gboolean loads_then)
{
  g_auto (Fixture) f;
  g_autofree char *module = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&f, "[backend x]\nmodule=good\n");
  fixture_add_modules (&f);
  module = g_build_filename (f.directory, "good.so", NULL);
  g_assert_cmpint (g_chmod (module, (int) module_mode), ==, 0);
  g_assert_cmpint (g_chmod (f.directory, (int) directory_mode), ==, 0);
  g_assert_cmpint (chown (module, owner, (gid_t) -1), ==, 0);
  g_test_message ("%o %o", directory_mode, module_mode);
  g_assert_cmpint (load (f.broker, fel_registry_nth (f.registry, 0), &error), ==, loads_then);
  if (!loads_then)
    {
      g_assert_error (error, FEL_ERROR, FEL_ERROR_BACKEND_FAILED);
      g_assert_nonnull (strstr (error->message, "others can write to it"));
      g_assert_nonnull (strstr (error->message, f.directory));
    }
  g_assert_cmpint (g_chmod (f.directory, 0700), ==, 0);
}

static void
test_modes (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    check_access (modes[i].directory_mode, modes[i].module_mode, getuid (), modes[i].loads);
}

static void
test_foreign_owner (void)
{
  if (getuid () != 0)
    {
      g_test_skip ("only root can give a file away");
      return;
    }
  check_access (0700, 0644, 65534, FALSE);
}

static void
test_missing_directory (void)
{
  g_auto (Fixture) f;
  g_autoptr (FelBroker) elsewhere = NULL;
  g_autofree char *absent = NULL;
  g_autoptr (GError) error = NULL;
  const char *files[2] = { NULL };

  fixture_init (&f, "[backend x]\nmodule=good\n");
  files[0] = f.conf;
  absent = g_build_filename (f.directory, "absent", NULL);
  elsewhere = fel_broker_new (fel_config_load (files), absent, f.directory);
  g_assert_false (load (elsewhere, fel_registry_nth (elsewhere->registry, 0), &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_BACKEND_FAILED);
  g_assert_nonnull (strstr (error->message, absent));
}

static const struct
{
  const char *color;
  gboolean good;
} colors[] = { { "blue", TRUE }, { "beige", FALSE } };

/* Another file in the place of one that failed is a new chance; the same one is not looked at again. */
static void
test_a_mended_file (void)
{
  g_auto (Fixture) f;
  g_autofree char *bytes = NULL;
  g_autofree char *good = NULL;
  FelInstance *x;
  gsize len;

  fixture_init (&f, "[backend x]\nmodule=good\n");
  x = fel_registry_nth (f.registry, 0);
  g_assert_false (load (f.broker, x, NULL));
  g_assert_false (fel_backend_any_unknown (f.broker));
  fixture_add_file (&f, "good.so", "no ELF", 6);
  g_assert_true (fel_backend_any_unknown (f.broker));
  g_assert_false (load (f.broker, x, NULL));
  g_assert_false (fel_backend_any_unknown (f.broker));
  good = g_build_filename (g_getenv ("FELUCCA_TEST_MODULES"), "good.so", NULL);
  g_assert_true (g_file_get_contents (good, &bytes, &len, NULL));
  fixture_add_file (&f, "good.so", bytes, len);
  g_assert_true (load (f.broker, x, NULL));
}

/* A probe that takes too long is ended, and is not the last word: perhaps the machine was busy. */
static void
test_a_late_probe (void)
{
  g_auto (Fixture) f;
  g_autofree char *built = g_build_filename (g_getenv ("FELUCCA_TEST_MODULES"), "hang-in-constructor.so", NULL);
  g_autofree char *path = NULL;
  FelInstance *x;

  fixture_init (&f, "[backend x]\nmodule=hang-in-constructor\n");
  path = fel_module_path (f.directory, "hang-in-constructor");
  g_assert_cmpint (symlink (built, path), ==, 0);
  x = fel_registry_nth (f.registry, 0);
  shortest_sec = 1;
  g_assert_false (load (f.broker, x, NULL));
  shortest_sec = 0;
  g_assert_nonnull (strstr (x->failure, "did not come back"));
  g_assert_false (fel_backend_any_unknown (f.broker));
  g_assert_cmpuint (g_hash_table_size (f.broker->probed), ==, 0);
  x->retry_usec = 1;
  g_assert_true (fel_backend_any_unknown (f.broker));
  g_assert_true (fel_backend_reset (f.broker, x, NULL));
  g_assert_true (fel_instance_check (x, NULL));
  g_unlink (path);
}

/* All who come while it is being found out wait for one probe. */
static void
test_waiting_together (void)
{
  g_auto (Fixture) f;
  gboolean ready[2] = { FALSE, FALSE };
  FelInstance *x;

  fixture_init (&f, "[backend x]\nmodule=good\n");
  fixture_add_modules (&f);
  x = fel_registry_nth (f.registry, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (ready); i++)
    g_assert_false (fel_backend_prepare (f.broker, x, on_ready, &ready[i]));
  g_assert_cmpuint (g_hash_table_size (f.broker->loads), ==, 1);
  g_assert_false (fel_backend_reset (f.broker, x, NULL)); /* not now */
  while (!ready[1])
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (ready[0]);
  g_assert_true (fel_backend_prepare (f.broker, x, on_ready, &ready[0]));
  while (fel_work_is_busy (f.broker->work))
    g_main_context_iteration (NULL, TRUE);
}

/* The module judges its settings once, before its first verb. */
static void
test_prepare (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (colors); i++)
    {
      g_autofree char *conf = g_strdup_printf ("[backend x]\nmodule=good\ncolor=%s\n", colors[i].color);
      g_auto (Fixture) f;

      fixture_init (&f, conf);
      fixture_add_modules (&f);
      for (guint k = 0; k < 2; k++)
        {
          g_autoptr (GError) error = NULL;
          FelInstance *x = fel_registry_nth (f.registry, 0);

          g_assert_cmpint (load (f.broker, x, &error), ==, colors[i].good);
          g_assert_true (colors[i].good == (error == NULL));
          if (error == NULL)
            continue;
          g_assert_error (error, FEL_ERROR, FEL_ERROR_BACKEND_FAILED);
          g_assert_nonnull (strstr (error->message, f.conf));
          g_assert_nonnull (strstr (error->message, "[backend x] color: 'beige' is not a color"));
        }
    }
}

/* Only a build for development listens to the environment. */
static void
test_default_directory (void)
{
  g_unsetenv ("FELUCCA_BACKEND_DIR");
  g_assert_cmpstr (fel_registry_default_directory (), ==, FEL_BACKEND_DIR);
  g_setenv ("FELUCCA_BACKEND_DIR", "/elsewhere", TRUE);
  g_assert_cmpstr (fel_registry_default_directory (), ==, FEL_DEVELOPER ? "/elsewhere" : FEL_BACKEND_DIR);
  g_unsetenv ("FELUCCA_BACKEND_DIR");
}

int
main (int argc, char **argv)
{
  /* What a probe runs is this program. */
  if (argc == 3 && g_str_equal (argv[1], FEL_PROBE_OPTION))
    return fel_probe_main (argv[2]);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL); /* what cannot be loaded is a warning */
  g_test_add_func ("/registry/resolve", test_resolve);
  g_test_add_func ("/registry/resolve-knower", test_resolve_knower);
  g_test_add_func ("/registry/loads", test_loads);
  g_test_add_func ("/registry/struct-sizes", test_struct_sizes);
  g_test_add_func ("/registry/a-broken-one-fails-alone", test_a_broken_one_fails_alone);
  g_test_add_func ("/registry/modes", test_modes);
  g_test_add_func ("/registry/foreign-owner", test_foreign_owner);
  g_test_add_func ("/registry/missing-directory", test_missing_directory);
  g_test_add_func ("/registry/prepare", test_prepare);
  g_test_add_func ("/registry/a-mended-file", test_a_mended_file);
  g_test_add_func ("/registry/a-late-probe", test_a_late_probe);
  g_test_add_func ("/registry/waiting-together", test_waiting_together);
  g_test_add_func ("/registry/default-directory", test_default_directory);
  g_test_add_func ("/registry/failures-name-the-place", test_failures_name_the_place);
  return g_test_run ();
}

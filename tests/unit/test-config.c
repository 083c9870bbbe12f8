/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#define FILES_MAX 3

/* The files of one case, in a directory of their own. */
typedef struct
{
  char *directory;
  char *paths[FILES_MAX + 1];
} Files;

static void
files_write (Files *self, const char *const texts[FILES_MAX])
{
  memset (self, 0, sizeof *self);
  self->directory = g_dir_make_tmp (NULL, NULL);
  g_assert_nonnull (self->directory);
  for (guint i = 0; i < FILES_MAX; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u.conf", i);

      self->paths[i] = g_build_filename (self->directory, name, NULL);
      if (texts[i] != NULL)
        g_assert_true (g_file_set_contents (self->paths[i], texts[i], -1, NULL));
    }
}

static void
files_clear (Files *self)
{
  for (guint i = 0; i < FILES_MAX; i++)
    {
      g_unlink (self->paths[i]);
      g_free (self->paths[i]);
    }
  g_rmdir (self->directory);
  g_free (self->directory);
}

static FelConfig *
load (const char *const texts[FILES_MAX], Files *files)
{
  files_write (files, texts);
  return fel_config_load ((const char *const *) files->paths);
}

static const FelConfigInstance *
nth (const FelConfig *config, guint i)
{
  g_assert_cmpuint (i, <, config->instances->len);
  return config->instances->pdata[i];
}

static void
assert_setting (const FelConfigInstance *instance, const char *key, const char *value, const char *file)
{
  guint found = 0;

  for (guint i = 0; i < instance->settings->len; i++)
    {
      const FelConfigSetting *setting = instance->settings->pdata[i];

      if (!g_str_equal (setting->key, key))
        continue;
      found++;
      g_assert_cmpstr (setting->value, ==, value);
      g_assert_cmpstr (setting->file, ==, file);
    }
  g_assert_cmpuint (found, ==, 1);
}

static void
test_nothing (void)
{
  static const char *const texts[FILES_MAX] = { NULL, NULL, NULL };
  const char *const no_files[] = { NULL };
  Files files;
  g_autoptr (FelConfig) config = load (texts, &files);
  g_autoptr (FelConfig) other = fel_config_load (no_files);

  g_assert_null (config->default_backend);
  g_assert_cmpuint (config->idle_timeout_sec, ==, 600);
  g_assert_cmpint (config->confine_files, ==, FEL_CONFINE_AUTO);
  g_assert_cmpuint (config->instances->len, ==, 0);
  g_assert_cmpuint (config->problems->len, ==, 0);
  g_assert_cmpuint (other->problems->len, ==, 0);
  fel_config_free (NULL);
  files_clear (&files);
}

static void
test_later_wins_key_by_key (void)
{
  static const char *const texts[FILES_MAX] = {
    "[daemon]\ndefault-backend=nile\nidle-timeout=5\n[backend nile]\nmodule=nile\nurl=https://a\nclient-id=c\n",
    "[daemon]\nidle-timeout=0\nconfine-files=false\n[backend other]\nmodule=other\n",
    "[backend nile]\nurl=https://b\ntimeout=7\n[daemon]\ndefault-backend=other\n",
  };
  Files files;
  g_autoptr (FelConfig) config = load (texts, &files);

  g_assert_cmpuint (config->problems->len, ==, 0);
  g_assert_cmpstr (config->default_backend, ==, "other");
  g_assert_cmpint (config->confine_files, ==, FEL_CONFINE_NO);
  g_assert_cmpuint (config->idle_timeout_sec, ==, 0);
  g_assert_cmpuint (config->instances->len, ==, 2);
  g_assert_cmpstr (nth (config, 0)->name, ==, "nile");
  g_assert_cmpstr (nth (config, 0)->module, ==, "nile");
  g_assert_cmpstr (nth (config, 0)->file, ==, files.paths[2]);
  g_assert_cmpuint (nth (config, 0)->timeout_sec, ==, 7);
  g_assert_cmpuint (nth (config, 0)->settings->len, ==, 2);
  assert_setting (nth (config, 0), "url", "https://b", files.paths[2]);
  assert_setting (nth (config, 0), "client-id", "c", files.paths[0]);
  g_assert_cmpstr (fel_config_file_of (nth (config, 0), "client-id: it is too short"), ==, files.paths[0]);
  g_assert_cmpstr (fel_config_file_of (nth (config, 0), "url: it is too short"), ==, files.paths[2]);
  g_assert_cmpstr (fel_config_file_of (nth (config, 0), "urls: it is too short"), ==, files.paths[2]);
  g_assert_cmpstr (fel_config_file_of (nth (config, 0), "client: it is too short"), ==, files.paths[2]);
  g_assert_cmpstr (config->default_file, ==, files.paths[2]);
  g_assert_cmpstr (nth (config, 1)->name, ==, "other");
  g_assert_cmpuint (nth (config, 1)->timeout_sec, ==, 30);
  g_assert_cmpstr (nth (config, 1)->file, ==, files.paths[1]);
  files_clear (&files);
}

/* A mistake leaves what an earlier file said, and everything else, as it is. */
static void
test_mistake_keeps_the_rest (void)
{
  static const char *const texts[FILES_MAX] = {
    "[daemon]\nidle-timeout=5\n[backend a]\nmodule=a\ntimeout=9\n",
    "[daemon]\nidle-timeout=never\n[backend a]\ntimeout=0\nmodule=../a\n[backend b]\nmodule=b\n",
    NULL,
  };
  Files files;
  g_autoptr (FelConfig) config = load (texts, &files);

  g_assert_cmpuint (config->problems->len, ==, 3);
  g_assert_cmpuint (config->idle_timeout_sec, ==, 5);
  g_assert_cmpuint (nth (config, 0)->timeout_sec, ==, 9);
  g_assert_cmpstr (nth (config, 0)->module, ==, "a");
  g_assert_cmpstr (nth (config, 0)->problem, ==, config->problems->pdata[1]); /* the first one of its own */
  g_assert_null (nth (config, 1)->problem);
  files_clear (&files);
}

typedef struct
{
  const char *text;
  const char *group; /* the problem names these; NULL group: there is no problem */
  const char *key;
  gboolean of_instance; /* the first instance has it too */
} ProblemCase;

#define NAME64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_MODULE "[backend a]\nmodule=" NAME64

static const ProblemCase problems[] = {
  { "", NULL },
  { "# a comment\n\n[daemon]\n", NULL },
  { "[daemon]\nconfine-files=true\n", NULL },
  { "[daemon]\nconfine-files=false\n", NULL },
  { "[daemon]\nconfine-files=\n", "[daemon]", "confine-files" },
  { "[daemon]\nconfine-files=auto\n", "[daemon]", "confine-files" },
  { "[daemon]\nidle-timeout=0\n", NULL },
  { "[daemon]\nidle-timeout=604800\n", NULL },
  { "[daemon]\nidle-timeout=604801\n", "[daemon]", "idle-timeout" },
  { "[daemon]\nidle-timeout=-1\n", "[daemon]", "idle-timeout" },
  { "[daemon]\nidle-timeout=10s\n", "[daemon]", "idle-timeout" },
  { "[daemon]\nidle-timeout=\n", "[daemon]", "idle-timeout" },
  { "[daemon]\nidle_timeout=5\n", "[daemon]", "idle_timeout" },
  { "[daemon]\nIdle-Timeout=5\n", "[daemon]", "Idle-Timeout" },
  { "[daemon]\ndefault-backend=\n", "[daemon]", "default-backend" },
  { "[daemon]\ndefault-backend=A b\n", "[daemon]", "default-backend" },
  { "[Daemon]\nidle-timeout=5\n", "[Daemon]", "" },
  { "[demon]\n", "[demon]", "" },
  { "[backend]\nmodule=a\n", "[backend]", "" },
  { "[backend ]\nmodule=a\n", "[backend ]", "" },
  { "[backend A]\nmodule=a\n", "[backend A]", "" },
  { "[backend a b]\nmodule=a\n", "[backend a b]", "" },
  { "[backend ../a]\nmodule=a\n", "[backend ../a]", "" },
  { "[backend " NAME64 "]\nmodule=a\n", NULL },
  { "[backend " NAME64 "a]\nmodule=a\n", "[backend " NAME64 "a]", "" },
  { "[backend a]\nmodule=a-b_9\n", NULL },
  { LONG_MODULE "\n", NULL },
  { LONG_MODULE "a\n", "[backend a]", "module", TRUE },
  { "[backend a]\n", "[backend a]", "module", TRUE },
  { "[backend a]\nurl=x\n", "[backend a]", "module", TRUE },
  { "[backend a]\nmodule=\n", "[backend a]", "module", TRUE },
  { "[backend a]\nmodule=../nile\n", "[backend a]", "module", TRUE },
  { "[backend a]\nmodule=nile.so\n", "[backend a]", "module", TRUE },
  { "[backend a]\nmodule=a/b\n", "[backend a]", "module", TRUE },
  { "[backend a]\nmodule=a\ntimeout=1\n", NULL },
  { "[backend a]\nmodule=a\ntimeout=300\n", NULL },
  { "[backend a]\nmodule=a\ntimeout=0\n", "[backend a]", "timeout", TRUE },
  { "[backend a]\nmodule=a\ntimeout=301\n", "[backend a]", "timeout", TRUE },
  { "[backend a]\nmodule=a\ntimeout=99999999999999999999\n", "[backend a]", "timeout", TRUE },
  { "[backend a]\nmodule=a\nwhatever=x\n", NULL }, /* the module's to judge */
};

static void
check_problem (const ProblemCase *c)
{
  const char *const texts[FILES_MAX] = { NULL, c->text, NULL };
  Files files;
  g_autoptr (FelConfig) config = load (texts, &files);

  g_test_message ("%s", c->text);
  g_assert_cmpuint (config->problems->len, ==, c->group != NULL ? 1 : 0);
  if (c->group != NULL)
    {
      const char *line = config->problems->pdata[0];

      g_assert_true (g_str_has_prefix (line, files.paths[1]));
      g_assert_nonnull (strstr (line, c->group));
      g_assert_nonnull (strstr (line, c->key));
      g_assert_null (strchr (line, '\n'));
    }
  if (c->of_instance)
    g_assert_cmpstr (nth (config, 0)->problem, ==, config->problems->pdata[0]);
  else if (config->instances->len > 0)
    g_assert_null (nth (config, 0)->problem);
  files_clear (&files);
}

static void
test_problems (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (problems); i++)
    check_problem (&problems[i]);
}

#define TEXT(text) text, sizeof text - 1

/* The later file wins: what it says right makes good what an earlier one said wrong, and the other way round. */
static void
test_later_file_mends (void)
{
  const char *const mended[FILES_MAX] = { "[backend a]\nmodule=a\ntimeout=0\n", "[backend a]\ntimeout=5\n", NULL };
  const char *const spoilt[FILES_MAX] = { "[backend a]\nmodule=a\ntimeout=5\n", "[backend a]\ntimeout=0\n", NULL };
  Files files, other_files;
  g_autoptr (FelConfig) config = load (mended, &files);
  g_autoptr (FelConfig) other = load (spoilt, &other_files);

  g_assert_cmpuint (config->problems->len, ==, 1); /* said all the same */
  g_assert_null (nth (config, 0)->problem);
  g_assert_cmpuint (nth (config, 0)->timeout_sec, ==, 5);
  g_assert_cmpstr (nth (other, 0)->problem, ==, other->problems->pdata[0]);
  files_clear (&files);
  files_clear (&other_files);
}

/* A file that cannot be read is one problem; the others count. */
static const struct
{
  const char *text;
  gsize len;
} broken[] = {
  { TEXT ("key=without a group\n") },
  { TEXT ("[daemon\n") },
  { TEXT ("[daemon]\nnonsense\n") },
  { TEXT ("\x01\x02\n") },
  { TEXT ("[daemon]\nidle-timeout=5\n#\xff\n") },
  { TEXT ("[daemon]\nidle-timeout=5\n\0[backend b]\n") },
};

static void
test_broken_file (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      const char *const texts[FILES_MAX] = { "[backend a]\nmodule=a\n", NULL, "[daemon]\nidle-timeout=1\n" };
      g_autoptr (FelConfig) config = NULL;
      Files files;

      files_write (&files, texts);
      g_assert_true (g_file_set_contents (files.paths[1], broken[i].text, (gssize) broken[i].len, NULL));
      config = fel_config_load ((const char *const *) files.paths);
      g_test_message ("%zu", i);
      g_assert_cmpuint (config->problems->len, ==, 1);
      g_assert_true (g_str_has_prefix (config->problems->pdata[0], files.paths[1]));
      g_assert_cmpuint (config->idle_timeout_sec, ==, 1);
      g_assert_cmpuint (config->instances->len, ==, 1);
      /* It may have said where this one's tokens belong. */
      g_assert_cmpstr (nth (config, 0)->problem, ==, config->problems->pdata[0]);
      files_clear (&files);
    }
}

static const ProblemCase escapes[] = {
  { "[daemon]\ndefault-backend=\\q\n", "[daemon]", "default-backend" },
  { "[backend a]\nmodule=a\nurl=a\\qb\n", "[backend a]", "url", TRUE },
  { "[backend a]\nmodule=a\nurl=a\\\n", "[backend a]", "url", TRUE }, /* ends in the middle of one */
};

static void
test_escape_that_is_none (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (escapes); i++)
    check_problem (&escapes[i]);
}

static void
test_directory_is_no_file (void)
{
  g_autofree char *directory = g_dir_make_tmp (NULL, NULL);
  const char *const files[] = { directory, NULL };
  g_autoptr (FelConfig) config = fel_config_load (files);

  g_assert_cmpuint (config->problems->len, ==, 1);
  g_assert_true (g_str_has_prefix (config->problems->pdata[0], directory));
  g_rmdir (directory);
}

static void
test_default_files (void)
{
  g_auto (GStrv) files = fel_config_default_files ();
  g_autofree char *user = g_build_filename (g_get_user_config_dir (), "felucca", "felucca.conf", NULL);

  g_assert_cmpuint (g_strv_length (files), ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_true (g_path_is_absolute (files[i]) && g_str_has_suffix (files[i], "/felucca/felucca.conf"));
  g_assert_cmpstr (files[2], ==, user);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/nothing", test_nothing);
  g_test_add_func ("/config/later-wins-key-by-key", test_later_wins_key_by_key);
  g_test_add_func ("/config/mistake-keeps-the-rest", test_mistake_keeps_the_rest);
  g_test_add_func ("/config/problems", test_problems);
  g_test_add_func ("/config/later-file-mends", test_later_file_mends);
  g_test_add_func ("/config/broken-file", test_broken_file);
  g_test_add_func ("/config/directory-is-no-file", test_directory_is_no_file);
  g_test_add_func ("/config/default-files", test_default_files);
  g_test_add_func ("/config/escape-that-is-none", test_escape_that_is_none);
  return g_test_run ();
}

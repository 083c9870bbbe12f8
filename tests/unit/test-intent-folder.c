/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "intent-folder.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "scratch.h"

#define UUID_A "6f1d2c1e-53a1-4c52-8d5a-6a0f5f0d9a11"
#define UUID_B "919108f7-52d1-4320-9bac-f847db4148a8"

#define GOOD "[intent]\nversion=1\nbackend=nile\nworkspace=acme\ndatabase=orders\ninternal=false\nsince=1700000000\n"

#define FILE_LEN_MAX 4096
#define MANY 10000

typedef struct
{
  char *scratch;
  char *path; /* of the folder, which is not there yet */
  FelIntentFolder *folder;
  GHashTable *known;
  GPtrArray *intents; /* what was loaded */
  GPtrArray *broken;
} Fixture;

static void
fixture_init (Fixture *self)
{
  self->scratch = scratch_new ();
  self->path = g_build_filename (self->scratch, "state", "felucca", "intents", NULL);
  self->folder = fel_intent_folder_new (self->path);
  self->known = g_hash_table_new (g_str_hash, g_str_equal);
  self->intents = NULL;
  self->broken = NULL;
}

static void
fixture_clear (Fixture *self)
{
  fel_intent_folder_free (self->folder);
  g_hash_table_unref (self->known);
  g_clear_pointer (&self->intents, g_ptr_array_unref);
  g_clear_pointer (&self->broken, g_ptr_array_unref);
  scratch_remove (self->scratch);
  g_free (self->scratch);
  g_free (self->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static void
make_folder (const Fixture *self)
{
  g_assert_cmpint (g_mkdir_with_parents (self->path, 0700), ==, 0);
}

static FelIntent *
new_intent (const char *uuid)
{
  FelIntent *self = fel_intent_new ("nile", "acme", "orders", "t-1", TRUE, "r-1", 1700000000);

  g_free (self->uuid);
  self->uuid = g_strdup (uuid);
  return self;
}

static void
write_step (Fixture *self, FelIntentState state, const char *id)
{
  g_autoptr (FelIntent) made = new_intent (UUID_A);
  g_autoptr (FelIntent) intent = fel_intent_advance (made, state, id);
  g_autoptr (GError) error = NULL;

  g_assert_true (fel_intent_folder_write (self->folder, intent, &error));
  g_assert_no_error (error);
}

static void
load (Fixture *self, guint n_intents, guint n_broken)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->intents, g_ptr_array_unref);
  g_clear_pointer (&self->broken, g_ptr_array_unref);
  self->intents = fel_intent_folder_take_over (self->folder, self->known, &self->broken, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (self->intents->len, ==, n_intents);
  g_assert_cmpuint (self->broken->len, ==, n_broken);
}

static void
assert_files (const Fixture *self, const char *expected)
{
  g_autofree char *names = scratch_list (self->path);

  g_assert_cmpstr (names, ==, expected);
}

static void
assert_mode (const char *path, mode_t mode)
{
  struct stat st;

  g_assert_cmpint (lstat (path, &st), ==, 0);
  g_assert_cmphex (st.st_mode & 07777, ==, mode);
}

/* Only we can read it, whatever the umask lets through. */
static void
test_modes (void)
{
  g_auto (Fixture) self = { 0 };
  g_autofree char *file = NULL;
  g_autofree char *parent = NULL;
  mode_t before = umask (0);

  fixture_init (&self);
  write_step (&self, FEL_INTENT_PREPARED, NULL);
  umask (before);
  file = g_build_filename (self.path, UUID_A ".prepared", NULL);
  parent = g_path_get_dirname (self.path);
  assert_mode (parent, 0700);
  assert_mode (self.path, 0700);
  assert_mode (file, 0600);
}

static void
test_steps (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (GError) error = NULL;
  const FelIntent *intent;

  fixture_init (&self);
  load (&self, 0, 0); /* makes the folder */
  write_step (&self, FEL_INTENT_PREPARED, NULL);
  assert_files (&self, UUID_A ".prepared");
  write_step (&self, FEL_INTENT_PREPARED, NULL);
  assert_files (&self, UUID_A ".prepared");
  g_assert_true (fel_intent_folder_mark_sent (self.folder, UUID_A, &error));
  assert_files (&self, UUID_A ".sent");
  g_assert_true (fel_intent_folder_mark_sent (self.folder, UUID_A, &error));
  assert_files (&self, UUID_A ".sent");
  write_step (&self, FEL_INTENT_MINTED, "cred-1");
  assert_files (&self, UUID_A ".minted");
  load (&self, 1, 0);
  intent = self.intents->pdata[0];
  g_assert_cmpstr (intent->uuid, ==, UUID_A);
  g_assert_cmpstr (intent->id, ==, "cred-1");
  g_assert_cmpstr (intent->tenant_id, ==, "t-1");
  g_assert_cmpint (intent->state, ==, FEL_INTENT_MINTED);
  g_assert_true (fel_intent_folder_remove (self.folder, UUID_A, &error));
  assert_files (&self, "");
  g_assert_true (fel_intent_folder_remove (self.folder, UUID_A, &error));
  g_assert_no_error (error);
}

static void
test_mark_sent_without_a_record (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (GError) error = NULL;

  fixture_init (&self);
  g_assert_false (fel_intent_folder_mark_sent (self.folder, UUID_A, &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_INTERNAL);
  g_assert_nonnull (strstr (error->message, self.path));
}

/* The daemon died between two steps: the later one counts, and all go together. */
static void
test_two_steps (void)
{
  static const struct
  {
    const char *states[3];
    FelIntentState counts;
  } cases[] = {
    { { "prepared" }, FEL_INTENT_PREPARED },
    { { "prepared", "sent" }, FEL_INTENT_SENT },
    { { "sent", "minted" }, FEL_INTENT_MINTED },
    { { "prepared", "minted" }, FEL_INTENT_MINTED },
    { { "prepared", "sent", "minted" }, FEL_INTENT_MINTED },
    { { "minted", "sent", "prepared" }, FEL_INTENT_MINTED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) self = { 0 };

      fixture_init (&self);
      make_folder (&self);
      for (guint k = 0; k < 3 && cases[i].states[k] != NULL; k++)
        {
          g_autofree char *name = g_strconcat (UUID_A ".", cases[i].states[k], NULL);

          scratch_write (self.path, name, GOOD "id=c\n", strlen (GOOD "id=c\n"));
        }
      load (&self, 1, 0);
      g_assert_cmpint (((FelIntent *) self.intents->pdata[0])->state, ==, cases[i].counts);
      g_assert_true (fel_intent_folder_remove (self.folder, UUID_A, NULL));
      assert_files (&self, "");
    }
}

static void
test_unfinished (void)
{
  g_auto (Fixture) self = { 0 };

  fixture_init (&self);
  make_folder (&self);
  scratch_write (self.path, UUID_A ".new", GOOD, strlen (GOOD));
  scratch_write (self.path, UUID_B ".new", "", 0);
  scratch_write (self.path, UUID_B ".sent", GOOD, strlen (GOOD));
  load (&self, 1, 0);
  assert_files (&self, UUID_B ".sent");
}

/* Those that this daemon has begun itself: not even a broken one is touched. */
static void
test_known (void)
{
  g_auto (Fixture) self = { 0 };

  fixture_init (&self);
  make_folder (&self);
  g_hash_table_add (self.known, (char *) UUID_A);
  scratch_write (self.path, UUID_A ".new", "", 0);
  scratch_write (self.path, UUID_A ".prepared", GOOD, strlen (GOOD));
  scratch_write (self.path, UUID_A ".sent", "broken", 6);
  scratch_write (self.path, UUID_B ".sent", GOOD, strlen (GOOD));
  load (&self, 1, 0);
  g_assert_cmpstr (((FelIntent *) self.intents->pdata[0])->uuid, ==, UUID_B);
  assert_files (&self, UUID_A ".new " UUID_A ".prepared " UUID_A ".sent " UUID_B ".sent");
}

static const struct
{
  const char *name;
  const char *text;
} broken[] = {
  { UUID_A ".sent", "" },
  { UUID_A ".sent", "garbage" },
  { UUID_A ".prepared", "[intent]\nversion=2\n" },
  { UUID_A ".minted", GOOD },
  { UUID_A ".forgotten", GOOD },
  { UUID_A ".sent.sent", GOOD },
  { UUID_A, GOOD },
  { "no-uuid.sent", GOOD },
  { ".sent", GOOD },
  { "README", "what is this" },
};

static void
check_set_aside (Fixture *self, const char *name)
{
  g_autofree char *aside = g_strconcat (name, ".broken", NULL);
  g_autofree char *path = g_build_filename (self->path, aside, NULL);

  load (self, 0, 1);
  g_assert_cmpstr (self->broken->pdata[0], ==, path);
  assert_files (self, aside);
  load (self, 0, 0); /* once is enough */
  assert_files (self, aside);
}

static void
test_broken (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_auto (Fixture) self = { 0 };

      fixture_init (&self);
      make_folder (&self);
      scratch_write (self.path, broken[i].name, broken[i].text, strlen (broken[i].text));
      check_set_aside (&self, broken[i].name);
    }
}

/* It is named where it is. */
static void
test_broken_without_a_place (void)
{
  g_auto (Fixture) self = { 0 };
  g_autofree char *path = NULL, *aside = NULL;

  fixture_init (&self);
  make_folder (&self);
  path = g_build_filename (self.path, broken[0].name, NULL);
  aside = g_strconcat (path, ".broken", NULL);
  g_assert_cmpint (mkdir (aside, 0700), ==, 0);
  scratch_write (self.path, broken[0].name, broken[0].text, strlen (broken[0].text));
  load (&self, 0, 1);
  g_assert_cmpstr (self.broken->pdata[0], ==, path);
}

static void
make_directory (const Fixture *self, const char *path)
{
  g_assert_cmpint (mkdir (path, 0700), ==, 0);
}

static void
make_fifo (const Fixture *self, const char *path)
{
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
}

/* A good record elsewhere is none of ours. */
static void
make_link (const Fixture *self, const char *path)
{
  g_autofree char *target = g_build_filename (self->scratch, "elsewhere", NULL);

  scratch_write (self->scratch, "elsewhere", GOOD, strlen (GOOD));
  g_assert_cmpint (symlink (target, path), ==, 0);
}

static void
make_megabyte (const Fixture *self, const char *path)
{
  g_autofree char *bytes = g_strnfill (1 << 20, 'x');

  scratch_write (self->path, UUID_A ".sent", bytes, 1 << 20);
}

static void
test_not_even_a_record (void)
{
  static void (*const makers[]) (const Fixture *, const char *) = { make_directory, make_fifo, make_link,
                                                                    make_megabyte };

  for (gsize i = 0; i < G_N_ELEMENTS (makers); i++)
    {
      g_auto (Fixture) self = { 0 };
      g_autofree char *path = NULL;

      fixture_init (&self);
      make_folder (&self);
      path = g_build_filename (self.path, UUID_A ".sent", NULL);
      makers[i](&self, path);
      check_set_aside (&self, UUID_A ".sent");
    }
}

static void
test_length (void)
{
  for (gsize len = FILE_LEN_MAX; len <= FILE_LEN_MAX + 1; len++)
    {
      g_auto (Fixture) self = { 0 };
      g_autofree char *filling = g_strnfill (len - strlen (GOOD "colour=\n"), 'x');
      g_autofree char *text = g_strconcat (GOOD "colour=", filling, "\n", NULL);

      fixture_init (&self);
      make_folder (&self);
      g_assert_cmpuint (strlen (text), ==, len);
      scratch_write (self.path, UUID_A ".sent", text, len);
      load (&self, len <= FILE_LEN_MAX ? 1 : 0, len <= FILE_LEN_MAX ? 0 : 1);
    }
}

/* What we may be asked to write can be read again. */
static void
test_longest_record (void)
{
  g_auto (Fixture) self = { 0 };
  g_autofree char *name = g_strnfill (256, '\\');
  g_autoptr (FelIntent) intent = fel_intent_new (name, name, name, name, TRUE, name, 1700000000);
  g_autoptr (FelIntent) minted = fel_intent_advance (intent, FEL_INTENT_MINTED, name);

  fixture_init (&self);
  g_assert_true (fel_intent_folder_write (self.folder, minted, NULL));
  load (&self, 1, 0);
  g_assert_cmpstr (((FelIntent *) self.intents->pdata[0])->id, ==, name);
}

static void
test_many (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  fixture_init (&self);
  make_folder (&self);
  for (guint i = 0; i < MANY; i++)
    {
      g_autofree char *name = g_strdup_printf ("6f1d2c1e-53a1-4c52-8d5a-%012x.sent", i);

      scratch_write (self.path, name, GOOD, strlen (GOOD));
    }
  load (&self, MANY, 0);
  for (guint i = 0; i < MANY; i++)
    g_hash_table_add (seen, ((FelIntent *) self.intents->pdata[i])->uuid);
  g_assert_cmpuint (g_hash_table_size (seen), ==, MANY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/intent-folder/modes", test_modes);
  g_test_add_func ("/intent-folder/steps", test_steps);
  g_test_add_func ("/intent-folder/mark-sent-without-a-record", test_mark_sent_without_a_record);
  g_test_add_func ("/intent-folder/load/two-steps", test_two_steps);
  g_test_add_func ("/intent-folder/load/unfinished", test_unfinished);
  g_test_add_func ("/intent-folder/load/known", test_known);
  g_test_add_func ("/intent-folder/load/broken", test_broken);
  g_test_add_func ("/intent-folder/load/broken/no-place", test_broken_without_a_place);
  g_test_add_func ("/intent-folder/load/not-even-a-record", test_not_even_a_record);
  g_test_add_func ("/intent-folder/load/length", test_length);
  g_test_add_func ("/intent-folder/load/longest-record", test_longest_record);
  g_test_add_func ("/intent-folder/load/many", test_many);
  return g_test_run ();
}

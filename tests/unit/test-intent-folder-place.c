/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The folder itself: whose it is, who is at work in it, and what is left when the disk fails. */
#include "intent-folder.h"

#include <dirent.h>
#include <errno.h>
#include <gmodule.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "felucca-config.h"
#include "intent-lock.h"
#include "scratch.h"

#define UUID "6f1d2c1e-53a1-4c52-8d5a-6a0f5f0d9a11"

typedef struct
{
  char *scratch;
  char *path;
  FelIntentFolder *folder;
} Fixture;

static void
fixture_init (Fixture *self)
{
  self->scratch = scratch_new ();
  self->path = g_build_filename (self->scratch, "intents", NULL);
  self->folder = fel_intent_folder_new (self->path);
}

static void
fixture_clear (Fixture *self)
{
  fel_intent_folder_free (self->folder);
  scratch_remove (self->scratch);
  g_free (self->scratch);
  g_free (self->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* Of another daemon. */
static FelIntentLock *
another_lock (const Fixture *self)
{
  g_autofree char *path = g_strconcat (self->path, ".lock", NULL);

  return fel_intent_lock_new (path);
}

static gboolean
write_state (Fixture *self, FelIntentState state, GError **error)
{
  g_autoptr (FelIntent) made = fel_intent_new ("nile", "acme", "orders", NULL, FALSE, NULL, 1700000000);
  g_autoptr (FelIntent) intent = fel_intent_advance (made, state, "cred-1");

  g_free (intent->uuid);
  intent->uuid = g_strdup (UUID);
  return fel_intent_folder_write (self->folder, intent, error);
}

static gboolean
take_over (FelIntentFolder *folder, GError **error)
{
  g_autoptr (GHashTable) ours = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) broken = NULL;
  g_autoptr (GPtrArray) left = fel_intent_folder_take_over (folder, ours, &broken, error);

  g_assert_true ((left == NULL) == (broken == NULL)); /* untouched on failure */
  return left != NULL;
}

static void
assert_files (const char *folder, const char *expected)
{
  g_autofree char *names = scratch_list (folder);

  g_assert_cmpstr (names, ==, expected);
}

/* Places that are refused */

static gboolean
make_link (const Fixture *self)
{
  g_autofree char *target = g_build_filename (self->scratch, "elsewhere", NULL);

  g_assert_cmpint (mkdir (target, 0700), ==, 0);
  g_assert_cmpint (symlink (target, self->path), ==, 0);
  return TRUE;
}

static gboolean
make_dangling_link (const Fixture *self)
{
  g_assert_cmpint (symlink ("nowhere", self->path), ==, 0);
  return TRUE;
}

static gboolean
make_file (const Fixture *self)
{
  scratch_write (self->scratch, "intents", "", 0);
  return TRUE;
}

static gboolean
make_with_mode (const Fixture *self, mode_t mode)
{
  g_assert_cmpint (mkdir (self->path, 0700), ==, 0);
  g_assert_cmpint (chmod (self->path, mode), ==, 0);
  return TRUE;
}

static gboolean
make_open_to_group (const Fixture *self)
{
  return make_with_mode (self, 0720);
}

static gboolean
make_open_to_all (const Fixture *self)
{
  return make_with_mode (self, 0702);
}

static gboolean
make_open_as_tmp_is (const Fixture *self)
{
  return make_with_mode (self, 01777);
}

/* FALSE: only root can. */
static gboolean
make_foreign (const Fixture *self)
{
  make_with_mode (self, 0700);
  return chown (self->path, geteuid () + 1, (gid_t) -1) == 0;
}

static const struct
{
  const char *name;
  gboolean (*make) (const Fixture *self);
} places[] = {
  { "link", make_link },
  { "dangling-link", make_dangling_link },
  { "file", make_file },
  { "open-to-group", make_open_to_group },
  { "open-to-all", make_open_to_all },
  { "open-as-tmp-is", make_open_as_tmp_is },
  { "foreign", make_foreign },
};

static void
test_refused (gconstpointer data)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (GError) error = NULL;
  gsize i = GPOINTER_TO_SIZE (data);

  fixture_init (&self);
  if (!places[i].make (&self))
    {
      g_test_skip ("another owner takes root");
      return;
    }
  g_assert_false (write_state (&self, FEL_INTENT_PREPARED, &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_INTERNAL);
  g_assert_nonnull (strstr (error->message, self.path));
  g_assert_false (take_over (self.folder, NULL));
  g_assert_false (fel_intent_folder_mark_sent (self.folder, UUID, NULL));
  g_assert_false (fel_intent_folder_remove (self.folder, UUID, NULL));
  assert_files (self.path, "");
}

/* What was refused is looked at anew, and may be fine then. */
static void
test_mended (void)
{
  g_auto (Fixture) self = { 0 };

  fixture_init (&self);
  make_open_to_all (&self);
  g_assert_false (write_state (&self, FEL_INTENT_PREPARED, NULL));
  g_assert_cmpint (chmod (self.path, 0755), ==, 0); /* others may look */
  g_assert_true (write_state (&self, FEL_INTENT_PREPARED, NULL));
}

/* Who is at work */

static void
assert_another_is_at_work (FelIntentFolder *folder)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (take_over (folder, &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_CONFLICT);
}

static void
test_one_takes_over (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (FelIntentFolder) other = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&self);
  other = fel_intent_folder_new (self.path);
  g_assert_true (take_over (self.folder, &error));
  g_assert_true (take_over (self.folder, &error)); /* ours already */
  assert_another_is_at_work (other);
  g_clear_pointer (&self.folder, fel_intent_folder_free);
  g_assert_true (take_over (other, &error));
  g_assert_no_error (error);
}

/* Of three: one leaves, the next is already minting, and the third must leave that alone until it ends. */
static void
test_what_one_writes_is_its_own (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (FelIntentFolder) before = NULL;
  g_autoptr (FelIntentFolder) after = NULL;

  fixture_init (&self);
  before = fel_intent_folder_new (self.path);
  after = fel_intent_folder_new (self.path);
  g_assert_true (take_over (before, NULL));
  g_assert_true (write_state (&self, FEL_INTENT_PREPARED, NULL)); /* others may, meanwhile */
  assert_another_is_at_work (self.folder);
  g_clear_pointer (&before, fel_intent_folder_free);
  assert_another_is_at_work (after);
  assert_another_is_at_work (after); /* nor has the first look changed anything */
  g_assert_true (take_over (self.folder, NULL));
  g_clear_pointer (&self.folder, fel_intent_folder_free);
  g_assert_true (take_over (after, NULL));
}

/* With the last record of what it mints, not with its end. */
static void
test_until_nothing_is_left_of_it (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (FelIntentFolder) other = NULL;

  fixture_init (&self);
  other = fel_intent_folder_new (self.path);
  g_assert_true (write_state (&self, FEL_INTENT_PREPARED, NULL));
  g_assert_true (write_state (&self, FEL_INTENT_MINTED, NULL));
  assert_another_is_at_work (other);
  g_assert_true (fel_intent_folder_is_alone (self.folder));
  g_assert_false (fel_intent_folder_is_alone (other));
  g_assert_true (fel_intent_folder_remove (self.folder, UUID, NULL));
  g_assert_true (fel_intent_folder_is_alone (other));
  g_assert_true (take_over (other, NULL));
}

/* The other daemon of the two tests below: it looks until so many have tried to write. */
static struct
{
  FelIntentLock *lock;
  guint waits_left;
  guint n_waits;
} looker;

G_MODULE_EXPORT void __wrap_g_usleep (gulong usec); /* GIO calls it, too */

void
__wrap_g_usleep (gulong usec)
{
  looker.n_waits++;
  if (--looker.waits_left == 0)
    fel_intent_lock_end_look (looker.lock, FALSE);
}

static const struct
{
  guint waits;
  gboolean ok;
} looks[] = { { 1, TRUE }, { 499, TRUE }, { 500, TRUE }, { 501, FALSE } };

static void
test_waits_for_one_who_looks (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (looks); i++)
    {
      g_auto (Fixture) self = { 0 };
      g_autoptr (FelIntentLock) lock = NULL;
      g_autoptr (GError) error = NULL;

      fixture_init (&self);
      lock = another_lock (&self);
      looker.lock = lock;
      looker.waits_left = looks[i].waits;
      looker.n_waits = 0;
      g_assert_cmpint (fel_intent_lock_look (lock), ==, 0);
      g_assert_true (write_state (&self, FEL_INTENT_PREPARED, &error) == looks[i].ok);
      g_assert_cmpuint (looker.n_waits, ==, MIN (looks[i].waits, 500));
      if (!looks[i].ok)
        g_assert_error (error, FEL_ERROR, FEL_ERROR_CONFLICT);
      assert_files (self.path, looks[i].ok ? UUID ".prepared" : "");
    }
}

DIR *__real_fdopendir (int fd);
DIR *__wrap_fdopendir (int fd);

/* Whoever lists the folder has the lock. */
DIR *
__wrap_fdopendir (int fd)
{
  if (looker.lock != NULL)
    g_assert_cmpint (fel_intent_lock_write (looker.lock), ==, EAGAIN);
  looker.n_waits++;
  return __real_fdopendir (fd);
}

static void
test_nobody_writes_meanwhile (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (FelIntentLock) lock = NULL;

  fixture_init (&self);
  looker.lock = lock = another_lock (&self);
  looker.n_waits = 0;
  g_assert_true (take_over (self.folder, NULL));
  g_assert_cmpuint (looker.n_waits, ==, 1);
  g_assert_cmpint (fel_intent_lock_write (lock), ==, 0);
  looker.lock = NULL;
}

/* The next daemon takes a mint over only when the one before has no more to do with it: however that ends. */
static void
test_another_process (void)
{
  for (int writes = FALSE; writes <= TRUE; writes++)
    {
      g_auto (Fixture) self = { 0 };
      g_autoptr (FelIntentFolder) other = NULL;
      int fds[2];
      int status;
      char byte = 0;
      pid_t child;

      fixture_init (&self);
      other = fel_intent_folder_new (self.path);
      g_assert_cmpint (pipe (fds), ==, 0);
      child = fork ();
      if (child == 0)
        {
          gboolean ok = writes ? write_state (&self, FEL_INTENT_PREPARED, NULL) : take_over (self.folder, NULL);

          byte = ok ? 'y' : 'n';
          if (write (fds[1], &byte, 1) == 1)
            pause ();
          _exit (1);
        }
      close (fds[1]);
      g_assert_cmpint (read (fds[0], &byte, 1), ==, 1);
      g_assert_cmpint (byte, ==, 'y');
      assert_another_is_at_work (other);
      kill (child, SIGKILL);
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_assert_true (take_over (other, NULL));
      close (fds[0]);
    }
}

static void
test_deleted (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (FelIntentFolder) other = NULL;

  fixture_init (&self);
  other = fel_intent_folder_new (self.path);
  g_assert_true (write_state (&self, FEL_INTENT_PREPARED, NULL));
  scratch_remove (self.path);
  g_assert_false (fel_intent_folder_mark_sent (self.folder, UUID, NULL)); /* the record is gone: nothing is sent */
  g_assert_true (write_state (&self, FEL_INTENT_MINTED, NULL));
  assert_files (self.path, UUID ".minted");
  assert_another_is_at_work (other);
}

/* With the lock. */
static void
test_deleted_with_the_folder_above (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (FelIntentFolder) other = NULL;

  fixture_init (&self);
  other = fel_intent_folder_new (self.path);
  g_assert_true (write_state (&self, FEL_INTENT_PREPARED, NULL));
  scratch_remove (self.scratch);
  g_assert_true (write_state (&self, FEL_INTENT_MINTED, NULL));
  assert_files (self.path, UUID ".minted");
  assert_another_is_at_work (other);
}

/* Faults of the disk */

typedef enum
{
  PREPARE,
  MARK_SENT,
  PUT_ID,
  REMOVE,
  TAKE_OVER,
} Step;

static const struct
{
  const char *points;
  Step step; /* fails; those before it do not */
  int errnum;
  const char *left;
} faults[] = {
  { "intent-open:EACCES@1", PREPARE, EACCES, "" },
  { "intent-open:EROFS@1", PREPARE, EROFS, "" },
  { "intent-write:ENOSPC@1", PREPARE, ENOSPC, "" },
  { "intent-write:EIO@1", PREPARE, EIO, "" },
  { "intent-fsync:EIO@1", PREPARE, EIO, "" },
  { "intent-fsync:ENOSPC@1", PREPARE, ENOSPC, "" },
  { "intent-rename:EIO@1", PREPARE, EIO, "" },
  { "intent-fsync-folder:EIO@1", PREPARE, EIO, "" },
  { "intent-sent:EIO", MARK_SENT, EIO, UUID ".prepared" },
  { "intent-sent:EROFS", MARK_SENT, EROFS, UUID ".prepared" },
  { "intent-sent:ENOENT", MARK_SENT, ENOENT, UUID ".prepared" },
  { "intent-write:ENOSPC@2", PUT_ID, ENOSPC, UUID ".sent" },
  { "intent-fsync:EIO@2", PUT_ID, EIO, UUID ".sent" },
  { "intent-rename:EACCES@2", PUT_ID, EACCES, UUID ".sent" },
  { "intent-fsync-folder:EIO@2", PUT_ID, EIO, UUID ".minted " UUID ".sent" }, /* no step is lost */
  { "intent-remove:EROFS", REMOVE, EROFS, UUID ".minted" },
  { "intent-remove:EIO@3", REMOVE, EIO, UUID ".minted" },
  { "intent-list:EIO", TAKE_OVER, EIO, UUID ".minted" },
  { "intent-read:EIO", TAKE_OVER, EIO, UUID ".minted" },
};

static gboolean
run_step (Fixture *self, Step step, GError **error)
{
  switch (step)
    {
    case PREPARE:
      return write_state (self, FEL_INTENT_PREPARED, error);
    case MARK_SENT:
      return fel_intent_folder_mark_sent (self->folder, UUID, error);
    case PUT_ID:
      return write_state (self, FEL_INTENT_MINTED, error);
    case REMOVE:
      return fel_intent_folder_remove (self->folder, UUID, error);
    case TAKE_OVER:
      return take_over (self->folder, error);
    default:
      g_assert_not_reached ();
    }
}

static void
run_fault (gsize i)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (GError) error = NULL;

  g_setenv ("FELUCCA_FAILPOINT", faults[i].points, TRUE);
  fixture_init (&self);
  for (Step step = PREPARE; step < faults[i].step; step++)
    if (step != REMOVE)
      g_assert_true (run_step (&self, step, NULL));
  g_assert_false (run_step (&self, faults[i].step, &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_INTERNAL);
  g_assert_true (g_str_has_prefix (error->message, self.path));
  g_assert_true (g_str_has_suffix (error->message, g_strerror (faults[i].errnum)));
  assert_files (self.path, faults[i].left);
  if (faults[i].step == PREPARE) /* it is in nobody's way */
    {
      g_autoptr (FelIntentLock) other = another_lock (&self);

      g_assert_cmpint (fel_intent_lock_look (other), ==, 0);
    }
}

/* Failpoints are read once in a process. */
static void
test_fault (gconstpointer data)
{
  if (g_test_subprocess ())
    {
      run_fault (GPOINTER_TO_SIZE (data));
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = g_strconcat ("/intent-folder-place/refused/", places[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_refused);
    }
  g_test_add_func ("/intent-folder-place/mended", test_mended);
  g_test_add_func ("/intent-folder-place/one-takes-over", test_one_takes_over);
  g_test_add_func ("/intent-folder-place/what-one-writes-is-its-own", test_what_one_writes_is_its_own);
  g_test_add_func ("/intent-folder-place/until-nothing-is-left-of-it", test_until_nothing_is_left_of_it);
  g_test_add_func ("/intent-folder-place/waits-for-one-who-looks", test_waits_for_one_who_looks);
  g_test_add_func ("/intent-folder-place/nobody-writes-meanwhile", test_nobody_writes_meanwhile);
  g_test_add_func ("/intent-folder-place/another-process", test_another_process);
  g_test_add_func ("/intent-folder-place/deleted", test_deleted);
  g_test_add_func ("/intent-folder-place/deleted-with-the-folder-above", test_deleted_with_the_folder_above);
  for (gsize i = 0; FEL_DEVELOPER && i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *path = g_strdup_printf ("/intent-folder-place/fault/%" G_GSIZE_FORMAT, i);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_fault);
    }
  return g_test_run ();
}

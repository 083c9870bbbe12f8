/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endings.h"

#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "scratch.h"

typedef struct
{
  char *scratch;
  char *path;
  FelWork *work;
  FelEndings *endings;
  guint n_answers;
  guint n_errors;
} Fixture;

static void
fixture_init (Fixture *self)
{
  *self = (Fixture){ .scratch = scratch_new () };
  self->path = g_build_filename (self->scratch, "state", "endings", NULL);
  self->work = fel_work_new ();
  self->endings = fel_endings_new (self->path, self->work);
}

static void
fixture_clear (Fixture *self)
{
  scratch_wait_for (self->work);
  fel_endings_free (self->endings);
  fel_work_free (self->work);
  scratch_remove (self->scratch);
  g_free (self->scratch);
  g_free (self->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* A daemon after the one before it. */
static void
next_daemon (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  scratch_wait_for (self->work);
  fel_endings_free (self->endings);
  self->endings = fel_endings_new (self->path, self->work);
  g_assert_true (fel_endings_take_over (self->endings, &error));
  g_assert_no_error (error);
}

static void
on_put (gpointer result, const GError *error, gpointer user_data)
{
  Fixture *self = user_data;

  self->n_answers++;
  self->n_errors += error != NULL;
}

static void
put (Fixture *self, const char *id, gint64 end_sec)
{
  fel_endings_put (self->endings, "nile", id, end_sec, on_put, self);
}

static void
count_one (const char *backend, const char *id, gint64 end_sec, gpointer user_data)
{
  ++*(guint *) user_data;
}

static guint
count (const Fixture *self)
{
  guint n = 0;

  fel_endings_foreach (self->endings, count_one, &n);
  return n;
}

static void
write_file (const Fixture *self, const char *text)
{
  g_autofree char *folder = g_path_get_dirname (self->path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (self->path, text, -1, NULL));
}

static void
test_the_next_daemon_knows (void)
{
  g_auto (Fixture) self;
  struct stat st;

  fixture_init (&self);
  next_daemon (&self);
  put (&self, "a\\b\n; =[x]", 1700000001);
  put (&self, "b", 1700000002);
  put (&self, "b", 1700000003);
  g_assert_cmpint (fel_endings_find (self.endings, "nile", "b"), ==, 1700000003); /* at once */
  scratch_wait_for (self.work);
  g_assert_cmpuint (self.n_answers, ==, 3);
  g_assert_cmpuint (self.n_errors, ==, 0);
  g_assert_cmpint (stat (self.path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0600);
  next_daemon (&self);
  g_assert_cmpuint (count (&self), ==, 2);
  g_assert_cmpint (fel_endings_find (self.endings, "nile", "a\\b\n; =[x]"), ==, 1700000001);
  g_assert_cmpint (fel_endings_find (self.endings, "nile", "b"), ==, 1700000003);
  g_assert_cmpint (fel_endings_find (self.endings, "vault", "b"), ==, 0);
}

static void
test_what_is_dropped_is_forgotten (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  next_daemon (&self);
  put (&self, "a", 1700000001);
  put (&self, "b", 1700000002);
  fel_endings_drop (self.endings, "nile", "a");
  fel_endings_drop (self.endings, "nile", "nothing");
  scratch_wait_for (self.work);
  next_daemon (&self);
  g_assert_cmpuint (count (&self), ==, 1);
  fel_endings_drop (self.endings, "nile", "b");
  scratch_wait_for (self.work);
  g_assert_false (g_file_test (self.path, G_FILE_TEST_EXISTS)); /* nothing is left to remember */
  next_daemon (&self);
  g_assert_cmpuint (count (&self), ==, 0);
}

static void
test_at_the_limit (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  next_daemon (&self);
  for (guint i = 0; i <= FEL_ENDINGS_MAX; i++)
    {
      g_autofree char *id = g_strdup_printf ("id-%u", i);

      g_assert_cmpuint (count (&self), ==, i);
      put (&self, id, i == 7 ? 1699999999 : 1700000000 + (gint64) i); /* id-7 is over the longest */
    }
  scratch_wait_for (self.work);
  g_assert_cmpuint (self.n_answers, ==, FEL_ENDINGS_MAX + 1);
  next_daemon (&self);
  g_assert_cmpuint (count (&self), ==, FEL_ENDINGS_MAX);
  g_assert_cmpint (fel_endings_find (self.endings, "nile", "id-7"), ==, 0);
  g_assert_cmpint (fel_endings_find (self.endings, "nile", "id-0"), ==, 1700000000);
  g_assert_cmpint (fel_endings_find (self.endings, "nile", "id-1024"), ==, 1700001024);
}

/* What the one before has left is not overwritten by somebody who has not read it. */
static void
test_before_it_is_taken_over (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  write_file (&self, "[endings]\nversion=1\n[ending 0]\nbackend=nile\nid=left\nnot-after=5\n"
                     "[ending 1]\nbackend=nile\nid=both\nnot-after=5\n");
  put (&self, "new", 7);
  put (&self, "both", 9);
  g_assert_cmpuint (self.n_errors, ==, 2); /* it is not on the disk, and it is said so */
  g_assert_cmpint (fel_endings_find (self.endings, "nile", "new"), ==, 7);
  g_assert_true (fel_endings_take_over (self.endings, NULL));
  g_assert_true (fel_endings_take_over (self.endings, NULL));
  g_assert_cmpint (fel_endings_find (self.endings, "nile", "left"), ==, 5);
  g_assert_cmpint (fel_endings_find (self.endings, "nile", "both"), ==, 9);
  next_daemon (&self);
  g_assert_cmpuint (count (&self), ==, 3);
}

/* The folder is a file: nothing can be written. */
static void
break_disk (Fixture *self)
{
  g_autofree char *folder = g_path_get_dirname (self->path);

  next_daemon (self);
  g_assert_true (g_file_set_contents (folder, "", 0, NULL));
}

static void
mend_disk (Fixture *self)
{
  g_autofree char *folder = g_path_get_dirname (self->path);

  scratch_remove (folder);
}

static void
test_a_disk_that_fails (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  break_disk (&self);
  put (&self, "a", 5);
  scratch_wait_for (self.work);
  g_assert_cmpuint (self.n_errors, ==, 1);
  g_assert_cmpint (fel_endings_find (self.endings, "nile", "a"), ==, 5);
  mend_disk (&self);
  put (&self, "b", 6);
  scratch_wait_for (self.work);
  g_assert_cmpuint (self.n_errors, ==, 1);
  next_daemon (&self);
  g_assert_cmpuint (count (&self), ==, 2); /* the first one came along */
}

/* The second comes while the first is being written. */
static void
test_each_has_its_answer_from_a_disk_that_fails (void)
{
  g_auto (Fixture) self;

  fixture_init (&self);
  break_disk (&self);
  put (&self, "a", 5);
  put (&self, "b", 6);
  scratch_wait_for (self.work);
  g_assert_cmpuint (self.n_answers, ==, 2);
  g_assert_cmpuint (self.n_errors, ==, 2);
}

static void
test_what_makes_no_sense_is_set_aside (void)
{
  const struct
  {
    const char *text;
    guint n;
  } cases[] = {
    { "", 0 },
    { "\377\376", 0 },
    { "[endings]\nversion=2\n[ending 0]\nbackend=nile\nid=a\nnot-after=5\n", 0 },
    { "[endings]\nversion=1\n[ending 0]\nbackend=nile\nid=a\nnot-after=5\n[ending 1]\nbackend=nile\n", 1 },
    { "[endings]\nversion=1\n[ending 0]\nbackend=nile\nid=a\nnot-after=-5\n", 0 },
    { "[endings]\nversion=1\n[ending 0]\nbackend=\nid=a\nnot-after=5\n", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) self;
      g_autoptr (GError) error = NULL;
      g_autofree char *aside = NULL, *kept = NULL;

      fixture_init (&self);
      write_file (&self, cases[i].text);
      g_assert_false (fel_endings_take_over (self.endings, &error));
      g_assert_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS);
      g_assert_cmpuint (count (&self), ==, cases[i].n);
      aside = g_strconcat (self.path, ".broken", NULL);
      g_assert_true (g_file_get_contents (aside, &kept, NULL, NULL));
      g_assert_cmpstr (kept, ==, cases[i].text);
      next_daemon (&self);
      g_assert_cmpuint (count (&self), ==, cases[i].n);
    }
}

static void
test_no_place_aside (void)
{
  g_auto (Fixture) self;
  g_autoptr (GError) error = NULL;
  g_autofree char *aside = NULL;

  fixture_init (&self);
  write_file (&self, "nonsense");
  aside = g_strconcat (self.path, ".broken", NULL);
  g_assert_cmpint (g_mkdir_with_parents (aside, 0700), ==, 0);
  g_assert_false (fel_endings_take_over (self.endings, &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS);
  g_assert_nonnull (strstr (error->message, "cannot be set aside"));
}

static void
test_a_file_of_a_wrong_kind (void)
{
  g_auto (Fixture) self;
  g_autoptr (GError) error = NULL;

  fixture_init (&self);
  g_assert_cmpint (g_mkdir_with_parents (self.path, 0700), ==, 0);
  g_assert_false (fel_endings_take_over (self.endings, &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS);
  put (&self, "a", 5);
  scratch_wait_for (self.work);
  g_assert_cmpuint (self.n_errors, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/endings/next-daemon", test_the_next_daemon_knows);
  g_test_add_func ("/endings/drop", test_what_is_dropped_is_forgotten);
  g_test_add_func ("/endings/limit", test_at_the_limit);
  g_test_add_func ("/endings/take-over", test_before_it_is_taken_over);
  g_test_add_func ("/endings/disk", test_a_disk_that_fails);
  g_test_add_func ("/endings/disk/two", test_each_has_its_answer_from_a_disk_that_fails);
  g_test_add_func ("/endings/broken", test_what_makes_no_sense_is_set_aside);
  g_test_add_func ("/endings/broken/no-place", test_no_place_aside);
  g_test_add_func ("/endings/kind", test_a_file_of_a_wrong_kind);
  return g_test_run ();
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file-marks.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

typedef struct
{
  const char *name;
  const char *before; /* NULL: there is none */
  void (*change) (const char *path);
  gboolean is_changed;
} Case;

static void
write_anew (const char *path)
{
  g_assert_true (g_file_set_contents_full (path, "new", 3, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
replace (const char *path)
{
  g_autofree char *other = g_strconcat (path, ".other", NULL);

  g_assert_true (g_file_set_contents (other, "new", 3, NULL));
  g_assert_cmpint (g_rename (other, path), ==, 0);
}

static void
take_away (const char *path)
{
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
make_folder (const char *path)
{
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
}

static void
point_elsewhere (const char *path)
{
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (symlink ("/dev/null", path), ==, 0);
}

static void
make_socket (const char *path)
{
  g_assert_cmpint (mknod (path, S_IFSOCK | 0600, 0), ==, 0);
}

static void
touch_nothing (const char *path)
{
}

static const Case cases[] = {
  { "nothing", "old", touch_nothing, FALSE },
  { "nothing-where-nothing-is", NULL, touch_nothing, FALSE },
  { "written-in-place", "old", write_anew, FALSE },
  { "replaced", "old", replace, TRUE },
  { "made", NULL, replace, TRUE },
  { "a-socket-made", NULL, make_socket, FALSE },
  { "a-folder-made", NULL, make_folder, TRUE },
  { "a-link-in-its-place", "old", point_elsewhere, TRUE },
  { "taken-away", "old", take_away, FALSE },
};

static void
test_changes (void)
{
  g_autofree char *folder = scratch_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_build_filename (folder, cases[i].name, NULL);
      g_autoptr (FelFileMarks) marks = fel_file_marks_new ();

      g_test_message ("%s", cases[i].name);
      if (cases[i].before != NULL)
        scratch_write (folder, cases[i].name, cases[i].before, 3);
      fel_file_marks_add (marks, "/");
      fel_file_marks_add (marks, path);
      fel_file_marks_add (marks, "/dev/null");
      g_assert_null (fel_file_marks_find_changed (marks));
      cases[i].change (path);
      g_assert_cmpstr (fel_file_marks_find_changed (marks), ==, cases[i].is_changed ? path : NULL);
    }
  scratch_remove (folder);
}

static void
test_no_marks (void)
{
  g_assert_null (fel_file_marks_find_changed (NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/file-marks/changes", test_changes);
  g_test_add_func ("/file-marks/none", test_no_marks);
  return g_test_run ();
}

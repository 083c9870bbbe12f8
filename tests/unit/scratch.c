/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scratch.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 16

char *
scratch_new (void)
{
  g_autoptr (GError) error = NULL;
  char *path = g_dir_make_tmp ("felucca-test.XXXXXX", &error);

  g_assert_no_error (error);
  return path;
}

static int
on_file (const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
  return remove (path);
}

void
scratch_remove (const char *path)
{
  g_assert_cmpint (nftw (path, on_file, DESCRIPTORS_MAX, FTW_DEPTH | FTW_PHYS), ==, 0);
}

/* Nothing is flushed: thousands are written. */
void
scratch_write (const char *folder, const char *name, const char *bytes, gsize len)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, bytes, len), ==, (gssize) len);
  close (fd);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char *
scratch_list (const char *folder)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare);
  g_ptr_array_add (names, NULL);
  return g_strjoinv (" ", (char **) names->pdata);
}

void
scratch_wait_for (FelWork *work)
{
  while (fel_work_is_busy (work))
    g_main_context_iteration (NULL, TRUE);
}

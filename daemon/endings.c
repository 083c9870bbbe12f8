/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "failpoint.h"

#define POOL " endings" /* the space: no instance is called so */
#define DISK_DEADLINE_SEC 10
#define FILE_LEN_MAX ((gsize) 1024 * 1024)
#define GROUP "ending "
#define BROKEN ".broken"

typedef struct
{
  char *backend;
  char *id;
  gint64 end_sec;
} Ending;

typedef struct
{
  FelEndingsDone done;
  gpointer user_data;
} Waiter;

struct FelEndings
{
  char *path;
  FelWork *work;
  GHashTable *endings; /* "backend\nid" → Ending */
  GArray *waiters;     /* of Waiter: for the next write */
  gboolean taken_over;
  gboolean writing;
  gboolean given_up; /* a write that may still come: then nobody else writes */
  gboolean dirty;    /* what is on the disk, or on its way there, is not what is here */
};

/* One write of the file, or its removal when text is NULL. */
typedef struct
{
  FelEndings *endings;
  char *path;
  char *text;
  gsize len;
  GArray *waiters;
  GError *error;
} Job;

static void endings_write (FelEndings *self);

static void
ending_free (gpointer data)
{
  Ending *self = data;

  g_free (self->backend);
  g_free (self->id);
  g_free (self);
}

FelEndings *
fel_endings_new (const char *path, FelWork *work)
{
  FelEndings *self = g_new0 (FelEndings, 1);

  self->path = g_strdup (path);
  self->work = work;
  self->endings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, ending_free);
  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  return self;
}

void
fel_endings_free (FelEndings *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->waiters);
  g_hash_table_unref (self->endings);
  g_free (self->path);
  g_free (self);
}

static char *
make_key (const char *backend, const char *id)
{
  return g_strconcat (backend, "\n", id, NULL);
}

static gboolean
fail (const char *path, const char *doing, int errnum, GError **error)
{
  g_set_error (error, FEL_ERROR, FEL_ERROR_INTERNAL, "%s: %s: %s", path, doing, g_strerror (errnum));
  return FALSE;
}

/* On a worker */

/* The name of the file is as durable as what is in it only when its folder is. */
static int
sync_folder (const char *folder)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int errnum = fd < 0 || fsync (fd) < 0 ? errno : 0;

  if (fd >= 0)
    close (fd);
  return errnum;
}

static gboolean
write_file (const Job *job, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (job->path);
  g_autoptr (GError) foreign = NULL;
  int errnum = fel_failpoint ("endings-write");

  if (errnum == 0 && g_mkdir_with_parents (folder, 0700) < 0)
    errnum = errno;
  if (errnum == 0 && job->text == NULL && unlink (job->path) < 0 && errno != ENOENT)
    errnum = errno;
  if (errnum == 0 && job->text != NULL
      && !g_file_set_contents_full (job->path, job->text, (gssize) job->len,
                                    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &foreign))
    {
      g_set_error_literal (error, FEL_ERROR, FEL_ERROR_INTERNAL, foreign->message);
      return FALSE;
    }
  if (errnum == 0)
    errnum = sync_folder (folder);
  return errnum == 0 || fail (job->path, "it cannot be written", errnum, error);
}

static void
run_on_worker (gpointer data, GCancellable *cancellable)
{
  Job *job = data;

  write_file (job, &job->error);
}

static void
job_free (gpointer data)
{
  Job *job = data;

  g_array_unref (job->waiters);
  g_free (job->path);
  g_free (job->text);
  g_clear_error (&job->error);
  g_free (job);
}

/* Main thread */

static char *
endings_serialize (const FelEndings *self, gsize *ret_len)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_key_file_set_integer (file, "endings", "version", 1);
  g_hash_table_iter_init (&iter, self->endings);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Ending *ending = value;
      g_autofree char *group = g_strdup_printf (GROUP "%u", n++);

      g_key_file_set_string (file, group, "backend", ending->backend);
      g_key_file_set_string (file, group, "id", ending->id);
      g_key_file_set_int64 (file, group, "not-after", ending->end_sec);
    }
  return g_key_file_to_data (file, ret_len, NULL);
}

static void
answer (GArray *waiters, const GError *error)
{
  for (guint i = 0; i < waiters->len; i++)
    {
      const Waiter *waiter = &g_array_index (waiters, Waiter, i);

      waiter->done (NULL, error, waiter->user_data);
    }
}

static void
answer_all (FelEndings *self, const GError *error)
{
  g_autoptr (GArray) waiters = g_steal_pointer (&self->waiters);

  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  answer (waiters, error);
}

static void
on_written (gpointer data, FelWorkOutcome outcome, gpointer user_data)
{
  Job *job = data;
  FelEndings *self = job->endings;
  g_autoptr (GError) late = NULL;
  const GError *error;

  if (outcome != FEL_WORK_DONE)
    late = g_error_new (FEL_ERROR, FEL_ERROR_TIMED_OUT, "%s: the disk does not answer", self->path);
  error = late != NULL ? late : job->error;
  self->writing = FALSE;
  self->given_up = outcome == FEL_WORK_GIVEN_UP;
  self->dirty |= error != NULL;
  answer (job->waiters, error);
  if (self->given_up)
    answer_all (self, error);
  /* What has failed is tried again with the next change, not at once; one that came meanwhile is the next. */
  else if (error == NULL || self->waiters->len > 0)
    endings_write (self);
}

/* Nothing is written before what an earlier daemon has left is known: it would be gone. */
static void
endings_write (FelEndings *self)
{
  Job *job;

  if (self->writing || self->given_up || !self->taken_over || !self->dirty)
    return;
  job = g_new0 (Job, 1);
  job->endings = self;
  job->path = g_strdup (self->path);
  if (g_hash_table_size (self->endings) > 0)
    job->text = endings_serialize (self, &job->len);
  job->waiters = g_steal_pointer (&self->waiters);
  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  self->writing = TRUE;
  self->dirty = FALSE;
  fel_work_run (self->work, POOL, DISK_DEADLINE_SEC, run_on_worker, job, job_free, on_written, NULL);
}

static void
endings_forget_oldest (FelEndings *self)
{
  GHashTableIter iter;
  gpointer key, value, oldest = NULL;
  gint64 least_sec = G_MAXINT64;

  g_hash_table_iter_init (&iter, self->endings);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (((Ending *) value)->end_sec <= least_sec)
      {
        least_sec = ((Ending *) value)->end_sec;
        oldest = key;
      }
  g_hash_table_remove (self->endings, oldest);
}

static void
endings_insert (FelEndings *self, const char *backend, const char *id, gint64 end_sec)
{
  Ending *ending = g_new0 (Ending, 1);

  ending->backend = g_strdup (backend);
  ending->id = g_strdup (id);
  ending->end_sec = end_sec;
  g_hash_table_replace (self->endings, make_key (backend, id), ending);
  if (g_hash_table_size (self->endings) > FEL_ENDINGS_MAX)
    endings_forget_oldest (self);
  self->dirty = TRUE;
}

void
fel_endings_put (FelEndings *self, const char *backend, const char *id, gint64 end_sec, FelEndingsDone done,
                 gpointer user_data)
{
  Waiter waiter = { done, user_data };
  g_autoptr (GError) error = NULL;

  endings_insert (self, backend, id, end_sec);
  if (self->taken_over && !self->given_up)
    {
      g_array_append_val (self->waiters, waiter);
      endings_write (self);
      return;
    }
  error = g_error_new (FEL_ERROR, FEL_ERROR_INTERNAL, "%s: it cannot be written yet", self->path);
  done (NULL, error, user_data);
}

void
fel_endings_drop (FelEndings *self, const char *backend, const char *id)
{
  g_autofree char *key = make_key (backend, id);

  if (!g_hash_table_remove (self->endings, key))
    return;
  self->dirty = TRUE;
  endings_write (self);
}

gint64
fel_endings_find (const FelEndings *self, const char *backend, const char *id)
{
  g_autofree char *key = make_key (backend, id);
  const Ending *ending = g_hash_table_lookup (self->endings, key);

  return ending != NULL ? ending->end_sec : 0;
}

void
fel_endings_foreach (const FelEndings *self, FelEndingsFunc func, gpointer user_data)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->endings);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Ending *ending = value;

      func (ending->backend, ending->id, ending->end_sec, user_data);
    }
}

/* Taking over */

/* EINVAL: it cannot be one of ours; other errors speak of this moment. Where there is none, the text is NULL. */
static int
read_file (const char *path, char **ret_text, gsize *ret_len)
{
  struct stat st = { 0 };
  g_autofree char *text = NULL;
  ssize_t len = 0;
  int fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  int errnum = fd < 0 || fstat (fd, &st) < 0 ? errno : fel_failpoint ("endings-read");

  if (errnum == ELOOP)
    errnum = EINVAL;
  if (errnum == 0 && (!S_ISREG (st.st_mode) || st.st_uid != geteuid () || (gsize) st.st_size > FILE_LEN_MAX))
    errnum = EINVAL;
  if (errnum == 0)
    {
      text = g_malloc ((gsize) st.st_size + 1);
      len = read (fd, text, (gsize) st.st_size);
      errnum = len < 0 ? errno : 0;
    }
  if (fd >= 0)
    close (fd);
  if (errnum == 0)
    {
      *ret_text = g_steal_pointer (&text);
      *ret_len = (gsize) len;
    }
  return errnum == ENOENT ? 0 : errnum;
}

/* What is here already is newer. */
static gboolean
endings_take_group (FelEndings *self, GKeyFile *file, const char *group)
{
  g_autofree char *backend = g_key_file_get_string (file, group, "backend", NULL);
  g_autofree char *id = g_key_file_get_string (file, group, "id", NULL);
  gint64 end_sec = g_key_file_get_int64 (file, group, "not-after", NULL);

  if (backend == NULL || *backend == '\0' || id == NULL || *id == '\0' || end_sec <= 0)
    return FALSE;
  if (fel_endings_find (self, backend, id) == 0)
    endings_insert (self, backend, id, end_sec);
  return TRUE;
}

static gboolean
endings_parse (FelEndings *self, const char *text, gsize len)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (GStrv) groups = NULL;
  gboolean whole = TRUE;

  if (!g_key_file_load_from_data (file, text, len, G_KEY_FILE_NONE, NULL)
      || g_key_file_get_integer (file, "endings", "version", NULL) != 1)
    return FALSE;
  groups = g_key_file_get_groups (file, NULL);
  for (char **group = groups; *group != NULL; group++)
    if (g_str_has_prefix (*group, GROUP) && !endings_take_group (self, file, *group))
      whole = FALSE;
  return whole;
}

gboolean
fel_endings_take_over (FelEndings *self, GError **error)
{
  gboolean had_some = g_hash_table_size (self->endings) > 0;
  g_autofree char *text = NULL, *aside = NULL;
  gsize len = 0;
  gboolean ok;
  int errnum;

  if (self->taken_over)
    return TRUE;
  errnum = read_file (self->path, &text, &len);
  if (errnum != 0 && errnum != EINVAL)
    return fail (self->path, "it cannot be read", errnum, error);
  ok = errnum == 0 && (text == NULL || endings_parse (self, text, len));
  self->taken_over = TRUE;
  self->dirty = had_some || !ok;
  if (!ok)
    {
      aside = g_strconcat (self->path, BROKEN, NULL);
      g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS,
                   "%s: not a record of ends that this version reads; it %s", self->path,
                   rename (self->path, aside) == 0 ? "was set aside" : "cannot be set aside, and is lost");
    }
  endings_write (self);
  return ok;
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "intent-folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "failpoint.h"
#include "fork-guard.h"
#include "intent-lock.h"

#define FILE_LEN_MAX 4096
#define UNFINISHED ".new"
#define BROKEN ".broken"
#define LOCK ".lock"
#define LOOK_RETRY_USEC (10 * 1000)
#define LOOK_RETRIES_MAX 500

struct FelIntentFolder
{
  char *path;
  GMutex mutex;        /* of all below */
  int fd;              /* -1: not opened yet */
  FelIntentLock *lock; /* of the file beside it */
  GHashTable *written; /* set of uuids: of ours, what may lie there */
};

FelIntentFolder *
fel_intent_folder_new (const char *path)
{
  FelIntentFolder *self = g_new0 (FelIntentFolder, 1);
  g_autofree char *lock = g_strconcat (path, LOCK, NULL);

  self->path = g_strdup (path);
  self->fd = -1;
  self->lock = fel_intent_lock_new (lock);
  self->written = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&self->mutex);
  return self;
}

void
fel_intent_folder_free (FelIntentFolder *self)
{
  if (self == NULL)
    return;
  fel_fork_guard_close (self->fd);
  fel_intent_lock_free (self->lock);
  g_hash_table_unref (self->written);
  g_mutex_clear (&self->mutex);
  g_free (self->path);
  g_free (self);
}

static gboolean
fail (const FelIntentFolder *self, const char *doing, int errnum, GError **error)
{
  g_set_error (error, FEL_ERROR, FEL_ERROR_INTERNAL, "%s: %s: %s", self->path, doing, g_strerror (errnum));
  return FALSE;
}

/* 0, or what made it fail; a macro so that the failpoint comes before the call. */
#define TRY(point, call) (fel_failpoint (point) ?: (call) < 0 ? errno : 0)

/* -1: see errno. */
static int
open_folder (const char *path)
{
  struct stat st;
  int fd = -1;
  int errnum = TRY ("intent-open", g_mkdir_with_parents (path, 0700));

  if (errnum == 0 && (fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
    errnum = errno;
  if (errnum == 0 && fstat (fd, &st) < 0)
    errnum = errno;
  if (errnum == 0 && (st.st_uid != geteuid () || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0))
    errnum = EPERM; /* others can write to it */
  if (errnum == 0)
    return fd;
  if (fd >= 0)
    close (fd);
  errno = errnum;
  return -1;
}

/* Somebody has deleted the folder: a new one takes its place, under the number that others may be using right now. */
static int
folder_renew (FelIntentFolder *self)
{
  int fd = open_folder (self->path);
  int errnum = fd < 0 || dup3 (fd, self->fd, O_CLOEXEC) < 0 ? errno : 0;

  if (fd >= 0)
    close (fd);
  return errnum;
}

/* With the mutex: 0, or what is wrong with it. */
static int
folder_prepare (FelIntentFolder *self)
{
  int errnum = 0;

  if (self->fd >= 0)
    return fel_intent_fd_was_deleted (self->fd) ? folder_renew (self) : 0;
  self->fd = open_folder (self->path);
  if (self->fd < 0)
    errnum = errno;
  fel_fork_guard_add (self->fd);
  return errnum;
}

static gboolean
folder_open (FelIntentFolder *self, GError **error)
{
  int errnum;

  g_mutex_lock (&self->mutex);
  errnum = folder_prepare (self);
  g_mutex_unlock (&self->mutex);
  return errnum == 0 || fail (self, "it cannot be used", errnum, error);
}

static gboolean
fail_busy (const FelIntentFolder *self, GError **error)
{
  g_set_error (error, FEL_ERROR, FEL_ERROR_CONFLICT, "%s: another daemon is at work in it", self->path);
  return FALSE;
}

/* Opens it; from now on this intent is nobody's to take over. Waits for one who looks what there is. */
static gboolean
folder_begin (FelIntentFolder *self, const char *uuid, GError **error)
{
  int errnum = EAGAIN;

  for (int i = 0; errnum == EAGAIN && i <= LOOK_RETRIES_MAX; i++)
    {
      if (i > 0)
        g_usleep (LOOK_RETRY_USEC);
      g_mutex_lock (&self->mutex);
      errnum = folder_prepare (self) ?: fel_intent_lock_write (self->lock);
      if (errnum == 0)
        g_hash_table_add (self->written, g_strdup (uuid));
      g_mutex_unlock (&self->mutex);
    }
  if (errnum == EAGAIN)
    return fail_busy (self, error);
  return errnum == 0 || fail (self, "it cannot be used", errnum, error);
}

/* Nothing of it lies there any more. */
static void
folder_end (FelIntentFolder *self, const char *uuid)
{
  g_mutex_lock (&self->mutex);
  if (g_hash_table_remove (self->written, uuid) && g_hash_table_size (self->written) == 0)
    fel_intent_lock_rest (self->lock);
  g_mutex_unlock (&self->mutex);
}

gboolean
fel_intent_folder_is_alone (FelIntentFolder *self)
{
  gboolean is_alone;

  g_mutex_lock (&self->mutex);
  is_alone = fel_intent_lock_is_alone (self->lock);
  g_mutex_unlock (&self->mutex);
  return is_alone;
}

static char *
file_name (const char *uuid, FelIntentState state)
{
  return g_strconcat (uuid, ".", fel_intent_state_name (state), NULL);
}

/* -1: see errno. */
static int
write_all (int fd, const char *bytes, gsize len)
{
  while (len > 0)
    {
      ssize_t n = write (fd, bytes, len);

      if (n < 0 && errno != EINTR)
        return -1;
      if (n > 0)
        {
          bytes += n;
          len -= (gsize) n;
        }
    }
  return 0;
}

static gboolean
write_unfinished (FelIntentFolder *self, const char *name, const char *bytes, gsize len, GError **error)
{
  int fd = openat (self->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  int errnum;

  if (fd < 0)
    return fail (self, "an intent cannot be written", errno, error);
  errnum = TRY ("intent-write", write_all (fd, bytes, len));
  if (errnum == 0)
    errnum = TRY ("intent-fsync", fsync (fd));
  close (fd);
  if (errnum == 0)
    return TRUE;
  unlinkat (self->fd, name, 0);
  return fail (self, "an intent cannot be written", errnum, error);
}

/* Earlier steps go after the new one is in place: a crash between leaves two, and the later one counts. */
static void
remove_steps_before (FelIntentFolder *self, const char *uuid, FelIntentState state)
{
  for (FelIntentState earlier = FEL_INTENT_PREPARED; earlier < state; earlier++)
    {
      g_autofree char *name = file_name (uuid, earlier);

      unlinkat (self->fd, name, 0);
    }
}

static gboolean
put (FelIntentFolder *self, const FelIntent *intent, GError **error)
{
  g_autofree char *unfinished = g_strconcat (intent->uuid, UNFINISHED, NULL);
  g_autofree char *name = file_name (intent->uuid, intent->state);
  gsize len;
  g_autofree char *text = fel_intent_serialize (intent, &len);
  int errnum;

  if (!write_unfinished (self, unfinished, text, len, error))
    return FALSE;
  errnum = TRY ("intent-rename", renameat (self->fd, unfinished, self->fd, name));
  if (errnum != 0)
    unlinkat (self->fd, unfinished, 0);
  else if ((errnum = TRY ("intent-fsync-folder", fsync (self->fd))) != 0 && intent->state == FEL_INTENT_PREPARED)
    unlinkat (self->fd, name, 0);
  if (errnum != 0)
    return fail (self, "an intent cannot be put in place", errnum, error);
  remove_steps_before (self, intent->uuid, intent->state);
  return TRUE;
}

gboolean
fel_intent_folder_write (FelIntentFolder *self, const FelIntent *intent, GError **error)
{
  if (!folder_begin (self, intent->uuid, error))
    return FALSE;
  if (put (self, intent, error))
    return TRUE;
  if (intent->state == FEL_INTENT_PREPARED)
    folder_end (self, intent->uuid);
  return FALSE;
}

gboolean
fel_intent_folder_mark_sent (FelIntentFolder *self, const char *uuid, GError **error)
{
  g_autofree char *prepared = file_name (uuid, FEL_INTENT_PREPARED);
  g_autofree char *sent = file_name (uuid, FEL_INTENT_SENT);
  int errnum;

  if (!folder_open (self, error))
    return FALSE;
  errnum = TRY ("intent-sent", renameat (self->fd, prepared, self->fd, sent));
  if (errnum == 0 || (errnum == ENOENT && faccessat (self->fd, sent, F_OK, 0) == 0))
    return TRUE;
  return fail (self, "an intent cannot be marked as sent", errnum, error);
}

gboolean
fel_intent_folder_remove (FelIntentFolder *self, const char *uuid, GError **error)
{
  if (!folder_open (self, error))
    return FALSE;
  for (FelIntentState state = FEL_INTENT_PREPARED; state <= FEL_INTENT_MINTED; state++)
    {
      g_autofree char *name = file_name (uuid, state);
      int errnum = TRY ("intent-remove", unlinkat (self->fd, name, 0));

      if (errnum != 0 && errnum != ENOENT)
        return fail (self, "an intent cannot be removed", errnum, error);
    }
  folder_end (self, uuid);
  return TRUE;
}

/* Taking over */

/* UUID.STATE; FALSE: it is called otherwise. */
static gboolean
parse_name (const char *name, char **ret_uuid, FelIntentState *ret_state)
{
  const char *dot = strchr (name, '.');

  for (FelIntentState state = FEL_INTENT_PREPARED; dot != NULL && state <= FEL_INTENT_MINTED; state++)
    if (g_str_equal (dot + 1, fel_intent_state_name (state)))
      {
        *ret_uuid = g_strndup (name, (gsize) (dot - name));
        *ret_state = state;
        return TRUE;
      }
  return FALSE;
}

/* Does it speak of this moment, not of the file? */
static gboolean
is_passing (int errnum)
{
  return errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM || errnum == EIO || errnum == EINTR;
}

/* NULL: it is no record of ours; or, with ret_errnum set, it cannot be read now. */
static FelIntent *
read_intent (FelIntentFolder *self, const char *name, int *ret_errnum)
{
  char text[FILE_LEN_MAX + 1];
  g_autofree char *uuid = NULL;
  FelIntentState state;
  ssize_t len = -1;
  int fd = openat (self->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  int errnum = fd < 0 ? errno : TRY ("intent-read", len = read (fd, text, sizeof text));

  if (fd >= 0)
    close (fd);
  if (is_passing (errnum))
    *ret_errnum = errnum;
  if (errnum != 0 || len > FILE_LEN_MAX || !parse_name (name, &uuid, &state))
    return NULL;
  return fel_intent_parse (text, (gsize) len, uuid, state);
}

static void
set_aside (FelIntentFolder *self, const char *name, GPtrArray *broken)
{
  g_autofree char *aside = g_strconcat (name, BROKEN, NULL);
  gboolean is_aside = renameat (self->fd, name, self->fd, aside) == 0;

  g_ptr_array_add (broken, g_build_filename (self->path, is_aside ? aside : name, NULL));
}

/* Of two steps of one intent the later one counts. */
static void
keep_latest (GHashTable *by_uuid, FelIntent *intent /* (transfer full) */)
{
  FelIntent *known = g_hash_table_lookup (by_uuid, intent->uuid);

  if (known == NULL || known->state < intent->state)
    g_hash_table_replace (by_uuid, intent->uuid, intent);
  else
    fel_intent_unref (intent);
}

static gboolean
is_of (const char *name, GHashTable *uuids)
{
  g_autofree char *uuid = g_strndup (name, strcspn (name, "."));

  return g_hash_table_contains (uuids, uuid);
}

static gboolean
load_file (FelIntentFolder *self, const char *name, GHashTable *by_uuid, GPtrArray *broken, GError **error)
{
  FelIntent *intent;
  int errnum = 0;

  if (g_str_has_suffix (name, UNFINISHED))
    {
      unlinkat (self->fd, name, 0);
      return TRUE;
    }
  intent = read_intent (self, name, &errnum);
  if (errnum != 0)
    return fail (self, "an intent cannot be read", errnum, error);
  if (intent != NULL)
    keep_latest (by_uuid, intent);
  else
    set_aside (self, name, broken);
  return TRUE;
}

/* By our own descriptor, and all of them or none: what a failed read leaves out would be forgotten. */
static GPtrArray *
list_names (FelIntentFolder *self, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  int fd = openat (self->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  const struct dirent *entry = NULL;
  int errnum = dir == NULL ? errno : 0;

  if (dir == NULL && fd >= 0)
    close (fd);
  while (dir != NULL && errnum == 0)
    {
      errno = 0;
      entry = readdir (dir);
      errnum = fel_failpoint ("intent-list") ?: errno;
      if (entry == NULL)
        break;
      if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
        g_ptr_array_add (names, g_strdup (entry->d_name));
    }
  if (dir != NULL)
    closedir (dir);
  if (errnum != 0)
    fail (self, "it cannot be listed", errnum, error);
  return errnum == 0 ? g_steal_pointer (&names) : NULL;
}

static GPtrArray *
load (FelIntentFolder *self, GHashTable *ours, GPtrArray **ret_broken, GError **error)
{
  g_autoptr (GHashTable) by_uuid = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                                          (GDestroyNotify) fel_intent_unref);
  g_autoptr (GPtrArray) broken = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) names = list_names (self, error); /* all, before any is renamed */
  GPtrArray *intents;
  GHashTableIter iter;
  gpointer intent;

  if (names == NULL)
    return NULL;
  for (guint i = 0; i < names->len; i++)
    if (!g_str_has_suffix (names->pdata[i], BROKEN) && !is_of (names->pdata[i], ours)
        && !load_file (self, names->pdata[i], by_uuid, broken, error))
      return NULL;
  intents = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_intent_unref);
  g_hash_table_iter_init (&iter, by_uuid);
  while (g_hash_table_iter_next (&iter, NULL, &intent))
    g_ptr_array_add (intents, fel_intent_ref (intent));
  *ret_broken = g_steal_pointer (&broken);
  return intents;
}

GPtrArray *
fel_intent_folder_take_over (FelIntentFolder *self, GHashTable *ours, GPtrArray **ret_broken, GError **error)
{
  GPtrArray *left = NULL;
  int errnum;

  g_mutex_lock (&self->mutex);
  errnum = folder_prepare (self) ?: fel_intent_lock_look (self->lock);
  if (errnum == 0)
    {
      left = load (self, ours, ret_broken, error);
      fel_intent_lock_end_look (self->lock, left != NULL);
    }
  g_mutex_unlock (&self->mutex);
  if (errnum == EAGAIN)
    fail_busy (self, error);
  else if (errnum != 0)
    fail (self, "it cannot be taken over", errnum, error);
  return left;
}

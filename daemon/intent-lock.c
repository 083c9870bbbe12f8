/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "intent-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fork-guard.h"

/* The bytes of the file that are locked; it is empty. */
typedef enum
{
  WRITERS,   /* shared by all that have intents; one that looks has it alone */
  TAKEN_OVER /* held by the one that has taken over, until its end */
} Byte;

struct FelIntentLock
{
  char *path;
  int fd; /* -1: not opened yet */
  gboolean writes;
  gboolean has_taken_over;
};

FelIntentLock *
fel_intent_lock_new (const char *path)
{
  FelIntentLock *self = g_new0 (FelIntentLock, 1);

  self->path = g_strdup (path);
  self->fd = -1;
  return self;
}

void
fel_intent_lock_free (FelIntentLock *self)
{
  if (self == NULL)
    return;
  fel_fork_guard_close (self->fd);
  g_free (self->path);
  g_free (self);
}

/* Of an open file, not of a process as flock(2) and POSIX have them: a lock that cannot be changed stays as it is. */
static int
set_lock (int fd, Byte byte, short type)
{
  struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

  if (fcntl (fd, F_OFD_SETLK, &lock) == 0)
    return 0;
  return errno == EACCES ? EAGAIN : errno;
}

gboolean
fel_intent_fd_was_deleted (int fd)
{
  struct stat st;

  return fstat (fd, &st) == 0 && st.st_nlink == 0;
}

/* One that somebody has deleted is made anew, with the locks that we had. */
static int
lock_open (FelIntentLock *self)
{
  int errnum = 0;
  int fd;

  if (self->fd >= 0 && !fel_intent_fd_was_deleted (self->fd))
    return 0;
  if ((fd = open (self->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
    return errno;
  fel_fork_guard_add (fd);
  if (self->writes)
    errnum = set_lock (fd, WRITERS, F_RDLCK);
  if (errnum != 0)
    {
      fel_fork_guard_close (fd);
      return errnum;
    }
  self->has_taken_over = self->has_taken_over && set_lock (fd, TAKEN_OVER, F_WRLCK) == 0;
  fel_fork_guard_close (self->fd);
  self->fd = fd;
  return 0;
}

int
fel_intent_lock_write (FelIntentLock *self)
{
  int errnum = lock_open (self);

  if (errnum == 0 && !self->writes)
    {
      errnum = set_lock (self->fd, WRITERS, F_RDLCK);
      self->writes = errnum == 0;
    }
  return errnum == EOPNOTSUPP || errnum == ENOSYS ? 0 : errnum;
}

void
fel_intent_lock_rest (FelIntentLock *self)
{
  if (self->writes)
    set_lock (self->fd, WRITERS, F_UNLCK);
  self->writes = FALSE;
}

int
fel_intent_lock_look (FelIntentLock *self)
{
  int errnum = lock_open (self);

  if (errnum == 0 && !self->has_taken_over)
    errnum = set_lock (self->fd, TAKEN_OVER, F_WRLCK);
  if (errnum != 0)
    return errnum;
  if ((errnum = set_lock (self->fd, WRITERS, F_WRLCK)) != 0 && !self->has_taken_over)
    set_lock (self->fd, TAKEN_OVER, F_UNLCK);
  return errnum;
}

void
fel_intent_lock_end_look (FelIntentLock *self, gboolean has_taken_over)
{
  self->writes = self->writes && set_lock (self->fd, WRITERS, F_RDLCK) == 0;
  if (!self->writes)
    set_lock (self->fd, WRITERS, F_UNLCK);
  self->has_taken_over |= has_taken_over;
  if (!self->has_taken_over)
    set_lock (self->fd, TAKEN_OVER, F_UNLCK);
}

gboolean
fel_intent_lock_is_alone (const FelIntentLock *self)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = WRITERS, .l_len = 1 };

  return self->fd < 0 || fcntl (self->fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK;
}

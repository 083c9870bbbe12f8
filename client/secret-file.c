/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "secret-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
#define FD_MIN 64 /* scripts use low ones by number, shells from 10 on; Node hides those from its children */

static int
make (const char *name)
{
  int fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

  if (fd < 0 && errno == EINVAL) /* Linux before 6.3 */
    fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return fd;
}

static gboolean
fill (int fd, const FelBuffer *text, GError **error)
{
  gssize n = write (fd, text->bytes, text->len);

  if (!fel_exit_check (n < 0 ? -errno : n < (gssize) text->len ? -ENOSPC : 0, "cannot write to memory", error))
    return FALSE;
  return fel_exit_check (fchmod (fd, S_IRUSR | S_IWUSR) < 0 ? -errno : 0, "cannot close a file to others", error)
         && fel_exit_check (fcntl (fd, F_ADD_SEALS, SEALS) < 0 ? -errno : 0, "cannot seal a file", error);
}

int
fel_secret_file_new (const char *name, const FelBuffer *text, GError **error)
{
  int fd = make (name);
  int high;

  if (!fel_exit_check (fd < 0 ? -errno : 0, "cannot make a file in memory", error))
    return -1;
  high = fcntl (fd, F_DUPFD_CLOEXEC, FD_MIN);
  if (high >= 0) /* a low limit on open files is no reason to fail */
    {
      close (fd);
      fd = high;
    }
  if (fill (fd, text, error))
    return fd;
  close (fd);
  return -1;
}

gboolean
fel_secret_file_pass_on (int fd, GError **error)
{
  return fel_exit_check (fcntl (fd, F_SETFD, 0) < 0 ? -errno : 0, "cannot pass a file on", error);
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peer-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib-unix.h>
#include <systemd/sd-daemon.h>

#include "felucca-names.h"

#include "error.h"

#define FOLDER_MODE 0700

struct FelPeerSocket
{
  int fd;
  int folder_fd; /* locked while the socket is ours; -1: it is systemd's */
  dev_t device;  /* what we bound: somebody else's of that name stays */
  ino_t inode;
};

gboolean
fel_peer_socket_is_passed (void)
{
  return sd_listen_fds (0) > 0;
}

static gboolean
fail (GError **error, const char *path, const char *doing)
{
  g_set_error (error, FEL_ERROR, FEL_ERROR_INTERNAL, "the private socket: %s: %s: %s", path, doing, g_strerror (errno));
  return FALSE;
}

static gboolean
refuse (GError **error, const char *path, const char *why)
{
  g_set_error (error, FEL_ERROR, FEL_ERROR_INTERNAL, "the private socket: %s %s", path, why);
  return FALSE;
}

static gboolean
socket_take_passed (FelPeerSocket *self, GError **error)
{
  int n = sd_listen_fds (1);

  for (int fd = SD_LISTEN_FDS_START + 1; fd < SD_LISTEN_FDS_START + n; fd++)
    close (fd);
  self->fd = SD_LISTEN_FDS_START;
  if (sd_is_socket_unix (self->fd, SOCK_STREAM, 1, NULL, 0) <= 0)
    return refuse (error, "what systemd has handed over", "is not a listening stream socket");
  /* We wait in poll alone: somebody may have come and gone when we accept. */
  return g_unix_set_fd_nonblocking (self->fd, TRUE, error);
}

/* Nobody else may be able to put a socket of theirs in the place of ours. */
static gboolean
socket_open_folder (FelPeerSocket *self, const char *path, GError **error)
{
  struct stat st;

  if (mkdir (path, FOLDER_MODE) < 0 && errno != EEXIST)
    return fail (error, path, "cannot be made");
  self->folder_fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (self->folder_fd < 0 || fstat (self->folder_fd, &st) < 0)
    return fail (error, path, "cannot be opened");
  if (st.st_uid != getuid () || (st.st_mode & 0077) != 0)
    return refuse (error, path, "is not ours alone (it must have mode 0700)");
  if (flock (self->folder_fd, LOCK_EX | LOCK_NB) < 0)
    return fail (error, path, "another daemon serves it");
  return TRUE;
}

/* Removes what a daemon that was killed has left; one that is listened at stays. */
static gboolean
socket_clear_place (FelPeerSocket *self, const struct sockaddr_un *address, GError **error)
{
  struct stat st;
  int probe, r;

  if (fstatat (self->folder_fd, FEL_SOCKET_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT || fail (error, address->sun_path, "cannot be looked at");
  if (!S_ISSOCK (st.st_mode))
    return refuse (error, address->sun_path, "is something else than a socket");
  probe = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0)
    return fail (error, address->sun_path, "cannot be tried");
  r = connect (probe, (const struct sockaddr *) address, sizeof *address) < 0 ? errno : 0;
  close (probe);
  if (r != ECONNREFUSED && r != ENOENT)
    return refuse (error, address->sun_path, "is served by somebody else");
  if (unlinkat (self->folder_fd, FEL_SOCKET_NAME, 0) < 0 && errno != ENOENT)
    return fail (error, address->sun_path, "cannot be removed");
  return TRUE;
}

static gboolean
socket_bind (FelPeerSocket *self, const struct sockaddr_un *address, GError **error)
{
  struct stat st;

  self->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (self->fd < 0 || bind (self->fd, (const struct sockaddr *) address, sizeof *address) < 0
      || listen (self->fd, SOMAXCONN) < 0 || fstatat (self->folder_fd, FEL_SOCKET_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return fail (error, address->sun_path, "cannot be made");
  self->device = st.st_dev;
  self->inode = st.st_ino;
  return TRUE;
}

static gboolean
socket_make (FelPeerSocket *self, GError **error)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;

  if (runtime == NULL || !g_path_is_absolute (runtime))
    return refuse (error, "XDG_RUNTIME_DIR", "is not set");
  folder = g_build_filename (runtime, FEL_SOCKET_FOLDER, NULL);
  path = g_build_filename (folder, FEL_SOCKET_NAME, NULL);
  if (strlen (path) >= sizeof address.sun_path)
    return refuse (error, path, "is too long for a socket");
  memcpy (address.sun_path, path, strlen (path) + 1);
  return socket_open_folder (self, folder, error) && socket_clear_place (self, &address, error)
         && socket_bind (self, &address, error);
}

FelPeerSocket *
fel_peer_socket_open (GError **error)
{
  g_autoptr (FelPeerSocket) self = g_new0 (FelPeerSocket, 1);

  self->fd = self->folder_fd = -1;
  if (fel_peer_socket_is_passed ())
    return socket_take_passed (self, error) ? g_steal_pointer (&self) : NULL;
  if (g_getenv ("NOTIFY_SOCKET") != NULL) /* started by a unit: the socket is the manager's to make */
    return NULL;
  return socket_make (self, error) ? g_steal_pointer (&self) : NULL;
}

void
fel_peer_socket_free (FelPeerSocket *self)
{
  struct stat st;

  if (self == NULL)
    return;
  if (self->inode != 0 && fstatat (self->folder_fd, FEL_SOCKET_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0
      && st.st_dev == self->device && st.st_ino == self->inode)
    unlinkat (self->folder_fd, FEL_SOCKET_NAME, 0);
  if (self->fd >= 0)
    close (self->fd);
  if (self->folder_fd >= 0)
    close (self->folder_fd);
  g_free (self);
}

int
fel_peer_socket_fd (const FelPeerSocket *self)
{
  return self->fd;
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peers.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#define REST_USEC G_USEC_PER_SEC /* after the system had no descriptor left */

struct FelPeers
{
  FelBusObject *object;
  GPtrArray *all; /* of FelPeer */
  FelPeerSocket *socket;
  GSource *source;
  gint64 rest_until_usec;
  gboolean wanted; /* somebody waits for a place */
  FelPeersEmpty empty;
  gpointer user_data;
};

typedef struct
{
  GSource source;
  GPollFD pollfd;
  FelPeers *peers;
} ListenSource;

static guint
peers_of (const FelPeers *self, pid_t pid)
{
  guint n = 0;

  for (guint i = 0; i < self->all->len; i++)
    n += fel_peer_pid (self->all->pdata[i]) == pid;
  return n;
}

/* Of the process that has most of the places, the connection that has rested longest. NULL: all are being answered. */
static FelPeer *
peers_choose (const FelPeers *self)
{
  FelPeer *chosen = NULL;
  guint most = 0;

  for (guint i = 0; i < self->all->len; i++)
    {
      FelPeer *peer = self->all->pdata[i];
      guint n = peers_of (self, fel_peer_pid (peer));

      if (fel_peer_open (peer) > 0 || n < most
          || (n == most && chosen != NULL && fel_peer_last_read_usec (peer) >= fel_peer_last_read_usec (chosen)))
        continue;
      chosen = peer;
      most = n;
    }
  return chosen;
}

static gboolean
peers_has_one_leaving (const FelPeers *self)
{
  for (guint i = 0; i < self->all->len; i++)
    if (fel_peer_is_leaving (self->all->pdata[i]))
      return TRUE;
  return FALSE;
}

static void
peers_make_place (FelPeers *self)
{
  FelPeer *peer = peers_has_one_leaving (self) ? NULL : peers_choose (self);

  if (peer != NULL)
    fel_peer_leave (peer);
}

static void
on_ended (FelPeer *peer, gpointer user_data)
{
  FelPeers *self = user_data;

  g_ptr_array_remove_fast (self->all, peer);
  if (self->all->len == 0)
    self->empty (self->user_data);
}

static void
peers_let_in (FelPeers *self)
{
  struct ucred who = { .uid = (uid_t) -1 };
  socklen_t len = sizeof who;
  g_autoptr (GError) error = NULL;
  FelPeer *peer;
  int fd = accept4 (fel_peer_socket_fd (self->socket), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (fd < 0)
    {
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        self->rest_until_usec = g_get_monotonic_time () + REST_USEC;
      return;
    }
  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 || who.uid != getuid ())
    {
      fel_log_problem ("another user was at the private socket and has been turned away");
      close (fd);
      return;
    }
  peer = fel_peer_new (fd, who.pid, self->object, on_ended, self, &error);
  if (peer != NULL)
    g_ptr_array_add (self->all, peer);
  else
    fel_log_problem (error->message);
}

/* Runs after everything else, so a call that has just been answered makes its connection one that can be asked to go. */
static gboolean
listen_source_prepare (GSource *source, int *timeout_msec)
{
  ListenSource *self = (ListenSource *) source;
  FelPeers *peers = self->peers;
  gint64 rest_usec = peers->rest_until_usec - g_get_monotonic_time ();

  *timeout_msec = rest_usec > 0 ? (int) (rest_usec / 1000) + 1 : -1;
  self->pollfd.revents = 0;
  self->pollfd.events = rest_usec <= 0 && peers->all->len < FEL_PEERS_MAX + (peers->wanted ? 0 : 1) ? POLLIN : 0;
  if (peers->wanted && peers->all->len >= FEL_PEERS_MAX)
    peers_make_place (peers);
  return FALSE;
}

static gboolean
listen_source_check (GSource *source)
{
  return ((ListenSource *) source)->pollfd.revents != 0;
}

static gboolean
listen_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  FelPeers *peers = ((ListenSource *) source)->peers;

  peers->wanted = peers->all->len >= FEL_PEERS_MAX;
  if (!peers->wanted)
    peers_let_in (peers);
  return G_SOURCE_CONTINUE;
}

FelPeers *
fel_peers_new (FelBusObject *object, FelPeersEmpty empty, gpointer user_data)
{
  FelPeers *self = g_new0 (FelPeers, 1);

  self->object = object;
  self->all = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_peer_free);
  self->empty = empty;
  self->user_data = user_data;
  return self;
}

static void
peers_close_door (FelPeers *self)
{
  if (self->source == NULL)
    return;
  g_source_destroy (self->source); /* before its descriptor is closed */
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->socket, fel_peer_socket_free);
}

void
fel_peers_free (FelPeers *self)
{
  if (self == NULL)
    return;
  peers_close_door (self);
  g_ptr_array_unref (self->all);
  g_free (self);
}

void
fel_peers_serve (FelPeers *self, FelPeerSocket *socket)
{
  static GSourceFuncs funcs
      = { .prepare = listen_source_prepare, .check = listen_source_check, .dispatch = listen_source_dispatch };
  ListenSource *source;

  g_assert (self->source == NULL);
  self->socket = socket;
  self->source = g_source_new (&funcs, sizeof (ListenSource));
  source = (ListenSource *) self->source;
  source->peers = self;
  source->pollfd.fd = fel_peer_socket_fd (socket);
  g_source_set_static_name (self->source, "private socket");
  g_source_add_poll (self->source, &source->pollfd);
  g_source_attach (self->source, NULL);
}

void
fel_peers_leave (FelPeers *self)
{
  peers_close_door (self);
  for (guint i = 0; i < self->all->len; i++)
    fel_peer_leave (self->all->pdata[i]);
}

guint
fel_peers_count (const FelPeers *self)
{
  return self->all->len;
}

void
fel_peers_each (FelPeers *self, FelPeersVisit visit, gpointer data)
{
  for (guint i = 0; i < self->all->len; i++)
    {
      sd_bus *bus = fel_peer_bus (self->all->pdata[i]);

      if (bus != NULL)
        visit (bus, data);
    }
}

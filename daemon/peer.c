/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"
#include "fork-guard.h"
#include "peer-frame.h"

#define AUTH_USEC (10 * G_USEC_PER_SEC)  /* to say who it is */
#define LEAVE_USEC (10 * G_USEC_PER_SEC) /* to read its answers when we are about to leave */
#define SEND_BUFFER_LEN (256 * 1024)     /* sd-bus would ask for 8 MiB */
#define QUEUED_MAX 256                   /* signals that it does not read */

struct FelPeer
{
  FelBusObject *object;
  int fd;      /* owned by the sd_bus */
  int feed_fd; /* what is written here is what the sd_bus reads */
  sd_bus *bus;
  GSource *source;
  FelPeerFrame frame;
  FelCaller *caller;
  pid_t pid;
  gint64 deadline_usec; /* of the authentication, or of leaving; G_MAXINT64: none */
  gint64 last_read_usec;
  gboolean leaving;
  gboolean at_end; /* all that it sent is read */
  FelPeerEnded ended;
  gpointer user_data;
};

typedef struct
{
  GSource source;
  GPollFD pollfd;
  FelPeer *peer;
} PeerSource;

static gboolean
peer_is_ready (const FelPeer *self)
{
  return sd_bus_is_ready (self->bus) > 0;
}

static guint64
peer_queued (const FelPeer *self)
{
  guint64 n = 0;

  return sd_bus_get_n_queued_write (self->bus, &n) < 0 ? G_MAXUINT64 : n;
}

static gboolean
peer_is_done (const FelPeer *self, gint64 now_usec)
{
  guint64 queued = peer_queued (self);

  return queued > QUEUED_MAX || (self->at_end && self->caller->open == 0 && queued == 0)
         || now_usec >= self->deadline_usec;
}

/* Works without waiting for its socket: the sd_bus has nothing left to read after this. */
static int
peer_process (FelPeer *self)
{
  int r;

  do
    r = sd_bus_process (self->bus, NULL);
  while (r > 0);
  if (r >= 0 && !self->leaving && peer_is_ready (self))
    self->deadline_usec = G_MAXINT64;
  return r;
}

static int
peer_read (FelPeer *self)
{
  int r = fel_peer_frame_read (&self->frame, self->fd);

  if (r == -ENOTCONN && self->leaving)
    {
      self->at_end = TRUE; /* as we have told the kernel; our answers still go out */
      return 0;
    }
  if (r <= 0)
    return r;
  self->last_read_usec = g_get_monotonic_time ();
  r = fel_peer_frame_pass (&self->frame, self->feed_fd);
  return r < 0 ? r : peer_process (self);
}

static gboolean
peer_source_prepare (GSource *source, int *timeout_msec)
{
  PeerSource *self = (PeerSource *) source;
  FelPeer *peer = self->peer;
  gint64 now_usec = g_get_monotonic_time ();
  int events = sd_bus_get_events (peer->bus);

  self->pollfd.revents = 0;
  *timeout_msec = -1;
  if (peer->leaving && peer->caller->open > 0)
    peer->deadline_usec = now_usec + LEAVE_USEC; /* it counts from the last answer */
  if (events < 0 || peer_is_done (peer, now_usec))
    return TRUE;
  self->pollfd.events = (gushort) (events & POLLOUT);
  if (!peer->at_end && peer_queued (peer) == 0)
    self->pollfd.events |= POLLIN;
  if (peer->deadline_usec != G_MAXINT64 && peer->caller->open == 0)
    *timeout_msec = (int) ((peer->deadline_usec - now_usec + 999) / 1000);
  return FALSE;
}

static gboolean
peer_source_check (GSource *source)
{
  PeerSource *self = (PeerSource *) source;

  return self->pollfd.revents != 0 || peer_is_done (self->peer, g_get_monotonic_time ());
}

static gboolean
peer_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  PeerSource *self = (PeerSource *) source;
  FelPeer *peer = self->peer;
  int r = peer_process (peer);

  /* One that has gone is read to its end, whether it waits for answers or not. */
  if (r >= 0 && (self->pollfd.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
    r = peer->at_end ? -ENOTCONN : peer_read (peer);
  if (r >= 0 && !peer_is_done (peer, g_get_monotonic_time ()))
    return G_SOURCE_CONTINUE;
  peer->ended (peer, peer->user_data);
  return G_SOURCE_REMOVE;
}

/* busctl says Hello to whom it takes for a bus; what name it gets does not matter between two. */
static int
on_message (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  if (sd_bus_message_is_method_call (message, "org.freedesktop.DBus", "Hello") > 0)
    return sd_bus_reply_method_return (message, "s", ":1.1");
  return 0;
}

/* sd_bus_set_anonymous: without, EXTERNAL is the only way in, and only for the uid that the socketpair has: ours. */
static int
peer_open_bus (FelPeer *self, int feed_fd)
{
  sd_id128_t id;
  int r = sd_bus_set_fd (self->bus, feed_fd, self->fd);

  if (r < 0)
    {
      close (feed_fd);
      close (self->fd);
      return r;
    }
  r = sd_id128_randomize (&id);
  if (r >= 0)
    r = sd_bus_set_server (self->bus, 1, id);
  if (r >= 0)
    r = sd_bus_set_anonymous (self->bus, 0);
  if (r >= 0)
    r = sd_bus_negotiate_fds (self->bus, 1);
  if (r >= 0)
    r = sd_bus_add_filter (self->bus, NULL, on_message, self);
  if (r >= 0)
    r = fel_bus_object_export (self->object, self->bus);
  if (r >= 0)
    r = sd_bus_start (self->bus);
  if (r >= 0)
    setsockopt (self->fd, SOL_SOCKET, SO_SNDBUF, &(int){ SEND_BUFFER_LEN }, sizeof (int));
  return r;
}

static void
peer_attach (FelPeer *self)
{
  static GSourceFuncs funcs
      = { .prepare = peer_source_prepare, .check = peer_source_check, .dispatch = peer_source_dispatch };
  PeerSource *source;

  self->source = g_source_new (&funcs, sizeof (PeerSource));
  source = (PeerSource *) self->source;
  source->peer = self;
  source->pollfd.fd = self->fd;
  g_source_set_static_name (self->source, "peer");
  g_source_set_can_recurse (self->source, TRUE); /* as in bus-source.c */
  g_source_add_poll (self->source, &source->pollfd);
  g_source_attach (self->source, NULL);
}

FelPeer *
fel_peer_new (int fd, pid_t pid, FelBusObject *object, FelPeerEnded ended, gpointer user_data, GError **error)
{
  g_autoptr (FelPeer) self = g_new0 (FelPeer, 1);
  int pair[2], r;

  self->fd = fd;
  self->feed_fd = -1;
  self->object = object;
  self->pid = pid;
  self->ended = ended;
  self->user_data = user_data;
  self->last_read_usec = g_get_monotonic_time ();
  self->deadline_usec = self->last_read_usec + AUTH_USEC;
  r = sd_bus_new (&self->bus);
  if (r >= 0 && socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
    r = -errno;
  if (r < 0)
    {
      close (fd);
    }
  else
    {
      self->feed_fd = pair[0];
      r = peer_open_bus (self, pair[1]);
    }
  if (r < 0)
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_INTERNAL, "a connection on the private socket: %s", g_strerror (-r));
      return NULL;
    }
  self->caller = fel_bus_calls_add_peer (object->calls, self->bus, pid);
  fel_fork_guard_add (self->fd);
  peer_attach (self);
  return g_steal_pointer (&self);
}

void
fel_peer_free (FelPeer *self)
{
  if (self == NULL)
    return;
  if (self->source != NULL)
    {
      g_source_destroy (self->source); /* before its descriptor is closed */
      g_source_unref (self->source);
    }
  if (self->caller != NULL)
    {
      fel_bus_calls_remove_peer (self->object->calls, self->bus);
      fel_fork_guard_remove (self->fd);
    }
  fel_peer_frame_clear (&self->frame);
  sd_bus_close_unref (self->bus); /* no flush: it would wait for a peer that does not read */
  if (self->feed_fd >= 0)
    close (self->feed_fd);
  g_free (self);
}

/* The kernel is the judge: what it has taken before this we read, what comes later the sender cannot write. */
void
fel_peer_leave (FelPeer *self)
{
  if (self->leaving)
    return;
  self->leaving = TRUE;
  self->deadline_usec = g_get_monotonic_time () + LEAVE_USEC;
  shutdown (self->fd, SHUT_RD);
  g_main_context_wakeup (NULL); /* the loop may be about to wait without our deadline */
}

sd_bus *
fel_peer_bus (FelPeer *self)
{
  return !self->leaving && peer_is_ready (self) ? self->bus : NULL;
}

pid_t
fel_peer_pid (const FelPeer *self)
{
  return self->pid;
}

gboolean
fel_peer_is_leaving (const FelPeer *self)
{
  return self->leaving;
}

guint
fel_peer_open (const FelPeer *self)
{
  return self->caller->open;
}

gint64
fel_peer_last_read_usec (const FelPeer *self)
{
  return self->last_read_usec;
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sign-in-listener.h"

#include <string.h>

#include <gio/gio.h>

#include "callback.h"
#include "error.h"
#include "loopback.h"

#define CONNECTION_DEADLINE_SEC 10
#define ACCEPT_PAUSE_SEC 1
#define BACKLOG 64
#define PORT_TRIES 16
#define DRAIN_MAX 65536

enum
{
  V4,
  V6,
  N_FAMILIES
};

typedef struct
{
  FelSignInListener *listener;
  GSocket *socket;
  GSource *source;
  guint deadline_id;
  gsize len;
  char head[FEL_CALLBACK_HEAD_MAX];
} Connection;

struct FelSignInListener
{
  FelSignInListenerRead read;
  gpointer user_data;
  guint16 port;
  GSocket *sockets[N_FAMILIES]; /* NULL: this machine has no such address */
  GSource *sources[N_FAMILIES];
  GQueue connections; /* of Connection, the oldest first */
  guint pause_id;
};

static void listener_watch (FelSignInListener *self);

static void
source_end (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
connection_end (Connection *self)
{
  g_queue_remove (&self->listener->connections, self);
  source_end (&self->source);
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  explicit_bzero (self->head, self->len);
  g_free (self);
}

/* A page fits into the buffer of a socket that nothing was sent on. What is left unread would make the kernel reset the
 * connection, and the page with it. */
static void
connection_answer (Connection *self, const GString *page)
{
  gsize drained = 0;
  gssize n = 1;

  g_socket_send (self->socket, page->str, page->len, NULL, NULL);
  g_socket_shutdown (self->socket, FALSE, TRUE, NULL);
  while (n > 0 && drained < DRAIN_MAX)
    {
      n = g_socket_receive (self->socket, self->head, sizeof self->head, NULL, NULL);
      self->len = MAX (self->len, (gsize) MAX (n, 0));
      drained += (gsize) MAX (n, 0);
    }
  connection_end (self);
}

/* A sign-in belongs to who started it, whatever others may have seen of its URL. */
static void
connection_refuse (Connection *self)
{
  GString *page = fel_callback_page (403, "Not yours", "Another user of this machine has started this sign-in.");

  connection_answer (self, page);
  g_string_free (page, TRUE);
}

static gboolean
on_connection_deadline (gpointer user_data)
{
  Connection *self = user_data;

  self->deadline_id = 0;
  connection_end (self);
  return G_SOURCE_REMOVE;
}

/* FALSE: the connection is gone. */
static gboolean
connection_read (Connection *self)
{
  FelSignInListener *listener = self->listener;
  g_autoptr (GError) error = NULL;
  GString *page;
  gssize n = g_socket_receive (self->socket, self->head + self->len, sizeof self->head - self->len, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return TRUE;
  if (n <= 0)
    {
      connection_end (self);
      return FALSE;
    }
  self->len += (gsize) n;
  page = listener->read (self->head, self->len, listener->user_data);
  if (page == NULL)
    return TRUE;
  connection_answer (self, page);
  g_string_free (page, TRUE);
  return FALSE;
}

static gboolean
on_connection_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  return connection_read (user_data) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
connection_begin (FelSignInListener *listener, GSocket *socket /* (transfer full) */)
{
  Connection *self = g_new0 (Connection, 1);

  /* The newest is the browser's as likely as any; it has a request at once, and who is silent can wait outside. */
  if (listener->connections.length >= FEL_SIGN_IN_CONNECTIONS_MAX)
    connection_end (g_queue_peek_head (&listener->connections));
  self->listener = listener;
  self->socket = socket;
  g_socket_set_blocking (socket, FALSE);
  g_queue_push_tail (&listener->connections, self);
  self->deadline_id = g_timeout_add_seconds (CONNECTION_DEADLINE_SEC, on_connection_deadline, self);
  self->source = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_connection_readable), self, NULL);
  g_source_attach (self->source, NULL);
  if (fel_loopback_is_foreign (socket))
    connection_refuse (self);
  else
    connection_read (self);
}

/* Accepting */

static gboolean
on_pause_over (gpointer user_data)
{
  FelSignInListener *self = user_data;

  self->pause_id = 0;
  listener_watch (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_knock (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  FelSignInListener *self = user_data;
  g_autoptr (GError) error = NULL;
  GSocket *accepted = g_socket_accept (socket, NULL, &error);

  if (accepted != NULL)
    connection_begin (self, accepted);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) && self->pause_id == 0)
    {
      /* Out of descriptors, say: the socket would stay readable and keep us busy. */
      for (guint i = 0; i < N_FAMILIES; i++)
        source_end (&self->sources[i]);
      self->pause_id = g_timeout_add_seconds (ACCEPT_PAUSE_SEC, on_pause_over, self);
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

static void
listener_watch (FelSignInListener *self)
{
  for (guint i = 0; i < N_FAMILIES; i++)
    {
      if (self->sockets[i] == NULL)
        continue;
      self->sources[i] = g_socket_create_source (self->sockets[i], G_IO_IN, NULL);
      g_source_set_callback (self->sources[i], G_SOURCE_FUNC (on_knock), self, NULL);
      g_source_attach (self->sources[i], NULL);
    }
}

/* port: 0 for any; the one that it became comes back. NULL without an error: there is no such address here. */
static GSocket *
bind_loopback (GSocketFamily family, guint16 *port, GError **error)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (family);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, *port);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) why = NULL;
  g_autoptr (GSocket) socket = g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &why);

  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  /* Nobody may share the port with us. */
  if (!g_socket_bind (socket, address, FALSE, &why) || !g_socket_listen (socket, &why)
      || (bound = g_socket_get_local_address (socket, &why)) == NULL)
    {
      if (g_error_matches (why, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
        g_propagate_error (error, g_steal_pointer (&why));
      return NULL;
    }
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return g_steal_pointer (&socket);
}

/* The same port for both: a browser that prefers the other address must not come to somebody else. FALSE: somebody else
 * has it there. */
static gboolean
listener_bind (FelSignInListener *self)
{
  g_autoptr (GError) error = NULL;

  self->port = 0;
  self->sockets[V4] = bind_loopback (G_SOCKET_FAMILY_IPV4, &self->port, &error);
  if (error == NULL)
    self->sockets[V6] = bind_loopback (G_SOCKET_FAMILY_IPV6, &self->port, &error);
  if (error == NULL)
    return TRUE;
  g_clear_object (&self->sockets[V4]);
  return FALSE;
}

FelSignInListener *
fel_sign_in_listener_new (FelSignInListenerRead read, gpointer user_data, GError **error)
{
  g_autoptr (FelSignInListener) self = g_new0 (FelSignInListener, 1);
  gboolean ok = FALSE;

  g_queue_init (&self->connections);
  self->read = read;
  self->user_data = user_data;
  for (guint i = 0; !ok && i < PORT_TRIES; i++)
    ok = listener_bind (self);
  if (!ok || self->port == 0)
    {
      g_set_error_literal (error, FEL_ERROR, FEL_ERROR_INTERNAL,
                           "a browser cannot come back here: no port of 127.0.0.1 and ::1 can be listened on");
      return NULL;
    }
  listener_watch (self);
  return g_steal_pointer (&self);
}

guint16
fel_sign_in_listener_port (const FelSignInListener *self)
{
  return self->port;
}

void
fel_sign_in_listener_free (FelSignInListener *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->pause_id, g_source_remove);
  while (self->connections.length > 0)
    connection_end (g_queue_peek_head (&self->connections));
  for (guint i = 0; i < N_FAMILIES; i++)
    {
      source_end (&self->sources[i]);
      g_clear_object (&self->sockets[i]); /* closes it */
    }
  g_free (self);
}

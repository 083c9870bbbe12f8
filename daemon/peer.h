/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection on the private socket: a process of our own uid that talks to us without a bus between. It is read one
 * message at a time, and not while answers to it are waiting to be read. Main thread only. */
#pragma once

#include <sys/types.h>

#include "bus-object.h"

typedef struct FelPeer FelPeer;

/* It is over. The peer may be freed here. */
typedef void (*FelPeerEnded) (FelPeer *self, gpointer user_data);

/* fd: (transfer full), also on failure. pid: who connected. */
FelPeer *fel_peer_new (int fd, pid_t pid, FelBusObject *object, FelPeerEnded ended, gpointer user_data, GError **error);
void fel_peer_free (FelPeer *self); /* (nullable) closes the connection; answers that wait are dropped */

/* Takes what it has sent up to now, answers that, and ends. What it sends from now on fails at its side. */
void fel_peer_leave (FelPeer *self);

sd_bus *fel_peer_bus (FelPeer *self); /* (nullable) NULL: it has not said who it is, or is on its way out */
pid_t fel_peer_pid (const FelPeer *self);
gboolean fel_peer_is_leaving (const FelPeer *self);
guint fel_peer_open (const FelPeer *self);            /* calls without an answer */
gint64 fel_peer_last_read_usec (const FelPeer *self); /* monotonic */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelPeer, fel_peer_free)

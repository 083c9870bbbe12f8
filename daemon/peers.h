/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All connections on the private socket: lets in who is of our uid, as many as there are places, and sees them out.
 * Where all are taken, who has most of them has to give one up. Main thread only. */
#pragma once

#include "peer-socket.h"
#include "peer.h"

#define FEL_PEERS_MAX 64

typedef struct FelPeers FelPeers;

/* The last one has gone. */
typedef void (*FelPeersEmpty) (gpointer user_data);
typedef void (*FelPeersVisit) (sd_bus *bus, gpointer data);

FelPeers *fel_peers_new (FelBusObject *object, FelPeersEmpty empty, gpointer user_data);
void fel_peers_free (FelPeers *self); /* (nullable) */

/* From now on they come in. */
void fel_peers_serve (FelPeers *self, FelPeerSocket *socket /* (transfer full) */);

/* Nobody comes in any more; each of those inside is answered what it has asked, and leaves. */
void fel_peers_leave (FelPeers *self);

guint fel_peers_count (const FelPeers *self);
void fel_peers_each (FelPeers *self, FelPeersVisit visit, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelPeers, fel_peers_free)

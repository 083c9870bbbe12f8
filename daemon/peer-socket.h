/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where peers come in: $XDG_RUNTIME_DIR/felucca/bus, listening. systemd's, which outlives us, or else one that we make
 * and remove. */
#pragma once

#include <glib.h>

typedef struct FelPeerSocket FelPeerSocket;

/* Whether systemd has handed one over. */
gboolean fel_peer_socket_is_passed (void);

/* Takes the one that systemd handed over, else makes one. NULL without an error: the unit that started us has none, so
 * there shall be none. */
FelPeerSocket *fel_peer_socket_open (GError **error);
void fel_peer_socket_free (FelPeerSocket *self); /* (nullable) */

int fel_peer_socket_fd (const FelPeerSocket *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelPeerSocket, fel_peer_socket_free)

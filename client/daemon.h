/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The daemon as it is seen from here: its private socket, or else a connection to the session bus and the name that
 * calls are sent to. The first call starts it. One connection for each run of the command. FELUCCA_BUS says which:
 * "session", or the address of a socket; by default the private socket where there is one. */
#pragma once

#include <sys/types.h>

#include <glib.h>
#include <systemd/sd-bus.h>

typedef struct FelDaemon
{
  sd_bus *bus;       /* owned */
  char *destination; /* owned; the well-known name, or the unique one after fel_daemon_pin */
  gboolean is_private;
  gboolean is_pinned;
} FelDaemon;

FelDaemon *fel_daemon_open (GError **error);
void fel_daemon_free (FelDaemon *self);

/* Needed before a token is handed over: looks at who owns the name, and from then on talks to that one only. */
gboolean fel_daemon_pin (FelDaemon *self, GError **error);

/* A private connection ended before it took a call: another one, to the daemon that comes next. */
gboolean fel_daemon_reopen (FelDaemon *self, GError **error);

/* The process that made the private socket: the daemon, or the user's service manager; 0: not known. */
pid_t fel_daemon_peer (FelDaemon *self);

/* Whether a process of owner_uid in the user unit owner_unit (NULL: in none) may be given our token. */
gboolean fel_daemon_trusts (uid_t owner_uid, const char *owner_unit, uid_t our_uid, const char *our_unit);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelDaemon, fel_daemon_free)

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What runs beside the daemon on the session bus, and the daemon itself seen from there: who owns a name, and what the
 * user's service manager says of the units. Starts nothing, and waits for an answer no longer than two seconds. */
#pragma once

#include <sys/types.h>

#include <glib.h>
#include <systemd/sd-bus.h>

typedef struct FelNeighbours FelNeighbours;

/* bus: a connection to the session bus, where there is one already; it is not closed here. NULL: one is opened. Also
 * without a session bus: then there are no neighbours. */
FelNeighbours *fel_neighbours_new (sd_bus *bus);
void fel_neighbours_free (FelNeighbours *self);

pid_t fel_neighbours_owner (FelNeighbours *self, const char *name); /* 0: nobody, or not known */

/* "active", "failed" and so on, or "not-installed". NULL: there is no service manager. */
char *fel_neighbours_unit_state (FelNeighbours *self, const char *unit);
pid_t fel_neighbours_unit_pid (FelNeighbours *self, const char *unit);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelNeighbours, fel_neighbours_free)

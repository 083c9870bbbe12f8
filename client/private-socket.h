/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way to the daemon without a bus between: its private socket, where there is one. Whoever listens there is of our
 * uid, or could not have made it; who it is in particular is looked at before it is given a token. */
#pragma once

#include <sys/types.h>

#include <glib.h>
#include <systemd/sd-bus.h>

/* $XDG_RUNTIME_DIR/felucca/bus when it lies where only this user can put something; else NULL. */
char *fel_private_socket_find (void);

/* Connects to address and waits until the daemon has let us in. Returns what sd-bus returns. */
int fel_private_socket_open (const char *address, sd_bus **ret_bus);

/* Who listens there: the daemon, or the user's service manager that made the socket for it. pid: 0 where it
 * cannot be seen from here. unit: NULL for none. */
gboolean fel_private_socket_owner (sd_bus *bus, uid_t *ret_uid, pid_t *ret_pid, char **ret_unit);

/* A path as an address of D-Bus. */
char *fel_private_socket_address (const char *path);

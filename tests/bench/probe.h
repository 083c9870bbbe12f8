/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the probe can do: one function for each word. They return FALSE when it did not work, having said why. */
#pragma once

#include <glib.h>

typedef gboolean (*ProbeRun) (const char *argument);

/* probe-bus.c: what felucca does. argument: a database, or the number of calls */
gboolean probe_ping (const char *argument);
gboolean probe_get (const char *argument);
gboolean probe_create (const char *argument);
gboolean probe_list (const char *argument); /* one database; "": all */
gboolean probe_get_private (const char *argument);
gboolean probe_ping_private (const char *argument);
gboolean probe_create_many (const char *argument);
gboolean probe_turn_over (const char *argument); /* create, then revoke */
gboolean probe_open (void);

/* probe-by-hand.c: what an app would do itself */
gboolean probe_http (const char *argument);
gboolean probe_store (const char *argument);
gboolean probe_store_many (const char *argument);
gboolean probe_fill (const char *argument); /* "FROM TO": credentials of the databases dbFROM to dbTO */
gboolean probe_lookup (const char *argument);
gboolean probe_search (const char *argument);
gboolean probe_fsync (const char *argument); /* a file in this folder */
gboolean probe_start (const char *argument); /* another program, to its end */
void probe_set_provider (const char *url, const char *token);

#define PROBE_CALLERS 16

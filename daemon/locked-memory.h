/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory for secrets: never written to swap, left out of core dumps and of processes that are forked. It is one region,
 * taken at start. What does not fit, and everything before the start, comes from the ordinary heap: there the tests see
 * every misuse. Any thread. */
#pragma once

#include <glib.h>

/* Once, before there are other threads. FALSE: all secrets will be in ordinary memory; the message says why. */
gboolean fel_locked_memory_open (GError **error);

gpointer fel_locked_memory_alloc (gsize size);             /* not cleared; never NULL */
gboolean fel_locked_memory_has (gconstpointer memory);     /* not on the ordinary heap */
void fel_locked_memory_free (gpointer memory, gsize size); /* (nullable) size: as it was asked for; erase it before */

guint fel_locked_memory_n_in_use (void); /* blocks, those on the heap too */

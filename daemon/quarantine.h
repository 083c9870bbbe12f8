/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which backend instance took the daemon down with it, and how often: one small file for each that did, with a line for
 * each time. It is written by the thread that crashes while it runs that instance's code, on its way down; what kills us
 * from outside, or elsewhere, is nobody's. One for the process. */
#pragma once

#include <glib.h>

#define FEL_CRASHES_MAX 2 /* with so many it is not loaded any more, until somebody resets it */

typedef struct FelQuarantine FelQuarantine;

FelQuarantine *fel_quarantine_new (const char *folder);
void fel_quarantine_free (FelQuarantine *self); /* (nullable) */

/* Makes the folder and begins to watch for crashes; before any instance's code runs. FALSE: none will be recorded. */
gboolean fel_quarantine_arm (FelQuarantine *self, GError **error);

/* Any thread, around the code of an instance; the strings must live until `leave`. No system call but once a thread. */
void fel_quarantine_enter (const char *instance, const char *verb);
void fel_quarantine_leave (void);

/* How often it has crashed. ret_last: (transfer full) (nullable) how the last time. */
guint fel_quarantine_count (const FelQuarantine *self, const char *instance, char **ret_last);

/* Forgets its crashes; fine when there are none. */
gboolean fel_quarantine_reset (FelQuarantine *self, const char *instance, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelQuarantine, fel_quarantine_free)

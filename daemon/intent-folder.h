/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the intents lie: $XDG_STATE_HOME/felucca/intents, one small file for each step of each. Held by descriptor from
 * the first use on. Everything here blocks and belongs on a worker, any worker; one call at a time for one intent. */
#pragma once

#include "intent.h"

typedef struct FelIntentFolder FelIntentFolder;

FelIntentFolder *fel_intent_folder_new (const char *path);
void fel_intent_folder_free (FelIntentFolder *self); /* (nullable) */

/* Writes the whole record, flushed to the disk, in place of an earlier step of it. Makes the folder when it is not
 * there; refuses one that is not ours, or a link. */
gboolean fel_intent_folder_write (FelIntentFolder *self, const FelIntent *intent, GError **error);

/* From prepared to sent; fine when it is sent already. Survives our end, not the system's. */
gboolean fel_intent_folder_mark_sent (FelIntentFolder *self, const char *uuid, GError **error);

/* Removes every step of it; fine when there is none. */
gboolean fel_intent_folder_remove (FelIntentFolder *self, const char *uuid, GError **error);

/* What earlier daemons have left, (transfer full) of FelIntent; those in ours, a set of uuids, are left alone. Nobody else
 * takes over from here until we end. A file that is no intent is renamed to end in .broken, and named in ret_broken, of
 * char *; what was never written to its end is removed. CONFLICT: another daemon that writes here, or has taken over,
 * is not yet at its end. */
GPtrArray *fel_intent_folder_take_over (FelIntentFolder *self, GHashTable *ours, GPtrArray **ret_broken,
                                        GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelIntentFolder, fel_intent_folder_free)

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
 * there; refuses one that is not ours, or a link. Until it is removed nobody else takes it over. CONFLICT: somebody looks
 * what there is, and has not come to an end in 5 s. */
gboolean fel_intent_folder_write (FelIntentFolder *self, const FelIntent *intent, GError **error);

/* From prepared to sent; fine when it is sent already. Survives our end, not the system's. */
gboolean fel_intent_folder_mark_sent (FelIntentFolder *self, const char *uuid, GError **error);

/* Removes every step of it; fine when there is none. */
gboolean fel_intent_folder_remove (FelIntentFolder *self, const char *uuid, GError **error);

/* What earlier daemons have left, (transfer full) of FelIntent; those in ours, a set of uuids, are left alone. Once this
 * has succeeded, nobody else takes over before our end. A file that is no intent is renamed to end in .broken, and named
 * in ret_broken, of char *; what was never written to its end is removed. CONFLICT: another daemon has intents there, or
 * has taken over, and is not yet at its end. */
GPtrArray *fel_intent_folder_take_over (FelIntentFolder *self, GHashTable *ours, GPtrArray **ret_broken,
                                        GError **error);

/* Does no other daemon have intents there? Does not block. */
gboolean fel_intent_folder_is_alone (FelIntentFolder *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelIntentFolder, fel_intent_folder_free)

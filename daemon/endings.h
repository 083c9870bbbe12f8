/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When credentials that were rotated away are to end, until the keyring holds that itself: in memory here, and in one
 * small file, so that the next daemon knows of it too. No secret is in it. Main thread only; the file is written by a
 * worker. */
#pragma once

#include "work.h"

#define FEL_ENDINGS_MAX 1024 /* with one more, the one that is over the longest is forgotten */

typedef struct FelEndings FelEndings;

/* As other completions are; there is no result. */
typedef void (*FelEndingsDone) (gpointer result, const GError *error, gpointer user_data);

/* Called for each; must not change them. */
typedef void (*FelEndingsFunc) (const char *backend, const char *id, gint64 end_sec, gpointer user_data);

FelEndings *fel_endings_new (const char *path, FelWork *work);
void fel_endings_free (FelEndings *self); /* (nullable) */

/* Takes over what an earlier daemon has left; fine to call again. That one must have ended. Reads one small file.
 * INVALID_ARGUMENTS: the file made no sense and was renamed to end in .broken; what could be read counts. Another error:
 * try again later. */
gboolean fel_endings_take_over (FelEndings *self, GError **error);

/* In memory it is there at once. Answers when it is on the disk for certain, or that it is not. */
void fel_endings_put (FelEndings *self, const char *backend, const char *id, gint64 end_sec, FelEndingsDone done,
                      gpointer user_data);

/* Nobody needs it any more; fine when there is none. */
void fel_endings_drop (FelEndings *self, const char *backend, const char *id);

gint64 fel_endings_find (const FelEndings *self, const char *backend, const char *id); /* 0: there is none */
void fel_endings_foreach (const FelEndings *self, FelEndingsFunc func, gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelEndings, fel_endings_free)

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Mints that have not come to an end: in flight, or perhaps alive at the provider without being held here. Each is a
 * record as the daemon sent it and is known by its intent. */
#pragma once

#include <glib.h>

#include "daemon.h"
#include "record.h"

#define FEL_KEY_INTENT "intent"
#define FEL_KEY_SINCE "since"
#define FEL_KEY_CANDIDATES "candidates"
#define FEL_KEY_DETAIL "detail"

/* Those of one backend (NULL: of all). Of FelRecord. On failure *ret_older (may be NULL) tells whether that is so
 * because the daemon is of a version that does not know the question. */
GPtrArray *fel_unresolved_fetch (FelDaemon *daemon, const char *backend, gboolean *ret_older, GError **error);

/* The one intent that is meant by its beginning, in upper or lower case. (transfer none) */
const char *fel_unresolved_find (GPtrArray *unresolved, const char *beginning, GError **error);

/* Unix seconds of the oldest one; FALSE when that is not known. */
gboolean fel_unresolved_oldest (GPtrArray *unresolved, gint64 *ret_since_sec);

/* What is known about the provider's side, for people. NULL: nothing. */
char *fel_unresolved_say (const FelRecord *mint);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The state of the daemon and of what it depends on, as one record: version, keyring-state, backends; the
 * verb adds accounts and unresolved. With the name of a backend (NULL: all) the record is about that one only. */
#pragma once

#include <glib.h>

#include "daemon.h"
#include "record.h"

FelRecord *fel_status_fetch (FelDaemon *daemon, const char *backend, GError **error);          /* without accounts */
GPtrArray *fel_status_fetch_accounts (FelDaemon *daemon, const char *backend, GError **error); /* of FelRecord */

/* Fails for the first thing that a user has to mend, and says what that is. */
gboolean fel_status_check (const FelRecord *status, GError **error);

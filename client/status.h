/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the daemon says of itself and of its backends: version, keyring-state, backends; and the sign-ins.
 * A record as it is shown, with the names of the interface in another spelling. */
#pragma once

#include <glib.h>

#include "daemon.h"
#include "record.h"

FelRecord *fel_status_fetch (FelDaemon *daemon, GError **error);
GPtrArray *fel_status_fetch_accounts (FelDaemon *daemon, const char *backend, GError **error); /* of FelRecord */

/* Drops every backend but this one. */
gboolean fel_status_keep_backend (FelRecord *status, const char *name, GError **error);

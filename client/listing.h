/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The credentials that the daemon lists, newest first: those that it holds, and with --provider what else is alive
 * there. */
#pragma once

#include <glib.h>

#include "cli.h"
#include "daemon.h"
#include "record.h"
#include "target.h"

/* Of FelRecord. target NULL: all. */
GPtrArray *fel_listing_fetch (const FelCli *cli, FelDaemon *daemon, const FelTarget *target, GError **error);

/* After an error of the kind "not found": what else may have been meant by the name, or where to look. */
void fel_listing_explain (const FelCli *cli, FelDaemon *daemon, const char *name, GError *error);

gboolean fel_listing_is_foreign (const FelRecord *credential);  /* alive at the provider, not held here */
gboolean fel_listing_is_leftover (const FelRecord *credential); /* held here, and has no use any more */

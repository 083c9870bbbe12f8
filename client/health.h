/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One look at everything that has to work before a credential can be had: daemon, units, the way to it, keyring,
 * sandbox, backends and sign-ins, unresolved mints. What cannot be looked at is left out and is a problem, so that
 * there is something to show without a daemon, too. The keys of the record are contract: felucca status --json. */
#pragma once

#include <glib.h>

#include "cli.h"
#include "record.h"

/* Fails only where the question makes no sense: there is no backend of the name that was asked for. */
FelRecord *fel_health_look (const FelCli *cli, gint64 now_sec, GError **error);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A credential for what was typed: WORKSPACE/DATABASE, or an id where a stored one will do.
 * The verbs that hand one out share it. Waits for the daemon. */
#pragma once

#include <glib.h>

#include "cli.h"
#include "credential.h"
#include "daemon.h"
#include "target.h"

/* An id says all, so options that choose among credentials exclude it. */
gboolean fel_obtain_check_stored (const FelCli *cli, const FelTarget *target, GError **error);

FelCredential *fel_obtain_stored (const FelCli *cli, FelDaemon *daemon, const FelTarget *target, GError **error);
FelCredential *fel_obtain_new (const FelCli *cli, FelDaemon *daemon, const FelTarget *target, GError **error);

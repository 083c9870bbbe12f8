/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What Nile's failures mean to felucca: the errorCode values of its API (specification 0.1.0-1133318, schema APIError)
 * and the status codes of HTTP. */
#pragma once

#include <glib.h>

#include "felucca-backend.h"

/* 0: a code that is not in the table. */
FelFailure nile_failure_of_code (const char *error_code);

FelFailure nile_failure_of_status (guint status);

/* Does this status, with an error that could be read, prove that nothing was minted? */
gboolean nile_status_proves_nothing_minted (guint status);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the server and libpq complain of, translated once: a GError whose code is a FelFailure, with a sentence for
 * people. Pure. */
#pragma once

#include <glib.h>

#include "felucca-backend.h"

#define POSTGRES_ERROR (postgres_error_quark ())

GQuark postgres_error_quark (void);

/* sqlstate: five characters, or NULL: libpq itself failed, before the server has said anything. */
FelFailure postgres_failure_of (const char *sqlstate);

/* The SQLSTATE within what libpq says in its verbose way ("FATAL:  28P01: …"), copied to ret_sqlstate. */
gboolean postgres_failure_find_sqlstate (const char *text, char ret_sqlstate[6]);

/* Says it to the host; always returns false. flags: 0 or FEL_FAILURE_MAYBE_MINTED. */
bool postgres_failure_tell (const FelHost *host, FelOut *out, const GError *error, int flags);

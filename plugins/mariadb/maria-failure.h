/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the server and libmariadb complain of, translated once: a GError whose code is a FelFailure, with a sentence for
 * people. Pure. */
#pragma once

#include <glib.h>

#include "felucca-backend.h"

#define MARIA_ERROR (maria_error_quark ())

GQuark maria_error_quark (void);

/* code: mysql_errno(); from 2000 to 2999 libmariadb's own. */
FelFailure maria_failure_of (guint code);

/* Did the server refuse the statement before it changed anything? */
gboolean maria_failure_is_refusal (guint code);

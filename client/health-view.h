/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a person sees of a look at everything: one screen of 80 columns, what is wrong in colour.
 * Makes text, prints nothing. */
#pragma once

#include <glib.h>

#include "record.h"
#include "table.h"

FelTable *fel_health_view_head (const FelRecord *health, gint64 now_sec);

/* Backends and who is signed in to them. NULL: the daemon could not be asked. */
FelTable *fel_health_view_sign_ins (const FelRecord *health, gint64 now_sec);

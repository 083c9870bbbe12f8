/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a person sees of the things that the daemon holds: tables without a password.
 * Makes text, prints nothing. */
#pragma once

#include <glib.h>

#include "record.h"
#include "table.h"

/* NULL: the record has no such point in time. */
char *fel_view_when (const FelRecord *record, const char *key, gint64 now_sec);

FelTable *fel_view_credential (const FelRecord *credential, gint64 now_sec);
FelTable *fel_view_credentials (GPtrArray *credentials, gint64 now_sec);
FelTable *fel_view_unresolved (GPtrArray *unresolved, gint64 now_sec);
FelTable *fel_view_backends (const FelRecord *backends);

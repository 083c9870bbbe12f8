/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the command says: results on standard output, in the format that was asked for, and everything else on
 * standard error, one line each and safe for a terminal. */
#pragma once

#include <glib.h>

#include "cli.h"
#include "credential.h"
#include "table.h"

void fel_say_note (const FelCli *cli, const char *format, ...) G_GNUC_PRINTF (2, 3); /* not with --quiet */
void fel_say_error (const GError *error);

gboolean fel_say_text (const char *text, GError **error);
gboolean fel_say_table (const FelTable *table, GError **error);
gboolean fel_say_record (const FelRecord *record, GError **error); /* as JSON */
gboolean fel_say_records (GPtrArray *records, GError **error);     /* as JSON */
gboolean fel_say_credential (const FelCli *cli, const FelCredential *credential, GError **error);

gint64 fel_say_now_sec (void);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows of text for people, aligned by what they take on a screen. Columns without content are left out.
 * The text is the same on a terminal and in a pipe, but for colour and a last column cut to fit the screen. */
#pragma once

#include <glib.h>

#include "buffer.h"

#define FEL_TABLE_COLUMNS_MAX 8

typedef struct FelTable FelTable;

FelTable *fel_table_new (guint n_columns);
void fel_table_free (FelTable *self);
void fel_table_set_headings (FelTable *self, const char *const *headings);
void fel_table_add (FelTable *self, const char *const *cells); /* n_columns of them; NULL is an empty one */
void fel_table_add_note (FelTable *self, const char *text);    /* below the last row, and never cut */

/* width 0: as wide as it gets. */
void fel_table_render (const FelTable *self, gboolean colour, guint width, FelBuffer *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelTable, fel_table_free)

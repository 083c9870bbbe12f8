/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The id of what Nile has minted, out of an answer that is cut or is no JSON (salvage.h). Allocates nothing, never
 * recurses. */
#pragma once

#include <glib.h>

#define NILE_SALVAGED_LEN 36 /* a UUID */

/* TRUE: the text begins with an object that has a member "id", one and no other at that depth, and that is a UUID. */
gboolean nile_salvage_id (const char *text, gsize len, char ret_id[NILE_SALVAGED_LEN + 1]);

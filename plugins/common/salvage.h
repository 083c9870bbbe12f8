/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The id of what was minted, out of an answer that is cut or is no JSON: with it, exactly that credential can be
 * revoked. What it finds gets deleted, so it prefers to find nothing. Allocates nothing, never recurses. */
#pragma once

#include <glib.h>

/* Is this, as it stands in the text, an id that may be revoked? data: the caller's; (nullable) */
typedef gboolean (*FelSalvageCheck) (const char *value, gsize len, const char *data);

/* A part of text; NULL unless the text begins with an object that has this member, with one value and no other at that
 * depth, and check approves of it. */
const char *fel_salvage (const char *text, gsize len, const char *member, FelSalvageCheck check, const char *check_data,
                         gsize *ret_len);

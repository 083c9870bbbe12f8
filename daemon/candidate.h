/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which of the credentials that live at a provider could be the one that a lost answer spoke of. Pure: facts in, ids
 * out. */
#pragma once

#include "credential.h"

#define FEL_CANDIDATE_NEAR_SEC (5 * 60)   /* clocks that are kept */
#define FEL_CANDIDATE_FAR_SEC (25 * 3600) /* clocks that are a day off */

/* When it was made by the provider's clock, in seconds: from an id of the UUIDv7 kind (RFC 9562, section 5.7), else as
 * the provider says. 0: it does not tell. */
gint64 fel_candidate_made_sec (const FelCredential *credential);

/* listed: of FelCredential, all that live there; (nullable). known: set of ids that are accounted for. The mint was asked
 * for between since_sec and until_sec: those near that time, and when there is none or we are the only ones there, those
 * within a day of it. Whose time is not known is always one. Returns ids: of char *. */
GPtrArray *fel_candidates_select (GPtrArray *listed, GHashTable *known, gint64 since_sec, gint64 until_sec,
                                  gboolean exclusive);

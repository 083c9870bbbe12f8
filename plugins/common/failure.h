/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What backends over HTTP say about failures in the same words: what of a provider's message may be shown, and what an
 * exchange without an answer means. Any thread. */
#pragma once

#include "felucca-backend.h"
#include "http.h"

/* The beginning of what a provider says, without words that could be somebody's token or password; NULL when there is
 * nothing that can be shown. token: of this request; (nullable) */
char *fel_presentable (const char *message, const char *token);

/* Reports an exchange that was not ANSWERED. provider: its name for people. mint: it could have minted. */
bool fel_fail_unanswered (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, const char *provider,
                          bool mint);

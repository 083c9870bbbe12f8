/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads Nile's answers and reports what is in them to the host. Two published specifications differ, so unknown fields
 * and values pass, and a field of the wrong type counts as not sent. */
#pragma once

#include <json-glib/json-glib.h>

#include "felucca-backend.h"
#include "http.h"

/* What a failed exchange means. mint: it could have minted. token: must not turn up in the sentence; (nullable). */
bool nile_answer_fail (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, bool mint, const char *token);

/* createCredential's answer, 2xx. ssl_mode: for connections. */
bool nile_answer_read_minted (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, const char *ssl_mode);

bool nile_answer_read_list (const FelHost *host, FelOut *out, const FelHttpAnswer *answer);

bool nile_answer_read_account (const FelHost *host, FelOut *out, const FelHttpAnswer *answer);

/* RFC 6749, section 5.1 */
bool nile_answer_read_token (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, gint64 now_sec);

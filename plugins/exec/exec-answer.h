/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads what a helper printed, judges how it ended and reports both to the host. A helper is the user's own, so what it
 * says has to be right in every part; members that we do not know pass. Pure. */
#pragma once

#include "exec-plan.h"
#include "exec-run.h"

/* What is to be known of the call that the answer is for. */
typedef struct ExecCall
{
  const ExecPlan *plan;
  ExecOperation operation;
  const char *intent;    /* of the mint; NULL elsewhere */
  gint64 wished_end_sec; /* of the mint: when it is to end, as the user said; 0: nothing was said */
} ExecCall;

bool exec_answer_read (const FelHost *host, FelOut *out, const ExecCall *call, const ExecAnswer *answer);

/* Where a helper cannot revoke, credentials have an id of ours: the intent, and behind it the end that the helper has
 * told. 0: no end can be read from it. */
gint64 exec_id_end_sec (const char *id);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a helper reads: one JSON object that says what is wanted of it. There is no secret in it.
 * Pure. */
#pragma once

#include "exec-plan.h"

/* (transfer full) */
char *exec_request_to_json (const ExecPlan *plan, const FelVerbRequest *request, ExecOperation operation);

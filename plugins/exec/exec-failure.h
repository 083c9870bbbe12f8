/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What it means when a helper did not give what it was asked for: which failure the host gets to know, and whether
 * something may have been minted all the same. Pure. */
#pragma once

#include <json-glib/json-glib.h>

#include "exec-plan.h"
#include "exec-run.h"

/* The helper says itself, in one of the words that it is held to, that nothing was done; object: (nullable). */
gboolean exec_failure_is_certain (const ExecAnswer *answer, JsonObject *object);

/* object: what it printed; (nullable). Always false. */
bool exec_failure_report (const FelHost *host, FelOut *out, const ExecPlan *plan, ExecOperation operation,
                          const ExecAnswer *answer, JsonObject *object);

/* A failure that leaves open, if it is one of a mint, whether there was one. Always false. */
bool exec_fail (const FelHost *host, FelOut *out, ExecOperation operation, FelFailure failure, const char *sentence);

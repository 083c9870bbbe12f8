/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a user has to mend, in the order in which it was found. Each is a record: what (a sentence), try (what to type
 * next, where there is such a thing) and exit-status (0: a hint, nothing is out of order). */
#pragma once

#include <glib.h>

#include "exit.h"
#include "record.h"

GPtrArray *fel_problems_new (void);
void fel_problems_add (GPtrArray *problems, FelExit status, const char *what, const char *next /* (nullable) */);
void fel_problems_add_failure (GPtrArray *problems, const GError *failure);

/* Add one when the state is not what it has to be. */
void fel_problems_judge_keyring (GPtrArray *problems, const char *state);
void fel_problems_judge_backend (GPtrArray *problems, const char *name, const FelRecord *backend);

/* Says each of them on standard error. Returns how the command has to end: by the first that is more than a hint. */
FelExit fel_problems_say (GPtrArray *problems);

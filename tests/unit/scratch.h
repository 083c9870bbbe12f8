/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A folder of a test's own, and what lies in it. */
#pragma once

#include "work.h"

char *scratch_new (void);
void scratch_remove (const char *path); /* with all that is in it */

void scratch_write (const char *folder, const char *name, const char *bytes, gsize len);

/* Names in their order, one space between; "" where there is no such folder. */
char *scratch_list (const char *folder);

/* Turns the main loop until nothing is written or removed any more. */
void scratch_wait_for (FelWork *work);

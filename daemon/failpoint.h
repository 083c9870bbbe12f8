/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Places where a test can make the daemon die, hang or fail, named in FELUCCA_FAILPOINT=NAME:ACTION[@K],… . ACTION is
 * `kill`, `sleep` or the name of an errno; with @K it happens at the K-th pass alone, else at each. Only in builds with
 * -Ddeveloper=true: in all others there is nothing of it. Any thread. */
#pragma once

#include <glib.h>

#include "felucca-config.h"

#if FEL_DEVELOPER

/* 0, or the errno that the place has to fail with. Does not return from `kill`. */
int fel_failpoint (const char *name);

#else

static inline int
fel_failpoint (const char *name)
{
  return 0;
}

#endif

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lockdown.h"

#include <sys/prctl.h>
#include <sys/resource.h>

static struct rlimit core_before;

/* The hard limit stays: what is run later could not raise it again. */
void
fel_lockdown_enter (void)
{
  struct rlimit none;

  getrlimit (RLIMIT_CORE, &core_before);
  none = core_before;
  none.rlim_cur = 0;
  setrlimit (RLIMIT_CORE, &none);
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void
fel_lockdown_leave (void)
{
  setrlimit (RLIMIT_CORE, &core_before);
}

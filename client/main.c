/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli.h"

int
main (int argc, char **argv)
{
  /* A password passes through here: no core file, and no other process of this user looks in. */
  setrlimit (RLIMIT_CORE, &(struct rlimit){ 0, 0 });
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
  return fel_cli_main (argv);
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli.h"
#include "lockdown.h"

int
main (int argc, char **argv)
{
  /* A password passes through here. */
  fel_lockdown_enter ();
  return fel_cli_main (argv);
}

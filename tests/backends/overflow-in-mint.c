/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs out of stack. */
#include "felucca-backend.h"

static int
deeper (volatile char *from)
{
  volatile char page[4096];

  page[0] = from[0];
  if (page[0] == 1)
    return 1;
  return deeper (page) + page[1];
}

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  volatile char start[1] = { 0 };

  return deeper (start) != 0;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "overflow-in-mint",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .mint = bad_mint,
};

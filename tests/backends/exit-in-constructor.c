/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-backend.h"

#include <stdlib.h>

__attribute__ ((constructor)) static void
bad_constructor (void)
{
  exit (0);
}

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return host->fail (out, FEL_FAILURE_UNSUPPORTED, "no");
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "exit-in-constructor",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .mint = bad_mint,
};

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-backend.h"

#include <stdlib.h>

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  exit (0);
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "exit-in-mint",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .mint = bad_mint,
};

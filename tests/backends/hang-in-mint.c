/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Does not listen to the cancellable. */
#include "felucca-backend.h"

#include <unistd.h>

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  while (pause () < 0)
    continue;
  return false;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "hang-in-mint",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .mint = bad_mint,
};

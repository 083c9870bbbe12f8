/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-backend.h"

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return false;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "false-without-reason",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .mint = bad_mint,
};

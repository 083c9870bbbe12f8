/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-backend.h"

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return host->fail (out, 4711, "\xff\xfe a line\nand \x1b[31manother");
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "garbage-reason",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .mint = bad_mint,
};

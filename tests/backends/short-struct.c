/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-backend.h"

static bool
never (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return host->fail (out, FEL_FAILURE_INTERNAL, "this lies behind the end of the struct");
}

const FelBackend felucca_backend_v1 = {
  .struct_size = offsetof (FelBackend, mint) + sizeof (FelVerb) - 1,
  .name = "short-struct",
  .mint = never,
};

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ends right behind `mint`, as a backend would that is older than the other verbs: what follows must not be read. */
#include "felucca-backend.h"

static bool
minimal_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return host->fail (out, FEL_FAILURE_UNSUPPORTED, "no");
}

const FelBackend felucca_backend_v1 = {
  .struct_size = offsetof (FelBackend, mint) + sizeof (FelVerb),
  .name = "minimal",
  .mint = minimal_mint,
  .revoke = minimal_mint,
  .refresh = minimal_mint,
};

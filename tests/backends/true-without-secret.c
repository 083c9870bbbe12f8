/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-backend.h"

static bool
bad_revoke (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return true;
}

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  host->set_string (out, FEL_FIELD_ID, "1");
  return true;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "true-without-secret",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .revoke = bad_revoke,
  .mint = bad_mint,
};

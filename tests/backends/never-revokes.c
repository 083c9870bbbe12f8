/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Has a verb to revoke, and cannot. It says nothing of an end. */
#include "felucca-backend.h"

static bool
endless_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  host->set_string (out, FEL_FIELD_ID, request->intent);
  host->set_secret (out, "secret", 6);
  return true;
}

static bool
cannot (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return host->fail (out, FEL_FAILURE_UNSUPPORTED, "not here");
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "never-revokes",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .mint = endless_mint,
  .revoke = cannot,
};

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What it mints ends by itself, and by nothing else. */
#include "felucca-backend.h"

#include <time.h>

static bool
short_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  host->set_string (out, FEL_FIELD_ID, request->intent);
  host->set_secret (out, "secret", 6);
  host->set_int64 (out, FEL_FIELD_NOT_AFTER, time (NULL) + 8);
  return true;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "no-revoke",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .mint = short_mint,
};

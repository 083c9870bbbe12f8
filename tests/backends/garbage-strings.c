/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Nothing that it says is UTF-8, but for the id. */
#include "felucca-backend.h"

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  for (int field = FEL_FIELD_USER; field <= FEL_FIELD_INTENT + 20; field++)
    {
      host->set_string (out, (FelField) field, "\xc3\x28\xff");
      host->set_int64 (out, (FelField) field, INT64_MIN);
    }
  host->set_string (out, FEL_FIELD_ID, "1");
  host->set_string (out, FEL_FIELD_REGION, "two\nlines");
  host->set_secret (out, "secret", 6);
  return true;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "garbage-strings",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .mint = bad_mint,
};

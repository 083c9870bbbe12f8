/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-backend.h"

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return true;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "nile",
  .mint = bad_mint,
};

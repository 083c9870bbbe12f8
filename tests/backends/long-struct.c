/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Claims more bytes than it has. */
#include "felucca-backend.h"

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return true;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend) + 4096,
  .name = "long-struct",
  .mint = bad_mint,
};

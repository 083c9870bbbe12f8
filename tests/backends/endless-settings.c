/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Its list of settings has no end. */
#include "felucca-backend.h"

static const char *const settings[65] = { [0 ... 64] = "color" };

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return host->fail (out, FEL_FAILURE_UNSUPPORTED, "no");
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "endless-settings",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .settings = settings,
  .mint = bad_mint,
};

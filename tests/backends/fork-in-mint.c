/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Leaves a process behind that holds every descriptor of the daemon. Otherwise it works. */
#include "felucca-backend.h"

#include <unistd.h>

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  if (fork () == 0)
    {
      alarm (300);
      for (;;)
        pause ();
    }
  host->set_string (out, FEL_FIELD_ID, "1");
  host->set_secret (out, "secret", 6);
  return true;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "fork-in-mint",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .mint = bad_mint,
};

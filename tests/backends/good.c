/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-backend.h"

#include <string.h>

static const char *const settings[] = { "color", "url", NULL };

static bool
good_check (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  for (size_t i = 0; i < request->n_settings; i++)
    if (strcmp (request->settings[i].key, "color") == 0 && strcmp (request->settings[i].value, "beige") == 0)
      return host->fail (out, FEL_FAILURE_INVALID, "color: 'beige' is not a color");
  return true;
}

static bool
good_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  host->set_string (out, FEL_FIELD_ID, "1");
  host->set_secret (out, "secret", 6);
  return true;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "good",
  .description = "A backend without a fault",
  .version = "1",
  .settings = settings,
  .check = good_check,
  .mint = good_mint,
};

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-backend.h"

#include <stdlib.h>
#include <string.h>

static bool
bad_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  size_t len = (size_t) 10 << 20;
  char *huge = malloc (len + 1);

  if (huge == NULL)
    abort ();
  memset (huge, 'x', len);
  huge[len] = '\0';
  for (int field = FEL_FIELD_ID; field <= FEL_FIELD_INTENT; field++)
    host->set_string (out, (FelField) field, huge);
  host->set_secret (out, huge, len);
  host->set_refresh_secret (out, huge, len);
  host->fail (out, FEL_FAILURE_INTERNAL, huge);
  free (huge);
  return false;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "huge-strings",
  .flags = FEL_BACKEND_NO_WORKSPACES,
  .mint = bad_mint,
};

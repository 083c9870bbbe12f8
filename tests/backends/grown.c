/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A backend of tomorrow: its struct is longer than ours. */
#define felucca_backend_v1 declared_with_the_type_of_today
#include "felucca-backend.h"
#undef felucca_backend_v1

typedef struct
{
  FelBackend today;
  FelVerb tomorrow[64];
} GrownBackend;

static bool
grown_verb (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  return host->fail (out, FEL_FAILURE_UNSUPPORTED, "no");
}

extern FEL_BACKEND_EXPORT const GrownBackend felucca_backend_v1;

const GrownBackend felucca_backend_v1 = {
  .today = { .struct_size = sizeof (GrownBackend), .name = "grown", .mint = grown_verb, .revoke = grown_verb },
  .tomorrow = { grown_verb },
};

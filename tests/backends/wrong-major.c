/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Of a time to come: it exports a later version alone. */
#include "felucca-backend.h"

extern FEL_BACKEND_EXPORT const FelBackend felucca_backend_v2;

const FelBackend felucca_backend_v2 = { .struct_size = sizeof (FelBackend), .name = "wrong-major" };

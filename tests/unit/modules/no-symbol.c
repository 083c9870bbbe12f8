/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-backend.h"

extern FEL_BACKEND_EXPORT const FelBackend felucca_backend_v9;

const FelBackend felucca_backend_v9 = { .struct_size = sizeof (FelBackend), .name = "no-symbol" };

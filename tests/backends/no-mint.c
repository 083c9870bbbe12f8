/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-backend.h"

const FelBackend felucca_backend_v1 = { .struct_size = sizeof (FelBackend), .name = "no-mint" };

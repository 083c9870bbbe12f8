/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Exports nothing that is asked for. */
#include "felucca-backend.h"

extern FEL_BACKEND_EXPORT const int felucca_backend;

const int felucca_backend = 1;

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What Vault's failures mean to felucca: the status codes of its API and the few texts in {"errors": […]} that say more
 * than those. */
#pragma once

#include <glib.h>

#include "felucca-backend.h"

typedef struct VaultVerdict
{
  FelFailure failure;
  bool proven;     /* with an error that could be read: nothing was minted */
  bool lease_gone; /* the lease that was named has ended */
} VaultVerdict;

/* text: the error that came with it; (nullable) */
VaultVerdict vault_judge (guint status, const char *text);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sees to the end of what is stored: renews it where the provider can, says so ahead of time, revokes it when it is over.
 * One timer on the wall clock for all of them, so that a suspended machine and a clock that is set are nothing special.
 * Main thread only. */
#pragma once

#include "broker.h"

typedef struct FelExpiry FelExpiry;

FelExpiry *fel_expiry_new (FelBroker *broker);
void fel_expiry_free (FelExpiry *self); /* (nullable) */

/* We are the daemon: from now on what is due is done. */
void fel_expiry_start (FelExpiry *self);

/* What is stored has changed. */
void fel_expiry_touch (FelExpiry *self);

/* Its users are to get another one, whatever the time is. */
void fel_expiry_announce (FelExpiry *self, const char *path);

/* What failed may work now: the keyring is open, somebody has signed in. */
void fel_expiry_kick (FelExpiry *self);

/* Nothing new is begun. */
void fel_expiry_stop (FelExpiry *self);

/* Will there be something to do? */
gboolean fel_expiry_is_waiting (const FelExpiry *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelExpiry, fel_expiry_free)

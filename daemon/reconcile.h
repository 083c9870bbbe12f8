/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When the mints with an unknown outcome are looked at again: at start, when the keyring unlocks, when the network
 * returns, after a sign-in, right after one was left open, and every 15 minutes while there is one. One after the other;
 * what is done with one is in `settle`. Main thread only. */
#pragma once

#include "broker.h"

typedef struct FelReconcile FelReconcile;

FelReconcile *fel_reconcile_new (FelBroker *broker);
void fel_reconcile_free (FelReconcile *self); /* (nullable) */

/* We are the daemon: takes over what an earlier one has left. */
void fel_reconcile_start (FelReconcile *self);

/* Something has changed that could help; soon, not now. */
void fel_reconcile_kick (FelReconcile *self);

/* Ends after the step that is under way. */
void fel_reconcile_stop (FelReconcile *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelReconcile, fel_reconcile_free)

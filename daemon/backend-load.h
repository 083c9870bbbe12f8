/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From an instance of the configuration to one whose verbs can be called: is it quarantined, who could have written its
 * file, what a probe says of that, and then, on a worker, opening it and letting it judge its settings. Found out once,
 * for all who wait, and once more when another file has taken the place of one that failed. */
#pragma once

#include "broker.h"

typedef void (*FelBackendReady) (gpointer user_data);

/* TRUE: it is found out, see fel_instance_check(), and `ready` is not called. FALSE: `ready` is called when it is, never
 * before this returns. */
gboolean fel_backend_prepare (FelBroker *broker, FelInstance *instance, FelBackendReady ready, gpointer user_data);

/* Is there an instance that fel_backend_prepare() would have to wait for? */
gboolean fel_backend_any_unknown (const FelBroker *broker);

/* For the broker: what probes have said, by path. */
GHashTable *fel_backend_probed_new (void);

/* Forgets crashes and failures: it is tried again when it is next needed. */
gboolean fel_backend_reset (FelBroker *broker, FelInstance *instance, GError **error);

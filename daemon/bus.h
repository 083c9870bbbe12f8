/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The door: the object on the session bus, its methods, properties and signals. A handler parses, makes a request and
 * starts it; the reply goes out from the request's one completion. Also knows when nobody needs the daemon any more. */
#pragma once

#include "broker.h"

typedef struct FelBus FelBus;

/* The daemon is done: status is its exit status. */
typedef void (*FelBusEnded) (int status, gpointer user_data);

FelBus *fel_bus_new (FelBroker *broker, FelBusEnded ended, gpointer user_data, GError **error);
void fel_bus_free (FelBus *self); /* (nullable) */

/* Takes the name: from now on calls come in. */
void fel_bus_acquire_name (FelBus *self);

/* Gives the name back, answers what is still open, then ends. Fine to call again. */
void fel_bus_leave (FelBus *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelBus, fel_bus_free)

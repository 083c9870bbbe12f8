/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The object on the bus: its methods and its properties. A handler parses, makes a request and starts it; the reply goes
 * out from the request's one completion. */
#pragma once

#include "bus-call.h"

typedef struct FelBusObject
{
  FelBroker *broker;
  FelBusCalls *calls;
  gint64 last_call_usec; /* monotonic; when the last one came in */
} FelBusObject;

/* Returns what sd-bus returns. */
int fel_bus_object_export (FelBusObject *self, sd_bus *bus);

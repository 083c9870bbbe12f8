/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The calls on the bus that have no answer yet, who made them, and how many there may be. Each ends with one reply,
 * or with none when its caller has left. */
#pragma once

#include <systemd/sd-bus.h>

#include "caller.h"
#include "request.h"

#define FEL_REQUESTS_PER_CALLER_MAX 16
#define FEL_REQUESTS_MAX 256

typedef struct FelBusCalls FelBusCalls;

/* Appends the request's answer. Returns what sd-bus returns. */
typedef int (*FelBusAnswer) (sd_bus_message *reply, FelRequest *request);

/* The last open call has ended. */
typedef void (*FelBusCallsEmpty) (gpointer user_data);

FelBusCalls *fel_bus_calls_new (sd_bus *bus, FelBusCallsEmpty empty, gpointer user_data);
void fel_bus_calls_free (FelBusCalls *self); /* (nullable) */

/* A connection without a bus; its calls count like those of the others. */
FelCaller *fel_bus_calls_add_peer (FelBusCalls *self, sd_bus *peer, pid_t pid);
void fel_bus_calls_remove_peer (FelBusCalls *self, sd_bus *peer); /* drops its answers */

/* Starts the request once it is known who calls. Returns what a method handler returns. */
int fel_bus_calls_begin (FelBusCalls *self, sd_bus_message *message, FelRequest *request /* (transfer full) */,
                         FelBusAnswer answer, sd_bus_error *ret_error);

guint fel_bus_calls_open (const FelBusCalls *self);

int fel_bus_fail (sd_bus_error *ret_error, const GError *error);

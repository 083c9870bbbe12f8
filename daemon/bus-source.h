/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs an sd_bus on a GLib main context: one GSource, no sd-event. The source holds a reference of the bus; when the
 * connection breaks, it calls `lost` once and ends. */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

typedef void (*FelBusLost) (int r, gpointer user_data);

GSource *fel_bus_source_new (sd_bus *bus, FelBusLost lost, gpointer user_data);

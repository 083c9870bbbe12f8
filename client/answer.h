/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The wait for the daemon's answer to one message. A person at a terminal is told what takes so long, by a look at the
 * keyring's state meanwhile. */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* As sd_bus_call, and tells whether the message did not go out at all. A failure that the daemon answered is in
 * bus_error, as every other one. */
int fel_answer_wait (sd_bus *bus, sd_bus_message *message, guint64 usec, sd_bus_error *bus_error,
                     sd_bus_message **ret_reply, gboolean *ret_unsent);

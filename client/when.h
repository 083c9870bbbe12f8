/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A point in time as people say it: "3 min ago", "in 2 h".
 * JSON and the bus have Unix seconds instead. */
#pragma once

#include <glib.h>

char *fel_when_say (gint64 then_sec, gint64 now_sec);

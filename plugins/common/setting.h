/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The instance's settings as a backend reads them, and what several backends check alike. Pure: it opens nothing and
 * blocks nowhere, so that it may run on the main thread. */
#pragma once

#include <gio/gio.h>

#include "felucca-backend.h"

/* What `ssl-mode` can be: libpq's modes (PostgreSQL documentation, section 34.1.2), NULL at the end. */
extern const char *const fel_ssl_modes[];

/* fallback: (nullable) */
const char *fel_setting (const FelVerbRequest *request, const char *key, const char *fallback);

/* NULL, or the sentence that says what is wrong with `host`, `port` or `ssl-mode` (transfer full). */
char *fel_setting_check_server (const FelVerbRequest *request);

/* The setting `port`, which was checked; 0: there is none. */
guint fel_setting_port (const FelVerbRequest *request);

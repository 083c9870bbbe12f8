/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The user's browser, wherever the desktop keeps it: by the portal, else by xdg-open.
 * Whether a page really came up, nobody tells us: the caller shows the address as well. */
#pragma once

#include <glib.h>

gboolean fel_browser_is_url (const char *url); /* https or http, printable, no space */

/* FALSE: there is no browser here that a person would see; in a session over SSH without a display, for example. */
gboolean fel_browser_open (const char *url);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The address on this machine that a browser is sent to at the end of a sign-in. Where the browser runs elsewhere, a
 * person brings its last address here by hand, and we open it in its place. */
#pragma once

#include <glib.h>

/* The port that the browser will come back to; 0: this is not an address of a sign-in. */
guint16 fel_redirect_port (const char *url);

/* The target of the request that the browser would have made; NULL: that is another address. text: as pasted. */
char *fel_redirect_target (const char *text, guint16 port);

/* Makes it. FALSE: the daemon did not take it. */
gboolean fel_redirect_deliver (const char *target, guint16 port);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The door that a browser comes back to: one port of 127.0.0.1 and ::1, which everybody on this machine can knock at.
 * Other users are sent away at once. Each connection may send one head and gets one page; one that is slow, or one too
 * many, is closed. Main thread only. */
#pragma once

#include <glib.h>

#define FEL_SIGN_IN_CONNECTIONS_MAX 16

typedef struct FelSignInListener FelSignInListener;

/* head: len bytes that came so far, may be changed. Returns the answer, after which the connection ends; NULL: more is
 * needed. */
typedef GString *(*FelSignInListenerRead) (char *head, gsize len, gpointer user_data);

FelSignInListener *fel_sign_in_listener_new (FelSignInListenerRead read, gpointer user_data, GError **error);
guint16 fel_sign_in_listener_port (const FelSignInListener *self);

/* Not from within read. (nullable) */
void fel_sign_in_listener_free (FelSignInListener *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelSignInListener, fel_sign_in_listener_free)

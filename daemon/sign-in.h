/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A sign-in through the browser (RFC 8252, RFC 7636): from the moment that its door is open until its answer has come or
 * nobody waits for one any more. Belongs to the table of them, which is one for the daemon. Main thread only. */
#pragma once

#include <glib.h>

#include "secret.h"

#define FEL_SIGN_INS_MAX 4

typedef struct FelSignIns FelSignIns;

typedef struct FelSignIn
{
  char *handle; /* owned, like all of these; what callers know it by */
  char *backend;
  char *redirect_uri;
  char *state;
  char *challenge; /* of PKCE, S256 */
  FelSecret *verifier;
  FelSecret *code; /* the answer; NULL: none, or it was no */
} FelSignIn;

/* error: NULL with a code. */
typedef void (*FelSignInDone) (FelSignIn *self, const GError *error, gpointer user_data);

FelSignIns *fel_sign_ins_new (void);
void fel_sign_ins_free (FelSignIns *self); /* (nullable) */

/* Opens the door. (transfer none) */
FelSignIn *fel_sign_ins_begin (FelSignIns *self, const char *backend, GError **error);
FelSignIn *fel_sign_ins_find (FelSignIns *self, const char *handle, GError **error); /* (transfer none) */
guint fel_sign_ins_count (const FelSignIns *self);

/* The daemon leaves: those who wait are told so, and none begins any more. */
void fel_sign_ins_stop (FelSignIns *self);

/* `done` comes later, once, and not after fel_sign_in_end(). Only one may wait. */
gboolean fel_sign_in_wait (FelSignIn *self, FelSignInDone done, gpointer user_data, GError **error);

/* Ends the wait with Cancelled. */
void fel_sign_in_cancel (FelSignIn *self, const char *why);

/* Closes the door and forgets all of it. (nullable) */
void fel_sign_in_end (FelSignIn *self);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A sign-in at a provider: whose it is, the access token, the refresh token where there is one, and when the access
 * token ends. Never changed after it was made; a refresh makes a new one. It is kept in the keyring as a small text. */
#pragma once

#include <glib.h>

#include "secret.h"

#define FEL_TOKEN_LEN_MAX 8192

typedef struct FelToken
{
  gatomicrefcount refs;
  char *account;      /* (nullable) e-mail, else the provider's identifier */
  FelSecret *access;  /* never NULL */
  FelSecret *refresh; /* (nullable) */
  gint64 expires_sec; /* wall clock; 0: unknown, react to a refusal */
  gint64 renewed_sec; /* wall clock, when expires_sec was learnt; 0: this token cannot be prolonged */
  char **workspaces;  /* (nullable) */
} FelToken;

typedef enum
{
  FEL_TOKEN_GOOD,
  FEL_TOKEN_REFRESH, /* not good for long, and something can be done about it */
  FEL_TOKEN_DEAD,
} FelTokenVerdict;

FelToken *fel_token_new (FelSecret *access, FelSecret *refresh, gint64 expires_sec, const char *account,
                         const char *const *workspaces); /* takes references of its own */

/* A sign-in whose access token itself is prolonged, while it lives. */
FelToken *fel_token_new_renewable (FelSecret *access, gint64 expires_sec, gint64 renewed_sec, const char *account,
                                   const char *const *workspaces);
FelToken *fel_token_ref (FelToken *self);
void fel_token_unref (FelToken *self); /* (nullable) */

/* When a token that has just been used with success ends: an end that lies clearly in the past by our clock says that the
 * clocks differ, and then a refusal decides (0). */
gint64 fel_token_plausible_end (gint64 expires_sec, gint64 now_sec);

/* rejected: the provider has refused this very token. One that can be prolonged is refreshed from the middle of its life
 * on, and never after its end. */
FelTokenVerdict fel_token_judge (const FelToken *self, gboolean rejected, gint64 now_sec);

FelSecret *fel_token_serialize (const FelToken *self);
FelToken *fel_token_parse (const FelSecret *text, const char *account, GError **error);

/* May this travel in an Authorization header? (RFC 6750, section 2.1: b64token) */
gboolean fel_token_check_access (const FelSecret *access, GError **error);

/* Is it 1*VSCHAR? (RFC 6749, appendix A.17) */
gboolean fel_token_check_refresh (const FelSecret *refresh, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelToken, fel_token_unref)

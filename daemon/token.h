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
  char **workspaces;  /* (nullable) */
} FelToken;

typedef enum
{
  FEL_TOKEN_GOOD,
  FEL_TOKEN_REFRESH, /* not good for long, and there is a refresh token */
  FEL_TOKEN_DEAD,
} FelTokenVerdict;

FelToken *fel_token_new (FelSecret *access, FelSecret *refresh, gint64 expires_sec, const char *account,
                         const char *const *workspaces); /* takes references of its own */
FelToken *fel_token_ref (FelToken *self);
void fel_token_unref (FelToken *self); /* (nullable) */

/* When a token that has just been used with success ends: an end that lies clearly in the past by our clock says that the
 * clocks differ, and then a refusal decides (0). */
gint64 fel_token_plausible_end (gint64 expires_sec, gint64 now_sec);

/* rejected: the provider has refused this very token. */
FelTokenVerdict fel_token_judge (const FelToken *self, gboolean rejected, gint64 now_sec);

FelSecret *fel_token_serialize (const FelToken *self);
FelToken *fel_token_parse (const FelSecret *text, const char *account, GError **error);

/* May this travel in an Authorization header? (RFC 6750, section 2.1: b64token) */
gboolean fel_token_check_access (const FelSecret *access, GError **error);

/* Is it 1*VSCHAR? (RFC 6749, appendix A.17) */
gboolean fel_token_check_refresh (const FelSecret *refresh, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelToken, fel_token_unref)

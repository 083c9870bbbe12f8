/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A credential with its password, as CreateCredential and GetCredential hand it out: what is public came in the
 * message, the password through a pipe of ours. */
#pragma once

#include <glib.h>

#include "buffer.h"
#include "call.h"
#include "record.h"

#define FEL_PASSWORD_MAX 4096

typedef struct FelCredential
{
  FelRecord *record;   /* owned */
  FelBuffer *password; /* owned; at least one byte, no NUL */
} FelCredential;

FelCredential *fel_credential_new (FelRecord *record /* (transfer full) */, FelBuffer *password /* (transfer full) */);
void fel_credential_free (FelCredential *self);

/* Sends a call whose options are still open and waits for both halves of the answer. */
FelCredential *fel_credential_receive (FelCall *call, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelCredential, fel_credential_free)

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bytes that must not outlive their use: a password, a token. They lie in locked memory; the last unref erases them.
 * Shared between threads without a lock, since nobody changes one after it was made. */
#pragma once

#include <glib.h>

typedef struct FelSecret
{
  gatomicrefcount refs;
  gsize len;
  char bytes[]; /* len of them, then a NUL */
} FelSecret;

FelSecret *fel_secret_new (const char *bytes, gsize len);
FelSecret *fel_secret_ref (FelSecret *self);
void fel_secret_unref (FelSecret *self);                            /* (nullable) */
gboolean fel_secret_equal (const FelSecret *a, const FelSecret *b); /* in constant time for equal lengths */

/* TRUE when it is min..max bytes long and has no control character. */
gboolean fel_secret_is_printable (const FelSecret *self, gsize min, gsize max);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelSecret, fel_secret_unref)

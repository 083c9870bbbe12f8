/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "secret.h"

#include <string.h>

#include "locked-memory.h"

static gsize
secret_size (gsize len)
{
  return sizeof (FelSecret) + len + 1;
}

FelSecret *
fel_secret_new (const char *bytes, gsize len)
{
  FelSecret *self = fel_locked_memory_alloc (secret_size (len));

  g_atomic_ref_count_init (&self->refs);
  self->len = len;
  memcpy (self->bytes, bytes, len);
  self->bytes[len] = '\0';
  return self;
}

FelSecret *
fel_secret_ref (FelSecret *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
fel_secret_unref (FelSecret *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  explicit_bzero (self->bytes, self->len);
  fel_locked_memory_free (self, secret_size (self->len));
}

gboolean
fel_secret_equal (const FelSecret *a, const FelSecret *b)
{
  guchar difference = 0;

  if (a->len != b->len)
    return FALSE;
  for (gsize i = 0; i < a->len; i++)
    difference |= (guchar) (a->bytes[i] ^ b->bytes[i]);
  return difference == 0;
}

gboolean
fel_secret_is_printable (const FelSecret *self, gsize min, gsize max)
{
  if (self->len < min || self->len > max)
    return FALSE;
  for (gsize i = 0; i < self->len; i++)
    if (g_ascii_iscntrl (self->bytes[i]))
      return FALSE;
  return TRUE;
}

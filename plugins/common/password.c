/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "password.h"

#include <string.h>
#include <sys/random.h>

gboolean
fel_password_make (FelPassword *self)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

  G_STATIC_ASSERT (sizeof letters == 64 + 1);
  /* So few bytes come at once or not at all (getrandom(2)). */
  if (getrandom (self->text, FEL_PASSWORD_LEN, 0) != FEL_PASSWORD_LEN)
    return FALSE;
  for (gsize i = 0; i < FEL_PASSWORD_LEN; i++)
    self->text[i] = letters[(guchar) self->text[i] % 64];
  self->text[FEL_PASSWORD_LEN] = '\0';
  return TRUE;
}

void
fel_password_erase (FelPassword *self)
{
  explicit_bzero (self, sizeof *self);
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A password that a backend makes itself: 192 random bits in letters that need no escaping in URLs, shells and key
 * files. Lives in the frame of the verb that makes it, which erases it. Any thread. */
#pragma once

#include <glib.h>

#define FEL_PASSWORD_LEN 32

typedef struct
{
  char text[FEL_PASSWORD_LEN + 1];
} FelPassword;

/* FALSE: the system has no random bytes to give. */
gboolean fel_password_make (FelPassword *self);

void fel_password_erase (FelPassword *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FelPassword, fel_password_erase)

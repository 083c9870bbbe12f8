/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An explicit wish for a password in the environment of a command: --env NAME=FORMAT.
 * Only formats that are one value; lines that a shell would have to read are refused. */
#pragma once

#include <glib.h>

#include "credential.h"
#include "environment.h"
#include "format.h"

typedef struct FelWish
{
  char *name; /* owned */
  FelFormat format;
} FelWish;

/* What was typed, NULL for nothing; an array of FelWish, which may be empty. */
GPtrArray *fel_wish_parse_all (char **typed, GError **error);

/* Sets the variable to the credential in the format of the wish. */
gboolean fel_wish_fulfil (const FelWish *self, const FelCredential *credential, FelEnvironment *environment,
                          GError **error);

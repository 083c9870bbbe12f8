/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The forms in which the command prints. All but table and json are forms of one credential with its password.
 * Writes into an erasing buffer; nothing is printed here. */
#pragma once

#include <glib.h>

#include "buffer.h"
#include "credential.h"

typedef enum FelFormat
{
  FEL_FORMAT_TABLE,
  FEL_FORMAT_JSON,
  FEL_FORMAT_PASSWORD,
  FEL_FORMAT_URL,
  FEL_FORMAT_ENV,
  FEL_FORMAT_NILE_ENV,
  FEL_FORMAT_PGPASS,
  FEL_FORMAT_CONNINFO,
  _FEL_FORMAT_MAX
} FelFormat;

gboolean fel_format_parse (const char *name, FelFormat *ret_format, GError **error);
const char *fel_format_name (FelFormat format);

/* Any format but the table. */
gboolean fel_format_credential (FelFormat format, const FelCredential *credential, FelBuffer *out, GError **error);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The outcomes that somebody decides about, one for each error name of the bus.
 * The message is one sentence for people that says what happened and what to do; it never holds a secret. */
#pragma once

#include <glib.h>

typedef enum
{
  FEL_ERROR_INTERNAL,
  FEL_ERROR_INVALID_ARGUMENTS,
  FEL_ERROR_SIGN_IN_REQUIRED,
  FEL_ERROR_ACCESS_DENIED,
  FEL_ERROR_NOT_FOUND,
  FEL_ERROR_CONFLICT,
  FEL_ERROR_QUOTA_EXCEEDED,
  FEL_ERROR_RATE_LIMITED,
  FEL_ERROR_LIMIT_EXCEEDED,
  FEL_ERROR_KEYRING_LOCKED,
  FEL_ERROR_KEYRING_ABSENT,
  FEL_ERROR_PROMPT_DISMISSED,
  FEL_ERROR_NOT_STORED,
  FEL_ERROR_OUTCOME_UNKNOWN,
  FEL_ERROR_UNREACHABLE,
  FEL_ERROR_TIMED_OUT,
  FEL_ERROR_CANCELLED,
  FEL_ERROR_PROVIDER_ERROR,
  FEL_ERROR_PROTOCOL_VIOLATION,
  FEL_ERROR_UNSUPPORTED,
  FEL_ERROR_BACKEND_FAILED,
  _FEL_ERROR_MAX
} FelError;

#define FEL_ERROR (fel_error_quark ())
GQuark fel_error_quark (void);

/* The D-Bus name; an error of a foreign domain is Internal. */
const char *fel_error_name (const GError *error);

/* The bare name, for the journal: "NotFound". */
const char *fel_error_short_name (const GError *error);

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "error.h"

#include <string.h>

#include "felucca-names.h"

static const char *const fel_error_names[] = {
  [FEL_ERROR_INTERNAL] = FEL_ERROR_PREFIX "Internal",
  [FEL_ERROR_INVALID_ARGUMENTS] = FEL_ERROR_PREFIX "InvalidArguments",
  [FEL_ERROR_SIGN_IN_REQUIRED] = FEL_ERROR_PREFIX "SignInRequired",
  [FEL_ERROR_ACCESS_DENIED] = FEL_ERROR_PREFIX "AccessDenied",
  [FEL_ERROR_NOT_FOUND] = FEL_ERROR_PREFIX "NotFound",
  [FEL_ERROR_CONFLICT] = FEL_ERROR_PREFIX "Conflict",
  [FEL_ERROR_QUOTA_EXCEEDED] = FEL_ERROR_PREFIX "QuotaExceeded",
  [FEL_ERROR_RATE_LIMITED] = FEL_ERROR_PREFIX "RateLimited",
  [FEL_ERROR_LIMIT_EXCEEDED] = FEL_ERROR_PREFIX "LimitExceeded",
  [FEL_ERROR_KEYRING_LOCKED] = FEL_ERROR_PREFIX "KeyringLocked",
  [FEL_ERROR_KEYRING_ABSENT] = FEL_ERROR_PREFIX "KeyringAbsent",
  [FEL_ERROR_PROMPT_DISMISSED] = FEL_ERROR_PREFIX "PromptDismissed",
  [FEL_ERROR_NOT_STORED] = FEL_ERROR_PREFIX "NotStored",
  [FEL_ERROR_OUTCOME_UNKNOWN] = FEL_ERROR_PREFIX "OutcomeUnknown",
  [FEL_ERROR_UNREACHABLE] = FEL_ERROR_PREFIX "Unreachable",
  [FEL_ERROR_TIMED_OUT] = FEL_ERROR_PREFIX "TimedOut",
  [FEL_ERROR_CANCELLED] = FEL_ERROR_PREFIX "Cancelled",
  [FEL_ERROR_PROVIDER_ERROR] = FEL_ERROR_PREFIX "ProviderError",
  [FEL_ERROR_PROTOCOL_VIOLATION] = FEL_ERROR_PREFIX "ProtocolViolation",
  [FEL_ERROR_UNSUPPORTED] = FEL_ERROR_PREFIX "Unsupported",
  [FEL_ERROR_BACKEND_FAILED] = FEL_ERROR_PREFIX "BackendFailed",
};
G_STATIC_ASSERT (G_N_ELEMENTS (fel_error_names) == _FEL_ERROR_MAX);

G_DEFINE_QUARK (fel_error, fel_error)

const char *
fel_error_name (const GError *error)
{
  if (error->domain != FEL_ERROR || error->code < 0 || error->code >= _FEL_ERROR_MAX)
    return fel_error_names[FEL_ERROR_INTERNAL];
  return fel_error_names[error->code];
}

const char *
fel_error_short_name (const GError *error)
{
  return fel_error_name (error) + strlen (FEL_ERROR_PREFIX);
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "error.h"

#include <gio/gio.h>

/* As the bus interface spells them; written out, since they are contract. */
static const struct
{
  FelError code;
  const char *name;
} names[] = {
  { FEL_ERROR_INTERNAL, "Internal" },
  { FEL_ERROR_INVALID_ARGUMENTS, "InvalidArguments" },
  { FEL_ERROR_SIGN_IN_REQUIRED, "SignInRequired" },
  { FEL_ERROR_ACCESS_DENIED, "AccessDenied" },
  { FEL_ERROR_NOT_FOUND, "NotFound" },
  { FEL_ERROR_CONFLICT, "Conflict" },
  { FEL_ERROR_QUOTA_EXCEEDED, "QuotaExceeded" },
  { FEL_ERROR_RATE_LIMITED, "RateLimited" },
  { FEL_ERROR_LIMIT_EXCEEDED, "LimitExceeded" },
  { FEL_ERROR_KEYRING_LOCKED, "KeyringLocked" },
  { FEL_ERROR_KEYRING_ABSENT, "KeyringAbsent" },
  { FEL_ERROR_PROMPT_DISMISSED, "PromptDismissed" },
  { FEL_ERROR_NOT_STORED, "NotStored" },
  { FEL_ERROR_OUTCOME_UNKNOWN, "OutcomeUnknown" },
  { FEL_ERROR_UNREACHABLE, "Unreachable" },
  { FEL_ERROR_TIMED_OUT, "TimedOut" },
  { FEL_ERROR_CANCELLED, "Cancelled" },
  { FEL_ERROR_PROVIDER_ERROR, "ProviderError" },
  { FEL_ERROR_PROTOCOL_VIOLATION, "ProtocolViolation" },
  { FEL_ERROR_UNSUPPORTED, "Unsupported" },
  { FEL_ERROR_BACKEND_FAILED, "BackendFailed" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (names) == _FEL_ERROR_MAX);

static void
test_names (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (FEL_ERROR, (int) names[i].code, "x");
      g_autofree char *full = g_strconcat ("org.felucca.Error.", names[i].name, NULL);

      g_assert_cmpstr (fel_error_name (error), ==, full);
      g_assert_cmpstr (fel_error_short_name (error), ==, names[i].name);
    }
}

static const int foreign_codes[] = { -1, G_MININT, _FEL_ERROR_MAX, G_MAXINT };

static void
test_foreign (void)
{
  g_autoptr (GError) other_domain = g_error_new_literal (G_IO_ERROR, FEL_ERROR_NOT_FOUND, "x");

  g_assert_cmpstr (fel_error_name (other_domain), ==, "org.felucca.Error.Internal");
  g_assert_cmpstr (fel_error_short_name (other_domain), ==, "Internal");
  for (gsize i = 0; i < G_N_ELEMENTS (foreign_codes); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (FEL_ERROR, foreign_codes[i], "x");

      g_assert_cmpstr (fel_error_short_name (error), ==, "Internal");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error/names", test_names);
  g_test_add_func ("/error/foreign", test_foreign);
  return g_test_run ();
}

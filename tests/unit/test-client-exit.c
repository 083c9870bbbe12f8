/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exit.h"

#include "daemon.h"
#include "felucca-names.h"
#include "problems.h"

#define BUS_ERROR "org.freedesktop.DBus.Error."

static const struct
{
  const char *name;
  FelExit status;
} names[] = {
  { FEL_ERROR_PREFIX "InvalidArguments", FEL_EXIT_USAGE },
  { FEL_ERROR_PREFIX "SignInRequired", FEL_EXIT_SIGN_IN },
  { FEL_ERROR_PREFIX "AccessDenied", FEL_EXIT_DENIED },
  { FEL_ERROR_PREFIX "NotFound", FEL_EXIT_NOT_FOUND },
  { FEL_ERROR_PREFIX "Conflict", FEL_EXIT_FAILED },
  { FEL_ERROR_PREFIX "QuotaExceeded", FEL_EXIT_FAILED },
  { FEL_ERROR_PREFIX "RateLimited", FEL_EXIT_FAILED },
  { FEL_ERROR_PREFIX "LimitExceeded", FEL_EXIT_FAILED },
  { FEL_ERROR_PREFIX "KeyringLocked", FEL_EXIT_KEYRING },
  { FEL_ERROR_PREFIX "KeyringAbsent", FEL_EXIT_KEYRING },
  { FEL_ERROR_PREFIX "PromptDismissed", FEL_EXIT_KEYRING },
  { FEL_ERROR_PREFIX "NotStored", FEL_EXIT_FAILED },
  { FEL_ERROR_PREFIX "OutcomeUnknown", FEL_EXIT_UNKNOWN },
  { FEL_ERROR_PREFIX "Unreachable", FEL_EXIT_UNREACHABLE },
  { FEL_ERROR_PREFIX "TimedOut", FEL_EXIT_UNREACHABLE },
  { FEL_ERROR_PREFIX "Cancelled", FEL_EXIT_FAILED },
  { FEL_ERROR_PREFIX "ProviderError", FEL_EXIT_FAILED },
  { FEL_ERROR_PREFIX "ProtocolViolation", FEL_EXIT_FAILED },
  { FEL_ERROR_PREFIX "Unsupported", FEL_EXIT_FAILED },
  { FEL_ERROR_PREFIX "BackendFailed", FEL_EXIT_FAILED },
  { FEL_ERROR_PREFIX "Internal", FEL_EXIT_FAILED },
  { FEL_ERROR_PREFIX "OfALaterVersion", FEL_EXIT_FAILED },
  { BUS_ERROR "Timeout", FEL_EXIT_UNREACHABLE },
  { BUS_ERROR "NoReply", FEL_EXIT_UNREACHABLE },
  { BUS_ERROR "AccessDenied", FEL_EXIT_DENIED },
  { BUS_ERROR "ServiceUnknown", FEL_EXIT_FAILED },
  { BUS_ERROR "Spawn.ChildExited", FEL_EXIT_FAILED },
  { "System.Error.ECONNRESET", FEL_EXIT_FAILED },
};

static void
test_names (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", names[i].name);
      g_assert_cmpint (fel_exit_from_bus (names[i].name), ==, names[i].status);
      fel_exit_set_from_bus (&error, names[i].name, "It broke.");
      g_assert_error (error, FEL_EXIT, (int) names[i].status);
    }
}

static const struct
{
  const char *name;
  const char *message;
  const char *said;
} messages[] = {
  { FEL_ERROR_PREFIX "NotFound", "There is none.", "There is none" },
  { FEL_ERROR_PREFIX "NotFound", NULL, FEL_ERROR_PREFIX "NotFound" },
  { FEL_ERROR_PREFIX "SignInRequired", "Not signed in.", "Not signed in; try: felucca sign-in" },
  { FEL_ERROR_PREFIX "SignInRequired", "Type: felucca sign-in nile", "Type: felucca sign-in nile" },
  { FEL_ERROR_PREFIX "OutcomeUnknown", "Intent 1 is open.", "Intent 1 is open; try: felucca unresolved" },
  { FEL_ERROR_PREFIX "OutcomeUnknown", "See felucca unresolved", "See felucca unresolved" },
  { BUS_ERROR "ServiceUnknown", "The name is not activatable",
    "the felucca daemon is not installed: nothing on the session bus provides org.felucca.Credentials1; "
    "try: systemctl --user start felucca.service" },
};

static void
test_messages (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      g_autoptr (GError) error = NULL;

      fel_exit_set_from_bus (&error, messages[i].name, messages[i].message);
      g_assert_cmpstr (error->message, ==, messages[i].said);
    }
}

static const struct
{
  const char *keyring;
  const char *backend_state;
  FelExit status;
} states[] = {
  { "unlocked", "ready", FEL_EXIT_DONE },
  { "locked", "ready", FEL_EXIT_KEYRING },
  { "absent", "sign-in-required", FEL_EXIT_KEYRING },
  { "unlocked", "sign-in-required", FEL_EXIT_SIGN_IN },
  { "unlocked", "failed", FEL_EXIT_FAILED },
  { "unlocked", "of-a-later-version", FEL_EXIT_FAILED },
};

static void
test_health (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autoptr (GPtrArray) problems = fel_problems_new ();
      g_autoptr (FelRecord) backend = fel_record_new ();

      fel_record_set_text (backend, "state", states[i].backend_state);
      fel_problems_judge_keyring (problems, states[i].keyring);
      fel_problems_judge_backend (problems, "nile", backend);
      g_assert_cmpuint (problems->len == 0, ==, states[i].status == FEL_EXIT_DONE);
      g_assert_cmpint (fel_problems_say (problems), ==, states[i].status);
    }
}

static void
test_failures (void)
{
  static const struct
  {
    const char *message;
    const char *what;
    const char *next;
  } cases[] = {
    { "it broke", "it broke", NULL },
    { "it broke; try: felucca status", "it broke", "felucca status" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) problems = fel_problems_new ();
      g_autoptr (GError) failure = g_error_new_literal (FEL_EXIT, FEL_EXIT_UNREACHABLE, cases[i].message);
      gint64 status;

      fel_problems_add (problems, FEL_EXIT_DONE, "a hint", NULL);
      fel_problems_add_failure (problems, failure);
      g_assert_cmpstr (fel_record_text (problems->pdata[1], "what"), ==, cases[i].what);
      g_assert_cmpstr (fel_record_text (problems->pdata[1], "try"), ==, cases[i].next);
      g_assert_true (fel_record_number (problems->pdata[1], "exit-status", &status));
      g_assert_cmpint (status, ==, FEL_EXIT_UNREACHABLE);
      g_assert_cmpint (fel_problems_say (problems), ==, FEL_EXIT_UNREACHABLE);
    }
}

static const struct
{
  uid_t owner_uid;
  const char *owner_unit;
  const char *our_unit;
  gboolean trusted;
} owners[] = {
  { 1000, "felucca.service", "shell.scope", TRUE },
  { 1000, NULL, NULL, TRUE }, /* started by the bus itself */
  { 1000, NULL, "shell.scope", TRUE },
  { 1000, "shell.scope", "shell.scope", TRUE }, /* by hand, in this terminal */
  { 1000, "other.service", "shell.scope", FALSE },
  { 1000, "other.service", NULL, FALSE },
  { 1000, "xfelucca.service", NULL, FALSE },
  { 1001, "felucca.service", "shell.scope", FALSE },
  { 0, NULL, NULL, FALSE },
};

static void
test_owners (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (owners); i++)
    g_assert_cmpint (fel_daemon_trusts (owners[i].owner_uid, owners[i].owner_unit, 1000, owners[i].our_unit), ==,
                     owners[i].trusted);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/exit/names", test_names);
  g_test_add_func ("/client/exit/messages", test_messages);
  g_test_add_func ("/client/exit/health", test_health);
  g_test_add_func ("/client/exit/failures", test_failures);
  g_test_add_func ("/client/exit/owners", test_owners);
  return g_test_run ();
}

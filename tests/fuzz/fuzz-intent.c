/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The input is the content of an intent's file; its first byte is the state in the file's name. */
#include "fuzz.h"

#include <string.h>

#include "intent.h"
#include "options.h"

#define UUID "6f1d2c1e-53a1-4c52-8d5a-6a0f5f0d9a11"

static void
check_name (const char *what, const char *value, gboolean required)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (value != NULL || !required);
  if (value != NULL)
    fel_name_check (what, value, &error);
  g_assert_no_error (error);
}

static void
check_fields (const FelIntent *intent, FelIntentState state)
{
  g_assert_cmpstr (intent->uuid, ==, UUID);
  g_assert_cmpint (intent->state, ==, state);
  check_name ("backend", intent->backend, TRUE);
  check_name ("workspace", intent->workspace, TRUE);
  check_name ("database", intent->database, TRUE);
  check_name ("tenant-id", intent->tenant_id, FALSE);
  check_name ("request-id", intent->request_id, FALSE);
  check_name ("id", intent->id, state == FEL_INTENT_MINTED);
  check_name ("boot-id", intent->boot_id, FALSE);
  g_assert_true (intent->internal == TRUE || intent->internal == FALSE);
  g_assert_cmpint (intent->since_sec, >, 0);
  g_assert_cmpint (intent->since_sec, <=, G_MAXINT64 / 2);
}

static void
check_same (const FelIntent *a, const FelIntent *b)
{
  g_assert_cmpstr (a->backend, ==, b->backend);
  g_assert_cmpstr (a->workspace, ==, b->workspace);
  g_assert_cmpstr (a->database, ==, b->database);
  g_assert_cmpstr (a->tenant_id, ==, b->tenant_id);
  g_assert_cmpstr (a->request_id, ==, b->request_id);
  g_assert_cmpstr (a->id, ==, b->id);
  g_assert_cmpstr (a->boot_id, ==, b->boot_id);
  g_assert_cmpint (a->internal, ==, b->internal);
  g_assert_cmpint (a->since_sec, ==, b->since_sec);
}

/* It comes back as it was, and a beginning of it, a different one each time, does not pass for the whole. */
static void
check_round_trip (const FelIntent *intent)
{
  gsize len;
  g_autofree char *text = fel_intent_serialize (intent, &len);
  g_autoptr (FelIntent) again = fel_intent_parse (text, len, UUID, intent->state);

  g_assert_nonnull (again);
  check_same (intent, again);
  g_assert_null (fel_intent_parse (text, g_str_hash (text) % len, UUID, intent->state));
}

static void
check_advance (const FelIntent *intent)
{
  g_autoptr (FelIntent) next = fel_intent_advance (intent, FEL_INTENT_MINTED, "cred-1");

  check_fields (next, FEL_INTENT_MINTED);
  g_assert_cmpstr (next->id, ==, "cred-1");
  check_round_trip (next);
}

/* GLib 2.74 reports a value with two kinds of bad escapes twice, in one GError. Ours would be findings. */
static void
on_glib_warning (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  g_assert_nonnull (strstr (message, "Key file contains escape character at end of line"));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, data + size };
  FelIntentState state = (FelIntentState) (fuzz_take_byte (&input) % (FEL_INTENT_MINTED + 1));
  gsize len = (gsize) (input.end - input.at);
  g_autofree char *text = g_memdup2 (input.at, len); /* exactly, so that a read behind it is seen */
  g_autoptr (FelIntent) intent = NULL;
  guint handler = g_log_set_handler ("GLib", G_LOG_LEVEL_WARNING, on_glib_warning, NULL);

  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  intent = fel_intent_parse (text != NULL ? text : "", len, UUID, state);
  if (intent != NULL)
    {
      check_fields (intent, state);
      check_round_trip (intent);
      check_advance (intent);
    }
  g_log_remove_handler ("GLib", handler);
  return 0;
}

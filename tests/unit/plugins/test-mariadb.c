/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <errmsg.h>
#include <glib.h>
#include <mysqld_error.h>

#include "felucca-backend.h"

#include "maria-failure.h"
#include "maria-name.h"

#define UUID "7f6c1f0e-6d3b-4a52-9b7e-2c9a3c1d0001"
#define DIGITS "7f6c1f0e6d3b4a529b7e2c9a3c1d0001"
#define CREATED 1700000000 /* 6553f100 */

static void
test_name_comes_back (void)
{
  g_autofree char *longest = g_strnfill (MARIA_PREFIX_LEN_MAX, 'x');
  const char *const prefixes[] = { "felucca_", "a", "we`ird_", longest };

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    {
      g_autofree char *text = maria_name_format (prefixes[i], UUID, CREATED, "orders");
      MariaName name;

      g_test_message ("%s", text);
      g_assert_true (maria_name_parse (text, prefixes[i], &name));
      g_assert_cmpuint (strlen (text), <=, MARIA_NAME_LEN_MAX);
      g_assert_cmpstr (name.intent, ==, UUID);
      g_assert_cmpint (name.created_sec, ==, CREATED);
      g_assert_cmpuint (name.database_hash, ==, maria_name_hash ("orders"));
      g_assert_cmpuint (name.database_hash, !=, maria_name_hash ("billing"));
    }
}

static void
test_name_without_intent (void)
{
  g_autofree char *a = maria_name_format ("p", NULL, CREATED, "orders");
  g_autofree char *b = maria_name_format ("p", NULL, CREATED, "orders");
  MariaName name;

  g_assert_true (maria_name_parse (a, "p", &name));
  g_assert_cmpstr (a, !=, b);
}

static void
test_name_of_others (void)
{
  static const char *const names[] = {
    "",
    "f",
    "f_",
    "f_" DIGITS,
    "f_" DIGITS "_6553f100",
    "f_" DIGITS "_6553f100_1c168ad",
    "f_" DIGITS "_6553f100_1c168adb0",
    "f_" DIGITS "_6553F100_1c168adb",
    "f_" DIGITS "-6553f100_1c168adb",
    "f_" DIGITS "_6553f100-1c168adb",
    "f_" DIGITS "_6553f10g_1c168adb",
    "f_" DIGITS "_6553f100_ 1c168ad",
    "g_" DIGITS "_6553f100_1c168adb",
    "ff_" DIGITS "_6553f100_1c168adb",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      MariaName name = { .created_sec = 7 };

      g_test_message ("%s", names[i]);
      g_assert_false (maria_name_parse (names[i], "f_", &name));
      g_assert_cmpint (name.created_sec, ==, 7);
    }
}

/* As SELECT PASSWORD ('…') says it. */
static void
test_hash (void)
{
  g_autofree char *hash = maria_name_hash_password ("password");

  g_assert_cmpstr (hash, ==, "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
}

static void
test_failures (void)
{
  static const struct
  {
    guint code;
    FelFailure failure;
    gboolean is_refusal;
  } cases[] = {
    { 0, FEL_FAILURE_PROVIDER, FALSE },
    { ER_ACCESS_DENIED_ERROR, FEL_FAILURE_DENIED, TRUE },
    { ER_SPECIFIC_ACCESS_DENIED_ERROR, FEL_FAILURE_DENIED, TRUE },
    { ER_CANNOT_USER, FEL_FAILURE_CONFLICT, TRUE },
    { ER_CON_COUNT_ERROR, FEL_FAILURE_RATE_LIMITED, TRUE },
    { ER_STATEMENT_TIMEOUT, FEL_FAILURE_TIMED_OUT, FALSE },
    { ER_QUERY_INTERRUPTED, FEL_FAILURE_TIMED_OUT, FALSE },
    { ER_CONNECTION_KILLED, FEL_FAILURE_UNREACHABLE, FALSE },
    { CR_SERVER_LOST, FEL_FAILURE_UNREACHABLE, FALSE },
    { CR_CONNECTION_ERROR, FEL_FAILURE_UNREACHABLE, FALSE },
    { CR_MALFORMED_PACKET, FEL_FAILURE_PROTOCOL, FALSE },
    { 1999, FEL_FAILURE_PROVIDER, FALSE },
    { 3000, FEL_FAILURE_PROVIDER, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%u", cases[i].code);
      g_assert_cmpint (maria_failure_of (cases[i].code), ==, cases[i].failure);
      g_assert_cmpint (maria_failure_is_refusal (cases[i].code), ==, cases[i].is_refusal);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mariadb/name/comes-back", test_name_comes_back);
  g_test_add_func ("/mariadb/name/without-intent", test_name_without_intent);
  g_test_add_func ("/mariadb/name/of-others", test_name_of_others);
  g_test_add_func ("/mariadb/hash", test_hash);
  g_test_add_func ("/mariadb/failures", test_failures);
  return g_test_run ();
}

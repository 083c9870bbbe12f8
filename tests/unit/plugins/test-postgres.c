/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <glib/gstdio.h>

#include "felucca-backend.h"

#include "password.h"
#include "postgres-dsn.h"
#include "postgres-failure.h"
#include "postgres-role.h"

#define UUID "7f6c1f0e-6d3b-4a52-9b7e-2c9a3c1d0001"

static void
test_name (void)
{
  g_autofree char *longest = g_strnfill (POSTGRES_PREFIX_LEN_MAX, 'x');
  g_autofree char *name = postgres_role_name ("felucca_", UUID);
  g_autofree char *long_name = postgres_role_name (longest, UUID);
  g_autofree char *a = postgres_role_name ("p", NULL);
  g_autofree char *b = postgres_role_name ("p", NULL);

  g_assert_cmpstr (name, ==, "felucca_7f6c1f0e6d3b4a529b7e2c9a3c1d0001");
  g_assert_cmpuint (strlen (long_name), ==, POSTGRES_NAME_LEN_MAX);
  g_assert_cmpstr (a, !=, b);
  g_assert_cmpuint (strlen (a), ==, 1 + 32);
}

static void
test_mark_comes_back (void)
{
  static const char *const databases[] = { "orders", "we\"ird", "a b", "größe", "100%", "x=y", "%20", " " };

  for (gsize i = 0; i < G_N_ELEMENTS (databases); i++)
    {
      g_autofree char *text = postgres_mark_format (UUID, 1700000000, "ada@box", databases[i]);
      g_autoptr (PostgresMark) mark = postgres_mark_parse (text);

      g_test_message ("%s", text);
      g_assert_nonnull (mark);
      g_assert_cmpstr (mark->intent, ==, UUID);
      g_assert_cmpstr (mark->by, ==, "ada@box");
      g_assert_cmpstr (mark->database, ==, databases[i]);
      g_assert_cmpint (mark->created_sec, ==, 1700000000);
    }
}

static void
test_mark_of_others (void)
{
  static const char *const comments[] = {
    "",
    "felucca",
    "felucca/1",
    "felucca/1 ",
    "felucca/2 intent=a created=1 by=b database=c",
    " felucca/1 intent=a created=1 by=b database=c",
    "felucca/1  intent=a created=1 by=b database=c",
    "felucca/1 intent=a created=1 by=b",
    "felucca/1 intent=a created=1 by=b database=c more",
    "felucca/1 intent=a by=b created=1 database=c",
    "felucca/1 intent=a created= by=b database=c",
    "felucca/1 intent=a created=-1 by=b database=c",
    "felucca/1 intent=a created=99999999999999999999 by=b database=c",
    "felucca/1 intent=a created=1x by=b database=c",
    "felucca/1 intent=a created=1 by=b database=%zz",
  };

  g_assert_null (postgres_mark_parse (NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (comments); i++)
    {
      g_test_message ("'%s'", comments[i]);
      g_assert_null (postgres_mark_parse (comments[i]));
    }
}

static void
test_failures (void)
{
  static const struct
  {
    const char *sqlstate;
    FelFailure failure;
  } cases[] = {
    { NULL, FEL_FAILURE_UNREACHABLE },    { "08006", FEL_FAILURE_UNREACHABLE },  { "08P01", FEL_FAILURE_PROTOCOL },
    { "28P01", FEL_FAILURE_DENIED },      { "28000", FEL_FAILURE_DENIED },       { "3D000", FEL_FAILURE_INTERNAL },
    { "42501", FEL_FAILURE_DENIED },      { "42704", FEL_FAILURE_CONFLICT },     { "42710", FEL_FAILURE_CONFLICT },
    { "2BP01", FEL_FAILURE_CONFLICT },    { "53300", FEL_FAILURE_RATE_LIMITED }, { "53100", FEL_FAILURE_PROVIDER },
    { "55P03", FEL_FAILURE_TIMED_OUT },   { "57014", FEL_FAILURE_TIMED_OUT },    { "57P01", FEL_FAILURE_UNREACHABLE },
    { "57P03", FEL_FAILURE_UNREACHABLE }, { "25P03", FEL_FAILURE_TIMED_OUT },    { "40P01", FEL_FAILURE_CONFLICT },
    { "XX000", FEL_FAILURE_PROVIDER },    { "25006", FEL_FAILURE_PROVIDER },     { "", FEL_FAILURE_PROVIDER },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].sqlstate != NULL ? cases[i].sqlstate : "none");
      g_assert_cmpint (postgres_failure_of (cases[i].sqlstate), ==, cases[i].failure);
    }
}

static void
test_sqlstate_in_text (void)
{
  static const struct
  {
    const char *text;
    const char *sqlstate; /* NULL: there is none */
  } cases[] = {
    { "connection to server at \"h\" (::1), port 5432 failed: FATAL:  28P01: no\n", "28P01" },
    { "a failed: FATAL:  28P01: no\nb failed: FATAL:  57P03: starting\n", "57P03" },
    { "schwerwiegend:  3D000: Datenbank", "3D000" },
    { "could not connect: Connection refused", NULL },
    { "FATAL:  28p01: no", NULL },
    { "FATAL:  28P0: no", NULL },
    { "FATAL:  28P01", NULL },
    { ":  ", NULL },
    { "", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char sqlstate[6] = "kept";

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (postgres_failure_find_sqlstate (cases[i].text, sqlstate), ==, cases[i].sqlstate != NULL);
      g_assert_cmpstr (sqlstate, ==, cases[i].sqlstate != NULL ? cases[i].sqlstate : "kept");
    }
}

/* Value of a keyword, NULL: it is not there; the last one counts, as for libpq. */
static const char *
value_of (const PostgresDsn *dsn, const char *keyword)
{
  const char *value = NULL;

  for (guint i = 0; dsn->keywords->pdata[i] != NULL; i++)
    if (g_str_equal (dsn->keywords->pdata[i], keyword))
      value = dsn->values->pdata[i];
  return value;
}

static void
test_dsn_is_resolved (void)
{
  static const struct
  {
    const char *dsn;
    const char *database;
    const char *host;
    const char *hostaddr;
    const char *port;
    const char *dbname;
  } cases[] = {
    { "", NULL, NULL, NULL, NULL, "postgres" },
    { "host=/run port=7", NULL, "/run", NULL, "7", "postgres" },
    { "host=127.0.0.1 dbname=a", NULL, "127.0.0.1", NULL, NULL, "a" },
    { "host=127.0.0.1 dbname=a", "b", "127.0.0.1", NULL, NULL, "b" },
    { "postgresql://u@/a?host=/run", NULL, "/run", NULL, NULL, "a" },
    { "host=none-such.invalid hostaddr=127.0.0.1", NULL, "none-such.invalid", "127.0.0.1", NULL, "postgres" },
    { "host=none-such.invalid,127.0.0.1 port=1,2", NULL, "127.0.0.1", "127.0.0.1", "2", "postgres" },
    { "host=none-such.invalid,127.0.0.1,/run port=9", NULL, "127.0.0.1,/run", "127.0.0.1,", "9,9", "postgres" },
  };

  g_unsetenv ("PGHOST");
  g_unsetenv ("PGSERVICE");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (PostgresDsn) dsn = postgres_dsn_resolve (cases[i].dsn, cases[i].database, NULL, &error);

      g_test_message ("%s", cases[i].dsn);
      g_assert_no_error (error);
      g_assert_cmpstr (value_of (dsn, "host"), ==, cases[i].host);
      g_assert_cmpstr (value_of (dsn, "hostaddr"), ==, cases[i].hostaddr);
      g_assert_cmpstr (value_of (dsn, "port"), ==, cases[i].port);
      g_assert_cmpstr (value_of (dsn, "dbname"), ==, cases[i].dbname);
      g_assert_cmpstr (value_of (dsn, "client_encoding"), ==, "UTF8");
    }
}

static void
test_dsn_service_is_read (void)
{
  g_autofree char *file = g_build_filename (g_get_tmp_dir (), "felucca-test-service-XXXXXX", NULL);
  int fd = g_mkstemp (file);
  g_autoptr (GError) error = NULL;
  g_autoptr (PostgresDsn) dsn = NULL;

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (g_file_set_contents (file, "[x]\nhost=none-such.invalid\n", -1, NULL));
  g_setenv ("PGSERVICEFILE", file, TRUE);
  dsn = postgres_dsn_resolve ("service=x", NULL, NULL, &error);
  g_unsetenv ("PGSERVICEFILE");
  g_unlink (file);
  g_close (fd, NULL);
  g_assert_null (dsn);
  g_assert_error (error, POSTGRES_ERROR, FEL_FAILURE_UNREACHABLE);
}

static void
test_dsn_is_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (postgres_dsn_resolve ("host=none-such.invalid", NULL, cancellable, &error));
  g_assert_error (error, POSTGRES_ERROR, FEL_FAILURE_TIMED_OUT);
}

static void
test_password (void)
{
  g_auto (FelPassword) a = { "" };
  g_auto (FelPassword) b = { "" };

  g_assert_true (fel_password_make (&a) && fel_password_make (&b));
  g_assert_cmpstr (a.text, !=, b.text);
  g_assert_cmpuint (strlen (a.text), ==, FEL_PASSWORD_LEN);
  for (const char *p = a.text; *p != '\0'; p++)
    g_assert_true (g_ascii_isalnum (*p) || *p == '-' || *p == '_');
  fel_password_erase (&a);
  for (gsize i = 0; i < sizeof a.text; i++)
    g_assert_cmpint (a.text[i], ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postgres/name", test_name);
  g_test_add_func ("/postgres/mark/comes-back", test_mark_comes_back);
  g_test_add_func ("/postgres/mark/of-others", test_mark_of_others);
  g_test_add_func ("/postgres/failures", test_failures);
  g_test_add_func ("/postgres/sqlstate", test_sqlstate_in_text);
  g_test_add_func ("/postgres/dsn/resolved", test_dsn_is_resolved);
  g_test_add_func ("/postgres/dsn/service", test_dsn_service_is_read);
  g_test_add_func ("/postgres/dsn/cancelled", test_dsn_is_cancelled);
  g_test_add_func ("/postgres/password", test_password);
  return g_test_run ();
}

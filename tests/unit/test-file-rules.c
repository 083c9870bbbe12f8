/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file-rules.h"

#include <string.h>

#include "error.h"

typedef struct
{
  const char *value;
  const char *paths; /* joined by a line end */
} PathsCase;

static const PathsCase paths_cases[] = {
  { "", "" },
  { "https://provider.example/v1/x", "" },
  { "relative/path", "" },
  { "/", "" },
  { "///", "" },
  { "a=/ b=//", "" },
  { "/etc/ca.pem", "/etc/ca.pem" },
  { "/home/a b/ca.pem", "/home/a b/ca.pem\n/home/a" },
  { "host=/run/postgresql dbname=postgres passfile='/home/a/.pgpass'", "/run/postgresql\n/home/a/.pgpass" },
  { "postgres:///db?host=%2Frun%2Fpostgresql&sslkey=%2Fhome%2Fa%2Fkey", "/run/postgresql\n/home/a/key" },
  { "/home/a/bin/helper --state /home/a/state",
    "/home/a/bin/helper --state /home/a/state\n/home/a/bin/helper\n/home/a/state" },
};

static void
test_paths (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (paths_cases); i++)
    {
      g_auto (GStrv) paths = fel_file_rules_paths_in (paths_cases[i].value);
      g_autofree char *joined = g_strjoinv ("\n", paths);

      g_assert_cmpstr (joined, ==, paths_cases[i].paths);
    }
}

typedef struct
{
  FelConfine confine;
  const char *module;
  const char *why; /* part of it */
} RefusalCase;

/* Those that are let through would confine the test itself; tests/integration/test_sandbox.py has them. */
static const RefusalCase refusal_cases[] = {
  { FEL_CONFINE_NO, "nile", "confine-files" },
  { FEL_CONFINE_NO, "exec", "confine-files" },
  { FEL_CONFINE_AUTO, "exec", "backend tool" },
};

static void
test_refusals (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refusal_cases); i++)
    {
      FelConfigInstance instance = { .name = (char *) "tool", .module = (char *) refusal_cases[i].module };
      g_autoptr (GPtrArray) instances = g_ptr_array_new ();
      FelConfig config = { .confine_files = refusal_cases[i].confine, .instances = instances };
      g_autoptr (GError) error = NULL;

      g_ptr_array_add (instances, &instance);
      g_assert_false (fel_file_rules_enforce (&config, "/nonexistent", "/nonexistent", &error));
      g_assert_error (error, FEL_ERROR, FEL_ERROR_UNSUPPORTED);
      g_assert_nonnull (strstr (error->message, refusal_cases[i].why));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/file-rules/paths", test_paths);
  g_test_add_func ("/file-rules/refusals", test_refusals);
  return g_test_run ();
}

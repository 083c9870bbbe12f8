/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "environment.h"

static void
test_changes (void)
{
  char *inherited[] = { "A=1", "PG=x", "AB=2", "PG=y", "no-sign", "=odd", "PGX=z", "PG=", NULL };
  const char *expected[] = { "AB=2", "no-sign", "=odd", "PGX=z", "A=new", "B=", "C=a=b", NULL };
  g_autoptr (FelEnvironment) environment = fel_environment_new (inherited);

  fel_environment_unset (environment, "PG");
  fel_environment_unset (environment, "absent");
  fel_environment_set (environment, "A", "old");
  fel_environment_set (environment, "A", "new");
  fel_environment_set (environment, "B", "");
  fel_environment_set (environment, "C", "a=b");
  g_assert_cmpstrv (fel_environment_list (environment), expected);
  g_assert_cmpstr (inherited[0], ==, "A=1");
}

static void
test_empty (void)
{
  char *inherited[] = { NULL };
  const char *expected[] = { "A=1", NULL };
  g_autoptr (FelEnvironment) environment = fel_environment_new (inherited);

  fel_environment_unset (environment, "A");
  g_assert_null (fel_environment_list (environment)[0]);
  fel_environment_set (environment, "A", "1");
  g_assert_cmpstrv (fel_environment_list (environment), expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/environment/changes", test_changes);
  g_test_add_func ("/client/environment/empty", test_empty);
  return g_test_run ();
}

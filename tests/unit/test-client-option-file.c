/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "option-file.h"

#include <string.h>

/* What comes before the first group is this machine's: the files that are included. */
static const struct
{
  FelConnection connection;
  const char *text;
} files[] = {
  { { .host = "db.example",
      .database = "orders",
      .user = "u1",
      .password = "pw",
      .port = "3307",
      .ssl_mode = "require" },
    "[client]\nuser=\"u1\"\npassword=\"pw\"\nprotocol=\"tcp\"\nhost=\"db.example\"\nport=\"3307\"\n"
    "[client-mariadb]\nssl\n[mysql]\ndatabase=\"orders\"\n" },
  { { .host = "/run/sock", .database = "a#b", .user = "a\"b", .password = "\\'\"#;\n\r\t", .port = "3306" },
    "[client]\nuser=\"a\\\"b\"\npassword=\"\\\\'\\\"#;\\n\\r\\t\"\nprotocol=\"socket\"\nhost=\"localhost\"\n"
    "socket=\"/run/sock\"\n[client-mariadb]\n[mysql]\ndatabase=\"a#b\"\n" },
  { { .host = "localhost", .database = "d", .user = "u", .password = "p", .ssl_mode = "verify-full" },
    "[client]\nuser=\"u\"\npassword=\"p\"\nprotocol=\"tcp\"\nhost=\"localhost\"\n"
    "[client-mariadb]\nssl\nssl-verify-server-cert\n[mysql]\ndatabase=\"d\"\n" },
};

static void
test_files (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr (FelBuffer) out = fel_buffer_new ();

      fel_option_file_write (&files[i].connection, out);
      g_assert_nonnull (strstr (out->bytes, "[client]\n"));
      g_assert_cmpstr (strstr (out->bytes, "[client]\n"), ==, files[i].text);
    }
}

static const struct
{
  const char *argv[4];
  const char *arguments[5]; /* the first one NULL: as they are */
} arguments[] = {
  { { "mysql" }, { "mysql", "--O" } },
  { { "/usr/bin/mariadb-dump", "orders", "t" }, { "/usr/bin/mariadb-dump", "--O", "orders", "t" } },
  { { "psql", "-c" }, { NULL } },
  { { "mysql-workbench" }, { NULL } },
  { { "mysql", "--no-defaults" }, { NULL } },
  { { "mysql", "--defaults-file=/mine", "x" }, { NULL } },
  { { "mysql", "x", "--no-defaults" }, { "mysql", "--O", "x", "--no-defaults" } },
};

static void
test_arguments (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (arguments); i++)
    {
      g_autofree char **found = fel_option_file_arguments ((char **) arguments[i].argv, "--O");

      g_assert_true ((found == NULL) == (arguments[i].arguments[0] == NULL));
      for (gsize k = 0; found != NULL && k < G_N_ELEMENTS (arguments[i].arguments); k++)
        {
          g_assert_cmpstr (found[k], ==, arguments[i].arguments[k]);
          if (found[k] == NULL)
            break;
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/option-file/files", test_files);
  g_test_add_func ("/client/option-file/arguments", test_arguments);
  return g_test_run ();
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "option-file.h"

#include <string.h>
#include <unistd.h>

/* All with the groups [client] and [client-mariadb]. */
static const char *const programs[] = {
  "mariadb",      "mariadb-admin", "mariadb-binlog", "mariadb-check", "mariadb-dump", "mariadb-import",
  "mariadb-show", "mariadb-slap",  "mysql",          "mysqladmin",    "mysqlbinlog",  "mysqlcheck",
  "mysqldump",    "mysqlimport",   "mysqlshow",      "mysqlslap",     NULL,
};

static const char *const own_options[] = {
  "--defaults-file", "--defaults-extra-file", "--no-defaults", "--print-defaults", NULL,
};

/* libpq's modes, which the bus speaks, in MariaDB's words. */
static const struct
{
  const char *mode;
  const char *lines;
} ssl_lines[] = {
  { "disable", "skip-ssl\n" },
  { "require", "ssl\n" },
  { "verify-ca", "ssl\nssl-verify-server-cert\n" },
  { "verify-full", "ssl\nssl-verify-server-cert\n" },
};

static void
append_include (FelBuffer *out, const char *path)
{
  /* One that is not there ends the program. */
  if (access (path, R_OK) < 0 || strpbrk (path, "\r\n") != NULL)
    return;
  fel_buffer_append (out, "!include ");
  fel_buffer_append (out, path);
  fel_buffer_append_c (out, '\n');
}

static void
append_option (FelBuffer *out, const char *name, const char *value)
{
  static const char special[] = "\\\"\n\r\t\b";
  static const char letters[] = "\\\"nrtb";

  fel_buffer_append (out, name);
  fel_buffer_append (out, "=\"");
  for (const char *p = value; *p != '\0'; p++)
    {
      const char *found = strchr (special, *p);

      if (found != NULL)
        fel_buffer_append_c (out, '\\');
      fel_buffer_append_c (out, found != NULL ? letters[found - special] : *p);
    }
  fel_buffer_append (out, "\"\n");
}

static void
append_server (const FelConnection *connection, FelBuffer *out)
{
  if (*connection->host == '/')
    {
      append_option (out, "protocol", "socket");
      append_option (out, "host", "localhost");
      append_option (out, "socket", connection->host);
      return;
    }
  append_option (out, "protocol", "tcp"); /* "localhost" would mean a socket */
  append_option (out, "host", connection->host);
  if (*connection->port != '\0')
    append_option (out, "port", connection->port);
}

void
fel_option_file_write (const FelConnection *connection, FelBuffer *out)
{
  g_autofree char *own = g_build_filename (g_get_home_dir (), ".my.cnf", NULL);

  append_include (out, "/etc/my.cnf");
  append_include (out, "/etc/mysql/my.cnf");
  append_include (out, own);
  fel_buffer_append (out, "[client]\n");
  append_option (out, "user", connection->user);
  append_option (out, "password", connection->password);
  append_server (connection, out);
  /* Groups of their own: other programs end at an option that they do not know. */
  fel_buffer_append (out, "[client-mariadb]\n");
  for (gsize i = 0; i < G_N_ELEMENTS (ssl_lines); i++)
    if (g_strcmp0 (connection->ssl_mode, ssl_lines[i].mode) == 0)
      fel_buffer_append (out, ssl_lines[i].lines);
  fel_buffer_append (out, "[mysql]\n");
  append_option (out, "database", connection->database);
}

static gboolean
is_own_option (const char *argument)
{
  for (gsize i = 0; own_options[i] != NULL; i++)
    if (g_str_has_prefix (argument, own_options[i]))
      return TRUE;
  return FALSE;
}

char **
fel_option_file_arguments (char **argv, const char *option)
{
  g_autofree char *name = g_path_get_basename (argv[0]);
  guint n = g_strv_length (argv);
  char **arguments;

  if (!g_strv_contains (programs, name) || (argv[1] != NULL && is_own_option (argv[1])))
    return NULL;
  arguments = g_new0 (char *, n + 2);
  arguments[0] = argv[0];
  arguments[1] = (char *) option;
  memcpy (arguments + 2, argv + 1, n * sizeof *argv);
  return arguments;
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Prints the tables of a database, and mints a credential for it if none is stored: tables WORKSPACE/DATABASE
 *
 * The password comes through a pipe (option secret-fd), so that nobody sees it on the bus, into memory that is neither
 * swapped nor left behind. libpq keeps a copy of its own until PQfinish(). */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <libpq-fe.h>

#define NAME "org.felucca.Credentials1"
#define PATH "/org/felucca/Credentials1"
#define ERRORS "org.felucca.Error."
#define TIMEOUT_MSEC (180 * 1000) /* the keyring may be asking the user meanwhile */

#define TABLES                                                                                                         \
  "SELECT table_schema || '.' || table_name FROM information_schema.tables"                                            \
  " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"

/* No password that travels through a pipe is longer. */
typedef char Password[PIPE_BUF + 1];

static const struct
{
  const char *name;
  const char *advice;
} errors[] = {
  { ERRORS "SignInRequired", "You are not signed in at the provider: run `felucca sign-in`." },
  { ERRORS "AccessDenied", "The provider does not let you use this database: ask who administers it." },
  { ERRORS "NotFound", "There is no such workspace or database: look for a typing error." },
  { ERRORS "KeyringLocked", "Your keyring is locked: unlock it and try again." },
  { ERRORS "PromptDismissed", "Your keyring stays locked: try again and unlock it." },
  { ERRORS "KeyringAbsent", "There is no keyring to keep passwords in: start gnome-keyring, KeePassXC or KWallet." },
  { ERRORS "Unreachable", "The provider cannot be reached: are you online?" },
  { "org.freedesktop.DBus.Error.ServiceUnknown",
    "felucca is not installed here, or the session bus does not know it." },
};

static void
explain (GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);

  g_dbus_error_strip_remote_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    if (g_strcmp0 (name, errors[i].name) == 0)
      {
        g_printerr ("%s\n(%s)\n", errors[i].advice, error->message);
        return;
      }
  g_printerr ("It did not work: %s\n", error->message);
}

/* Takes over write_end: as long as anybody has it, there is no end of file. */
static GVariant *
call_get_credential (const char *workspace, const char *database, int write_end, GError **error)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&write_end, 1);
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, error);
  g_autoptr (GVariant) reply = NULL;
  GVariantDict options;

  if (bus == NULL)
    return NULL;
  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "create", "b", TRUE);
  g_variant_dict_insert (&options, "secret-fd", "h", 0); /* the first of fds */
  reply = g_dbus_connection_call_with_unix_fd_list_sync (
      bus, NAME, PATH, NAME, "GetCredential",
      g_variant_new ("(ss@a{sv})", workspace, database, g_variant_dict_end (&options)), G_VARIANT_TYPE ("(a{sv})"),
      G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MSEC, fds, NULL, NULL, error);
  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

static gboolean
read_password (int fd, Password ret_password, GError **error)
{
  gsize length = 0;
  gssize n;

  do
    {
      n = read (fd, ret_password + length, PIPE_BUF - length);
      length += n > 0 ? (gsize) n : 0;
    }
  while ((n > 0 && length < PIPE_BUF) || (n < 0 && errno == EINTR));
  ret_password[length] = '\0';
  if (n >= 0 && length > 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the password did not come through the pipe");
  return FALSE;
}

static GVariant *
get_credential (const char *workspace, const char *database, Password ret_password, GError **error)
{
  g_autoptr (GVariant) credential = NULL;
  int ends[2];

  if (!g_unix_open_pipe (ends, FD_CLOEXEC, error))
    return NULL;
  credential = call_get_credential (workspace, database, ends[1], error);
  if (credential != NULL && !read_password (ends[0], ret_password, error))
    g_clear_pointer (&credential, g_variant_unref);
  close (ends[0]);
  return g_steal_pointer (&credential);
}

/* NULL where the provider did not send it: libpq has its own default then. */
static const char *
text_of (GVariant *credential, const char *key)
{
  const char *text = NULL;

  g_variant_lookup (credential, key, "&s", &text);
  return text;
}

static PGconn *
log_in (GVariant *credential, const char *password)
{
  const char *name = text_of (credential, "database-name");
  char port[G_ASCII_DTOSTR_BUF_SIZE] = "";
  guint16 number;

  if (g_variant_lookup (credential, "port", "q", &number))
    g_snprintf (port, sizeof port, "%u", number);
  return PQconnectdbParams (
      (const char *[]){ "host", "port", "dbname", "user", "sslmode", "password", NULL },
      (const char *[]){ text_of (credential, "host"), port, name != NULL ? name : text_of (credential, "database"),
                        text_of (credential, "user"), text_of (credential, "ssl-mode"), password, NULL },
      0);
}

static gboolean
print_tables (PGconn *connection)
{
  PGresult *result = PQstatus (connection) == CONNECTION_OK ? PQexec (connection, TABLES) : NULL;
  gboolean ok = PQresultStatus (result) == PGRES_TUPLES_OK;

  for (int row = 0; ok && row < PQntuples (result); row++)
    g_print ("%s\n", PQgetvalue (result, row, 0));
  if (!ok)
    g_printerr ("It did not work: %s", PQerrorMessage (connection));
  PQclear (result);
  return ok;
}

static gboolean
run (const char *workspace, const char *database, Password password, GError **error)
{
  g_autoptr (GVariant) credential = get_credential (workspace, database, password, error);
  PGconn *connection;
  gboolean ok;

  if (credential == NULL)
    return FALSE;
  connection = log_in (credential, password);
  explicit_bzero (password, sizeof (Password));
  ok = print_tables (connection);
  PQfinish (connection);
  return ok;
}

int
main (int argc, char **argv)
{
  static Password password;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) target = g_strsplit (argc == 2 ? argv[1] : "", "/", 2);

  if (g_strv_length (target) != 2)
    {
      g_printerr ("usage: %s WORKSPACE/DATABASE\n", argv[0]);
      return 2;
    }
  if (mlock (password, sizeof password) < 0)
    g_printerr ("The password may be swapped out: %s\n", g_strerror (errno));
  if (run (target[0], target[1], password, &error))
    return 0;
  if (error != NULL)
    explain (error);
  return 1;
}

/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The backend for MariaDB servers: a user for each credential. */
#include <string.h>

#include <mysqld_error.h>

#include "felucca-backend.h"

#include "felucca-config.h"

#include "maria-failure.h"
#include "maria-link.h"
#include "maria-name.h"
#include "password.h"
#include "setting.h"

#define USER_HOST_DEFAULT "%"
#define ROLE_LEN_MAX 128
#define HOST_LEN_MAX 255
#define SESSIONS_POLL_MSEC 20

/* Who holds it has a mint under way. A server keeps it until the session is over, whatever has become of its client. */
#define MINT_LOCK "felucca.mint"

typedef struct
{
  char *name;    /* owned; the user's */
  char *account; /* owned; quoted, with its host */
  const char *group;
  gint64 created_sec;
  FelPassword password;
} Mint;

static const char *const settings[] = {
  "defaults-file", "group", "user-prefix", "user-host", "database", "host", "port", "ssl-mode", NULL,
};

static void
mint_clear (Mint *self)
{
  g_free (self->name);
  g_free (self->account);
  fel_password_erase (&self->password);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Mint, mint_clear)

static const char *
prefix_of (const FelVerbRequest *request)
{
  return fel_setting (request, "user-prefix", MARIA_PREFIX_DEFAULT);
}

static const char *
database_of (const FelVerbRequest *request)
{
  return fel_setting (request, "database", request->database);
}

/* Always FALSE; flags: 0 or FEL_FAILURE_MAYBE_MINTED. */
static bool
tell (const FelHost *host, FelOut *out, const GError *error, int flags)
{
  return host->fail (out, error->code | flags, error->message);
}

static bool
maria_check (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  const char *file = fel_setting (request, "defaults-file", NULL);
  gsize prefix_len = strlen (prefix_of (request));
  gsize group_len = strlen (fel_setting (request, "group", "x"));
  gsize host_len = strlen (fel_setting (request, "user-host", USER_HOST_DEFAULT));
  g_autofree char *wrong = fel_setting_check_server (request);

  if (wrong != NULL)
    return host->fail (out, FEL_FAILURE_INVALID, wrong);
  if (file != NULL && (!g_path_is_absolute (file) || !g_file_test (file, G_FILE_TEST_IS_REGULAR)))
    return host->fail (out, FEL_FAILURE_INVALID, "defaults-file: it is not the whole path of a file");
  if (prefix_len == 0 || prefix_len > MARIA_PREFIX_LEN_MAX)
    return host->fail (out, FEL_FAILURE_INVALID, "user-prefix: it is not 1 to 30 bytes long");
  if (group_len == 0 || group_len > ROLE_LEN_MAX)
    return host->fail (out, FEL_FAILURE_INVALID, "group: it is not 1 to 128 bytes long");
  if (host_len == 0 || host_len > HOST_LEN_MAX)
    return host->fail (out, FEL_FAILURE_INVALID, "user-host: it is not 1 to 255 bytes long");
  return true;
}

/* 'name'@'host' (transfer full) */
static char *
account_of (MariaLink *link, const FelVerbRequest *request, const char *name)
{
  g_autofree char *user = maria_link_literal (link, name);
  g_autofree char *user_host = maria_link_literal (link, fel_setting (request, "user-host", USER_HOST_DEFAULT));

  return g_strdup_printf ("%s@%s", user, user_host);
}

static gboolean
take_mint_lock (MariaLink *link, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("SELECT get_lock ('" MINT_LOCK "', %u)", maria_link_left_sec (link));
  g_autoptr (MariaResult) result = maria_link_query (link, sql, error);
  MYSQL_ROW row = result != NULL ? mysql_fetch_row (result) : NULL;

  if (result == NULL)
    return FALSE;
  if (row != NULL && g_strcmp0 (row[0], "1") == 0)
    return TRUE;
  g_set_error_literal (error, MARIA_ERROR, FEL_FAILURE_TIMED_OUT,
                       "another mint at this MariaDB server did not come to its end in time");
  return FALSE;
}

static gboolean
is_yes (const char *text)
{
  return g_strcmp0 (text, "Y") == 0;
}

/* What can be said before anything is made. */
static gboolean
mint_judge_group (const Mint *self, MariaLink *link, GError **error)
{
  g_autofree char *group = maria_link_literal (link, self->group);
  g_autofree char *sql = g_strdup_printf (
      "SELECT Super_priv, Create_user_priv, Grant_priv FROM mysql.user WHERE is_role = 'Y' AND User = %s", group);
  g_autoptr (MariaResult) result = maria_link_query (link, sql, error);
  MYSQL_ROW row = result != NULL ? mysql_fetch_row (result) : NULL;

  if (result == NULL)
    return FALSE;
  if (row == NULL)
    {
      g_set_error (
          error, MARIA_ERROR, FEL_FAILURE_NOT_FOUND,
          "there is no role '%s' for new users to have; create it, or name another one with the setting 'group'",
          self->group);
      return FALSE;
    }
  if (!is_yes (row[0]) && !is_yes (row[1]) && !is_yes (row[2]))
    return TRUE;
  g_set_error (error, MARIA_ERROR, FEL_FAILURE_DENIED,
               "role '%s' is a superuser or may create users; no credential is made that could become it", self->group);
  return FALSE;
}

/* Nothing of this is one transaction: the user cannot log in until the last statement. */
static gboolean
mint_make (const Mint *self, MariaLink *link, gboolean *ret_begun, GError **error)
{
  g_autofree char *group = maria_link_identifier (self->group);
  g_autofree char *hash = maria_name_hash_password (self->password.text);
  g_autofree char *create = g_strdup_printf (
      "CREATE USER %s IDENTIFIED VIA mysql_native_password USING '%s' ACCOUNT LOCK", self->account, hash);
  g_autofree char *grant = g_strdup_printf ("GRANT %s TO %s", group, self->account);
  g_autofree char *become = g_strdup_printf ("SET DEFAULT ROLE %s FOR %s", group, self->account);
  g_autofree char *unlock = g_strdup_printf ("ALTER USER %s ACCOUNT UNLOCK", self->account);

  *ret_begun = TRUE;
  if (!maria_link_run (link, create, error))
    {
      *ret_begun = !maria_failure_is_refusal (link->code);
      return FALSE;
    }
  return maria_link_run (link, grant, error) && maria_link_run (link, become, error)
         && maria_link_run (link, unlock, error);
}

/* FALSE: it may still be there. */
static gboolean
mint_undo (const Mint *self, MariaLink *link)
{
  g_autofree char *drop = g_strdup_printf ("DROP USER IF EXISTS %s", self->account);

  return maria_link_run (link, drop, NULL);
}

static void
mint_report (const Mint *self, const FelHost *host, const FelVerbRequest *request, FelOut *out, MariaLink *link)
{
  const char *server = NULL;
  const char *socket_path = NULL;
  guint port = fel_setting_port (request);
  guint server_port = 0;

  mariadb_get_infov (link->mysql, MARIADB_CONNECTION_HOST, &server);
  mariadb_get_infov (link->mysql, MARIADB_CONNECTION_UNIX_SOCKET, &socket_path);
  mariadb_get_infov (link->mysql, MARIADB_CONNECTION_PORT, &server_port);
  if (socket_path != NULL && *socket_path != '\0')
    server = socket_path;
  host->set_string (out, FEL_FIELD_HOST, fel_setting (request, "host", server));
  if (port != 0 || server_port != 0)
    host->set_int64 (out, FEL_FIELD_PORT, port != 0 ? port : server_port);
  host->set_string (out, FEL_FIELD_SSL_MODE,
                    fel_setting (request, "ssl-mode", mysql_get_ssl_cipher (link->mysql) != NULL ? "require" : NULL));
  host->set_string (out, FEL_FIELD_PROTOCOL, "mysql");
  host->set_int64 (out, FEL_FIELD_CREATED, self->created_sec);
  if (!g_str_equal (database_of (request), request->database))
    host->set_string (out, FEL_FIELD_DATABASE_NAME, database_of (request));
  host->set_secret (out, self->password.text, FEL_PASSWORD_LEN);
}

static bool
maria_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  gint64 now_sec = g_get_real_time () / G_USEC_PER_SEC;
  gboolean begun = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (MariaLink) link = NULL;
  g_auto (Mint) mint = {
    .name = maria_name_format (prefix_of (request), request->intent, now_sec, database_of (request)),
    .group = fel_setting (request, "group", database_of (request)),
    .created_sec = now_sec,
  };

  if (request->tenant_id != NULL || request->internal)
    return host->fail (out, FEL_FAILURE_UNSUPPORTED, "MariaDB knows neither tenants nor internal credentials");
  if (!fel_password_make (&mint.password))
    return host->fail (out, FEL_FAILURE_INTERNAL, "the system has no random bytes for a password");
  link = maria_link_open (request, &error);
  if (link == NULL || !take_mint_lock (link, &error) || !mint_judge_group (&mint, link, &error))
    return tell (host, out, error, 0);
  mint.account = account_of (link, request, mint.name);
  host->set_string (out, FEL_FIELD_ID, mint.name);
  if (mint_make (&mint, link, &begun, &error))
    {
      mint_report (&mint, host, request, out, link);
      return true;
    }
  if (!begun || mint_undo (&mint, link))
    return tell (host, out, error, 0);
  g_prefix_error (&error, "whether the user was made is not known: ");
  return host->fail (out, FEL_FAILURE_NO_ANSWER | FEL_FAILURE_MAYBE_MINTED, error->message);
}

/* The server counts those that it has told to go. */
static gboolean
end_sessions (MariaLink *link, const char *name, GError **error)
{
  g_autofree char *user = maria_link_literal (link, name);
  g_autofree char *sql = g_strdup_printf ("KILL USER %s", user);

  for (;;)
    {
      if (!maria_link_run (link, sql, error))
        return FALSE;
      if (mysql_affected_rows (link->mysql) == 0)
        return TRUE;
      if (!maria_link_pause (link, SESSIONS_POLL_MSEC, error))
        return FALSE;
    }
}

/* FALSE with ret_is_gone: there is no such user. */
static gboolean
lock_account (MariaLink *link, const char *account, gboolean *ret_is_gone, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("ALTER USER %s ACCOUNT LOCK", account);
  g_autoptr (GError) failure = NULL;

  *ret_is_gone = FALSE;
  if (maria_link_run (link, sql, &failure))
    return TRUE;
  *ret_is_gone = link->code == ER_CANNOT_USER;
  if (!*ret_is_gone)
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* The login ends first, so that no session begins while the others are ended. */
static gboolean
end_user (MariaLink *link, const FelVerbRequest *request, GError **error)
{
  g_autofree char *account = account_of (link, request, request->id);
  g_autofree char *drop = g_strdup_printf ("DROP USER IF EXISTS %s", account);
  gboolean is_gone;

  if (!lock_account (link, account, &is_gone, error))
    {
      if (!is_gone)
        return FALSE;
      /* A mint whose answer was lost can still be under way. */
      if (!take_mint_lock (link, error))
        return FALSE;
      if (!lock_account (link, account, &is_gone, error))
        return is_gone;
    }
  return end_sessions (link, request->id, error) && maria_link_run (link, drop, error);
}

static bool
maria_revoke (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  MariaName name;
  g_autoptr (GError) error = NULL;
  g_autoptr (MariaLink) link = NULL;

  if (!maria_name_parse (request->id, prefix_of (request), &name))
    return host->fail (out, FEL_FAILURE_DENIED, "this user is left alone: it has no name that felucca could have made");
  link = maria_link_open (request, &error);
  if (link != NULL && end_user (link, request, &error))
    return true;
  return tell (host, out, error, 0);
}

static void
list_report (const FelHost *host, const FelVerbRequest *request, FelOut *out, MYSQL_RES *result)
{
  guint32 hash = maria_name_hash (database_of (request));

  for (MYSQL_ROW row = mysql_fetch_row (result); row != NULL; row = mysql_fetch_row (result))
    {
      MariaName name;

      if (!maria_name_parse (row[0], prefix_of (request), &name) || name.database_hash != hash)
        continue;
      host->set_string (out, FEL_FIELD_ID, row[0]);
      host->set_string (out, FEL_FIELD_USER, row[0]);
      host->set_string (out, FEL_FIELD_INTENT, name.intent);
      host->set_int64 (out, FEL_FIELD_CREATED, name.created_sec);
      host->next (out);
    }
}

static bool
maria_list (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MariaLink) link = NULL;
  g_autoptr (MariaResult) result = NULL;
  g_autofree char *user_host = NULL;
  g_autofree char *sql = NULL;

  if (request->database == NULL)
    return host->fail (out, FEL_FAILURE_INVALID, "credentials are listed for one database at a time");
  link = maria_link_open (request, &error);
  if (link == NULL)
    return tell (host, out, error, 0);
  user_host = maria_link_literal (link, fel_setting (request, "user-host", USER_HOST_DEFAULT));
  sql = g_strdup_printf ("SELECT User FROM mysql.user WHERE is_role = 'N' AND Host = %s ORDER BY User", user_host);
  /* What a mint under way is about to make is not left out: an intent that is not in this list came to nothing. */
  if (take_mint_lock (link, &error))
    result = maria_link_query (link, sql, &error);
  if (result == NULL)
    return tell (host, out, error, 0);
  list_report (host, request, out, result);
  return true;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "mariadb",
  .description = "MariaDB",
  .version = FEL_VERSION,
  .flags = FEL_BACKEND_NO_WORKSPACES | FEL_BACKEND_LISTS_INTENTS,
  .settings = settings,
  .check = maria_check,
  .mint = maria_mint,
  .revoke = maria_revoke,
  .list = maria_list,
};

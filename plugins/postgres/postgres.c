/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The backend for PostgreSQL servers: a role for each credential. */
#include <string.h>

#include "felucca-backend.h"

#include "felucca-config.h"

#include "password.h"
#include "postgres-dsn.h"
#include "postgres-end.h"
#include "postgres-failure.h"
#include "postgres-link.h"
#include "postgres-role.h"
#include "setting.h"

#define TTL_MAX_SEC (100ULL * 365 * 24 * 3600)

typedef struct
{
  char *name; /* owned; the role's */
  const char *prefix;
  const char *database;
  const char *group;
  char *by;           /* owned */
  gint64 created_sec; /* by the server's clock */
  gint64 ends_sec;    /* 0: never */
  FelPassword password;
} Mint;

static const char *const settings[] = {
  "dsn", "group", "role-prefix", "database", "host", "port", "ssl-mode", NULL,
};

static void
mint_clear (Mint *self)
{
  g_free (self->name);
  g_free (self->by);
  fel_password_erase (&self->password);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Mint, mint_clear)

static const char *
prefix_of (const FelVerbRequest *request)
{
  return fel_setting (request, "role-prefix", POSTGRES_PREFIX_DEFAULT);
}

static bool
postgres_check (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  const char *prefix = prefix_of (request);
  g_autofree char *wrong = fel_setting_check_server (request);
  g_autoptr (GError) error = NULL;

  if (!postgres_dsn_check (fel_setting (request, "dsn", ""), &error))
    return postgres_failure_tell (host, out, error, 0);
  if (wrong != NULL)
    return host->fail (out, FEL_FAILURE_INVALID, wrong);
  if (*prefix == '\0' || strlen (prefix) > POSTGRES_PREFIX_LEN_MAX)
    return host->fail (out, FEL_FAILURE_INVALID, "role-prefix: it is not 1 to 31 bytes long");
  if (g_str_has_prefix (prefix, "pg_"))
    return host->fail (out, FEL_FAILURE_INVALID, "role-prefix: PostgreSQL keeps names that begin with 'pg_' to itself");
  for (gsize i = 0; i < 2; i++)
    {
      static const char *const names[] = { "group", "database" };
      gsize len = strlen (fel_setting (request, names[i], "x"));
      g_autofree char *sentence = g_strdup_printf ("%s: it is not 1 to 63 bytes long", names[i]);

      if (len == 0 || len > POSTGRES_NAME_LEN_MAX)
        return host->fail (out, FEL_FAILURE_INVALID, sentence);
    }
  return true;
}

static gboolean
refuse (GError **error, FelFailure failure, const char *format, const char *name)
{
  g_autofree char *quoted = g_strdup_printf ("'%s'", name);
  g_auto (GStrv) parts = g_strsplit (format, "%", 2);

  g_set_error (error, POSTGRES_ERROR, (int) failure, "%s%s%s", parts[0], quoted, parts[1]);
  return FALSE;
}

/* What can be said before anything is made; the answer is the row that mint_begin() asks for. */
static gboolean
mint_judge (const Mint *self, const PGresult *row, GError **error)
{
  if (*PQgetvalue (row, 0, 0) != 't')
    return refuse (error, FEL_FAILURE_NOT_FOUND, "there is no database % on this server that takes connections",
                   self->database);
  if (*PQgetvalue (row, 0, 1) != 't')
    return refuse (error, FEL_FAILURE_NOT_FOUND,
                   "there is no role % for new roles to be members of; create it, or name another one with the setting "
                   "'group'",
                   self->group);
  if (*PQgetvalue (row, 0, 2) != 'f')
    return refuse (error, FEL_FAILURE_DENIED,
                   "role % is a superuser or may create roles; no credential is made that could become it",
                   self->group);
  if (*PQgetvalue (row, 0, 3) != 't')
    return refuse (error, FEL_FAILURE_DENIED, "members of the group may not connect to database %", self->database);
  return TRUE;
}

static gboolean
mint_begin (Mint *self, PostgresLink *link, guint64 ttl_sec, GError **error)
{
  g_autofree char *database = postgres_link_literal (link, self->database);
  g_autofree char *group = postgres_link_literal (link, self->group);
  g_autofree char *sql = g_strdup_printf (
      "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock_shared (" POSTGRES_MINT_LOCK "); "
      "SELECT coalesce (d.datallowconn, false), g.oid IS NOT NULL, g.rolsuper OR g.rolcreaterole, "
      "has_database_privilege (g.oid, d.oid, 'CONNECT'), n.now FROM "
      "(SELECT ceil (extract (epoch FROM clock_timestamp ()))::bigint AS now) n "
      "LEFT JOIN pg_database d ON d.datname = %s LEFT JOIN pg_roles g ON g.rolname = %s",
      database, group);
  g_autoptr (PostgresResult) result = postgres_link_query (link, sql, error);

  if (result == NULL)
    return FALSE;
  if (PQntuples (result) != 1)
    {
      g_set_error_literal (error, POSTGRES_ERROR, FEL_FAILURE_PROTOCOL, "PostgreSQL: one row was awaited");
      return FALSE;
    }
  if (!mint_judge (self, result, error))
    return FALSE;
  self->created_sec = g_ascii_strtoll (PQgetvalue (result, 0, 4), NULL, 10);
  self->ends_sec = ttl_sec != 0 ? self->created_sec + (gint64) MIN (ttl_sec, TTL_MAX_SEC) : 0;
  return TRUE;
}

/* " VALID UNTIL …", or nothing. */
static char *
valid_until (gint64 ends_sec)
{
  g_autoptr (GDateTime) ends = g_date_time_new_from_unix_utc (ends_sec);

  return ends_sec != 0 ? g_date_time_format (ends, " VALID UNTIL '%Y-%m-%d %H:%M:%S+00'") : g_strdup ("");
}

static gboolean
mint_make (const Mint *self, PostgresLink *link, const char *intent, GError **error)
{
  g_autofree char *mark = postgres_mark_format (intent, self->created_sec, self->by, self->database);
  g_autofree char *comment = postgres_link_literal (link, mark);
  g_autofree char *name = postgres_link_identifier (link, self->name);
  g_autofree char *group = postgres_link_identifier (link, self->group);
  g_autofree char *until = valid_until (self->ends_sec);
  char *verifier = PQencryptPasswordConn (link->conn, self->password.text, self->name, "scram-sha-256");
  g_autofree char *sql = NULL;

  if (verifier == NULL)
    {
      g_set_error_literal (error, POSTGRES_ERROR, FEL_FAILURE_INTERNAL, "libpq could not make a SCRAM verifier");
      return FALSE;
    }
  /* A verifier is base64 and needs no quoting. The server's log may hold it; the password it never sees. */
  sql = g_strdup_printf ("CREATE ROLE %s LOGIN PASSWORD '%s'%s IN ROLE %s; COMMENT ON ROLE %s IS %s; "
                         "ALTER ROLE %s SET role = %s",
                         name, verifier, until, group, name, comment, name, group);
  PQfreemem (verifier);
  return postgres_link_run (link, sql, error);
}

/* ret_maybe: it may have been made all the same. */
static gboolean
mint_commit (PostgresLink *link, gboolean *ret_maybe, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (PostgresResult) result = postgres_link_query (link, "COMMIT", &failure);

  if (result != NULL && g_str_equal (PQcmdStatus (result), "COMMIT"))
    return TRUE;
  *ret_maybe = result == NULL && !link->is_definite;
  if (*ret_maybe)
    g_set_error (error, POSTGRES_ERROR, FEL_FAILURE_NO_ANSWER, "whether the role was made is not known: %s",
                 failure->message);
  else
    g_set_error (error, POSTGRES_ERROR, FEL_FAILURE_PROVIDER, "the server did not make the role: %s",
                 failure != NULL ? failure->message : "it rolled back");
  return FALSE;
}

static void
mint_report (const Mint *self, const FelHost *host, const FelVerbRequest *request, FelOut *out, PostgresLink *link)
{
  g_autofree char *ssl_mode = postgres_link_option (link, "sslmode");
  guint port = fel_setting_port (request);

  host->set_string (out, FEL_FIELD_USER, self->name);
  host->set_string (out, FEL_FIELD_HOST, fel_setting (request, "host", PQhost (link->conn)));
  host->set_int64 (out, FEL_FIELD_PORT, port != 0 ? port : g_ascii_strtoll (PQport (link->conn), NULL, 10));
  host->set_string (out, FEL_FIELD_SSL_MODE, fel_setting (request, "ssl-mode", ssl_mode));
  host->set_int64 (out, FEL_FIELD_CREATED, self->created_sec);
  if (!g_str_equal (self->database, request->database))
    host->set_string (out, FEL_FIELD_DATABASE_NAME, self->database);
  if (self->ends_sec != 0)
    {
      host->set_int64 (out, FEL_FIELD_NOT_AFTER, self->ends_sec);
      host->set_bool (out, FEL_FIELD_LOGIN_ONLY, true);
    }
  host->set_bool (out, FEL_FIELD_RENEWABLE, true);
  host->set_secret (out, self->password.text, FEL_PASSWORD_LEN);
}

static bool
postgres_mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  gboolean maybe = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (PostgresLink) link = NULL;
  g_auto (Mint) mint = {
    .name = postgres_role_name (prefix_of (request), request->intent),
    .prefix = prefix_of (request),
    .database = fel_setting (request, "database", request->database),
    .by = postgres_role_by (),
  };

  mint.group = fel_setting (request, "group", mint.database);
  if (request->tenant_id != NULL || request->internal)
    return host->fail (out, FEL_FAILURE_UNSUPPORTED, "PostgreSQL knows neither tenants nor internal credentials");
  if (!fel_password_make (&mint.password))
    return host->fail (out, FEL_FAILURE_INTERNAL, "the system has no random bytes for a password");
  link = postgres_link_open (request, NULL, postgres_link_deadline (request), &error);
  if (link == NULL || !mint_begin (&mint, link, request->ttl_sec, &error)
      || !mint_make (&mint, link, request->intent, &error))
    return postgres_failure_tell (host, out, error, 0);
  /* From here on something could live. */
  host->set_string (out, FEL_FIELD_ID, mint.name);
  if (!mint_commit (link, &maybe, &error))
    return postgres_failure_tell (host, out, error, maybe ? FEL_FAILURE_MAYBE_MINTED : 0);
  mint_report (&mint, host, request, out, link);
  postgres_end_leftovers (link, mint.prefix, mint.by);
  return true;
}

static bool
postgres_revoke (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PostgresLink) link = postgres_link_open (request, NULL, postgres_link_deadline (request), &error);

  if (link != NULL && postgres_end_role (link, request, prefix_of (request), &error))
    return true;
  return postgres_failure_tell (host, out, error, 0);
}

/* SQL for our roles; more: what else has to hold. The last column is the mark. */
static char *
roles_query (PostgresLink *link, const FelVerbRequest *request, const char *more)
{
  g_autofree char *prefix = postgres_link_literal (link, prefix_of (request));

  return g_strdup_printf (
      "SELECT rolname, CASE WHEN isfinite (rolvaliduntil) THEN extract (epoch FROM rolvaliduntil)::bigint ELSE 0 END, "
      "shobj_description (oid, 'pg_authid') FROM pg_roles WHERE starts_with (rolname::text, %s) "
      "AND shobj_description (oid, 'pg_authid') LIKE '" POSTGRES_MARK_START "%%' %s",
      prefix, more);
}

static void
list_report (const FelHost *host, FelOut *out, const PGresult *result, const char *database)
{
  for (int i = 0; i < PQntuples (result); i++)
    {
      g_autoptr (PostgresMark) mark = postgres_mark_parse (PQgetvalue (result, i, 2));

      if (mark == NULL || !g_str_equal (mark->database, database))
        continue;
      host->set_string (out, FEL_FIELD_ID, PQgetvalue (result, i, 0));
      host->set_string (out, FEL_FIELD_USER, PQgetvalue (result, i, 0));
      host->set_string (out, FEL_FIELD_INTENT, mark->intent);
      host->set_int64 (out, FEL_FIELD_CREATED, mark->created_sec);
      host->set_int64 (out, FEL_FIELD_NOT_AFTER, g_ascii_strtoll (PQgetvalue (result, i, 1), NULL, 10));
      host->next (out);
    }
}

static bool
postgres_list (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PostgresLink) link = NULL;
  g_autoptr (PostgresResult) result = NULL;
  g_autofree char *sql = NULL;

  if (request->database == NULL)
    return host->fail (out, FEL_FAILURE_INVALID, "credentials are listed for one database at a time");
  link = postgres_link_open (request, NULL, postgres_link_deadline (request), &error);
  if (link == NULL)
    return postgres_failure_tell (host, out, error, 0);
  sql = roles_query (link, request, "ORDER BY oid");
  /* What a mint under way is about to make is not left out: an intent that is not in this list came to nothing. */
  if (postgres_end_await_mints (link, &error))
    result = postgres_link_query (link, sql, &error);
  if (result == NULL)
    return postgres_failure_tell (host, out, error, 0);
  list_report (host, out, result, fel_setting (request, "database", request->database));
  return true;
}

/* A role whose login was taken has ended, too. ret_ends_sec: as it is; the server's clock goes to ret_now_sec. */
static gboolean
renew_find (PostgresLink *link, const FelVerbRequest *request, gint64 *ret_ends_sec, gint64 *ret_now_sec,
            GError **error)
{
  g_autofree char *literal = postgres_link_literal (link, request->id);
  g_autofree char *more = g_strdup_printf ("AND rolcanlogin AND rolname = %s", literal);
  g_autofree char *roles = roles_query (link, request, more);
  g_autofree char *sql
      = g_strdup_printf ("SELECT r.*, ceil (extract (epoch FROM clock_timestamp ()))::bigint FROM (%s) r", roles);
  g_autoptr (PostgresResult) result = postgres_link_query (link, sql, error);
  g_autoptr (PostgresMark) mark = NULL;

  if (result == NULL)
    return FALSE;
  mark = PQntuples (result) == 1 ? postgres_mark_parse (PQgetvalue (result, 0, 2)) : NULL;
  if (mark == NULL)
    return refuse (error, FEL_FAILURE_NOT_FOUND, "there is no role % of ours on this server", request->id);
  *ret_ends_sec = g_ascii_strtoll (PQgetvalue (result, 0, 1), NULL, 10);
  *ret_now_sec = g_ascii_strtoll (PQgetvalue (result, 0, 3), NULL, 10);
  return TRUE;
}

static gboolean
renew_set (PostgresLink *link, const char *id, gint64 ends_sec, GError **error)
{
  g_autofree char *identifier = postgres_link_identifier (link, id);
  g_autofree char *until = valid_until (ends_sec);
  g_autofree char *sql = g_strdup_printf ("ALTER ROLE %s%s", identifier, until);

  return postgres_link_run (link, sql, error);
}

static bool
postgres_renew (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  gint64 ends_sec = 0, now_sec = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (PostgresLink) link = postgres_link_open (request, NULL, postgres_link_deadline (request), &error);

  if (link == NULL || !renew_find (link, request, &ends_sec, &now_sec, &error))
    return postgres_failure_tell (host, out, error, 0);
  if (request->ttl_sec != 0)
    {
      ends_sec = now_sec + (gint64) MIN (request->ttl_sec, TTL_MAX_SEC);
      if (!renew_set (link, request->id, ends_sec, &error))
        return postgres_failure_tell (host, out, error, 0);
    }
  host->set_int64 (out, FEL_FIELD_NOT_AFTER, ends_sec);
  host->set_bool (out, FEL_FIELD_RENEWABLE, true);
  return true;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "postgres",
  .description = "PostgreSQL",
  .version = FEL_VERSION,
  .flags = FEL_BACKEND_NO_WORKSPACES | FEL_BACKEND_LISTS_INTENTS,
  .settings = settings,
  .check = postgres_check,
  .mint = postgres_mint,
  .revoke = postgres_revoke,
  .list = postgres_list,
  .renew = postgres_renew,
};
